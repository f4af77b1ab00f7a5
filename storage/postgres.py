"""PostgreSQL through asyncpg, for when one machine is outgrown: several processes over one database."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from storage.errors import Unavailable
from storage.installation import try_to_write
from storage.script import Fetch, Many, Params, Row, Rows, Run, Script, Statement
from storage.sql import for_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")

WRITERS = 8
READERS = 4
SLICE = 200
TRIES = 10
CONNECT_SECONDS = 10.0

# Writes go by key. A plan made while a table was new would read all of it, and be kept until the first ANALYZE.
_WRITING = {"enable_seqscan": "off", "jit": "off"}

# Rolled back by the server because two transactions met: the script is run again from its start.
_MET_ANOTHER = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg's word for a connection that ends while it is made
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
)


class PostgresDatabase:
    """One PostgreSQL database, opened and migrated. Made by `open_database`."""

    is_postgres = True

    def __init__(self, dsn: str, writing: "asyncpg.Pool", reading: "asyncpg.Pool") -> None:
        self.dsn = dsn
        self._writing = writing
        self._reading = reading
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._refused = False

    @classmethod
    async def connect(cls, dsn: str) -> "PostgresDatabase":
        """Open the pools. Raises what asyncpg raises; `open_database` says it in words."""
        writing = await asyncpg.create_pool(
            dsn, min_size=1, max_size=WRITERS, timeout=CONNECT_SECONDS, server_settings=_WRITING
        )
        return cls(dsn, writing, await asyncpg.create_pool(dsn, min_size=0, max_size=READERS, timeout=CONNECT_SECONDS))

    async def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in one writing transaction, again from its start if it met another. Raises Unavailable."""
        for left in reversed(range(TRIES)):
            try:
                async with self._connected(self._writing) as connection, connection.transaction():
                    return await play(connection, script())
            except _MET_ANOTHER:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only fetches, on one snapshot."""
        async with (
            self._connected(self._reading) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await play(connection, script())

    async def check(self) -> None:
        """Raise Unavailable where nothing can be written just now. Writes, and changes nothing, only if in doubt."""
        in_doubt, self._refused = self._refused, False
        await self.run(lambda: try_to_write(in_doubt=in_doubt))

    @contextmanager
    def stream(self, sql: str, params: Params | None = None) -> Iterator[Iterator[Sequence[Row]]]:
        """Read a large result through a server-side cursor. Blocks, on a loop of its own: for a worker thread."""
        statement = for_postgres(sql)
        with asyncio.Runner() as runner:
            try:
                connection = runner.run(asyncpg.connect(self.dsn, timeout=CONNECT_SECONDS))
            except UNREACHABLE as error:
                raise Unavailable(f"PostgreSQL cannot be reached just now ({type(error).__name__}).") from error
            try:
                transaction = connection.transaction(isolation="repeatable_read", readonly=True)
                runner.run(transaction.start())
                cursor = runner.run(open_cursor(connection, statement.text, statement.values(params or {})))
                yield iter(lambda: [tuple(row) for row in runner.run(cursor.fetch(SLICE))], [])
            finally:
                runner.run(connection.close())

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        self._closed = True
        await self._idle.wait()
        await self._writing.close()
        await self._reading.close()

    @asynccontextmanager
    async def _connected(self, pool: "asyncpg.Pool") -> "AsyncIterator[asyncpg.Connection]":
        if self._closed:
            raise Unavailable("The database is closed.")
        self._under_way += 1
        self._idle.clear()
        try:
            async with pool.acquire() as connection:
                yield connection
        except UNREACHABLE as error:
            if isinstance(error, ValueError):  # asyncpg's word for a parameter of the wrong type: our mistake
                raise
            self._refused = True
            trouble = "its disk is full" if isinstance(error, asyncpg.DiskFullError) else type(error).__name__
            raise Unavailable(f"PostgreSQL cannot be used just now ({trouble}).") from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()


async def open_cursor(connection: "asyncpg.Connection", sql: str, values: Sequence[object]) -> "asyncpg.cursor.Cursor":
    """Open a server-side cursor, inside a transaction that the caller holds."""
    return await connection.cursor(sql, *values)


async def play(connection: "asyncpg.Connection", script: Script[T]) -> T:
    """Run a script's statements on a connection, inside a transaction that the caller holds."""
    try:
        statement = next(script)
        while True:
            statement = script.send(await _run(connection, statement))
    except StopIteration as end:
        result: T = end.value
        return result


async def _run(connection: "asyncpg.Connection", statement: Statement) -> Rows:
    translated = for_postgres(statement.sql)
    match statement:
        case Fetch():
            records = await connection.fetch(translated.text, *translated.values(statement.params))
            return Rows([tuple(record) for record in records])
        case Run() if translated.returns_rows:
            records = await connection.fetch(translated.text, *translated.values(statement.params))
            return Rows([tuple(record) for record in records], len(records))
        case Run():
            status = await connection.execute(translated.text, *translated.values(statement.params))
            count = status.rpartition(" ")[2]  # "UPDATE 3"
            return Rows((), int(count) if count.isdecimal() else 0)
        case Many():
            if statement.rows:
                await connection.executemany(translated.text, [translated.values(row) for row in statement.rows])
            return Rows()
