from typing import Any, Literal
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType
from twilio.twiml.messaging_response import MessagingResponse

from channels.base import (
    Arrival,
    Inbound,
    Kind,
    Listed,
    Option,
    Outbound,
    Problem,
    Receipt,
    Refused,
    Request,
    Sender,
    Status,
)
from channels.sms import SenderRefused
from tests.channels.provider_data import cases, example_number
from tests.channels.webhooks import NOON, signed, sms_channel
from tests.fakes.twilio import ACCOUNT_SID

RESIDENT = "+447700900123"
SERVICE = "MG" + "0" * 32

FORM = {
    "ToCountry": "GB", "ToState": "", "SmsMessageSid": "SM1", "NumMedia": "0", "ToCity": "STOKE", "FromZip": "",
    "SmsSid": "SM1", "FromState": "", "SmsStatus": "received", "FromCity": "HANLEY", "Body": "2", "FromCountry": "GB",
    "To": "+447700900999", "ToZip": "", "NumSegments": "1", "MessageSid": "SM1", "AccountSid": ACCOUNT_SID,
    "From": RESIDENT, "ApiVersion": "2010-04-01",
}  # fmt: skip


def heard(**fields: str) -> Inbound:
    (inbound,) = sms_channel().receive(signed("/channels/sms", FORM | fields))
    return inbound


def out(text: str, *options: Option, id: str = "0190-a") -> Outbound:
    return Outbound(id=id, address=RESIDENT, our_address="+447700900999", text=text, options=options)


def said(*messages: Outbound) -> ElementTree.Element:
    return ElementTree.fromstring(sms_channel().answer(messages).body)  # noqa: S314  # our own reply


def sample(number: str, kind: Kind, text: str, media: tuple[str, ...] = (), **fields: str) -> Inbound:
    """Give the whole message that one of the samples must become."""
    usual = {
        "ApiVersion": "2010-04-01", "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received",
        "MessagingServiceSid": SERVICE,
    }  # fmt: skip
    return Inbound(
        channel="sms", provider="twilio", account="AC" + "0" * 32, event_id=number, kind=kind, address=RESIDENT,
        our_address="+447700900999", text=text, at=NOON, media=media, fields=usual | fields,
    )  # fmt: skip


def sid(number: int, prefix: str = "SM") -> str:
    return f"{prefix}{number:032x}"


SAMPLES = {
    "sms-text": sample(sid(1), Kind.TEXT, "SURVEY"),
    "sms-text-polish-ucs2": sample(sid(2), Kind.TEXT, "Tak, zgadzam się – dzięki"),
    "sms-retry-same-sid": sample(sid(1), Kind.TEXT, "SURVEY"),
    "sms-stop-advanced-optout": sample(sid(3), Kind.OPT_OUT, "STOP", OptOutType="STOP"),
    "sms-start-advanced-optout": sample(sid(4), Kind.OPT_IN, "START", OptOutType="START"),
    "sms-help-advanced-optout": sample(sid(5), Kind.HELP, "HELP", OptOutType="HELP"),
    "sms-empty-body": sample(sid(6), Kind.TEXT, ""),
    "sms-multi-segment": sample(sid(7), Kind.TEXT, "x" * 400, NumSegments="3"),
    "mms-image": sample(sid(8, "MM"), Kind.MEDIA, "photo of the park", media=("image/jpeg",), NumMedia="1"),
}


def delivery(number: int, status: Status, code: str = "", problem: Problem | None = None) -> Receipt:
    fields = {"ApiVersion": "2010-04-01", "SmsStatus": str(status), "MessagingServiceSid": SERVICE}
    return Receipt("sms", "twilio", sid(number), "", status, code, problem, NOON, fields)


RECEIPTS = {
    "status-queued": delivery(500, Status.QUEUED),
    "status-sending": delivery(500, Status.SENDING),
    "status-sent": delivery(500, Status.SENT),
    "status-delivered": delivery(500, Status.DELIVERED),
    "status-out-of-order-sent-after-delivered": delivery(500, Status.SENT),
    "status-undelivered-30003": delivery(501, Status.UNDELIVERED, "30003", Problem.UNREACHABLE),
    "status-failed-30007": delivery(502, Status.FAILED, "30007", Problem.BLOCKED),
}


def _samples(*prefixes: str) -> list[Any]:
    return [case for case in cases("twilio_webhook_samples.json", "requests") if str(case.id).startswith(prefixes)]


def _as_request(sampled: dict[str, Any]) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": sampled["signature"]}
    return Request(urlsplit(sampled["url"]).path, headers, urlencode(sampled["params"]).encode(), at=NOON)


@pytest.mark.parametrize("sampled", _samples("sms-", "mms-", "absent"))
def test_each_sample_text_becomes_exactly_this_message(sampled: dict[str, Any]) -> None:
    channel = sms_channel(auth_token=sampled["auth_token"])
    assert channel.receive(_as_request(sampled)) == (SAMPLES[sampled["id"]],)


