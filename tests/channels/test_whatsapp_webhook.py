"""What WhatsApp posts becomes what the survey hears, without names, numbers or places."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from channels.base import Inbound, Kind, Problem, Receipt, Refused, Request, Sender, Status
from channels.whatsapp import SenderRefused
from tests.channels.provider_data import cases
from tests.channels.webhooks import NOON, signed, whatsapp_channel
from tests.fakes.twilio import ACCOUNT_SID

RESIDENT = "whatsapp:+447700900123"
USER_ID = "whatsapp:GB.1502576394655843"
OURS = "whatsapp:+447700900999"

FORM = {
    "AccountSid": ACCOUNT_SID,
    "ApiVersion": "2010-04-01",
    "NumMedia": "0",
    "NumSegments": "1",
    "SmsStatus": "received",
    "MessageSid": "SM1",
    "From": RESIDENT,
    "To": OURS,
    "Body": "Dzień dobry",
    "ProfileName": "Zofia",
    "WaId": "447700900123",
    "MessageType": "text",
    "ExternalUserId": USER_ID,
}


def heard(**fields: str) -> Inbound:
    (inbound,) = whatsapp_channel().receive(signed("/channels/whatsapp", FORM | fields))
    return inbound


def sample(number: str, kind: Kind, text: str, **rest: Any) -> Inbound:
    """One of the sample requests as it should be heard; what is not given is as in most of them."""
    fields = {"ApiVersion": "2010-04-01", "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received"}
    fields |= {"Forwarded": "false", "FrequentlyForwarded": "false"}
    fields |= rest.pop("fields", {})
    usual: dict[str, Any] = {"address": RESIDENT, "aliases": (USER_ID,)}
    return Inbound(
        channel="whatsapp", provider="twilio", account="AC" + "0" * 32, event_id=number, kind=kind, text=text,
        our_address=OURS, at=NOON, fields=fields, **(usual | rest),
    )  # fmt: skip


SAMPLES = {
    "wa-text": sample(f"SM{0x14:032x}", Kind.TEXT, "Dzień dobry", fields={"MessageType": "text"}),
    "wa-quick-reply": sample(
        f"SM{0x15:032x}",
        Kind.CHOICE,
        "Polski",
        fields={"MessageType": "button"},
        choice_id="lang:pl",
        reply_to="MM00000000000000000000000000000384",
    ),
    "wa-list-reply": sample(
        f"SM{0x16:032x}",
        Kind.CHOICE,
        "Agree",
        fields={"MessageType": "interactive"},
        choice_id="q3:4",
        reply_to="MM00000000000000000000000000000385",
    ),
    "wa-voice-note": sample(
        f"MM{0x17:032x}",
        Kind.MEDIA,
        "",
        fields={"MessageType": "audio", "NumMedia": "1"},
        media=("audio/ogg",),
        voice=f"MM{0x17:032x}",
    ),
    "wa-location": sample(
        f"SM{0x18:032x}", Kind.MEDIA, "", fields={"MessageType": "location"}, media=("application/geo+json",)
    ),
    "wa-bsuid-only": sample(
        f"SM{0x19:032x}", Kind.TEXT, "hello", fields={"MessageType": "text"}, address=USER_ID, aliases=()
    ),
    "wa-unknown-new-param": sample(
        f"SM{0x1A:032x}", Kind.TEXT, "hi", fields={"MessageType": "text", "BrandNewParam2027": "1"}
    ),
}


def _samples(*prefixes: str) -> list[Any]:
    return [case for case in cases("twilio_webhook_samples.json", "requests") if str(case.id).startswith(prefixes)]


def _as_request(sampled: dict[str, Any]) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": sampled["signature"]}
    return Request(urlsplit(sampled["url"]).path, headers, urlencode(sampled["params"]).encode(), at=NOON)


@pytest.mark.parametrize("sampled", _samples("wa-", "absent"))
def test_each_sample_becomes_exactly_this_message(sampled: dict[str, Any]) -> None:
    channel = whatsapp_channel(auth_token=sampled["auth_token"])
    assert channel.receive(_as_request(sampled)) == (SAMPLES[sampled["id"]],)


@pytest.mark.parametrize("sampled", _samples("status-wa", "absent"))
def test_each_sample_report_becomes_exactly_this_receipt(sampled: dict[str, Any]) -> None:
    (receipt,) = whatsapp_channel(auth_token=sampled["auth_token"]).receipts(_as_request(sampled))
    kept = {"ApiVersion": "2010-04-01", "MessagingServiceSid": "MG" + "0" * 32, "ChannelPrefix": "whatsapp"}
    failed = Receipt(
        "whatsapp", "twilio", f"SM{503:032x}", "", Status.FAILED, "63016", Problem.OUTSIDE_WINDOW, NOON,
        kept | {"SmsStatus": "failed"},
    )  # fmt: skip
    read = Receipt(
        "whatsapp", "twilio", f"SM{504:032x}", "", Status.READ, "", None, NOON,
        kept | {"SmsStatus": "read", "EventType": "READ"},
    )  # fmt: skip
    assert receipt == {"status-wa-failed-63016": failed, "status-wa-read": read}[sampled["id"]]


@pytest.mark.parametrize(
    ("fields", "kind", "choice_id", "text"),
    [
        pytest.param({}, Kind.TEXT, "", "Dzień dobry", id="words"),
        pytest.param({"Body": ""}, Kind.TEXT, "", "", id="nothing at all"),
        pytest.param(
            {"ButtonPayload": "a.2.0", "ButtonText": "Yes", "Body": "Yes"}, Kind.CHOICE, "a.2.0", "Yes", id="tap"
        ),
        pytest.param(
            {"ButtonPayload": "a.2.0", "ButtonText": "Yes", "Body": ""}, Kind.CHOICE, "a.2.0", "Yes", id="bare"
        ),
        pytest.param(
            {"ButtonText": "Yes", "Body": "Yes"}, Kind.TEXT, "", "Yes", id="a button without an id is its words"
        ),
        pytest.param({"ListId": "a.2.4", "ListTitle": "4", "Body": "4"}, Kind.CHOICE, "a.2.4", "4", id="a row"),
        pytest.param({"ListId": "a.2.4", "ListTitle": "4", "Body": ""}, Kind.CHOICE, "a.2.4", "4", id="a row, no body"),
        pytest.param({"OptOutType": "STOP", "Body": "stop"}, Kind.OPT_OUT, "", "stop", id="STOP that Twilio answered"),
        pytest.param({"OptOutType": "START", "Body": "start"}, Kind.OPT_IN, "", "start", id="START likewise"),
        pytest.param({"Body": "", "MessageType": "order"}, Kind.UNSUPPORTED, "", "", id="something of another kind"),
        pytest.param(
            {"MessageType": "image", "Body": "look"}, Kind.TEXT, "", "look", id="words count whatever the kind"
        ),
    ],
)
def test_what_came_is_told_apart(fields: dict[str, str], kind: Kind, choice_id: str, text: str) -> None:
    message = heard(**fields)
    assert (message.kind, message.choice_id, message.text) == (kind, choice_id, text)


@pytest.mark.parametrize(
    ("fields", "media"),
    [
        pytest.param({"NumMedia": "1", "MediaContentType0": "audio/ogg"}, ("audio/ogg",), id="a voice note"),
        pytest.param({"NumMedia": "1", "MediaContentType0": "image/webp"}, ("image/webp",), id="a sticker"),
        pytest.param({"NumMedia": "1", "MediaContentType0": "text/vcard"}, ("text/vcard",), id="somebody's card"),
        pytest.param({"Latitude": "53.0027", "Longitude": "-2.1794"}, ("application/geo+json",), id="a place"),
    ],
)
def test_what_is_no_text_is_kept_as_the_kind_of_thing_it_is(fields: dict[str, str], media: tuple[str, ...]) -> None:
    message = heard(Body="", **fields)
    assert (message.kind, message.media) == (Kind.MEDIA, media)


def test_a_tap_names_the_message_that_was_tapped() -> None:
    assert heard(ButtonPayload="a.2.0", OriginalRepliedMessageSid="SM7").reply_to == "SM7"


@pytest.mark.parametrize(
    ("fields", "address", "aliases"),
    [
        pytest.param({}, RESIDENT, (USER_ID,), id="a number, and Meta's id"),
        pytest.param({"ExternalUserId": ""}, RESIDENT, (), id="a number alone"),
        pytest.param({"From": USER_ID, "WaId": ""}, USER_ID, (), id="no number"),
        pytest.param(
            {"ExternalUserId": USER_ID.removeprefix("whatsapp:")}, RESIDENT, (USER_ID,), id="an id without prefix"
        ),
        pytest.param({"ExternalUserId": f"GB.{'9' * 129}"}, RESIDENT, (), id="an id longer than any"),
        pytest.param(
            {"From": f"whatsapp:GB.{'9' * 128}", "ExternalUserId": ""}, f"whatsapp:GB.{'9' * 128}", (), id="the longest"
        ),
    ],
)
def test_a_resident_is_known_by_number_or_by_id(fields: dict[str, str], address: str, aliases: tuple[str, ...]) -> None:
    message = heard(**fields)
    assert (message.address, message.aliases, message.sender) == (address, aliases, Sender.PERSON)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"ProfileName": "Zofia"}, id="the profile name"),
        pytest.param({"WaId": "447700900123"}, id="the number without its prefix"),
        pytest.param({"Latitude": "53.0027", "Longitude": "-2.1794"}, id="where they are"),
        pytest.param({"Address": "12 High Street", "Label": "Home"}, id="what the place is called"),
        pytest.param({"ChannelMetadata": '{"data":{"context":{"ProfileName":"Zofia"}}}'}, id="a name within JSON"),
        pytest.param({"OriginalRepliedMessageSender": OURS}, id="who was quoted"),
        pytest.param({"ReferralCtwaClid": "ARAkLkA8rmlFeiCktEJQ"}, id="the mark of a tap on an advertisement"),
        pytest.param({"ReferralSourceUrl": "https://example.org/447700900123"}, id="an address with a number"),
        pytest.param({"BrandNew2027": "tel:447700900123"}, id="the number in a field that is new"),
        pytest.param({"BrandNew2027": "GB.1502576394655843"}, id="the id in a field that is new"),
        pytest.param({"MediaUrl0": "https://api.twilio.com/x"}, id="a media address"),
        pytest.param(
            {"ButtonPayload": "a.2.0", "ButtonText": "Yes", "ListId": "a", "ListTitle": "Yes"}, id="the answer"
        ),
    ],
)
def test_what_names_a_person_or_place_or_is_the_answer_is_not_kept_beside_it(field: dict[str, str]) -> None:
    assert not set(heard(**field).fields) & set(field)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"AccountSid": "AC" + "1" * 32}, 403, id="another account"),
        pytest.param({"MessageSid": ""}, 400, id="no id"),
        pytest.param({"From": ""}, 400, id="no sender"),
        pytest.param({"From": "whatsapp:GB." + "9" * 140}, 400, id="a sender longer than any"),
        pytest.param({"From": "+447700900123"}, 400, id="an SMS"),
    ],
)
def test_a_believed_message_that_is_not_for_us_is_refused(fields: dict[str, str], status: int) -> None:
    with pytest.raises(Refused) as refusal:
        heard(**fields)
    assert refusal.value.status == status


def test_a_forged_message_and_a_forged_report_are_refused() -> None:
    channel = whatsapp_channel()
    for ask in (channel.receive, channel.receipts):
        with pytest.raises(Refused) as refusal:
            ask(signed("/channels/whatsapp", FORM, token="guess"))
        assert refusal.value.status == 403


def test_two_choices_in_one_form_are_refused() -> None:
    class TwoChoices(dict[str, str]):
        def getlist(self, name: str) -> list[str]:
            return ["a.2.0", "a.2.1"] if name == "ButtonPayload" else [self[name]]

    asked = signed("/channels/whatsapp", TwoChoices(FORM | {"ButtonPayload": "a.2.0"}))
    twice = Request(asked.path, asked.headers, asked.body + b"&ButtonPayload=a.2.1", at=NOON)
    with pytest.raises(Refused, match="ButtonPayload more than once"):
        whatsapp_channel().receive(twice)


def test_a_report_carries_our_own_id_and_no_number() -> None:
    fields = {"AccountSid": ACCOUNT_SID, "MessageSid": "SM9", "To": RESIDENT, "From": OURS, "MessageStatus": "read"}
    path = "/channels/whatsapp/status?o=0190-a"
    (receipt,) = whatsapp_channel().receipts(
        signed(path, fields | {"NewField2027": "447700900123", "EventType": "READ"})
    )
    assert (receipt.outbox_id, receipt.status, receipt.fields) == ("0190-a", Status.READ, {"EventType": "READ"})


@pytest.mark.parametrize("sender", ["+447700900999", "whatsapp:07700900999", "whatsapp:", "StokeCC", "MG", ""])
def test_a_sender_that_is_none_on_whatsapp_is_refused_at_once(sender: str) -> None:
    with pytest.raises(SenderRefused, match="TWILIO_WHATSAPP_FROM"):
        whatsapp_channel(sender=sender)
