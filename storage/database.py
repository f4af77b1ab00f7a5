"""Open a database by its URL and bring it to this program's schema. `storage.script.Database` says what one can do."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from storage.errors import CannotOpen
from storage.postgres import CONNECT_SECONDS, PostgresDatabase
from storage.script import Database
from storage.sqlite import SqliteDatabase, connect_to_write

# The newest revision in storage/migrations. Here too, because finding it there costs a second of CPU at every start.
HEAD = "0010"

_VERSION = "SELECT version_num FROM alembic_version"
_CHECK_URL = "Set DATABASE_URL to sqlite:///./earshot.db or postgresql://user:password@host/name."


async def open_database(url: str) -> Database:
    """Open `sqlite:///relative`, `sqlite:////absolute` or `postgresql://...`, migrated. Raises CannotOpen."""
    await bring_to(url, HEAD)
    if (path := sqlite_path(url)) is not None:
        with _saying_which_file(path):
            return SqliteDatabase(path)
    with _saying_where(url):
        return await PostgresDatabase.connect(url)


async def bring_to(url: str, revision: str) -> None:
    """Migrate a database to a revision: to HEAD any, to an older one only a database without tables. Raises CannotOpen.

    An older one is for a backup that an older Earshot has made.
    """
    if (path := sqlite_path(url)) is not None:
        await _bring_sqlite(path, revision)
    else:
        with _saying_where(url):
            await _bring_postgres(url, revision)


def sqlite_path(url: str) -> Path | None:
    """Give the file that a SQLite address names; None for PostgreSQL. Raises CannotOpen for any other address."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest.strip("/") and ":memory:" not in rest:
        path = Path(rest[1:])
        if "?" in path.name:  # an option, as other programs write them, would become part of a new file's name
            raise CannotOpen(
                "A SQLite address names a file and no options", _named(path), "Leave out what begins at ?."
            )
        return path
    if scheme in ("postgresql", "postgres") and rest:
        return None
    found = f"scheme {scheme[:20]!r}" if "://" in url else "no scheme"  # it may be a password that was put there
    raise CannotOpen("That is no database address Earshot knows", found, _CHECK_URL)


async def _bring_sqlite(path: Path, wanted: str) -> None:
    await asyncio.to_thread(_refuse_unwritable, path, _named(path))
    with _saying_which_file(path):
        revision = await asyncio.to_thread(_sqlite_revision, path)
        if revision != wanted:
            from storage import migrating  # only now: it costs a second of CPU

            _refuse_to_go_back(revision, wanted, _named(path), migrating.knows)
            await asyncio.to_thread(migrating.on_sqlite, path, migrating.to(wanted))


@contextmanager
def _saying_which_file(path: Path) -> Iterator[None]:
    """Say in words what SQLite objects to. Raises CannotOpen."""
    try:
        yield
    except sqlite3.Error as error:
        remedy = "Choose another file, or restore this one from a backup; if another program holds it, stop that."
        raise CannotOpen(f"SQLite cannot use it: {error}", _named(path), remedy) from error


def _named(path: Path) -> str:
    return f"the SQLite file {path}"


def _refuse_unwritable(path: Path, where: str) -> None:
    try:
        if path.is_dir() or not path.parent.is_dir():
            remedy = "Make the folder, or correct DATABASE_URL."
            raise CannotOpen("There is no folder to keep that file in", where, remedy)
        with tempfile.TemporaryFile(dir=path.parent):  # SQLite puts its journal beside the file
            pass
        if path.exists():
            path.open("r+b").close()
    except OSError as error:
        what = f"The file or its folder may not be written ({error.strerror})"
        raise CannotOpen(what, where, "Give this user the right to write there, or correct DATABASE_URL.") from error


def _sqlite_revision(path: Path) -> str | None:
    """Read the schema's revision: None for a new file. Raises CannotOpen for another program's database."""
    connection = connect_to_write(path)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" in tables:
            row = connection.execute(_VERSION).fetchone()
            return row[0] if row else None
        if tables:
            raise CannotOpen("It holds another program's tables", _named(path), "Choose another file in DATABASE_URL.")
        return None
    finally:
        connection.close()


async def _bring_postgres(url: str, wanted: str) -> None:
    revision = await _postgres_revision(url)
    if revision != wanted:
        from storage import migrating  # only now: it costs a second of CPU

        _refuse_to_go_back(revision, wanted, _without_credentials(url), migrating.knows)
        await migrating.on_postgres(url, migrating.to(wanted))


@contextmanager
def _saying_where(url: str) -> Iterator[None]:
    """Say in words what PostgreSQL, or the way to it, objects to. Raises CannotOpen."""
    try:
        yield
        return
    except asyncpg.InvalidAuthorizationSpecificationError:
        what, remedy = "PostgreSQL refuses this user or password", "Correct the user and password in DATABASE_URL."
    except asyncpg.InvalidCatalogNameError:
        what, remedy = "There is no such database on that server", "Create it, or correct the name in DATABASE_URL."
    except asyncpg.InsufficientPrivilegeError:
        what = "This user may not do what Earshot needs there"
        remedy = "Make the user the owner of the database."
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
        what = f"PostgreSQL does not answer ({type(error).__name__})"
        remedy = "Start the server, or correct host and port in DATABASE_URL."
    except (ValueError, asyncpg.InterfaceError):
        what, remedy = "That PostgreSQL address cannot be read", _CHECK_URL
    # Outside the handlers and without a cause: a driver's own words may repeat the address, password and all.
    raise CannotOpen(what, _without_credentials(url), remedy)


async def _postgres_revision(url: str) -> str | None:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        revision: str | None = await connection.fetchval(_VERSION)
        return revision
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()


def _refuse_to_go_back(revision: str | None, wanted: str, where: str, knows: Callable[[str], bool]) -> None:
    if revision is None:
        return
    if not knows(revision):
        what = f"A newer Earshot made its tables (revision {revision[:40]})"
        raise CannotOpen(what, where, "Run that version, or restore a backup from before the upgrade.")
    if wanted != HEAD:
        what = f"It has tables of revision {revision} already, and revision {wanted} is needed"
        raise CannotOpen(what, where, "Name a database without tables in DATABASE_URL.")


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"postgresql://{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        return "the address in DATABASE_URL"
