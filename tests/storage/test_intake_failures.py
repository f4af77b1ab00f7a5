"""Every storage call of a turn made to fail in turn: nothing is ever half done, and a repeat completes it."""

import asyncio

import pytest

from storage.errors import Unavailable
from storage.intake import Intake
from storage.keys import KeyRing
from storage.script import Database
from storage.turns import Arrived, Kept, TurnFailed
from tests.storage.deciding import JOHN, MARY, ONE_TURN, counts, make_intake, message, rows
from tests.storage.failing import FailingDatabase, Torn

MOST_STATEMENTS = 60


async def _take(intake: Intake, arrived: Arrived) -> Kept | BaseException:
    return (await asyncio.gather(intake.take(arrived), return_exceptions=True))[0]


def _person(number: int) -> str:
    return f"+4477009005{number:02}"


async def test_a_statement_that_fails_once_is_made_good_by_running_the_turn_again(
    database: Database, keys: KeyRing
) -> None:
    for number in range(1, MOST_STATEMENTS):
        failing = FailingDatabase(database, number, Torn("once"))
        kept = await _take(make_intake(failing, keys), message("Hello", f"SM{number}", _person(number)))
        assert isinstance(kept, Kept)
        assert not kept.repeated
        assert await counts(database) == {table: count * number for table, count in ONE_TURN.items()}
        if not failing.has_failed:
            assert number > 10, "a turn has more statements than that"
            return
    pytest.fail("no turn passed untouched")


@pytest.mark.parametrize(
    "error", [Torn("a statement fails for ever"), Unavailable("the database has gone")], ids=["broken", "gone"]
)
async def test_after_a_failure_nothing_is_half_done_and_redelivery_completes_it_once(
    database: Database, keys: KeyRing, error: Exception
) -> None:
    sound = make_intake(database, keys)
    for number in range(1, MOST_STATEMENTS):
        failing = FailingDatabase(database, number, error, for_ever=True)
        arrived = message("Hello", f"SM{number}", _person(number))
        result = await _take(make_intake(failing, keys), arrived)
        if not failing.has_failed:
            assert number > 10
            return
        assert isinstance(result, Torn | Unavailable), "nothing could be kept, so the provider must hear of it"
        assert await counts(database) == {table: count * (number - 1) for table, count in ONE_TURN.items()}
        kept = await sound.take(message("Hello", f"SM{number}", _person(number)))
        assert not kept.repeated
        assert (await sound.take(arrived)).repeated
        assert await counts(database) == {table: count * number for table, count in ONE_TURN.items()}
    pytest.fail("no turn passed untouched")


async def test_a_turn_that_can_never_be_written_is_kept_whatever_fails_while_keeping_it(
    database: Database, keys: KeyRing
) -> None:
    """BROKEN fails twice (with its batch, then alone); then the statements that keep its message fail in turn."""
    for number in range(1, MOST_STATEMENTS):
        failing = FailingDatabase(database, number, Torn("once"))
        event = f"SM{number}"
        result = await _take(make_intake(failing, keys), message("BROKEN", event, _person(number)))
        assert isinstance(result, TurnFailed)
        assert await rows(database, "SELECT filed FROM inbound WHERE event_id = :event", event=event) == [
            ("unhandled",)
        ]
        found = await counts(database)
        assert (found["inbound"], found["response"], found["answer"], found["outbox"]) == (number, 0, 0, 0)
        if not failing.has_failed:
            assert number > 30
            return
    pytest.fail("no turn passed untouched")


async def test_neighbours_of_a_failure_in_one_batch_all_pass(database: Database, keys: KeyRing) -> None:
    for number in range(1, MOST_STATEMENTS):
        failing = FailingDatabase(database, number, Torn("once"))
        intake = make_intake(failing, keys)
        taken = await asyncio.gather(
            *(intake.take(message("Hello", f"{name}{number}", name)) for name in (MARY, JOHN, _person(1)))
        )
        assert [each.repeated for each in taken] == [False] * 3
        assert (await counts(database))["answer"] == 3 * number
        if not failing.has_failed:
            return
    pytest.fail("no batch passed untouched")


async def test_erasing_is_whole_or_not_at_all(database: Database, keys: KeyRing) -> None:
    sound = make_intake(database, keys)
    await sound.take(message("Hello", "SM0"))
    before = await counts(database)
    for number in range(1, MOST_STATEMENTS):
        failing = FailingDatabase(database, number, Unavailable("gone"), for_ever=True)
        result = await _take(make_intake(failing, keys), message("DELETE", "SM1"))
        if not failing.has_failed:
            assert isinstance(result, Kept)
            assert (await counts(database))["response"] == 0
            return
        assert await counts(database) == before
        assert await rows(database, "SELECT text, filed FROM inbound") == [("Hello", "answers")]
    pytest.fail("no turn passed untouched")
