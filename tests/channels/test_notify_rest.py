"""Sending and listing through GOV.UK Notify's own package, against the strict fake."""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from channels.base import (
    Accepted,
    Arrival,
    Listed,
    Outage,
    Problem,
    Rejected,
    RetryAfter,
    SendResult,
    Status,
    Unknown,
)
from channels.notify import MAX_TEXT
from channels.notify_wire import milliseconds
from tests.channels.notifying import MESSAGE, OTHER, OURS, RESIDENT, SERVICE, notify_channel, sending
from tests.channels.webhooks import NOON
from tests.fakes.notify import API_KEY, CALLBACK_TOKEN, SECRET, TEMPLATE_ID, FakeNotify, Fault, Refuse
from tests.fakes.twilio import Drop, Garble, Hang

AT_NOON = datetime.fromtimestamp(NOON / 1000, UTC)


async def test_a_message_is_sent_with_its_options_under_our_reference() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        assert await channel.send(MESSAGE) == Accepted(notify.texts[0].id)
        assert notify.requests == [
            (
                "POST",
                "/v2/notifications/sms",
                {
                    "phone_number": RESIDENT,
                    "template_id": TEMPLATE_ID,
                    "personalisation": {"message": "Do you feel safe? 1/9\n1 Yes\n2 No"},
                    "reference": "0190a",
                },
            )
        ]
        assert notify.phone(RESIDENT) == ["Do you feel safe? 1/9\n1 Yes\n2 No"]


async def test_an_expired_message_is_not_sent() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        assert await channel.send(replace(MESSAGE, expires_at=NOON)) == Rejected(Problem.EXPIRED, "")
        assert notify.requests == []


async def test_without_a_template_id_the_one_that_says_any_text_is_looked_up_once() -> None:
    templates = {str(uuid4()): "Your bin is due: ((message))", TEMPLATE_ID: " ((message))\n"}
    async with FakeNotify(templates=templates) as notify, sending(notify, template_id="") as channel:
        await channel.send(MESSAGE)
        await channel.send(MESSAGE)
        assert [path for _, path, _ in notify.requests] == ["/v2/templates"] + ["/v2/notifications/sms"] * 2
        assert len(notify.phone(RESIDENT)) == 2


@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        pytest.param([], Rejected(Problem.CONFIGURATION, "no_template"), id="there is none"),
        pytest.param([Refuse(500, "Exception")], RetryAfter(30.0), id="Notify cannot be asked"),
        pytest.param([Refuse(403, "AuthError")], Rejected(Problem.CONFIGURATION, "AuthError"), id="a wrong key"),
    ],
)
async def test_without_a_template_nothing_is_sent(faults: list[Fault], outcome: SendResult) -> None:
    async with FakeNotify(templates={}) as notify, sending(notify, template_id="") as channel:
        notify.fail_next(*faults)
        assert await channel.send(MESSAGE) == outcome
        assert [path for _, path, _ in notify.requests] == ["/v2/templates"]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        pytest.param(Refuse(429, "RateLimitError"), RetryAfter(2.0), id="too fast"),
        pytest.param(Refuse(429), RetryAfter(2.0), id="too fast, says a gateway"),
        pytest.param(
            Refuse(429, "TooManyRequestsError"),
            Rejected(Problem.CONFIGURATION, "TooManyRequestsError"),
            id="the limit of the day",
        ),
        pytest.param(Refuse(403, "AuthError"), Rejected(Problem.CONFIGURATION, "AuthError"), id="the key or the clock"),
        pytest.param(Refuse(401), Rejected(Problem.CONFIGURATION, "401"), id="no sign-in, says a gateway"),
        pytest.param(Refuse(404, "NoResultFound"), Rejected(Problem.CONFIGURATION, "404"), id="no such address"),
        pytest.param(
            Refuse(400, "BadRequestError"), Rejected(Problem.CONFIGURATION, "BadRequestError"), id="not allowed"
        ),
        pytest.param(
            Refuse(400, "ValidationError", "phone_number Not enough digits"),
            Rejected(Problem.BAD_ADDRESS, "ValidationError"),
            id="no phone number",
        ),
        pytest.param(
            Refuse(400, "ValidationError", "template_id is not a valid UUID"),
            Rejected(Problem.CONFIGURATION, "ValidationError"),
            id="another field is wrong",
        ),
        pytest.param(
            Refuse(400, "InvalidPhoneError", "Not a UK mobile number"),
            Rejected(Problem.BAD_ADDRESS, "InvalidPhoneError"),
            id="a landline",
        ),
        pytest.param(Refuse(400, "NewError"), Rejected(Problem.UNKNOWN, "400"), id="an error nobody knows"),
        pytest.param(Refuse(500, "Exception"), Unknown("HTTP 500"), id="Notify breaks"),
        pytest.param(Refuse(503), Unknown("HTTP 503"), id="Notify is away"),
        pytest.param(Refuse(504, "EventletTimeout"), Unknown("HTTP 504"), id="Notify takes too long"),
        pytest.param(Refuse(408), Unknown("HTTP 408"), id="the request took too long"),
        pytest.param(Refuse(302), Unknown("HTTP 302"), id="a redirect, which is not followed"),
        pytest.param(Drop(), Unknown("ConnectionError"), id="the line breaks"),
        pytest.param(Drop(accept=True), Unknown("ConnectionError"), id="the line breaks, and Notify has it"),
        pytest.param(Garble(), Unknown("the answer could not be read"), id="an answer that is no JSON"),
        pytest.param(Garble(b"{}"), Unknown("the answer could not be read"), id="an answer without an id"),
    ],
)
async def test_every_way_to_fail_says_what_may_be_done(fault: Fault, outcome: SendResult) -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        notify.fail_next(fault)
        assert await channel.send(MESSAGE) == outcome
        assert len(notify.requests) == 1


