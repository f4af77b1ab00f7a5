"""Whose turn it is: pace, priority, order, expiry, STOP, sending hours, consent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import pytest

from storage import claiming
from storage.claiming import Claim, Claimed, Pace
from storage.keys import KeyRing
from storage.outbox import Priority
from storage.script import Database
from tests.fakes.twilio import Drop, FakeTwilio
from tests.service.sending import HOUR, MINUTE, NEIGHBOUR, OURS, RESIDENT, SECOND, Office, sms_office

World = tuple[Office, FakeTwilio]


@pytest.fixture
async def world(database: Database, keys: KeyRing) -> AsyncIterator[World]:
    async with sms_office(database, keys) as both:
        yield both


async def claim(office: Office, owner: str, limit: int = 60, pace: Pace = Pace(4, 4)) -> list[Claimed]:  # noqa: B008
    rules = Claim(owner, office.time.now(), office.time.now() + 120_000, limit, ("sms",))
    return await office.database.run(partial(claiming.claim, rules, {OURS: pace}))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


async def test_three_claimers_at_once_never_take_more_than_the_pace_allows(world: World) -> None:
    office, _ = world
    for number in range(60):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    claimed: list[str] = []
    after_each_second = []
    for _ in range(4):
        rounds = await asyncio.gather(*(claim(office, owner) for owner in ("one", "two", "three") * 2))
        claimed += [message.id for messages in rounds for message in messages]
        after_each_second.append(len(claimed))
        office.time.go_on(SECOND)
    assert after_each_second == [4, 8, 12, 16]
    assert len(set(claimed)) == 16
    assert await office.fetch("SELECT COUNT(*) FROM outbox WHERE state = 'sending' AND attempts = 1") == [(16,)]


async def test_a_rested_sender_has_its_burst_and_no_more(world: World) -> None:
    office, _ = world
    for number in range(20):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    await claim(office, "one")
    office.time.go_on(HOUR)
    assert len(await claim(office, "one")) == 4


async def test_a_machine_whose_clock_is_behind_gets_no_extra_tokens(world: World) -> None:
    office, _ = world
    for number in range(20):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    office.time.go_on(MINUTE)
    await claim(office, "ahead")
    office.time.go_on(-SECOND)
    assert await claim(office, "behind") == []


async def test_a_clock_that_was_set_back_silences_no_sender(world: World) -> None:
    office, _ = world
    for number in range(20):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    await claim(office, "one")
    office.time.go_on(-2 * MINUTE)
    await office.change("UPDATE outbox SET not_before = :now WHERE state = 'queued'", {"now": office.time.now()})
    assert len(await claim(office, "one")) == 4
    assert await claim(office, "one") == []


async def test_a_clock_that_was_set_back_silences_nobody_who_had_just_heard(world: World) -> None:
    office, _ = world
    contact_id = await office.contact()
    await office.queue(contact_id, "Hello")
    assert await office.outbox.send_due() == 1
    slow = Pace(4, 4, apart_ms=SECOND)
    for ahead, taken in ((0, 0), (SECOND, 0), (HOUR, 1)):
        office.time.go_on(-ahead)
        await office.queue(contact_id, f"Hello again, {ahead} ms before that")
        assert len(await claim(office, "one", pace=slow)) == taken


async def test_once_its_pace_is_used_up_a_sender_waits_until_several_may_go(world: World) -> None:
    office, twilio = world
    for number in range(20):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
    passes = []
    for _ in range(11):
        passes.append(await office.outbox.send_due())
        office.time.go_on(50)
    assert passes == [10, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0]
    assert len(twilio.messages) == 14


async def test_a_rested_sender_lets_each_reply_go_at_once(world: World) -> None:
    office, _ = world
    for number in range(8):
        await office.queue(await office.contact(f"+4477009{number:05}"), "Hello")
        assert await office.outbox.send_due() == 1


async def test_replies_go_before_a_campaign(world: World) -> None:
    office, _ = world
    for number in range(4):
        await office.queue(await office.contact(f"+4477009{number:05}"), "A survey for you", "campaign")
    office.time.go_on(SECOND)
    reply = await office.queue(await office.contact("+447700900900"), "Thank you")
    assert [message.id for message in await claim(office, "one", pace=Pace(1, 1))] == [reply]


async def test_a_persons_messages_keep_their_order_one_at_a_time(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    for text in ("first", "second", "third"):
        await office.queue(person, text)
        office.time.go_on(1)
    rounds = await asyncio.gather(*(claim(office, owner) for owner in ("one", "two", "three")))
    assert [message.text for messages in rounds for message in messages] == ["first"]
    await office.change("UPDATE outbox SET state = 'queued' WHERE state = 'sending'", {})
    office.time.go_on(SECOND)
    for _ in range(3):
        assert await office.outbox.send_due() == 1
    assert twilio.phone(RESIDENT) == ["first", "second", "third"]


async def test_a_later_message_waits_until_the_unknown_one_is_settled(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    await office.queue(person, "first")
    office.time.go_on(1)
    await office.queue(person, "second")
    twilio.fail_next(Drop())
    await office.outbox.send_due()
    assert await office.outbox.send_due() == 0
    for _ in range(2):
        office.time.go_on(MINUTE)
        await office.looking.look()
    await office.outbox.send_due()
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["first", "second"]


async def test_what_comes_too_late_is_not_sent(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    late = await office.queue(person, "Today only", expires_at=office.time.now() + MINUTE)
    office.time.go_on(MINUTE)
    behind = await office.queue(person, "Still good")
    await office.outbox.send_due()
    assert (await office.outbox.sweep()).expired == 1
    assert [await office.state(late), await office.state(behind)] == ["expired", "accepted"]
    assert twilio.phone(RESIDENT) == ["Still good"]


async def test_nothing_goes_out_before_its_time(world: World) -> None:
    office, twilio = world
    await office.queue(await office.contact(), "Later", not_before=office.time.now() + MINUTE)
    assert await office.outbox.send_due() == 0
    office.time.go_on(MINUTE)
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Later"]


@pytest.mark.parametrize(
    ("purpose", "made", "by_carrier", "state"),
    [
        pytest.param("campaign", "before", False, "cancelled", id="a campaign message"),
        pytest.param("reply", "before", False, "cancelled", id="a reply to something before STOP"),
        pytest.param("reply", "after", False, "accepted", id="the confirmation of STOP"),
        pytest.param("reply", "after", True, "cancelled", id="a confirmation that the carrier has given"),
        pytest.param("campaign", "after", False, "cancelled", id="a campaign message made after it"),
    ],
)
async def test_stop_between_queue_and_send_silences_all_but_its_confirmation(
    world: World, purpose: str, made: str, by_carrier: bool, state: str
) -> None:
    office, twilio = world
    person = await office.contact()
    await office.opt_in(RESIDENT)
    if made == "before":
        sent = await office.queue(person, "Hello", purpose)
        office.time.go_on(SECOND)
    await office.stop(person, carrier=by_carrier)
    if made == "after":
        sent = await office.queue(person, "Hello", purpose)
    await office.outbox.send_due()
    assert await office.state(sent) == state
    assert len(twilio.phone(RESIDENT)) == (state == "accepted")


async def test_a_message_for_an_erased_person_is_cancelled(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    sent = await office.queue(person, "Hello")
    await office.change("UPDATE outbox SET contact_id = NULL WHERE id = :id", {"id": sent})
    await office.outbox.send_due()
    assert [await office.state(sent), await office.column("code", sent)] == ["cancelled", "erased"]
    assert twilio.messages == []


@pytest.mark.parametrize(
    ("now", "purpose", "age", "goes"),
    [
        pytest.param("2026-01-14T12:00", "campaign", 0, True, id="a campaign at noon"),
        pytest.param("2026-01-14T20:00", "campaign", 0, False, id="a campaign in the evening"),
        pytest.param("2026-01-18T12:00", "campaign", 0, False, id="a campaign on Sunday"),
        pytest.param("2026-12-28T12:00", "campaign", 0, False, id="a campaign on a bank holiday"),
        pytest.param("2026-01-14T23:00", "reply", 29 * MINUTE, True, id="a prompt reply at night"),
        pytest.param("2026-01-14T23:00", "reply", 31 * MINUTE, False, id="an old reply at night"),
        pytest.param("2026-01-14T12:00", "reply", 31 * MINUTE, True, id="an old reply at noon"),
    ],
)
async def test_only_a_prompt_reply_goes_out_outside_the_sending_hours(
    world: World, now: str, purpose: str, age: int, goes: bool
) -> None:
    office, twilio = world
    office.time.ms = at(now) - age
    await office.opt_in(RESIDENT)
    await office.queue(await office.contact(), "Hello", purpose)
    office.time.go_on(age)
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == (["Hello"] if goes else [])


async def test_an_old_reply_waits_for_the_morning(world: World) -> None:
    office, twilio = world
    office.time.ms = at("2026-01-14T22:00")
    await office.queue(await office.contact(), "Hello")
    office.time.ms = at("2026-01-15T08:59")
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == []
    office.time.ms = at("2026-01-15T09:00")
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Hello"]


@pytest.mark.parametrize(
    ("said", "goes"),
    [
        pytest.param([], False, id="never asked"),
        pytest.param([("", True)], True, id="yes to all surveys"),
        pytest.param([("stoke", True)], True, id="yes to this survey"),
        pytest.param([("other", True)], False, id="yes to another survey"),
        pytest.param([("stoke", True), ("stoke", False)], False, id="yes, then no"),
        pytest.param([("stoke", False), ("stoke", True)], True, id="no, then yes"),
    ],
)
async def test_a_campaign_reaches_only_who_has_opted_in(world: World, said: list[tuple[str, bool]], goes: bool) -> None:
    office, twilio = world
    for minute, (survey, given) in enumerate(said):
        await office.opt_in(RESIDENT, survey=survey, given=given, at=office.time.now() + minute)
    sent = await office.queue(await office.contact(), "A survey for you", "campaign", survey="stoke")
    reply = await office.queue(await office.contact(NEIGHBOUR), "Thank you")
    await office.outbox.send_due()
    assert await office.state(sent) == ("accepted" if goes else "cancelled")
    assert await office.column("code", sent) == ("" if goes else "no_opt_in")
    assert await office.state(reply) == "accepted"
    assert len(twilio.phone(RESIDENT)) == goes


async def test_a_stop_in_the_ledger_holds_for_a_contact_made_anew(world: World) -> None:
    office, twilio = world
    await office.opt_in(RESIDENT)
    await office.change(
        "INSERT INTO opt_out (address_hmac, channel, stopped, by, at) VALUES (:hmac, 'sms', TRUE, 'text', :at)",
        {"hmac": office.keys.lookup("sms", RESIDENT), "at": office.time.now() - HOUR},
    )
    await office.queue(await office.contact(), "A survey for you", "campaign")
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == []


async def test_a_simulated_message_never_reaches_a_real_provider(world: World) -> None:
    office, twilio = world
    await office.queue(await office.contact(), "Hello", test=True)
    assert await office.outbox.send_due() == 0
    assert twilio.messages == []


async def test_a_message_of_a_channel_that_is_off_waits(world: World) -> None:
    office, _ = world
    sent = await office.queue(await office.contact(channel="telegram"), "Hello", channel="telegram")
    assert await office.outbox.send_due() == 0
    assert await office.state(sent) == "queued"


async def test_a_reply_put_off_while_the_person_wrote_again_is_superseded(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    sent = await office.replied(person, "Do you feel safe?")
    await office.change("UPDATE outbox SET state = 'queued', attempts = 1 WHERE id = :id", {"id": sent})
    await office.hear(person, "a later text", office.time.now() + SECOND)
    office.time.go_on(MINUTE)
    await office.outbox.send_due()
    assert await office.state(sent) == "superseded"
    assert twilio.phone(RESIDENT) == []


async def test_due_messages_are_found_without_reading_those_that_are_not(world: World) -> None:
    office, _ = world
    if office.database.is_postgres:
        pytest.skip("reads SQLite's query plan; PostgreSQL chooses by statistics")
    rules = claiming._rules(Claim("one", 0, 0, 1, ("sms",)), OURS, Priority.REPLY)
    plan = await office.fetch(f"EXPLAIN QUERY PLAN SELECT o.channel FROM outbox o WHERE {claiming._DUE} LIMIT 1", rules)
    assert any("ix_outbox_unsent (our_address=? AND priority=? AND not_before<?)" in row[3] for row in plan)
