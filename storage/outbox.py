"""The outbox: the states of a message, who goes first, and putting a message in.

`storage.claiming` takes messages out to be sent, `storage.settling` and `storage.receipts` say how they ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from storage.script import Run, Script


class State(StrEnum):
    """Where a message stands; the first four are open.

    The last two are replies that no outbox sends: SIMULATED was shown on the simulator's page, and SENT_ONCE answers a
    DELETE where nobody waits on the line; its contact is gone, so it went out with the turn itself.
    """

    REPLIED = "replied"  # went out in the HTTP answer, awaits its receipt
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"  # may have been sent
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SIMULATED = "simulated"
    SENT_ONCE = "sent_once"


# Spelt in every statement as in the partial indexes: SQLite uses one only for a query that holds the same words.
UNSENT = "state IN ('queued', 'sending', 'unknown')"
"""What the outbox still has to do with."""
UNHEARD = "state IN ('replied', 'unknown')"
"""What may have gone out, and of which nobody has heard."""

REPLY_LEASE_MS = 120_000
"""How long a reply in the HTTP answer may stay without a receipt before the provider is asked about it."""


class Priority(IntEnum):
    """Who goes first under one sender."""

    REPLY = 0
    CAMPAIGN = 10


REPLY = "reply"
"""The purpose of a direct answer to something that a resident wrote. Every other purpose needs an opt-in."""


@dataclass(frozen=True, slots=True, repr=False)
class NewMessage:
    """One message to put in the outbox. A second one with the same `idempotency_key` is the same message.

    `options` is JSON text. Times are epoch milliseconds UTC.
    """

    id: str
    contact_id: str
    channel: str
    our_address: str
    purpose: str
    priority: Priority
    text: str
    made_at: int
    not_before: int
    options: str = ""
    survey: str = ""
    expires_at: int | None = None
    idempotency_key: str | None = None
    segments: int = 0
    test: bool = False

    def __repr__(self) -> str:
        """Name the message, never its words."""
        return f"NewMessage({self.id} {self.purpose})"


def enqueue(messages: Sequence[NewMessage]) -> Script[int]:
    """Put messages in the queue; say how many were new."""
    new = 0
    for message in messages:
        inserted = yield Run(
            """
            INSERT INTO outbox (id, contact_id, channel, our_address, purpose, priority, text, options, survey, state,
                                idempotency_key, not_before, expires_at, segments, made_at, test)
            VALUES (:id, :contact_id, :channel, :our_address, :purpose, :priority, :text, :options, :survey, 'queued',
                    :idempotency_key, :not_before, :expires_at, :segments, :made_at, :test)
            ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
            """,
            {field: getattr(message, field) for field in NewMessage.__slots__} | {"priority": int(message.priority)},
        )
        new += inserted.count
    return new
