"""Runs main.py's commands as their own processes, with the environment that is given and no other."""

import asyncio
import csv
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.serving import MAIN, environment
from bench.walk import shipped

SURVEY = shipped().id
SECONDS = 60.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


async def run(*arguments: str | Path, settings: Mapping[str, str], folder: Path, typed: str = "") -> Done:
    """Run one command in a folder without an `.env`, type something, and wait for its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(MAIN),
        *map(str, arguments),
        env=dict(settings),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(typed.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def exported(database_url: str, folder: Path) -> list[dict[str, str]]:
    """Export the shipped survey as CSV by the command, and read its rows."""
    out = folder / "answers.csv"
    done = await run(
        "export", "--survey", SURVEY, "--format", "csv", "--out", out, settings=environment(database_url), folder=folder
    )
    assert (done.code, done.err) == (0, "")
    with out.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
