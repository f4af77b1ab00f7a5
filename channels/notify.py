"""SMS through GOV.UK Notify: JSON callbacks with a bearer token come in, texts go out by its API under one template.

Nothing here knows a survey. Every text is the value of ((message)) in a template that says nothing else, and bears our
outbox id as Notify's `reference`. Notify's side: docs.notifications.service.gov.uk/rest-api.html.
"""

import asyncio
import hmac
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from channels.base import (
    Accepted,
    Answer,
    Arrival,
    Capabilities,
    Inbound,
    Kind,
    Listed,
    Outage,
    Outbound,
    Problem,
    Receipt,
    Refused,
    Rejected,
    Request,
    RetryAfter,
    Sender,
    SendResult,
    Status,
    Unknown,
)
from channels.layout import split, with_numbered_options
from channels.notify_wire import (
    FAILURES,
    STATUSES,
    KeyRefused,
    ReceiptCallback,
    ReceivedText,
    SentText,
    TextCallback,
    international,
    is_carried,
    milliseconds,
)
from channels.segments import count, plain

if TYPE_CHECKING:
    from channels.notify_rest import NotifyRest

MAX_TEXT: Final = 918
"""Notify's limit for one text: six fragments, counted in UTF-16 units."""

UNSUPPORTED_CHARACTERS: Final = "unsupported_characters"
NO_TEMPLATE: Final = "no_template"
KEY_REFUSED: Final = "AuthError"

_PACE: Final = 50.0  # 3,000 a minute for each kind of key
# An API key is a name, the service's id and a secret, each of the two 36 characters long (a UUID).
_SERVICE_ID: Final = slice(-73, -37)
# Notify's clock and ours may differ, by 30 seconds at most: beyond that it refuses our key. Milliseconds.
_CLOCK_MARGIN: Final = 60_000
_UNREACHABLE_SECONDS: Final = 30.0

_TAKEN_IN: Final = Answer(b"ok\n", "text/plain; charset=utf-8")
_SHORT_CODE = re.compile(r"[0-9]{3,8}").fullmatch
_Callback = TypeVar("_Callback", TextCallback, ReceiptCallback)


