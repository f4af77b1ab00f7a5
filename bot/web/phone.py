"""The simulator's phones, answered by the bot itself: the same inbox, the same database, rows marked as trials."""

import json
from collections.abc import Callable, Mapping
from uuid import uuid4

from bot.analysis.single import response_row
from bot.service.inbox import Inbox
from bot.web.simulator import SimulatedMessage
from channels.base import Outbound, Request
from channels.looks import Key
from channels.simulator import SimulatorChannel
from storage.contacts import newest_response
from storage.keys import KeyRing
from storage.script import Database


class BotPhone:
    """Implements `bot.web.simulator.Phone` over the running service."""

    def __init__(
        self,
        inbox: Inbox,
        channel: SimulatorChannel,
        database: Database,
        keys: KeyRing,
        now: Callable[[], int],
    ) -> None:
        self._inbox = inbox
        self._channel = channel
        self._database = database
        self._keys = keys
        self._now = now
        self.is_charged = channel.capabilities.cost_unit == "segment"
        self.keys_go = channel.look.keys_go
        self.takes_media = channel.capabilities.voice_notes

    async def text(self, address: str, text: str) -> tuple[SimulatedMessage, ...]:
        """Take in one text and return the reply; nothing where the bot stays silent."""
        return await self._said(address, text=text)

    async def tap(self, address: str, key: Key) -> tuple[SimulatedMessage, ...]:
        """Take in one tap on a key of ours, with the label as its words, and return the reply."""
        return await self._said(address, text=key.label, choice=key.id)

    async def media(self, address: str, media_type: str) -> tuple[SimulatedMessage, ...]:
        """Take in a voice note or a picture, by its MIME type, and return the reply."""
        return await self._said(address, media=media_type)

    def arrived(self, address: str, after: str) -> tuple[tuple[str, SimulatedMessage], ...]:
        """Give what the outbox has sent to this address since the message of that id, with its id."""
        sent = self._channel.delivered(address)
        seen = next((place for place, message in enumerate(sent, 1) if message.id == after), 0)
        return tuple((message.id, shown) for message in sent[seen:] for shown in self._shown(message))

    async def row(self, address: str) -> Mapping[str, str] | None:
        """Return the export row of the newest response of this address, or None before it has one."""
        hmac = self._keys.lookup(self._channel.name, address)
        found = await self._database.read(lambda: newest_response(hmac))
        if found is None:
            return None
        survey, response_id = found
        return await response_row(self._database, survey, response_id, now=self._now())

    async def _said(self, address: str, **message: str) -> tuple[SimulatedMessage, ...]:
        body = json.dumps({"address": address, "event_id": uuid4().hex, **message}).encode()
        (inbound,) = self._channel.receive(Request("", {}, body, self._now()))
        return tuple(shown for reply in await self._inbox.handle(inbound) for shown in self._shown(reply))

    def _shown(self, message: Outbound) -> tuple[SimulatedMessage, ...]:
        return tuple(
            SimulatedMessage(drawn.text, self._channel.segments(drawn.text), drawn.keys, drawn.opener)
            for drawn in self._channel.shown(message)
        )
