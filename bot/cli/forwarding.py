"""`forward add | list | pause | resume | replay | secret | remove`: where events go; and the job that brings them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar, assert_never

import typer

from bot.analysis.forwarding.allowed import Allowed
from bot.analysis.forwarding.destinations import HOUR_MS, ROTATION_HOURS, Destinations, Goes, Replayed
from bot.cli.compose import Service, by_terminal, database_of, keys_of, now
from bot.cli.listing import show
from bot.service.clock import Job
from bot.service.doctor.forwarding import moment, say_refused
from bot.settings import Settings, load
from bot.web.metrics import Metrics
from storage.destinations import Destination, Letter, Standing, Text, forget_old_secrets
from storage.destinations import standings as read_standings
from storage.ids import TimeOrderedIds
from storage.installation import is_demo
from storage.script import Database

FORWARD_SECONDS = 2.0
FIGURES_SECONDS = 15.0
FURTHEST = 10**15
"""No event has a higher number."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The destination's name.")]
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("add", help="Add a webhook or folder that gets every event of a survey, those so far too.")(add)
    app.command("list", help="List the destinations, tab-separated when not on a terminal.")(list_destinations)
    app.command("pause", help="Send nothing for now. What happens meanwhile waits.")(pause)
    app.command("resume", help="Send again from where it stopped, at once.")(resume)
    app.command("replay", help="Send events again: by their numbers, refused ones, dead ones.")(replay)
    app.command("secret", help="Sign with a new secret; the one before it signs too, for a while.")(change_secret)
    app.command("remove", help="Forget a destination, and what waits for it.")(remove)


def add(
    name: Name,
    survey: Annotated[str, typer.Option("--survey", metavar="SURVEY", help="The survey's form_id.")],
    to: Annotated[str, typer.Option(help="An address or a folder that FORWARD_TO lists.")],
    text: Annotated[Text, typer.Option(help="masked hides contact details in free text; raw does not.")] = Text.MASKED,
) -> None:
    """Add one."""
    settings = load()

    async def run() -> str:
        async with database_of(settings) as database:
            allowed = await allowed_of(settings, database)
            keys = await keys_of(settings, database)
            _, secret = await _destinations(database).add(name, survey, to, text, allowed, keys)
            return secret

    secret = asyncio.run(run())
    print(f"Added {name}. The server brings it every event of {survey}, from the first on.")
    if text is Text.RAW:
        print("Residents' words go there RAW, with any number or name in them. That is in the audit log.")
    if secret:
        print("The receiver checks each event with this secret. It is not shown again:")
        print(secret)


def list_destinations() -> None:
    """Print one line for each destination."""
    lines = [
        (
            each.destination.name,
            each.destination.survey,
            _state(each),
            str(each.destination.seq),
            str(each.ahead),
            str(each.dead),
            each.destination.text.value,
            each.destination.shown_target,
            each.destination.problem or say_refused(each),
        )
        for each in _run(lambda destinations: destinations.standings())
    ]
    columns = {"name": "16", "survey": "28", "state": "9", "at": ">8", "waiting": ">8", "dead": ">6", "text": "6"}
    show(lines, columns | {"to": "40", "problem": ""})


def _state(standing: Standing) -> str:
    """Say in a word how one stands; in capitals where somebody must see to it."""
    destination = standing.destination
    if destination.has_given_up:
        return "GAVE UP"
    if destination.failing_since is not None:
        return "failing"
    return destination.state.value if standing.retried_at is None else "refusing"


def pause(name: Name) -> None:
    """Pause one."""
    was_running = _run(lambda destinations: destinations.pause(name))
    print(f"{name} {'gets' if was_running else 'is paused already, and gets'} nothing until: forward resume {name}")


def resume(name: Name) -> None:
    """Resume one."""
    _run(lambda destinations: destinations.resume(name))
    print(f"{name} is sent to again, from where it stopped.")


