"""Writes beside a place and gives the name only to what is whole, so that nobody ever reads half a file.

What is not whole yet may hold residents' own words, and a killed process cannot tidy up. So each unfinished file or
folder is held by a lock, which the system lets go with its process, and the next one that is written to the same place
removes what nobody holds. Where there are no locks, nothing is removed.
"""

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

# A folder that was to be packed had the second ending once.
_OURS = r"\.{}\.[0-9a-f]{{8}}\.(part|folder)"
# No link is followed, and nothing is waited for. Not every system has these.
_JUST_THIS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@asynccontextmanager
async def placed(out: Path, *, is_folder: bool = False) -> AsyncIterator[Path]:
    """Give a new file or folder to fill, which takes the place of `out` at the end, unless that is not reached.

    Raises OSError.
    """
    unfinished = await asyncio.to_thread(Unfinished, out, is_folder=is_folder)
    try:
        yield unfinished.path
        unfinished.path.replace(out)
    finally:
        await asyncio.to_thread(unfinished.remove)


class Unfinished:
    """A new file or folder beside `out`, readable by its owner alone, at `path` until `remove`. Raises OSError."""

    def __init__(self, out: Path, *, is_folder: bool = False) -> None:
        _sweep(out)
        while True:
            self.path = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
            if is_folder:
                self.path.mkdir(mode=0o700)
            else:
                self.path.touch(mode=0o600, exist_ok=False)
            self._lock = hold(self.path, waits=True)
            if self.path.exists():  # another process may have swept before it was held
                return
            self.remove()

    def remove(self) -> None:
        """Remove it, if it has not been moved."""
        _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def hold(path: Path, how: int = _JUST_THIS, *, waits: bool = False) -> int | None:
    """Open a file or folder and take its lock; None where another process holds it, or where there are no locks.

    One that `waits` has it as soon as the other lets go.
    """
    try:
        import fcntl  # only now: it is not there on every system that can run the demo

        file = os.open(path, how, 0o600)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        os.close(file)
        return None
    return file


def _sweep(out: Path) -> None:
    """Remove what killed processes have left of files to be placed here."""
    is_ours = re.compile(_OURS.format(re.escape(out.name))).fullmatch
    with suppress(OSError):  # what cannot be listed or removed is somebody else's
        for left in [out.with_name(entry.name) for entry in os.scandir(out.parent) if is_ours(entry.name)]:
            lock = hold(left)
            if lock is not None:
                try:
                    _remove(left)
                finally:
                    os.close(lock)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
