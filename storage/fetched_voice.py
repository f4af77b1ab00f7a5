"""Voice notes that are here, and may still be at their provider too. Only reads."""

from collections.abc import Sequence

from msgspec import Struct

from storage.script import Fetch, Script


class FetchedNote(Struct, frozen=True):
    """A voice note that is stored. `event_id` is its message's id at the provider."""

    id: str
    channel: str
    event_id: str


def fetched_since(since: int, channels: Sequence[str]) -> Script[list[FetchedNote]]:
    """Find the voice notes of these channels that were stored since then (epoch milliseconds), oldest first."""
    found = yield Fetch(
        """
        SELECT v.id, v.channel, i.event_id FROM voice_note v JOIN inbound i ON i.id = v.id
        WHERE v.fetched_at >= :since AND v.channel IN (SELECT :channels*text) ORDER BY v.fetched_at, v.id
        """,
        {"since": since, "channels": list(channels)},
    )
    return [FetchedNote(*row) for row in found.rows]
