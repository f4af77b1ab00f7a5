"""The inbox, from a channel's message to rows on disk and a reply, on both engines."""

import dataclasses
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from bot.cli.compose import wording
from bot.core.survey import SurveyDefinition
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.replay import replay
from channels.base import Arrival, Inbound, Kind, Sender
from channels.sms import SmsChannel
from storage import surveys
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Fetch, Row, Script
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.playing import shipped

NOON = 1_777_896_000_000  # 4 May 2026, 12:00 UTC
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
)


@dataclass
class Desk:
    """A running inbox, and a phone to text it with."""

    database: Database
    keys: KeyRing
    library: Library
    inbox: Inbox
    sids: "itertools.count[int]"

    async def text(self, text: str, address: str = "+447700900123", **how: object) -> list[str]:
        """Send one text and return the replies."""
        return [reply.text for reply in await self.inbox.handle(self.message(text, address, **how))]

    def message(self, text: str, address: str = "+447700900123", **how: object) -> Inbound:
        """Make one message with an id of its own."""
        number = next(self.sids)
        made = Inbound(
            channel="sms",
            provider="twilio",
            account="AC1",
            event_id=f"SM{number:032d}",
            kind=Kind.TEXT,
            address=address,
            our_address="+447700900999",
            text=text,
            at=NOON + number * 10_000,
        )
        return replace(made, **how)

    async def rows(self, sql: str) -> list[Row]:
        """Read rows."""

        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql)).rows)

        return await self.database.read(script)

    async def publish(self, definition: SurveyDefinition) -> None:
        """Publish a version, as another process would."""
        await self.database.run(
            lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), NOON)
        )


def channel(reply: str = "inline") -> SmsChannel:
    """Make the SMS channel."""
    return SmsChannel(
        account_sid="AC1",
        auth_token="t",
        sender="+447700900999",
        public_base_url="https://bot.example",
        clock=lambda: NOON,
        reply="inline" if reply == "inline" else "rest",
    )


@pytest.fixture
async def desk(database: Database, keys: KeyRing) -> AsyncIterator[Desk]:
    """Open a desk with one small survey published."""
    channels = {"sms": channel()}
    library = Library(database, wording())
    made = Desk(
        database,
        keys,
        library,
        Inbox(database, keys, channels, library, new_id=TimeOrderedIds()),
        itertools.count(),
    )
    await made.publish(PARKS)
    await library.load()
    yield made
    await made.inbox.close()


ANSWERS = "SELECT question, revision, state, value_code, said FROM answer ORDER BY id"


async def test_a_whole_conversation_is_one_response_with_its_answers(desk: Desk) -> None:
    for text in ("PARKS", "yes", "2", "More benches, please"):
        last = await desk.text(text)
    assert last[0].startswith("Thank you.")
    assert await desk.rows(ANSWERS) == [
        ("use_parks", 1, "answered", "yes", "yes"),
        ("agree", 1, "answered", "agree", "2"),
        ("better", 1, "answered", None, "More benches, please"),
    ]
    found = await desk.rows("SELECT source, channel, core_answered, core_applicable, completed_at FROM response")
    assert found == [("sms", "sms", 3, 3, NOON + 3 * 10_000)]
    assert await desk.rows("SELECT filed FROM inbound ORDER BY received_at") == [
        ("command",),
        ("answer",),
        ("answer",),
        ("answer",),
    ]


async def test_a_redelivered_message_is_answered_once(desk: Desk) -> None:
    await desk.text("PARKS")
    message = desk.message("yes")
    first = await desk.inbox.handle(message)
    again = await desk.inbox.handle(replace(message, at=message.at + 5_000, arrival=Arrival.RECONCILED))
    assert again == first
    assert len(await desk.rows(ANSWERS)) == 1


async def test_a_letter_that_no_database_keeps_loses_no_message(desk: Desk) -> None:
    odd = "a\x00b"
    message = desk.message(
        "PARKS", event_id=odd, address=odd, choice_id=odd, reply_to=odd, media=(odd,), aliases=(odd,)
    )
    first = await desk.inbox.handle(message)
    assert len(first) == 1
    assert await desk.inbox.handle(replace(message, text="PARKS ", choice_id="")) == first
    assert await desk.rows("SELECT event_id, choice_id, reply_to, media FROM inbound") == [("a\ufffdb",) * 4]


