"""`poster`: a campaign's poster as a PDF, to be printed on A4 or A5."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.compose import Refusal, database_of, now
from bot.cli.numbers import numbers_of
from bot.core.commands import find_language
from bot.core.language_names import names_of
from bot.core.survey import SurveyDefinition
from bot.outreach.campaigns import over_at, refuse_ended
from bot.outreach.poster import SIZES, Size, poster
from bot.outreach.proofreading import proofs_of
from bot.service.word_files import load_words
from bot.settings import Settings, load
from bot.surveys.insisted import unreachable_contact
from storage import campaigns, surveys


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("poster", help="Write a campaign's poster, with its QR codes, as a PDF.")(print_poster)


def print_poster(
    campaign: Annotated[str, typer.Option(metavar="C", help="The campaign's id, or its keyword.")],
    out: Annotated[Path, typer.Option(help="The PDF to write; one of that name is replaced.")],
    size: Annotated[Size, typer.Option(help="The paper: A4 for a wall, A5 to hand out.")] = "A4",
    language: Annotated[
        list[str] | None, typer.Option(help="Print this language, by name or code. Repeatable.")
    ] = None,
) -> None:
    """Write one poster."""
    if out.suffix.lower() not in ("", ".pdf"):
        raise Refusal(f"--out: {out.name} would not be what its name says: a poster is a PDF. Name it {out.stem}.pdf.")
    written, unreachable = asyncio.run(_written(load(), campaign, size, tuple(language or ())))
    try:
        out.write_bytes(written)
    except OSError as problem:
        raise Refusal(f"--out: {out} cannot be written ({problem.strerror}). Name another file.") from None
    if unreachable:
        print(f"warning: {unreachable}.", file=sys.stderr)
    width, height = SIZES[size]
    print(f"Wrote {out}: {size}, {width:g} by {height:g} mm. Print it at 100 %, and try its codes with a phone.")


async def _written(settings: Settings, campaign: str, size: Size, languages: tuple[str, ...]) -> tuple[bytes, str]:
    """Draw the poster, and say what would make it better."""
    async with database_of(settings) as database:
        row = await database.read(lambda: campaigns.named(campaign))
        if row is None:
            raise Refusal(f"There is no campaign {campaign!r}. See: campaign list")
        versions = await database.read(surveys.every_version)
        refuse_ended(row, now(), over_at(versions, now()))
        current = next(each for each in versions if each.is_current and each.survey == row.survey)
        definition = SurveyDefinition.from_json(current.definition)
        if languages:
            row = replace(row, languages=tuple(_code(definition, asked) for asked in languages))
        proofs = await proofs_of(database, definition)
    numbers = numbers_of(settings, is_demo=row.test)
    drawn = poster(row, definition, numbers, size=size, drafts=proofs.drafts, phrases=proofs.phrases)
    unreachable = unreachable_contact(definition)
    return drawn, unreachable and f"{definition.id}: {unreachable}"


def _code(definition: SurveyDefinition, asked: str) -> str:
    """Find a language of the survey by a name or code."""
    called = {each.code: (each.name, *names_of(each.code, each.name).every) for each in definition.languages}
    found = find_language(asked, called, load_words(), allow_code=True)
    if not found:
        raise Refusal(f"--language: {definition.id} has no {asked}. It has {', '.join(called)}.")
    return found