@pytest.mark.parametrize(
    "sampled", [case for case in _samples("status-", "absent") if not str(case.id).startswith("status-wa")]
)
def test_each_sample_status_becomes_exactly_this_receipt(sampled: dict[str, Any]) -> None:
    channel = sms_channel(auth_token=sampled["auth_token"])
    assert channel.receipts(_as_request(sampled)) == (RECEIPTS[sampled["id"]],)


def test_a_text_keeps_the_words_and_drops_places() -> None:
    assert heard(Body="  Ünïcode & <tags>\n1/9 ") == Inbound(
        channel="sms",
        provider="twilio",
        account=ACCOUNT_SID,
        event_id="SM1",
        kind=Kind.TEXT,
        address=RESIDENT,
        our_address="+447700900999",
        text="  Ünïcode & <tags>\n1/9 ",
        at=NOON,
        arrival=Arrival.WEBHOOK,
        fields={"NumMedia": "0", "SmsStatus": "received", "NumSegments": "1", "ApiVersion": "2010-04-01"},
    )


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"ProfileName": "Zofia"}, id="a profile name"),
        pytest.param({"WaId": "447700900123"}, id="a WhatsApp id"),
        pytest.param({"FromRegion": "Staffordshire"}, id="a place in a field that is new"),
        pytest.param({"SenderAddress": "12 High Street"}, id="an address in a field that is new"),
        pytest.param({"BrandNew2027": "tel:447700900123"}, id="the number itself in a field that is new"),
        pytest.param({"MediaUrl0": "https://api.twilio.com/x"}, id="a media address"),
    ],
)
def test_what_names_a_person_or_place_is_not_kept(field: dict[str, str]) -> None:
    assert not set(heard(**field).fields) & set(field)


def test_a_new_field_that_names_nobody_is_kept() -> None:
    assert heard(CarrierNote2027="ok").fields["CarrierNote2027"] == "ok"


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        pytest.param("+447700900123", Sender.PERSON, id="a mobile"),
        pytest.param(example_number("GB", PhoneNumberType.FIXED_LINE), Sender.PERSON, id="a landline"),
        pytest.param(example_number("PL", PhoneNumberType.MOBILE), Sender.PERSON, id="a foreign number"),
        pytest.param("07700900123", Sender.PERSON, id="a number as dialled at home"),
        pytest.param("60777", Sender.SHORT_CODE, id="a short code"),
        pytest.param("82228228", Sender.SHORT_CODE, id="a long short code"),
        pytest.param("StokeCC", Sender.ALPHANUMERIC, id="a name"),
        pytest.param("2Good", Sender.ALPHANUMERIC, id="a name with a digit"),
    ],
)
def test_the_kind_of_sender_is_told_by_its_form(address: str, sender: Sender) -> None:
    assert heard(From=address).sender is sender


def test_media_keep_their_types_and_the_words_beside_them() -> None:
    media = heard(NumMedia="2", MediaContentType0="image/jpeg", MediaContentType1="audio/ogg", Body="look")
    assert (media.kind, media.media, media.text) == (Kind.MEDIA, ("image/jpeg", "audio/ogg"), "look")


@pytest.mark.parametrize(
    ("written", "count"),
    [("9" * 5_000, 10), ("012", 10), ("-1", 0), ("two", 0), ("1.5", 0)],
    ids=lambda each: str(each)[:9],
)
def test_an_odd_number_of_media_is_no_reason_to_lose_the_text(written: str, count: int) -> None:
    heard_so = heard(NumMedia=written, Body="look")
    assert (len(heard_so.media), heard_so.text) == (count, "look")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"AccountSid": "AC" + "1" * 32}, 403, id="another account"),
        pytest.param({"AccountSid": ""}, 403, id="no account"),
        pytest.param({"MessageSid": ""}, 400, id="no id"),
        pytest.param({"From": ""}, 400, id="no sender"),
        pytest.param({"From": "+" + "4" * 140}, 400, id="a sender longer than any"),
        pytest.param({"From": "whatsapp:+447700900123"}, 400, id="a WhatsApp message"),
    ],
)
def test_a_believed_text_that_is_not_for_us_is_refused(fields: dict[str, str], status: int) -> None:
    with pytest.raises(Refused) as refusal:
        heard(**fields)
    assert refusal.value.status == status


def test_a_forged_text_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        sms_channel().receive(signed("/channels/sms", FORM, token="guess"))
    assert refusal.value.status == 403


def test_a_text_signed_with_the_second_token_is_heard() -> None:
    channel = sms_channel(auth_token="new", auth_token_secondary="old")
    assert len(channel.receive(signed("/channels/sms", FORM, token="old"))) == 1


def test_neither_words_nor_numbers_are_shown_of_what_passes_through() -> None:
    listed = Listed("SM1", RESIDENT, "my secret", Status.SENT, "", NOON)
    request = signed("/channels/sms", FORM | {"Body": "my secret"})
    seen = repr([request, heard(Body="my secret"), out("my secret"), sms_channel().answer((out("my secret"),)), listed])
    assert not [words for words in ("my secret", "my+secret", RESIDENT[1:]) if words in seen]


