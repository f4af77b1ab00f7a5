"""The simulator: the channel contract without a provider, for the browser page and the terminal.

It can stand in for any channel by taking that channel's capabilities. It checks no signature, so it is mounted in the
demo alone.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

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
    SendResult,
)
from channels.layout import with_numbered_options
from channels.segments import count, plain

LIKE_SMS: Final = Capabilities(
    max_text=1600,
    short_wording=True,
    can_start_conversation=True,
    inline_reply=True,
    pace=1000.0,
    cost_unit="segment",
    is_test=True,
)

_LONGEST_ADDRESS: Final = 140
_PROVIDER: Final = "simulator"
# The page shows the last few; a demo left running for weeks must not fill the memory.
_KEPT_PER_ADDRESS: Final = 100
_KEPT_ADDRESSES: Final = 1000


def _now() -> int:
    return time.time_ns() // 1_000_000


class SimulatorChannel:
    """A phone on a page. What `send` delivers waits in memory until the page reads it with `delivered`."""

    def __init__(
        self, channel_name: str = "simulator", like: Capabilities = LIKE_SMS, clock: Callable[[], int] = _now
    ) -> None:
        self.name = channel_name
        self.capabilities = like
        self._clock = clock
        self._delivered: dict[str, deque[Outbound]] = {}

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read `{"address", "text"}`, and for a tapped button `"choice"`; `"event_id"` makes a repeat recognisable.

        Raises Refused (400).
        """
        message = _read_object(request.body)
        address, text = _text_of(message, "address"), _text_of(message, "text")
        choice, event_id = _text_of(message, "choice"), _text_of(message, "event_id")
        if not address or len(address) > _LONGEST_ADDRESS:
            raise Refused(400, 'the message needs an "address" of 1 to 140 characters')
        return (
            Inbound(
                channel=self.name,
                provider=_PROVIDER,
                account=self.name,
                event_id=event_id or uuid4().hex,
                kind=Kind.CHOICE if choice else Kind.TEXT,
                address=address,
                our_address=_PROVIDER,
                text=text,
                at=request.at,
                choice_id=choice,
                arrival=Arrival.SIMULATED,
            ),
        )

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Give none: what is sent here is there at once."""
        return ()

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Write the replies as JSON: text, buttons where the channel has them, and what each would cost."""
        body = json.dumps({"messages": [self.shown(message) for message in messages]}, ensure_ascii=False)
        return Answer(body.encode(), "application/json")

    def shown(self, outbound: Outbound) -> dict[str, object]:
        """Describe a message as a page draws it: `id`, `text`, `options`, and `segments`, `units`, `encoding`."""
        text = self.lay_out(outbound)
        cost = count(text)
        options = outbound.options if self._has_buttons_for(outbound) else ()
        return {
            "id": outbound.id,
            "text": text,
            "options": [{"id": option.id, "label": option.label} for option in options],
            "segments": cost.segments if self.capabilities.cost_unit == "segment" else 0,
            "units": cost.units,
            "encoding": cost.encoding,
        }

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it: options as numbered lines unless they fit on buttons."""
        if self._has_buttons_for(outbound):
            return outbound.text
        text = with_numbered_options(outbound.text, outbound.options)
        return plain(text) if self.capabilities.cost_unit == "segment" else text

    def segments(self, text: str) -> int:
        """Count what the text would cost as SMS, where the channel stands in for SMS."""
        return count(text).segments if self.capabilities.cost_unit == "segment" else 0

    async def send(self, outbound: Outbound) -> SendResult:
        """Deliver one message to the page at once."""
        if outbound.expires_at is not None and outbound.expires_at <= self._clock():
            return Rejected(Problem.EXPIRED, "")
        if outbound.address not in self._delivered and len(self._delivered) >= _KEPT_ADDRESSES:
            del self._delivered[next(iter(self._delivered))]  # the phone that has been known longest
        self._delivered.setdefault(outbound.address, deque(maxlen=_KEPT_PER_ADDRESS)).append(outbound)
        return Accepted(f"SIM{uuid4().hex}")

    def delivered(self, address: str) -> tuple[Outbound, ...]:
        """Give what was sent to this address outside a direct reply, oldest first; it stays until it is too old."""
        return tuple(self._delivered.get(address, ()))

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """Give none: no provider keeps a list."""
        return ()

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """Give none: no provider keeps a list."""
        return ()

    async def acknowledge(self, inbound: Inbound) -> None:
        """Do nothing: nobody's phone waits for more than the reply."""

    async def close(self) -> None:
        """Forget what was delivered."""
        self._delivered.clear()

    def _has_buttons_for(self, outbound: Outbound) -> bool:
        can = self.capabilities
        return 0 < len(outbound.options) <= max(can.max_buttons, can.max_list_rows)


def _read_object(body: bytes) -> Mapping[str, object]:
    try:
        message = json.loads(body)
    except ValueError as problem:
        raise Refused(400, "the body is not JSON") from problem
    if not isinstance(message, dict):
        raise Refused(400, "the body is not a JSON object")
    return message


def _text_of(message: Mapping[str, object], name: str) -> str:
    value = message.get(name, "")
    if not isinstance(value, str):
        raise Refused(400, f'"{name}" is not text')
    return value
