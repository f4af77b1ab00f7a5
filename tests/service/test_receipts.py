"""Delivery reports in any order, at any time: every one kept, the status never going backwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.service.receipts import decide
from bot.service.refusals import LATER_TRY_MS
from channels.base import STATUS_RANK, Accepted, Outbound, Problem, Receipt, SendResult, Status
from channels.simulator import SimulatorChannel
from storage.keys import KeyRing
from storage.outbox import REPLY_LEASE_MS
from storage.receipts import ReceiptRow, Reported, Verdict
from storage.script import Database
from storage.settling import Ended, Later
from tests.fakes.twilio import FakeTwilio
from tests.service.sending import MINUTE, RESIDENT, SECOND, Office, sms_office

World = tuple[Office, FakeTwilio]


@pytest.fixture
async def world(database: Database, keys: KeyRing) -> AsyncIterator[World]:
    async with sms_office(database, keys) as both:
        yield both


def receipt(
    status: Status, outbox_id: str = "", provider_id: str = "SM1", code: str = "", problem: Problem | None = None
) -> Receipt:
    return Receipt("sms", "twilio", provider_id, outbox_id, status, code, problem, at=1, fields={})


async def test_reports_move_a_message_forwards_as_they_come(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Hello")
    await office.outbox.send_due()
    (sid,) = twilio.sids(RESIDENT)
    for status in ("sent", "delivered", "sent"):
        assert await twilio.report(sid, status) == 204
    assert [await office.column("status", sent), await office.state(sent)] == ["delivered", "accepted"]
    assert await office.fetch("SELECT status, outbox_id FROM receipt ORDER BY id") == [
        ("sent", sent),
        ("delivered", sent),
    ]


async def test_a_report_settles_an_inline_reply(world: World) -> None:
    office, _ = world
    sent = await office.replied(await office.contact(), "Hello")
    await office.receipts.keep(receipt(Status.SENT, sent))
    facts = await office.fetch("SELECT state, provider_id, status FROM outbox WHERE id = :id", {"id": sent})
    assert facts == [("accepted", "SM1", "sent")]
    office.time.go_on(REPLY_LEASE_MS)
    assert await office.looking.look() == 0


async def test_no_address_is_kept_with_a_report(world: World) -> None:
    office, twilio = world
    await office.queue(await office.contact(), "Hello")
    await office.outbox.send_due()
    await twilio.report(twilio.sids(RESIDENT)[0], "delivered")
    named = {"To": RESIDENT, "From": "x", "Note": f"for {RESIDENT}", "Local": "07700900123", "Channel": "sms"}
    await office.receipts.keep(
        Receipt(
            "sms", "twilio", "SM2", "", Status.SENT, "", None, at=1, fields={**named, "RawDlrDoneDate": "2601141200"}
        )
    )
    kept = [row[0] for row in await office.fetch("SELECT fields FROM receipt ORDER BY id")]
    assert not any("77009001" in fields or "447700900999" in fields for fields in kept)
    assert kept[1] == '{"Channel": "sms", "RawDlrDoneDate": "2601141200"}'


class Overtaken(SimulatorChannel):
    """A channel whose report, without our id in it, comes before the provider's own answer."""

    def __init__(self, office: Office) -> None:
        super().__init__("sms")
        self.receipts_office = office

    async def send(self, outbound: Outbound) -> SendResult:
        await self.receipts_office.receipts.keep(receipt(Status.DELIVERED, provider_id="SM7"))
        return Accepted("SM7")


async def test_a_report_that_comes_before_the_id_is_known_waits_for_it(world: World) -> None:
    office, _ = world
    sent = await office.queue(await office.contact(), "Hello")
    early = Office(office.database, office.keys, office.time, {"sms": Overtaken(office)})
    await early.outbox.send_due()
    assert [await office.state(sent), await office.column("status", sent)] == ["accepted", "delivered"]
    assert await office.fetch("SELECT outbox_id FROM receipt") == [(sent,)]


