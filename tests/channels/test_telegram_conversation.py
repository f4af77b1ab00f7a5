"""A whole survey on Telegram, by webhook and by polling, through web, inbox, outbox and channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from starlette.types import Receive, Scope, Send

from bot.cli.compose import wording
from bot.core.hours import SendingHours
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.outbox import Outbox
from bot.service.receipts import Receipts
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.telegram import TelegramChannel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Fetch, Row, Script
from tests.channels.telegrams import RESIDENT, WEBHOOK, noon, telegram_channel
from tests.channels.webhooks import NOON
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_chats import NAMES

PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
)
ANSWERS = "SELECT question, revision, state, value_code, input FROM answer ORDER BY id"
EVERYTHING_KEPT = "SELECT text, choice_id, reply_to, media, fields, event_id FROM inbound"


@dataclass
class Town:
    """The running service, and a resident's phone. Without a webhook, the bot is polled."""

    telegram: FakeTelegram
    database: Database
    channel: TelegramChannel
    inbox: Inbox
    outbox: Outbox
    mark: str = ""
    now: int = NOON

    async def write(self, text: str) -> str:
        """Let the resident write, and give what their phone shows next."""
        await self.telegram.write(RESIDENT, text)
        return await self._answered()

    async def tap(self, label: str) -> str:
        """Let the resident tap, and give what their phone shows next."""
        await self.telegram.tap(RESIDENT, label)
        return await self._answered()

    async def pass_on(self) -> None:
        """Let everything that has happened reach the service, and a second later its replies the phone."""
        self.now += 1_001
        if not self.telegram.webhook["url"]:
            found, self.mark = await self.channel.poll(self.mark)
            for inbound in found:
                await self.inbox.handle(inbound)
        await self.outbox.send_due()

    async def rows(self, sql: str) -> list[Row]:
        """Read rows."""

        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql)).rows)

        return await self.database.read(script)

    async def _answered(self) -> str:
        before = len(self.telegram.phone(RESIDENT))
        await self.pass_on()
        assert len(self.telegram.phone(RESIDENT)) == before + 1
        return self.telegram.phone(RESIDENT)[-1]


@pytest.fixture(params=["webhook", "polling"])
async def town(request: pytest.FixtureRequest, database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    """Open the service with one small survey, on a Telegram that posts or is polled."""
    library = Library(database, wording())
    definition = PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json()
    await database.run(lambda: surveys.publish(*definition, NOON))
    await library.load()
    opened: list[Webhooks] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await opened[0](scope, receive, send)

    async with FakeTelegram(app=app, now=noon) as telegram:
        channel = telegram_channel(api_base_url=telegram.url)
        channels = {"telegram": channel}
        inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        opened.append(Webhooks(channels, inbox, Receipts(database).keep, Metrics(), lambda: NOON))
        hours = SendingHours()
        outbox = Outbox(database, keys, channels, owner="first", now=lambda: made.now, hours=hours, chance=lambda: 0.0)
        made = Town(telegram, database, channel, inbox, outbox)
        if request.param == "webhook":
            await channel.subscribe(WEBHOOK)
        yield made
        await inbox.close()
        await channel.close()


async def test_a_survey_is_answered_by_taps_and_words(town: Town) -> None:
    assert (await town.write("/start PARKS")).endswith("1/3 Do you use the parks?")
    assert town.telegram.buttons(RESIDENT) == ["Yes", "No"]
    assert await town.tap("Yes") == "2/3 The parks are looked after well."
    assert town.telegram.buttons(RESIDENT)[2] == "Neither agree nor disagree"
    assert (await town.tap("Neither agree nor disagree")).startswith("3/3")
    assert (await town.write("More benches")).startswith("Thank you.")
    assert await town.rows(ANSWERS) == [
        ("use_parks", 1, "answered", "yes", "button"),
        ("agree", 1, "answered", "neither", "button"),
        ("better", 1, "answered", None, "typed"),
    ]
    assert await town.rows("SELECT source, channel FROM response") == [("telegram", "telegram")]
    assert {row[0] for row in await town.rows("SELECT state FROM outbox")} == {"accepted"}


async def test_a_tap_on_an_old_question_answers_that_question(town: Town) -> None:
    await town.write("PARKS")
    (first,) = town.telegram.sent(RESIDENT)
    shown = dict(first.body)
    await town.tap("Yes")
    first.body = shown  # on a phone that was offline, the buttons still stand there
    await town.tap("No")
    assert (await town.rows(ANSWERS))[-1] == ("use_parks", 2, "answered", "no", "button")


async def test_typed_numbers_and_labels_count_beside_the_buttons(town: Town) -> None:
    await town.write("PARKS")
    await town.write("2")
    await town.write("strongly disagree")
    assert [row[3:] for row in await town.rows(ANSWERS)] == [("no", "typed"), ("strongly_disagree", "typed")]


async def test_stop_holds_until_start(town: Town) -> None:
    await town.write("PARKS")
    assert "no more" in await town.write("STOP")
    assert "1/3" in await town.write("/start")


async def test_of_the_resident_nothing_is_kept_in_the_clear(town: Town) -> None:
    await town.write("/start PARKS")
    await town.tap("Yes")
    kept = repr(await town.rows(EVERYTHING_KEPT))
    callback_ids = range(RESIDENT << 32, (RESIDENT << 32) + 10)
    assert not [secret for secret in (str(RESIDENT), *NAMES, *map(str, callback_ids)) if secret in kept]


async def test_an_edit_changes_no_answer_and_is_told_so(town: Town) -> None:
    await town.write("PARKS")
    await town.write("1")
    written = [one.id for one in town.telegram.chats.messages if not one.by_bot]
    answers = await town.rows(ANSWERS)
    before = len(town.telegram.phone(RESIDENT))
    await town.telegram.edit(RESIDENT, written[-1], text="2")
    await town.pass_on()
    assert await town.rows(ANSWERS) == answers
    assert len(town.telegram.phone(RESIDENT)) == before + 1


async def test_whoever_blocks_us_is_on_stop_and_nothing_is_said(town: Town) -> None:
    await town.write("PARKS")
    await town.telegram.block(RESIDENT)
    await town.telegram.unblock(RESIDENT)
    await town.pass_on()
    assert await town.rows("SELECT id FROM contact WHERE opted_out_at IS NULL") == []
    assert len(await town.rows("SELECT id FROM outbox")) == 1  # the opening, and nothing since


async def test_a_campaign_s_link_is_no_answer_and_starts_whoever_had_stopped(town: Town) -> None:
    await town.write("PARKS")
    await town.write("2")
    await town.write("3")
    await town.write("STOP")
    assert "3/3" in await town.write("/start c-hanley-17")
    assert len(await town.rows(ANSWERS)) == 2


async def test_one_chat_gets_one_message_a_second(town: Town) -> None:
    await town.write("/start PARKS")
    await town.telegram.write(RESIDENT, "Yes")
    town.now -= 1_001  # no time has gone by since the first question went out
    await town.pass_on()
    assert len(town.telegram.phone(RESIDENT)) == 1
    await town.pass_on()
    assert town.telegram.phone(RESIDENT)[-1] == "2/3 The parks are looked after well."
