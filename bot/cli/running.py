"""`serve`, `demo` and `migrate`: the commands that run the service or make its database ready."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.compose import database_of
from bot.settings import load

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo", help="Try everything on this machine alone: a simulator, staff pages, the shipped survey.")(
        demo
    )
    app.command("serve", help="Run the service.")(serve)
    app.command("migrate", help="Bring the database to this version's schema. Every command does so too.")(migrate)


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run until told to stop."""
    from bot.cli import serving  # only now: the pages take a third of a second, and no other command needs them

    serving.serve(host, port)


def migrate() -> None:
    """Open the database, which migrates it."""

    async def run() -> None:
        async with database_of(load()):
            pass

    asyncio.run(run())
    print("The database is at this version's schema.")


def demo(
    data: Annotated[Path, typer.Option(help="Where the demo keeps its database.")] = Path("demo-data"),
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Run the demo until told to stop. It never contacts a provider."""
    from bot.cli import serving  # only now, as above

    serving.demo(data, host, port)
