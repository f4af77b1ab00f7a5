"""Voice notes: fetched from the provider beside the turns, kept sealed until their date, and heard by a person.

A webhook never waits for a download. A try that fails is made again, later each time, and ends with a note that says
why. Log lines name the message's id alone.
"""

from collections.abc import Callable, Mapping

import structlog
from cryptography.exceptions import InvalidTag
from msgspec import Struct

from channels.base import Channel, Outage, Recording, RecordingGone, VoiceNotes
from storage import voice
from storage.errors import UnknownKey
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import note_once
from storage.transcribing import Hand
from storage.voice import Fetched, Waiting

log = structlog.get_logger()

DAY_MS = 24 * 60 * 60 * 1000
_MINUTE_MS = 60_000
AGAIN_MS = tuple(_MINUTE_MS * 2**place for place in range(10))
"""How long after a try the next one comes: a minute, then twice as long each time. The last comes after 8.5 hours."""

ONE_LISTENING_MS = 60 * _MINUTE_MS
"""What a player fetches piece by piece within an hour is one listening."""

GIVEN_UP = "it could not be fetched, however often we tried"


class Fetching(Struct, frozen=True):
    """What one run did."""

    fetched: int = 0
    given_up: int = 0


class VoiceBox:
    """Fetches voice notes, and lets staff hear them. One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        channels: Mapping[str, Channel],
        *,
        now: Callable[[], int],
        keep_days: int = 30,
    ) -> None:
        """Set it up. `now` is epoch milliseconds UTC; `keep_days` is how long a recording stays once it is here."""
        self._database = database
        self._keys = keys
        self._sources = {name: each for name, each in channels.items() if isinstance(each, VoiceNotes)}
        self._now = now
        self._keep_ms = keep_days * DAY_MS

    async def fetch_waiting(self) -> Fetching:
        """Fetch every voice note whose turn has come, one after the other."""
        fetched = given_up = 0
        while True:
            now = self._now()
            waiting = await self._database.run(lambda now=now: voice.claim(now, AGAIN_MS))  # type: ignore[misc]
            if waiting is None:
                return Fetching(fetched, given_up)
            match await self._download(waiting):
                case Recording() as recording:
                    fetched += await self._keep(waiting.id, recording)
                case str(problem) if problem:
                    given_up += 1
                    await self._give_up(waiting, problem)

    async def hear(self, note_id: str, hand: Hand) -> Recording | None:
        """Open a recording for a member of staff; None once it is gone. It is in the audit log first.

        A player asks for the same sound piece by piece: one line an hour says that somebody listened.
        """
        now = self._now()
        sealed = await self._database.read(lambda: voice.listen(note_id, now))
        if sealed is None:
            return None
        try:
            content = self._keys.unseal(sealed.content, note_id, sealed.key_id)
        except UnknownKey:
            await self._keys.reload(self._database)
            sealed = await self._database.read(lambda: voice.listen(note_id, now)) or sealed
            content = self._keys.unseal(sealed.content, note_id, sealed.key_id)
        except InvalidTag:
            log.error("voice note cannot be opened", inbound=note_id)
            return None
        await self._database.run(
            lambda: note_once(now, hand.name, "voice note heard", note_id, since=now - ONE_LISTENING_MS)
        )
        return Recording(sealed.media_type, content)

    async def _download(self, waiting: Waiting) -> Recording | str:
        """Try once: the recording, or why it cannot be had; nothing where a later try is to be made."""
        source = self._sources.get(waiting.channel)
        try:
            if source is None:
                raise Outage("the channel is off")
            return await source.download(waiting.reference)
        except RecordingGone as gone:
            return str(gone)
        except Outage as outage:
            log.warning("voice note not fetched", inbound=waiting.id, tries=waiting.tries, reason=str(outage))
            return GIVEN_UP if waiting.tries >= len(AGAIN_MS) else ""

    async def _keep(self, note_id: str, recording: Recording) -> bool:
        at = self._now()
        fetched = Fetched(recording.content, recording.media_type, recording.seconds, at, at + self._keep_ms)
        try:
            kept = await self._database.run(lambda: voice.keep(note_id, fetched, self._keys))
        except UnknownKey:
            await self._keys.reload(self._database)
            kept = await self._database.run(lambda: voice.keep(note_id, fetched, self._keys))
        if kept:
            log.info("voice note fetched", inbound=note_id)
        return kept

    async def _give_up(self, waiting: Waiting, problem: str) -> None:
        until = self._now() + self._keep_ms
        await self._database.run(lambda: voice.give_up(waiting.id, problem, until))
        log.error("voice note given up", inbound=waiting.id, tries=waiting.tries, problem=problem)