async def test_stop_holds_until_start_and_survives_deletion(desk: Desk) -> None:
    await desk.text("PARKS")
    assert "no more texts" in (await desk.text("Stop."))[0]
    assert await desk.text("yes") == []
    assert await desk.text("delete") == []
    assert await desk.rows("SELECT * FROM contact") == []
    assert await desk.text("PARKS") == []
    assert "1/3" in (await desk.text("START"))[0]
    assert [row[0] for row in await desk.rows("SELECT stopped FROM opt_out ORDER BY id")] == [True, False]


async def test_delete_leaves_nothing_but_that_a_message_came(desk: Desk) -> None:
    for text in ("PARKS", "yes", "2", "delete"):
        await desk.text(text)
    confirmation = desk.message("yes")
    first = await desk.inbox.handle(confirmation)
    assert first[0].text.startswith("Done.")
    assert await desk.inbox.handle(confirmation) == first
    for table in ("answer", "response", "respondent", "conversation", "contact"):
        assert await desk.rows(f"SELECT * FROM {table}") == [], table
    found = await desk.rows("SELECT filed, text, contact_id, response_id FROM inbound")
    assert found == [("erased", "", None, None)] * 5


async def test_someone_else_on_the_same_phone_is_another_respondent(desk: Desk) -> None:
    for text in ("PARKS", "yes", "NEW", "no"):
        await desk.text(text)
    assert len(await desk.rows("SELECT DISTINCT respondent_id FROM response")) == 2
    assert [row[3] for row in await desk.rows(ANSWERS)] == ["yes", "no"]


async def test_the_same_person_on_a_second_survey_is_the_same_respondent(desk: Desk) -> None:
    await desk.publish(shipped())
    await desk.library.load()
    await desk.text("PARKS")
    await desk.text("STOKE")
    assert len(await desk.rows("SELECT DISTINCT respondent_id FROM response")) == 1
    assert len(await desk.rows("SELECT id FROM response")) == 2


async def test_may_we_text_you_goes_to_the_ledger_and_not_to_the_answers(desk: Desk) -> None:
    await desk.publish(shipped())
    await desk.library.load()
    for text in ("STOKE", *["skip"] * 11, "yes"):
        await desk.text(text)
    found = await desk.rows("SELECT purpose, given, survey, wording FROM opt_in")
    assert [(row[0], bool(row[1]), row[2]) for row in found] == [("contact_ok", True, "stoke-community-cohesion")]
    assert "contact_ok" not in {row[0] for row in await desk.rows(ANSWERS)}


async def test_a_second_half_is_kept_below_the_first_as_a_new_revision(desk: Desk) -> None:
    await desk.publish(survey(words_question("why", "Why?"), one("sure", "Are you sure?"), id="two", keyword="TWO"))
    await desk.library.load()
    for text in ("TWO", "Because the paths are muddy", "and the gates are locked early"):
        await desk.text(text)
    assert [(row[1], row[4]) for row in await desk.rows(ANSWERS)] == [
        (1, "Because the paths are muddy"),
        (2, "Because the paths are muddy\nand the gates are locked early"),
    ]


async def test_three_tries_keep_all_the_words(desk: Desk) -> None:
    for text in ("PARKS", "hard to say really", "it is not so simple", "as I said before"):
        await desk.text(text)
    last = (await desk.rows(ANSWERS))[-1]
    assert (last[2], last[4]) == ("unparsed", "hard to say really\nit is not so simple\nas I said before")


async def test_a_version_published_by_another_process_is_taken_up_in_the_turn(desk: Desk) -> None:
    channels = {"sms": channel()}
    behind = Library(desk.database, wording())
    await behind.load()
    other = Inbox(desk.database, desk.keys, channels, behind, new_id=TimeOrderedIds())
    await desk.publish(dataclasses.replace(PARKS, version="2"))
    await desk.library.load()
    await desk.text("PARKS")  # pinned to version 2, which the other process has not read
    replies = await other.handle(desk.message("yes"))
    assert "2/3" in replies[0].text
    await other.close()


async def test_a_running_conversation_stays_on_its_version(desk: Desk) -> None:
    await desk.text("PARKS")
    await desk.publish(dataclasses.replace(PARKS, version="2", questions=PARKS.questions[1:]))
    await desk.library.load()
    assert "2/3 The parks" in (await desk.text("yes"))[0]
    assert "1/2 The parks" in (await desk.text("PARKS", address="+447700900124"))[0]


