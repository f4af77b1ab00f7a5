"""The fake Twilio's messages: how it stores them, which it refuses, how it writes and reads them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import uuid4
from xml.etree import ElementTree

from channels.segments import count

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LONGEST_BODY = 1600


class ApiError(Exception):
    """A refusal by the API, with Twilio's code."""

    def __init__(self, status: int, code: int) -> None:
        super().__init__(status, code)
        self.status, self.code = status, code

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "message": "refused by the fake",
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class TwimlProblem(Exception):
    """A reply that Twilio could not carry out; the text is its error code."""


@dataclass
class Message:
    """One Message resource. `body` is as its sender wrote it."""

    sid: str
    direction: str
    sender: str
    receiver: str
    body: str
    status: str
    created_at: datetime
    sent_at: datetime | None = None
    callback: str = ""
    service_sid: str = ""
    error_code: int | None = None
    media: tuple[str, ...] = field(default=())
    opt_out_type: str = ""

    def as_webhook_form(self, account_sid: str) -> dict[str, str]:
        """Write the form that Twilio posts for an incoming text, blank place fields and all."""
        form = {
            "ToCountry": "GB", "ToState": "", "SmsMessageSid": self.sid, "NumMedia": str(len(self.media)), "ToCity": "",
            "FromZip": "", "SmsSid": self.sid, "FromState": "", "SmsStatus": "received", "FromCity": "",
            "Body": self.body, "FromCountry": "GB", "To": self.receiver, "ToZip": "",
            "NumSegments": str(count(self.body).segments), "MessageSid": self.sid, "AccountSid": account_sid,
            "From": self.sender, "ApiVersion": "2010-04-01",
        }  # fmt: skip
        if self.service_sid:
            form["MessagingServiceSid"] = self.service_sid
        if self.opt_out_type:
            form["OptOutType"] = self.opt_out_type
        for number, mime in enumerate(self.media):
            form[f"MediaContentType{number}"] = mime
            form[f"MediaUrl{number}"] = f"https://api.twilio.com/Messages/{self.sid}/Media/ME{number:032d}"
        return form


def new_sid(prefix: str) -> str:
    return prefix + uuid4().hex


def as_json(message: Message, account_sid: str) -> dict[str, object]:
    """Write a message as the API does (component api.v2010.account.message)."""
    uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{message.sid}"
    return {
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": format_datetime(message.created_at),
        "date_sent": format_datetime(message.sent_at) if message.sent_at else None,
        "date_updated": format_datetime(message.sent_at or message.created_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        # A service has chosen no number yet for what it has only accepted.
        "from": None if message.status == "accepted" else message.sender,
        "messaging_service_sid": message.service_sid or None,
        "num_media": str(len(message.media)),
        "num_segments": str(count(message.body).segments),
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.receiver,
        "uri": f"{uri}.json",
    }


def check_new_message(fields: Mapping[str, str], numbers: Sequence[str], services: Mapping[str, Sequence[str]]) -> None:
    """Refuse what Twilio refuses at once, with its codes. Raises ApiError."""
    service, sender = fields.get("MessagingServiceSid", ""), fields.get("From", "")
    length = len(fields.get("Body", ""))
    validity = fields.get("ValidityPeriod", "36000")
    for code, wrong in (
        (21604, not fields.get("To")),
        (21602, not length),
        (21617, length > _LONGEST_BODY),
        (21211, not _E164.fullmatch(fields.get("To", ""))),
        (21603, not service and not sender),
        (21606, bool(sender) and sender not in numbers),  # an alphanumeric sender too
        (20404, bool(service) and service not in services),
        (21609, not fields.get("StatusCallback", "https://").startswith(("http://", "https://"))),
        (20001, not validity.isdecimal() or not 1 <= int(validity) <= 36000),
    ):
        if wrong:
            raise ApiError(404 if code == 20404 else 400, code)


def select(messages: Sequence[Message], fields: Mapping[str, str]) -> list[Message]:
    """Filter by To, From and DateSent (by day, as documented), newest first."""
    found = [
        message
        for message in reversed(messages)
        if fields.get("To", message.receiver) == message.receiver
        and fields.get("From", message.sender) == message.sender
        and _sent_within(message, fields)
    ]
    return sorted(found, key=lambda message: message.created_at, reverse=True)


def _sent_within(message: Message, fields: Mapping[str, str]) -> bool:
    wanted = {name: fields[name][:10] for name in ("DateSent", "DateSent<", "DateSent>") if name in fields}
    if not wanted:
        return True
    if message.sent_at is None:
        return False
    day = message.sent_at.astimezone(UTC).date().isoformat()
    return (
        wanted.get("DateSent", day) == day
        and wanted.get("DateSent<", day) >= day
        and wanted.get("DateSent>", day) <= day
    )


def read_twiml(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read `<Message>` verbs as (text, status callback). Raises TwimlProblem with Twilio's error code."""
    if not content_type.startswith(("text/xml", "application/xml")):
        raise TwimlProblem("12300")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # our own app's reply
    except ElementTree.ParseError:
        raise TwimlProblem("12100") from None
    if root.tag != "Response" or any(verb.tag != "Message" for verb in root):
        raise TwimlProblem("12200")
    found = []
    for verb in root:
        nested = verb.find("Body")
        text = (nested.text if nested is not None else verb.text) or ""
        if not text.strip():
            raise TwimlProblem("14103")
        if len(text) > _LONGEST_BODY:
            raise TwimlProblem("21617")
        found.append((text, verb.get("statusCallback", "")))
    return found
