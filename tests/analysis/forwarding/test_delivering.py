"""What a destination is to get, and what came of it, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from storage import delivering, destinations
from storage.delivering import FAR_BEHIND, Brought, Failed, Left, Work
from storage.destinations import Destination, Letter, Retrying, State
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database, Many, Run, Script
from tests.analysis.forwarding.sending_scene import WHO, Scene, a_scene, by_response
from tests.web.walking import rows

LATER = 10**15


@pytest.fixture
async def scene(database: Database, keys: KeyRing) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        await scene.add()
        yield scene


async def taken(scene: Scene, owner: str = "one") -> Destination:
    id_, now = (await scene.standing()).destination.id, scene.clock()
    destination = await scene.database.run(partial(delivering.take, id_, owner, now, now + 1_000))
    assert destination is not None
    return destination


async def work(scene: Scene, destination: Destination, most: int = 100) -> Work:
    return await scene.database.read(partial(delivering.work, destination, scene.clock(), most))


async def settle(scene: Scene, brought: Brought, owner: str = "one") -> bool:
    id_ = (await scene.standing()).destination.id
    return await scene.database.run(partial(delivering.settle, id_, owner, brought, scene.clock()))


def seqs(found: Work) -> tuple[list[int], list[int]]:
    return [item.event.seq for item in found.items], [event.seq for event in found.behind]


async def test_a_lease_keeps_others_away_until_it_ends_or_is_given_back(scene: Scene) -> None:
    due = partial(delivering.due, "other", scene.clock())
    destination = await taken(scene)
    assert await scene.database.read(due) == []
    assert await scene.database.run(partial(delivering.take, destination.id, "other", scene.clock(), LATER)) is None
    assert await scene.database.read(partial(delivering.due, "other", scene.clock() + 1_000)) != []
    assert not await settle(scene, Brought(7, (), ()), owner="other")
    assert (await scene.standing()).destination.seq == 0
    assert await settle(scene, Brought(0, (), ()))
    assert await scene.database.read(due) != []


async def test_what_is_refused_holds_back_the_later_ones_of_its_response(scene: Scene) -> None:
    await scene.happen("r1", "r2", "r1", "r2", "r1")
    destination = await taken(scene)
    assert seqs(await work(scene, destination)) == ([1, 2, 3, 4, 5], [])
    assert seqs(await work(scene, destination, most=2)) == ([1, 2], [])
    left = [Left(1, "r1", attempts=1, next_at=scene.clock() + 5_000, problem="422"), Left(3, "r1")]
    assert await settle(scene, Brought(4, [2, 4], left))
    destination = await taken(scene)
    assert seqs(await work(scene, destination)) == ([], [5])
    assert await settle(scene, Brought(5, [], [Left(5, "r1")]))
    destination = await taken(scene)
    assert not await scene.database.read(partial(delivering.has_work, destination, scene.clock()))
    scene.clock.now += 5_000
    found = await work(scene, destination)
    assert seqs(found) == ([1, 3, 5], [])
    assert [item.attempts for item in found.items] == [1, 0, 0]
    assert (await scene.standing()).refused == Retrying(1, "422", scene.clock())
    assert await settle(scene, Brought(5, [], [Left(1, "r1", 10, None, "422", Letter.DEAD)]))
    assert seqs(await work(scene, await taken(scene))) == ([3, 5], [])
    standing = await scene.standing()
    assert (standing.ahead, standing.dead, standing.oldest_at is not None) == (2, 1, True)
    assert standing.refused is None, "what waits behind it was not refused itself"


async def test_other_surveys_events_are_passed_over_a_thousand_at_a_time(scene: Scene) -> None:
    destination = (await scene.standing()).destination
    assert not await scene.database.read(partial(delivering.has_work, destination, scene.clock()))
    await scene.happen_often(FAR_BEHIND, "r9", survey="park")
    assert await scene.database.read(partial(delivering.has_work, destination, scene.clock()))
    assert await work(scene, destination) == Work([], [], FAR_BEHIND)
    await taken(scene)
    assert await settle(scene, Brought(FAR_BEHIND, (), (), was_tried=False))
    destination = (await scene.standing()).destination
    assert not await scene.database.read(partial(delivering.has_work, destination, scene.clock()))


async def test_failures_are_counted_until_something_arrives_or_a_person_steps_in(scene: Scene) -> None:
    began = scene.clock()
    for number in (1, 2):
        scene.clock.now = began + number * 10
        await taken(scene)
        assert await settle(scene, Brought(0, (), (), Failed("503", began)))
        now = (await scene.standing()).destination
        assert (now.failures, now.failing_since, now.problem) == (number, began + 10, "503")
    await taken(scene)
    assert await settle(scene, Brought(0, (), (), was_tried=False))
    assert (await scene.standing()).destination.failures == 2, "nothing was tried"
    await taken(scene)
    assert await settle(scene, Brought(3, [3], (), Failed("503", began)))
    assert (await scene.standing()).destination.failures == 1, "one has arrived"
    await taken(scene)
    assert await settle(scene, Brought(3, (), (), Failed("410", None)))
    assert (await scene.standing()).destination.has_given_up
    assert await scene.database.read(partial(delivering.due, "one", LATER)) == []
    await scene.operator.resume("council")
    now = (await scene.standing()).destination
    assert (now.failures, now.failing_since, now.problem, now.state) == (0, None, "", State.RUNNING)


async def test_a_pause_during_a_pass_stands(scene: Scene) -> None:
    await scene.happen("r1")
    await taken(scene)
    await scene.operator.pause("council")
    assert await settle(scene, Brought(1, [1], (), Failed("503", None)))
    now = (await scene.standing()).destination
    assert (now.seq, now.state, now.has_given_up) == (1, State.PAUSED, False)
    assert not await scene.operator.pause("council"), "it is paused already"


async def test_what_is_settled_goes_again_and_what_is_not_goes_once(scene: Scene) -> None:
    for response in ("r1", "r2", "trial", "r3", "r1"):
        await scene.happen(response)
    await taken(scene)
    await settle(scene, Brought(4, [1, 2, 4], [Left(2, "r2", 10, None, "422", Letter.DEAD)]))
    assert (await scene.operator.replay("council", 2)).count == 2
    assert (await scene.operator.replay("council", 1, 1)).count == 1
    assert seqs(await work(scene, await taken(scene))) == ([1, 2, 4], [5])
    assert (await scene.standing()).dead == 0


async def test_several_processes_at_once_bring_everything_once(scene: Scene) -> None:
    await scene.happen_often(15, "r1", "r2", "r3", "r4")
    senders = [scene.sender(owner) for owner in ("one", "two", "three")]
    await asyncio.gather(*(sender.send_all_due() for sender in senders))
    await senders[0].send_all_due()
    assert sorted(scene.receiver.seqs) == list(range(1, 61))
    assert all(seqs == sorted(seqs) for seqs in by_response(scene.receiver).values())


async def test_nothing_is_brought_while_a_restored_database_has_not_caught_up(scene: Scene) -> None:
    await scene.database.run(partial(_hold, "held"))
    assert await scene.database.read(partial(delivering.due, "one", scene.clock())) == []


def _hold(name: str) -> Script[None]:
    yield Many("INSERT INTO installation (name, value) VALUES (:name, '{}')", [{"name": name}])


async def test_everything_an_operator_does_is_in_the_audit_log(scene: Scene) -> None:
    operator = scene.operator
    await scene.happen("r1")
    await operator.pause("council")
    await operator.resume("council")
    await operator.replay("council", 1)
    await operator.replay_letters("council", Letter.DEAD)
    await operator.replay_letters("council", Letter.WAITING)
    await operator.change_secret("council", 1, scene.keys)
    await operator.remove("council")
    assert await rows(scene.database, "SELECT who, action, detail FROM audit ORDER BY id") == [
        (WHO, "forwarding added", f"council, stoke, masked text, {scene.receiver.url}/events"),
        (WHO, "forwarding paused", "council"),
        (WHO, "forwarding resumed", "council"),
        (WHO, "forwarding replayed", "council, 0 from 1"),
        (WHO, "forwarding replayed", "council, 0 dead"),
        (WHO, "forwarding replayed", "council, 0 refused"),
        (WHO, "forwarding secret changed", "council"),
        (WHO, "forwarding removed", "council"),
    ]
    assert await scene.database.read(destinations.every) == []


async def test_new_data_keys_take_the_secrets_along(scene: Scene) -> None:
    before = scene.receiver.secrets[0]
    after = await scene.operator.change_secret("council", 24, scene.keys)
    await rotate_data_keys(scene.database, scene.keys)
    assert await rows(scene.database, "SELECT key_id FROM destination") == [(scene.keys.current_key_id,)]
    await scene.happen("r1")
    scene.receiver.secrets = [before, after]
    await scene.sender().send_all_due()
    assert scene.receiver.seqs == [1]


async def test_a_process_with_old_keys_reads_the_new_ones(scene: Scene, database: Database) -> None:
    other = await KeyRing.open(database, "a secret that is only for tests")
    await rotate_data_keys(database, other)
    await scene.happen("r1")
    await scene.sender().send_all_due()
    assert scene.receiver.seqs == [1]
    await rotate_data_keys(database, other)
    await scene.operator.change_secret("council", 0, scene.keys)


async def test_a_secret_that_signs_no_more_is_not_kept(scene: Scene) -> None:
    kept = "SELECT previous_secret IS NULL, previous_until IS NULL FROM destination"
    await scene.operator.change_secret("council", 0, scene.keys)
    assert await rows(scene.database, kept) == [(True, True)]
    await scene.operator.change_secret("council", 1, scene.keys)
    ((until,),) = await rows(scene.database, "SELECT previous_until FROM destination")
    await scene.database.run(partial(destinations.forget_old_secrets, until - 1))
    assert await rows(scene.database, kept) == [(False, False)]
    await scene.database.run(partial(destinations.forget_old_secrets, until))
    assert await rows(scene.database, kept) == [(True, True)]


async def test_one_that_gave_up_can_be_paused_by_hand(scene: Scene) -> None:
    def give_up() -> Script[None]:
        yield Run("UPDATE destination SET state = 'paused', failing_since = 1, failures = 9")

    await scene.database.run(give_up)
    await scene.operator.pause("council")
    (standing,) = await scene.operator.standings()
    assert not standing.destination.has_given_up
