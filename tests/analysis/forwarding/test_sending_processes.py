"""Several processes that send, and their ends: one at a time, and whatever happens, every event in order."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from bot.analysis.forwarding.sending import LEASE_MS
from storage import delivering
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.forwarding.sending_scene import Scene, a_scene, by_response, everybody
from tests.fakes.receiver import Answer, Fault, HangUpAfter
from tests.fakes.twilio import Hang
from tests.storage.failing import FailingDatabase, Torn

# What the statements do, test_delivering.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def scene(database: Database, keys: KeyRing) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        yield scene


async def test_what_one_process_serves_no_other_does_until_its_lease_runs_out(scene: Scene) -> None:
    total = await everybody(scene)
    await scene.add()
    id_, now = (await scene.standing()).destination.id, scene.clock()
    assert await scene.database.run(lambda: delivering.take(id_, "dead", now, now + LEASE_MS)) is not None
    sender = scene.sender()
    await sender.send_all_due()
    assert scene.receiver.requests == 0
    scene.clock.now += LEASE_MS
    await sender.send_all_due()
    assert sorted(scene.receiver.seqs) == list(range(1, total + 1))


async def test_the_word_of_one_whose_lease_ran_out_counts_no_more(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    other = scene.sender("other")
    late = scene.sender("late", patience=0.3)

    def fall_asleep() -> None:
        scene.receiver.on_request = lambda: None
        scene.clock.now += LEASE_MS

    scene.receiver.on_request = fall_asleep
    scene.receiver.fail_next(Hang())
    sleeping = asyncio.create_task(late.send_due())
    await scene.receiver.until_asked()
    scene.receiver.answer = lambda event: None
    await other.send_all_due()
    await sleeping
    standing = await scene.standing()
    assert (standing.ahead, standing.destination.seq, standing.destination.failing_since) == (0, 1, None)


@pytest.mark.parametrize("fail_at", range(1, 6))
async def test_killed_between_sending_and_writing_it_down_it_sends_again_and_loses_nothing(
    scene: Scene, fail_at: int
) -> None:
    total = await everybody(scene)
    await scene.add()
    torn = FailingDatabase(scene.database, fail_at, Torn())
    with pytest.raises(Torn):
        await scene.sender(database=torn).send_due()
    await scene.live_through(1, scene.sender("next"))
    assert set(scene.receiver.seqs) == set(range(1, total + 1))
    assert by_response(scene.receiver) == {f"r{n}": [n, n + 4, n + 8] for n in range(1, 5)}


async def test_whatever_happens_every_event_arrives_in_order(scene: Scene) -> None:
    await scene.add()
    chance, total = random.Random(20261123), 0
    sender = scene.sender()
    faults: list[Fault] = [Answer(500), Answer(429), Answer(422), HangUpAfter(), Answer(302), Answer(404)]
    for _ in range(25):
        for _ in range(chance.randrange(6)):
            total += 1
            await scene.happen(f"r{chance.randrange(1, 5)}")
        scene.receiver.fail_next(*chance.sample(faults, chance.randrange(3)))
        await scene.live_through(chance.choice([0, 0.01, 3]), sender)
    scene.receiver.fail_no_more()
    await scene.live_through(75, sender)
    assert set(scene.receiver.seqs) == set(range(1, total + 1))
    assert all(seqs == sorted(seqs) for seqs in by_response(scene.receiver).values())
    standing = await scene.standing()
    assert (standing.ahead, standing.dead) == (0, 0)
