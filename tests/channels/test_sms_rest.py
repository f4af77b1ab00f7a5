"""Sending and listing by REST, over real loopback HTTP against the strict fake."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from channels.base import (
    Accepted,
    Arrival,
    Kind,
    Listed,
    Option,
    Outage,
    Outbound,
    Problem,
    Rejected,
    RetryAfter,
    SendResult,
    Status,
    Unknown,
)
from channels.sms import SmsChannel
from channels.twilio_rest import HttpClient
from tests.channels.webhooks import NOON, sms_channel
from tests.fakes.twilio import AUTH_TOKEN, NUMBER, SERVICE_SID, Drop, FakeTwilio, Fault, Garble, Hang, Refuse

RESIDENT = "+447700900123"
OTHER = "+447700900124"
MESSAGE = Outbound(
    id="0190-a",
    address=RESIDENT,
    our_address=NUMBER,
    text="Do you feel safe? 1/9",
    options=(Option("y", "Yes"), Option("n", "No")),
)


@asynccontextmanager
async def sending(
    twilio: FakeTwilio, *, sender: str = NUMBER, auth_token: str = AUTH_TOKEN, seconds: float = 15.0
) -> AsyncIterator[SmsChannel]:
    channel = sms_channel(sender=sender, auth_token=auth_token, api_base_url=twilio.url, timeout=seconds)
    try:
        yield channel
    finally:
        await channel.close()


async def test_a_message_is_sent_with_its_options_its_callback_and_an_end() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        result = await channel.send(MESSAGE)
        assert result == Accepted(twilio.messages[0].sid)
        assert twilio.requests[0][2] == {
            "To": RESIDENT,
            "From": NUMBER,
            "Body": "Do you feel safe? 1/9\n1 Yes\n2 No",
            "StatusCallback": "https://bot.example/channels/sms/status?o=0190-a",
            "ValidityPeriod": "14400",
        }


async def test_a_messaging_service_sends_instead_of_a_number() -> None:
    async with FakeTwilio() as twilio, sending(twilio, sender=SERVICE_SID) as channel:
        assert isinstance(await channel.send(MESSAGE), Accepted)
        fields = twilio.requests[0][2]
        assert (fields["MessagingServiceSid"], "From" in fields) == (SERVICE_SID, False)


@pytest.mark.parametrize(
    ("expires_in", "validity"),
    [pytest.param(90_500, "90", id="soon"), pytest.param(10 * 3_600_000, "14400", id="later than four hours")],
)
async def test_the_carrier_gives_up_when_the_message_expires(expires_in: int, validity: str) -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        await channel.send(replace(MESSAGE, expires_at=NOON + expires_in))
        assert twilio.requests[0][2]["ValidityPeriod"] == validity


async def test_an_expired_message_is_not_sent() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        assert await channel.send(replace(MESSAGE, expires_at=NOON)) == Rejected(Problem.EXPIRED, "")
        assert twilio.requests == []


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        pytest.param(Refuse(429, 20429, retry_after="7"), RetryAfter(7.0), id="too fast, and Twilio says how long"),
        pytest.param(Refuse(429, 20429), RetryAfter(1.0), id="too fast, and Twilio does not say"),
        pytest.param(Refuse(429, 20429, retry_after="soon"), RetryAfter(1.0), id="too fast, and nobody understands"),
        pytest.param(Refuse(400, 21611), RetryAfter(600), id="the sender's queue is full"),
        pytest.param(Refuse(400, 21610), Rejected(Problem.OPTED_OUT, "21610"), id="the resident has texted STOP"),
        pytest.param(Refuse(400, 21211), Rejected(Problem.BAD_ADDRESS, "21211"), id="no such phone"),
        pytest.param(Refuse(400, 21606), Rejected(Problem.CONFIGURATION, "21606"), id="not our sender"),
        pytest.param(Refuse(400, 98765), Rejected(Problem.UNKNOWN, "98765"), id="a code nobody knows"),
        pytest.param(Refuse(403), Rejected(Problem.CONFIGURATION, "403"), id="forbidden"),
        pytest.param(Refuse(500, 20500), Unknown("HTTP 500"), id="Twilio breaks"),
        pytest.param(Refuse(503), Unknown("HTTP 503"), id="Twilio is overloaded"),
        pytest.param(Refuse(408), Unknown("HTTP 408"), id="a gateway gave up waiting"),
        pytest.param(Refuse(302), Unknown("HTTP 302"), id="somebody redirects"),
        pytest.param(Drop(), Unknown("ServerDisconnectedError"), id="dropped before it was taken"),
        pytest.param(Drop(accept=True), Unknown("ServerDisconnectedError"), id="dropped after it was taken"),
        pytest.param(Garble(), Unknown("the answer could not be read"), id="no JSON"),
        pytest.param(Garble(b"[]"), Unknown("the answer could not be read"), id="JSON of another shape"),
        pytest.param(Garble(b"{}"), Unknown("the answer names no message"), id="no id"),
    ],
)
async def test_each_way_a_send_can_end_has_its_outcome(fault: Fault, outcome: SendResult) -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.fail_next(fault)
        assert await channel.send(MESSAGE) == outcome
        assert len(twilio.requests) == 1  # never a second POST by itself


@pytest.mark.parametrize("accept", [True, False], ids=["taken", "not taken"])
async def test_a_send_that_is_not_answered_in_time_is_unknown(accept: bool) -> None:
    async with FakeTwilio() as twilio, sending(twilio, seconds=0.2) as channel:
        twilio.fail_next(Hang(accept))
        assert isinstance(await channel.send(MESSAGE), Unknown)
        assert len(twilio.requests) == 1


async def test_a_retry_after_may_be_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.fail_next(Refuse(429, retry_after=at))
        result = await channel.send(MESSAGE)
        assert isinstance(result, RetryAfter)
        assert 50 < result.seconds <= 60


async def test_nothing_was_sent_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    channel = sms_channel(api_base_url=f"http://127.0.0.1:{port}")
    assert isinstance(await channel.send(MESSAGE), RetryAfter)
    await channel.close()


async def test_a_wrong_token_is_a_fault_of_the_settings() -> None:
    async with FakeTwilio() as twilio, sending(twilio, auth_token="wrong") as channel:
        assert await channel.send(MESSAGE) == Rejected(Problem.CONFIGURATION, "20003")


async def test_a_long_text_goes_in_numbered_parts_that_carry_one_id() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        result = await channel.send(replace(MESSAGE, text="This is a sentence. " * 100))
        assert [text[:8] for text in twilio.phone(RESIDENT)] == ["1 of 2: ", "2 of 2: "]
        assert result == Accepted(twilio.messages[0].sid)
        assert len({message.callback for message in twilio.messages}) == 1


async def test_a_long_text_of_which_only_the_first_part_was_taken_is_unknown() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.fail_next(Garble(b'{"sid": "SM1"}'), Refuse(429))
        assert isinstance(await channel.send(replace(MESSAGE, text="This is a sentence. " * 100)), Unknown)


async def test_of_a_long_text_nothing_more_is_sent_once_the_first_part_is_refused() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.fail_next(Refuse(429, retry_after="7"))
        assert await channel.send(replace(MESSAGE, text="This is a sentence. " * 100)) == RetryAfter(7.0)
        assert twilio.messages == []


async def test_many_sends_at_once_each_get_their_own_answer() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        numbers = [f"+4477009001{n:02d}" for n in range(50)]
        results = await asyncio.gather(*(channel.send(replace(MESSAGE, address=number)) for number in numbers))
        assert results == [Accepted(twilio.sids(number)[0]) for number in numbers]


async def test_sending_works_again_after_closing() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        await channel.send(MESSAGE)
        await channel.close()
        assert isinstance(await channel.send(MESSAGE), Accepted)


async def test_what_was_lost_while_we_were_away_is_found_oldest_first() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC) - timedelta(minutes=10)
        twilio.lose(RESIDENT, "too long ago")
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        first = twilio.lose(RESIDENT, "Tak ✅")
        await channel.send(replace(MESSAGE, address=NUMBER))  # sent to our own number, by us: listed, not received
        twilio.messages[-1].sent_at = twilio.now()
        second = twilio.lose("60777", "STOP")
        found = await channel.received_since(NUMBER, NOON + 999)
    assert [(one.event_id, one.text, one.arrival, one.kind) for one in found] == [
        (first, "Tak ✅", Arrival.RECONCILED, Kind.TEXT),
        (second, "STOP", Arrival.RECONCILED, Kind.TEXT),
    ]
    assert (found[0].address, found[0].our_address, found[0].provider_at) == (RESIDENT, NUMBER, NOON)
    assert [one.sender.value for one in found] == ["person", "short_code"]


async def test_a_text_found_later_has_the_same_id_as_its_webhook() -> None:
    async with FakeTwilio(target="http://127.0.0.1:1") as twilio, sending(twilio) as channel:
        turn = await twilio.text(RESIDENT, "photo", media=("image/jpeg",))
        (found,) = await channel.received_since(NUMBER, NOON)
        assert (found.event_id, found.kind, found.account) == (turn.sid, Kind.MEDIA, twilio.account_sid)


async def test_a_list_of_more_than_a_page_is_read_to_its_end() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        sids = [twilio.lose(RESIDENT, str(n)) for n in range(2500)]
        found = await channel.received_since(NUMBER, NOON)
        assert [one.event_id for one in found] == sids
        assert [method for method, _, _ in twilio.requests] == ["GET"] * 3


async def test_the_list_is_not_read_beyond_what_is_asked() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC) - timedelta(hours=5)
        for n in range(1500):
            twilio.lose(RESIDENT, str(n))
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        twilio.lose(RESIDENT, "new")
        assert len(await channel.received_since(NUMBER, NOON)) == 1
        assert len(twilio.requests) == 1


async def test_what_twilio_has_of_ours_is_listed_newest_first_also_while_queued() -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC) - timedelta(minutes=1)
        await channel.send(replace(MESSAGE, text="too long ago", options=()))
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        await channel.send(replace(MESSAGE, text="One", options=()))
        await channel.send(replace(MESSAGE, text="Two", options=(), address=OTHER))
        twilio.lose(RESIDENT, "not ours")
        one, two = twilio.sids(RESIDENT)[1], twilio.sids(OTHER)[0]
        twilio.message(one).status, twilio.message(one).error_code = "undelivered", 30003
        assert await channel.sent_since(NUMBER, NOON) == (
            Listed(two, OTHER, "Two", Status.QUEUED, "", NOON),
            Listed(one, RESIDENT, "One", Status.UNDELIVERED, "30003", NOON),
        )


async def test_a_messaging_service_lists_its_own_messages() -> None:
    async with FakeTwilio(numbers=(NUMBER, OTHER)) as twilio, sending(twilio, sender=SERVICE_SID) as channel:
        await channel.send(MESSAGE)
        lost = twilio.lose(RESIDENT, "hello")
        twilio.lose(f"whatsapp:{RESIDENT}", "another channel of the same service")
        twilio.numbers = (OTHER,)  # a number outside the service
        twilio.lose(RESIDENT, "for another number")
        assert [one.event_id for one in await channel.received_since(SERVICE_SID, NOON)] == [lost]
        assert [one.address for one in await channel.sent_since(SERVICE_SID, NOON)] == [RESIDENT]


async def test_what_a_messaging_service_sent_is_listed_whichever_of_its_numbers_was_texted() -> None:
    pool = (NUMBER, OTHER)
    async with (
        FakeTwilio(numbers=pool, services={SERVICE_SID: pool}) as twilio,
        sending(twilio, sender=SERVICE_SID) as channel,
    ):
        await channel.send(MESSAGE)
        await channel.send(MESSAGE)
        accepted, sent = twilio.messages
        sent.status = "sent"
        assert [message.sender for message in twilio.messages] == [OTHER, OTHER]
        assert [one.provider_id for one in await channel.sent_since(NUMBER, NOON)] == [sent.sid, accepted.sid]
        assert "From" not in twilio.requests[-1][2]
        assert await channel.sent_since(NUMBER, NOON) == await channel.sent_since(OTHER, NOON)


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        pytest.param([Refuse(429)], "ask again in a minute", id="too fast"),
        pytest.param([Refuse(503)], "refused", id="Twilio breaks"),
        pytest.param([Refuse(401, 20003)], "TWILIO_AUTH_TOKEN", id="wrong token"),
        pytest.param([Drop(), Drop()], "could not be fetched", id="dropped twice, for a GET is tried again"),
        pytest.param([Garble()], "could not be read", id="no JSON"),
    ],
)
async def test_a_list_that_cannot_be_had_is_an_outage_that_says_why(faults: list[Fault], reason: str) -> None:
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        for ask in (channel.received_since, channel.sent_since):
            twilio.fail_next(*faults)
            with pytest.raises(Outage, match=reason):
                await ask(NUMBER, NOON)


async def test_no_number_no_words_and_no_secret_are_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    async with FakeTwilio() as twilio, sending(twilio) as channel:
        for fault in (None, Refuse(400, 21211), Refuse(500), Drop(), Garble()):
            if fault:
                twilio.fail_next(fault)
            shown.append(repr(await channel.send(MESSAGE)))
        twilio.fail_next(Refuse(500))
        with pytest.raises(Outage) as outage:
            await channel.received_since(NUMBER, NOON)
        shown += [repr(channel), repr(MESSAGE), repr(outage.value)]
    seen = caplog.text + "".join(shown)
    assert not [secret for secret in (RESIDENT[1:], "feel safe", AUTH_TOKEN) if secret in seen]


async def test_json_is_sent_as_json_and_never_as_a_form() -> None:
    async def mirror(request: web.Request) -> web.Response:
        return web.json_response({"type": request.content_type, "heard": await request.json()})

    app = web.Application()
    app.router.add_post("/v1/Content", mirror)
    client = HttpClient(timeout=5)
    async with TestServer(app) as server:
        headers = {"Content-Type": "application/json"}
        answer = await client.request("POST", str(server.make_url("/v1/Content")), data={"types": {}}, headers=headers)
        await client.close()
    assert json.loads(answer.text) == {"type": "application/json", "heard": {"types": {}}}


def test_a_server_that_only_answers_never_loads_the_twilio_package() -> None:
    heavy = "{'twilio', 'aiohttp', 'phonenumbers'}"
    program = f"import sys, channels.sms, channels.simulator; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
