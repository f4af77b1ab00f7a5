"""A small disk of its own for a test, to be filled."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEGABYTE = 1024 * 1024


class SmallDisk:
    """A disk in memory, whose size can be set while it is in use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, size: int, *options: str) -> "subprocess.CompletedProcess[bytes]":
        settings = ",".join((f"size={size}", "mode=0777", *options))
        command = ["mount", "-t", "tmpfs", "-o", settings, "tmpfs", str(self.path)]
        return subprocess.run(command, check=False, capture_output=True)

    def fill(self) -> None:
        """Leave nothing free."""
        with (self.path / "big").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4_096)

    def leave_free(self, size: int) -> None:
        """Make it so large that this much is free."""
        now = shutil.disk_usage(self.path)
        assert self.mount(now.used + size, "remount").returncode == 0


@contextmanager
def mounted() -> Iterator[SmallDisk]:
    """Mount a small disk, which is gone afterwards. Skips the test where that is not allowed."""
    # Not below pytest's own folder: a database server runs as nobody, and may not enter that.
    path = Path(tempfile.mkdtemp(prefix="earshot-disk-"))
    path.chmod(0o755)
    disk = SmallDisk(path)
    try:
        if shutil.which("mount") is None or disk.mount(64 * MEGABYTE).returncode:
            pytest.skip("needs the right to mount a small disk; a full disk under SQLite is tried everywhere")
        yield disk
        subprocess.run(["umount", "--lazy", str(path)], check=True)
    finally:
        path.rmdir()
