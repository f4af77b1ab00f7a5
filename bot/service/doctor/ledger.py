"""The suppression ledger: is there one, can it be written, does it hold all that the database has."""

import os
from pathlib import Path

from bot.service.doctor.finding import Finding, ok, problem, warning
from bot.service.suppression import Ledger, LedgerProblem
from storage import installation, ledger
from storage.script import Database

JUST_NOW_MS = 60_000
"""What is newer than this `serve` may be about to write."""


async def examine_ledger(database: Database, path: Path | None, now: int) -> Finding:
    """Hold the ledger against the database. `now` is epoch milliseconds UTC."""
    if path is None:
        return warning(
            "There is no suppression ledger, so a restore would forget who said STOP or was erased since the backup. "
            "Name a file on another disk in SUPPRESSION_LEDGER."
        )
    entries = [entry for entry in await database.read(ledger.entries) if entry.at < now - JUST_NOW_MS]
    try:
        book = Ledger(path).read()
    except LedgerProblem as unusable:
        return problem(str(unusable))
    if not _may_write(path):
        return problem(f"The suppression ledger {path} cannot be written by this user. Correct its rights.")
    if book is None:
        text = f"The suppression ledger {path} is not there yet: `serve` makes it at its start."
        return warning(text) if entries else ok(text)
    if book.database != await database.read(lambda: installation.noted("identity")):
        return problem(f"The suppression ledger {path} belongs to another database. Correct SUPPRESSION_LEDGER.")
    known = {entry.event for entry in book.entries}
    missing = sum(entry.event not in known for entry in entries)
    if missing:
        return problem(f"The suppression ledger {path} lacks {missing} entries. Start `serve`, which adds them.")
    return ok(f"The suppression ledger {path} is complete: {len(book.entries)} entries.")


def _may_write(path: Path) -> bool:
    return os.access(path if path.exists() else path.absolute().parent, os.W_OK)
