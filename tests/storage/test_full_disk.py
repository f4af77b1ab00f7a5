"""A full disk: what cannot be written is refused whole, and taken in once there is room again."""

import shutil
from pathlib import Path

import pytest

from storage.database import open_database
from storage.errors import Unavailable
from storage.intake import Intake
from storage.keys import KeyRing
from storage.script import Database, Fetch, Script
from tests.conftest import SECRET
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


async def test_a_text_on_a_full_disk_is_refused_whole_and_taken_in_when_there_is_room(
    migrated: Path, tmp_path: Path
) -> None:
    path = tmp_path / "earshot.db"
    shutil.copy(migrated, path)
    database = await open_database(f"sqlite:///{path}")
    intake = make_intake(database, await KeyRing.open(database, SECRET))
    await database.run(lambda: may_grow_by(20))

    *acknowledged, refused = await fill(intake)
    assert len(acknowledged) > 1
    assert await heard(database) == acknowledged
    whole = await counts(database)
    assert whole["answer"] == whole["inbound"] == whole["outbox"] == len(acknowledged)
    with pytest.raises(Unavailable):
        await intake.take(message("x" * 2_000, refused, MARY))

    await database.run(lambda: may_grow_by(1_000))
    assert not (await intake.take(message("x" * 2_000, refused, MARY))).repeated
    assert (await intake.take(message("x" * 2_000, refused, MARY))).repeated
    assert await heard(database) == [*acknowledged, refused]
    await intake.close()
    await database.close()
