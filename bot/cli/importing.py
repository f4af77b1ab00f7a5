"""`web-import`, `web-map` and `web-forget`: answers from the council's own web form, into the same table."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.analysis.columns import UnknownSurvey
from bot.analysis.importing.applying import apply, look_over
from bot.analysis.importing.checking import Checked, Progress, refuse_if_wrong, refuse_to_take_back
from bot.analysis.importing.problems import ImportRefused
from bot.analysis.importing.proposing import propose
from bot.cli.compose import Refusal, by_terminal, database_of, keys_of, now
from bot.cli.people import SERVE_ADDS_IT, written_down
from bot.service.counting import counted
from bot.service.suppression import LedgerProblem
from bot.settings import Settings, load
from storage import imports, surveys
from storage.keys import KeyRing
from storage.script import Database

SAMPLES = Path(__file__).parents[2] / "surveys" / "samples"
SAMPLE = SAMPLES / "stoke-jadu-export.csv"
SAMPLE_MAP = SAMPLES / "stoke-jadu.toml"
SAMPLE_SURVEY = "stoke-community-cohesion"
EVERY = 500
_CLEAR_LINE = "\r\x1b[K"

File = Annotated[Path, typer.Argument(help="The form's export: CSV or XLSX.")]
SurveyId = Annotated[str, typer.Option("--survey", metavar="SURVEY", help="The survey's form_id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("web-import", help="Take in answers from a web form's export, by a map. A dry run unless --apply.")(
        import_web
    )
    app.command("web-map", help="Propose a map for a web form's export, on standard output.")(propose_map)
    app.command("web-forget", help="Remove one person's imported answers for good.")(forget)


def import_web(
    file: File,
    survey: SurveyId,
    map: Annotated[Path, typer.Option(help="The map: a TOML file that says which column is which question.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write it, in one transaction.")] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Write it also where newer answers go back to older ones.")
    ] = False,
) -> None:
    """Look a file over and, with --apply, write it."""
    try:
        checked = asyncio.run(_import(load(), file, survey, map, apply, take_back))
    except ImportRefused as refused:
        if len(refused.problems) > 1:
            print("\n".join(refused.problems))
        raise
    print(checked.report)
    refuse_if_wrong(checked)
    brings = checked.report.added + checked.report.changed
    print()
    if not brings:
        print("It brings nothing new, so nothing was written.")
    elif apply:
        if not take_back:
            refuse_to_take_back(checked)
        print(f"Written: {counted(checked.report.added, 'new response')}, {checked.report.changed} changed.")
    elif checked.report.taken_back:
        print("Nothing was written. Import the newest export; or is this one right? Then add --apply --take-back.")
    else:
        print("Nothing was written. Run it again with --apply to write it.")


def propose_map(
    file: File,
    survey: SurveyId,
    header_rows: Annotated[
        int, typer.Option(min=0, max=2, help="How many rows of headings the file has; 0 finds it out.")
    ] = 0,
) -> None:
    """Print a proposed map."""
    print(asyncio.run(_propose(load(), file, survey, header_rows)), end="")


def forget(
    id: Annotated[str, typer.Argument(help="The row's id in the form's export.")],
    survey: SurveyId,
    source: Annotated[str, typer.Option(help="The form, by the `source` of its map.")],
) -> None:
    """Remove the response that a row became."""
    was_there, unwritten = asyncio.run(_forget(load(), id, survey, source))
    if not was_there:
        raise Refusal(f"No answers of survey '{survey}' were imported from '{source}' under that id.")
    print("Removed. A later file does not bring it back; remove it from the form too.")
    if unwritten is not None:
        raise Refusal(f"The removal is done, but a restore would undo it. {unwritten} {SERVE_ADDS_IT}")


async def _import(
    settings: Settings, file: Path, survey: str, map_path: Path, writes: bool, takes_back: bool
) -> Checked:
    async with database_of(settings) as database:
        keys = await keys_of(settings, database)
        try:
            checked = await look_over(database, keys, file, map_path, survey, now(), _progress())
        finally:
            if sys.stderr.isatty():
                print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)
        if writes and not checked.report.problems and (takes_back or not checked.report.taken_back):
            await apply(database, checked, by_terminal(), now, takes_back=takes_back)
        return checked


async def _propose(settings: Settings, file: Path, survey: str, header_rows: int) -> str:
    async with database_of(settings) as database:
        return (await propose(database, file, survey, header_rows)).text


async def _forget(settings: Settings, external_id: str, survey: str, source: str) -> tuple[bool, LedgerProblem | None]:
    async with database_of(settings) as database:
        known = sorted({row.survey for row in await database.read(surveys.every_version)})
        if survey not in known:
            raise UnknownSurvey(survey, known)
        was_there = await database.run(lambda: imports.forget(survey, source, external_id, by_terminal(), now()))
        return was_there, await written_down(settings, database)


async def import_sample(database: Database, keys: KeyRing) -> str:
    """Take in the made-up web answers of the demo, once; say so in a line. Empty where its survey is another now."""
    try:
        checked = await look_over(database, keys, SAMPLE, SAMPLE_MAP, SAMPLE_SURVEY, now())
        await apply(database, checked, by_terminal(), now)
    except ImportRefused:
        return ""
    return f"Web answers: {checked.report.rows} made-up ones are in it (surveys/samples/{SAMPLE.name})"


def _progress() -> Progress:
    """Tell on a terminal how far a long file is."""

    def tell(rows: int) -> None:
        if rows % EVERY == 0:
            print(f"{_CLEAR_LINE}{rows:,} rows read", end="", file=sys.stderr, flush=True)

    return tell if sys.stderr.isatty() else lambda _: None
