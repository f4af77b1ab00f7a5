"""Forwarding: does everything arrive where it should."""

from datetime import UTC, datetime

from bot.service.doctor.finding import Finding, ok, problem, warning
from storage import destinations
from storage.destinations import Standing, State
from storage.script import Database


async def examine_forwarding(database: Database) -> list[Finding]:
    """Look at every destination."""
    return [
        finding for each in await database.read(destinations.standings) for finding in (_arrives(each), *_dead(each))
    ]


def _arrives(standing: Standing) -> Finding:
    destination, waiting = standing.destination, f"{standing.ahead:,} event(s) wait"
    if destination.failing_since is None:
        if destination.state is State.PAUSED:
            return warning(f"Forwarding to {destination.name} is paused; {waiting}.")
        return ok(f"Forwarding to {destination.name}: {waiting}.")
    since = f"Nothing has arrived at {destination.name} since {_day(destination.failing_since)}: {destination.problem}."
    if destination.has_given_up:
        return problem(f"{since} {waiting}. Put it right there, then: forward resume {destination.name}")
    return warning(f"{since} It is tried again; {waiting}.")


def _dead(standing: Standing) -> list[Finding]:
    if not standing.dead:
        return []
    name = standing.destination.name
    said = f"{name} has refused {standing.dead:,} event(s) for three days: they are dead letters."
    return [problem(f"{said} Put it right there, then: forward replay {name} --dead")]


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC"
