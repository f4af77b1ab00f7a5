"""Voice notes are deleted at the provider once they are safely here: a voice is kept in one place, until its date.

The rule: only what a committed row of ours holds is deleted there. What is done is remembered by this process alone;
to delete once more what is gone already does no harm, so another process, or a restart, simply does it again.
"""

from collections.abc import Callable, Mapping

import structlog

from channels.base import Channel, KeepsMedia, Outage
from storage.fetched_voice import FetchedNote, fetched_since
from storage.script import Database

log = structlog.get_logger()

TRIED_FOR_MS = 7 * 24 * 60 * 60 * 1000
"""How long after a voice note was stored the provider is still asked to delete its own."""


class Discarding:
    """Deletes at providers what is stored here. One per process; `now` is epoch milliseconds UTC."""

    def __init__(self, database: Database, channels: Mapping[str, Channel], *, now: Callable[[], int]) -> None:
        self._database = database
        self._keepers = {name: each for name, each in channels.items() if isinstance(each, KeepsMedia)}
        self._now = now
        self._gone: set[str] = set()

    async def discard_stored(self) -> int:
        """Have deleted what was stored since the last time, and what could not be deleted then; say how many."""
        if not self._keepers:
            return 0
        since = self._now() - TRIED_FOR_MS
        stored = await self._database.read(lambda: fetched_since(since, tuple(self._keepers)))
        self._gone &= {note.id for note in stored}
        waiting = [note for note in stored if note.id not in self._gone]
        return sum([await self._discard(note) for note in waiting])

    async def _discard(self, note: FetchedNote) -> bool:
        try:
            await self._keepers[note.channel].discard(note.event_id)
        except Outage as outage:
            log.warning("voice note still at its provider", inbound=note.id, reason=str(outage))
            return False
        self._gone.add(note.id)
        return True
