"""Commands for analysts: the export, the reconciliation report, and replay."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.analysis.columns import UnknownSurvey
from bot.analysis.export import Exported, Format, export
from bot.analysis.formats.asked import Progress
from bot.analysis.reconciliation import reconcile
from bot.cli.channels import providers_of
from bot.cli.compose import Refusal, by_terminal, database_of, keys_of, now, simulator_channels, wording
from bot.service.library import Library
from bot.service.replay import replay
from bot.settings import Settings, load
from storage.installation import is_demo

_CLEAR_LINE = "\r\033[K"

SurveyId = Annotated[str, typer.Option("--survey", metavar="SURVEY", help="The survey's form_id.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """An export as it was asked for at the terminal."""

    survey: str
    format: Format
    out: Path
    raw: bool
    labels: str | None
    primary_only: bool
    shareable: bool


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", help="Write a survey's answers to a file, every source in the same columns.")(write_export)
    app.command("reconcile-report", help="Show where every message that came in is filed. It always balances.")(report)
    app.command("replay", help="Read the raw messages of a survey again, and print what would differ.")(read_again)


def write_export(
    survey: SurveyId,
    format: Annotated[Format, typer.Option(help="What to write.")],
    out: Annotated[Path, typer.Option(help="The file to write, replacing one of that name, or a new folder.")],
    text: Annotated[str, typer.Option(help="masked hides contact details in free text; raw does not.")] = "masked",
    labels: Annotated[str, typer.Option(help="Write labels in this language (en, English) instead of codes.")] = "",
    primary_only: Annotated[bool, typer.Option("--primary-only", help="One response of each person alone.")] = False,
    shareable: Annotated[bool, typer.Option("--shareable", help="Days, new ids and a new order; masked.")] = False,
) -> None:
    """Write one export."""
    if text not in ("masked", "raw"):
        raise typer.BadParameter("write masked or raw", param_hint="--text")
    if shareable and text == "raw":
        raise typer.BadParameter(
            "a shareable export is always masked; leave it or --text raw out", param_hint="--shareable"
        )
    asked = _Asked(survey, format, out, text == "raw", labels or None, primary_only, shareable)
    written = asyncio.run(_export(load(), asked))
    if format is Format.CODEBOOK:  # as a page it has no rows, and as a table rows of another kind
        print(f"Wrote what each column and code of {survey} means to {written.path}.")
    else:
        print(f"Wrote {written.rows} rows of {written.columns} columns to {written.path}.")
    for note in written.notes:
        print(note)


def report(survey: SurveyId) -> None:
    """Print the report; exit 1 where it does not balance."""
    found, balances = asyncio.run(_report(load(), survey))
    print(found)
    if not balances:
        raise Refusal(
            "The report does not balance: a message is missing from it. Keep the database as it is and tell us."
        )


def read_again(survey: SurveyId) -> None:
    """Print each difference between what is stored and what the bot would make of the same texts today."""
    differences = asyncio.run(_replay(load(), survey))
    for difference in differences:
        print(difference)
    print(f"{len(differences)} differences.")


async def _export(settings: Settings, asked: _Asked) -> Exported:
    progress = _progress()
    try:
        async with database_of(settings) as database:
            return await export(
                database,
                asked.survey,
                asked.format,
                asked.out,
                raw=asked.raw,
                labels=asked.labels,
                include_test=await database.read(is_demo),
                who=by_terminal(),
                now=now(),
                primary_only=asked.primary_only,
                shareable_by=await keys_of(settings, database) if asked.shareable else None,
                progress=progress,
            )
    finally:
        if progress is not None:
            print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)


def _progress() -> Progress | None:
    """Show how far it is on a terminal, and nowhere else."""
    if not sys.stderr.isatty():
        return None
    return lambda done: print(f"{_CLEAR_LINE}{done:,} responses", end="", file=sys.stderr, flush=True)


async def _report(settings: Settings, survey: str) -> tuple[str, bool]:
    async with database_of(settings) as database:
        demo = await database.read(is_demo)
        found = await reconcile(database, survey, include_test=demo, now=now())
        return str(found), found.is_balanced


async def _replay(settings: Settings, survey: str) -> list[str]:
    async with database_of(settings) as database:
        library = Library(database, wording(drafts_allowed=settings.drafts_allowed))
        await library.load()
        if survey not in library.desk.listings:
            raise UnknownSurvey(survey, list(library.desk.listings))
        channels = {**simulator_channels(), **providers_of(settings).channels}
        return [str(d) for d in await replay(database, library, channels, survey)]
