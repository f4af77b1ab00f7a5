"""The export of a million answers: how long it takes, and how much memory above what the process has anyway.

Run as a module of its own (`python -m bench.export URL FORMAT OUT`), it does one export and prints what it took.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.serving import MAIN, memory_mb

JUDGED = "long-csv"
ORM = "a plain ORM export"
"""The peer: the long form as most would write it (`bench.orm_export`)."""
OTHERS = ("csv", "jsonl", "xlsx", "parquet", "sav", "datapackage", "consult", ORM)
"""Measured once: nothing is judged by them."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One export. `peak_mb` is the most memory (RSS) above what was held when it began, in MiB."""

    format: str
    answers: int
    rows: int
    seconds: float
    peak_mb: float
    file_mb: float


async def measure(url: str, answers: int, folder: Path, *, rounds: int) -> AsyncGenerator[Exported]:
    """Export each in a fresh process: the format that is judged in every round, the others in the first."""
    for turn in range(rounds):
        for name in (JUDGED, *(OTHERS if turn == 0 else ())):
            out = folder / f"answers-{turn}.{name}"
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.export", url, name, str(out), str(answers), cwd=MAIN.parent,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            printed, _ = await process.communicate()
            if process.returncode:
                raise RuntimeError(f"the export to {name} failed with exit code {process.returncode}")
            yield Exported(**json.loads(printed))
            _remove(out)


def _remove(out: Path) -> None:
    if out.is_dir():
        shutil.rmtree(out)
    else:
        out.unlink()


def _orm_export(url: str, out: Path) -> tuple[int, float, float]:
    from bench.orm_export import write
    from bench.walk import shipped

    survey, base = shipped().id, memory_mb(os.getpid(), "VmRSS")
    began = time.perf_counter()
    rows = write(Path(url.removeprefix("sqlite:///")), survey, out)
    seconds = time.perf_counter() - began
    return rows, round(seconds, 2), round(memory_mb(os.getpid(), "VmHWM") - base, 1)


async def _export(url: str, name: str, out: Path) -> tuple[int, float, float]:
    """Give the rows written, the seconds taken, and the MiB above the base."""
    from bench.walk import shipped
    from bot.analysis.export import Format, export
    from storage.database import open_database

    survey = shipped().id
    database = await open_database(url)
    try:
        base = memory_mb(os.getpid(), "VmRSS")
        began = time.perf_counter()
        done = await export(
            database, survey, Format(name), out, raw=False, labels=None, include_test=False, who="bench", now=0
        )
        seconds = time.perf_counter() - began
        peak = memory_mb(os.getpid(), "VmHWM") - base
    finally:
        await database.close()
    return done.rows, round(seconds, 2), round(peak, 1)


def main(arguments: Sequence[str]) -> None:
    """Do one export."""
    url, name, path, answers = arguments
    out = Path(path)
    rows, seconds, peak_mb = _orm_export(url, out) if name == ORM else asyncio.run(_export(url, name, out))
    files = out.rglob("*") if out.is_dir() else [out]
    file_mb = round(sum(file.stat().st_size for file in files) / 2**20, 1)
    print(json.dumps(asdict(Exported(name, int(answers), rows, seconds, peak_mb, file_mb))))


if __name__ == "__main__":
    main(sys.argv[1:])
