"""One event that a receiver refuses: it holds back its own response alone, and is said, tried again or given up."""

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from bot.analysis.forwarding.sending import AT_ONCE
from bot.service.doctor import examine_forwarding
from storage.destinations import Letter
from storage.events import EventRow
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.forwarding.sending_scene import HOW_OFTEN, Scene, a_scene, by_response, everybody, render
from tests.fakes.receiver import Answer

# What the statements do, test_delivering.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def scene(database: Database, keys: KeyRing) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        yield scene


async def test_a_refused_event_holds_back_its_own_response_alone(scene: Scene) -> None:
    await everybody(scene)
    await scene.add()
    scene.receiver.answer = lambda event: Answer(422) if event["seq"] == 6 else None
    sender = scene.sender()
    await scene.live_through(1, sender)
    assert by_response(scene.receiver) == {"r1": [1, 5, 9], "r2": [2], "r3": [3, 7, 11], "r4": [4, 8, 12]}
    await scene.happen("r2", "r3")
    await sender.send_all_due()
    assert 14 in scene.receiver.seqs
    standing = await scene.standing()
    assert (standing.ahead, standing.dead, standing.destination.failing_since) == (3, 0, None)
    scene.receiver.answer = lambda event: None
    await scene.live_through(24, sender)
    assert by_response(scene.receiver)["r2"] == [2, 6, 10, 13]


async def test_what_is_refused_is_said_and_goes_at_once_when_somebody_says_so(scene: Scene) -> None:
    await scene.happen("r1", "r2", "r1")
    await scene.add()
    scene.receiver.answer = lambda event: Answer(422) if event["seq"] == 1 else None
    sender = scene.sender()
    await scene.live_through(0.01, sender)
    _, refused = map(str, await examine_forwarding(scene.database))
    assert refused == (
        "warning  Forwarding to council: 1 refused: it answered 422, next try at 2026-11-22 12:05 UTC. "
        "At once: forward replay council --refused"
    )
    scene.receiver.answer = lambda event: None
    await sender.send_all_due()
    assert scene.receiver.seqs == [2]
    assert (await scene.operator.replay_letters("council", Letter.WAITING)).count == 1
    await sender.send_all_due()
    assert scene.receiver.seqs == [2, 1, 3]
    assert len(await examine_forwarding(scene.database)) == 1


async def test_what_is_refused_goes_at_once_to_one_that_fails_when_that_is_resumed_too(scene: Scene) -> None:
    await scene.happen("r1", "r2")
    await scene.add()
    scene.receiver.answer = lambda event: Answer(422) if event["seq"] == 1 else None
    sender = scene.sender()
    await scene.live_through(0.01, sender)
    scene.receiver.answer = lambda event: Answer(503)
    await scene.happen("r3")
    await sender.send_all_due()
    _, refused = map(str, await examine_forwarding(scene.database))
    assert refused.endswith("At once: forward replay council --refused, then: forward resume council")
    scene.receiver.answer = lambda event: None
    await scene.operator.replay_letters("council", Letter.WAITING)
    await sender.send_all_due()
    assert scene.receiver.seqs == [2]
    await scene.operator.resume("council")
    await sender.send_all_due()
    assert sorted(scene.receiver.seqs) == [1, 2, 3]


async def test_what_waits_behind_a_refused_event_is_not_passed_over_by_a_receiver_that_comes_back(
    scene: Scene,
) -> None:
    await scene.add()
    await scene.happen("r1")
    sender = scene.sender()
    scene.receiver.answer = lambda event: Answer(422)
    await scene.live_through(0.01, sender)
    await scene.happen("r2")
    scene.receiver.answer = lambda event: Answer(503)
    await sender.send_all_due()
    await scene.happen("r1", "r2", "r3")
    scene.receiver.answer = lambda event: None
    scene.clock.now += 5_000
    await sender.send_due()
    assert scene.receiver.seqs[:1] == [2]
    await scene.live_through(1, sender)
    assert by_response(scene.receiver) == {"r1": [1, 3], "r2": [2, 4], "r3": [5]}


async def test_refused_for_three_days_it_is_a_dead_letter_and_the_rest_of_its_response_goes_on(scene: Scene) -> None:
    await everybody(scene)
    await scene.add()
    tries = 0

    def refuse_the_second(event: dict[str, int]) -> Answer | None:
        nonlocal tries
        tries += event["seq"] == 2
        return Answer(400) if event["seq"] == 2 else None

    scene.receiver.answer = refuse_the_second
    sender = scene.sender()
    await scene.live_through(80, sender)
    assert tries == HOW_OFTEN
    assert by_response(scene.receiver)["r2"] == [6, 10]
    standing = await scene.standing()
    assert (standing.ahead, standing.dead, standing.needs_somebody) == (0, 1, True)
    well, dead = map(str, await examine_forwarding(scene.database))
    assert well == "ok       Forwarding to council: 0 event(s) wait."
    assert dead.startswith("problem  council has refused 1 event(s) for three days")
    scene.receiver.answer = lambda event: None
    assert (await scene.operator.replay_letters("council", Letter.DEAD)).count == 1
    await sender.send_all_due()
    assert by_response(scene.receiver)["r2"] == [6, 10, 2]
    assert not (await scene.standing()).needs_somebody


async def test_one_event_that_a_receiver_breaks_over_does_not_stop_the_others(scene: Scene) -> None:
    await everybody(scene)
    await scene.add()
    scene.receiver.answer = lambda event: Answer(500) if event["seq"] == 1 else None
    sender = scene.sender()
    await scene.live_through(1, sender)
    assert by_response(scene.receiver) == {f"r{n}": [n, n + 4, n + 8] for n in (2, 3, 4)}
    standing = await scene.standing()
    assert (standing.ahead, standing.destination.failing_since) == (3, None)
    await scene.live_through(80, sender)
    assert (await scene.standing()).dead == 1
    assert by_response(scene.receiver)["r1"] == [5, 9]


async def test_many_that_are_refused_hold_up_no_other(scene: Scene) -> None:
    await scene.add()
    await scene.happen_often(AT_ONCE + 10, "r1")
    await scene.happen("r2")
    scene.receiver.answer = lambda event: Answer(422) if event["response"] == "r1" else None
    await scene.sender().send_all_due()
    assert [each.body["response"] for each in scene.receiver.taken] == ["r2"]


async def test_an_event_that_cannot_be_written_holds_back_its_own_response_alone(scene: Scene) -> None:
    async def render_most(events: Sequence[EventRow], raw: bool) -> Mapping[int, bytes]:
        if any(event.seq == 2 for event in events):
            raise ValueError
        return await render(events, raw)

    await everybody(scene)
    await scene.add()
    await scene.sender(render=render_most).send_all_due()
    assert by_response(scene.receiver) == {f"r{n}": [n, n + 4, n + 8] for n in (1, 3, 4)}
    assert (await scene.standing()).ahead == 3
    await scene.live_through(1, scene.sender())
    assert by_response(scene.receiver)["r2"] == [2, 6, 10]
