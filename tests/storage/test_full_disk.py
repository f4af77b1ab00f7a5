"""A full disk: what cannot be written is refused whole, and taken in once there is room again."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from bot.service.suppression import Ledger, LedgerProblem
from storage.database import open_database
from storage.errors import CannotOpen, Unavailable
from storage.installation import note_down
from storage.intake import Intake
from storage.keys import KeyRing
from storage.script import Database, Fetch, Script
from tests.conftest import SECRET
from tests.postgres import NOBODY, Server
from tests.small_disk import MEGABYTE, SmallDisk, mounted
from tests.storage.deciding import MARY, counts, make_intake, message, rows


def may_grow_by(pages: int) -> Script[None]:
    """Let the file grow by so many pages and no more: SQLite then says what it says on a full disk."""
    there = (yield Fetch("PRAGMA page_count")).first
    assert there is not None
    yield Fetch(f"PRAGMA max_page_count = {there[0] + pages}")


async def fill(intake: Intake) -> list[str]:
    """Text until the disk is full; give the ids of the texts that were acknowledged, and last the one that was not."""
    taken = []
    for number in range(1_000):
        taken.append(f"SM{number}")
        try:
            await intake.take(message("x" * 2_000, taken[-1], MARY))
        except Unavailable:
            return taken
    raise AssertionError("the disk never was full")


async def heard(database: Database) -> list[str]:
    return [row[0] for row in await rows(database, "SELECT event_id FROM inbound ORDER BY received_at, id")]


async def assert_refused_whole(database: Database, make_room: Callable[[], Awaitable[object]]) -> None:
    """Text until the disk is full: what was acknowledged is there, the rest is not, and room alone puts it right."""
    intake = make_intake(database, await KeyRing.open(database, SECRET))
    *acknowledged, refused = await fill(intake)
    assert len(acknowledged) > 1
    assert await heard(database) == acknowledged
    whole = await counts(database)
    assert whole["answer"] == whole["inbound"] == whole["outbox"] == len(acknowledged)
    with pytest.raises(Unavailable, match="disk is full"):
        await intake.take(message("x" * 2_000, refused, MARY))

    await make_room()
    assert not (await intake.take(message("x" * 2_000, refused, MARY))).repeated
    assert (await intake.take(message("x" * 2_000, refused, MARY))).repeated
    assert await heard(database) == [*acknowledged, refused]
    await intake.close()


async def test_a_text_on_a_full_disk_is_refused_whole_and_taken_in_when_there_is_room(
    migrated: Path, tmp_path: Path
) -> None:
    path = tmp_path / "earshot.db"
    shutil.copy(migrated, path)
    database = await open_database(f"sqlite:///{path}")
    await KeyRing.open(database, SECRET)
    await database.run(lambda: may_grow_by(20))
    await assert_refused_whole(database, lambda: database.run(lambda: may_grow_by(1_000)))
    await database.close()


async def test_whether_a_database_can_write_is_tried_only_after_it_could_not(migrated: Path, tmp_path: Path) -> None:
    path, log = tmp_path / "earshot.db", tmp_path / "earshot.db-wal"
    shutil.copy(migrated, path)
    database = await open_database(f"sqlite:///{path}")
    await database.run(lambda: note_down("any", "thing"))
    before = log.read_bytes()
    for _ in range(10):
        await database.check()
    assert log.read_bytes() == before  # however often it is asked, the log does not grow
    await database.run(lambda: may_grow_by(0))
    with pytest.raises(Unavailable):
        await database.run(lambda: note_down("any", "x" * 100_000))
    before = log.read_bytes()
    await database.check()
    tried = log.read_bytes()
    assert tried != before
    await database.check()
    assert log.read_bytes() == tried
    await database.close()


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    with mounted() as disk:
        yield disk


@pytest.fixture
async def small_database(postgres_server: Server, small_disk: SmallDisk) -> AsyncIterator[Database]:
    """Open a PostgreSQL database whose tables lie on the small disk."""
    if os.geteuid() == 0:
        os.chown(small_disk.path, NOBODY, NOBODY)
    template = await postgres_server.migrated()
    connection = await asyncpg.connect(postgres_server.url("postgres"))
    await connection.execute(f"CREATE TABLESPACE small LOCATION '{small_disk.path}'")
    await connection.execute(f"CREATE DATABASE on_small TEMPLATE {template} TABLESPACE small")
    database = await open_database(postgres_server.url("on_small"))
    try:
        yield database
    finally:
        await database.close()
        await connection.execute("DROP DATABASE on_small WITH (FORCE)")
        await connection.execute("DROP TABLESPACE small")
        await connection.close()


async def test_on_postgresql_too_what_a_full_disk_refuses_is_refused_whole(
    small_database: Database, small_disk: SmallDisk
) -> None:
    await KeyRing.open(small_database, SECRET)
    small_disk.leave_free(MEGABYTE // 2)

    async def make_room() -> None:
        small_disk.leave_free(8 * MEGABYTE)

    await assert_refused_whole(small_database, make_room)


async def test_a_full_disk_is_noticed_before_a_text_is_refused(migrated: Path, small_disk: SmallDisk) -> None:
    shutil.copy(migrated, small_disk.path / "earshot.db")
    database = await open_database(f"sqlite:///{small_disk.path / 'earshot.db'}")
    await database.check()
    small_disk.fill()
    with pytest.raises(Unavailable, match="database or disk is full"):
        await database.check()
    small_disk.leave_free(MEGABYTE)
    await database.check()
    await database.close()


async def test_opening_a_database_on_a_full_disk_says_that_it_is_full(migrated: Path, small_disk: SmallDisk) -> None:
    shutil.copy(migrated, small_disk.path / "earshot.db")
    small_disk.fill()
    with pytest.raises(CannotOpen, match=r"The disk is full: 0 KB are free .*earshot\.db.* Make room"):
        await open_database(f"sqlite:///{small_disk.path / 'earshot.db'}")


def test_a_ledger_on_a_full_disk_says_to_make_room(small_disk: SmallDisk) -> None:
    small_disk.fill()
    with pytest.raises(LedgerProblem, match=r"earshot\.ledger cannot be used \(No space left .*Make room"):
        Ledger(small_disk.path / "earshot.ledger").replace("0123456789abcdef", [], [])
