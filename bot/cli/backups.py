"""`backup` and `restore`, and what `serve` does about them: keeping the ledger, and resuming after a restore."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.channels import Providers
from bot.cli.compose import Refusal, Service, by_terminal, database_of, keys_of, now
from bot.cli.logs import configure
from bot.service.backup import Made, back_up
from bot.service.clock import Job
from bot.service.restoring import restore
from bot.service.resuming import release, resume
from bot.service.suppression import Keeper, forget_old_erasures
from bot.settings import LEDGER_OFF, Settings, load
from storage.database import sqlite_path
from storage.errors import WrongSecret
from storage.ids import TimeOrderedIds

DAY_SECONDS = 24 * 3600.0
LEDGER_SECONDS = 1.0
"""So long, and the time of one commit, an opt-out may stand in the database alone."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup", help="Write the whole database to one file, while the server runs.")(write_backup)
    app.command("restore", help="Fill an empty database from a backup; then nothing is sent until `serve` has asked.")(
        read_backup
    )


def write_backup(
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder to write the file to.")],
) -> None:
    """Back up."""
    print(asyncio.run(_back_up(load(), to)))


def read_backup(
    file: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="The backup to restore.")] = None,
    without_ledger: Annotated[
        bool, typer.Option("--without-ledger", help="Go on though STOPs and erasures since the backup are not known.")
    ] = False,
    release_now: Annotated[
        bool, typer.Option("--release", help="After a restore: let messages go though no provider can be asked.")
    ] = False,
) -> None:
    """Restore, or end the wait that follows it."""
    if (file is None) is not release_now:
        raise typer.BadParameter("give --from FILE, or --release alone", param_hint="--from")
    configure(readable=True)
    settings = load()
    if file is not None:
        print(asyncio.run(_restore(settings, file, without_ledger)))
    elif asyncio.run(_release(settings)):
        print("Released. What was waiting is looked for at the provider first, where that can be asked.")
    else:
        raise Refusal("Nothing is held: this database was not restored, or `serve` has asked the provider since.")


def ledger_path(settings: Settings) -> Path | None:
    """Say where the suppression ledger is: beside the SQLite file unless a setting says otherwise; None for nowhere."""
    if settings.suppression_ledger == LEDGER_OFF:
        return None
    if settings.suppression_ledger:
        return Path(settings.suppression_ledger)
    database = sqlite_path(settings.database_url)
    return None if database is None else database.with_suffix(".ledger")


async def prepare(settings: Settings, service: Service, providers: Providers, ran: Callable[[str], None]) -> list[Job]:
    """Bring ledger and database level, and wait until a restored database may send again; give the clock's jobs.

    To be called before a text is taken in: those that came after the backup must come first. Raises LedgerProblem.
    """
    path = ledger_path(settings)
    keeper = None if path is None else Keeper(service.database, path, now=now)
    if keeper is not None:
        await keeper.catch_up()
    await resume(
        service.database,
        service.keys,
        providers.channels,
        providers.senders,
        service.inbox.handle,
        now=now,
        new_id=TimeOrderedIds(),
    )

    async def keep() -> None:
        if keeper is None:
            await forget_old_erasures(service.database, now())
        else:
            await keeper.keep()
        ran("ledger")

    return [Job("ledger", DAY_SECONDS if keeper is None else LEDGER_SECONDS, keep)]


async def _back_up(settings: Settings, folder: Path) -> Made:
    async with database_of(settings) as database:
        return await back_up(database, folder, who=by_terminal(), now=now())


async def _restore(settings: Settings, file: Path, without_ledger: bool) -> str:
    restored = await restore(
        settings.database_url,
        file,
        ledger_path(settings),
        without_ledger=without_ledger,
        who=by_terminal(),
        now=now(),
    )
    async with database_of(settings) as database:
        try:
            await keys_of(settings, database)
        except (Refusal, WrongSecret) as problem:
            return f"{restored}\nWARNING: all is restored, but no number can be read yet. {problem}"
    return str(restored)


async def _release(settings: Settings) -> bool:
    async with database_of(settings) as database:
        return await release(database, now=now())