def replay(
    name: Name,
    first: Annotated[
        int | None, typer.Option("--from-seq", min=1, max=FURTHEST, help="The number of the first event.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--to", min=1, max=FURTHEST, help="The number of the last; without it, all.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Refused ones that wait, alone: at once.")] = False,
    dead: Annotated[bool, typer.Option("--dead", help="The dead letters, alone.")] = False,
) -> None:
    """Let events go again."""
    if [first is not None, refused, dead].count(True) != 1 or (first is None and last is not None):
        raise typer.BadParameter("give --from-seq N, or --refused or --dead alone", param_hint="--from-seq")
    letter = Letter.DEAD if dead else Letter.WAITING
    if first is None:
        replayed = _run(lambda destinations: destinations.replay_letters(name, letter))
    else:
        replayed = _run(lambda destinations: destinations.replay(name, first, last))
    print(say_replayed(replayed, first, letter))


def say_replayed(replayed: Replayed, first: int | None, letter: Letter) -> str:
    """Say how many go again, and when; or why none does. `first` is the number that was asked for, if one was."""
    destination, these = replayed.destination, f"{replayed.count:,} event(s)"
    resume = f"forward resume {destination.name}"
    match replayed.goes:
        case Goes.NOTHING:
            return f"Nothing goes to {destination.name} again: {_why_nothing(destination, first, letter)}."
        case Goes.RESUMED:
            return f"{these} will go to {destination.name} again, which is paused, after: {resume}"
        case Goes.NEXT_TRY:
            at = "" if destination.next_at is None else f", {moment(destination.next_at)}"
            return f"{these} go to {destination.name} again at its next try{at}. Now: {resume}"
        case Goes.NOW:
            return f"{these} go to {destination.name} again. A receiver knows them by their ids."
    assert_never(replayed.goes)


def _why_nothing(destination: Destination, first: int | None, letter: Letter) -> str:
    if first is None:
        return "there are no dead letters" if letter is Letter.DEAD else "nothing that was refused waits"
    if first > destination.seq:
        return f"it has come to number {destination.seq}, and gets later ones anyway"
    return f"{destination.survey} has no event with such a number"


def change_secret(
    name: Name,
    hours: Annotated[int, typer.Option(min=0, max=720, help="How long the old one signs too.")] = ROTATION_HOURS,
) -> None:
    """Change the secret of one."""
    settings = load()

    async def run() -> str:
        async with database_of(settings) as database:
            return await _destinations(database).change_secret(name, hours, await keys_of(settings, database))

    secret = asyncio.run(run())
    if hours:
        until = moment(now() + hours * HOUR_MS)
        print(f"Every event carries both signatures until {until}. Give the receiver the new secret.")
    else:
        print(
            "The old secret signs nothing from now on. Give the receiver the new one: what it refuses till then waits."
        )
    print("It is not shown again:")
    print(secret)


def remove(name: Name) -> None:
    """Remove one."""
    _run(lambda destinations: destinations.remove(name))
    print(f"Removed {name}. What it has got stays there.")


def _run(do: Callable[[Destinations], Awaitable[T]]) -> T:
    async def run() -> T:
        async with database_of(load()) as database:
            return await do(_destinations(database))

    return asyncio.run(run())


def _destinations(database: Database) -> Destinations:
    return Destinations(database, who=by_terminal(), now=now)


async def allowed_of(settings: Settings, database: Database) -> Allowed:
    """Read what the operator allows; a demo's database sends to this machine alone. Raises ForwardRefused."""
    return Allowed.read(settings.forward_to, is_demo=await database.read(is_demo))


@asynccontextmanager
async def forwarding_jobs(settings: Settings, service: Service, metrics: Metrics) -> AsyncIterator[list[Job]]:
    """Make the clock's jobs that bring events to their destinations, and count what waits; hang up at the end."""
    from bot.analysis.forwarding.events import Rendering  # only now: commands need it not
    from bot.analysis.forwarding.sending import Sender

    owner = f"{os.getpid()}-{TimeOrderedIds()()[-8:]}"
    rendering, allowed = Rendering(service.database), await allowed_of(settings, service.database)
    sender = Sender(service.database, service.keys, rendering, allowed, owner=owner, now=now)

    async def send() -> None:
        await sender.send_all_due()
        metrics.job_ran("forward")

    async def count() -> None:
        await service.database.run(lambda: forget_old_secrets(now()))
        metrics.forwarding(await service.database.read(read_standings), now())

    try:
        yield [Job("forward", FORWARD_SECONDS, send), Job("forward figures", FIGURES_SECONDS, count)]
    finally:
        await sender.close()
