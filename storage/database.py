"""Open a database by its URL and bring it to this program's schema. `storage.script.Database` says what one can do."""

import asyncio
import errno
import re
import shutil
import sqlite3
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from storage.errors import CannotOpen
from storage.postgres import CONNECT_SECONDS, PostgresDatabase
from storage.script import Database
from storage.sqlite import SqliteDatabase, connect_to_write

# The newest revision in storage/migrations. Here too, because finding it there costs a second of CPU at every start.
HEAD = "0010"

_VERSION = "SELECT version_num FROM alembic_version"
_OF_A_FULL_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")
# With less free than this, what SQLite calls an I/O error is a full disk: it needs 32 KiB at once beside the file.
_HARDLY_ROOM = 64 * 1024
_ESCAPE = "In a user or password, write %40 for @, %2F for /, %3A for :, %3F for ?, %23 for #, and %25 for %."
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
        _refuse_cut_short(url)
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
        if str(getattr(error, "sqlite_errorname", "")).startswith(_OF_A_FULL_DISK):
            _refuse_full_disk(path, error)
        remedy = "Choose another file, or restore this one from a backup; if another program holds it, stop that."
        raise CannotOpen(f"SQLite cannot use it: {error}", _named(path), remedy) from error


def _refuse_full_disk(path: Path, error: Exception) -> None:
    """Say that the disk is full, if it is: SQLite may call that an I/O error. Raises CannotOpen."""
    free = shutil.disk_usage(path.absolute().parent).free
    if free < _HARDLY_ROOM or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        what = f"The disk is full: {free / 1024:,.0f} KB are free"
        remedy = f"Make room on it, and start again. Never delete {path.name}-wal: it holds the newest answers."
        raise CannotOpen(what, _named(path), remedy) from error


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
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _refuse_full_disk(path, error)
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
        remedy = "Make the user the owner of the database, and GRANT CREATE ON SCHEMA public to it."
    except (asyncpg.UndefinedObjectError, asyncpg.InvalidParameterValueError, asyncpg.CantChangeRuntimeParamError):
        what = f"PostgreSQL does not take an option of that address, one of: {_options(url)}"
        remedy = "Correct in DATABASE_URL what stands behind the ?, such as sslmode=require."
    except asyncpg.DiskFullError:
        what, remedy = "The disk of PostgreSQL is full", "Make room on it."
    except ssl.SSLError as error:
        what = f"The server's TLS is not accepted ({type(error).__name__})"
        remedy = "Name the certificate of its authority in DATABASE_URL, as sslrootcert=FILE, or correct sslmode."
    except ConnectionError as error:
        what, remedy = _without_answer(error)
        if "rejected SSL" in str(error):
            what = "The server offers no TLS, and sslmode in that address asks for it"
            remedy = "Turn TLS on at the server. Take sslmode out of DATABASE_URL only where nobody else is on the way."
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
        what, remedy = _without_answer(error)
    except (ValueError, asyncpg.InterfaceError):
        what, remedy = "That PostgreSQL address cannot be read", f"{_CHECK_URL} {_ESCAPE}"
    # Outside the handlers and without a cause: a driver's own words may repeat the address, password and all.
    raise CannotOpen(what, _without_credentials(url), remedy)


def _without_answer(error: Exception) -> tuple[str, str]:
    what = f"PostgreSQL does not answer ({type(error).__name__})"
    return what, "Start the server, or correct host and port in DATABASE_URL."


def _options(url: str) -> str:
    """Name the options of an address, without what they are set to."""
    return ", ".join(parse_qs(urlsplit(url).query, keep_blank_values=True)) or "none"


async def _postgres_revision(url: str) -> str | None:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        if (encoding := connection.get_settings().server_encoding) != "UTF8":
            what = f"That database keeps text as {encoding}, which has no letters for most of our languages"
            remedy = "Create another, with ENCODING 'UTF8' and TEMPLATE template0, and name that in DATABASE_URL."
            raise CannotOpen(what, _without_credentials(url), remedy)
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


def _refuse_cut_short(url: str) -> None:
    """Refuse an address whose user or password holds a character that ends it there. Raises CannotOpen."""
    whole = url.partition("://")[2]
    server, path, options = re.fullmatch(r"([^/?#]*)([^?#]*)(.*)", whole, re.DOTALL).groups()  # type: ignore[union-attr]
    if server.count("@") > 1 or "@" in path or ("@" in options and "@" not in server):
        what = "The user or password in that PostgreSQL address holds a character that ends it there"
        raise CannotOpen(what, _without_credentials(url), _ESCAPE)


def _without_credentials(url: str) -> str:
    """Name an address by what stands behind its last @, where that is no option: one may be a password too."""
    before, found, rest = url.partition("://")[2].rpartition("@")
    rest = re.split("[?#]", rest)[0]
    if re.search("[?#]", before) or not (found or re.fullmatch(r"[^:/]*(:\d+)?(/.*)?", rest)):
        return "the address in DATABASE_URL"
    return f"postgresql://{rest}"
