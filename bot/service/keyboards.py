"""Buttons that stand under a question are taken away once something newer has gone out to that chat.

A tap takes its own away; this is for all other ways on: a typed answer, SKIP, BACK, STOP. It comes after the message
that replaces them and beside everything else, so that it never delays or loses one; at worst old buttons stay, and a
tap on those is read as what it is, an answer to the old question.
"""

import asyncio
from collections import deque
from collections.abc import Mapping

import structlog
from msgspec import Struct

from channels.base import Channel, Outage, StandingButtons
from storage.keyboards import earlier
from storage.script import Database

log = structlog.get_logger()

AT_ONCE = 8
LOOK_BACK = 3
"""How many earlier messages are looked at where this process does not know that older buttons are gone."""

_MOST_WAITING = 10_000
_MOST_KNOWN = 50_000


class Sent(Struct, frozen=True):
    """A message that its provider has just taken."""

    id: str
    contact_id: str
    channel: str
    address: str

    def __repr__(self) -> str:
        """Name the message, never whom it is for."""
        return f"Sent({self.id})"


class Keyboards:
    """Takes old buttons away. One per process; what it must know to do so is in the outbox's own rows."""

    def __init__(self, database: Database, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._channels = {name: each for name, each in channels.items() if isinstance(each, StandingButtons)}
        self._waiting: deque[Sent] = deque(maxlen=_MOST_WAITING)
        self._known: set[str] = set()
        """Contacts of whose older messages none shows buttons any more."""
        self.are_due = asyncio.Event()
        """Set whenever there is something to do, so that it need not wait for the clock."""

    def note(self, sent: Sent) -> None:
        """Take note that a message is out: what stood above it may go."""
        if sent.channel in self._channels:
            self._waiting.append(sent)
            self.are_due.set()

    async def take_away(self) -> None:
        """Take away what is due. A failure is logged; the chat's next message makes good for it."""
        while self._waiting:
            now = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            await asyncio.gather(*map(self._take_above, now))

    async def _take_above(self, sent: Sent) -> None:
        most = 1 if sent.contact_id in self._known else LOOK_BACK
        self._known.discard(sent.contact_id)
        above = await self._database.read(lambda: earlier(sent.contact_id, sent.id, most))
        try:
            for message in above:
                if message.shows_buttons:
                    await self._channels[sent.channel].take_buttons(sent.address, message.provider_id)
        except Outage as outage:
            log.warning("buttons_stay", channel=sent.channel, outbox_id=sent.id, reason=str(outage))
            return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(sent.contact_id)
