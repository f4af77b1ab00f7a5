"""Events: in the transaction of what they tell, in the order of commits, with numbers that are never given twice."""

import asyncio
from functools import partial
from typing import TypeVar

import pytest

from storage import events
from storage.database import open_database
from storage.events import MINUTE_MS, EventRow, EventType, Happened, record
from storage.keys import KeyRing
from storage.postgres import PostgresDatabase, play
from storage.script import Database, Run, Script
from tests.conftest import SECRET
from tests.storage.deciding import JOHN, MARY, NOON, make_intake, message, rows
from tests.storage.failing import FailingDatabase

T = TypeVar("T")
MANY = 1_000
MINUTE = NOON - NOON % 60_000


async def told(database: Database, after: int = 0, survey: str = "", limit: int = MANY) -> list[EventRow]:
    return await database.read(partial(events.after, after, limit, survey))


async def test_an_event_says_what_its_response_showed_and_up_to_which_answer(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    for number, text in enumerate(("Hello", "More", "DELETE")):
        await intake.take(message(text, f"SM{number}"))
    started, updated, withdrawn = await told(database)
    response = started.subject
    assert started == EventRow(
        seq=started.seq,
        id=f"evt_{response}_1",
        type=EventType.STARTED,
        at=MINUTE,
        survey="hello",
        subject=response,
        revision=1,
        status="partial",
        language="en",
        language_source="default",
        last_answer_at=NOON,
        completed_at=None,
        late=False,
        answers_until=1,
        test=False,
    )
    assert (updated.revision, updated.answers_until, updated.type) == (2, 2, EventType.UPDATED)
    assert (withdrawn.id, withdrawn.type, withdrawn.revision, withdrawn.status, withdrawn.survey) == (
        f"evt_{response}_3", EventType.WITHDRAWN, 3, "", "hello",
    )  # fmt: skip
    assert await told(database, started.seq) == [updated, withdrawn]
    assert await told(database, limit=1) == [started]
    assert await told(database, survey="another") == []
    assert await database.read(partial(events.of, [withdrawn.seq, started.seq])) == [started, withdrawn]
    assert await database.read(events.newest) == withdrawn.seq


async def test_what_is_rolled_back_is_not_told(database: Database, keys: KeyRing) -> None:
    counting = FailingDatabase(database, 10**9, RuntimeError("never"))
    await make_intake(counting, keys).take(message("Hello", "SM1"))
    whole = counting.yielded
    failing = FailingDatabase(database, whole, RuntimeError("the power went"))
    intake = make_intake(failing, keys)
    await asyncio.gather(intake.take(message("Hello", "SM2", JOHN)), return_exceptions=True)
    assert failing.has_failed
    subjects = [event.subject for event in await told(database)]
    assert subjects == [row[0] for row in await rows(database, "SELECT id FROM response ORDER BY started_at, id")]


async def test_recording_raises_the_revision(database: Database, keys: KeyRing) -> None:
    await make_intake(database, keys).take(message("Hello", "SM1"))
    (started,) = await told(database)
    again = Happened(EventType.UPDATED, started.subject, NOON)
    await database.run(partial(record, [again, Happened(EventType.IMPORTED, "b1", NOON, "hello")]))
    assert [(event.id, event.revision) for event in await told(database, started.seq)] == [
        (f"evt_{started.subject}_2", 2),
        ("evt_b1", 0),
    ]
    assert await rows(database, "SELECT revision FROM response") == [(2,)]


async def test_what_one_transaction_tells_keeps_its_own_kinds_and_minutes(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    for sid, sender in (("SM1", MARY), ("SM2", JOHN), ("SM3", "+447700900903")):
        await intake.take(message("Hello", sid, sender))
    begun = await told(database)
    kinds = (EventType.UPDATED, EventType.UPDATED, EventType.STOPPED)
    happened = [
        Happened(kind.value, event.subject, NOON + minute * MINUTE_MS)
        for minute, (kind, event) in enumerate(zip(kinds, begun, strict=True))
    ]
    await database.run(partial(record, happened))
    written = {(event.type, event.subject, event.at) for event in await told(database, begun[-1].seq)}
    assert written == {(each.type, each.subject, each.at - each.at % MINUTE_MS) for each in happened}


async def test_a_number_is_never_given_twice(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("Hello", "SM1"))
    (first,) = await told(database)

    def forget() -> Script[None]:
        yield Run("DELETE FROM event")

    await database.run(forget)
    await intake.take(message("More", "SM2"))
    assert [event.seq for event in await told(database)] == [first.seq + 1]


async def test_a_database_that_was_brought_back_goes_on_beyond_all_that_others_may_know(
    database: Database, keys: KeyRing
) -> None:
    def begin_again(now: int) -> Script[None]:
        return events.begin_again(now, is_postgres=database.is_postgres)

    await database.run(partial(begin_again, NOON))  # nothing was ever told
    intake = make_intake(database, keys)
    await intake.take(message("Hello", "SM1"))
    (started,) = await told(database)
    assert started.seq == NOON + 1
    await database.run(partial(begin_again, NOON + 1))
    (again,) = await told(database, started.seq)
    assert again.seq > started.seq + events.LEAP
    assert (again.type, again.subject, again.revision) == (EventType.UPDATED, started.subject, NOON // 60_000)
    await intake.take(message("More", "SM2"))
    (updated,) = await told(database, again.seq)
    assert (updated.seq, updated.revision) == (again.seq + 1, again.revision + 1)


async def test_a_reader_among_many_writers_gets_everything_once(
    database: Database, database_url: str, keys: KeyRing
) -> None:
    another = await open_database(database_url)
    intakes = [make_intake(each, await KeyRing.open(each, SECRET)) for each in (database, another)]

    async def write(who: int) -> None:
        for number in range(4):
            address = f"+4477009001{who:02}"
            await intakes[who % 2].take(message("Hello", f"SM{who}.{number}", address))

    seen: list[int] = []

    async def read_until(writing: "asyncio.Future[list[None]]") -> None:
        while not writing.done() or len(seen) < await database.read(events.newest):
            for event in await told(another, seen[-1] if seen else 0, limit=7):
                seen.append(event.seq)

    try:
        writing = asyncio.gather(*map(write, range(16)))
        async with asyncio.timeout(30):
            await asyncio.gather(writing, read_until(writing))
        assert seen == [row[0] for row in await rows(database, "SELECT seq FROM event ORDER BY seq")]
        assert len(seen) == 64
    finally:
        await another.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True, ids=["postgres"])
async def test_a_reader_never_passes_over_an_event_that_is_committed_late(
    database: Database, database_url: str, keys: KeyRing
) -> None:
    """The one that has taken the lower number is committed first, however long it takes."""
    assert isinstance(database, PostgresDatabase)
    slow = await open_database(database_url)
    assert isinstance(slow, PostgresDatabase)
    try:
        intake = make_intake(database, keys)
        for number, who in enumerate((MARY, JOHN)):
            await intake.take(message("Hello", f"SM{number}", who))
        mary, john = await told(database)
        async with slow._writing.acquire() as held:
            transaction = held.transaction()
            await transaction.start()
            await play(held, record([Happened(EventType.UPDATED, mary.subject, NOON)]))
            quick = asyncio.create_task(intake.take(message("More", "SM9", JOHN)))
            await _until_somebody_waits(database)
            assert await told(database, john.seq) == []
            await transaction.commit()
        await quick
        assert [event.subject for event in await told(database, john.seq)] == [mary.subject, john.subject]
    finally:
        await slow.close()


async def _until_somebody_waits(database: Database) -> None:
    """Wait for the one that has done everything else: the lock is taken last."""
    async with asyncio.timeout(20):
        while not await rows(database, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            pass
