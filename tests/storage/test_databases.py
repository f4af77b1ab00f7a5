"""What a script may rely on, on both engines."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from storage.script import Database, Fetch, Many, Run, Script
from storage.turns import Busy

ADD = "INSERT INTO audit (at, who, action, detail) VALUES (:at, :who, 'note', '')"
COUNT = "SELECT count(*) FROM audit"


def add(who: str) -> Callable[[], Script[int]]:
    def script() -> Script[int]:
        return (yield Run(ADD, {"at": 1, "who": who})).count

    return script


def fetch(sql: str, **params: object) -> Callable[[], Script[list[tuple[Any, ...]]]]:
    def script() -> Script[list[tuple[Any, ...]]]:
        return list((yield Fetch(sql, params)).rows)

    return script


def add_then_fail() -> Script[None]:
    yield Run(ADD, {"at": 1, "who": "half done"})
    yield Run("INSERT INTO audit (at) VALUES (NULL)")


async def test_what_a_script_wrote_is_there_when_run_returns(database: Database) -> None:
    assert await database.run(add("Mary")) == 1
    assert await database.read(fetch("SELECT who FROM audit")) == [("Mary",)]


@pytest.mark.parametrize("before", [0, 5, 10], ids=["first", "in the middle", "last"])
async def test_a_script_that_fails_leaves_nothing_and_its_neighbours_stay(database: Database, before: int) -> None:
    results = await asyncio.gather(
        *(database.run(add("before")) for _ in range(before)),
        database.run(add_then_fail),
        *(database.run(add("after")) for _ in range(10 - before)),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False] * before + [True] + [False] * (10 - before)
    rows = await database.read(fetch("SELECT who, count(*) FROM audit GROUP BY who ORDER BY who DESC"))
    assert rows == [row for row in (("before", before), ("after", 10 - before)) if row[1]]


async def test_a_script_that_raises_between_statements_leaves_nothing(database: Database) -> None:
    def script() -> Script[None]:
        yield Run(ADD, {"at": 1, "who": "half done"})
        raise KeyError("our own mistake")

    with pytest.raises(KeyError):
        await database.run(script)
    assert await database.read(fetch(COUNT)) == [(0,)]


async def test_a_caller_that_goes_away_breaks_nothing(database: Database) -> None:
    going = [asyncio.create_task(database.run(add("gone"))) for _ in range(20)]
    await asyncio.sleep(0)
    for task in going[::2]:
        task.cancel()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*going, return_exceptions=True)
    assert results[1::2] == [1] * 10, "who stayed is told, whoever of the same transaction has gone"
    reading = [asyncio.create_task(database.read(fetch(COUNT))) for _ in range(20)]
    await asyncio.sleep(0)
    for each in reading:
        each.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    for _ in range(20):  # more than there are connections
        assert await database.run(add("here")) == 1
        await database.read(fetch(COUNT))
    assert await database.read(fetch("SELECT count(*) FROM audit WHERE who = 'here'")) == [(20,)]


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await database.read(add("Mary"))
    assert await database.read(fetch(COUNT)) == [(0,)]


async def test_one_read_sees_one_moment(database: Database, database_url: str) -> None:
    """A writer commits between the two statements of a read, which waits for that: at a gate, or at a lock."""
    loop = asyncio.get_running_loop()
    started, written = asyncio.Event(), threading.Event()

    def script() -> Script[tuple[int, int]]:
        first = (yield Fetch(COUNT)).rows[0][0]
        loop.call_soon_threadsafe(started.set)
        if database.is_postgres:
            yield Fetch("SELECT pg_advisory_xact_lock(42)")
        else:
            written.wait(10)  # in a thread of its own: the loop goes on
        second = (yield Fetch(COUNT)).rows[0][0]
        return first, second

    gatekeeper = await asyncpg.connect(database_url) if database.is_postgres else None
    if gatekeeper:
        await gatekeeper.execute("SELECT pg_advisory_lock(42)")
    reading = asyncio.create_task(database.read(script))
    await started.wait()
    await database.run(add("Mary"))
    written.set()
    if gatekeeper:
        await gatekeeper.close()  # and its lock with it
    assert await reading == (0, 0)


async def test_lists_reach_the_engine_as_lists(database: Database) -> None:
    await asyncio.gather(*(database.run(add(who)) for who in ("a'b", 'c"d', "e:f", "ü")))
    found = await database.read(
        fetch("SELECT who FROM audit WHERE who IN (SELECT :names*text) ORDER BY who", names=["a'b", 'c"d', "ü", "no"])
    )
    assert {row[0] for row in found} == {"a'b", 'c"d', "ü"}
    assert await database.read(
        fetch("SELECT count(*) FROM audit WHERE who NOT IN (SELECT :names*text)", names=["e:f"])
    ) == [(3,)]
    assert await database.read(fetch("SELECT count(*) FROM audit WHERE at IN (SELECT :ids*bigint)", ids=[1, 2])) == [
        (4,)
    ]
    assert await database.read(fetch("SELECT count(*) FROM audit WHERE who IN (SELECT :names*text)", names=[])) == [
        (0,)
    ]


async def test_bytes_booleans_and_nothing_come_back_alike(database: Database) -> None:
    sql = (
        "INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, test, made_at, language) "
        "VALUES (:id, 'sms', :blob, :id, 1, :test, 1, ':not a parameter')"
    )

    def script() -> Script[None]:
        yield Many(sql, [{"id": "1", "blob": b"\x00\xff", "test": True}, {"id": "2", "blob": b"", "test": False}])
        yield Many(sql, [])

    await database.run(script)
    found = await database.read(
        fetch("SELECT address_encrypted, test, opted_out_at, language FROM contact ORDER BY id")
    )
    assert [(blob, bool(test), at, text) for blob, test, at, text in found] == [
        (b"\x00\xff", True, None, ":not a parameter"),
        (b"", False, None, ":not a parameter"),
    ]


async def test_returning_gives_rows_and_their_count(database: Database) -> None:
    def script() -> Script[tuple[Any, ...]]:
        yield from add("Mary")()
        done = yield Run("UPDATE audit SET detail = 'x' WHERE who = :who RETURNING who, detail", {"who": "Mary"})
        return (done.count, done.first)

    assert await database.run(script) == (1, ("Mary", "x"))


async def test_a_large_result_streams_in_slices(database: Database) -> None:
    def script() -> Script[None]:
        yield Many(ADD, [{"at": number, "who": "x"} for number in range(550)])

    await database.run(script)

    def read() -> list[int]:
        with database.stream("SELECT at FROM audit WHERE at >= :least ORDER BY at", {"least": 100}) as slices:
            return [len(rows) for rows in slices]

    assert await asyncio.to_thread(read) == [200, 200, 50]


async def test_a_stream_left_early_or_refused_leaves_nothing_open(database: Database) -> None:
    def leave_early() -> None:
        with database.stream("SELECT 1") as slices:
            next(slices)

    def refused() -> None:
        with database.stream("SELECT no_such_column FROM audit"):
            pass

    await asyncio.to_thread(leave_early)
    with pytest.raises(Exception, match="no_such_column"):
        await asyncio.to_thread(refused)


async def test_what_was_accepted_before_closing_is_written(database: Database, database_url: str) -> None:
    from storage.database import open_database

    waiting = [asyncio.create_task(database.run(add("late"))) for _ in range(50)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*waiting) == [1] * 50
    again = await open_database(database_url)
    assert await again.read(fetch(COUNT)) == [(50,)]
    await again.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])
async def test_a_full_queue_says_busy_and_the_accepted_ones_are_written(database: Database) -> None:
    gate = threading.Event()

    def slow() -> Script[None]:
        gate.wait(10)
        yield Fetch("SELECT 1")

    first = asyncio.create_task(database.run(slow))
    await asyncio.sleep(0)
    tasks = [asyncio.create_task(database.run(add("x"))) for _ in range(1_100)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(first, *tasks, return_exceptions=True)
    refused = sum(isinstance(result, Busy) for result in results)
    assert refused >= 99
    assert await database.read(fetch(COUNT)) == [(1_100 - refused,)]


async def test_two_scripts_that_meet_both_end_up_written(database: Database) -> None:
    """On PostgreSQL these two lock each other out, and one is run again."""

    def crossing(first: str, second: str) -> Callable[[], Script[None]]:
        def script() -> Script[None]:
            for name in (first, second):
                yield Run("UPDATE sender SET tokens = tokens + 1 WHERE our_address = :name", {"name": name})

        return script

    def make() -> Script[None]:
        sql = "INSERT INTO sender (our_address, tokens, tokens_at) VALUES (:name, 0, 0)"
        yield Many(sql, [{"name": "a"}, {"name": "b"}])

    await database.run(make)
    await asyncio.gather(*(database.run(crossing("a", "b") if turn % 2 else crossing("b", "a")) for turn in range(8)))
    assert await database.read(fetch("SELECT tokens FROM sender")) == [(8.0,), (8.0,)]
