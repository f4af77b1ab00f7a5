"""Looks into the server's database from outside: whole tables, so that a change of one cell is a change."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

from bot.analysis.export import Format, export
from storage.script import Database, Fetch, Script
from storage.tables import metadata

_CLOCKWORK = {"lease_until", "lease_owner", "looks"}  # renewed by a repeat, and by the server's own clock
_HELD_APART = {"sender"}  # our number's pace and when we last listened


async def every_row(database: Database) -> dict[str, list[Any]]:
    """Read every table whole, in an order that does not depend on the engine."""

    def script() -> Script[dict[str, list[Any]]]:
        found = {}
        for table in metadata.sorted_tables:
            if table.name in _HELD_APART:
                continue
            names = ", ".join(column.name for column in table.columns if column.name not in _CLOCKWORK)
            rows = yield Fetch(f"SELECT {names} FROM {table.name}")
            found[table.name] = sorted(map(repr, rows.rows))
        return found

    return await database.read(script)


async def filed(database: Database) -> Counter[str]:
    """Count the messages that came in by the place where they are filed."""

    def script() -> Script[Counter[str]]:
        found = yield Fetch("SELECT filed, COUNT(*) FROM inbound GROUP BY filed")
        return Counter(dict(found.rows))

    return await database.read(script)


async def revised(database: Database) -> int:
    """Count the answers that were given again: none, where everybody answered each question once."""

    def script() -> Script[int]:
        found = yield Fetch("SELECT COUNT(*) FROM answer WHERE revision > 1")
        assert found.first is not None
        count: int = found.first[0]
        return count

    return await database.read(script)


_UNTOLD = """
    SELECT r.id FROM response r
    WHERE r.revision <> (SELECT COUNT(*) FROM event e WHERE e.subject = r.id)
        OR r.revision <> (SELECT MAX(e.revision) FROM event e WHERE e.subject = r.id)
        OR NOT EXISTS (SELECT 1 FROM event e WHERE e.subject = r.id AND e.revision = r.revision
            AND e.language = r.language AND e.language_source = r.language_source AND e.late = r.late
            AND COALESCE(e.last_answer_at, 0) = COALESCE(r.last_answer_at, 0)
            AND COALESCE(e.completed_at, 0) = COALESCE(r.completed_at, 0)
            AND e.answers_until >= (SELECT COALESCE(MAX(a.id), 0) FROM answer a WHERE a.response_id = r.id))"""


async def untold(database: Database) -> list[str]:
    """Name the responses of which the events do not tell all, in revisions without a gap."""

    def script() -> Script[list[str]]:
        return [row[0] for row in (yield Fetch(_UNTOLD)).rows]

    return await database.read(script)


async def answers(database: Database, survey: str, folder: Path, now: int = 0) -> list[dict[str, str]]:
    """Export a survey as CSV without starting a command for it, and read the rows."""
    out = folder / f"{survey}.csv"
    await export(database, survey, Format.CSV, out, raw=False, labels=None, include_test=False, who="a test", now=now)
    with out.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
