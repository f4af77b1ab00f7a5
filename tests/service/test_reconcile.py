"""What the provider received while we were away is taken in, once each, oldest first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bot.service.reconcile import Fetched, fetch_missed
from channels.base import Arrival, Inbound
from storage.keys import KeyRing
from storage.script import Database
from storage.turns import Busy, TurnFailed
from tests.fakes.twilio import FakeTwilio, Refuse
from tests.service.sending import HOUR, MINUTE, NEIGHBOUR, OURS, RESIDENT, SECOND, Office, sms_office


@dataclass
class Desk:
    """Takes messages in as the inbox does: onto the disk, each once; or fails as it is told."""

    office: Office
    twilio: FakeTwilio
    taken: list[Inbound] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)

    async def take_in(self, inbound: Inbound) -> None:
        failure = self.failures.pop(inbound.text, None)
        if failure is not None and not isinstance(failure, TurnFailed):
            raise failure
        await self.office.change(
            """
            INSERT INTO inbound (id, provider, account, event_id, channel, kind, text, arrival, received_at, filed)
            VALUES (:event_id, :provider, :account, :event_id, 'sms', 'text', :text, 'webhook', :at, 'answer')
            """,
            {
                "event_id": inbound.event_id,
                "provider": inbound.provider,
                "account": inbound.account,
                "text": inbound.text,
                "at": inbound.at,
            },
        )
        self.taken.append(inbound)
        if failure is not None:
            raise failure

    async def fetch(self) -> Fetched:
        channel = self.office.channels["sms"]
        return await fetch_missed(self.office.database, channel, OURS, self.take_in, now=self.office.time.now)

    async def heard_until(self) -> int:
        return int((await self.office.fetch("SELECT heard_until FROM sender"))[0][0])

    @property
    def texts(self) -> list[str]:
        return [inbound.text for inbound in self.taken]


@pytest.fixture
async def desk(database: Database, keys: KeyRing) -> AsyncIterator[Desk]:
    async with sms_office(database, keys) as (office, twilio):
        yield Desk(office, twilio)


async def test_an_outage_of_hours_loses_nothing(desk: Desk) -> None:
    assert await desk.fetch() == Fetched(0, complete=True)
    sent = []
    for number in range(6):
        desk.office.time.go_on(HOUR)
        sent.append(desk.office.time.now())
        desk.twilio.lose(RESIDENT if number % 2 else NEIGHBOUR, f"text {number}")
    desk.twilio.fail_next(Refuse(503))
    assert await desk.fetch() == Fetched(0, complete=False)
    desk.office.time.go_on(HOUR)
    assert await desk.fetch() == Fetched(6, complete=True)
    assert desk.texts == [f"text {number}" for number in range(6)]
    assert [inbound.provider_at for inbound in desk.taken] == sent
    assert {inbound.arrival for inbound in desk.taken} == {Arrival.RECONCILED}


async def test_an_outage_over_midnight_loses_nothing(desk: Desk) -> None:
    desk.office.time.ms = int(datetime(2026, 1, 14, 22, 30, tzinfo=UTC).timestamp() * 1000)
    await desk.fetch()
    for text in ("before midnight", "after midnight"):
        desk.office.time.go_on(HOUR)
        desk.twilio.lose(RESIDENT, text)
    desk.office.time.go_on(24 * HOUR)
    await desk.fetch()
    assert desk.texts == ["before midnight", "after midnight"]


async def test_each_is_taken_in_once_however_often_it_is_listed(desk: Desk) -> None:
    await desk.fetch()
    desk.twilio.lose(RESIDENT, "Hello")
    for _ in range(3):
        desk.office.time.go_on(MINUTE)
        await desk.fetch()
    assert desk.texts == ["Hello"]


async def test_what_the_webhook_has_brought_is_not_taken_in_again(desk: Desk) -> None:
    await desk.fetch()
    sid = desk.twilio.lose(RESIDENT, "Hello")
    (listed,) = await desk.office.channels["sms"].received_since(OURS, 0)
    await desk.take_in(listed)
    assert listed.event_id == sid
    assert await desk.fetch() == Fetched(0, complete=True)
    assert desk.texts == ["Hello"]


async def test_what_the_list_shows_late_is_still_found(desk: Desk) -> None:
    await desk.fetch()
    desk.office.time.go_on(4 * MINUTE)
    asked_at = desk.office.time.now()
    await desk.fetch()
    assert await desk.heard_until() == asked_at
    desk.office.time.go_on(-MINUTE)
    desk.twilio.lose(RESIDENT, "Sent before we asked, listed after")
    desk.office.time.go_on(2 * MINUTE)
    await desk.fetch()
    assert desk.texts == ["Sent before we asked, listed after"]


async def test_what_is_missed_after_a_wrong_clock_was_set_back_is_found(desk: Desk) -> None:
    await desk.fetch()
    desk.office.time.go_on(-HOUR)
    desk.twilio.lose(RESIDENT, "Sent while the time until which we had heard lay ahead")
    desk.office.time.go_on(MINUTE)
    assert await desk.fetch() == Fetched(1, complete=True)
    desk.office.time.go_on(HOUR)
    assert await desk.fetch() == Fetched(0, complete=True)


async def test_what_the_number_received_before_earshot_is_not_taken_in(desk: Desk) -> None:
    desk.twilio.lose(RESIDENT, "Is this the pizza place?")
    desk.office.time.go_on(HOUR)
    await desk.fetch()
    await desk.fetch()
    assert desk.texts == []


@pytest.mark.parametrize(
    ("failure", "first", "others_in"),
    [
        pytest.param(Busy("full"), Fetched(1, complete=False), False, id="too busy: stop, and ask again"),
        pytest.param(OSError("disk"), Fetched(2, complete=False), True, id="broken: the others, then ask again"),
        pytest.param(TurnFailed("kept"), Fetched(3, complete=True), True, id="kept unhandled: it is on disk"),
    ],
)
async def test_time_moves_on_only_when_everything_is_on_disk(
    desk: Desk, failure: Exception, first: Fetched, others_in: bool
) -> None:
    await desk.fetch()
    heard = await desk.heard_until()
    for text in ("one", "two", "three"):
        desk.office.time.go_on(SECOND)
        desk.twilio.lose(RESIDENT, text)
    desk.failures["two"] = failure
    assert await desk.fetch() == first
    assert ("three" in desk.texts) is others_in
    assert (await desk.heard_until() > heard) is first.complete
    await desk.fetch()
    assert sorted(desk.texts) == ["one", "three", "two"]


async def test_the_first_look_counts_even_if_the_provider_is_out(desk: Desk) -> None:
    desk.twilio.fail_next(Refuse(503))
    await desk.fetch()
    desk.twilio.lose(RESIDENT, "Hello")
    desk.office.time.go_on(6 * HOUR)
    await desk.fetch()
    assert desk.texts == ["Hello"]


async def test_a_provider_that_cannot_be_asked_is_logged_with_what_it_refused_and_names_nobody(desk: Desk) -> None:
    desk.twilio.lose(RESIDENT, "Hello")
    desk.twilio.fail_next(Refuse(401, 20003))
    with capture_logs() as logs:
        await desk.fetch()
    (entry,) = logs
    assert entry == {
        "event": "provider_cannot_be_asked",
        "channel": "sms",
        "reason": "Twilio refused the list of messages: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        "log_level": "warning",
    }


async def test_listening_does_not_disturb_the_senders_pace(desk: Desk) -> None:
    await desk.fetch()
    await desk.office.queue(await desk.office.contact(), "Hello")
    await desk.office.outbox.send_due()
    assert await desk.office.fetch("SELECT tokens FROM sender") == [(9.0,)]
    await desk.fetch()
    assert await desk.office.fetch("SELECT tokens FROM sender") == [(9.0,)]
