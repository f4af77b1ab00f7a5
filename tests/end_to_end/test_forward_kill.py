"""kill -9 while residents answer and a receiver is told of it: every event arrives, in order, and none is lost."""

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest

from bench.serving import SECRET, serving
from bot.analysis.forwarding.allowed import Allowed
from bot.analysis.forwarding.destinations import Destinations
from storage.destinations import Text
from storage.keys import KeyRing
from storage.script import Database, Fetch, Run, Script
from tests.end_to_end.commands import SURVEY
from tests.end_to_end.reaping import Reaper
from tests.end_to_end.residents import everybody_answers, make_residents
from tests.end_to_end.waiting import until
from tests.fakes.receiver import FakeReceiver

RESIDENTS = 12
TURNS = 13
KILLS = 2
SEED = 20261123
SECONDS = 90.0

# One engine: what becomes of a lease and a cursor, test_delivering.py tries on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_killed_again_and_again_every_event_arrives_and_in_order(
    published: str, database: Database, tmp_path: Path
) -> None:
    async with asyncio.timeout(SECONDS), FakeReceiver() as receiver:
        keys = await KeyRing.open(database, SECRET)
        operator = Destinations(database, who="a test", now=lambda: 0)
        allowed = Allowed.read(receiver.url)
        _, secret = await operator.add("council", SURVEY, receiver.url, Text.MASKED, allowed, keys)
        receiver.secrets = [secret]
        async with serving(published, tmp_path / "server", FORWARD_TO=receiver.url) as server:
            reaper = Reaper(
                server,
                random.Random(SEED),
                turns=RESIDENTS * TURNS,
                kills=KILLS,
                while_down=partial(database.run, _let_leases_end),
            )
            residents = make_residents(
                RESIDENTS, SEED, server.port, until_up=reaper.until_up, on_turn=reaper.note_turn, repeats=0.1
            )
            await everybody_answers(residents)
            await reaper.finish()
            happened = await database.read(_happened)
            await until(lambda: set(receiver.seqs) >= set(happened))
    assert reaper.kills == KILLS
    assert receiver.refused == []
    assert set(receiver.seqs) == set(happened)
    revisions = first_arrivals(receiver)
    assert len(revisions) == RESIDENTS
    assert all(each == list(range(1, len(each) + 1)) for each in revisions.values()), revisions
    assert sum(map(len, revisions.values())) == len(happened) >= RESIDENTS * (TURNS - 2)


def first_arrivals(receiver: FakeReceiver) -> dict[str, list[int]]:
    """List the revisions of each response, each where it came first."""
    found: dict[str, list[int]] = {}
    for each in receiver.taken:
        about = each.body["data"]
        revisions = found.setdefault(about["response_id"], [])
        if about["revision"] not in revisions:
            revisions.append(about["revision"])
    return found


def _happened() -> Script[list[int]]:
    found = yield Fetch("SELECT seq FROM event ORDER BY seq")
    return [row[0] for row in found.rows]


def _let_leases_end() -> Script[None]:
    yield Run("UPDATE destination SET lease_until = 0")
