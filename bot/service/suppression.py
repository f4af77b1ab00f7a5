"""The suppression ledger: who said STOP or START, and whom we erased, in a file outside the database.

A restored backup knows nothing of what was said after it; this file does. One JSON object a line, appended and on disk
within seconds of the commit, by the server or by the command that did it; an address is named by its keyed HMAC alone.
The database is the source: whatever the file lacks is added at the next start, and what the database lacks shows that
it is older than the file, so that it is held and brought up to date before anything is sent.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

import msgspec
import structlog

from storage import events, installation, ledger
from storage.ledger import Entry, Event, What
from storage.script import Database, Script

log = structlog.get_logger()

DAY_MS: Final = 24 * 60 * 60 * 1000
ERASURES_KEPT_MS: Final = 90 * DAY_MS
"""A backup that is older than this must not be restored: those whom we erased since are forgotten too."""

# On PostgreSQL a row may become visible after one with a higher id.
_LOOK_BACK: Final = 500
_VERSION: Final = 1
_PIECE: Final = 4096
_BEGINNING: Final = b'{"suppression_ledger":'
"""With this every ledger of ours begins."""
_line = msgspec.json.Encoder().encode
_read_entry = msgspec.json.Decoder(Entry).decode


class LedgerProblem(Exception):
    """The ledger cannot be used as it is. The message says which file, why, and what to do."""


class _Head(msgspec.Struct):
    """The file's first line: whose ledger it is."""

    suppression_ledger: int
    database: str


@dataclass(frozen=True, slots=True)
class Book:
    """What a ledger holds. `is_torn`: its last line was cut off, as by a power cut."""

    database: str
    entries: tuple[Entry, ...]
    is_torn: bool = False