@pytest.mark.parametrize("accept", [False, True], ids=["and has it not", "and has it"])
async def test_a_notify_that_hangs_is_not_waited_for(accept: bool) -> None:
    async with FakeNotify() as notify, sending(notify, seconds=0.2) as channel:
        notify.fail_next(Hang(accept=accept))
        assert isinstance(await channel.send(MESSAGE), Unknown)
        assert len(notify.texts) == accept


async def test_without_a_connection_nothing_was_sent() -> None:
    channel = notify_channel("http://127.0.0.1:1")
    assert await channel.send(MESSAGE) == RetryAfter(30.0)
    with pytest.raises(Outage, match="could not be fetched"):
        await channel.received_since(OURS, NOON)
    await channel.close()


@pytest.mark.parametrize(
    ("notify", "number", "outcome"),
    [
        pytest.param(FakeNotify(), "07700", Rejected(Problem.BAD_ADDRESS, "ValidationError"), id="a short number"),
        pytest.param(FakeNotify(), "StokeCC", Rejected(Problem.BAD_ADDRESS, "ValidationError"), id="a name"),
        pytest.param(
            FakeNotify(), "+48500000000", Rejected(Problem.CONFIGURATION, "BadRequestError"), id="abroad, not allowed"
        ),
        pytest.param(
            FakeNotify(team=frozenset({OTHER})),
            RESIDENT,
            Rejected(Problem.CONFIGURATION, "BadRequestError"),
            id="in trial mode",
        ),
        pytest.param(
            FakeNotify(templates={str(uuid4()): "((message))"}),
            RESIDENT,
            Rejected(Problem.CONFIGURATION, "BadRequestError"),
            id="a template that is gone",
        ),
        pytest.param(
            FakeNotify(clock_ahead=31), RESIDENT, Rejected(Problem.CONFIGURATION, "AuthError"), id="our clock is slow"
        ),
        pytest.param(
            FakeNotify(clock_ahead=-32), RESIDENT, Rejected(Problem.CONFIGURATION, "AuthError"), id="our clock is fast"
        ),
        pytest.param(FakeNotify(per_minute=0), RESIDENT, RetryAfter(2.0), id="too many this minute"),
        pytest.param(
            FakeNotify(per_day=0), RESIDENT, Rejected(Problem.CONFIGURATION, "TooManyRequestsError"), id="today"
        ),
    ],
)
async def test_what_notify_refuses_by_its_own_rules(notify: FakeNotify, number: str, outcome: SendResult) -> None:
    async with notify, sending(notify) as channel:
        assert await channel.send(replace(MESSAGE, address=number)) == outcome
        assert notify.texts == []


