"""A resident's phone on each channel over one running service: what they type and tap, and what the app shows them.

The fakes are strict and the rest is real: webhooks, inbox, outbox and channels of one process, as `serve` joins them.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import Receive, Scope, Send

from bot.cli.compose import wording
from bot.core.survey import SurveyDefinition
from bot.service.inbox import Inbox
from bot.service.keyboards import Keyboards
from bot.service.library import Library
from bot.service.outbox import Outbox
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.base import Channel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.notifying import notify_channel
from tests.channels.telegrams import WEBHOOK, telegram_channel
from tests.channels.webhooks import whatsapp_channel
from tests.fakes.notify import FakeNotify
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio_whatsapp import FakeWhatsApp
from tests.service.sending import SECOND, Office, Time, sms

NUMBER = "+447700900123"
WHATSAPP = f"whatsapp:{NUMBER}"
TELEGRAM = 5_700_900_123

CHANNELS = ("sms", "whatsapp", "telegram", "notify")


@dataclass(frozen=True)
class Seen:
    """One message on a phone: its text, what can be tapped, and, for a list, the button that opens it first.

    `small` is the small print below each row of a list.
    """

    text: str
    labels: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    opener: str = ""

    def __str__(self) -> str:
        """Write it as a transcript shows it: the text, then a line for each thing to tap."""
        below = self.small or ("",) * len(self.labels)
        rows = [f"[{label}]" + (f" {small}" if small else "") for label, small in zip(self.labels, below, strict=True)]
        if self.opener:
            rows = [f"[{self.opener}] opens:", *(f"    {row}" for row in rows)]
        return "\n".join([self.text, *rows])


class Phone(Protocol):
    """What a resident holds in their hand."""

    async def write(self, text: str) -> None:
        """Send a text. Fails if the webhook does not take it in at once."""
        ...

    async def tap(self, label: str) -> None:
        """Tap what bears this label, under the newest message."""
        ...

    async def pass_on(self) -> None:
        """Let what was sent arrive."""
        ...

    def seen(self) -> list[Seen]:
        """Give every message that came to this phone, as it stands there now."""
        ...


@dataclass
class SmsPhone:
    """Texts through Twilio. What the carrier answers by itself is seen too."""

    twilio: FakeWhatsApp

    async def write(self, text: str) -> None:
        assert (await self.twilio.text(NUMBER, text)).status == 200

    async def tap(self, label: str) -> None:
        raise AssertionError("a text message has nothing to tap")

    async def pass_on(self) -> None:
        """Nothing waits: the reply came with the answer to the webhook."""

    def seen(self) -> list[Seen]:
        return [Seen(text) for text in self.twilio.phone(NUMBER)]


@dataclass
class WhatsAppPhone:
    """WhatsApp through Twilio."""

    twilio: FakeWhatsApp

    async def write(self, text: str) -> None:
        assert (await self.twilio.text(WHATSAPP, text)).status == 200

    async def tap(self, label: str) -> None:
        assert label in self.seen()[-1].labels
        assert (await self.twilio.tap(WHATSAPP, label)).status == 200

    async def pass_on(self) -> None:
        await self.twilio.deliver()

    def seen(self) -> list[Seen]:
        return [
            Seen(one.text, tuple(title for _, title in (*one.buttons, *one.rows)), one.below, one.opener)
            for one in self.twilio.screen(WHATSAPP)
        ]


@dataclass
class TelegramPhone:
    """Telegram by webhook."""

    telegram: FakeTelegram

    async def write(self, text: str) -> None:
        assert (await self.telegram.write(TELEGRAM, text)).status == 200

    async def tap(self, label: str) -> None:
        assert label in self.seen()[-1].labels
        assert (await self.telegram.tap(TELEGRAM, label)).status == 200

    async def pass_on(self) -> None:
        """Nothing waits: what Telegram takes, it shows."""

    def seen(self) -> list[Seen]:
        return [
            Seen(one.body["text"], tuple(button["text"] for button in one.buttons))
            for one in self.telegram.sent(TELEGRAM)
        ]


@dataclass
class NotifyPhone:
    """Texts through GOV.UK Notify."""

    notify: FakeNotify

    async def write(self, text: str) -> None:
        turn = await self.notify.text(NUMBER, text)
        assert (turn.status, turn.attempts) == (200, 1)

    async def tap(self, label: str) -> None:
        raise AssertionError("a text message has nothing to tap")

    async def pass_on(self) -> None:
        """Nothing waits: what Notify takes, it shows."""

    def seen(self) -> list[Seen]:
        return [Seen(text) for text in self.notify.phone(NUMBER)]


@dataclass
class Town:
    """The running service with every channel, and a phone on each."""

    office: Office
    inbox: Inbox
    phones: dict[str, Phone]
    keyboards: Keyboards
    library: Library
    shown: dict[str, int] = field(default_factory=dict)

    async def write(self, channel: str, text: str) -> list[Seen]:
        """Let the resident write, and give what comes to their phone in the next ten seconds."""
        await self.phones[channel].write(text)
        return await self._answered(channel)

    async def tap(self, channel: str, label: str) -> list[Seen]:
        """Let the resident tap, and give what comes to their phone in the next ten seconds."""
        await self.phones[channel].tap(label)
        return await self._answered(channel)

    async def _answered(self, channel: str) -> list[Seen]:
        self.office.time.go_on(10 * SECOND)
        await self.office.outbox.send_due()
        await self.keyboards.take_away()
        await self.phones[channel].pass_on()
        seen = self.phones[channel].seen()
        before, self.shown[channel] = self.shown.get(channel, 0), len(seen)
        return seen[before:]


@asynccontextmanager
async def every_channel(database: Database, keys: KeyRing, definition: SurveyDefinition) -> AsyncIterator[Town]:
    """Open the service with one survey and all four channels, each at its provider's fake."""
    time = Time()
    text = definition.to_json()
    await database.run(lambda: surveys.publish(definition.id, definition.version, definition.hash, text, time.ms))
    library = Library(database, wording())
    await library.load()
    opened: list[Webhooks] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await opened[0](scope, receive, send)

    async with AsyncExitStack() as stack:
        twilio = await stack.enter_async_context(FakeWhatsApp(app=app, now=time.as_datetime))
        telegram = await stack.enter_async_context(FakeTelegram(app=app, now=time.as_datetime))
        notify = await stack.enter_async_context(FakeNotify(app=app, now=time.as_datetime))
        telegrams = telegram_channel(api_base_url=telegram.url, clock=time.now)
        made: tuple[Channel, ...] = (
            sms(twilio, time),
            whatsapp_channel(api_base_url=twilio.url, clock=time.now),
            telegrams,
            notify_channel(notify.url, clock=time.now),
        )
        channels = {channel.name: channel for channel in made}
        for channel in made:
            stack.push_async_callback(channel.close)
        inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        stack.push_async_callback(inbox.close)
        office = Office(database, keys, time, channels)
        keyboards = Keyboards(database, channels)
        office.outbox = Outbox(
            database,
            keys,
            channels,
            owner="first",
            now=time.now,
            hours=office.hours,
            chance=lambda: 0.0,
            on_sent=keyboards.note,
        )
        opened.append(Webhooks(channels, inbox, office.receipts.keep, Metrics(), time.now))
        await telegrams.subscribe(WEBHOOK)
        phones: dict[str, Phone] = {
            "sms": SmsPhone(twilio),
            "whatsapp": WhatsAppPhone(twilio),
            "telegram": TelegramPhone(telegram),
            "notify": NotifyPhone(notify),
        }
        yield Town(office, inbox, phones, keyboards, library)