class Ledger:
    """The file. Several processes of one machine may share it. Raises LedgerProblem."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[int, int] | None = None  # the file that we read or wrote last, and how far

    def read(self) -> Book | None:
        """Read all of it, each entry once; None where there is no file."""
        try:
            self._refuse_no_file(self.path)
            with self.path.open("rb") as file:
                self._refuse_foreign(file, self.path)
                text = file.read()
                self._known = _number(file), text.rfind(b"\n") + 1
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self._unusable(problem) from None
        return self._understood(text)

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries at the end, without those that others have added since we read it; return once they are there."""
        with self._locked() as file:
            end = _end_of_lines(file)
            if not end:
                raise self._no_ledger(self.path)  # emptied since it was read: `catch_up` writes the whole anew
            there = self._added_by_others(file, end)
            file.seek(end)
            file.truncate()  # another process may have died in the middle of a line
            file.write(b"".join(_line(entry) + b"\n" for entry in entries if entry.event not in there))
            file.flush()
            os.fsync(file.fileno())
            self._known = _number(file), file.tell()

    def replace(self, database: str, entries: Sequence[Entry], seen: Iterable[Entry]) -> None:
        """Write the file anew in one move. What was added by others after `seen` was read stays."""
        try:
            self.path.touch(mode=0o600)
        except OSError as problem:
            raise self._unusable(problem) from None
        with self._locked() as file:
            there = self._understood(file.read())
            known = {entry.event for entry in (*seen, *entries)}
            added = [entry for entry in there.entries if entry.event not in known] if there else []
            lines = [_line(_Head(_VERSION, database)), *map(_line, [*entries, *added])]
            beside = self.path.with_name(f"{self.path.name}.new")
            beside.touch(mode=0o600)
            with beside.open("r+b") as new:
                self._refuse_foreign(new, beside)
                new.truncate()
                new.write(b"\n".join(lines) + b"\n")
                new.flush()
                os.fsync(new.fileno())
                self._known = _number(new), new.tell()
            beside.replace(self.path)
            sync_folder(self.path.parent)

    def set_aside(self, database: str) -> Path:
        """Keep another database's ledger under another name, and say which: whoever restores that one needs it."""
        aside = self.path.with_name(f"{self.path.stem}-{database[:8]}{self.path.suffix}")
        number = 1
        try:
            while aside.exists():  # an earlier one of that database may know more
                number += 1
                aside = self.path.with_name(f"{self.path.stem}-{database[:8]}-{number}{self.path.suffix}")
            self.path.rename(aside)
        except OSError as problem:
            raise self._unusable(problem) from None
        return aside

    def _understood(self, text: bytes) -> Book | None:
        whole, newline, rest = text.rpartition(b"\n")
        if not newline:
            return None  # made, and cut off before the first line was whole
        try:
            first, *lines = whole.split(b"\n")
            head = msgspec.json.decode(first, type=_Head)
            entries = {entry.event: entry for entry in map(_read_entry, lines)}
        except msgspec.MsgspecError:
            raise self._no_ledger(self.path) from None
        if not head.database.isalnum():  # it becomes part of a file's name
            raise self._no_ledger(self.path)
        return Book(head.database, tuple(entries.values()), is_torn=bool(rest))

    def _added_by_others(self, file: BinaryIO, end: int) -> set[Event]:
        """Give what stands in the file beyond what we know of it. A file we know nothing of is not read through."""
        known, start = self._known or (_number(file), end)
        if known != _number(file) or start > end:
            start = 0  # another process has written it anew
        file.seek(start)
        found = set()
        for line in file.read(end - start).splitlines():
            with contextlib.suppress(msgspec.MsgspecError):  # the first line, or a part: an entry twice counts once
                found.add(_read_entry(line).event)
        return found

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """Open the file while no other process writes to it, nor puts another in its place."""
        import fcntl  # only now: it is not there on every system that can run the demo

        try:
            self._refuse_no_file(self.path)
            while True:
                with self.path.open("r+b") as file:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    if os.fstat(file.fileno()).st_ino == self.path.stat().st_ino:
                        self._refuse_foreign(file, self.path)
                        yield file
                        return
        except OSError as problem:
            raise self._unusable(problem) from None

    def _refuse_no_file(self, path: Path) -> None:
        if path.exists() and not path.is_file():  # /dev/null is none, and would be replaced by one
            raise self._no_ledger(path)

    def _refuse_foreign(self, file: BinaryIO, path: Path) -> None:
        """Refuse a file that does not begin as a ledger does, be it the whole of it or what was on disk in time."""
        start = file.read(len(_BEGINNING))
        file.seek(0)
        if not _BEGINNING.startswith(start):
            raise self._no_ledger(path)

    def _no_ledger(self, path: Path) -> LedgerProblem:
        return LedgerProblem(
            f"{path} is no suppression ledger, or was changed by hand, so nothing is written to it. Name another file "
            "in SUPPRESSION_LEDGER, or move this one away."
        )

    def _unusable(self, problem: OSError) -> LedgerProblem:
        remedy = "Correct SUPPRESSION_LEDGER, or the rights to that file and its folder."
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "Make room on that disk."
        return LedgerProblem(f"The suppression ledger {self.path} cannot be used ({problem.strerror}). {remedy}")


def _number(file: BinaryIO) -> int:
    """Give the file's number, which another that takes its place does not have."""
    return os.fstat(file.fileno()).st_ino


def _end_of_lines(file: BinaryIO) -> int:
    """Say where the last whole line ends. Read from the end, since a ledger only grows."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _PIECE)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def sync_folder(folder: Path) -> None:
    """Have the disk keep which files a folder holds."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network drives know no such thing
            os.fsync(opened)
    finally:
        os.close(opened)