async def test_a_report_that_was_missed_by_a_hair_is_applied_by_the_sweep(world: World) -> None:
    office, _ = world
    sent = await office.queue(await office.contact(), "Hello")
    await office.receipts.keep(receipt(Status.DELIVERED))
    await office.change("UPDATE outbox SET state = 'accepted', provider_id = 'SM1' WHERE id = :id", {"id": sent})
    assert (await office.outbox.sweep()).receipts == 1
    assert await office.column("status", sent) == "delivered"
    assert (await office.outbox.sweep()).receipts == 0


async def test_a_report_about_a_stranger_is_kept_and_harms_nothing(world: World) -> None:
    office, _ = world
    await office.receipts.keep(receipt(Status.FAILED, "not ours", code="30003", problem=Problem.UNREACHABLE))
    assert await office.fetch("SELECT outbox_id, code FROM receipt") == [(None, "30003")]


async def test_stop_reported_by_the_carrier_silences_the_contact(world: World) -> None:
    office, _ = world
    person = await office.contact()
    sent = await office.replied(person, "Hello")
    waiting = await office.queue(person, "A survey for you", "campaign")
    await office.receipts.keep(receipt(Status.FAILED, sent, code="21610", problem=Problem.OPTED_OUT))
    await office.receipts.keep(receipt(Status.UNDELIVERED, sent, code="21610", problem=Problem.OPTED_OUT))
    assert [await office.state(sent), await office.state(waiting)] == ["failed", "cancelled"]
    assert await office.fetch("SELECT carrier_stopped FROM contact WHERE opted_out_at IS NOT NULL") == [(True,)]
    assert await office.fetch("SELECT stopped, by FROM opt_out") == [(True, "send")]


