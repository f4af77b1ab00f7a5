"""One sender at a time over a SQLite file: who holds the lock beside it knows that nobody else is sending.

The lock ends with its process, however that ends. So every message that stands as `sending` when the lock is got was
in the hands of a dead process. PostgreSQL has many senders, on many machines: there a claim lasts until its lease ends.
"""

import os
import weakref
from pathlib import Path

from storage.script import Database
from storage.sqlite import SqliteDatabase

ENDING = "-sending"
"""What the name of the lock file ends with, after the database's own."""


class SoleSender:
    """The right to send over one database. It ends with this object, or with the process."""

    def __init__(self, database: Database) -> None:
        """Take the database whose messages are to be sent."""
        self._path = lock_of(database.path) if isinstance(database, SqliteDatabase) else None
        self.is_sole = False
        """Whether it is certain that no other process sends."""

    def take(self) -> bool:
        """Take the right to send; False while another process has it.

        Always true on PostgreSQL, and where there are no locks to be had: there the leases keep two senders apart.
        """
        if self._path is None or self.is_sole:
            return True
        try:
            import fcntl  # only now: it is not there on every system that can run the demo

            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except (ImportError, OSError):
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as refused:
            os.close(file)
            return not isinstance(refused, BlockingIOError)  # some network drives know no locks
        weakref.finalize(self, os.close, file)
        self.is_sole = True
        return True


def lock_of(database: Path) -> Path:
    """Say which file is locked by whoever sends over a SQLite file."""
    return database.with_name(database.name + ENDING)
