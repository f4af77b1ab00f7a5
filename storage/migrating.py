"""Bring a database to this program's schema, with Alembic. Imported only when there is something to do: it is slow.

A new revision: `python -m storage.migrating "what it changes"`, then read what was written, and move `HEAD` in
`storage/database.py`.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.sqlite import connect_to_write

# Several processes may start at once; the others wait here and then find nothing to do.
_LOCK = "SELECT pg_advisory_xact_lock(5248331)"

Work = Callable[[Config], None]


class BrokenReferences(Exception):
    """A migration would leave rows that point nowhere; it has been undone."""


def config(connection: sa.Connection | None = None) -> Config:
    """Configure Alembic without a file of its own."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def to_head(configured: Config) -> None:
    """Apply what is missing."""
    command.upgrade(configured, "head")


def to(revision: str) -> Work:
    """Apply what is missing up to a revision."""
    return lambda configured: command.upgrade(configured, revision)


def knows(revision: str) -> bool:
    """Say whether this program has that revision; it has not when a newer program made the schema."""
    return revision in {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def on_sqlite(path: Path, work: Work = to_head) -> None:
    """Do migration work in one transaction, with foreign keys off as SQLite's table rebuilding needs, checked after."""
    engine = sa.create_engine("sqlite://", creator=lambda: connect_to_write(path), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            work(config(connection))
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise BrokenReferences(f"The migration would break {len(broken)} references, first in {broken[0][0]}.")
            connection.commit()
    finally:
        engine.dispose()


async def on_postgres(dsn: str, work: Work = to_head) -> None:
    """Do migration work in one transaction, one process at a time. Raises what asyncpg raises."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(_LOCK)
            await connection.run_sync(lambda plain: work(config(plain)))
    except sa.exc.DBAPIError as error:
        cause = error.orig.__cause__ if error.orig else None
        if isinstance(cause, asyncpg.PostgresError):
            raise cause from None
        raise
    finally:
        await engine.dispose()


def write_revision(message: str) -> None:
    """Compare the tables with the migrations and write the difference as a new revision."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scratch.db"
        on_sqlite(path)
        number = f"{len(list(ScriptDirectory.from_config(config()).walk_revisions())) + 1:04}"

        def compare(configured: Config) -> None:
            command.revision(configured, message, autogenerate=True, rev_id=number)

        on_sqlite(path, compare)


if __name__ == "__main__":
    write_revision(sys.argv[1])