def test_two_senders_in_one_form_are_refused() -> None:
    class TwoSenders(dict[str, str]):
        def getlist(self, name: str) -> list[str]:
            return [RESIDENT, "+447700900124"] if name == "From" else [self[name]]

    asked = signed("/channels/sms", TwoSenders(FORM))
    twice = Request(asked.path, asked.headers, asked.body + b"&From=%2B447700900124", at=NOON)
    with pytest.raises(Refused, match="From more than once"):
        sms_channel().receive(twice)


def status_callback(query: str = "?o=0190-a", **fields: str) -> Receipt:
    form = {"AccountSid": ACCOUNT_SID, "MessageSid": "SM9", "To": RESIDENT, "From": "+447700900999"} | fields
    (receipt,) = sms_channel().receipts(signed(f"/channels/sms/status{query}", form))
    return receipt


def test_a_receipt_carries_our_own_id_and_no_number() -> None:
    receipt = status_callback(MessageStatus="delivered", RawDlrDoneDate="2601011200", ErrorMessage=f"to {RESIDENT}")
    assert (receipt.outbox_id, receipt.status, receipt.fields) == (
        "0190-a",
        Status.DELIVERED,
        {"RawDlrDoneDate": "2601011200"},
    )


def test_a_receipt_without_our_id_is_kept_all_the_same() -> None:
    assert status_callback("", SmsStatus="sent").outbox_id == ""


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("21610", Problem.OPTED_OUT),
        ("30005", Problem.BAD_ADDRESS),
        ("30004", Problem.BLOCKED),
        ("30008", Problem.UNREACHABLE),
        ("30034", Problem.CONFIGURATION),
        ("30036", Problem.EXPIRED),
        ("30001", Problem.TOO_FAST),
        ("63016", Problem.OUTSIDE_WINDOW),
        ("99999", Problem.UNKNOWN),
        ("", Problem.UNKNOWN),
    ],
)
def test_a_failure_says_what_to_do_about_it(code: str, problem: Problem) -> None:
    assert status_callback(MessageStatus="undelivered", ErrorCode=code).problem is problem


@pytest.mark.parametrize("status", ["received", "exploded", ""])
def test_a_status_that_no_outgoing_message_has_is_refused(status: str) -> None:
    with pytest.raises(Refused) as refusal:
        status_callback(MessageStatus=status)
    assert refusal.value.status == 400


def test_a_forged_receipt_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        sms_channel().receipts(signed("/channels/sms/status", {"MessageSid": "SM9"}, token="guess"))
    assert refusal.value.status == 403


def test_the_reply_is_what_twilios_own_library_would_write() -> None:
    expected = MessagingResponse()
    text = "Do you feel safe & <well>? 1/9\n1 Yes\n2 No"
    expected.message(text, status_callback="https://bot.example/channels/sms/status?o=0190-a")
    answer = sms_channel().answer((out("Do you feel safe & <well>? 1/9", Option("y", "Yes"), Option("n", "No")),))
    assert answer.media_type.startswith("text/xml")
    assert answer.body.decode() == str(expected)


def test_several_replies_are_several_messages_in_order() -> None:
    root = said(out("One.", id="a"), out("Two.", id="b"))
    callback = "https://bot.example/channels/sms/status?o="
    assert [(verb.text, verb.get("statusCallback")) for verb in root] == [
        ("One.", callback + "a"),
        ("Two.", callback + "b"),
    ]


@pytest.mark.parametrize("reply", ["inline", "rest"])
def test_nothing_to_say_is_an_empty_response(reply: Literal["inline", "rest"]) -> None:
    messages = () if reply == "inline" else (out("Sent by REST instead."),)
    channel = sms_channel(reply=reply)
    assert channel.capabilities.inline_reply is (reply == "inline")
    assert channel.answer(messages).body == b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


def test_a_reply_over_the_longest_text_goes_in_numbered_parts() -> None:
    root = said(out("This is a sentence. " * 100))
    texts = [verb.text or "" for verb in root]
    assert [text[:8] for text in texts] == ["1 of 2: ", "2 of 2: "]
    assert all(len(text) <= 1600 for text in texts)


@given(st.text(st.characters(exclude_categories=[]), max_size=40), st.text(min_size=1, max_size=12))
def test_whatever_is_said_the_reply_is_xml(text: str, id: str) -> None:
    root = said(out(text, id=id))
    assert len(root) == 1


def test_control_characters_that_xml_cannot_hold_are_left_out() -> None:
    assert said(out("a\x00b\x1bc\ufffed\tf"))[0].text == "abcd f"


def test_the_outbox_id_in_the_callback_comes_back_as_it_was() -> None:
    root = said(out("Hi", id="a&b=c/d"))
    query = urlsplit(root[0].get("statusCallback") or "").query
    assert status_callback(f"?{query}", MessageStatus="sent").outbox_id == "a&b=c/d"


@pytest.mark.parametrize("sender", ["StokeCC", "60777", "07700900999", "MG", ""])
def test_a_sender_that_residents_cannot_answer_is_refused_at_once(sender: str) -> None:
    with pytest.raises(SenderRefused, match="TWILIO_SMS_FROM"):
        sms_channel(sender=sender)
