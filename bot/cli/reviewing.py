"""Commands for translations: a sheet for somebody who speaks the language, and taking back what they read."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.compose import Refusal, by_terminal, database_of, now
from bot.cli.values import some_words
from bot.service.reviewing import Accepted, Sentence, read_sheet, sentences_now, standing, write_sheet
from bot.settings import Settings, load
from storage import reviews
from storage.reviews import Reviews
from storage.script import Script
from storage.staff import note

MOST_NAMED = 40
"""Rows that are named one by one: a sheet of another language would fill the screen with one line."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", help="Write every sentence of a language beside its English, for somebody to read.")(export)
    app.command("accept", help="Take back a sheet that somebody has read: who, when, and what they corrected.")(accept)
    app.command("list", help="Say which languages are still drafts, and how far each is.")(list_languages)


def export(
    language: Annotated[str, typer.Argument(metavar="LANG", help="The language's code, such as pl or ur-Latn.")],
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; without it, standard output.")] = None,
) -> None:
    """Write the sheet, as CSV in UTF-8 that Excel and LibreOffice open."""
    every, _ = asyncio.run(_stand(load()))
    if language not in every:
        raise Refusal(f"There is nothing in language {language!r}. There is: {', '.join(sorted(every))}.")
    if out is None:
        write_sheet(sys.stdout, language, every[language])
        return
    try:
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            write_sheet(file, language, every[language])
    except OSError as problem:
        raise Refusal(f"{out} cannot be written ({problem.strerror}). Choose another --out.") from None
    print(f"{len(every[language])} sentences are in {out}. A reader puts a better one under `correction`.")


def accept(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sheet, as CSV.")],
    by: Annotated[str, typer.Option("--by", callback=some_words, help="Who has read it. They speak the language.")],
) -> None:
    """Note what was read; exit 1 where some of it could not be taken."""
    accepted, language = asyncio.run(_accept(load(), file, by))
    print(f"{accepted.language}: {len(accepted.marks)} sentences read, {len(accepted.corrections)} of them corrected.")
    print(language)
    if accepted.problems:
        for problem in accepted.problems[:MOST_NAMED]:
            print(problem, file=sys.stderr)
        if (more := len(accepted.problems) - MOST_NAMED) > 0:
            print(f"and {more} more", file=sys.stderr)
        raise Refusal(f"{len(accepted.problems)} rows were not taken; each line above says what to do.")


def list_languages() -> None:
    """Print a line for each language."""
    every, kept = asyncio.run(_stand(load()))
    for language in sorted(every):
        print(_line(language, every[language], kept))


def _line(language: str, sentences: Sequence[Sentence], kept: Reviews) -> str:
    stands = standing(language, sentences, kept)
    if stands.is_read:
        return f"{language}: reviewed, all {stands.sentences} sentences."
    missing = f", {stands.missing} have no translation" if stands.missing else ""
    return f"{language}: draft, {stands.read} of {stands.sentences} sentences read{missing}."


async def _stand(settings: Settings) -> tuple[dict[str, list[Sentence]], Reviews]:
    async with database_of(settings) as database:
        return await sentences_now(database)


async def _accept(settings: Settings, file: Path, by: str) -> tuple[Accepted, str]:
    async with database_of(settings) as database:
        every, _ = await sentences_now(database)
        accepted = read_sheet(file, every)

        def script() -> Script[None]:
            yield from reviews.accept(accepted.language, accepted.marks, accepted.corrections, by, now())
            much = f"{len(accepted.marks)} sentences read by {by}, {len(accepted.corrections)} corrected"
            yield from note(now(), by_terminal(), "translation accepted", f"{accepted.language}: {much}")

        await database.run(script)
        every, kept = await sentences_now(database)
        return accepted, _line(accepted.language, every[accepted.language], kept)
