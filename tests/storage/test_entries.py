"""Entries as they are kept: one for each secret, in one hand at a time, written whole or not at all."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from storage import entries, surveys
from storage.entries import RESUME_MS, TRIES, TRY_MS, EntryRow, Holder, NewEntry
from storage.script import Database, Fetch, Row, Script
from storage.turns import AnswerRow, ConversationState

NOON = 1_768_392_000_000
NEW = NewEntry(
    id="e1",
    response_id="r1",
    respondent_id="p1",
    secret_hash="a" * 64,
    survey="parks",
    version="1",
    state="{}",
    entered_by="",
    source="web",
    channel="web",
    campaign="",
    at=NOON,
    assisted=False,
    test=False,
)
HELPED = replace(
    NEW, id="e2", response_id="r2", respondent_id="p2", secret_hash="b" * 64, entered_by="amina", source="paper"
)
STATE = ConversationState(
    conversation_id="e1",
    response_id="r1",
    state='{"at": "why"}',
    language="ur",
    language_source="chosen",
    language_confidence=1.0,
    last_answer_at=NOON + 5,
    completed_at=None,
    stopped_at=None,
    core_answered=1,
    core_applicable=3,
    late=False,
    event="",
)


def answer(revision: int, said: str, question: str = "why", state: str = "answered") -> AnswerRow:
    return AnswerRow(
        response_id="r1",
        question=question,
        item="",
        revision=revision,
        state=state,
        value_code=None,
        value_number=None,
        said=said,
        lang="ur",
        channel="web",
        input="web",
        rule="words",
        confidence=1.0,
        wording="full",
        version="1",
        asked_at=None,
        answered_at=NOON + revision,
        late=False,
        join=False,
    )


@dataclass
class Kept:
    """A database with one resident's entry, and one that somebody fills in for another."""

    database: Database

    async def run(self, script: Script[object]) -> object:
        return await self.database.run(lambda: script)

    async def find(self, holder: Holder) -> EntryRow | None:
        return await self.database.read(lambda: entries.find(holder))

    async def rows(self, sql: str) -> list[Row]:
        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql)).rows)

        return await self.database.read(script)


@pytest.fixture
async def kept(database: Database) -> Kept:
    def script() -> Script[None]:
        yield from surveys.publish("parks", "1", "h", "{}", 0)
        for new in (NEW, HELPED):
            assert (yield from entries.begin(new))

    await database.run(script)
    return Kept(database)


@pytest.mark.parametrize(
    ("holder", "id"),
    [
        pytest.param(Holder("parks", "a" * 64), "e1", id="a browser by its secret"),
        pytest.param(Holder("parks", "a" * 64, since=NOON), "e1", id="in time"),
        pytest.param(Holder("parks", "a" * 64, since=NOON + 1), None, id="too late"),
        pytest.param(Holder("halls", "a" * 64), None, id="of another survey"),
        pytest.param(Holder("parks", "c" * 64), None, id="an unknown secret"),
        pytest.param(Holder("parks", ""), None, id="no secret"),
        pytest.param(Holder("parks", id="e2", entered_by="amina"), "e2", id="a helper by its id"),
        pytest.param(Holder("parks", id="e2", entered_by="ben"), None, id="another helper"),
        pytest.param(Holder("parks", id="e1", entered_by="amina"), None, id="a helper a resident's own"),
        pytest.param(Holder("parks", "b" * 64), None, id="a browser what a helper fills in"),
    ],
)
async def test_only_its_holder_finds_an_entry(kept: Kept, holder: Holder, id: str | None) -> None:
    found = await kept.find(holder)
    assert (found.id if found else None) == id


async def test_a_secret_begins_once_and_leaves_nothing_of_the_second(kept: Kept) -> None:
    again = replace(NEW, id="e3", response_id="r3", respondent_id="p3")
    assert await kept.run(entries.begin(again)) is False
    for table in ("response", "respondent", "entry"):
        assert await kept.rows(f"SELECT COUNT(*) FROM {table}") == [(2,)]


async def test_what_a_page_left_is_found_and_shown(kept: Kept) -> None:
    await kept.run(entries.write(STATE, [answer(1, "Trees")], NOON + 9))
    found = await kept.find(Holder("parks", "a" * 64, since=NOON + 9))
    assert found is not None
    assert (found.state, found.updated_at) == (STATE.state, NOON + 9)
    assert await kept.rows("SELECT language, last_answer_at, core_answered FROM response WHERE id = 'r1'") == [
        ("ur", NOON + 5, 1)
    ]
    assert await kept.rows("SELECT said, inbound_id FROM answer") == [("Trees", None)]


async def test_a_page_whose_answer_is_there_already_leaves_nothing(kept: Kept) -> None:
    await kept.run(entries.write(STATE, [answer(1, "Trees")], NOON + 9))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await kept.run(entries.write(replace(STATE, state="new"), [answer(1, "Benches")], NOON + 10))
    found = await kept.find(Holder("parks", "a" * 64))
    assert found is not None
    assert (found.state, found.updated_at) == (STATE.state, NOON + 9)


async def test_the_newest_words_are_recalled_and_none_of_what_was_taken_back(kept: Kept) -> None:
    await kept.run(entries.write(STATE, [answer(1, "Trees"), answer(2, "Benches")], NOON))
    await kept.run(entries.write(STATE, [answer(1, "Hanley", "where"), answer(2, "", "where", "skipped")], NOON))
    assert await kept.database.read(lambda: entries.words("r1", ["why", "where", "nowhere"])) == {"why": "Benches"}
    assert await kept.database.read(lambda: entries.words("r1", [])) == {}


async def test_a_code_hands_an_entry_over_and_the_browser_before_has_it_no_longer(kept: Kept) -> None:
    await kept.run(entries.give_code("e1", "old", NOON))
    await kept.run(entries.give_code("e1", "new", NOON))
    assert await kept.run(entries.take_over("parks", ["old"], "c" * 64, NOON)) is False
    assert await kept.run(entries.take_over("halls", ["new"], "c" * 64, NOON)) is False
    assert await kept.run(entries.take_over("parks", ["new"], "c" * 64, NOON + 1)) is False
    assert await kept.run(entries.take_over("parks", ["other", "new"], "c" * 64, NOON)) is True
    assert await kept.find(Holder("parks", "a" * 64)) is None
    assert await kept.find(Holder("parks", "c" * 64)) is not None


async def test_what_a_helper_fills_in_is_never_handed_over(kept: Kept) -> None:
    await kept.run(entries.give_code("e2", "code", NOON))
    assert await kept.run(entries.take_over("parks", ["code"], "c" * 64, NOON - RESUME_MS)) is False


async def test_wrong_codes_count_for_a_while(kept: Kept) -> None:
    for _ in range(TRIES):
        assert await kept.run(entries.may_try("survey", NOON)) is True
        await kept.run(entries.count_try("survey", NOON))
    assert await kept.run(entries.may_try("survey", NOON)) is False
    assert await kept.run(entries.may_try("another", NOON)) is True
    assert await kept.run(entries.may_try("survey", NOON + TRY_MS)) is True
