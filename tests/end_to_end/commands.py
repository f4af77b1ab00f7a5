"""Runs main.py's commands as their own processes, with the environment that is given and no other."""

import asyncio
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from bench.serving import environment
from bench.walk import shipped
from storage.database import open_database
from storage.script import Fetch, Row, Script
from tests.end_to_end.warm import be_main, forking

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
    place = Path(await asyncio.to_thread(mkdtemp, dir=folder.parent, prefix="command-"))
    await asyncio.to_thread((place / "stdin").write_text, typed, encoding="utf-8", errors="surrogateescape")
    process = forking.Process(target=_command, args=([*map(str, arguments)], dict(settings), str(folder), str(place)))
    await asyncio.to_thread(process.start)
    await asyncio.to_thread(process.join, SECONDS)
    if process.exitcode is None:
        process.kill()
        await asyncio.to_thread(process.join)
        raise TimeoutError(f"{arguments[0]} did not end within {SECONDS} s")
    out, err = [(place / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
    return Done(process.exitcode, out, err)


def _command(arguments: Sequence[str], settings: Mapping[str, str], folder: str, place: str) -> None:
    sys.stdin = (Path(place) / "stdin").open(encoding="utf-8", errors="surrogateescape")  # as Python's own may be
    be_main(arguments, settings, folder, place)


async def exported(database_url: str, folder: Path) -> list[dict[str, str]]:
    """Export the shipped survey as CSV by the command, and read its rows."""
    out = folder / "answers.csv"
    done = await run(
        "export", "--survey", SURVEY, "--format", "csv", "--out", out, settings=environment(database_url), folder=folder
    )
    assert (done.code, done.err) == (0, "")
    with out.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def audited(database_url: str) -> list[Row]:
    """Read the audit log: who, the action, and its detail."""

    def script() -> Script[list[Row]]:
        found = yield Fetch("SELECT who, action, detail FROM audit ORDER BY id")
        return list(found.rows)

    database = await open_database(database_url)
    try:
        return await database.read(script)
    finally:
        await database.close()
