"""See to it that what was removed does not lie about in the database's own files."""

import asyncio
import sqlite3
from pathlib import Path

from storage.script import Database, Fetch, Script
from storage.sqlite import SqliteDatabase

_TRIES = 5
_PAUSE_SECONDS = 0.1


async def delete_securely(database: Database) -> None:
    """Have SQLite overwrite with zeros what it deletes from now on. PostgreSQL has no such setting: VACUUM does it."""
    if not database.is_postgres:
        await database.run(_erase_with_zeros)


async def scrub(database: Database) -> bool:
    """Empty SQLite's write-ahead log, where older versions of changed rows stand; say whether that could be done.

    It cannot while somebody reads an older state, such as an export. On PostgreSQL nothing is done.
    """
    if not isinstance(database, SqliteDatabase):
        return True
    for attempt in range(_TRIES):
        if attempt:
            await asyncio.sleep(_PAUSE_SECONDS)
        if await asyncio.to_thread(_empty_log, database.path):
            return True
    return False


def _erase_with_zeros() -> Script[None]:
    yield Fetch("PRAGMA secure_delete = ON")


def _empty_log(path: Path) -> bool:
    # Without a wait: whoever waits here for a long reader holds up every writer.
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
