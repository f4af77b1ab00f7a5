"""Folders for files that hold residents' words while a page works on them: nobody else reads them, and none is left.

A folder goes when its work is over, and when the process ends. What a killed process left goes when the next one
starts: a live one holds a lock on its folder, a dead one does not.
"""

import importlib.util
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import BinaryIO, Final

from bot.analysis.placing import hold

PREFIX: Final = "earshot-private-"
_LOCK: Final = "held"
_FILES: Final = "files"
_LONG_AGO_SECONDS: Final = 3_600


class PrivateFolder:
    """One such folder. `path` is where the files are; it is there until `remove`."""

    def __init__(self) -> None:
        self._whole = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = hold(self._whole / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self.path = self._whole / _FILES
        self.path.mkdir(mode=0o700)
        self._end = weakref.finalize(self, _remove, self._whole, lock)  # at the end of the process too

    def new_file(self, name: str) -> BinaryIO:
        """Make a file that only this user can read. Raises FileExistsError where it is there already."""
        return os.fdopen(os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def keep_text(self, name: str, text: str) -> Path:
        """Write a text of ours beside the files, in place of the last of that name."""
        path = self._whole / name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(text)
        return path

    def remove(self) -> None:
        """Remove it with all that is in it; twice is once."""
        self._end()


def sweep() -> None:
    """Remove the folders that killed processes of this user have left. Where there are no locks, none is removed."""
    if importlib.util.find_spec("fcntl") is None:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
        except OSError:
            continue
        if found.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
            continue
        lock = hold(folder / _LOCK)
        if lock is not None:
            _remove(folder, lock)
        elif not (folder / _LOCK).exists() and time.time() - found.st_mtime > _LONG_AGO_SECONDS:
            _remove(folder, None)  # killed before it had its lock


def _remove(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        os.close(lock)