async def test_a_phone_that_was_off_is_tried_once_more_hours_later(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Hello")
    await office.outbox.send_due()
    await twilio.report(twilio.sids(RESIDENT)[0], "undelivered", "30003")
    assert await office.state(sent) == "queued"
    assert await office.column("not_before", sent) == office.time.now() + LATER_TRY_MS
    await twilio.report(twilio.sids(RESIDENT)[0], "sent")  # late, of the first try: proves nothing about the second
    assert await office.state(sent) == "queued"
    office.time.go_on(LATER_TRY_MS)
    await office.outbox.send_due()
    assert await office.state(sent) == "accepted"
    await twilio.report(twilio.sids(RESIDENT)[1], "undelivered", "30003")
    assert [await office.state(sent), await office.column("code", sent)] == ["failed", "30003"]
    office.time.go_on(LATER_TRY_MS)
    assert await office.outbox.send_due() == 0
    assert twilio.phone(RESIDENT) == ["Hello", "Hello"]


async def test_what_arrives_after_all_is_not_sent_again(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Hello")
    await office.outbox.send_due()
    (sid,) = twilio.sids(RESIDENT)
    await twilio.report(sid, "undelivered", "30003")
    await twilio.report(sid, "delivered")
    office.time.go_on(LATER_TRY_MS)
    assert await office.outbox.send_due() == 0
    assert [await office.state(sent), await office.column("status", sent)] == ["accepted", "delivered"]


async def test_a_late_failure_never_hides_a_delivery(world: World) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Hello")
    await office.outbox.send_due()
    (sid,) = twilio.sids(RESIDENT)
    await twilio.report(sid, "delivered")
    await twilio.report(sid, "failed", "30008")
    assert [await office.state(sent), await office.column("status", sent)] == ["accepted", "delivered"]
    assert await office.fetch("SELECT COUNT(*) FROM receipt") == [(2,)]


async def test_a_report_with_a_letter_that_no_database_keeps_is_kept_once(world: World) -> None:
    office, _ = world
    for _again in range(2):
        await office.receipts.keep(receipt(Status.FAILED, "\x00", "SM\x00", "\x00"))
    assert await office.fetch("SELECT provider_id, code FROM receipt") == [("SM\ufffd", "\ufffd")]


async def test_an_old_question_is_not_tried_again_once_the_person_wrote_on(world: World) -> None:
    office, twilio = world
    person = await office.contact()
    sent = await office.replied(person, "Do you feel safe?")
    await office.receipts.keep(receipt(Status.SENT, sent))
    await office.hear(person, "a later text", office.time.now() + SECOND)
    await office.receipts.keep(receipt(Status.UNDELIVERED, sent, code="30003", problem=Problem.UNREACHABLE))
    office.time.go_on(LATER_TRY_MS + MINUTE)
    await office.outbox.send_due()
    assert await office.state(sent) == "superseded"
    assert twilio.phone(RESIDENT) == []


async def test_a_report_after_we_gave_up_waiting_stops_the_second_send(world: World) -> None:
    office, _ = world
    sent = await office.replied(await office.contact(), "Hello")
    office.time.go_on(REPLY_LEASE_MS)
    await office.looking.look()
    office.time.go_on(MINUTE)
    await office.looking.look()
    assert await office.state(sent) == "queued"
    await office.receipts.keep(receipt(Status.SENT, sent))
    assert await office.outbox.send_due() == 0
    assert [await office.state(sent), await office.column("provider_id", sent)] == ["accepted", "SM1"]


async def test_the_same_report_twice_at_once_counts_once(world: World) -> None:
    office, _ = world
    sent = await office.replied(await office.contact(), "Hello")
    failed = receipt(Status.UNDELIVERED, sent, code="30003", problem=Problem.UNREACHABLE)
    await asyncio.gather(*(office.receipts.keep(failed) for _ in range(4)))
    assert await office.state(sent) == "queued"
    assert await office.fetch("SELECT COUNT(*) FROM receipt") == [(1,)]


class InMemory:
    """One message and its reports, by `decide` alone: what storage would have at the end."""

    def __init__(self) -> None:
        self.message = Reported("o", "c", "accepted", "", "SM1", -1)
        self.status = ""
        self.seen: set[tuple[str, str]] = set()

    def take(self, report: ReceiptRow) -> Verdict | None:
        if (report.status, report.code) in self.seen:
            return None
        self.seen.add((report.status, report.code))
        verdict = decide(report, self.message)
        rank, state, problem = self.message.status_rank, self.message.state, self.message.problem
        if verdict.rank > rank:
            rank, self.status = verdict.rank, report.status
        state = "accepted" if verdict.accepts else state
        match verdict.end:
            case Ended(problem, _, state, _):
                pass
            case Later(_, problem, _):
                state = "queued"
        self.message = Reported("o", "c", state, problem, "SM1", rank)
        return verdict


def reports(statuses: Sequence[Status]) -> Iterator[ReceiptRow]:
    for status in statuses:
        code = "30003" if status in (Status.FAILED, Status.UNDELIVERED) else ""
        fields = '{"problem": "unreachable"}' if code else "{}"
        yield ReceiptRow("sms", "twilio", "SM1", "o", status, code, fields, 1)


@given(st.lists(st.sampled_from(list(Status)), min_size=1))
def test_in_any_order_the_final_status_is_the_furthest_one(statuses: list[Status]) -> None:
    box = InMemory()
    for report in reports(statuses):
        before = box.message.status_rank
        box.take(report)
        assert box.message.status_rank >= before
    assert box.message.status_rank == max(STATUS_RANK[status] for status in statuses)
    if {Status.DELIVERED, Status.READ} & set(statuses):
        assert box.message.state == "accepted"


async def test_on_disk_too_the_final_status_is_the_furthest_one(world: World) -> None:
    office, _ = world
    orders = list(permutations([Status.QUEUED, Status.SENT, Status.UNDELIVERED, Status.DELIVERED]))
    for number, order in enumerate(orders):
        sent = await office.replied(await office.contact(f"+4477009{number:05}"), "Hello")
        for status in (*order, order[0]):
            failed = status is Status.UNDELIVERED
            problem = Problem.UNREACHABLE if failed else None
            await office.receipts.keep(receipt(status, sent, f"SM{number}", "30003" if failed else "", problem))
    assert await office.fetch("SELECT state, status, COUNT(*) FROM outbox GROUP BY state, status") == [
        ("accepted", "delivered", len(orders))
    ]
    assert await office.fetch("SELECT COUNT(*) FROM receipt") == [(4 * len(orders),)]
