"""`population import`: how many people there are of each kind, which the council's page holds the answers against."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.analysis.population import load_population
from bot.cli.compose import by_terminal, database_of, now
from bot.settings import Settings, load
from storage.population import People


def register(population: typer.Typer) -> None:
    """Add the command."""
    population.command("import", help="Load how many people there are of each kind, from a CSV file.")(import_people)


def import_people(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns question, code, people and source.")],
    survey: Annotated[str, typer.Option(help="The survey whose answers are held against it.")],
) -> None:
    """Load a file in the place of what its questions had."""
    rows = asyncio.run(_import(load(), survey, file))
    for question in dict.fromkeys(row.question for row in rows):
        those = [row for row in rows if row.question == question]
        print(f"{question}: {len(those)} kinds, {sum(row.people for row in those):,} people")


async def _import(settings: Settings, survey: str, file: Path) -> Sequence[People]:
    async with database_of(settings) as database:
        return await load_population(database, survey, file, by_terminal(), now())
