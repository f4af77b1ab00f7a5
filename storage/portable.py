"""Every table as of one moment, and the way back into an empty database: the same values on either engine.

Both sides block, for a worker thread: `snapshot` reads beside a running server without holding it up, `filling` is one
transaction, so that all of it is there in the end or nothing.
"""

# ruff: noqa: S608 - the names put into SQL are checked to be plain ones

import asyncio
import re
import sqlite3
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import asyncpg
from msgspec import Struct

from storage import postgres, sqlite
from storage.database import sqlite_path
from storage.errors import Unavailable
from storage.postgres import CONNECT_SECONDS, PostgresDatabase
from storage.script import Database, Row, Script
from storage.sqlite import SqliteDatabase, connect_to_read, connect_to_write

T = TypeVar("T")
SLICE: Final = 2_000
HEAVY_SLICE: Final = 50
"""Rows read at once from a table with bytes in it: a voice note is some hundreds of kilobytes."""
_POSTGRES_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
# But for SQLite's own, such as the last number that each table gave.
_SQLITE_TABLES: Final = r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'"
_PLAIN = re.compile(r"[a-z][a-z_]{0,62}").fullmatch
Values: TypeAlias = Sequence[Any]


class Kind(StrEnum):
    """What a column holds, and so how it is written: bytes as base64, truth as true or false."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    TRUTH = "truth"
    BYTES = "bytes"


class Column(Struct, frozen=True):
    """One column."""

    name: str
    kind: Kind


class Table(Struct, frozen=True):
    """One table and its columns, in the order of the values in each row. `numbered`: the engine gives its ids."""

    name: str
    columns: tuple[Column, ...]
    numbered: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the names may stand in SQL as they are."""
        return all(_PLAIN(name) for name in (self.name, *(column.name for column in self.columns)))

    @property
    def slice(self) -> int:
        """How many rows to hold in memory at once."""
        return HEAVY_SLICE if any(column.kind is Kind.BYTES for column in self.columns) else SLICE


class NotEmpty(Exception):
    """The database that was to be filled holds something already: this table."""


class Misfit(Exception):
    """The rows do not fit the tables: a name that is not there, a value of another kind, a reference to nothing."""


class Snapshot(Protocol):
    """A database as of one moment."""

    def rows(self, table: Table) -> Iterator[list[Values]]:
        """Yield a table's rows in slices."""
        ...

    def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only fetches, as of the same moment."""
        ...


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """Open every table as of one moment, while others go on writing. Raises Unavailable."""
    if isinstance(database, SqliteDatabase):
        connection = connect_to_read(database.path)
        try:
            connection.execute("BEGIN")
            yield _SqliteSnapshot(connection)
        finally:
            connection.close()
        return
    assert isinstance(database, PostgresDatabase)
    with _connected(database.dsn) as (runner, pg):
        transaction = pg.transaction(isolation="repeatable_read", readonly=True)
        runner.run(transaction.start())
        yield _PostgresSnapshot(runner, pg)


def _select(table: Table) -> str:
    return f"SELECT {', '.join(column.name for column in table.columns)} FROM {table.name}"


class _SqliteSnapshot:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("SELECT 1 FROM alembic_version")  # the moment: SQLite's snapshot begins with the first look

    def rows(self, table: Table) -> Iterator[list[Values]]:
        cursor = self._connection.execute(_select(table))
        truths = [place for place, column in enumerate(table.columns) if column.kind is Kind.TRUTH]
        while found := cursor.fetchmany(table.slice):
            yield [_with_truths(row, truths) for row in found] if truths else found

    def run(self, script: Callable[[], Script[T]]) -> T:
        return sqlite.play(self._connection, script())


def _with_truths(row: Row, truths: Sequence[int]) -> Values:
    values = list(row)
    for place in truths:
        values[place] = bool(values[place])
    return values


class _PostgresSnapshot:
    def __init__(self, runner: asyncio.Runner, connection: "asyncpg.Connection") -> None:
        self._runner = runner
        self._connection = connection

    def rows(self, table: Table) -> Iterator[list[Values]]:
        cursor = self._runner.run(postgres.open_cursor(self._connection, _select(table), ()))
        while found := self._runner.run(cursor.fetch(table.slice)):
            yield [tuple(row) for row in found]

    def run(self, script: Callable[[], Script[T]]) -> T:
        return self._runner.run(postgres.play(self._connection, script()))


class Filling(Protocol):
    """An empty database, in the one transaction that fills it."""

    def fill(self, table: Table, slices: Iterable[Sequence[list[Any]]]) -> None:
        """Put rows into a table, as `Snapshot.rows` gave them and JSON gave them back. Raises Misfit, Unavailable."""
        ...

    def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in the same transaction."""
        ...