async def test_sixty_replies_an_hour_and_the_answers_are_still_kept(desk: Desk) -> None:
    replies = [await desk.text(text) for text in ("PARKS", *["back", "yes"] * 35)]
    assert sum(bool(reply) for reply in replies) == 60
    assert len(await desk.rows("SELECT id FROM inbound")) == 71
    assert "no more texts" in (await desk.text("stop"))[0]


async def test_a_short_code_is_kept_and_never_answered(desk: Desk) -> None:
    assert await desk.text("PARKS", address="60777", sender=Sender.SHORT_CODE) == []
    assert await desk.rows("SELECT kind FROM inbound") == [("machine",)]


async def test_what_was_fetched_later_is_answered_by_the_outbox(desk: Desk) -> None:
    await desk.text("PARKS", arrival=Arrival.RECONCILED)
    assert await desk.rows("SELECT state, purpose FROM outbox") == [("queued", "reply")]


async def test_a_text_sent_before_the_question_was_asked_is_kept_and_is_not_its_answer(desk: Desk) -> None:
    await desk.text("PARKS")
    lost = desk.message("1", arrival=Arrival.RECONCILED)  # sent now, and lost in an outage of ours
    await desk.text("yes")
    late = replace(lost, at=lost.at + 600_000, provider_at=lost.at)
    await desk.inbox.handle(late)
    assert [row[0] for row in await desk.rows(ANSWERS)] == ["use_parks"]
    assert (await desk.rows("SELECT filed, text FROM inbound ORDER BY received_at"))[-1] == ("unparsed", "1")
    (queued,) = await desk.rows("SELECT text FROM outbox WHERE state = 'queued'")
    assert "reached us late" in queued[0]
    assert "2/3" in queued[0]


async def test_a_start_from_before_the_stop_does_not_undo_it(desk: Desk) -> None:
    await desk.text("PARKS")
    start = desk.message("START", arrival=Arrival.RECONCILED)
    await desk.text("STOP")
    await desk.inbox.handle(replace(start, at=start.at + 600_000, provider_at=start.at))
    assert [bool(row[0]) for row in await desk.rows("SELECT stopped FROM opt_out")] == [True]
    assert await desk.text("yes") == []


async def test_after_new_another_survey_belongs_to_the_new_person(desk: Desk) -> None:
    await desk.publish(shipped())
    await desk.library.load()
    for text in ("STOKE", "PARKS", "NEW", "STOKE", "2"):
        await desk.text(text)
    found = await desk.rows(
        """SELECT r.survey, r.respondent_id, COUNT(a.id) FROM response r LEFT JOIN answer a ON a.response_id = r.id
           GROUP BY r.survey, r.respondent_id, r.started_at ORDER BY r.started_at"""
    )
    assert [(row[0], row[2]) for row in found] == [
        ("stoke-community-cohesion", 0),
        ("parks", 0),
        ("parks", 0),
        ("stoke-community-cohesion", 1),
    ]
    first, again, second, theirs = (row[1] for row in found)
    assert first == again != second == theirs


async def test_the_carriers_stop_says_nothing_and_marks_the_address(desk: Desk) -> None:
    await desk.text("PARKS")
    assert await desk.text("STOP", kind=Kind.OPT_OUT) == []
    found = await desk.rows("SELECT by, stopped FROM opt_out")
    assert [(row[0], bool(row[1])) for row in found] == [("carrier", True)]


async def test_replay_of_what_was_just_read_finds_no_difference(desk: Desk) -> None:
    for text in ("PARKS", "no idea what you mean", "yes", "back", "no", "agree", "More trees", "change 2", "3"):
        await desk.text(text)
    for text in ("PARKS", "1", "new", "2", "stop", "start", "dont know", "skip"):
        await desk.text(text, address="+447700900124")
    assert await replay(desk.database, desk.library, {"sms": channel()}, "parks") == []


async def test_replay_names_what_would_now_be_read_otherwise(desk: Desk) -> None:
    await desk.text("PARKS")
    await desk.text("yes")

    def recode() -> Script[None]:
        from storage.script import Run

        yield Run("UPDATE answer SET value_code = 'no'")

    await desk.database.run(recode)
    (difference,) = await replay(desk.database, desk.library, {"sms": channel()}, "parks")
    assert str(difference).endswith("use_parks\tstored answered no\tnow answered yes")
