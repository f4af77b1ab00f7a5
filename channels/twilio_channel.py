"""What SMS and WhatsApp have in common at Twilio: who is believed, what a receipt says, how a message goes by REST.

A channel of Twilio's derives from `TwilioChannel` and adds what its messages look like.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar, Final, NotRequired, TypedDict
from urllib.parse import quote

from channels.base import (
    Accepted,
    Arrival,
    Inbound,
    Kind,
    Listed,
    Outbound,
    Receipt,
    Refused,
    Request,
    Sender,
    SendResult,
    Status,
    Unknown,
)
from channels.twilio import STATUSES, Form, SignatureCheck, kept_fields, outbox_id_of
from channels.twilio_codes import meaning

if TYPE_CHECKING:
    from channels.twilio_rest import ListedMessage, TwilioRest

MAX_TEXT: Final = 1600
"""The longest body of one message, by SMS and by WhatsApp (21617)."""

# Twilio's default is ten hours: a question asked at six in the evening would ring a phone at four in the morning.
LONGEST_VALIDITY: Final = 4 * 3600

LONGEST_ADDRESS: Final = 140
WHATSAPP: Final = "whatsapp:"
"""What the address of every WhatsApp account begins with; no address of SMS does."""

OPT_OUT_TYPES: Final[Mapping[str, Kind]] = {"STOP": Kind.OPT_OUT, "START": Kind.OPT_IN, "HELP": Kind.HELP}
"""What a Messaging Service with Advanced Opt-Out has understood and answered already."""


class Account(TypedDict):
    """What every Twilio channel is set up with.

    `timeout` is seconds for one REST call; `clock` gives epoch milliseconds UTC. `api_base_url` stands in for both
    api.twilio.com and content.twilio.com.
    """

    account_sid: str
    auth_token: str
    sender: str
    public_base_url: str
    clock: Callable[[], int]
    auth_token_secondary: NotRequired[str]
    api_base_url: NotRequired[str]
    timeout: NotRequired[float]


class TwilioChannel:
    """One Twilio account and one sender. Safe to share between requests of one event loop."""

    name: str
    acted_upon: ClassVar[frozenset[str]] = frozenset(
        {"MessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "OptOutType"}
        | {"MessageStatus", "SmsStatus", "ErrorCode"}  # of a receipt
    )
    """Fields that must not come with two different values."""

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
        timeout: float = 15.0,
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._sender = sender
        self._is_service = sender.startswith("MG")
        self._api_base_url = api_base_url
        self._clock = clock
        self._timeout = timeout
        self._signature = SignatureCheck(public_base_url, (auth_token, auth_token_secondary))
        self._status_url = f"{public_base_url.rstrip('/')}/channels/{self.name}/status?o="
        self._rest: TwilioRest | None = None
        self._connecting = asyncio.Lock()

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Read one delivery report. Raises Refused: 403 if not our Twilio account's, 400 if it cannot be read."""
        form = self._read(request)
        fields = form.fields
        form.need("MessageSid")
        status = STATUSES.get(fields.get("MessageStatus") or fields.get("SmsStatus", ""))
        if status is None:
            raise Refused(400, "the status is none that an outgoing message can have")
        code = fields.get("ErrorCode", "")
        failed = status in (Status.FAILED, Status.UNDELIVERED)
        addresses = [fields.get(name, "").removeprefix(WHATSAPP) for name in ("To", "From")]
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
                fields=kept_fields(fields, *addresses),
            ),
        )

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """List what Twilio received for a number or service of ours since then, oldest first. Raises Outage.

        The list says neither that a text was STOP to the carrier, nor what kind of media came, nor which button was
        tapped: such a message arrives as `TEXT` or `MEDIA` with its words alone.
        """
        rest = await self._connected()
        async with aclosing(rest.messages("inbound", (our_address,), since)) as rows:
            found = [row async for row in rows if (row.sent_at or since) >= since - since % 1000]
        return tuple([self._reconciled(row) for row in reversed(found) if self._reaches(row.sender)])

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """List what Twilio has of ours since then, newest first, queued messages too. Raises Outage.

        A Messaging Service sends from any number of its pool, and from none until it has chosen one: then everything
        that the service sent is listed, whichever number the resident wrote to.
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
        return tuple([one for one in found if self._reaches(one.address)])

    async def acknowledge(self, inbound: Inbound) -> None:
        """Do nothing: nobody's phone waits for more than the reply."""

    async def close(self) -> None:
        """Let go of connections; the next call connects anew."""
        rest, self._rest = self._rest, None
        if rest is not None:
            await rest.close()

    def _reaches(self, address: str) -> bool:
        """Whether an address is one of this channel's: a Messaging Service may hold senders of several."""
        return not address.startswith(WHATSAPP)

    def _kind_of_sender(self, address: str) -> Sender:
        """Tell people from short codes and names, to whom no reply goes."""
        return Sender.PERSON

    def _read(self, request: Request) -> Form:
        """Read a form that is Twilio's and meant for our account. Raises Refused."""
        form = self._signature.read(request)
        form.refuse_contradictions(self.acted_upon)
        if form.fields.get("AccountSid") != self._account_sid:
            raise Refused(403, "the request is for another Twilio account")
        return form

    def _callback(self, outbound: Outbound) -> str:
        """Give the address for reports on one message: our own id comes back with each."""
        return f"{self._status_url}{quote(outbound.id, safe='')}"

    def _envelope(self, outbound: Outbound) -> dict[str, str | int] | None:
        """Say to and from whom a message goes, and until when; None if it is too late for it."""
        validity = LONGEST_VALIDITY
        if outbound.expires_at is not None:
            validity = min(validity, (outbound.expires_at - self._clock()) // 1000)
        if validity < 1:
            return None
        return {
            "to": outbound.address,
            "messaging_service_sid" if self._is_service else "from_": self._sender,
            "status_callback": self._callback(outbound),
            "validity_period": validity,
        }

    async def _send_parts(self, envelope: Mapping[str, str | int], parts: Sequence[str]) -> SendResult:
        """Send a text as one message for each part.

        `Accepted` means all of them, with the id of the first; once one is accepted and a later one is not, the outcome
        of the whole is `Unknown`.
        """
        rest = await self._connected()
        head, *others = parts
        result = await rest.send({**envelope, "body": head})
        for part in others:
            if not isinstance(result, Accepted):
                break
            if not isinstance(await rest.send({**envelope, "body": part}), Accepted):
                return Unknown("a later part of the text was not accepted")
        return result

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
            sender=self._kind_of_sender(row.sender),
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


def media_types(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Read the MIME types of what came with a message, at most ten."""
    written = fields.get("NumMedia", "")
    count = min(int(written[:3]), 10) if written.isdecimal() else 0
    return tuple([fields.get(f"MediaContentType{n}", "application/octet-stream") for n in range(count)])


def _twilio_rest() -> "type[TwilioRest]":
    from channels.twilio_rest import TwilioRest

    return TwilioRest
