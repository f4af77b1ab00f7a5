"""SQLite: one thread owns the only writing connection and commits many scripts at once; readers have their own.

BEGIN to COMMIT never runs on the event loop. A script that fails is rolled back alone: the first of a group with the
group, which then has no other, and a later one to its savepoint.
"""

import asyncio
import contextlib
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from storage.errors import Unavailable
from storage.installation import try_to_write
from storage.script import Fetch, Many, Params, Row, Rows, Run, Script, Statement
from storage.sql import for_sqlite
from storage.turns import Busy

T = TypeVar("T")

QUEUE_LIMIT = 1_000
READERS = 4
# Rows of a stream can be whole responses: a small slice and a small cache keep an export of any size at a few MB.
SLICE = 200
STREAM_CACHE_KIB = 2_048
# Pages in memory: the turns' own go through the writer. What readers leave out, the system's own cache has.
WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 2_048
# How long a statement waits for another process's lock.
BUSY_SECONDS = 10
# A transaction takes in no further script after this long, so that nobody waits for many slow neighbours.
GROUP_SECONDS = 0.02

# A batch of turns writes the same pages again and again: moved into the file at each 1,000 (SQLite's default), they
# cost as much as the turns' own statements. 10,000 pages are 40 MB of log.
CHECKPOINT_PAGES = 10_000

# With less than this free, few turns can be written; with nothing free, one may be, where the log has room of its own.
HARDLY_ROOM = 4 * 4_096

