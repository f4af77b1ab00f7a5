"""A backup: every table as of one moment, in one portable file. `bot.service.restoring` reads it back.

The file is a zip: `manifest.json`, and `tables/NAME.jsonl` with one JSON array a row. It is the same for SQLite and
PostgreSQL, so that it also moves a council from one to the other. It never holds SECRET_KEY: without that, no address
in it can be read.
"""

import asyncio
import contextlib
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import msgspec
from msgspec import Struct

from bot.service.suppression import own_name, sync_folder
from storage import installation, ledger
from storage.database import HEAD
from storage.portable import Table, snapshot
from storage.script import Database, Script
from storage.staff import note

LAST_BACKUP: Final = "last_backup"
"""Under this name the database keeps when and where it was last backed up, as `LastBackup`."""

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_PIECE: Final = 1 << 20
_UNREADABLE: Final = (zipfile.BadZipFile, msgspec.MsgspecError, EOFError, OSError, zlib.error)
_EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)


class BackupRefused(Exception):
    """A backup cannot be made, or cannot be used. The message says which file, why, and what to do."""


class Part(Struct, frozen=True):
    """One table in a backup: how many rows its file has, and the file's SHA-256."""

    table: Table
    rows: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What a backup holds. `made_at` is epoch milliseconds UTC; `revision` is that of the tables.

    `newest_key` is the newest look-up key then: a ledger's entry under a newer one names nobody in this backup.
    """

    format: int
    revision: str
    made_at: int
    identity: str
    newest_key: int
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """How many rows in all."""
        return sum(part.rows for part in self.parts)


class LastBackup(Struct, frozen=True):
    """When the database was last backed up (epoch milliseconds UTC), and to which file."""

    at: int
    file: str


class Made(Struct, frozen=True):
    """A backup that was made: its file, its size in bytes, and how many rows it holds."""

    path: Path
    size: int
    rows: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"Wrote {self.rows:,} rows, {self.size / 1e6:,.1f} MB, to {self.path}."


async def back_up(database: Database, folder: Path, *, who: str, now: int) -> Made:
    """Write every table as of now to a new file in a folder, while the server goes on. Raises BackupRefused.

    The file has its name only once it is whole and on disk, and its owner alone may read it. The database keeps when
    and where, and the audit log who. `now` is epoch milliseconds UTC.
    """
    await own_name(database)  # before the snapshot: by its name the ledger will know the restored database again
    path = folder / f"earshot-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}.zip"
    try:
        made = await asyncio.to_thread(_write, database, path, now)
    except OSError as problem:
        raise BackupRefused(
            f"{path} cannot be written ({problem.strerror}). Make room, or name another folder."
        ) from None

    def remember() -> Script[None]:
        written = msgspec.json.encode(LastBackup(now, str(made.path.absolute()))).decode()
        yield from installation.note_down(LAST_BACKUP, written)
        yield from note(now, who, "backup", f"{made.rows} rows, {made.path.name}")

    await database.run(remember)
    return made


async def last_backup(database: Database) -> LastBackup | None:
    """Say when the database was last backed up, and where to."""
    value = await database.read(lambda: installation.noted(LAST_BACKUP))
    return None if value is None else msgspec.json.decode(value, type=LastBackup)


def _write(database: Database, path: Path, now: int) -> Made:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        raise BackupRefused(f"{path} is there already, and a backup never replaces another. Try again in a second.")
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.touch(mode=0o600, exist_ok=False)
        with unfinished.open("wb") as file:
            rows = _write_zip(database, file, now)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except FileExistsError:
        raise BackupRefused(f"{unfinished} is being written by another backup. Try again in a second.") from None
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    sync_folder(path.parent)
    return Made(path, path.stat().st_size, rows)


class _Writable(Protocol):
    """What a zip is written into."""

    def write(self, data: bytes, /) -> int: ...


def _write_zip(database: Database, file: BinaryIO, now: int) -> int:
    from storage.carried import tables  # only now: SQLAlchemy takes memory that a server need not hold

    moment = max(datetime.fromtimestamp(now / 1000, UTC), _EARLIEST)
    stamp = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    parts: list[Part] = []
    # Level 1: three times as quick as the usual one, for a file that is a tenth larger.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, snapshot(database) as moment_of:
        for table in tables():
            with archive.open(_member(_file_of(table.name), stamp), "w", force_zip64=True) as member:
                parts.append(_write_table(table, moment_of.rows(table), member))
        identity, newest_key = moment_of.run(_whose)
        manifest = Manifest(FORMAT, HEAD, now, identity, newest_key, tuple(parts))
        written = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        archive.writestr(_member(MANIFEST, stamp), written)
    return manifest.rows


def _whose() -> Script[tuple[str, int]]:
    identity = yield from installation.noted("identity")
    return identity or "", (yield from ledger.newest_key())


def _member(name: str, stamp: tuple[int, int, int, int, int, int]) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, stamp)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    return member


def _file_of(table: str) -> str:
    return f"tables/{table}.jsonl"


def _write_table(table: Table, slices: Iterator[list[Sequence[Any]]], member: _Writable) -> Part:
    encode = msgspec.json.Encoder().encode_lines
    digest = hashlib.sha256()
    rows = 0
    for found in slices:
        text = encode(found)
        digest.update(text)
        member.write(text)
        rows += len(found)
    return Part(table, rows, digest.hexdigest())


class Archive:
    """A backup's file, open for reading. Raises BackupRefused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as problem:
            raise BackupRefused(f"{path} cannot be read ({problem.strerror}).") from None
        except (zipfile.BadZipFile, ValueError, EOFError):
            raise self._broken("it is no zip file, or was cut off") from None
        try:
            self.manifest = self._read_manifest()
        except BaseException:
            self.close()
            raise

    def _read_manifest(self) -> Manifest:
        try:
            manifest = msgspec.json.decode(self._zip.read(MANIFEST), type=Manifest)
        except (*_UNREADABLE, KeyError):
            raise self._broken("its list of contents cannot be read") from None
        if manifest.format != FORMAT:
            raise BackupRefused(f"{self.path} was made by a newer Earshot. Restore it with that version.")
        if not all(part.table.is_plain for part in manifest.parts):
            raise self._broken("it names a table that cannot be one")
        return manifest

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def rows(self, part: Part) -> Iterator[list[list[Any]]]:
        """Yield a table's rows in slices. Raises BackupRefused at the end if they are not what was written."""
        digest = hashlib.sha256()
        read = msgspec.json.Decoder(list[Any]).decode_lines
        rows = 0
        try:
            for lines in self._pieces(part):
                digest.update(lines)
                found = read(lines)
                rows += len(found)
                yield found
        except (*_UNREADABLE, KeyError):
            raise self._broken(f"the rows of {part.table.name} cannot be read") from None
        if rows != part.rows or digest.hexdigest() != part.sha256:
            raise self._broken(f"the rows of {part.table.name} are not those that were written")

    def _pieces(self, part: Part) -> Iterator[bytes]:
        """Yield the file in pieces of whole lines."""
        rest = b""
        with self._zip.open(_file_of(part.table.name)) as member:
            while piece := member.read(_PIECE):
                lines, newline, beyond = piece.rpartition(b"\n")
                if newline:
                    yield rest + lines + newline
                    rest = beyond
                else:
                    rest += piece
        if rest:
            yield rest

    def _broken(self, why: str) -> BackupRefused:
        return BackupRefused(f"{self.path} is no whole backup: {why}. Nothing was restored. Use another backup.")
