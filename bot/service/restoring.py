"""Restore a backup into an empty database: all of it or nothing, and what was said since is not forgotten.

Afterwards the database is held: nothing is sent until `bot.service.resuming` has asked the provider. Whom we erased
since the backup is erased again at once, by the ledger outside the database; STOPs and STARTs hold before anything is
sent.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from bot.service.backup import Archive, BackupRefused, Manifest
from bot.service.suppression import ERASURES_KEPT_MS, Book, Ledger, lacking_of
from storage import events, ledger
from storage.database import HEAD, bring_to, open_database, sqlite_path
from storage.errors import Unavailable
from storage.ledger import Entry, What
from storage.portable import Filling, Misfit, NotEmpty, filling
from storage.script import Script
from storage.scrubbing import scrub
from storage.staff import note

log = structlog.get_logger()

_WITHOUT: Final = "or restore with --without-ledger, and know that whom it names may be written to again."


class Restored(Struct, frozen=True):
    """What was restored: rows, as of when (epoch milliseconds UTC), and what the ledger had that the backup had not.

    `used_ledger` is False where none was to be used.
    """

    rows: int
    made_at: int
    erased: int
    stops_and_starts: int
    used_ledger: bool

    def __str__(self) -> str:
        """Say it, and what happens next."""
        made = datetime.fromtimestamp(self.made_at / 1000, UTC)
        since = f"From the ledger: {self.erased} erased again, {self.stops_and_starts} STOP or START."
        if not self.used_ledger:
            since = (
                "WARNING: no suppression ledger was used. Whoever said STOP or was erased since the backup is known "
                "only where the provider still has the text."
            )
        return (
            f"Restored {self.rows:,} rows as of {made:%d %B %Y %H:%M} UTC.\n{since}\n"
            "Nothing is sent yet. Run `serve`: it asks the provider what came and went since, then goes on. "
            "Run `doctor` beside it, and `retention --apply` afterwards."
        )


async def restore(
    url: str, file: Path, ledger_path: Path | None, *, without_ledger: bool, who: str, now: int
) -> Restored:
    """Fill an empty database from a backup. Raises BackupRefused, LedgerProblem, CannotOpen, Unavailable.

    `without_ledger` uses no ledger, and is the only way on where there is none or where it cannot serve. `now` is epoch
    milliseconds UTC.
    """
    archive = await asyncio.to_thread(Archive, file)
    try:
        manifest = archive.manifest
        has_events = _has_events(archive)
        _refuse_unknown(manifest, file)
        book = None
        if not without_ledger:
            book = await asyncio.to_thread(_read_ledger, ledger_path)
            _refuse_forgetting(manifest, book, ledger_path, now)
        await bring_to(url, manifest.revision)
        await asyncio.to_thread(_fill, url, archive, book, who, now)
    finally:
        archive.close()
    erased, waiting = await _bring_in(url, book.entries if book else (), now, begins_again=not has_events)
    return Restored(manifest.rows, manifest.made_at, erased, waiting, used_ledger=book is not None)


def _refuse_unknown(manifest: Manifest, file: Path) -> None:
    if manifest.revision == HEAD:
        from storage.carried import tables  # only now: SQLAlchemy takes memory that a server need not hold

        known = {table.name: set(table.columns) for table in tables()}
        if all(set(part.table.columns) == known.get(part.table.name) for part in manifest.parts):
            return
        raise BackupRefused(f"{file} names tables or columns that revision {HEAD} does not have. Use another backup.")
    from storage import migrating  # only now: it costs a second of CPU

    if not migrating.knows(manifest.revision):
        raise BackupRefused(f"{file} was made by a newer Earshot. Restore it with that version.")


def _read_ledger(path: Path | None) -> Book:
    """Read the ledger. Without one, nobody would know who said STOP or was erased since the backup."""
    if path is None:
        raise BackupRefused(f"No suppression ledger is named. Name the old one in SUPPRESSION_LEDGER, {_WITHOUT}")
    book = Ledger(path).read()
    if book is None:
        raise BackupRefused(
            f"There is no suppression ledger at {path.absolute()}. If you named none, it lies beside the old SQLite "
            "file, with the old name: earshot.ledger for earshot.db. Name it in SUPPRESSION_LEDGER, "
            f"{_WITHOUT}"
        )
    return book


def _refuse_forgetting(manifest: Manifest, book: Book, path: Path | None, now: int) -> None:
    """Refuse a ledger by which STOPs and erasures made since the backup would be lost."""
    if book.database != manifest.identity:
        raise BackupRefused(
            f"The suppression ledger {path} belongs to another database than this backup. Name the right one in "
            f"SUPPRESSION_LEDGER, {_WITHOUT}"
        )
    if any(entry.key > manifest.newest_key for entry in book.entries):
        raise BackupRefused(
            "New data keys were made after this backup (rotate --data-keys), so it cannot be told whom the ledger "
            f"names since. Use a later backup, {_WITHOUT}"
        )
    if now - manifest.made_at > ERASURES_KEPT_MS:
        raise BackupRefused(
            f"The backup is more than {ERASURES_KEPT_MS // 86_400_000} days old, and whom we erased is not known for "
            f"longer. Use a later backup, {_WITHOUT}"
        )


def _fill(url: str, archive: Archive, book: Book | None, who: str, now: int) -> None:
    """Put every row in its table, check them, and hold what would be sent; in one transaction."""
    try:
        with filling(url) as database:
            for part in archive.manifest.parts:
                database.fill(part.table, archive.rows(part))
            if book is not None:
                _refuse_older_ledger(database, book)
            if _has_events(archive):
                is_postgres = sqlite_path(url) is None
                database.run(lambda: events.begin_again(now, is_postgres=is_postgres))
            database.run(lambda: _begin(who, archive, now))
    except NotEmpty as filled:
        raise BackupRefused(
            f"The database in DATABASE_URL is not empty (there are rows in {filled}), and a restore never overwrites. "
            "Name an empty one: a new file, or a new PostgreSQL database."
        ) from None
    except Misfit as misfit:
        raise BackupRefused(
            f"{archive.path} does not fit the tables ({misfit}). Nothing was restored. Use another backup."
        ) from None
    except Unavailable as problem:
        raise Unavailable(f"{problem} Nothing was restored.") from None


def _has_events(archive: Archive) -> bool:
    """Say whether a backup has the table of events: one of before revision 0009 gets it only when it is migrated."""
    return any(part.table.name == "event" for part in archive.manifest.parts)


def _refuse_older_ledger(database: Filling, book: Book) -> None:
    """Refuse a ledger that lacks what the backup has: it was not kept to the end, and may lack what came after too."""
    entries = database.run(ledger.entries)
    known = {entry.event for entry in book.entries}
    newest = entries[-1:]
    if any(entry.event not in known for entry in newest):
        raise BackupRefused(
            "The suppression ledger is older than the backup: its end is missing. Name the right one in "
            f"SUPPRESSION_LEDGER, {_WITHOUT}"
        )


def _begin(who: str, archive: Archive, now: int) -> Script[None]:
    yield from note(now, who, "restore", archive.path.name)
    yield from ledger.hold((), now, archive.manifest.made_at)


async def _bring_in(url: str, lines: tuple[Entry, ...], now: int, *, begins_again: bool) -> tuple[int, int]:
    """Bring in what the ledger has and the backup has not; say how many were erased again, and how many wait.

    Cut short here, nothing is lost: the database is held, and `serve` brings it in at its start.
    """
    database = await open_database(url)
    try:
        if begins_again:
            await database.run(lambda: events.begin_again(now, is_postgres=database.is_postgres))
        lacking = await lacking_of(database, lines, now - ERASURES_KEPT_MS)
        held = await database.run(lambda: ledger.hold(lacking, now))
        await scrub(database)
        return sum(entry.what is What.ERASED for entry in lacking), len(held.pending)
    finally:
        await database.close()
