"""Forwarding: does everything arrive where it should."""

from datetime import UTC, datetime

from bot.service.doctor.finding import Finding, ok, problem, warning
from storage import destinations
from storage.destinations import Standing, State
from storage.script import Database


async def examine_forwarding(database: Database) -> list[Finding]:
    """Look at every destination."""
    standings = await database.read(destinations.standings)
    return [finding for each in standings for finding in (_arrives(each), *_refused(each), *_dead(each))]


def say_refused(standing: Standing) -> str:
    """Say what a receiver refused and when that is tried again; nothing where it is nothing. Never the address."""
    refused, at, name = standing.refused, standing.retried_at, standing.destination.name
    if refused is None:
        return ""
    said = f"{refused.count:,} refused: {refused.problem}"
    if at is None:
        return said
    # What is set to go again waits for the next try of a destination that fails.
    resumed = "" if standing.destination.failing_since is None else f", then: forward resume {name}"
    return f"{said}, next try at {moment(at)}. At once: forward replay {name} --refused{resumed}"


def _arrives(standing: Standing) -> Finding:
    destination, waiting = standing.destination, f"{standing.ahead:,} event(s) wait"
    if destination.failing_since is None:
        if destination.state is State.PAUSED:
            return warning(f"Forwarding to {destination.name} is paused; {waiting}.")
        return ok(f"Forwarding to {destination.name}: {waiting}.")
    since = (
        f"Nothing has arrived at {destination.name} since {moment(destination.failing_since)}: {destination.problem}."
    )
    if destination.has_given_up:
        return problem(f"{since} {waiting}. Put it right there, then: forward resume {destination.name}")
    return warning(f"{since} It is tried again; {waiting}.")


def _refused(standing: Standing) -> list[Finding]:
    said = say_refused(standing)
    return [warning(f"Forwarding to {standing.destination.name}: {said}")] if said else []


def _dead(standing: Standing) -> list[Finding]:
    if not standing.dead:
        return []
    name = standing.destination.name
    said = f"{name} has refused {standing.dead:,} event(s) for three days: they are dead letters."
    return [problem(f"{said} Put it right there, then: forward replay {name} --dead")]


def moment(at: int) -> str:
    """Write a time, epoch milliseconds UTC, to the minute."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC"
