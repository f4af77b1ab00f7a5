"""GOV.UK Notify's callbacks: a received text and a delivery receipt, as its documentation writes them."""

import json

import pytest

from channels.base import Arrival, Inbound, Kind, Outbound, Problem, Receipt, Refused, Request, Sender, Status
from channels.notify import NotifyChannel
from tests.channels.notifying import OURS, RESIDENT, SERVICE, notify_channel
from tests.channels.webhooks import NOON
from tests.fakes.notify import API_KEY, CALLBACK_TOKEN

RECEIVED = {
    "id": "b51f638b-4295-46e0-a06e-cd41eee7c33b",
    "source_number": "447700900123",
    "destination_number": "07700900999",
    "message": "Hello Notify!",
    "date_received": "2026-01-01T11:59:58.500000Z",
}
RECEIPT = {
    "id": "740e5834-3a29-46b4-9a6f-16142fde533a",
    "reference": "0190a",
    "to": "07700900123",
    "status": "delivered",
    "created_at": "2026-01-01T11:59:00.000000Z",
    "completed_at": "2026-01-01T12:00:00.000000Z",
    "sent_at": "2026-01-01T11:59:01.000000Z",
    "notification_type": "sms",
    "template_id": "f33517ff-2a88-4f6e-b855-c550268ce08a",
    "template_version": 1,
}


def posted(body: object, authorization: str | None = f"Bearer {CALLBACK_TOKEN}") -> Request:
    headers = {"content-type": "application/json"}
    if authorization is not None:
        headers["authorization"] = authorization
    return Request("/channels/notify", headers, json.dumps(body).encode(), at=NOON)


@pytest.fixture
def channel() -> NotifyChannel:
    return notify_channel()


def test_a_received_text_is_read_with_numbers_in_full(channel: NotifyChannel) -> None:
    assert channel.receive(posted(RECEIVED)) == (
        Inbound(
            channel="notify",
            provider="notify",
            account=SERVICE,
            event_id="b51f638b-4295-46e0-a06e-cd41eee7c33b",
            kind=Kind.TEXT,
            address=RESIDENT,
            our_address=OURS,
            text="Hello Notify!",
            at=NOON,
            provider_at=NOON - 1_500,
            arrival=Arrival.WEBHOOK,
        ),
    )


@pytest.mark.parametrize(
    ("source", "address", "sender"),
    [
        pytest.param("447700900123", "+447700900123", Sender.PERSON, id="as Notify writes a resident"),
        pytest.param("+447700900123", "+447700900123", Sender.PERSON, id="with its plus"),
        pytest.param("07700900123", "+447700900123", Sender.PERSON, id="as people in Britain write it"),
        pytest.param("00447700900123", "+447700900123", Sender.PERSON, id="with two noughts"),
        pytest.param("07700 900123", "+447700900123", Sender.PERSON, id="with a space"),
        pytest.param("48500000000", "+48500000000", Sender.PERSON, id="from another country"),
        pytest.param("60777", "60777", Sender.SHORT_CODE, id="a short code"),
        pytest.param("StokeCC", "StokeCC", Sender.ALPHANUMERIC, id="a name"),
    ],
)
def test_who_wrote_is_known_however_the_number_is_written(
    channel: NotifyChannel, source: str, address: str, sender: Sender
) -> None:
    (heard,) = channel.receive(posted(RECEIVED | {"source_number": source}))
    assert (heard.address, heard.sender) == (address, sender)


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("", id="none"),
        pytest.param("yesterday", id="words"),
        pytest.param("2026-13-01T00:00:00Z", id="no such month"),
        pytest.param("9999-12-31T23:59:59-23:59", id="beyond the calendar"),
        pytest.param("0001-01-01T00:00:00Z", id="before there were phones"),
    ],
)
def test_a_text_with_an_odd_date_is_still_taken_in(channel: NotifyChannel, date: str) -> None:
    (heard,) = channel.receive(posted(RECEIVED | {"date_received": date}))
    assert (heard.text, heard.provider_at) == ("Hello Notify!", None)


def test_what_notify_may_add_one_day_does_no_harm(channel: NotifyChannel) -> None:
    assert channel.receive(posted(RECEIVED | {"network": "EE"})) == channel.receive(posted(RECEIVED))


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="no header"),
        pytest.param("", id="an empty header"),
        pytest.param("Bearer ", id="an empty token"),
        pytest.param("Bearer guess", id="another token"),
        pytest.param(CALLBACK_TOKEN, id="no scheme"),
        pytest.param(f"Bearer {CALLBACK_TOKEN}x", id="a longer one"),
        pytest.param(f"Bearer {CALLBACK_TOKEN[:-1]}", id="a shorter one"),
        pytest.param(f"Basic {CALLBACK_TOKEN}", id="another scheme"),
        pytest.param("Bearer \u00e9\u00ff", id="bytes of no alphabet"),
    ],
)
def test_a_callback_without_our_token_is_refused_before_it_is_read(
    channel: NotifyChannel, authorization: str | None
) -> None:
    for read, body in ((channel.receive, RECEIVED), (channel.receipts, RECEIPT), (channel.receive, "nonsense")):
        with pytest.raises(Refused) as refusal:
            read(posted(body, authorization))
        assert refusal.value.status == 403