class NotifyChannel:
    """SMS through one service of GOV.UK Notify. Safe to share between requests of one event loop.

    A text in letters that Notify cannot carry is refused, because Notify would put a ? for each of them.
    """

    name = "notify"

    def __init__(
        self,
        *,
        api_key: str,
        callback_token: str,
        clock: Callable[[], int],
        template_id: str = "",
        api_base_url: str = "",
        timeout: float = 15.0,
    ) -> None:
        """Set the channel up; nothing is sent.

        Without a `template_id` the service's one template that says ((message)) is looked up at the first text.
        `timeout` is seconds in which Notify may be silent; `clock` gives epoch milliseconds UTC.
        """
        self.capabilities = Capabilities(
            max_text=MAX_TEXT,
            short_wording=True,
            can_start_conversation=True,
            delivery_receipts=True,
            can_be_listed=True,
            pace=_PACE,
            cost_unit="segment",
            source="sms",
            carries=is_carried,
        )
        self.service_id = api_key[_SERVICE_ID]
        self._api_key = api_key
        self._bearer = f"Bearer {callback_token}".encode() if callback_token else b""
        self._clock = clock
        self._template_id = template_id
        self._api_base_url = api_base_url
        self._timeout = timeout
        self._rest: NotifyRest | None = None
        self._connecting = asyncio.Lock()

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read one received text. Raises Refused: 403 without our token, 400 if it cannot be read."""
        return (self._inbound(self._read(request, TextCallback), request.at, Arrival.WEBHOOK),)

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Read one delivery receipt; give none for what somebody else sent through the same service. Raises Refused.

        Whom it was sent to is dropped.
        """
        found = self._read(request, ReceiptCallback)
        if found.notification_type != "sms" or not found.reference:
            return ()
        status = STATUSES.get(found.status)
        if status is None:
            raise Refused(400, "the status is none that a text can have")
        problem = FAILURES.get(found.status)
        return (
            Receipt(
                channel=self.name,
                provider="notify",
                provider_id=found.id,
                outbox_id=found.reference,
                status=status,
                code=found.status if problem else "",
                problem=problem,
                at=request.at,
            ),
        )

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Say that the callback is heard: Notify takes no reply from it, so every reply goes by `send`."""
        return _TAKEN_IN

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it, options below as `1 Label`, typographic characters plain."""
        return plain(with_numbered_options(outbound.text, outbound.options))

    def parts(self, outbound: Outbound) -> tuple[str, ...]:
        """Write what is really sent: the text laid out, in numbered parts if it is over 918 characters."""
        return split(self.lay_out(outbound), MAX_TEXT)

    def segments(self, text: str) -> int:
        """Count the segments that the text costs; Notify calls them fragments."""
        return count(text).segments

    async def send(self, outbound: Outbound) -> SendResult:
        """Send one message by the API, once; nothing is sent after its expiry, though Notify tries for 72 hours.

        A text over 918 characters goes as several, all under the same reference. `Accepted` means all of them, with
        the id of the first; once one is accepted and a later one is not, the outcome of the whole is `Unknown`.
        """
        if outbound.expires_at is not None and outbound.expires_at <= self._clock():
            return Rejected(Problem.EXPIRED, "")
        head, *others = self.parts(outbound)
        if not all(map(is_carried, self.lay_out(outbound))):
            return Rejected(Problem.CONFIGURATION, UNSUPPORTED_CHARACTERS)
        rest = await self._connected()
        try:
            template_id = await self._template(rest)
        except KeyRefused:
            return Rejected(Problem.CONFIGURATION, KEY_REFUSED)
        except Outage:
            return RetryAfter(_UNREACHABLE_SECONDS)  # nothing was sent
        if not template_id:
            return Rejected(Problem.CONFIGURATION, NO_TEMPLATE)
        result = await rest.send(outbound.address, template_id, head, outbound.id)
        for part in others:
            if not isinstance(result, Accepted):
                break
            if not isinstance(await rest.send(outbound.address, template_id, part, outbound.id), Accepted):
                return Unknown("a later part of the text was not accepted")
        return result

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """List the texts that Notify received for the service since then, oldest first, back to 7 days. Raises Outage.

        A service has one number, so `our_address` makes no difference.
        """
        found = []
        async with aclosing((await self._connected()).received()) as texts:
            async for text in texts:
                if (milliseconds(text.received_at) or since) < since:
                    break
                found.append(self._inbound(text, self._clock(), Arrival.RECONCILED))
        return tuple(reversed(found))

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """List what Notify has of ours since then, newest first: all that bears a reference. Raises Outage."""
        async with aclosing((await self._connected()).sent()) as texts:
            return tuple([listed async for listed in _until(texts, since - _CLOCK_MARGIN)])

    async def acknowledge(self, inbound: Inbound) -> None:
        """Do nothing: nobody's phone waits for more than the reply."""

    async def close(self) -> None:
        """Let go of connections; the next call connects anew."""
        rest, self._rest = self._rest, None
        if rest is not None:
            await rest.close()

    def _read(self, request: Request, kind: type[_Callback]) -> _Callback:
        """Check the token, in the same time whatever is given, then read the body. Raises Refused."""
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, self._bearer) or not self._bearer:
            raise Refused(403, "the bearer token is missing or wrong")
        try:
            return msgspec.json.decode(request.body, type=kind)
        except (ValueError, RecursionError):  # msgspec's own, and what is not UTF-8
            raise Refused(400, "the body is not Notify's JSON") from None

    def _inbound(self, text: ReceivedText, at: int, arrival: Arrival) -> Inbound:
        address = international(text.sender)
        return Inbound(
            channel=self.name,
            provider="notify",
            account=self.service_id,
            event_id=text.id,
            kind=Kind.TEXT,
            address=address,
            our_address=international(text.ours),
            text=text.text,
            at=at,
            provider_at=milliseconds(text.received_at),
            sender=_sender_kind(address),
            arrival=arrival,
        )

    async def _template(self, rest: "NotifyRest") -> str:
        if not self._template_id:
            self._template_id = await rest.template_for_any_text()
        return self._template_id

    async def _connected(self) -> "NotifyRest":
        async with self._connecting:
            if self._rest is None:
                # In a thread: the first import takes a while, and texts keep coming in.
                rest = await asyncio.to_thread(_notify_rest)
                self._rest = rest(self._api_key, self._api_base_url, self._timeout)
            return self._rest


def _notify_rest() -> "type[NotifyRest]":
    from channels.notify_rest import NotifyRest

    return NotifyRest


async def _until(texts: AsyncGenerator[SentText, None], earliest: int) -> AsyncGenerator[Listed, None]:
    """Yield what is ours and new enough; newest comes first, so the first that is too old ends it."""
    async for text in texts:
        created_at = milliseconds(text.created_at) or earliest
        if created_at < earliest:
            return
        if text.reference:
            # A status that is new to us still means that Notify has the text.
            status = STATUSES.get(text.status, Status.ACCEPTED)
            code = text.status if text.status in FAILURES else ""
            address = international(text.phone_number or "")
            yield Listed(text.id, address, text.body or "", status, code, created_at, outbox_id=text.reference)


def _sender_kind(address: str) -> Sender:
    """Tell people from short codes and names, to whom no reply goes. Never by the range of the number."""
    if address.startswith("+"):
        return Sender.PERSON
    return Sender.SHORT_CODE if _SHORT_CODE(address) else Sender.ALPHANUMERIC