async def test_a_wrong_key_is_refused_and_named_when_listing() -> None:
    wrong = API_KEY.replace(SECRET, str(uuid4()))
    async with FakeNotify() as notify, sending(notify, api_key=wrong) as channel:
        assert await channel.send(MESSAGE) == Rejected(Problem.CONFIGURATION, "AuthError")
        with pytest.raises(Outage, match="NOTIFY_API_KEY"):
            await channel.sent_since(OURS, NOON)


@pytest.mark.parametrize(
    ("length", "parts"), [pytest.param(918, 1, id="the longest text"), pytest.param(919, 2, id="one more")]
)
async def test_a_text_over_the_limit_goes_in_numbered_parts(length: int, parts: int) -> None:
    text = ("word " * 200)[: length - 1] + "."
    async with FakeNotify() as notify, sending(notify) as channel:
        result = await channel.send(replace(MESSAGE, text=text, options=()))
        assert result == Accepted(notify.texts[0].id)
        assert [len(body) <= MAX_TEXT for body in notify.phone(RESIDENT)] == [True] * parts
        assert [body.startswith(f"{n} of 2: ") for n, body in enumerate(notify.phone(RESIDENT), 1)] == [
            parts == 2
        ] * parts
        assert {sent.reference for sent in notify.texts} == {"0190a"}


async def test_a_later_part_that_fails_leaves_the_whole_unknown() -> None:
    async with FakeNotify(per_minute=1) as notify, sending(notify) as channel:
        result = await channel.send(replace(MESSAGE, text="word " * 300))
        assert result == Unknown("a later part of the text was not accepted")
        assert len(notify.phone(RESIDENT)) == 1


async def test_sixty_at_once_all_go_out_once_each() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        messages = [replace(MESSAGE, id=f"m{n}", text=f"Question {n}", options=()) for n in range(60)]
        results = await asyncio.gather(*[channel.send(message) for message in messages])
        assert all(isinstance(result, Accepted) for result in results)
        assert sorted(notify.phone(RESIDENT)) == sorted(message.text for message in messages)


async def test_one_connection_serves_what_is_sent_one_after_another() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        for _ in range(5):
            await channel.send(MESSAGE)
        await channel.sent_since(OURS, NOON)
        assert len(notify.connections) == 1


async def test_after_closing_the_next_message_connects_anew() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        await channel.send(MESSAGE)
        await channel.close()
        assert isinstance(await channel.send(MESSAGE), Accepted)


async def test_what_came_is_listed_oldest_first_and_is_the_same_message_as_the_callbacks() -> None:
    async with FakeNotify(now=lambda: AT_NOON) as notify, sending(notify) as channel:
        first, second = notify.lose(RESIDENT, "STOKE"), notify.lose(OTHER, "1")
        one, two = await channel.received_since(OURS, NOON)
        assert [one.event_id, two.event_id] == [first, second]
        assert (one.provider, one.account, one.address, one.our_address, one.text) == (
            *("notify", SERVICE),
            *(RESIDENT, OURS, "STOKE"),
        )
        assert (one.arrival, one.at, one.provider_at) == (Arrival.RECONCILED, NOON, NOON)


async def test_a_list_of_more_than_a_page_is_read_to_its_end() -> None:
    async with FakeNotify(now=lambda: AT_NOON) as notify, sending(notify) as channel:
        ids = [notify.lose(RESIDENT, str(n)) for n in range(600)]
        assert [one.event_id for one in await channel.received_since(OURS, NOON)] == ids
        assert len(notify.requests) == 4  # three pages, and one that is empty


async def test_the_list_is_not_read_beyond_what_is_asked() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        notify.now = lambda: AT_NOON - timedelta(hours=1)
        for n in range(300):
            notify.lose(RESIDENT, str(n))
        notify.now = lambda: AT_NOON
        notify.lose(RESIDENT, "new")
        assert [one.text for one in await channel.received_since(OURS, NOON)] == ["new"]
        assert len(notify.requests) == 1


