"""Makes the report by mode and hands it out. Every one that is handed out stands in the audit log first."""

import asyncio
from pathlib import Path

from bot.analysis.formats.asked import ExportRefused
from bot.analysis.modes.publishing import publishable_report
from bot.analysis.modes.report import Report, counted, exact_report
from bot.analysis.modes.writing import check_place, written
from bot.analysis.placing import placed
from storage.script import Database
from storage.staff import note


async def make_report(
    database: Database, survey: str, *, publishable: bool, include_test: bool, who: str, to: str, now: int
) -> Report:
    """Make the report for `who`, who takes it `to` a file or a page (`now`: epoch milliseconds UTC).

    Raises UnknownSurvey.
    """
    numbers = await counted(database, survey, include_test=include_test, now=now)
    report = publishable_report(numbers) if publishable else exact_report(numbers)
    kind = "publishable" if publishable else "exact"
    await database.run(lambda: note(now, who, "export", f"{survey} report by mode, {kind} counts, to {to}"))
    return report


async def write_report(
    database: Database, survey: str, out: Path, *, publishable: bool, include_test: bool, who: str, now: int
) -> Report:
    """Write the report to `out`, whole or not at all, replacing a file of that name.

    Raises ExportRefused, UnknownSurvey.
    """
    check_place(out)
    report = await make_report(
        database, survey, publishable=publishable, include_test=include_test, who=who, to=out.name, now=now
    )
    try:
        # Readable by its owner alone: exact counts may point to somebody.
        async with placed(out) as unfinished:
            await asyncio.to_thread(unfinished.write_text, written(report, out.suffix), encoding="utf-8", newline="")
    except OSError as problem:
        raise ExportRefused(f"Cannot write {out}: {problem.strerror or problem}.") from problem
    return report
