"""One inbound message, from the channel's words to rows on disk and a reply. The order of I/O lives here.

`Inbox.handle` returns only when the message, its answers, the conversation's state and the replies are committed in one
transaction; only then may a provider hear 200 (invariants 1 and 2).
"""

import asyncio
from collections.abc import Callable, Mapping
from uuid import uuid4

import structlog
from msgspec import json

from bot.service.deciding import MACHINE, SAID_AT_ONCE, Decider
from bot.service.library import Library, UnknownVersion
from bot.service.options import read_opener, read_options
from channels.base import Channel, Inbound, Outbound, Sender
from storage.inbound import HINT_FIELD
from storage.intake import Intake
from storage.keys import KeyRing
from storage.outbox import State
from storage.script import Database
from storage.turns import Arrived, Kept, ReplyRow, TurnFailed, storable
from storage.voice import VOICE_FIELD

log = structlog.get_logger()


class Inbox:
    """Takes messages in, one process over one database."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        channels: Mapping[str, Channel],
        library: Library,
        *,
        new_id: Callable[[], str],
        random_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._channels = channels
        self._library = library
        self._new_id = new_id
        self._decider = Decider(channels, library, new_id=new_id, random_id=random_id)
        self.has_queued = asyncio.Event()
        """Set whenever a reply was left to the outbox, so that it need not wait for the clock."""
        self._acknowledging: set[asyncio.Task[None]] = set()
        self._intake = Intake(
            database,
            keys,
            self._decider.decide,
            new_id=new_id,
            recalled_surveys=lambda: library.recalled,
            link_code_in=self._decider.link_codes.read,
            hears=self._hears,
        )

    async def handle(self, inbound: Inbound) -> tuple[Outbound, ...]:
        """Take one message in. When this returns, the answer is on disk and the reply is queued.

        A repeat gets the same replies again, but for those that the provider is known to have (invariant 3). Raises
        storage's Busy when nothing was kept because too much waits, and TurnFailed when the message is on disk as
        `unhandled` and its turn will run again.
        """
        arrived = self._arrived(inbound)
        kept = await self._take(arrived)
        if kept.repeated:
            log.info("inbound repeated", inbound=kept.inbound_id, channel=inbound.channel)
        if inbound.waits:
            self._acknowledge(inbound)
        if any(reply.state == State.QUEUED for reply in kept.replies):
            self.has_queued.set()
        await self._send_once(arrived, kept)
        return tuple(
            outbound(reply, inbound.address, inbound.our_address)
            for reply in kept.replies
            if reply.state in SAID_AT_ONCE
        )

    async def rerun_unhandled(self, now: int, limit: int = 100) -> int:
        """Run again the messages whose turn failed; say how many passed.

        Their replies go out by the outbox, but for the answer to a DELETE, which has no contact to wait with.
        """
        return await self._intake.rerun_unhandled(limit, now, self._send_once)

    async def close(self) -> None:
        """Finish what was accepted."""
        await self._intake.close()
        await asyncio.gather(*self._acknowledging, return_exceptions=True)

    def _hears(self, arrived: Arrived) -> bool:
        """Say whether a message whose turn failed speaks of danger."""
        watch = self._library.watch
        try:
            return watch is not None and arrived.kind != MACHINE and watch.hears(arrived.text)
        except Exception:  # that may be why the turn failed: then one whose task it is looks at it
            return True

    def _acknowledge(self, inbound: Inbound) -> None:
        """Do it in the background: the next message need not wait for a spinner to end."""
        task = asyncio.create_task(self._channels[inbound.channel].acknowledge(inbound))
        self._acknowledging.add(task)
        task.add_done_callback(self._acknowledging.discard)

    async def _send_once(self, arrived: Arrived, kept: Kept) -> None:
        """Send what no outbox can send later, because its contact is gone."""
        for reply in kept.replies:
            if reply.state == State.SENT_ONCE and not kept.repeated:
                await self._channels[arrived.channel].send(outbound(reply, arrived.address, arrived.our_address))

    async def _take(self, arrived: Arrived) -> Kept:
        try:
            return await self._intake.take(arrived)
        except TurnFailed as failure:
            if not isinstance(failure.__cause__, UnknownVersion):
                log.error("turn failed", inbound=arrived.id, cause=type(failure.__cause__).__name__)
                raise
            # Another process has published a version that this one has not read yet.
            await self._library.load()
            return await self._intake.take(arrived)

    def _arrived(self, inbound: Inbound) -> Arrived:
        return Arrived(
            id=self._new_id(),
            provider=inbound.provider,
            account=inbound.account,
            event_id=storable(inbound.event_id),
            channel=inbound.channel,
            address=storable(inbound.address),
            our_address=storable(inbound.our_address),
            kind=str(inbound.kind) if inbound.sender is Sender.PERSON else MACHINE,
            text=storable(inbound.text),
            choice_id=storable(inbound.choice_id),
            reply_to=storable(inbound.reply_to),
            media=storable(" ".join(inbound.media)),
            fields=_fields(inbound),
            arrival=str(inbound.arrival),
            provider_at=inbound.provider_at,
            received_at=inbound.at,
            test=self._decider.is_test(inbound.channel),
            aliases=tuple([storable(alias) for alias in inbound.aliases]),
        )


def _fields(inbound: Inbound) -> str:
    """Write what else is kept of a message: for a turn that must run again, all that the turn was decided by."""
    kept = inbound.fields
    if inbound.voice:
        kept = {**kept, VOICE_FIELD: inbound.voice}
    if inbound.language_hint:
        kept = {**kept, HINT_FIELD: inbound.language_hint}
    return json.encode(kept).decode() if kept else ""


def outbound(reply: ReplyRow, address: str, our_address: str) -> Outbound:
    """Make the message to send out of what was kept of it."""
    return Outbound(
        id=reply.id,
        address=address,
        our_address=our_address,
        text=reply.text,
        options=read_options(reply.options),
        idempotency_key=reply.id,
        expires_at=reply.expires_at,
        opener=read_opener(reply.options),
    )
