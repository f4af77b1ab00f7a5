"""The simulator: the channel contract without a provider, for the browser page and the terminal.

It stands in for a channel by taking that channel's look. It checks no signature, so it is mounted in the demo alone.
"""

import io
import json
import math
import time
import wave
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from msgspec.structs import replace

from channels.base import (
    SOUND,
    Accepted,
    Answer,
    Arrival,
    Inbound,
    Kind,
    Listed,
    Outbound,
    Problem,
    Receipt,
    Recording,
    Refused,
    Rejected,
    Request,
    SendResult,
)
from channels.layout import split
from channels.looks import SMS, Drawn, Look
from channels.segments import count

_LONGEST_ADDRESS: Final = 140
_PROVIDER: Final = "simulator"
# The page shows the last few; a demo left running for weeks must not fill the memory.
_KEPT_PER_ADDRESS: Final = 100
_KEPT_ADDRESSES: Final = 1000
_SAMPLES: Final = 8000
"""Of the tone that a voice note holds, in a second."""


def _now() -> int:
    return time.time_ns() // 1_000_000


class SimulatorChannel:
    """A phone on a page. What `send` delivers waits in memory until the page reads it with `delivered`."""

    def __init__(self, channel_name: str = "simulator", like: Look = SMS, clock: Callable[[], int] = _now) -> None:
        self.name = channel_name
        self.look = like
        self.capabilities = like.capabilities
        self._clock = clock
        self._delivered: dict[str, deque[Outbound]] = {}

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Read `{"address", "text"}`, with the key's id as `"choice"` for a tap. Raises Refused (400).

        `"event_id"` makes a repeat recognisable. `"media"` is the MIME type of what was sent in place of a text.
        """
        message = _read_object(request.body)
        address, text = _text_of(message, "address"), _text_of(message, "text")
        choice, event_id = _text_of(message, "choice"), _text_of(message, "event_id") or uuid4().hex
        media = _text_of(message, "media")
        if not address or len(address) > _LONGEST_ADDRESS:
            raise Refused(400, 'the message needs an "address" of 1 to 140 characters')
        return (
            Inbound(
                channel=self.name,
                provider=_PROVIDER,
                account=self.name,
                event_id=event_id,
                kind=Kind.MEDIA if media else Kind.CHOICE if choice else Kind.TEXT,
                address=address,
                our_address=_PROVIDER,
                text=text,
                at=request.at,
                choice_id=choice,
                media=(media,) if media else (),
                arrival=Arrival.SIMULATED,
                voice=event_id if media.startswith(SOUND) and self.capabilities.voice_notes else "",
            ),
        )

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Give none: what is sent here is there at once."""
        return ()

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Write the replies as JSON: each message's text, its keys, and what it would cost."""
        shown = [self._described(message.id, drawn) for message in messages for drawn in self.shown(message)]
        return Answer(json.dumps({"messages": shown}, ensure_ascii=False).encode(), "application/json")

    def shown(self, outbound: Outbound) -> tuple[Drawn, ...]:
        """Draw a message as the phone shows it: in numbered parts where it is too long, the keys below the last."""
        drawn = self.look.draw(outbound.text, outbound.options, outbound.opener)
        *others, last = split(drawn.text, self.capabilities.max_text)
        return (*[Drawn(part) for part in others], replace(drawn, text=last))

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it above any keys, options as numbered lines where it has none."""
        return self.look.draw(outbound.text, outbound.options, outbound.opener).text

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

    async def download(self, reference: str) -> Recording:
        """Give what every voice note of the simulator holds: one second of a tone."""
        return Recording("audio/wav", _tone(), 1)

    async def acknowledge(self, inbound: Inbound) -> None:
        """Do nothing: nobody's phone waits for more than the reply."""

    async def close(self) -> None:
        """Forget what was delivered."""
        self._delivered.clear()

    def _described(self, message_id: str, drawn: Drawn) -> dict[str, object]:
        cost = count(drawn.text)
        return {
            "id": message_id,
            "text": drawn.text,
            "opener": drawn.opener,
            "keys": [{"id": key.id, "label": key.label, "note": key.note} for key in drawn.keys],
            "segments": self.segments(drawn.text),
            "units": cost.units,
            "encoding": cost.encoding,
        }


def _tone() -> bytes:
    """Write one second of a soft tone, as a WAV file of eight thousand samples."""
    samples = [128 + round(40 * math.sin(math.tau * 440 * place / _SAMPLES)) for place in range(_SAMPLES)]
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 1, _SAMPLES, _SAMPLES, "NONE", ""))
        sound.writeframes(bytes(samples))
    return file.getvalue()


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
