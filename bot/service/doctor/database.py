"""The database: does a commit survive a power cut, do the keys open, is there room, when was it last backed up."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from bot.service.backup import last_backup
from bot.service.doctor.finding import Finding, ok, problem, warning
from storage import checkup, ledger
from storage.database import HEAD
from storage.errors import WrongSecret
from storage.keys import KeyRing
from storage.script import Database
from storage.sqlite import SqliteDatabase

DAY_MS = 24 * 60 * 60 * 1000
BACKUP_IS_OLD_MS = 2 * DAY_MS
STUCK_MS = 10 * 60 * 1000
FULL_BYTES = 200 * 1024 * 1024
"""Less than this is filled in minutes by a write-ahead log and a campaign."""


async def examine_database(database: Database, now: int) -> list[Finding]:
    """Look at an open database. `now` is epoch milliseconds UTC."""
    engine = "PostgreSQL" if database.is_postgres else "SQLite"
    found = [ok(f"{engine} answers, with the tables of revision {await database.read(checkup.revision)} ({HEAD}).")]
    found.append(await _durability(database, engine))
    found.append(_room(database))
    found.append(await _backup(database, now))
    stuck = await database.read(lambda: checkup.unhandled_before(now - STUCK_MS))
    if stuck:
        found.append(
            problem(
                f"{stuck} text(s) could not be handled, though they are tried again every half minute. They are kept; "
                "look for 'turn failed' in the log, and report it."
            )
        )
    if await database.read(ledger.held) is not None:
        found.append(
            warning(
                "This database was restored, and nothing is sent until `serve` has asked the provider what came and "
                "went since. Where that cannot be asked for good: `restore --release`."
            )
        )
    return found


async def examine_keys(database: Database, secret: str, previous: str | None) -> Finding:
    """Try whether SECRET_KEY opens the stored keys; nothing is made or changed."""
    if not secret:
        return problem("SECRET_KEY is not set: `serve` does not start. Set it, from: openssl rand -base64 32")
    if not await database.read(checkup.has_keys):
        return ok("SECRET_KEY is set; the keys are made at the first start.")
    try:
        await KeyRing.open(database, secret)
    except WrongSecret as wrong:
        if previous is None:
            return problem(str(wrong))
        return warning("SECRET_KEY does not open the stored keys yet: run `rotate`, which wraps them with it.")
    return ok("SECRET_KEY opens the stored keys.")


async def _durability(database: Database, engine: str) -> Finding:
    weak = [each for each in await checkup.durability(database) if not each.is_enough]
    if not weak:
        return ok("What is committed survives a power cut.")
    settings = ", ".join(f"{each.name} is {each.value}" for each in weak)
    what = "Turn it on in postgresql.conf, and reload." if engine == "PostgreSQL" else "Report this."
    return problem(f"A text that we have acknowledged may be lost in a power cut: {settings}. {what}")


def _room(database: Database) -> Finding:
    if not isinstance(database, SqliteDatabase):
        return ok("The disk is the database server's: watch its free space there.")
    return examine_room(shutil.disk_usage(database.path.absolute().parent).free, database.path.stat().st_size)


def examine_room(free: int, size: int) -> Finding:
    """Say whether so many free bytes are enough beside a SQLite file of this size."""
    said = f"{free / 1e9:,.1f} GB are free beside the database of {size / 1e6:,.1f} MB"
    if free < FULL_BYTES:
        return problem(f"{said}. When it is full, texts are refused until there is room. Make room.")
    if free < 2 * size:
        return warning(f"{said}: too little for a backup on the same disk, or for a VACUUM. Make room.")
    return ok(f"{said}.")


async def _backup(database: Database, now: int) -> Finding:
    last = await last_backup(database)
    if last is None:
        return warning("There is no backup of this database. Run `backup --to FOLDER`, and have it run every night.")
    at = f"{datetime.fromtimestamp(last.at / 1000, UTC):%d %B %Y %H:%M} UTC"
    if now - last.at > BACKUP_IS_OLD_MS:
        return warning(f"The last backup is from {at}. Run `backup --to FOLDER`, and have it run every night.")
    if not _is_there(last.file):
        return warning(
            f"The last backup, {last.file}, is not there any more. If nobody took it to a safe place, back up."
        )
    return ok(f"The last backup is from {at}: {last.file}")


def _is_there(file: str) -> bool:
    return Path(file).exists()
