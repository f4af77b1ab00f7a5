"""A whole survey on WhatsApp, from the first message to the last tap, through web, inbox, outbox and channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from starlette.types import Receive, Scope, Send

from bot.cli.compose import wording
from bot.core.hours import SendingHours
from bot.core.survey import Language
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.outbox import Outbox
from bot.service.receipts import Receipts
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.whatsapp import WhatsAppChannel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Fetch, Row, Script
from tests.channels.webhooks import NOON, whatsapp_channel
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.fakes.twilio_content import Shown
from tests.fakes.twilio_whatsapp import FakeWhatsApp

RESIDENT = "whatsapp:+447700900123"
NEIGHBOUR = "whatsapp:GB.1502576394655843"  # has hidden their number
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
    languages=(Language("en", "English"), Language("pl", "Polski")),
)
ANSWERS = "SELECT question, revision, state, value_code, input FROM answer ORDER BY id"


@dataclass
class Town:
    """The running service, and residents' phones."""

    twilio: FakeWhatsApp
    database: Database
    channel: WhatsAppChannel
    outbox: Outbox

    async def write(self, address: str, text: str) -> Shown:
        """Let a resident write, and give what their phone shows next."""
        assert (await self.twilio.text(address, text)).status == 200
        return await self._answered(address)

    async def tap(self, address: str, title: str) -> Shown:
        """Let a resident tap, and give what their phone shows next."""
        assert (await self.twilio.tap(address, title)).status == 200
        return await self._answered(address)

    async def rows(self, sql: str) -> list[Row]:
        """Read rows."""

        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql)).rows)

        return await self.database.read(script)

    async def _answered(self, address: str) -> Shown:
        before = len(self.twilio.screen(address))
        await self.outbox.send_due()
        await self.twilio.deliver()
        assert len(self.twilio.screen(address)) == before + 1
        return self.twilio.screen(address)[-1]


@pytest.fixture
async def town(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    """Open the service with one small survey, on a Twilio with WhatsApp."""
    library = Library(database, wording(drafts_allowed=frozenset({"pl"})))
    definition = PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json()
    await database.run(lambda: surveys.publish(*definition, NOON))
    await library.load()
    opened: list[Webhooks] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await opened[0](scope, receive, send)

    async with FakeWhatsApp(app=app, now=lambda: datetime.fromtimestamp(NOON / 1000, UTC)) as twilio:
        channel = whatsapp_channel(api_base_url=twilio.url)
        channels = {"whatsapp": channel}
        inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        opened.append(Webhooks(channels, inbox, Receipts(database).keep, Metrics(), lambda: NOON))
        hours = SendingHours()
        outbox = Outbox(database, keys, channels, owner="first", now=lambda: NOON, hours=hours, chance=lambda: 0.0)
        yield Town(twilio, database, channel, outbox)
        await inbox.close()
        await channel.close()


async def test_a_survey_is_answered_by_taps_and_words(town: Town) -> None:
    asked = await town.write(RESIDENT, "PARKS")
    assert asked.text.endswith("1/3 Do you use the parks?")
    assert [title for _, title in asked.buttons] == ["Yes", "No"]

    asked = await town.tap(RESIDENT, "Yes")
    assert asked.text.startswith("2/3 The parks are looked after well.\n1 Strongly agree\n2 Agree\n3 Neither")
    assert [title for _, title in asked.rows] == ["1", "2", "3", "4", "5", "6"]
    assert (asked.opener, asked.below[2]) == ("Choose", "Neither agree nor disagree")

    asked = await town.tap(RESIDENT, "3")
    assert asked.text.startswith("3/3")
    assert (await town.write(RESIDENT, "More benches")).text.startswith("Thank you.")
    assert await town.rows(ANSWERS) == [
        ("use_parks", 1, "answered", "yes", "button"),
        ("agree", 1, "answered", "neither", "button"),
        ("better", 1, "answered", None, "typed"),
    ]
    assert await town.rows("SELECT source, channel FROM response") == [("whatsapp", "whatsapp")]
    assert {row[0] for row in await town.rows("SELECT status_rank FROM outbox")} == {5}  # delivered


async def test_the_button_that_opens_a_list_is_in_the_residents_language(town: Town) -> None:
    await town.write(RESIDENT, "PARKS Polski")
    assert (await town.tap(RESIDENT, "Yes")).opener == "Wybierz"


async def test_a_tap_on_an_old_question_answers_that_question(town: Town) -> None:
    await town.write(RESIDENT, "PARKS")
    await town.tap(RESIDENT, "Yes")
    await town.tap(RESIDENT, "No")
    assert (await town.rows(ANSWERS))[-1] == ("use_parks", 2, "answered", "no", "button")


async def test_typed_numbers_and_labels_count_beside_the_buttons(town: Town) -> None:
    await town.write(RESIDENT, "PARKS")
    await town.write(RESIDENT, "2")
    await town.write(RESIDENT, "strongly disagree")
    assert [row[3:] for row in await town.rows(ANSWERS)] == [("no", "typed"), ("strongly_disagree", "typed")]


async def test_a_resident_without_a_number_takes_part_and_shares_what_is_made(town: Town) -> None:
    for address in (RESIDENT, NEIGHBOUR):
        await town.write(address, "PARKS")
        await town.tap(address, "Yes")
        await town.tap(address, "3")
    assert len(await town.rows(ANSWERS)) == 4
    assert len(town.twilio.content.kept) == 2


async def test_a_picture_is_answered_politely_and_stop_holds(town: Town) -> None:
    await town.write(RESIDENT, "PARKS")
    await town.twilio.text(RESIDENT, "", media=("image/jpeg",))
    await town.outbox.send_due()
    assert len(town.twilio.screen(RESIDENT)) == 2
    assert "no more texts" in (await town.write(RESIDENT, "STOP")).text
    await town.twilio.text(RESIDENT, "yes")
    await town.outbox.send_due()
    assert len(town.twilio.screen(RESIDENT)) == 3


async def test_what_is_one_persons_alone_is_never_kept_at_twilio_as_a_content(town: Town) -> None:
    await town.write(RESIDENT, "PARKS")
    kept = len(town.twilio.content.kept)
    for command in ("LINK", "MYDATA", "LINK"):
        shown = await town.write(RESIDENT, command)
        assert shown.text.endswith("1/3 Do you use the parks?\n1 Yes\n2 No")
        assert shown.buttons == ()
    assert len(town.twilio.content.kept) == kept


async def test_a_reply_that_quotes_an_older_question_answers_that_one(town: Town) -> None:
    await town.write(RESIDENT, "PARKS")
    (first,) = [row[0] for row in await town.rows("SELECT provider_id FROM outbox WHERE question = 'use_parks'")]
    await town.tap(RESIDENT, "Yes")
    await town.tap(RESIDENT, "3")
    assert (await town.twilio.text(RESIDENT, "no", OriginalRepliedMessageSid=first)).status == 200
    await town.outbox.send_due()
    shown = town.twilio.screen(RESIDENT)[-1]
    assert shown.text.startswith("Thank you. That answered question 1.\n3/3")
    assert (await town.rows(ANSWERS))[-1] == ("use_parks", 2, "answered", "no", "typed")
