"""A whole survey on Telegram, by webhook and by polling, through web, inbox, outbox and channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from starlette.types import Receive, Scope, Send

from bot.cli.compose import wording
from bot.core.hours import SendingHours
from bot.service.inbox import Inbox
from bot.service.keyboards import Keyboards
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
from tests.fakes.telegram import FakeTelegram, Fault, Refuse
from tests.fakes.telegram_chats import NAMES
from tests.fakes.twilio import Drop

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
    keyboards: Keyboards
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
        await self.reply()
        await self.keyboards.take_away()

    async def reply(self) -> None:
        """Do the same, and leave older buttons where they are."""
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

    def with_buttons(self) -> list[str]:
        """Give the texts under which the phone shows buttons, oldest first."""
        return [sent.body["text"] for sent in self.telegram.sent(RESIDENT) if sent.buttons]

    def edits(self) -> int:
        """Count how often Telegram was asked to change a message."""
        return [method for method, _ in self.telegram.requests].count("editMessageReplyMarkup")

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
        outbox = Outbox(
            database,
            keys,
            channels,
            owner="first",
            now=lambda: made.now,
            hours=hours,
            chance=lambda: 0.0,
            on_sent=lambda sent: made.keyboards.note(sent),
        )
        made = Town(telegram, database, channel, inbox, outbox, Keyboards(database, channels))
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


@pytest.mark.parametrize("command", ["HELP", "BACK", "MYDATA", "LINK", "PRIVACY", "MORE", "LANGUAGE"])
async def test_a_question_that_a_command_brings_again_has_its_buttons(town: Town, command: str) -> None:
    await town.write("PARKS")
    shown = await town.write(command)
    assert shown.endswith("1/3 Do you use the parks?")
    assert town.with_buttons() == [shown]
    await town.tap("No")
    assert [row[3:] for row in await town.rows(ANSWERS)] == [("no", "button")]


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


@pytest.mark.parametrize("ahead", [-90, 90, 3_600], ids="our clock is {} seconds ahead".format)
async def test_where_our_clock_is_wrong_no_answer_is_taken_for_a_late_one(town: Town, ahead: int) -> None:
    town.telegram.now = lambda: noon() - timedelta(seconds=ahead)
    await town.write("PARKS")
    await town.tap("Yes")  # which Telegram does not date
    assert (await town.write("agree")).startswith("3/3")


async def test_one_chat_gets_one_message_a_second(town: Town) -> None:
    await town.write("/start PARKS")
    await town.telegram.write(RESIDENT, "Yes")
    town.now -= 1_001  # no time has gone by since the first question went out
    await town.pass_on()
    assert len(town.telegram.phone(RESIDENT)) == 1
    await town.pass_on()
    assert town.telegram.phone(RESIDENT)[-1] == "2/3 The parks are looked after well."


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("agree", id="a typed answer"),
        pytest.param("depends what you mean", id="a reply that cannot be read"),
        pytest.param("SKIP", id="skip"),
        pytest.param("BACK", id="back"),
        pytest.param("HELP", id="help"),
        pytest.param("STOP", id="stop"),
    ],
)
async def test_however_the_chat_goes_on_only_the_newest_message_keeps_its_buttons(town: Town, words: str) -> None:
    await town.write("PARKS")
    await town.write("2")
    assert town.with_buttons() == ["2/3 The parks are looked after well."]
    newest = await town.write(words)
    await town.pass_on()
    assert town.with_buttons() in ([newest], [])


async def test_the_last_typed_answer_leaves_no_buttons_anywhere(town: Town) -> None:
    await town.write("PARKS")
    await town.write("2")
    await town.write("agree")
    assert town.with_buttons() == []
    assert (await town.write("More benches")).startswith("Thank you.")
    assert town.edits() == 2


async def test_a_group_that_takes_us_in_is_left(town: Town) -> None:
    group = -1_001_234_567_890
    await town.telegram.put_into_group(group, RESIDENT)
    await town.pass_on()
    await town.inbox.close()  # which waits for what is done in the background
    assert not town.telegram.chats.chats[group].is_member


async def test_buttons_that_a_dead_process_left_are_taken_away_by_the_next(town: Town) -> None:
    await town.write("PARKS")
    await town.telegram.write(RESIDENT, "2")
    await town.reply()
    assert len(town.with_buttons()) == 2
    town.keyboards = Keyboards(town.database, {"telegram": town.channel})
    await town.write("agree")
    assert town.with_buttons() == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refuse(400, "Bad Request: message to edit not found"), id="the message is gone"),
        pytest.param(Refuse(429, "Too Many Requests: retry after 5", retry_after=5), id="asked too often"),
        pytest.param(Drop(), id="the connection breaks"),
    ],
)
async def test_buttons_that_could_not_be_taken_away_lose_no_answer(town: Town, fault: Fault) -> None:
    await town.write("PARKS")
    await town.telegram.write(RESIDENT, "2")
    await town.reply()
    town.telegram.fail_next(fault)
    await town.keyboards.take_away()
    assert town.telegram.phone(RESIDENT)[-1] == "2/3 The parks are looked after well."
    assert (await town.write("agree")).startswith("3/3")
    assert [row[0] for row in await town.rows(ANSWERS)] == ["use_parks", "agree"]


async def test_buttons_that_telegram_would_not_take_away_go_with_the_next_message(town: Town) -> None:
    await town.write("PARKS")
    await town.telegram.write(RESIDENT, "2")
    await town.reply()
    town.telegram.fail_next(Refuse(502, "Bad Gateway"))
    await town.keyboards.take_away()
    assert len(town.with_buttons()) == 2
    await town.write("agree")
    assert town.with_buttons() == []


async def test_a_tap_takes_its_buttons_away_once(town: Town) -> None:
    await town.write("PARKS")
    await town.tap("Yes")
    await town.inbox.close()
    assert town.edits() == 1
    assert town.with_buttons() == ["2/3 The parks are looked after well."]


async def test_the_longest_reply_to_the_longest_message_is_taken_in(town: Town) -> None:
    await town.write("PARKS")
    quoted = town.telegram.chats.keep(
        town.telegram.chat(RESIDENT), town.telegram.chats.user(RESIDENT), {"text": "\u06a9" * 4096}
    )
    came = await town.telegram.write(RESIDENT, "\u06af" * 4096, reply_to_message=quoted.body)
    await town.pass_on()
    assert came.status in (0, 200)  # 0: it waits to be polled
    assert await town.rows("SELECT COUNT(*) FROM inbound WHERE length(text) = 4096") == [(1,)]


def photo(**extra: str) -> dict[str, object]:
    return {"photo": [{"file_id": "A", "file_unique_id": "B", "width": 9, "height": 9}], **extra}


async def test_an_album_gets_one_answer_and_every_picture_is_kept(town: Town) -> None:
    await town.write("PARKS")
    before = len(town.telegram.phone(RESIDENT))
    for _ in range(4):
        await town.telegram.send(RESIDENT, **photo(media_group_id="13"))
    await town.pass_on()
    for _ in range(3):
        await town.telegram.send(RESIDENT, **photo(media_group_id="13"))
        await town.pass_on()
    assert len(town.telegram.phone(RESIDENT)) == before + 1
    assert town.telegram.phone(RESIDENT)[-1].endswith("1/3 Do you use the parks?")
    assert await town.rows("SELECT kind, COUNT(*) FROM inbound WHERE media <> '' GROUP BY 1 ORDER BY 1") == [
        ("media", 1),
        ("part", 6),
    ]


async def test_words_under_a_later_picture_of_an_album_are_heard(town: Town) -> None:
    for text in ("PARKS", "1", "2"):
        await town.write(text)
    await town.telegram.send(RESIDENT, **photo(media_group_id="14"))
    await town.telegram.send(RESIDENT, **photo(media_group_id="14", caption="More benches"))
    await town.pass_on()
    assert town.telegram.phone(RESIDENT)[-1].startswith("Thank you")


async def test_the_first_picture_posted_again_is_still_the_first(town: Town) -> None:
    await town.write("PARKS")
    await town.telegram.send(RESIDENT, **photo(media_group_id="15"))
    await town.telegram.send(RESIDENT, **photo(media_group_id="16"))
    assert await town.rows("SELECT COUNT(*) FROM inbound WHERE kind = 'part'") == [(0,)]
