"""SMS through Twilio: webhook form to `Inbound`, reply to TwiML, campaign message to one REST call.

Nothing here knows a survey. Twilio's fields are described at twilio.com/docs/messaging/guides/webhook-request.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote
from xml.sax.saxutils import escape

from channels.base import (
    Accepted,
    Answer,
    Arrival,
    Capabilities,
    Inbound,
    Kind,
    Listed,
    Outbound,
    Problem,
    Receipt,
    Refused,
    Rejected,
    Request,
    Sender,
    SendResult,
    Status,
    Unknown,
)
from channels.layout import split, with_numbered_options
from channels.segments import count, plain
from channels.twilio import STATUSES, Form, SignatureCheck, kept_fields, outbox_id_of
from channels.twilio_codes import meaning

if TYPE_CHECKING:
    from channels.twilio_rest import ListedMessage, TwilioRest

MAX_TEXT: Final = 1600
# Twilio's default is ten hours: a question asked at six in the evening would ring a phone at four in the morning.
LONGEST_VALIDITY: Final = 4 * 3600

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MESSAGING_SERVICE = re.compile(r"MG[0-9A-Za-z]+")
_PERSON = re.compile(r"\+\d{7,15}|\d{9,15}").fullmatch
_SHORT_CODE = re.compile(r"\d{3,8}").fullmatch
_OPT_OUT_TYPES: Final = {"STOP": Kind.OPT_OUT, "START": Kind.OPT_IN, "HELP": Kind.HELP}
_ACTED_UPON: Final = frozenset(
    {"MessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "OptOutType"}
    | {"MessageStatus", "SmsStatus", "ErrorCode"}  # of a receipt
)
_LONGEST_ADDRESS: Final = 140

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


class SmsChannel:
    """SMS through one Twilio account and one sender. Safe to share between requests of one event loop."""

    name = "sms"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        public_base_url: str,
        clock: Callable[[], int],
        auth_token_secondary: str = "",
        api_base_url: str = "",
        reply: Literal["inline", "rest"] = "inline",
        timeout: float = 15.0,
    ) -> None:
        """Set the channel up; nothing is sent. Raises SenderRefused.

        `timeout` is seconds for one REST call; `clock` gives epoch milliseconds UTC.
        """
        if not (_E164.fullmatch(sender) or _MESSAGING_SERVICE.fullmatch(sender)):
            raise SenderRefused
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
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._sender = sender
        self._is_service = sender.startswith("MG")
        self._api_base_url = api_base_url
        self._timeout = timeout
        self._clock = clock
        self._signature = SignatureCheck(public_base_url, (auth_token, auth_token_secondary))
        self._status_url = f"{public_base_url.rstrip('/')}/channels/sms/status?o="
        self._rest: TwilioRest | None = None
        self._connecting = asyncio.Lock()

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read one incoming text. Raises Refused: 403 if not our Twilio account's, 400 if it cannot be read."""
        form = self._signature.read(request)
        fields = form.fields
        self._check_account(form)
        form.need("MessageSid", "From")
        address = fields["From"]
        if len(address) > _LONGEST_ADDRESS or address.startswith("whatsapp:"):
            raise Refused(400, "From is not an SMS address; is the webhook of another channel pointed here?")
        media_count = int(fields["NumMedia"]) if fields.get("NumMedia", "").isdecimal() else 0
        kind = _OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper()) or (Kind.MEDIA if media_count else Kind.TEXT)
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
                media=_media_types(fields, media_count) if media_count else (),
                sender=_sender_kind(address),
                fields=kept_fields(fields, address),
            ),
        )

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Read one delivery report. Raises Refused: 403 if not our Twilio account's, 400 if it cannot be read."""
        form = self._signature.read(request)
        fields = form.fields
        self._check_account(form)
        form.need("MessageSid")
        status = STATUSES.get(fields.get("MessageStatus") or fields.get("SmsStatus", ""))
        if status is None:
            raise Refused(400, "the status is none that an outgoing message can have")
        code = fields.get("ErrorCode", "")
        failed = status in (Status.FAILED, Status.UNDELIVERED)
        return (
            Receipt(
                channel=self.name,
                provider="twilio",
                provider_id=fields["MessageSid"],
                outbox_id=outbox_id_of(request),
                status=status,
                code=code,
                problem=meaning(code).problem if code or failed else None,
                at=request.at,
                fields=kept_fields(fields, fields.get("To", ""), fields.get("From", "")),
            ),
        )

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Write the reply as TwiML, one `<Message>` each with our outbox id in its status callback."""
        if not messages or not self.capabilities.inline_reply:
            return _NOTHING_TO_SAY
        verbs = [
            f'<Message statusCallback="{self._status_url}{quote(message.id, safe="")}">'
            f"{escape(_forbidden_in_xml.sub('', part))}</Message>"
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
        validity = LONGEST_VALIDITY
        if outbound.expires_at is not None:
            validity = min(validity, (outbound.expires_at - self._clock()) // 1000)
        if validity < 1:
            return Rejected(Problem.EXPIRED, "")
        rest = await self._connected()
        sender = "messaging_service_sid" if self._is_service else "from_"
        fields: dict[str, str | int] = {
            "to": outbound.address,
            sender: self._sender,
            "status_callback": f"{self._status_url}{quote(outbound.id, safe='')}",
            "validity_period": validity,
        }
        head, *others = self.parts(outbound)
        result = await rest.send(fields | {"body": head})
        for part in others:
            if not isinstance(result, Accepted):
                break
            if not isinstance(await rest.send(fields | {"body": part}), Accepted):
                return Unknown("a later part of the text was not accepted")
        return result

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """List the texts that Twilio received for a number or service of ours since then, oldest first. Raises Outage.

        The list says neither that a text was STOP to the carrier nor what kind of media came: such a message arrives
        as `TEXT` or `MEDIA` with its words alone.
        """
        rest = await self._connected()
        async with aclosing(rest.messages("inbound", (our_address,), since)) as rows:
            found = [self._reconciled(row) async for row in rows if (row.sent_at or since) >= since - since % 1000]
        return tuple(reversed([one for one in found if not one.address.startswith("whatsapp:")]))

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """List what Twilio has of ours since then, newest first, queued messages too. Raises Outage.

        A Messaging Service sends from any number of its pool, and from none until it has chosen one: then everything
        that the service sent is listed, whichever number the resident texted.
        """
        rest = await self._connected()
        ours = (our_address, self._sender) if self._is_service else (our_address,)
        async with aclosing(rest.messages("outbound", ours, since)) as rows:
            # A status that is new to us still means that Twilio has the message.
            found = [
                Listed(
                    row.sid,
                    row.receiver,
                    row.text,
                    STATUSES.get(row.status, Status.ACCEPTED),
                    row.code,
                    row.created_at or since,
                )
                async for row in rows
                if (row.created_at or since) >= since - since % 1000
            ]
        return tuple([one for one in found if not one.address.startswith("whatsapp:")])

    async def acknowledge(self, inbound: Inbound) -> None:
        """Do nothing: nobody's phone waits for more than the reply."""

    async def close(self) -> None:
        """Let go of connections; the next call connects anew."""
        rest, self._rest = self._rest, None
        if rest is not None:
            await rest.close()

    def _check_account(self, form: Form) -> None:
        form.refuse_contradictions(_ACTED_UPON)
        if form.fields.get("AccountSid") != self._account_sid:
            raise Refused(403, "the request is for another Twilio account")

    def _reconciled(self, row: "ListedMessage") -> Inbound:
        return Inbound(
            channel=self.name,
            provider="twilio",
            account=self._account_sid,
            event_id=row.sid,
            kind=Kind.MEDIA if row.media_count else Kind.TEXT,
            address=row.sender,
            our_address=row.receiver,
            text=row.text,
            at=self._clock(),
            provider_at=row.sent_at or row.created_at,
            sender=_sender_kind(row.sender),
            arrival=Arrival.RECONCILED,
            fields={"NumMedia": str(row.media_count)} if row.media_count else {},
        )

    async def _connected(self) -> "TwilioRest":
        async with self._connecting:
            if self._rest is None:
                # In a thread: the first import takes a quarter of a second, and texts keep coming in.
                rest = await asyncio.to_thread(_twilio_rest)
                self._rest = rest(self._account_sid, self._auth_token, self._api_base_url, self._timeout)
            return self._rest


def _twilio_rest() -> "type[TwilioRest]":
    from channels.twilio_rest import TwilioRest

    return TwilioRest


def _sender_kind(address: str) -> Sender:
    """Tell people from short codes and names, to whom no reply goes. Never by the range of the number."""
    if _PERSON(address):
        return Sender.PERSON
    return Sender.SHORT_CODE if _SHORT_CODE(address) else Sender.ALPHANUMERIC


def _media_types(fields: Mapping[str, str], count: int) -> tuple[str, ...]:
    return tuple([fields.get(f"MediaContentType{n}", "application/octet-stream") for n in range(min(count, 10))])