class Keeper:
    """Keeps one ledger level with one database."""

    def __init__(self, database: Database, path: Path, *, now: Callable[[], int]) -> None:
        """Take the parts; `now` gives epoch milliseconds UTC."""
        self._database = database
        self._ledger = Ledger(path)
        self._now = now
        self._last: dict[bool, int] = {}
        self._seen: set[tuple[bool, int]] = set()
        self._caught_up_at = 0

    async def catch_up(self) -> int:
        """Bring file and database level, before anything is sent; say how many entries the database lacked.

        If it lacked any, it is older than the file: it has been restored, and is held (`bot.service.resuming`).
        """
        now = self._now()
        book = await asyncio.to_thread(self._ledger.read)
        identity = await own_name(self._database)
        if book is not None and book.database != identity:
            aside = await asyncio.to_thread(self._ledger.set_aside, book.database)
            log.error("ledger_of_another_database_set_aside", file=str(aside))
            book = None
        await forget_old_erasures(self._database, now)
        lines = book.entries if book else ()
        lacking = await lacking_of(self._database, lines, now - ERASURES_KEPT_MS)
        if lacking:
            log.warning("database_is_older_than_its_ledger", entries=len(lacking))
            await self._database.run(lambda: self._hold(lacking, now))
        entries = await self._database.read(ledger.entries)
        known = {entry.event for entry in entries}
        as_written = {line.event: line for line in lines}  # with the key of its own time
        wanted = [as_written.get(entry.event, entry) for entry in entries]
        wanted += [entry for entry in lacking if entry.event not in known]
        if book is None or book.is_torn or {e.event for e in wanted} != {e.event for e in lines}:
            await asyncio.to_thread(self._ledger.replace, identity, wanted, lines)
        self._last, self._seen = {}, set()
        self._note(entries)
        self._caught_up_at = now
        return len(lacking)

    async def keep(self) -> int:
        """Write down what is new; say how many entries. Once a day the whole is compared. Raises LedgerProblem."""
        if self._now() - self._caught_up_at > DAY_MS:
            await self.catch_up()
        back = _LOOK_BACK if self._database.is_postgres else 0
        after = [max(0, self._last.get(is_erasure, 0) - back) for is_erasure in (False, True)]
        found = await self._database.read(lambda: ledger.entries(*after))
        new = [entry for entry in found if _place(entry) not in self._seen]
        if new:
            await asyncio.to_thread(self._ledger.append, new)
            self._note(new)
        return len(new)

    def _hold(self, lacking: Sequence[Entry], now: int) -> Script[None]:
        """Treat a database that was brought back without `restore` as one that was restored."""
        if (yield from ledger.held()) is None:
            yield from events.begin_again(now, is_postgres=self._database.is_postgres)
        yield from ledger.hold(lacking, now)

    def _note(self, entries: Sequence[Entry]) -> None:
        for is_erasure, id in map(_place, entries):
            self._last[is_erasure] = max(id, self._last.get(is_erasure, 0))
            self._seen.add((is_erasure, id))
        self._seen = {place for place in self._seen if place[1] > self._last[place[0]] - _LOOK_BACK}


async def write_down(database: Database, path: Path) -> None:
    """Add to the file what it lacks of the database, for a command: a server may run beside it. Raises LedgerProblem.

    The ledger of another database is left where it is, since that one's server may be writing to it.
    """
    file = Ledger(path)
    book = await asyncio.to_thread(file.read)
    identity = await own_name(database)
    if book is not None and book.database != identity:
        raise LedgerProblem(f"The suppression ledger {path} belongs to another database. Correct SUPPRESSION_LEDGER.")
    known = {entry.event for entry in book.entries} if book else set()
    lacking = [entry for entry in await database.read(ledger.entries) if entry.event not in known]
    if book is None:
        await asyncio.to_thread(file.replace, identity, lacking, ())
    elif lacking:
        await asyncio.to_thread(file.append, lacking)


def _place(entry: Entry) -> tuple[bool, int]:
    return entry.what is What.ERASED, entry.id


async def lacking_of(database: Database, lines: Sequence[Entry], forgotten_before: int) -> list[Entry]:
    """Find what stands in a ledger and not in the database, without what the database let go of."""
    known = {entry.event for entry in await database.read(ledger.entries)}
    lacking = [entry for entry in lines if entry.event not in known]
    gone = await database.read(lambda: ledger.let_go(lacking))
    return [
        entry
        for entry in lacking
        if (entry.at >= forgotten_before if entry.what is What.ERASED else entry.id not in gone)
    ]


async def forget_old_erasures(database: Database, now: int) -> int:
    """Forget whom we erased longer ago than any backup may be old; say how many entries went."""
    return await database.run(lambda: ledger.forget_erasures(now - ERASURES_KEPT_MS))


async def own_name(database: Database) -> str:
    """Give the name by which a ledger knows this database, also after a restore; the first time, it gets one."""
    new = uuid4().hex
    return await database.run(lambda: installation.named_or(new))
