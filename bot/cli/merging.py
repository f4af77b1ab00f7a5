"""Commands for analysts: a look over a survey for responses that belong together, and the report by mode."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.analysis import quality
from bot.analysis.merging.looking import Looked, look_over
from bot.analysis.modes.filing import write_report
from bot.analysis.modes.report import Report
from bot.analysis.modes.writing import heading_of, looked
from bot.cli.compose import by_terminal, database_of, keys_of, now
from bot.settings import Settings, load
from storage.installation import is_demo

SurveyId = Annotated[str, typer.Option("--survey", metavar="SURVEY", help="The survey's form_id.")]
SAYS = {
    quality.SIMILAR_TEXT: "sent a long answer that others have sent too",
    quality.BURST: "began in a burst",
    quality.SEQUENTIAL: "have numbers that follow each other",
    quality.NO_CAMPAIGN: "texted in without a campaign's word",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("quality-marks", help="Look over a survey's answers, and mark those that belong together.")(mark)
    app.command("mode-report", help="Compare the ways of answering, with and without what was marked.")(report_by_mode)


def mark(survey: SurveyId) -> None:
    """Mark, and say how many have each mark. Nothing is left out."""
    looked = asyncio.run(_mark(load(), survey))
    print(f"Looked over {looked.responses:,} responses.")
    for name, number in looked.marked.items():
        many = looked.groups[name]
        groups = f", in {many:,} group{'s' * (many != 1)}" if many else ""
        print(f"  {name:<20}{number:>8,}  {SAYS[name]}{groups}")
    print("They are marked in the column quality of every export, and none is left out.")
    if not looked.compared:
        print("Only equal letters were looked for. For nearly equal ones: uv sync --extra analysis")
    if not looked.numbers_read:
        print("Numbers were not looked at: SECRET_KEY is not set here. What was found of them before stays.")


def report_by_mode(
    survey: SurveyId,
    out: Annotated[Path, typer.Option(help="The file to write, .html, .md or .csv; one of that name is replaced.")],
    publishable: Annotated[
        bool, typer.Option("--publishable", help="Hide small counts, and round the others.")
    ] = False,
) -> None:
    """Write the report."""
    report = asyncio.run(_report(load(), survey, out, publishable))
    print(f"Wrote {len(report.grids)} tables to {out}.")
    print(f"{heading_of(report)}. {looked(report)}")


async def _report(settings: Settings, survey: str, out: Path, publishable: bool) -> Report:
    async with database_of(settings) as database:
        include_test = await database.read(is_demo)
        who = by_terminal()
        return await write_report(
            database, survey, out, publishable=publishable, include_test=include_test, who=who, now=now()
        )


async def _mark(settings: Settings, survey: str) -> Looked:
    async with database_of(settings) as database:
        keys = await keys_of(settings, database) if settings.secret_key.get_secret_value() else None
        include_test = await database.read(is_demo)
        who = by_terminal()
        return await look_over(database, keys, survey, include_test=include_test, who=who, now=now())
