"""Removing one person, and showing one person what is kept, through the whole server on either engine."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.survey import Question, QuestionType
from bot.service.privacy import erase, subject_access
from bot.service.privacy.addresses import spellings
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database, Fetch, Run, Script
from storage.sqlite import SqliteDatabase
from tests.service.privacy_scene import (
    NAME,
    NEIGHBOUR,
    RESIDENT,
    SURVEY,
    WORDS,
    Town,
    filled_tables,
    found_in,
    hits,
    text_form,
    town,
)

SEEDED = ("7700900321", *NAME.split())


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        pytest.param("07700 900321", "+447700900321", id="as people write it"),
        pytest.param("0044 7700 900 321", "+447700900321", id="with two noughts"),
        pytest.param(" +44 (0)7700-900321 ", "+447700900321", id="with the nought in brackets"),
        pytest.param("whatsapp:+44 7700 900321", "+447700900321", id="with WhatsApp's prefix"),
        pytest.param("+48 601 234 567", "+48601234567", id="from abroad"),
        pytest.param("583920174", "583920174", id="a Telegram chat"),
        pytest.param("GB.1234567890", "GB.1234567890", id="an opaque id"),
        pytest.param("+", "+", id="no number at all"),
    ],
)
def test_a_typed_address_is_looked_for_as_a_channel_would_keep_it(typed: str, written: str) -> None:
    assert spellings(typed)[0] == written


@pytest.mark.parametrize("typed", ["whatsapp:+447700900321", "07700900321"])
def test_an_address_is_also_looked_for_with_the_prefix_that_whatsapp_keeps(typed: str) -> None:
    assert {"+447700900321", "whatsapp:+447700900321"} <= set(spellings(typed))


async def test_erasing_an_address_removes_what_it_gave_and_nothing_of_its_neighbour(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything(NEIGHBOUR)
    neighbour = await held(stoke, keys, NEIGHBOUR)
    await stoke.answer_everything()
    erased = await erase(stoke.database, keys, "07700 900321", who="dpo", now=stoke.now)
    assert (erased.contacts, erased.answers, erased.texts) == (1, 4, 12)
    assert await held(stoke, keys, NEIGHBOUR) == neighbour
    for table in ("contact", "conversation", "respondent", "response"):
        assert await stoke.column(f"SELECT COUNT(*) FROM {table}") == [1], table
    assert await stoke.column("SELECT filed FROM inbound WHERE contact_id IS NULL") == ["erased"] * 6
    assert await stoke.column("SELECT text FROM outbox WHERE contact_id IS NULL") == [""] * 6


async def test_only_what_a_person_gave_is_counted_as_answers_removed(database: Database, keys: KeyRing) -> None:
    safe, *others = SURVEY.questions
    two = Question("two", QuestionType.CALCULATE, {}, calculation="1 + 1")
    never = Question("never", QuestionType.TEXT, {"en": "Why not?"}, relevant="${safe} = 'no'")
    async with town(database, keys, replace(SURVEY, questions=(safe, never, *others, two))) as stoke:
        await stoke.text("STOKE")
        await stoke.text("1")
        assert await stoke.column("SELECT question FROM answer ORDER BY id") == ["two", "safe", "never"]
        erased = await erase(database, keys, RESIDENT, who="dpo", now=stoke.now)
    assert str(erased) == "Removed 1 answer and 4 texts of 1 contact."


async def test_staff_erase_exactly_what_a_resident_s_own_delete_erases(stoke: Town, keys: KeyRing) -> None:
    for sender in (RESIDENT, NEIGHBOUR):
        await stoke.answer_everything(sender)
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    left = [await stoke.column(f"SELECT COUNT(*) FROM {table}") for table in ("contact", "response", "answer")]
    await stoke.text("DELETE", NEIGHBOUR)
    await stoke.text("YES", NEIGHBOUR)
    empty = [await stoke.column(f"SELECT COUNT(*) FROM {table}") for table in ("contact", "response", "answer")]
    assert (left, empty) == ([[1], [1], [5]], [[0], [0], [0]])
    assert set(await stoke.column("SELECT text FROM inbound")) == {""}


async def test_erasing_leaves_neither_number_nor_words_in_any_table(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    assert await found_in(stoke.database, SEEDED, but=frozenset()) == []


async def test_erasing_is_audited_with_counts_and_nothing_else(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    audit = await stoke.rows("SELECT at, who, action, detail FROM audit")
    assert audit == [(stoke.now, "dpo", "erase", "1 contacts, 4 answers, 12 texts")]


async def test_an_unknown_address_is_said_to_be_unknown_and_nothing_changes(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    before = await filled_tables(stoke.database)
    erased = await erase(stoke.database, keys, NEIGHBOUR, who="dpo", now=stoke.now)
    assert erased.contacts == 0
    assert "Nobody is known by that address" in str(erased)
    assert await filled_tables(stoke.database) == before


async def test_erasing_twice_is_erasing_once(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    before = await filled_tables(stoke.database)
    assert (await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)).contacts == 0
    assert await filled_tables(stoke.database) == before


async def test_stop_outlives_erasing(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await stoke.text("STOP")
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    await stoke.text("hello")
    assert await stoke.column("SELECT opted_out_at IS NOT NULL FROM contact") == [True]


async def test_a_message_that_is_delivered_again_after_erasing_is_still_a_repeat(stoke: Town, keys: KeyRing) -> None:
    form = text_form("STOKE")
    await stoke.post("/channels/sms", form)
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    before = await filled_tables(stoke.database)
    assert (await stoke.post("/channels/sms", form)).status_code == 200
    assert await filled_tables(stoke.database) == before


async def test_erasing_finds_an_address_that_stands_under_a_newer_key_than_we_know(stoke: Town) -> None:
    ours = await KeyRing.open(stoke.database, "a secret that is only for tests")
    await stoke.answer_everything()
    await rotate_data_keys(stoke.database, stoke.keys)
    assert (await erase(stoke.database, ours, RESIDENT, who="dpo", now=stoke.now)).contacts == 1


async def test_erased_words_are_in_no_page_of_the_sqlite_file(stoke: Town, keys: KeyRing) -> None:
    database = stoke.database
    if not isinstance(database, SqliteDatabase):
        pytest.skip("PostgreSQL keeps old row versions until VACUUM; docs/reference/retention.md says so")
    for _ in range(40):
        await stoke.text(WORDS)
        await stoke.text("CHANGE 3")
    await stoke.answer_everything()
    assert "Zubeida" in bytes_of(database.path)
    await database.run(forget_carelessly)
    await erase(database, keys, RESIDENT, who="dpo", now=stoke.now)
    assert hits(bytes_of(database.path), ("Zubeida", "Lichfield Street")) == []


def forget_carelessly() -> Script[None]:
    """Undo what some builds of SQLite do by themselves, so that the test sees our own care."""
    yield Fetch("PRAGMA secure_delete = OFF")


def bytes_of(path: Path) -> str:
    """Read a SQLite file, and its log."""
    return "".join(file.read_bytes().decode("latin-1") for file in sorted(path.parent.glob(f"{path.name}*")))


async def held(stoke: Town, keys: KeyRing, address: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(await subject_access(stoke.database, keys, address, who="dpo", now=stoke.now))
    return {key: value for key, value in document.items() if key != "written_at"}


async def test_a_person_is_shown_every_answer_in_words(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    (response,) = (await held(stoke, keys, "07700 900321"))["responses"]
    assert response["title"] == "Stoke together"
    assert [(a["asked"], a["said"], a["understood_as"]) for a in response["answers"]] == [
        ("Do you feel safe here?", "1", "Yes"),
        ("What is needed?", "1 3", "More lights"),
        ("What is needed?", "1 3", "Parks"),
        ("What would you change?", WORDS, None),
        ("How old are you?", "34", "34"),
    ]


@pytest.mark.parametrize(
    ("sent", "asked", "understood"),
    [
        pytest.param("sms", "Safe here?", "Yep", id="the short wording"),
        pytest.param("full", "Do you feel safe here?", "Yes", id="the full wording"),
    ],
)
async def test_a_person_is_shown_the_wording_that_was_sent(
    database: Database, keys: KeyRing, sent: str, asked: str, understood: str
) -> None:
    first, *others = SURVEY.questions
    yes, no = first.choices
    short = replace(first, sms_label={"en": "Safe here?"}, choices=(replace(yes, sms_label={"en": "Yep"}), no))
    async with town(database, keys, replace(SURVEY, questions=(short, *others))) as stoke:
        for body in ("STOKE", "1"):
            await stoke.text(body)
        assert "Safe here?" in stoke.replies[0]
        await database.run(lambda: answered_by(sent))
        (response,) = (await held(stoke, keys, RESIDENT))["responses"]
    assert [(a["asked"], a["understood_as"]) for a in response["answers"]] == [(asked, understood)]


def answered_by(sent: str) -> Script[None]:
    """Write which wording each answer was given to, as another channel would have."""
    yield Run("UPDATE answer SET wording = :sent", {"sent": sent})


async def test_a_person_is_shown_every_text_both_ways_with_its_delivery(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    document = await held(stoke, keys, RESIDENT)
    assert [text["text"] for text in document["texts_from_you"]] == ["STOKE", "1", "1 3", WORDS, "yes", "34"]
    assert len(document["texts_to_you"]) == 6
    last = document["texts_to_you"][-1]
    assert last["delivery"] == "delivered"
    assert [report["status"] for report in last["delivery_reports"]] == ["delivered"]
    assert last["at"] == "2026-01-01T12:06:00+00:00"


async def test_a_person_is_shown_who_they_are_to_us_and_what_they_agreed_to(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await stoke.text("STOP")
    document = await held(stoke, keys, RESIDENT)
    (contact,) = document["contacts"]
    assert (contact["channel"], contact["address"]) == ("sms", RESIDENT)
    assert contact["since"] == "2026-01-01T12:01:00+00:00"
    assert contact["on_stop_since"] == "2026-01-01T12:07:00+00:00"
    assert [entry["what"] for entry in document["stop_and_start"]] == ["STOP"]
    assert [(entry["wording"], entry["agreed"]) for entry in document["agreed_to_be_written_to"]] == [
        ("May we text you later?", True)
    ]


async def test_a_person_is_shown_answers_that_a_later_one_replaced(stoke: Town, keys: KeyRing) -> None:
    for body in ("STOKE", "1", "BACK", "2"):
        await stoke.text(body)
    (response,) = (await held(stoke, keys, RESIDENT))["responses"]
    safe = [(a["understood_as"], a["replaced_by_a_later_answer"]) for a in response["answers"]]
    assert safe == [("Yes", True), ("No", False)]


async def test_a_person_is_shown_nothing_of_anyone_else(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await stoke.text("STOKE", NEIGHBOUR)
    document = json.dumps(await held(stoke, keys, NEIGHBOUR))
    assert hits(document, (*SEEDED, "Lichfield")) == []
    assert "+447700900654" in document


async def test_people_who_share_a_phone_are_told_apart(stoke: Town, keys: KeyRing) -> None:
    for body in ("STOKE", "1", "NEW", "2"):
        await stoke.text(body)
    document = await held(stoke, keys, RESIDENT)
    assert [response["person"] for response in document["responses"]] == [1, 2]
    assert "2 people have answered from it" in document["summary"]


async def test_of_an_erased_person_on_stop_only_the_stop_is_shown(stoke: Town, keys: KeyRing) -> None:
    await stoke.text("STOKE")
    await stoke.text("STOP")
    await erase(stoke.database, keys, RESIDENT, who="dpo", now=stoke.now)
    document = await held(stoke, keys, RESIDENT)
    assert [entry["what"] for entry in document["stop_and_start"]] == ["STOP"]
    assert (document["contacts"], document["responses"], document["texts_from_you"]) == ([], [], [])


async def test_an_unknown_address_gets_a_document_that_says_so(stoke: Town, keys: KeyRing) -> None:
    assert (await held(stoke, keys, NEIGHBOUR))["summary"] == "Nothing is kept about this address."


async def test_handing_over_what_is_kept_is_audited_with_counts(stoke: Town, keys: KeyRing) -> None:
    await stoke.answer_everything()
    await held(stoke, keys, RESIDENT)
    audit = await stoke.rows("SELECT who, action, detail FROM audit")
    assert audit == [("dpo", "subject access", "1 contacts, 1 responses, 12 texts")]