# What the disk or the file does to us, as against what a statement of ours does wrong.
_UNAVAILABLE = (
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_PROTOCOL",
)


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open the writing connection, in the journal mode and with the durability that an accepted answer needs."""
    with contextlib.suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)  # it holds what residents said; its log takes on the same rights
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1_000}")
        _keep_a_log(connection)
        # FULL, because once a provider has its 200 it will not send that answer again.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        # From the first write on, or what a resident has deleted stays in the file's free pages.
        connection.execute("PRAGMA secure_delete = ON")
        _make_room(connection, WRITER_CACHE_KIB)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot write, whatever it is asked."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1_000}")
    _make_room(connection, READER_CACHE_KIB)
    return connection


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Set the journal mode. SQLite does not wait where two connections change it at once, so we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _make_room(connection: sqlite3.Connection, cache_kib: int) -> None:
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    connection.execute("PRAGMA temp_store = MEMORY")


@dataclass(slots=True)
class _Job:
    """A script in the queue, and who waits for it."""

    script: Callable[[], Script[Any]]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


class SqliteDatabase:
    """One SQLite file, opened and migrated. Made by `open_database`, used on the event loop that opened it."""

    is_postgres = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._writer = connect_to_write(path)
        self._jobs: queue.Queue[_Job | None] = queue.Queue(QUEUE_LIMIT)
        self._closed = False
        self._refused = False
        self._idle_readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._thread = threading.Thread(target=self._write_for_ever, name="sqlite-write", daemon=True)
        self._thread.start()

    async def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in one writing transaction, shared with others that wait. Raises Busy, Unavailable."""
        if self._closed:
            raise Unavailable("The database is closed.")
        job = _Job(script, self._loop.create_future())
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise Busy(f"{QUEUE_LIMIT} writes are waiting for the database.") from None
        result: T = await job.future
        return result

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only fetches, on a thread and a connection of its own."""
        if self._closed:
            raise Unavailable("The database is closed.")
        return await self._loop.run_in_executor(self._reading, self._read, script)

    async def check(self) -> None:
        """Raise Unavailable where nothing can be written just now. Writes a page only if in doubt, or its log grows."""
        in_doubt = self._refused or shutil.disk_usage(self.path.absolute().parent).free < HARDLY_ROOM
        self._refused = False
        await self.run(lambda: try_to_write(in_doubt=in_doubt))

    @contextmanager
    def stream(self, sql: str, params: Params | None = None) -> Iterator[Iterator[Sequence[Row]]]:
        """Read a large result in slices. Blocks: for a worker thread."""
        statement = for_sqlite(sql)
        connection = connect_to_read(self.path)
        connection.execute(f"PRAGMA cache_size = -{STREAM_CACHE_KIB}")
        try:
            cursor = connection.execute(statement.text, statement.values(params or {}))
            yield iter(lambda: cursor.fetchmany(SLICE), [])
        finally:
            connection.close()

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._reading.shutdown)
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle_readers.get_nowait().close()
        # The writer goes last: only the last connection moves the log into the file, and a reader cannot.
        await asyncio.to_thread(self._jobs.put, None)
        await asyncio.to_thread(self._thread.join)

    def _read(self, script: Callable[[], Script[T]]) -> T:
        try:
            connection = self._idle_readers.get_nowait()
        except queue.Empty:
            connection = connect_to_read(self.path)
        try:
            connection.execute("BEGIN")
            try:
                return play(connection, script())
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _named(error) from error
        finally:
            self._idle_readers.put(connection)

    def _write_for_ever(self) -> None:
        try:
            while job := self._jobs.get():
                done, last = self._write_group(job)
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    self._loop.call_soon_threadsafe(_tell, done)
                if last:
                    return
        finally:
            self._writer.close()

    def _write_group(self, job: _Job) -> tuple[list[_Job], bool]:
        """Run this job, and those that wait behind it, in one transaction; say whether the end was among them."""
        group = [job]
        last = False
        writer = self._writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + GROUP_SECONDS
            # No other's work stands before the first. A savepoint would copy every page that it changes.
            job.result = play(writer, job.script())
            with contextlib.suppress(queue.Empty):
                while time.monotonic() < until:
                    following = self._jobs.get_nowait()
                    if following is None:
                        last = True
                        break
                    group.append(following)
                    self._write_in_savepoint(following)
            writer.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if len(group) == 1:
                job.error = self._refusal(error)
            else:
                for each in group:
                    self._write_alone(each)
        return group, last

    def _write_in_savepoint(self, job: _Job) -> None:
        writer = self._writer
        writer.execute("SAVEPOINT script")
        try:
            job.result = play(writer, job.script())
        except BaseException as error:
            job.error = self._refusal(error)
            # Raises when SQLite has already rolled everything back (a full disk): then the group is run again singly.
            writer.execute("ROLLBACK TO script")
        writer.execute("RELEASE script")

    def _write_alone(self, job: _Job) -> None:
        job.result = job.error = None
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            job.result = play(self._writer, job.script())
            self._writer.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            job.error = self._refusal(error)

    def _refusal(self, error: BaseException) -> BaseException:
        named = _named(error)
        self._refused = self._refused or isinstance(named, Unavailable)
        return named

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")


def play(connection: sqlite3.Connection, script: Script[T]) -> T:
    """Run a script's statements on a connection, inside a transaction that the caller holds."""
    try:
        statement = next(script)
        while True:
            statement = script.send(_run(connection, statement))
    except StopIteration as end:
        result: T = end.value
        return result


def _run(connection: sqlite3.Connection, statement: Statement) -> Rows:
    translated = for_sqlite(statement.sql)
    match statement:
        case Fetch():
            return Rows(connection.execute(translated.text, translated.values(statement.params)).fetchall())
        case Run():
            cursor = connection.execute(translated.text, translated.values(statement.params))
            rows = cursor.fetchall() if translated.returns_rows else ()
            return Rows(rows, len(rows) if translated.returns_rows else cursor.rowcount)
        case Many():
            connection.executemany(translated.text, map(translated.values, statement.rows))
            return Rows()


def _named(error: BaseException) -> BaseException:
    """Tell the engine's own trouble from a statement's."""
    if isinstance(error, sqlite3.Error) and str(getattr(error, "sqlite_errorname", "")).startswith(_UNAVAILABLE):
        named = Unavailable(f"SQLite cannot be used just now: {error}.")
        named.__cause__ = error
        return named
    return error


def _tell(done: list[_Job]) -> None:
    for job in done:
        if job.future.done():
            continue  # its caller was cancelled and has gone
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
