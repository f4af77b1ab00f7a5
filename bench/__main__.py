"""`python -m bench`: one table of what was measured, with the floors and aims of the design, and whether reached.

Exit codes: 0 every floor reached (or a run not judged), 1 a floor missed, 3 the machine is too busy to judge by.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path

import uvloop

from bench import export, telegram, turns
from bench.quiet import look
from bench.redis_server import redis_program
from bench.seed import seed
from bench.verdict import MILLION, Row, export_rows, telegram_rows, turn_rows, write_runs, write_table

Result = turns.Measured | telegram.Whole | export.Exported
Note = Callable[[str, Result], None]

PARTS = ("turns", "telegram", "export")
BUSY = 3
FEW = 1_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    asked = _read(arguments)
    with tempfile.TemporaryDirectory(prefix="earshot-bench-", dir=asked.folder) as made:
        folder = Path(made)
        machine = look(folder)
        print(f"load {machine.load:.2f}, fdatasync {machine.fdatasync_ms:.3f} ms (median of 4 KiB writes)")
        for reason in machine.reasons:
            print(f"Too busy to judge: {reason}.")
        if machine.reasons and not asked.anyway:
            print("Nothing was run. Try again on a quiet machine, or with --anyway for figures that are not judged.")
            return BUSY
        with Path(asked.json or os.devnull).open("a", encoding="utf-8") as lines:

            def note(bench: str, measured: Result) -> None:
                line = json.dumps({"bench": bench, **asdict(measured)})
                print(line, file=lines, flush=True)
                print(line, flush=True)

            rows = uvloop.run(_run(asked, folder, note))
    is_judged = not machine.reasons and (asked.answers >= MILLION or set(asked.only) == {"telegram"})
    print()
    print(write_table(rows, is_judged=is_judged))
    return 1 if is_judged and any(row.is_missed for row in rows) else 0


async def _run(asked: argparse.Namespace, folder: Path, note: Note) -> list[Row]:
    databases = {}
    for answers in (FEW, asked.answers) if {"turns", "export"} & set(asked.only) else ():
        databases[answers] = f"sqlite:///{await _stored(folder / f'with-{answers}.db', answers)}"
    exported = await _export(asked, folder, databases[asked.answers], note) if "export" in asked.only else []
    texted = await _take_texts(asked, folder, databases, note) if "turns" in asked.only else []
    written = await _take_updates(asked, folder, note) if "telegram" in asked.only else []
    return [*texted, *written, *exported]


async def _stored(path: Path, answers: int) -> Path:
    print(f"Storing {answers:,} answers.", flush=True)
    await seed(f"sqlite:///{path}", answers)
    return path


async def _export(asked: argparse.Namespace, folder: Path, database: str, note: Note) -> list[Row]:
    exported = []
    async for done in export.measure(database, asked.answers, folder, rounds=asked.rounds):
        exported.append(done)
        note("export", done)
    return export_rows(exported)


async def _take_texts(asked: argparse.Namespace, folder: Path, databases: Mapping[int, str], note: Note) -> list[Row]:
    found = []
    load = turns.measure(folder, databases, rounds=asked.rounds, seconds=asked.seconds)
    async with aclosing(load) as measuring:  # its servers end with it, whatever happens here
        async for measured in measuring:
            found.append(measured)
            note("turns", measured)
    print(f"\n{write_runs(found)}\n", flush=True)
    return turn_rows(found, few=FEW, many=asked.answers)


async def _take_updates(asked: argparse.Namespace, folder: Path, note: Note) -> list[Row]:
    if redis_program() is None:
        print("redis-server is not installed, so the peer on Telegram (aiogram with Redis) is left out.", flush=True)
    found = []
    database = await _stored(folder / "telegram.db", FEW)
    load = telegram.measure(folder, database, rounds=asked.rounds, seconds=asked.seconds)
    async with aclosing(load) as measuring:
        async for measured in measuring:
            found.append(measured)
            note("telegram", measured)
    print(f"\n{write_runs(found)}", flush=True)
    return telegram_rows(found)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--anyway", action="store_true", help="run on a busy machine too, without a verdict")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is measured (default 5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each run of load lasts (default 4)")
    parser.add_argument("--answers", type=int, default=MILLION, help="stored answers in the large database")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--folder", default=None, help="where the databases lie; choose the disk you would use")
    parser.add_argument("--json", default="", help="a file to which the JSON line of every run is added")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
