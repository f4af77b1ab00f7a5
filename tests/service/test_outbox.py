"""The outbox sends each message once, whatever the provider does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from bot.service.options import write_options
from bot.service.outbox import LEASE_MS
from bot.service.refusals import MENDED_MS, after_refusal
from channels.base import Accepted, Capabilities, Option, Outbound, Problem, SendResult
from channels.simulator import SimulatorChannel
from storage import claiming
from storage.claiming import Claim, Pace
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database
from storage.settling import Ended, Hold, Later, Lost, Took, settle
from tests.conftest import SECRET
from tests.fakes.twilio import Drop, FakeTwilio, Garble, Hang, Refuse
from tests.service.sending import HOUR, MINUTE, NEIGHBOUR, OURS, RESIDENT, SECOND, Office, Time, sms_office

World = tuple[Office, FakeTwilio]


@pytest.fixture
async def world(database: Database, keys: KeyRing) -> AsyncIterator[World]:
    async with sms_office(database, keys, timeout_seconds=0.4) as both:
        yield both


async def test_what_is_due_is_sent_and_known_by_the_providers_id(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    assert await office.outbox.send_due() == 1
    assert twilio.phone(RESIDENT) == ["Do you feel safe?"]
    assert [await office.state(sent), await office.column("provider_id", sent)] == [
        "accepted",
        twilio.sids(RESIDENT)[0],
    ]
    assert await office.outbox.send_due() == 0


async def test_the_same_idempotency_key_is_the_same_message(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    await office.queue(person, "Hello", idempotency_key="one")
    with pytest.raises(AssertionError):
        await office.queue(person, "Hello", idempotency_key="one")
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Hello"]


@pytest.mark.parametrize(
    ("fault", "was_taken"),
    [
        pytest.param(Drop(accept=True), True, id="taken, then the connection dropped"),
        pytest.param(Drop(), False, id="dropped"),
        pytest.param(Hang(accept=True), True, id="taken, then silence"),
        pytest.param(Hang(), False, id="silence"),
        pytest.param(Garble(), True, id="taken, then an unreadable answer"),
        pytest.param(Refuse(500), False, id="500"),
        pytest.param(Refuse(503), False, id="503"),
    ],
)
async def test_an_unknown_outcome_is_asked_about_and_never_resent_blindly(
    world: World, fault: Drop | Hang | Garble | Refuse, was_taken: bool
) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    twilio.fail_next(fault)
    await office.outbox.send_due()
    assert await office.state(sent) == "unknown"
    for _ in range(3):
        office.time.go_on(MINUTE + SECOND)
        await office.outbox.send_due()
        await office.outbox.sweep()
        await office.looking.look()
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Do you feel safe?"]
    assert await office.state(sent) == "accepted"
    assert await office.column("attempts", sent) == (1 if was_taken else 2)


async def test_too_many_requests_puts_a_message_off_longer_each_time(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Hello")
    waits = []
    for retry_after in ("1", "1", "30"):
        twilio.fail_next(Refuse(429, 20429, retry_after=retry_after))
        await office.outbox.send_due()
        waits.append(await office.column("not_before", sent) - office.time.now())
        assert await office.outbox.send_due() == 0
        office.time.go_on(waits[-1])
    assert waits == [2 * SECOND, 4 * SECOND, 30 * SECOND]
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Hello"]


async def test_the_carriers_stop_is_kept_and_silences_what_waits(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    await office.opt_in(RESIDENT)
    refused = await office.queue(person, "Hello")
    waiting = await office.queue(person, "A survey for you", "campaign")
    twilio.blocked.add(RESIDENT)
    await office.outbox.send_due()
    assert [await office.state(refused), await office.column("code", refused)] == ["failed", "21610"]
    assert await office.state(waiting) == "cancelled"
    assert await office.fetch("SELECT opted_out_at, carrier_stopped FROM contact") == [(office.time.now(), True)]
    assert await office.fetch("SELECT address_hmac, stopped, by FROM opt_out") == [
        (office.keys.lookup("sms", RESIDENT), True, "send")
    ]


@pytest.mark.parametrize(
    ("status", "code", "problem"),
    [
        pytest.param(400, 21211, "bad_address", id="no such number"),
        pytest.param(400, 30007, "blocked", id="filtered by the carrier"),
        pytest.param(400, 99999, "unknown", id="a code nobody knows"),
    ],
)
async def test_a_refusal_for_good_is_kept_with_its_code_and_not_tried_again(
    world: World, status: int, code: int, problem: str
) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Hello")
    twilio.fail_next(Refuse(status, code))
    await office.outbox.send_due()
    facts = await office.fetch("SELECT state, problem, code FROM outbox WHERE id = :id", {"id": sent})
    assert facts == [("failed", problem, str(code))]
    office.time.go_on(HOUR)
    assert await office.outbox.send_due() == 0


async def test_a_reply_that_our_settings_keep_back_goes_out_once_they_are_right(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Your next question")
    twilio.fail_next(Refuse(401, 20003))
    await office.outbox.send_due()
    facts = await office.fetch("SELECT state, problem, code FROM outbox WHERE id = :id", {"id": sent})
    assert facts == [("queued", "configuration", "20003")]
    assert await office.outbox.send_due() == 0
    office.time.go_on(MENDED_MS)
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Your next question"]


@pytest.mark.parametrize(("is_reply", "code"), [(False, "20003"), (True, "unsupported_characters")])
def test_what_no_mending_brings_out_is_not_tried_again(is_reply: bool, code: str) -> None:
    assert isinstance(after_refusal(Problem.CONFIGURATION, code, "", now=0, is_reply=is_reply), Ended)


async def test_an_unreadable_address_holds_up_nobody_else(world: World) -> None:
    office, twilio = world
    broken, well = await office.contact(), await office.contact(NEIGHBOUR)
    await office.change(
        "UPDATE contact SET address_encrypted = :blob WHERE id = :id", {"blob": b"x" * 60, "id": broken}
    )
    failed = await office.queue(broken, "Hello")
    await office.queue(well, "Hello")
    await office.outbox.send_due()
    assert await office.column("code", failed) == "address_unreadable"
    assert twilio.phone(NEIGHBOUR) == ["Hello"]


class Crowd(SimulatorChannel):
    """A channel that counts how many sends run at once."""

    def __init__(self, on_send: Callable[[], None] = lambda: None) -> None:
        super().__init__("sms")
        self.capabilities = Capabilities(max_text=1600, pace=1000)
        self.now_running = self.most = self.count = 0
        self.on_send = on_send

    async def send(self, outbound: Outbound) -> SendResult:
        self.now_running += 1
        self.count += 1
        self.most = max(self.most, self.now_running)
        self.on_send()
        await asyncio.sleep(0)
        self.now_running -= 1
        return Accepted(f"P{outbound.id}")


async def test_at_most_32_sends_run_at_once_and_all_are_settled(database: Database, keys: KeyRing) -> None:
    crowd = Crowd()
    office = Office(database, keys, Time(), {"sms": crowd})
    for number in range(130):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    assert await office.outbox.send_due() == 130
    assert crowd.most == 32
    assert await office.fetch("SELECT state, COUNT(*) FROM outbox GROUP BY state") == [("accepted", 130)]


async def test_a_claim_whose_lease_is_nearly_over_is_handed_back_unsent(database: Database, keys: KeyRing) -> None:
    time = Time()
    crowd = Crowd(on_send=partial(time.go_on, 400))  # forty of these are longer than a claim may wait
    office = Office(database, keys, time, {"sms": crowd})
    for number in range(40):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    assert await office.outbox.send_due() == 40
    assert 0 < crowd.count < 40
    assert dict(await office.fetch("SELECT state, COUNT(*) FROM outbox GROUP BY state")) == {
        "accepted": crowd.count,
        "queued": 40 - crowd.count,
    }
    await office.outbox.send_due()
    assert crowd.count == 40
    assert await office.fetch("SELECT DISTINCT attempts FROM outbox") == [(1,)], "handing back is no attempt"


@pytest.mark.parametrize(
    "next_owner", [pytest.param("another", id="by another process"), pytest.param("slow", id="by the same process")]
)
async def test_a_late_answer_to_a_claim_that_was_taken_over_changes_nothing(world: World, next_owner: str) -> None:
    office, _ = world
    sent = await office.queue(await office.contact(), "Hello")
    holds = []
    for owner in ("slow", next_owner):
        claim = Claim(owner, office.time.now(), office.time.now() + LEASE_MS, 10, ("sms",))
        (claimed,) = await office.database.run(partial(claiming.claim, claim, {OURS: Pace(10, 10)}))
        holds.append(Hold(claimed.id, claimed.attempts))
        if owner == "slow" and len(holds) == 1:
            await office.change("UPDATE outbox SET state = 'queued' WHERE id = :id", {"id": sent})
    for outcome in (Lost("late", 0), Later(0), Ended("blocked", "1"), Took("SM1")):
        await office.database.run(partial(settle, "slow", [(holds[0], outcome)], office.time.now()))
        assert [await office.state(sent), await office.column("lease_owner", sent)] == ["sending", next_owner]


class Broken(SimulatorChannel):
    """A channel with a bug."""

    def __init__(self) -> None:
        super().__init__("sms")

    async def send(self, outbound: Outbound) -> SendResult:
        raise ZeroDivisionError


async def test_a_bug_in_a_channel_leaves_the_outcome_unknown(database: Database, keys: KeyRing) -> None:
    office = Office(database, keys, Time(), {"sms": Broken()})
    sent = await office.queue(await office.contact(), "Hello")
    await office.outbox.send_due()
    assert [await office.state(sent), await office.column("code", sent)] == ["unknown", "ZeroDivisionError"]


async def test_options_travel_with_their_message(database: Database, keys: KeyRing) -> None:
    page = SimulatorChannel("sms")
    office = Office(database, keys, Time(), {"sms": page})
    options = (Option("q1:1", "Yes"), Option("q1:2", "Nie, dziękuję"))
    await office.queue(await office.contact(), "Do you feel safe?", options=write_options(options, "Wybierz"))
    await office.queue(await office.contact(NEIGHBOUR), "Do you feel safe?", options=write_options(options))
    await office.outbox.send_due()
    (shown,), (other,) = page.delivered(RESIDENT), page.delivered(NEIGHBOUR)
    assert (shown.text, shown.options, shown.opener) == ("Do you feel safe?", options, "Wybierz")
    assert (other.options, other.opener) == (options, "")


async def test_keys_that_another_process_has_changed_are_read_again(world: World) -> None:
    office, twilio = world
    await office.queue(await office.contact(), "Hello")
    elsewhere = await KeyRing.open(office.database, SECRET)
    await rotate_data_keys(office.database, elsewhere)
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Hello"]


@pytest.mark.parametrize(
    ("problem", "known", "outcome"),
    [
        pytest.param(Problem.UNREACHABLE, "", Later, id="a phone that is off: later"),
        pytest.param(Problem.UNREACHABLE, "unreachable", Ended, id="still off: never"),
        pytest.param(Problem.TOO_FAST, "", Later, id="the queue was full: later"),
        pytest.param(Problem.TOO_FAST, "unreachable", Ended, id="full after one later try: never"),
        pytest.param(Problem.EXPIRED, "", Ended, id="too late"),
        pytest.param(Problem.OUTSIDE_WINDOW, "", Ended, id="outside the window"),
    ],
)
def test_a_refusal_has_at_most_one_later_try(problem: Problem, known: str, outcome: type[Ended | Later]) -> None:
    after = after_refusal(problem, "1", known, now=0)
    assert type(after) is outcome
    assert not isinstance(after, Ended) or after.state == ("expired" if problem is Problem.EXPIRED else "failed")
