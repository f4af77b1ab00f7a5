"""Taking messages in: each is kept and answered once, in order, whoever fails beside it."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from msgspec.structs import replace

from storage.database import open_database
from storage.keys import KeyRing
from storage.outbox import REPLY_LEASE_MS
from storage.script import Database, Run, Script
from storage.turns import Arrived, Busy, Decided, Kept, Opened, TurnFailed
from tests.storage.deciding import JOHN, MARY, NOON, ONE_TURN, counts, decide, make_intake, message, rows

T = TypeVar("T")


async def test_a_message_its_answer_and_its_reply_are_on_disk_when_take_returns(
    database: Database, keys: KeyRing
) -> None:
    kept = await make_intake(database, keys).take(message("Hello", "SM1"))
    assert (kept.repeated, [reply.text for reply in kept.replies]) == (False, ["Reply 1"])
    assert await counts(database) == ONE_TURN
    assert await rows(database, "SELECT id, filed, text, survey, question, contact_id IS NULL FROM inbound") == [
        (kept.inbound_id, "answers", "Hello", "hello", "words", False)
    ]
    assert await rows(database, "SELECT said, question, revision, inbound_id FROM answer") == [
        ("Hello", "words", 1, kept.inbound_id)
    ]
    assert await rows(database, "SELECT text, state, purpose, lease_until, priority FROM outbox") == [
        ("Reply 1", "replied", "reply", NOON + REPLY_LEASE_MS, 0)
    ]
    shown = await rows(database, "SELECT language, core_answered, core_applicable, last_inbound_at FROM response")
    assert shown == [("en", 1, 10, NOON)]
    assert await rows(database, "SELECT current_conversation_id = (SELECT id FROM conversation) FROM contact") in (
        [(1,)],
        [(True,)],
    )


async def test_a_repeat_gets_the_same_reply_and_changes_only_the_lease(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    first = await intake.take(message("Hello", "SM1"))
    again = await intake.take(message("Hello", "SM1", received_at=NOON + 5_000))
    assert (again.repeated, again.inbound_id) == (True, first.inbound_id)
    assert [replace(reply, lease_until=NOON + REPLY_LEASE_MS) for reply in again.replies] == list(first.replies)
    assert again.replies[0].lease_until == NOON + 5_000 + REPLY_LEASE_MS
    assert await counts(database) == ONE_TURN


async def test_the_very_same_message_handed_in_twice_is_taken_once(database: Database, keys: KeyRing) -> None:
    """The caller may try again with the record, and the id, that it made the first time."""
    arrived, intake = message("Hello", "SM1"), make_intake(database, keys)
    first, second = await asyncio.gather(intake.take(arrived), intake.take(arrived))
    assert (first.repeated, second.repeated) == (False, True)
    assert await counts(database) == ONE_TURN


async def test_a_settled_reply_is_given_again_without_a_new_lease(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("Hello", "SM1"))

    def settle() -> Script[None]:
        yield Run("UPDATE outbox SET state = 'accepted', lease_until = NULL")

    await database.run(settle)
    again = await intake.take(message("Hello", "SM1", received_at=NOON + 5_000))
    assert [(reply.state, reply.lease_until) for reply in again.replies] == [("accepted", None)]


async def test_one_persons_messages_are_taken_in_the_order_in_which_they_came(
    database: Database, keys: KeyRing
) -> None:
    intake = make_intake(database, keys)
    arrivals = [message(f"{name} {n}", f"SM{name}{n}", name) for n in range(5) for name in (MARY, JOHN)]
    kept = await asyncio.gather(*(intake.take(arrived) for arrived in arrivals))
    assert [each.replies[0].text for each in kept] == [f"Reply {n}" for n in (1, 1, 2, 2, 3, 3, 4, 4, 5, 5)]
    said = await rows(database, "SELECT said FROM answer WHERE said LIKE :who ORDER BY revision", who=f"{MARY}%")
    assert said == [(f"{MARY} {n}",) for n in range(5)]


async def test_many_people_share_one_transaction(database: Database, keys: KeyRing) -> None:
    """What makes it fast: the messages that wait while one is written go together."""
    counting = Counting(database)
    intake = make_intake(counting, keys)
    await asyncio.gather(*(intake.take(message("Hello", f"SM{n}", f"+4477009001{n:02}")) for n in range(64)))
    assert counting.runs == 1
    assert (await counts(database))["answer"] == 64


async def test_what_comes_in_while_the_loop_goes_round_goes_along(database: Database, keys: KeyRing) -> None:
    """Whoever is answered next to others writes again at once: their texts are one batch, not many small ones."""
    counting = Counting(database)
    intake = make_intake(counting, keys)
    taking = []
    for n in range(4):
        taking.append(asyncio.create_task(intake.take(message("Hello", f"SM{n}", f"+4477009001{n:02}"))))
        await asyncio.sleep(0)
    await asyncio.gather(*taking)
    assert counting.runs == 1


async def test_a_turn_that_raises_keeps_its_message_alone_and_its_neighbours_pass(
    database: Database, keys: KeyRing
) -> None:
    intake = make_intake(database, keys)
    results = await asyncio.gather(
        intake.take(message("Hello", "SM1", MARY)),
        intake.take(message("BOOM", "SM2", JOHN)),
        intake.take(message("Hello", "SM3", "+447700900003")),
        return_exceptions=True,
    )
    failure = results[1]
    assert isinstance(failure, TurnFailed)
    assert isinstance(failure.__cause__, ValueError)
    assert [isinstance(result, Kept) for result in results] == [True, False, True]
    assert await rows(database, "SELECT event_id, filed, contact_id IS NULL FROM inbound ORDER BY event_id") == [
        ("SM1", "answers", False),
        ("SM2", "unhandled", False),
        ("SM3", "answers", False),
    ]
    assert (await counts(database))["outbox"] == 2


async def test_a_decision_that_cannot_be_written_fails_alone(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    results = await asyncio.gather(
        intake.take(message("Hello", "SM1", MARY)),
        intake.take(message("BROKEN", "SM2", JOHN)),
        intake.take(message("Hello", "SM3", "+447700900003")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Kept, TurnFailed, Kept]
    assert await rows(database, "SELECT event_id, filed FROM inbound ORDER BY event_id") == [
        ("SM1", "answers"),
        ("SM2", "unhandled"),
        ("SM3", "answers"),
    ]
    assert (await counts(database))["response"] == 2


async def test_a_failed_turn_runs_again_when_the_message_is_delivered_again(database: Database, keys: KeyRing) -> None:
    with pytest.raises(TurnFailed):
        await make_intake(database, keys, _raise).take(message("Hello", "SM1"))
    kept = await make_intake(database, keys).take(message("Hello", "SM1"))
    assert (kept.repeated, kept.replies[0].text) == (False, "Reply 1")
    assert await counts(database) == ONE_TURN


async def test_the_clock_runs_failed_turns_again(database: Database, keys: KeyRing) -> None:
    heard: list[Opened] = []

    def listening(opened: Opened) -> Decided:
        heard.append(opened)
        return decide(opened)

    arrived = message("Hello", "SM1")
    with pytest.raises(TurnFailed):
        await make_intake(database, keys, _raise).take(arrived)
    intake = make_intake(database, keys, listening)
    assert await intake.rerun_unhandled(10, NOON + 30_000) == 0, "it is not old enough"
    assert await intake.rerun_unhandled(10, NOON + 30_001) == 1
    assert await intake.rerun_unhandled(10, NOON + 30_001) == 0
    assert [opened.arrived for opened in heard] == [replace(arrived, arrival="reconciled")]
    assert await counts(database) == ONE_TURN


async def test_a_message_that_never_passes_does_not_hold_up_the_others(database: Database, keys: KeyRing) -> None:
    broken = make_intake(database, keys, _raise)
    for number, text in enumerate(["BOOM", "BOOM", "Hello"]):
        with pytest.raises(TurnFailed):
            await broken.take(message(text, f"SM{number}", f"+44770090000{number}", received_at=NOON + number))
    intake = make_intake(database, keys)
    passed = [await intake.rerun_unhandled(2, NOON + 60_000) for _ in range(3)]
    assert passed == [0, 1, 0]


async def test_words_of_an_earlier_answer_reach_a_survey_that_reads_them(database: Database, keys: KeyRing) -> None:
    reading = make_intake(database, keys, recalled={"hello": ("words",)})
    await reading.take(message("I like it here", "SM1"))
    await reading.take(message("Other words", "SM2", JOHN))
    kept = await reading.take(message("RECALL", "SM3"))
    assert kept.replies[0].text == "Reply I like it here"
    not_reading = make_intake(database, keys)
    assert (await not_reading.take(message("RECALL", "SM4"))).replies[0].text == "Reply ?"


async def test_a_second_half_is_put_below_the_first_as_a_new_revision(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("The park", "SM1"))
    await intake.take(message("JOIN is too dark", "SM2"))
    await intake.take(message("JOIN in winter", "SM3"))
    assert await rows(database, "SELECT revision, said FROM answer ORDER BY revision") == [
        (1, "The park"),
        (2, "The park\nJOIN is too dark"),
        (3, "The park\nJOIN is too dark\nJOIN in winter"),
    ]


WAITING = """
    INSERT INTO outbox (id, contact_id, channel, purpose, priority, text, state, not_before, made_at)
    SELECT :state || id, id, channel, 'reply', 0, :state, :state, 0, 0 FROM contact"""


async def test_a_later_text_settles_the_older_replies_that_wait(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("Hello", "SM1"))

    def waiting() -> Script[None]:
        for state in ("queued", "sending", "unknown"):
            yield Run(WAITING, {"state": state})

    await database.run(waiting)
    await intake.take(message("Hello", "SM2", JOHN))
    await intake.take(message("More", "SM3", received_at=NOON + 1))
    assert sorted(await rows(database, "SELECT text, state, settled_at FROM outbox")) == [
        ("Reply 1", "replied", None),
        ("Reply 1", "replied", None),
        ("Reply 2", "replied", None),
        ("queued", "superseded", NOON + 1),
        ("sending", "sending", None),
        ("unknown", "superseded", NOON + 1),
    ]


async def test_a_reply_in_the_queue_waits_for_no_older_one(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("Hello", "SM1"))
    await intake.take(message("Hello", "SM2", JOHN))
    await intake.take(message("More", "SM3", received_at=NOON + 1, arrival="reconciled"))
    assert await rows(database, "SELECT text, state, settled_at FROM outbox ORDER BY id") == [
        ("Reply 1", "superseded", NOON + 1),
        ("Reply 1", "replied", None),
        ("Reply 2", "queued", None),
    ]


CAMPAIGN = """
    INSERT INTO outbox (id, contact_id, channel, purpose, priority, state, not_before, made_at)
    SELECT :state || id, id, channel, 'campaign', 10, :state, 0, 0 FROM contact"""


async def test_stop_cancels_what_a_campaign_still_had_to_say(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("Hello", "SM1"))

    def campaign() -> Script[None]:
        for state in ("queued", "sending", "accepted"):
            yield Run(CAMPAIGN, {"state": state})

    await database.run(campaign)
    await intake.take(message("More", "SM2"))
    states = "SELECT state FROM outbox WHERE purpose = 'campaign' ORDER BY state"
    assert await rows(database, states) == [("accepted",), ("queued",), ("sending",)]
    await intake.take(message("STOP", "SM3"))
    assert await rows(database, states) == [("accepted",), ("cancelled",), ("sending",)]
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(NOON,)]
    ledger = await rows(database, "SELECT stopped, by, channel, at, address_hmac FROM opt_out")
    assert [(bool(ledger[0][0]), *ledger[0][1:])] == [(True, "text", "sms", NOON, keys.lookup("sms", MARY))]


async def test_two_processes_with_the_same_messages_process_each_once(
    database: Database, keys: KeyRing, database_url: str
) -> None:
    other = await open_database(database_url)
    intakes = [
        make_intake(database, keys),
        make_intake(other, await KeyRing.open(other, "a secret that is only for tests")),
    ]
    names = [(f"SM{person}-{n}", f"+4477009001{person:02}") for n in range(4) for person in range(20)]
    kept = await asyncio.gather(
        *(intake.take(message("Hello", event, address)) for event, address in names for intake in intakes)
    )
    assert sorted(each.repeated for each in kept) == [False] * 80 + [True] * 80
    found = await counts(database)
    assert (found["inbound"], found["answer"], found["outbox"], found["contact"], found["response"]) == (
        80,
        80,
        80,
        20,
        20,
    )
    await other.close()


@pytest.mark.parametrize("way", ["delivered again", "run again by the clock"])
async def test_two_processes_run_a_failed_turn_again_once(
    database: Database, keys: KeyRing, database_url: str, way: str
) -> None:
    names = [(f"SM{person}", f"+4477009001{person:02}") for person in range(20)]
    broken = make_intake(database, keys, _raise)
    await asyncio.gather(*(broken.take(message("Hello", *name)) for name in names), return_exceptions=True)
    other = await open_database(database_url)
    intakes = [make_intake(each, keys) for each in (database, other)]
    if way == "delivered again":
        await asyncio.gather(*(intake.take(message("Hello", *name)) for name in names for intake in intakes))
    else:
        await asyncio.gather(*(intake.rerun_unhandled(50, NOON + 60_000) for intake in intakes))
    assert await counts(database) == {table: count * 20 for table, count in ONE_TURN.items()}
    await other.close()


async def test_callers_that_go_away_leave_their_messages_taken(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    tasks = [asyncio.create_task(intake.take(message("Hello", f"SM{n}", f"+4477009001{n:02}"))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, Kept) for result in results] == [False, True] * 10
    assert (await counts(database))["answer"] == 20
    assert (await intake.take(message("Hello", "SM0", "+447700900100"))).repeated


async def test_a_full_queue_says_busy_and_keeps_nothing_of_it(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys, queue_limit=3)
    results = await asyncio.gather(
        *(intake.take(message("Hello", f"SM{n}", f"+4477009001{n:02}")) for n in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Kept] * 3 + [Busy] * 2
    assert (await counts(database))["inbound"] == 3


async def test_closing_finishes_what_was_accepted_and_takes_no_more(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    tasks = [asyncio.create_task(intake.take(message("Hello", f"SM{n}"))) for n in range(5)]
    await asyncio.sleep(0)
    await intake.close()
    assert all(isinstance(each, Kept) for each in await asyncio.gather(*tasks))
    with pytest.raises(Busy):
        await intake.take(message("Hello", "SM9"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])
async def test_the_event_loop_goes_on_while_a_batch_is_written(database: Database, keys: KeyRing) -> None:
    gate = threading.Event()

    def waits(opened: Opened) -> Decided:
        assert gate.wait(10), "the event loop stood still"
        return decide(opened)

    taking = asyncio.create_task(make_intake(database, keys, waits).take(message("Hello", "SM1")))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.01, gate.set)
    assert (await taking).replies


def _raise(opened: Opened) -> Decided:
    raise ValueError(f"a bug met {opened.arrived!r}")


class Counting:
    """A database that counts its transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_postgres = database.is_postgres
        self.read = database.read
        self.stream = database.stream
        self.check = database.check
        self.close = database.close
        self.runs = 0

    async def run(self, script: Callable[[], Script[T]]) -> T:
        self.runs += 1
        return await self._database.run(script)


def test_an_arrived_message_shows_neither_words_nor_sender() -> None:
    arrived: Arrived = message("secret words", "SM1")
    assert "secret" not in repr(arrived)
    assert MARY not in repr(arrived)