@contextmanager
def filling(url: str) -> Iterator[Filling]:
    """Open the transaction: it is committed at the end of the block, undone if that raises.

    The tables must be there already; nobody else writes to them meanwhile. Raises NotEmpty, Unavailable, Misfit.
    """
    path = sqlite_path(url)
    if path is not None:
        writer = connect_to_write(path)
        try:
            with _told_apart():
                writer.execute("BEGIN IMMEDIATE")
                names = [row[0] for row in writer.execute(_SQLITE_TABLES)]
                _refuse_rows(names, lambda sql: writer.execute(sql).fetchone() is not None)
            yield _SqliteFilling(writer)
            with _told_apart():
                writer.execute("COMMIT")
        finally:
            writer.close()  # what is not committed is undone
        return
    with _connected(url) as (runner, pg):
        transaction = pg.transaction()
        with _told_apart():
            runner.run(transaction.start())
            names = [row[0] for row in runner.run(pg.fetch(_POSTGRES_TABLES))]
            runner.run(pg.execute(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE"))
            _refuse_rows(names, lambda sql: runner.run(pg.fetchrow(sql)) is not None)
        yield _PostgresFilling(runner, pg)
        with _told_apart():
            runner.run(transaction.commit())


def _refuse_rows(names: Sequence[str], finds: Callable[[str], bool]) -> None:
    for name in names:
        if name != "alembic_version" and finds(f"SELECT 1 FROM {name} LIMIT 1"):
            raise NotEmpty(name)


class _SqliteFilling:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fill(self, table: Table, slices: Iterable[Sequence[list[Any]]]) -> None:
        places = ", ".join("?" for _ in table.columns)
        names = ", ".join(column.name for column in table.columns)
        insert = f"INSERT INTO {table.name} ({names}) VALUES ({places})"
        for rows in slices:
            with _told_apart():
                self._connection.executemany(insert, _with_bytes(table, rows))

    def run(self, script: Callable[[], Script[T]]) -> T:
        return sqlite.play(self._connection, script())


class _PostgresFilling:
    def __init__(self, runner: asyncio.Runner, connection: "asyncpg.Connection") -> None:
        self._runner = runner
        self._connection = connection

    def fill(self, table: Table, slices: Iterable[Sequence[list[Any]]]) -> None:
        names = [column.name for column in table.columns]
        for rows in slices:
            with _told_apart():
                copying = self._connection.copy_records_to_table(
                    table.name, records=_with_bytes(table, rows), columns=names
                )
                self._runner.run(copying)
        if table.numbered:  # the engine goes on counting after the highest id
            count_on = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
            self._runner.run(self._connection.execute(count_on))

    def run(self, script: Callable[[], Script[T]]) -> T:
        return self._runner.run(postgres.play(self._connection, script()))


def _with_bytes(table: Table, rows: Sequence[list[Any]]) -> Sequence[list[Any]]:
    """Turn base64 back into bytes. Raises Misfit for a row that is longer or shorter than the table is wide."""
    if any(len(row) != len(table.columns) for row in rows):
        raise Misfit(f"a row of {table.name} has not its width")
    bytes_at = [place for place, column in enumerate(table.columns) if column.kind is Kind.BYTES]
    for row in rows if bytes_at else ():
        for place in bytes_at:
            row[place] = None if row[place] is None else b64decode(row[place])
    return rows


_OURS = ("SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_RANGE")


@contextmanager
def _told_apart() -> Iterator[None]:
    """Tell rows that do not fit from an engine that cannot be used. Without a cause: its words may repeat a row."""
    try:
        yield
    except sqlite3.Error as error:
        if str(getattr(error, "sqlite_errorname", _OURS[0])).startswith(_OURS):
            raise Misfit(type(error).__name__) from None
        raise Unavailable(f"SQLite cannot be used just now: {error}.") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise Misfit(type(error).__name__) from None
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.SyntaxOrAccessError) as error:
        raise Misfit(type(error).__name__) from None
    except (*postgres.UNREACHABLE, asyncpg.PostgresError) as error:
        raise Unavailable(f"PostgreSQL cannot be used just now ({type(error).__name__}).") from None


@contextmanager
def _connected(dsn: str) -> Iterator["tuple[asyncio.Runner, asyncpg.Connection]"]:
    """Connect to PostgreSQL on an event loop of this thread's own. Raises Unavailable."""
    with asyncio.Runner() as runner:
        try:
            connection = runner.run(asyncpg.connect(dsn, timeout=CONNECT_SECONDS))
        except postgres.UNREACHABLE as error:
            raise Unavailable(f"PostgreSQL cannot be reached just now ({type(error).__name__}).") from None
        try:
            yield runner, connection
        finally:
            runner.run(connection.close())
