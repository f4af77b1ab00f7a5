"""Asking a provider for messages again and again, where no webhook can reach us.

The mark moves only when everything before it is on disk: a provider that is told a mark forgets what was before it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from channels.base import Inbound, Polled
from storage.turns import TurnFailed

log = structlog.get_logger()

TakeIn = Callable[[Inbound], Awaitable[object]]


class Polling:
    """Polls one channel. One per bot: a second one would take the first one's messages away."""

    def __init__(self, channel: Polled, take_in: TakeIn) -> None:
        self._channel = channel
        self._take_in = take_in
        # Never stored: what was not confirmed comes again, and is known again by its id.
        self._after = ""

    async def once(self) -> int:
        """Wait for messages, take them all in, and remember how far; give how many there were. Raises Outage.

        A message whose turn failed is on disk and runs again by itself. Whatever else is raised leaves the mark where
        it was, so that all of them come again.
        """
        inbounds, mark = await self._channel.poll(self._after)
        results = await asyncio.gather(*(self._take_in(inbound) for inbound in inbounds), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, TurnFailed):
                raise result
        self._after = mark
        return len(inbounds)