@pytest.mark.parametrize("authorization", [None, "", "Bearer "], ids=["no header", "empty", "an empty token"])
def test_without_a_token_of_ours_every_callback_is_refused(authorization: str | None) -> None:
    open_door = NotifyChannel(api_key=API_KEY, callback_token="", clock=lambda: NOON)
    with pytest.raises(Refused):
        open_door.receive(posted(RECEIVED, authorization))


UNREADABLE = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\xff\xfe", id="no UTF-8"),
    pytest.param(b"source_number=447700900123", id="a form"),
    pytest.param(b"[]", id="a list"),
    pytest.param(b"null", id="null"),
    pytest.param(json.dumps(RECEIVED | {"id": ""}).encode(), id="no id"),
    pytest.param(json.dumps(RECEIVED | {"id": 7}).encode(), id="an id that is no text"),
    pytest.param(json.dumps(RECEIVED | {"source_number": "4" * 141}).encode(), id="an endless number"),
    pytest.param(json.dumps({k: v for k, v in RECEIVED.items() if k != "message"}).encode(), id="no message"),
    pytest.param(json.dumps(RECEIVED).replace("Hello", "\\ud800").encode(), id="half a character"),
    pytest.param(b'{"x":' * 5_000, id="nested without end"),
    pytest.param(json.dumps(RECEIVED).encode("latin-1").replace(b"Hello", b"Caf\xe9"), id="another encoding"),
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_bears_our_token_and_cannot_be_read_is_refused_without_quoting_it(
    channel: NotifyChannel, body: bytes
) -> None:
    for read in (channel.receive, channel.receipts):
        with pytest.raises(Refused) as refusal:
            read(Request("/channels/notify", {"authorization": f"Bearer {CALLBACK_TOKEN}"}, body, at=NOON))
        assert (refusal.value.status, str(refusal.value)) == (400, "the body is not Notify's JSON")


@pytest.mark.parametrize(
    ("word", "status", "code", "problem"),
    [
        pytest.param("delivered", Status.DELIVERED, "", None, id="it arrived"),
        pytest.param(
            "permanent-failure", Status.UNDELIVERED, "permanent-failure", Problem.BAD_ADDRESS, id="no such phone"
        ),
        pytest.param(
            "temporary-failure", Status.UNDELIVERED, "temporary-failure", Problem.UNREACHABLE, id="the phone was off"
        ),
        pytest.param(
            "technical-failure", Status.FAILED, "technical-failure", Problem.UNREACHABLE, id="Notify had trouble"
        ),
        pytest.param("sent", Status.SENT, "", None, id="sent abroad"),
    ],
)
def test_a_delivery_receipt_names_our_message_and_what_became_of_it(
    channel: NotifyChannel, word: str, status: Status, code: str, problem: Problem | None
) -> None:
    assert channel.receipts(posted(RECEIPT | {"status": word})) == (
        Receipt(
            channel="notify",
            provider="notify",
            provider_id="740e5834-3a29-46b4-9a6f-16142fde533a",
            outbox_id="0190a",
            status=status,
            code=code,
            problem=problem,
            at=NOON,
        ),
    )


def test_whom_a_message_went_to_is_not_kept_from_its_receipt(channel: NotifyChannel) -> None:
    (receipt,) = channel.receipts(posted(RECEIPT))
    assert "7700900123" not in str(receipt)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"reference": None}, id="sent by hand"),
        pytest.param({"reference": ""}, id="an empty reference"),
        pytest.param({"notification_type": "email"}, id="an e-mail"),
    ],
)
def test_the_receipt_of_what_somebody_else_sent_is_passed_over(
    channel: NotifyChannel, other: dict[str, str | None]
) -> None:
    assert channel.receipts(posted(RECEIPT | other)) == ()


def test_a_status_that_no_text_can_have_is_refused(channel: NotifyChannel) -> None:
    with pytest.raises(Refused) as refusal:
        channel.receipts(posted(RECEIPT | {"status": "returned-letter"}))
    assert refusal.value.status == 400


def test_the_answer_to_a_callback_never_holds_the_reply(channel: NotifyChannel) -> None:
    said = Outbound(id="1", address=RESIDENT, our_address=OURS, text="Do you feel safe?")
    assert channel.answer((said,)) == channel.answer(())
    assert b"safe" not in channel.answer((said,)).body
