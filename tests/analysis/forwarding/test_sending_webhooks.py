"""One event at one webhook: what counts as taken, how long to rest, and what a receiver may believe."""

import socket
import time
from collections.abc import AsyncIterator

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from bot.analysis.forwarding.outcome import LONGEST_ASKED_MS, STEPS_MS, Failing, Outcome, Refused, Taken, next_try
from bot.analysis.forwarding.webhooks import Webhooks
from tests.fakes.receiver import Answer, FakeReceiver, Fault
from tests.fakes.twilio import Hang

SECRET = b"32 bytes that are only for tests"
BODY = '{"seq":1,"said":"سلام"}'.encode()
NOON = 1_795_348_800_000  # 22 November 2026, 12:00 UTC


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver() as receiver:
        yield receiver


async def posted(
    receiver: FakeReceiver, *faults: Fault, at: int = NOON, path: str = "/", seconds: float = 15
) -> Outcome:
    receiver.fail_next(*faults)
    webhooks = Webhooks(seconds=seconds)
    try:
        url = f"{receiver.url}{path}"
        return await webhooks.post(url, event_id="evt_1", body=BODY, secrets=[SECRET], at=at)
    finally:
        await webhooks.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Taken()),
        (204, Taken()),
        (301, Failing("it answered 301, which leads elsewhere")),
        (307, Failing("it answered 307, which leads elsewhere")),
        (400, Refused("it answered 400")),
        (401, Failing("it answered 401")),
        (403, Failing("it answered 403")),
        (404, Failing("it answered 404")),
        (408, Failing("it answered 408")),
        (410, Failing("it answered 410: it is gone for good", is_gone=True)),
        (413, Refused("it answered 413")),
        (422, Refused("it answered 422")),
        (429, Failing("it answered 429")),
        (500, Failing("it answered 500", may_be_the_event=True)),
        (502, Failing("it answered 502")),
    ],
)
async def test_2xx_alone_is_success(receiver: FakeReceiver, status: int, expected: Outcome) -> None:
    assert await posted(receiver, Answer(status, (("Location", f"{receiver.url}/elsewhere"),))) == expected
    assert receiver.requests == 1, "a redirect was followed"


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        pytest.param(429, "90", 90, id="seconds"),
        pytest.param(503, "Sun, 22 Nov 2026 12:02:00 GMT", 120, id="a date"),
        pytest.param(503, "Sun, 22 Nov 1026 12:02:00 GMT", 0, id="a date long ago"),
        pytest.param(429, "soon", 0, id="nonsense"),
        pytest.param(429, "-5", 0, id="less than nothing"),
        pytest.param(429, "9" * 5_000, 999_999_999, id="for ever"),
        pytest.param(500, "90", 0, id="where it means nothing"),
    ],
)
async def test_a_receiver_may_ask_for_rest(receiver: FakeReceiver, status: int, header: str, seconds: int) -> None:
    outcome = await posted(receiver, Answer(status, (("Retry-After", header),)))
    assert outcome == Failing(f"it answered {status}", seconds * 1000, may_be_the_event=status == 500)


async def test_one_that_is_deaf_or_not_there_fails(receiver: FakeReceiver) -> None:
    assert await posted(receiver, Hang(), seconds=0.2) == Failing("no answer within 0.2 seconds")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        receiver.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert await posted(receiver) == Failing("it cannot be reached (ClientConnectorError)")
    receiver.url = "http://nowhere.invalid"
    assert await posted(receiver, path="/?key=secret") == Failing("it cannot be reached (ClientConnectorDNSError)")


async def test_the_package_of_the_standard_believes_it_and_nothing_altered_or_old(receiver: FakeReceiver) -> None:
    now = time.time_ns() // 1_000_000
    assert await posted(receiver, at=now) == Taken()
    await posted(receiver, at=now - 301_000)
    believer = Webhook(SECRET)
    content, headers = receiver.letters[0]
    assert believer.verify(content, headers) == {"seq": 1, "said": "سلام"}
    assert headers["webhook-id"] == "evt_1"
    altered = [
        (content.replace(b"1", b"2"), headers),
        (content, headers | {"webhook-id": "evt_2"}),
        (content, headers | {"webhook-timestamp": str(now // 1000 + 1)}),
        (content, headers | {"webhook-signature": "v1,AAAA"}),
        receiver.letters[1],
    ]
    for body, head in altered:
        with pytest.raises(WebhookVerificationError):
            believer.verify(body, head)


def test_ten_tries_take_about_three_days() -> None:
    at, tries = 0, 0
    while (then := next_try(tries + 1, at, chance=0.5)) is not None:
        at, tries = then, tries + 1
    assert tries + 1 == len(STEPS_MS) == 10
    assert 72 * 3_600_000 < at < 80 * 3_600_000


@pytest.mark.parametrize(("chance", "milliseconds"), [(0.0, 4_500), (0.5, 5_000), (1.0, 5_500)])
def test_chance_moves_a_try_by_a_tenth(chance: float, milliseconds: int) -> None:
    assert next_try(1, NOON, chance) == NOON + milliseconds


def test_nobody_makes_us_rest_longer_than_a_day() -> None:
    assert next_try(1, NOON, 0.5, rest_ms=10**12) == NOON + LONGEST_ASKED_MS
