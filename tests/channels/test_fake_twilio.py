"""The fake is trusted by many tests, so what it claims about Twilio is tested too."""

import json
from urllib.parse import urlencode

import httpx2
import pytest

from channels.base import Inbound, Kind, Outbound, Status
from tests.channels.webhooks import Bot, sms_channel
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID, FakeTwilio
from tests.fakes.twilio_spec import SPEC

RESIDENT = "+447700900123"
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


def echo(heard: Inbound) -> tuple[Outbound, ...]:
    return (Outbound(f"reply-to-{heard.event_id}", heard.address, heard.our_address, f"You said {heard.text}"),)


async def post(twilio: FakeTwilio, **fields: str) -> tuple[int, int]:
    async with httpx2.AsyncClient(auth=(ACCOUNT_SID, fields.pop("password", AUTH_TOKEN)), trust_env=False) as client:
        response = await client.post(
            twilio.url + PATH,
            content=urlencode(fields).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    return response.status_code, response.json().get("code") or 0


async def test_a_resident_and_a_bot_talk_and_the_receipt_comes_back() -> None:
    bot = Bot(sms_channel(), echo)
    async with FakeTwilio(app=bot) as twilio:
        turn = await twilio.text(RESIDENT, "Tak & nie ✅")
        assert (turn.status, turn.attempts, turn.replies) == (200, 1, ["You said Tak & nie ✅"])
        assert [(heard.event_id, heard.kind, heard.text) for heard in bot.heard] == [
            (turn.sid, Kind.TEXT, "Tak & nie ✅")
        ]
        for status in ("delivered", "sent", "delivered"):  # out of order, and twice
            assert await twilio.report(turn.sids[0], status) == 204
    assert [(receipt.outbox_id, receipt.provider_id, receipt.status) for receipt in bot.receipts] == [
        (f"reply-to-{turn.sid}", turn.sids[0], status) for status in (Status.DELIVERED, Status.SENT, Status.DELIVERED)
    ]


async def test_the_same_text_can_be_delivered_again_under_its_own_id() -> None:
    bot = Bot(sms_channel(), echo)
    async with FakeTwilio(app=bot) as twilio:
        first = await twilio.text(RESIDENT, "1")
        again = await twilio.redeliver(first.sid)
    assert first.replies == again.replies
    assert [heard.event_id for heard in bot.heard] == [first.sid, first.sid]


@pytest.mark.parametrize(
    ("overrides", "broken_for", "attempts", "status"),
    [
        pytest.param("", 1, 1, 500, id="a 5xx is not tried again by default"),
        pytest.param("#rc=2&rp=5xx", 1, 2, 200, id="tried again where asked for"),
        pytest.param("#rc=2&rp=all", 9, 3, 500, id="three times at most with two retries"),
        pytest.param("#rc=2&rp=4xx", 1, 1, 500, id="not for another failure"),
    ],
)
async def test_a_failed_webhook_is_tried_again_as_its_address_says(
    overrides: str, broken_for: int, attempts: int, status: int
) -> None:
    bot = Bot(sms_channel(), echo)
    bot.broken_for = broken_for
    async with FakeTwilio(app=bot, webhook_path=f"/channels/sms{overrides}") as twilio:
        turn = await twilio.text(RESIDENT, "1")
    assert (turn.attempts, turn.status, bool(turn.replies)) == (attempts, status, status == 200)


async def test_a_webhook_that_cannot_be_reached_is_tried_once_more() -> None:
    async with FakeTwilio(target="http://127.0.0.1:1") as twilio:
        turn = await twilio.text(RESIDENT, "1")
    assert (turn.attempts, turn.errors) == (2, ["11200"])


async def test_stop_is_answered_by_twilio_and_silences_us_until_start() -> None:
    bot = Bot(sms_channel(), echo)
    async with FakeTwilio(app=bot, advanced_opt_out=True) as twilio:
        stopped = await twilio.text(RESIDENT, "Stop")
        assert (stopped.replies, stopped.errors) == ([], ["21610"])
        assert twilio.phone(RESIDENT) == ["You have successfully been unsubscribed. Reply START to resubscribe."]
        assert await post(twilio, To=RESIDENT, From=NUMBER, Body="Hello?") == (400, 21610)
        started = await twilio.text(RESIDENT, "START")
        assert started.replies == ["You said START"]
        assert [heard.kind for heard in bot.heard] == [Kind.OPT_OUT, Kind.OPT_IN]
        assert await post(twilio, To=RESIDENT, From=NUMBER, Body="Hello again") == (201, 0)


async def test_without_advanced_opt_out_our_webhook_is_not_told_that_stop_was_answered() -> None:
    bot = Bot(sms_channel(), echo)
    async with FakeTwilio(app=bot) as twilio:
        await twilio.text(RESIDENT, "STOP")
        assert bot.heard[-1].kind is Kind.TEXT
        assert await post(twilio, To=RESIDENT, From=NUMBER, Body="Hello?") == (400, 21610)


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        pytest.param({"To": RESIDENT, "From": NUMBER, "Body": "x" * 1600}, (201, 0), id="the longest text"),
        pytest.param({"To": RESIDENT, "MessagingServiceSid": SERVICE_SID, "Body": "Hi"}, (201, 0), id="by service"),
        pytest.param({"To": RESIDENT, "From": NUMBER, "Body": "x" * 1601}, (400, 21617), id="too long"),
        pytest.param({"To": RESIDENT, "From": NUMBER}, (400, 21602), id="no text"),
        pytest.param({"To": "07700", "From": NUMBER, "Body": "Hi"}, (400, 21211), id="no phone number"),
        pytest.param({"To": RESIDENT, "Body": "Hi"}, (400, 21603), id="no sender"),
        pytest.param({"To": RESIDENT, "From": "StokeCC", "Body": "Hi"}, (400, 21606), id="a name as sender"),
        pytest.param({"To": RESIDENT, "From": RESIDENT, "Body": "Hi"}, (400, 21606), id="another's number as sender"),
        pytest.param(
            {"To": RESIDENT, "From": NUMBER, "Body": "Hi", "StatusCallback": "/here"}, (400, 21609), id="no address"
        ),
    ],
)
async def test_the_fake_takes_and_refuses_what_twilio_does(fields: dict[str, str], answer: tuple[int, int]) -> None:
    async with FakeTwilio() as twilio:
        assert await post(twilio, **fields) == answer
        assert len(twilio.messages) == (answer[0] == 201)


