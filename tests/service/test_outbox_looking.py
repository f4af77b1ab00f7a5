"""Replies nobody has confirmed, and sends nobody knows the outcome of: found on the provider's list, or sent again."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.service.looking import SUPERSEDED_AT_ONCE
from channels.base import Capabilities, Outbound, SendResult, Unknown
from channels.simulator import SimulatorChannel
from storage.keys import KeyRing
from storage.outbox import REPLY_LEASE_MS
from storage.script import Database
from tests.fakes.twilio import SERVICE_SID, Drop, FakeTwilio, Refuse
from tests.fakes.twilio_messages import Message, new_sid
from tests.service.sending import MINUTE, NEIGHBOUR, OURS, RESIDENT, SECOND, Office, Time, sms_office

World = tuple[Office, FakeTwilio]
OTHER_NUMBER = "+447700900998"


@pytest.fixture
async def world(database: Database, keys: KeyRing) -> AsyncIterator[World]:
    async with sms_office(database, keys) as both:
        yield both


@pytest.fixture
async def service(database: Database, keys: KeyRing) -> AsyncIterator[World]:
    """Open an office behind a Messaging Service of two numbers, of which Twilio chooses the one nobody texted."""
    async with sms_office(database, keys, sender=SERVICE_SID, pool=(OURS, OTHER_NUMBER)) as both:
        yield both


def put_on_list(twilio: FakeTwilio, text: str, to: str = RESIDENT, status: str = "sent", service: str = "") -> str:
    """Let Twilio have sent this inline reply, without telling us."""
    sid = new_sid("SM")
    now = twilio.now()
    message = Message(sid, "outbound-reply", OURS, to, text, status, created_at=now, sent_at=now, service_sid=service)
    twilio.messages.append(message)
    return sid


async def until_looked_twice(office: Office) -> None:
    office.time.go_on(REPLY_LEASE_MS)
    await office.looking.look()
    office.time.go_on(MINUTE)
    await office.looking.look()


async def test_a_reply_without_a_receipt_is_found_on_the_list(world: World) -> None:
    office, twilio = world
    sent = await office.replied(await office.contact(), "Do you feel safe?\n1 Yes\n2 No")
    sid = put_on_list(twilio, "Do you feel safe?\n1 Yes\n2 No ")
    await until_looked_twice(office)
    facts = await office.fetch("SELECT state, provider_id, status, attempts FROM outbox WHERE id = :id", {"id": sent})
    assert facts == [("accepted", sid, "sent", 0)]
    assert await office.outbox.send_due() == 0


async def test_a_reply_is_found_where_our_clock_is_ahead(world: World) -> None:
    office, twilio = world
    sent = await office.replied(await office.contact(), "Do you feel safe?")
    office.time.go_on(-30 * SECOND)
    sid = put_on_list(twilio, "Do you feel safe?")
    office.time.go_on(30 * SECOND)
    await until_looked_twice(office)
    assert [await office.state(sent), await office.column("provider_id", sent)] == ["accepted", sid]


async def test_a_reply_that_twilio_never_had_is_sent_once_after_two_looks(world: World) -> None:
    office, twilio = world
    sent = await office.replied(await office.contact(), "Do you feel safe?")
    office.time.go_on(REPLY_LEASE_MS - 1)
    assert await office.looking.look() == 0
    office.time.go_on(1)
    assert await office.looking.look() == 1
    assert [await office.state(sent), await office.column("looks", sent)] == ["replied", 1]
    assert await office.looking.look() == 0
    office.time.go_on(MINUTE)
    await office.looking.look()
    await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Do you feel safe?"]
    assert await office.state(sent) == "accepted"


async def test_one_page_is_read_for_each_sender_however_many_replies_wait(world: World) -> None:
    office, twilio = world
    for number in range(20):
        address = f"+4477009{number:05}"
        await office.replied(await office.contact(address), "Do you feel safe?")
        put_on_list(twilio, "Do you feel safe?", address)
    office.time.go_on(REPLY_LEASE_MS)
    assert await office.looking.look() == 20
    assert len(twilio.requests) == 1
    assert await office.fetch("SELECT state, COUNT(DISTINCT provider_id) FROM outbox GROUP BY state") == [
        ("accepted", 20)
    ]


@pytest.mark.parametrize(
    ("text", "to", "seconds_later"),
    [
        pytest.param("Do you feel unsafe?", RESIDENT, 0, id="other words"),
        pytest.param("Do you feel safe?", NEIGHBOUR, 0, id="to somebody else"),
        pytest.param("Do you feel safe?", RESIDENT, -61, id="from before"),
        pytest.param("Do you feel safe?", RESIDENT, 181, id="from after"),
    ],
)
async def test_another_message_is_not_taken_for_the_reply(world: World, text: str, to: str, seconds_later: int) -> None:
    office, twilio = world
    sent = await office.replied(await office.contact(), "Do you feel safe?")
    office.time.go_on(seconds_later * SECOND)
    put_on_list(twilio, text, to)
    office.time.go_on(-seconds_later * SECOND)
    await until_looked_twice(office)
    assert await office.state(sent) == "queued"


async def test_the_same_words_twice_are_two_messages(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    first = await office.replied(person, "Please choose 1 or 2.")
    office.time.go_on(20 * SECOND)
    second = await office.replied(person, "Please choose 1 or 2.")
    sid = put_on_list(twilio, "Please choose 1 or 2.")
    await until_looked_twice(office)
    await office.looking.look()
    assert [await office.state(first), await office.column("provider_id", first)] == ["accepted", sid]
    office.time.go_on(MINUTE)
    await office.looking.look()
    assert await office.state(second) == "queued"


@pytest.mark.parametrize("chosen", [True, False], ids=["from another number", "before it has chosen a number"])
async def test_what_a_messaging_service_has_sent_is_never_sent_again(service: World, chosen: bool) -> None:
    office, twilio = service
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    twilio.fail_next(Drop(accept=True))
    await office.outbox.send_due()
    assert await office.state(sent) == "unknown"
    (message,) = twilio.messages
    message.status = "sent" if chosen else "accepted"
    await until_looked_twice(office)
    await office.outbox.send_due()
    assert [await office.state(sent), await office.column("provider_id", sent)] == ["accepted", message.sid]
    assert message.sender == OTHER_NUMBER
    assert twilio.phone(RESIDENT) == ["Do you feel safe?"]


async def test_one_message_of_a_service_is_not_taken_for_two(service: World) -> None:
    office, twilio = service
    person = await office.contact()
    replies = [await office.replied(person, "Please choose 1 or 2.", our_address=ours) for ours in (OURS, OTHER_NUMBER)]
    put_on_list(twilio, "Please choose 1 or 2.", service=SERVICE_SID)
    await until_looked_twice(office)
    assert sorted([await office.state(reply) for reply in replies]) == ["accepted", "queued"]


async def test_an_inline_reply_that_names_no_service_is_found_by_its_number(service: World) -> None:
    office, twilio = service
    sent = await office.replied(await office.contact(), "Do you feel safe?")
    sid = put_on_list(twilio, "Do you feel safe?")
    await until_looked_twice(office)
    assert [await office.state(sent), await office.column("provider_id", sent)] == ["accepted", sid]


async def test_an_outage_of_the_list_counts_as_no_look(world: World) -> None:
    office, twilio = world
    sent = await office.replied(await office.contact(), "Do you feel safe?")
    sid = put_on_list(twilio, "Do you feel safe?")
    office.time.go_on(REPLY_LEASE_MS)
    for _ in range(5):
        twilio.fail_next(Refuse(503))
        assert await office.looking.look() == 0
        office.time.go_on(MINUTE)
    assert [await office.state(sent), await office.column("looks", sent)] == ["replied", 0]
    await office.looking.look()
    assert await office.column("provider_id", sent) == sid


async def test_a_list_that_cannot_be_had_is_logged_with_why_and_how_much_waits_for_it(world: World) -> None:
    office, twilio = world
    for address in (RESIDENT, NEIGHBOUR):
        await office.replied(await office.contact(address), "Do you feel safe?")
    office.time.go_on(REPLY_LEASE_MS)
    twilio.fail_next(Refuse(401, 20003))
    with capture_logs() as logs:
        await office.looking.look()
    (entry,) = logs
    assert entry == {
        "event": "provider_cannot_be_asked",
        "channel": "sms",
        "waiting": 2,
        "reason": "Twilio refused the list of messages: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        "log_level": "warning",
    }


async def test_a_reply_that_was_superseded_is_never_looked_for(world: World) -> None:
    office, twilio = world
    sent = await office.replied(await office.contact(), "Do you feel safe?")
    await office.change("UPDATE outbox SET state = 'superseded' WHERE id = :id", {"id": sent})
    await until_looked_twice(office)
    assert await office.state(sent) == "superseded"
    assert twilio.requests == []


async def test_replies_to_who_wrote_again_are_let_go_unasked(world: World) -> None:
    office, twilio = world
    person, other = await office.contact(), await office.contact(NEIGHBOUR)
    began = office.time.now()
    older = [await office.replied(person, "Do you feel safe?", at=began + each) for each in range(SUPERSEDED_AT_ONCE)]
    newest = await office.replied(person, "How old are you?", at=began + MINUTE)
    others = await office.replied(other, "Do you feel safe?", at=began)
    await office.change("UPDATE contact SET last_inbound_at = :at WHERE id = :id", {"id": person, "at": began + MINUTE})
    await office.change("UPDATE contact SET last_inbound_at = :at WHERE id = :id", {"id": other, "at": began})
    office.time.go_on(REPLY_LEASE_MS - 1)
    await office.looking.look()
    assert await office.state(older[0]) == "replied", "its receipt may still come"
    office.time.go_on(MINUTE + 1)
    twilio.fail_next(Refuse(401, 20003))
    with capture_logs() as logs:
        await office.looking.look()
    assert {await office.state(each) for each in older} == {"superseded"}
    assert [await office.state(newest), await office.state(others)] == ["replied", "replied"]
    assert [entry["waiting"] for entry in logs] == [2]


async def test_a_reply_whose_person_was_erased_is_let_go(world: World) -> None:
    office, _ = world
    sent = await office.replied(await office.contact(), "Goodbye")
    await office.change("UPDATE outbox SET contact_id = NULL WHERE id = :id", {"id": sent})
    await until_looked_twice(office)
    assert [await office.state(sent), await office.column("code", sent)] == ["cancelled", "erased"]


async def test_a_text_that_went_in_parts_is_not_sent_again_for_not_being_found_whole(world: World) -> None:
    office, _ = world
    sent = await office.replied(await office.contact(), "word " * 400)
    await until_looked_twice(office)
    assert [await office.state(sent), await office.column("code", sent)] == ["failed", "outcome_unknown"]


async def test_a_message_that_vanishes_every_time_is_given_up(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    for _ in range(5):
        twilio.fail_next(Refuse(500))
        await office.outbox.send_due()
        twilio._faults.clear()
        await until_looked_twice(office)
    assert [await office.state(sent), await office.column("attempts", sent)] == ["failed", 4]


class Silent(SimulatorChannel):
    """A channel without a list, whose sends end as they are told."""

    def __init__(self, result: SendResult, *, receipts: bool = False) -> None:
        super().__init__("sms")
        self.capabilities = Capabilities(max_text=1600, inline_reply=True, delivery_receipts=receipts)
        self.result = result
        self.sent: list[str] = []

    async def send(self, outbound: Outbound) -> SendResult:
        self.sent.append(outbound.text)
        return self.result


@pytest.mark.parametrize(
    ("purpose", "sends"),
    [pytest.param("reply", 2, id="a reply once more"), pytest.param("campaign", 1, id="a campaign message never")],
)
async def test_without_a_list_the_written_policy_holds(
    database: Database, keys: KeyRing, purpose: str, sends: int
) -> None:
    channel = Silent(Unknown("timeout"))
    office = Office(database, keys, Time(), {"sms": channel})
    await office.opt_in(RESIDENT)
    sent = await office.queue(await office.contact(), "Hello", purpose)
    for _ in range(4):
        await office.outbox.send_due()
        office.time.go_on(MINUTE)
        await office.looking.look()
    assert len(channel.sent) == sends
    assert [await office.state(sent), await office.column("code", sent)] == ["failed", "outcome_unknown"]


@pytest.mark.parametrize(
    ("receipts", "state"),
    [
        pytest.param(False, "accepted", id="no receipt can ever come: it went with the answer"),
        pytest.param(True, "queued", id="its receipt is missing: once more"),
    ],
)
async def test_an_inline_reply_without_a_list(database: Database, keys: KeyRing, receipts: bool, state: str) -> None:
    channel = Silent(Unknown("timeout"), receipts=receipts)
    office = Office(database, keys, Time(), {"sms": channel})
    sent = await office.replied(await office.contact(), "Hello")
    office.time.go_on(REPLY_LEASE_MS)
    await office.looking.look()
    assert await office.state(sent) == state
