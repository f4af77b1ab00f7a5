"""SMS through Twilio: webhook form to `Inbound`, reply to TwiML, campaign message to one REST call.

Nothing here knows a survey. Twilio's fields are described at twilio.com/docs/messaging/guides/webhook-request.
"""

import re
from typing import Final, Literal, Unpack
from xml.sax.saxutils import escape

from channels.base import (
    Answer,
    Capabilities,
    Inbound,
    Kind,
    Outbound,
    Problem,
    Refused,
    Rejected,
    Request,
    Sender,
    SendResult,
)
from channels.layout import split, with_numbered_options
from channels.segments import count, plain
from channels.twilio import kept_fields
from channels.twilio_channel import LONGEST_ADDRESS, MAX_TEXT, OPT_OUT_TYPES, Account, TwilioChannel, media_types

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MESSAGING_SERVICE = re.compile(r"MG[0-9A-Za-z]+")
_PERSON = re.compile(r"\+\d{7,15}|\d{9,15}").fullmatch
_SHORT_CODE = re.compile(r"\d{3,8}").fullmatch

# XML 1.0 section 2.2 has no way to write these; one of them would lose the whole reply.
_forbidden_in_xml = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TWIML_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?><Response>'
_TWIML: Final = "text/xml; charset=utf-8"
_NOTHING_TO_SAY: Final = Answer(f"{_TWIML_HEAD}</Response>".encode(), _TWIML)


class SenderRefused(ValueError):
    """TWILIO_SMS_FROM is no sender that residents can answer."""

    def __init__(self) -> None:
        super().__init__(
            "TWILIO_SMS_FROM must be a phone number like +447700900999 or a Messaging Service id (it begins with MG)"
            ": residents cannot answer a name. Set it to a number that can receive SMS."
        )


class SmsChannel(TwilioChannel):
    """SMS through one Twilio account and one sender."""

    name = "sms"

    def __init__(self, *, reply: Literal["inline", "rest"] = "inline", **account: Unpack[Account]) -> None:
        """Set the channel up; nothing is sent. Raises SenderRefused."""
        if not (_E164.fullmatch(account["sender"]) or _MESSAGING_SERVICE.fullmatch(account["sender"])):
            raise SenderRefused
        super().__init__(**account)
        self.capabilities = Capabilities(
            max_text=MAX_TEXT,
            short_wording=True,
            can_start_conversation=True,
            delivery_receipts=True,
            inline_reply=reply == "inline",
            can_be_listed=True,
            pace=10.0,
            cost_unit="segment",
        )

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read one incoming text. Raises Refused: 403 if not our Twilio account's, 400 if it cannot be read."""
        form = self._read(request)
        fields = form.fields
        form.need("MessageSid", "From")
        address = fields["From"]
        if len(address) > LONGEST_ADDRESS or not self._reaches(address):
            raise Refused(400, "From is not an SMS address; is the webhook of another channel pointed here?")
        media = media_types(fields)
        kind = OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper()) or (Kind.MEDIA if media else Kind.TEXT)
        return (
            Inbound(
                channel=self.name,
                provider="twilio",
                account=self._account_sid,
                event_id=fields["MessageSid"],
                kind=kind,
                address=address,
                our_address=fields.get("To", ""),
                text=fields.get("Body", ""),
                at=request.at,
                media=media,
                sender=self._kind_of_sender(address),
                fields=kept_fields(fields, address),
            ),
        )

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Write the reply as TwiML, one `<Message>` each with our outbox id in its status callback."""
        if not messages or not self.capabilities.inline_reply:
            return _NOTHING_TO_SAY
        verbs = [
            f'<Message statusCallback="{self._callback(message)}">{escape(_forbidden_in_xml.sub("", part))}</Message>'
            for message in messages
            for part in self.parts(message)
        ]
        return Answer(f"{_TWIML_HEAD}{''.join(verbs)}</Response>".encode(), _TWIML)

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it, options below as `1 Label`, typographic characters plain."""
        return plain(with_numbered_options(outbound.text, outbound.options))

    def parts(self, outbound: Outbound) -> tuple[str, ...]:
        """Write what is really sent: the text laid out, in numbered parts if it is over 1,600 characters."""
        return split(self.lay_out(outbound), MAX_TEXT)

    def segments(self, text: str) -> int:
        """Count the segments that the text costs."""
        return count(text).segments

    async def send(self, outbound: Outbound) -> SendResult:
        """Send one message by REST, once; nothing is sent after its expiry.

        A text over 1,600 characters goes as several messages. `Accepted` means all of them, with the id of the first;
        once one is accepted and a later one is not, the outcome of the whole is `Unknown`.
        """
        envelope = self._envelope(outbound)
        if envelope is None:
            return Rejected(Problem.EXPIRED, "")
        return await self._send_parts(envelope, self.parts(outbound))

    def _kind_of_sender(self, address: str) -> Sender:
        """Tell people from short codes and names by form alone, never by the range of the number."""
        if _PERSON(address):
            return Sender.PERSON
        return Sender.SHORT_CODE if _SHORT_CODE(address) else Sender.ALPHANUMERIC
