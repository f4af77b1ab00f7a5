"""Residents who speak instead of typing, by WhatsApp and by Telegram, to one running service on one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.types import Receive, Scope, Send

from bot.cli.compose import wording
from bot.core.hours import SendingHours
from bot.core.listening import Listener
from bot.core.survey import Role
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.outbox import Outbox
from bot.service.receipts import Receipts
from bot.service.transcribing import Transcribing
from bot.service.voice import VoiceBox
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.base import Channel
from channels.telegram import TelegramChannel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Row
from storage.transcribing import Hand
from tests.channels.telegrams import SECRET as TELEGRAM_SECRET
from tests.channels.telegrams import WEBHOOK
from tests.channels.voices import voice_note
from tests.channels.webhooks import NOON, whatsapp_channel
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.twilio_whatsapp import FakeWhatsApp
from tests.service.following import Followed
from tests.service.privacy_scene import rows

WHATSAPP = "whatsapp:+447700900123"
TELEGRAM = 5_700_900_123
AMINA = Hand("staff-1", "amina")
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
    one("news", "May we write to you about the parks?", role=Role.CONTACT),
)

SOUND = voice_note(75, b"the sound of benches")
ANSWERS = "SELECT question, revision, state, value_code, said, input FROM answer ORDER BY id"
NOTES = "SELECT fetched_at, tries, problem, became, reference FROM voice_note"


@dataclass
class Voices:
    """The running service, and residents' phones on either app. `now` is everybody's clock."""

    database: Database
    stored: Database  # the same, as a backup takes it
    keys: KeyRing
    library: Library
    twilio: FakeWhatsApp
    telegram: FakeTelegram
    channels: dict[str, Channel]
    inbox: Inbox
    outbox: Outbox = field(init=False)
    box: VoiceBox = field(init=False)
    transcribing: Transcribing = field(init=False)
    now: int = NOON
    app: str = "whatsapp"

    def __post_init__(self) -> None:
        self.outbox = Outbox(
            self.database,
            self.keys,
            self.channels,
            owner="first",
            now=self.clock,
            hours=SendingHours(),
            chance=lambda: 0.0,
        )
        self.box = VoiceBox(self.database, self.keys, self.channels, now=self.clock)
        self.transcribing = Transcribing(self.database, self.library, now=self.clock)

    def clock(self) -> int:
        return self.now

    async def write(self, text: str) -> str:
        """Let the resident write, and give what their phone shows next."""
        self.now += MINUTE
        if self.app == "whatsapp":
            assert (await self.twilio.text(WHATSAPP, text)).status == 200
        else:
            assert (await self.telegram.write(TELEGRAM, text)).status == 200
        return await self._shown()

    async def speak(self, sound: bytes) -> str:
        """Let the resident send a voice note, and give what their phone shows next."""
        self.now += MINUTE
        if self.app == "whatsapp":
            await self.twilio.speak(WHATSAPP, sound)
        else:
            assert (await self.telegram.speak(TELEGRAM, sound)).status == 200
        return await self._shown()

    async def note(self) -> str:
        """Give the id of the only voice note that waits."""
        (found,) = (await self.transcribing.waiting()).notes
        return found.id

    async def rows(self, sql: str, **params: object) -> list[Row]:
        return await rows(self.database, sql, params)

    async def _shown(self) -> str:
        await self.outbox.send_due()
        if self.app == "whatsapp":
            await self.twilio.deliver()
            return self.twilio.screen(WHATSAPP)[-1].text
        return self.telegram.phone(TELEGRAM)[-1]


async def ask(scene: Voices, *replies: str) -> None:
    """Begin the survey and answer its first questions."""
    for text in ("PARKS", *replies):
        await scene.write(text)


@asynccontextmanager
async def voices(database: Database, keys: KeyRing, listener: Listener | None = None) -> AsyncIterator[Voices]:
    """Open the service with one small survey behind both apps. Whatever it does must be told in an event."""
    stored, database = database, Followed(database)
    library = Library(database, wording(listener=listener))
    definition = PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json()
    await database.run(lambda: surveys.publish(*definition, NOON))
    await library.load()
    opened: list[Webhooks] = []
    scene: list[Voices] = []

    def clock() -> int:
        return scene[0].now if scene else NOON

    def moment() -> datetime:
        return datetime.fromtimestamp(clock() / 1000, UTC)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await opened[0](scope, receive, send)

    async with FakeWhatsApp(app=app, now=moment) as twilio, FakeTelegram(app=app, now=moment) as telegram:
        bot = TelegramChannel(token=TOKEN, webhook_secret=TELEGRAM_SECRET, api_base_url=telegram.url, clock=clock)
        whatsapp = whatsapp_channel(api_base_url=twilio.url, clock=clock)
        channels: dict[str, Channel] = {"whatsapp": whatsapp, "telegram": bot}
        inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        opened.append(Webhooks(channels, inbox, Receipts(database).keep, Metrics(), clock))
        await bot.subscribe(WEBHOOK)
        scene.append(Voices(database, stored, keys, library, twilio, telegram, channels, inbox))
        yield scene[0]
        await inbox.close()
        for channel in channels.values():
            await channel.close()