async def test_a_wrong_password_is_refused() -> None:
    async with FakeTwilio() as twilio:
        assert await post(twilio, password="guess", To=RESIDENT, From=NUMBER, Body="Hi") == (401, 20003)


async def test_a_message_can_be_fetched_by_its_id() -> None:
    async with FakeTwilio() as twilio, httpx2.AsyncClient(auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False) as client:
        sid = twilio.lose(RESIDENT, "hello")
        found = await client.get(twilio.url + PATH.replace(".json", f"/{sid}.json"))
        missing = await client.get(twilio.url + PATH.replace(".json", f"/SM{'0' * 32}.json"))
    assert (found.status_code, found.json()["body"], found.json()["direction"]) == (200, "hello", "inbound")
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)


@pytest.mark.skipif(not SPEC.exists(), reason=f"{SPEC} is not on this machine")
async def test_a_request_that_breaks_the_description_fails_the_test_that_made_it() -> None:
    async def break_it() -> None:
        async with FakeTwilio() as twilio:
            assert twilio.spec_checked
            await post(twilio, To=RESIDENT, From=NUMBER, Body="Hi", ValidityPeriod="1.5")

    with pytest.raises(AssertionError, match="RequestBodyValidationError"):
        await break_it()


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        pytest.param("application/json", b"{}", "12300", id="not XML"),
        pytest.param("text/xml", b"<Response>", "12100", id="broken XML"),
        pytest.param("text/xml", b"<Response><Say>Hi</Say></Response>", "12200", id="not a message"),
        pytest.param("text/xml", b"<Response><Message> </Message></Response>", "14103", id="an empty message"),
        pytest.param("text/xml", b"<Response><Message>" + b"x" * 1601 + b"</Message></Response>", "21617", id="long"),
    ],
)
async def test_a_reply_that_twilio_could_not_carry_out_fails_the_test(kind: str, body: bytes, error: str) -> None:
    class Reply(Bot):
        def _respond(self, request: object) -> tuple[int, bytes, str]:
            return 200, body, kind

    async def reply() -> None:
        async with FakeTwilio(app=Reply(sms_channel())) as twilio:
            await twilio.text(RESIDENT, "1")

    with pytest.raises(AssertionError, match=f"TwiML error {error}"):
        await reply()


@pytest.mark.skipif(not SPEC.exists(), reason=f"{SPEC} is not on this machine")
async def test_a_message_has_every_field_that_twilio_gives() -> None:
    schema = json.loads(SPEC.read_bytes())["components"]["schemas"]["api.v2010.account.message"]["properties"]
    async with FakeTwilio() as twilio, httpx2.AsyncClient(auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False) as client:
        twilio.lose(RESIDENT, "hello")
        (message,) = (await client.get(twilio.url + PATH)).json()["messages"]
    assert set(message) == set(schema)
