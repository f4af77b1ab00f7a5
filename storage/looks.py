"""Messages that may have gone out and of which nobody has heard: finding them, and writing down what a look showed.

`lease_until` of such a message is when it is looked for next, `looks` how often that was in vain. A conclusion counts
only if no other process has drawn one since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storage.outbox import State
from storage.script import Fetch, Many, Run, Script


@dataclass(frozen=True, slots=True, repr=False)
class Unheard:
    """One message to look for. `began_at` is when its last try began; the address is None once it was erased.

    `code` says why it is looked for, where that is known.
    """

    id: str
    contact_id: str | None
    channel: str
    our_address: str
    purpose: str
    state: str
    text: str
    options: str
    looks: int
    attempts: int
    made_at: int
    began_at: int
    lease_until: int
    address_encrypted: bytes | None
    key_id: int | None
    code: str

    def __repr__(self) -> str:
        """Name the message, never its words."""
        return f"Unheard({self.id} {self.state})"


@dataclass(frozen=True, slots=True)
class Found:
    """The provider has it, under this id and with this status."""

    id: str
    looks: int
    provider_id: str
    status: str
    rank: int


@dataclass(frozen=True, slots=True)
class LookAgain:
    """It was not there; it is looked for once more at this time."""

    id: str
    looks: int
    at: int


@dataclass(frozen=True, slots=True)
class SendAgain:
    """It was surely not sent, or our written policy is to send it once more: back into the queue."""

    id: str
    looks: int


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing more is done about it; `code` says why."""

    id: str
    looks: int
    state: State
    code: str


Conclusion: TypeAlias = Found | LookAgain | SendAgain | Closed


def supersede(now: int, limit: int) -> Script[int]:
    """Settle replies that nobody need look for, because their resident has written again since; say how many."""
    found = yield Fetch(
        """
        SELECT o.id FROM outbox o JOIN contact c ON c.id = o.contact_id
        WHERE o.state IN ('replied', 'unknown') AND o.lease_until <= :now AND o.state = 'replied'
        AND c.last_inbound_at > o.made_at
        ORDER BY o.lease_until LIMIT :limit FOR UPDATE OF o SKIP LOCKED
        """,
        {"now": now, "limit": limit},
    )
    ids = [row[0] for row in found.rows]
    if ids:
        yield Run(
            "UPDATE outbox SET state = 'superseded', settled_at = :now WHERE id IN (SELECT :ids*text)",
            {"ids": ids, "now": now},
        )
    return len(ids)


def unheard(now: int, channels: Sequence[str], test: bool, limit: int) -> Script[list[Unheard]]:
    """Find the messages to look for now, the oldest first. Only reads."""
    found = yield Fetch(
        """
        SELECT o.id, o.contact_id, o.channel, o.our_address, o.purpose, o.state, o.text, o.options, o.looks,
               o.attempts, o.made_at, o.not_before, o.lease_until, c.address_encrypted, c.key_id, o.code
        FROM outbox o LEFT JOIN contact c ON c.id = o.contact_id
        WHERE o.state IN ('replied', 'unknown') AND o.lease_until <= :now
        AND o.channel IN (SELECT :channels*text) AND o.test = :test
        ORDER BY o.made_at, o.position, o.id LIMIT :limit
        """,
        {"now": now, "channels": list(channels), "test": test, "limit": limit},
    )
    return [Unheard(*row) for row in found.rows]


def taken_ids(channel: str, provider_ids: Sequence[str]) -> Script[set[str]]:
    """Say which of the provider's ids belong to messages already. Only reads."""
    found = yield Fetch(
        """
        SELECT provider_id FROM outbox WHERE provider_id IN (SELECT :provider_ids*text) AND channel = :channel
        UNION SELECT provider_id FROM receipt
        WHERE outbox_id IS NOT NULL AND provider_id IN (SELECT :provider_ids*text) AND channel = :channel
        """,
        {"channel": channel, "provider_ids": list(provider_ids)},
    )
    return {row[0] for row in found.rows}


def conclude(conclusions: Sequence[Conclusion], now: int) -> Script[None]:
    """Write down what looking has shown."""
    found = [conclusion for conclusion in conclusions if isinstance(conclusion, Found)]
    yield Many(
        """
        UPDATE outbox SET state = 'accepted', provider_id = :provider_id, settled_at = :now
        WHERE id = :id AND looks = :looks AND state IN ('replied', 'unknown')
        """,
        [{"id": c.id, "looks": c.looks, "provider_id": c.provider_id, "now": now} for c in found],
    )
    yield Many(
        """
        UPDATE outbox SET status = :status, status_rank = :rank
        WHERE id = :id AND provider_id = :provider_id AND status_rank < :rank
        """,
        [{"id": c.id, "provider_id": c.provider_id, "status": c.status, "rank": c.rank} for c in found],
    )
    # An inbound repeat may have renewed the lease since we looked: then the reply has just gone out once more.
    yield Many(
        """
        UPDATE outbox SET looks = looks + 1, lease_until = :at
        WHERE id = :id AND looks = :looks AND state IN ('replied', 'unknown') AND lease_until <= :now
        """,
        [{"id": c.id, "looks": c.looks, "at": c.at, "now": now} for c in conclusions if isinstance(c, LookAgain)],
    )
    yield Many(
        """
        UPDATE outbox SET state = 'queued', looks = 0, not_before = :now
        WHERE id = :id AND looks = :looks AND state IN ('replied', 'unknown') AND lease_until <= :now
        """,
        [{"id": c.id, "looks": c.looks, "now": now} for c in conclusions if isinstance(c, SendAgain)],
    )
    yield Many(
        """
        UPDATE outbox SET state = :state, code = :code, settled_at = :now
        WHERE id = :id AND looks = :looks AND state IN ('replied', 'unknown') AND lease_until <= :now
        """,
        [
            {"id": c.id, "looks": c.looks, "state": c.state, "code": c.code, "now": now}
            for c in conclusions
            if isinstance(c, Closed)
        ],
    )