async def test_what_notify_has_of_ours_is_listed_newest_first_with_our_ids() -> None:
    async with FakeNotify(now=lambda: AT_NOON) as notify, sending(notify) as channel:
        notify.now = lambda: AT_NOON - timedelta(minutes=2)
        await channel.send(replace(MESSAGE, text="too long ago", options=()))
        notify.now = lambda: AT_NOON
        await channel.send(replace(MESSAGE, id="a", text="One", options=()))
        await channel.send(replace(MESSAGE, id="b", text="Two", options=(), address=OTHER))
        await channel.send(replace(MESSAGE, id="", text="somebody else's, without a reference", options=()))
        _, one, two, _ = notify.texts
        one.status = "permanent-failure"
        assert await channel.sent_since(OURS, NOON) == (
            Listed(two.id, OTHER, "Two", Status.QUEUED, "", NOON, outbox_id="b"),
            Listed(one.id, RESIDENT, "One", Status.UNDELIVERED, "permanent-failure", NOON, outbox_id="a"),
        )


async def test_a_clock_that_differs_by_half_a_minute_hides_nothing_that_was_sent() -> None:
    async with FakeNotify(now=lambda: AT_NOON - timedelta(seconds=30)) as notify, sending(notify) as channel:
        await channel.send(MESSAGE)
        assert len(await channel.sent_since(OURS, NOON)) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(Refuse(429, "RateLimitError"), r"could not be fetched \(HTTP 429\)", id="too fast"),
        pytest.param(Refuse(503), r"could not be fetched \(HTTP 503\)", id="Notify is away"),
        pytest.param(Refuse(403, "AuthError"), "NOTIFY_API_KEY", id="a wrong key"),
        pytest.param(Drop(), r"could not be fetched \(ConnectionError\)", id="the line breaks"),
        pytest.param(Garble(), "could not be read", id="no JSON"),
        pytest.param(Garble(b'{"notifications": 1, "received_text_messages": [{}]}'), "could not be read", id="other"),
    ],
)
async def test_a_list_that_cannot_be_had_is_an_outage_that_says_why(fault: Fault, reason: str) -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        for ask in (channel.received_since, channel.sent_since):
            notify.fail_next(fault)
            with pytest.raises(Outage, match=reason):
                await ask(OURS, NOON)


async def test_no_number_no_words_and_no_secret_are_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    telling = f"personalisation {RESIDENT} Do you feel safe is not of type object"
    async with FakeNotify() as notify, sending(notify) as channel:
        for fault in (None, Refuse(400, "BadRequestError", telling), Refuse(500, telling), Drop(), Garble()):
            if fault:
                notify.fail_next(fault)
            shown.append(repr(await channel.send(MESSAGE)))
        notify.lose(RESIDENT, "I feel safe")
        shown += [repr(await channel.received_since(OURS, 0)), repr(await channel.sent_since(OURS, 0))]
        for fault in (Refuse(500, "Exception", telling), Garble(f'{{"notifications": "{telling}"}}'.encode())):
            notify.fail_next(fault)
            with pytest.raises(Outage) as outage:
                await channel.sent_since(OURS, NOON)
            shown.append(repr(outage.value))
        shown += [repr(channel), repr(channel._rest)]
    seen = caplog.text + "".join(shown)
    assert not [secret for secret in (RESIDENT[1:], "feel safe", SECRET, CALLBACK_TOKEN) if secret in seen]


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("2026-01-01T12:00:00.000000Z", NOON, id="as Notify's code writes it"),
        pytest.param("2026-01-01 12:00:00.250000", NOON + 250, id="as its documentation shows it"),
        pytest.param("noon", None, id="no time"),
    ],
)
def test_notifys_times_are_utc_whatever_the_servers_own(written: str, read: int | None) -> None:
    assert milliseconds(written) == read


@pytest.fixture
def misleading_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave a sign-in and a proxy lying about, as a server may have them for something else."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@pytest.mark.usefixtures("misleading_surroundings")
async def test_a_netrc_file_and_a_proxy_change_nothing() -> None:
    async with FakeNotify() as notify, sending(notify) as channel:
        assert isinstance(await channel.send(MESSAGE), Accepted)


def test_a_server_that_only_listens_never_loads_the_notify_package() -> None:
    heavy = "{'notifications_python_client', 'requests', 'jwt', 'channels.notify_rest'}"
    program = f"import sys, channels.notify; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
