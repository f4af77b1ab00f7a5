"""Is the machine quiet enough to judge by? A busy disk or neighbour flatters or damns; then no verdict is given."""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

MOST_LOAD = 1.5
MOST_FDATASYNC_MS = 0.5
_WRITES = 400
_PAGE = b"\0" * 4096


@dataclass(frozen=True, slots=True)
class Machine:
    """How busy the machine is before a run."""

    load: float
    fdatasync_ms: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why no run on it can be judged; empty where it can."""
        found = []
        if self.load > MOST_LOAD:
            found.append(f"load is {self.load:.2f}; judged at {MOST_LOAD} at most")
        if self.fdatasync_ms > MOST_FDATASYNC_MS:
            found.append(f"fdatasync takes {self.fdatasync_ms:.2f} ms (median); judged at {MOST_FDATASYNC_MS} at most")
        return tuple(found)


def look(folder: Path) -> Machine:
    """Read the load of the last minute, and time the disk on which the databases will lie."""
    return Machine(os.getloadavg()[0], _fdatasync_ms(folder / "probe"))


def _fdatasync_ms(path: Path) -> float:
    """Time what a COMMIT waits for: 4 KiB over blocks that the file has already, then fdatasync; the median."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    took = []
    try:
        os.write(file, _PAGE * 64)
        os.fsync(file)
        for n in range(_WRITES):
            began = time.perf_counter()
            os.pwrite(file, _PAGE, n % 64 * len(_PAGE))
            os.fdatasync(file)
            took.append(time.perf_counter() - began)
    finally:
        os.close(file)
        path.unlink()
    return statistics.median(took) * 1000
