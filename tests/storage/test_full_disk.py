"""A full disk: what cannot be written is refused whole, and taken in once there is room again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from storage.database import open_database
from storage.errors import Unavailable
from storage.intake import Intake
from storage.keys import KeyRing
from storage.script import Database, Fetch, Script
from tests.conftest import SECRET
from tests.postgres import NOBODY, Server
from tests.storage.deciding import MARY, counts, make_intake, message, rows

MEGABYTE = 1024 * 1024


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
    with pytest.raises(Unavailable):
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


class SmallDisk:
    """A disk in memory, whose size can be set while it is in use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, size: int, *options: str) -> "subprocess.CompletedProcess[bytes]":
        settings = ",".join((f"size={size}", "mode=0777", *options))
        command = ["mount", "-t", "tmpfs", "-o", settings, "tmpfs", str(self.path)]
        return subprocess.run(command, check=False, capture_output=True)

    def leave_free(self, size: int) -> None:
        """Make it so large that this much is free."""
        now = shutil.disk_usage(self.path)
        assert self.mount(now.used + size, "remount").returncode == 0


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    # Not below pytest's own folder: the server runs as nobody, and may not enter that.
    path = Path(tempfile.mkdtemp(prefix="earshot-disk-"))
    path.chmod(0o755)
    disk = SmallDisk(path)
    try:
        if shutil.which("mount") is None or disk.mount(64 * MEGABYTE).returncode:
            pytest.skip("needs the right to mount a small disk; a full disk under SQLite is tried everywhere")
        yield disk
        subprocess.run(["umount", "--lazy", str(path)], check=True)
    finally:
        path.rmdir()


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
