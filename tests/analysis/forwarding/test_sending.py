"""Events at a receiver that is well, slow, deaf, down or gone: at least once, in order for each response, none lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.analysis.forwarding.sending import AT_ONCE, IN_FLIGHT
from bot.service.doctor import examine_forwarding
from storage.destinations import State, Text
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.forwarding.sending_scene import HOUR_MS, HOW_OFTEN, Scene, a_scene, by_response, everybody
from tests.fakes.receiver import Answer, HangUpAfter
from tests.fakes.twilio import Hang
from tests.web.walking import rows

# What the statements do, test_delivering.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def scene(database: Database, keys: KeyRing) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        yield scene


# A receiver that is well


async def test_everything_arrives_signed_and_in_order(scene: Scene) -> None:
    total = await everybody(scene)
    await scene.add()
    await scene.sender().send_all_due()
    assert sorted(scene.receiver.seqs) == list(range(1, total + 1))
    assert by_response(scene.receiver) == {f"r{n}": [n, n + 4, n + 8] for n in range(1, 5)}
    assert scene.receiver.refused == []
    standing = await scene.standing()
    assert (standing.ahead, standing.dead, standing.destination.seq) == (0, 0, total)
    assert standing.destination.delivered_at == scene.clock.now


async def test_nothing_is_sent_twice_and_what_happens_later_follows(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    sender = scene.sender()
    await sender.send_all_due()
    await sender.send_all_due()
    await scene.happen("r1", "r2")
    await sender.send_all_due()
    assert scene.receiver.seqs == [1, 2, 3]


async def test_responses_travel_side_by_side_but_no_response_overtakes_itself(scene: Scene) -> None:
    total = await everybody(scene, times=10)
    await scene.add()
    scene.receiver.gathers = asyncio.Barrier(4)
    await scene.sender().send_all_due()
    assert scene.receiver.requests == len(scene.receiver.seqs) == total
    assert all(seqs == sorted(seqs) for seqs in by_response(scene.receiver).values())


async def test_more_than_one_pass_can_hold_goes_in_one_go(scene: Scene) -> None:
    await scene.happen_often(AT_ONCE // 4 + 5, "r1", "r2", "r3", "r4")
    await scene.add()
    await scene.sender().send_all_due()
    assert len(scene.receiver.seqs) == AT_ONCE + 20


async def test_trials_stay_here_unless_it_is_a_demo(scene: Scene) -> None:
    await scene.add()
    await scene.happen("trial")
    await scene.happen("r2")
    await scene.sender().send_all_due()
    assert [each.body["response"] for each in scene.receiver.taken] == ["r2"]
    assert (await scene.standing()).ahead == 0


async def test_masked_text_is_what_goes_unless_raw_was_asked_for(scene: Scene) -> None:
    await scene.happen("r1")
    await scene.add()
    await scene.sender().send_all_due()
    await scene.add("raw", text=Text.RAW)
    await scene.sender().send_all_due()
    assert [each.body["raw"] for each in scene.receiver.taken] == [False, True]


# One that is not


async def test_down_for_a_day_it_gets_everything_in_order_when_it_is_back(scene: Scene) -> None:
    await scene.add()
    scene.receiver.is_down = True
    sender, total = scene.sender(), 0
    for _ in range(6):
        total += await everybody(scene, times=2)
        await scene.live_through(4, sender)
    assert scene.receiver.taken == []
    failing = (await scene.standing()).destination
    assert (failing.state, failing.problem) == (State.RUNNING, "it cannot be reached (ServerDisconnectedError)")
    scene.receiver.is_down = False
    await scene.live_through(15, sender)
    assert sorted(scene.receiver.seqs) == list(range(1, total + 1))
    assert all(seqs == sorted(seqs) for seqs in by_response(scene.receiver).values())
    assert (await scene.standing()).destination.failing_since is None


async def test_a_failing_receiver_is_asked_ever_less_often_and_not_by_a_crowd(scene: Scene) -> None:
    await everybody(scene)
    await scene.add()
    scene.receiver.answer = lambda event: Answer(500)
    asked_at: list[int] = []
    scene.receiver.on_request = lambda: asked_at.append(scene.clock.now)
    await scene.live_through(60, scene.sender())
    first, *later = sorted(set(asked_at))
    assert [round((at - first) / 1000) for at in later] == [5, 305, 2105, 9305, 27305, 63305, 113705, 185705]
    assert len(asked_at) - IN_FLIGHT <= 2 * len(later)


async def test_one_that_has_taken_something_begins_its_rests_anew(scene: Scene) -> None:
    await everybody(scene)
    await scene.add()
    scene.receiver.answer = lambda event: Answer(503)
    sender = scene.sender()
    await scene.live_through(0.5, sender)
    failing = (await scene.standing()).destination
    assert failing.failures == 3
    assert failing.next_at is not None
    scene.clock.now = failing.next_at
    scene.receiver.answer = lambda event: Answer(503) if event["response"] == "r2" else None
    await sender.send_due()
    failing = (await scene.standing()).destination
    assert (failing.failures, failing.failing_since) == (1, scene.clock.now)
    assert (failing.next_at, scene.receiver.seqs) == (scene.clock.now + 5_000, [1])


async def test_after_three_days_it_is_paused_and_says_so_and_loses_nothing(scene: Scene) -> None:
    total = await everybody(scene)
    await scene.add()
    began = scene.clock.now
    scene.receiver.answer = lambda event: Answer(503)
    sender = scene.sender()
    await scene.live_through(80, sender)
    standing = await scene.standing()
    assert standing.needs_somebody
    assert (standing.destination.problem, standing.destination.failing_since) == ("it answered 503", began)
    assert (standing.destination.failures, standing.ahead) == (HOW_OFTEN, total)
    (found,) = map(str, await examine_forwarding(scene.database))
    assert found.startswith("problem  Nothing has arrived at council since 2026-11-22 12:00 UTC: it answered 503.")
    assert "forward resume council" in found
    scene.receiver.answer = lambda event: None
    await scene.live_through(100, sender)
    assert scene.receiver.taken == []
    await scene.operator.resume("council")
    await sender.send_all_due()
    assert sorted(scene.receiver.seqs) == list(range(1, total + 1))


async def test_deaf_to_one_request_it_is_asked_again_and_nothing_is_left_out(scene: Scene) -> None:
    total = await everybody(scene)
    await scene.add()
    scene.receiver.fail_next(Hang(), Hang())
    await scene.sender(patience=0.2).send_all_due()
    assert (await scene.standing()).destination.problem == "no answer within 0.2 seconds"
    await scene.live_through(1, scene.sender())
    assert sorted(scene.receiver.seqs) == list(range(1, total + 1))
    assert all(seqs == sorted(seqs) for seqs in by_response(scene.receiver).values())


async def test_a_slow_receiver_gets_everything_in_several_passes(scene: Scene) -> None:
    total = await everybody(scene)
    await scene.add()

    def take_four_seconds() -> None:
        scene.clock.now += 4_000

    scene.receiver.on_request = take_four_seconds
    sender = scene.sender()
    await sender.send_due()
    assert 0 < len(scene.receiver.seqs) < total
    assert len(await rows(scene.database, "SELECT 1 FROM delivery")) < IN_FLIGHT, "the rest simply stays new"
    for _ in range(total):
        await sender.send_due()
    assert sorted(scene.receiver.seqs) == list(range(1, total + 1))
    assert all(seqs == sorted(seqs) for seqs in by_response(scene.receiver).values())


async def test_what_it_took_without_a_word_comes_again_under_the_same_id(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    scene.receiver.fail_next(HangUpAfter())
    await scene.live_through(1, scene.sender())
    first, again = scene.receiver.taken
    assert (first.id, first.body) == (again.id, again.body)
    assert again.at > first.at, "the signature is of this try"


async def test_it_rests_as_long_as_the_receiver_asks(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    scene.receiver.fail_next(Answer(429, (("Retry-After", "90"),)))
    await scene.sender().send_all_due()
    assert (await scene.standing()).destination.next_at == scene.clock.now + 90_000


async def test_one_that_is_gone_is_paused_at_once(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    scene.receiver.fail_next(Answer(410))
    await scene.sender().send_all_due()
    standing = await scene.standing()
    assert standing.destination.has_given_up
    assert (standing.destination.problem, standing.ahead) == ("it answered 410: it is gone for good", 1)


async def test_a_receiver_that_does_not_believe_us_is_one_that_fails(scene: Scene) -> None:
    await scene.add()
    await scene.happen("r1")
    right = scene.receiver.secrets
    scene.receiver.secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    sender = scene.sender()
    await sender.send_all_due()
    assert scene.receiver.refused == ["No matching signature found"]
    scene.receiver.secrets = right
    ours = scene.receiver.clock
    scene.receiver.clock = lambda: scene.clock.now + HOUR_MS
    await scene.live_through(0.01, sender)
    assert scene.receiver.refused[1:] == ["Message timestamp too old or too new"]
    scene.receiver.clock = ours
    await scene.live_through(1, sender)
    assert scene.receiver.seqs == [1]


async def test_while_a_secret_is_changed_both_sign(scene: Scene) -> None:
    await scene.add()
    (old,) = scene.receiver.secrets
    new = await scene.operator.change_secret("council", 24, scene.keys)
    scene.receiver.secrets = [old, new]
    await scene.happen("r1")
    sender = scene.sender()
    await sender.send_all_due()
    assert scene.receiver.seqs == [1]
    scene.clock.now += 24 * HOUR_MS
    await scene.happen("r1")
    await sender.send_all_due()
    assert scene.receiver.refused == ["No matching signature found"]
    scene.receiver.secrets = [new]
    await scene.live_through(1, sender)
    assert scene.receiver.seqs == [1, 2]
