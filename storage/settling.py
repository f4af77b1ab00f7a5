"""How a message's way ends: what the provider said to a claimed one, and what became of one that nobody settled.

A claimant's word counts only while the message is still its own: the same owner and the same attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storage.outbox import State
from storage.script import Fetch, Many, Run, Script
from storage.stops import stop_by_carrier


@dataclass(frozen=True, slots=True)
class Hold:
    """Which claim is being settled."""

    id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Took:
    """The provider has it, under its own id."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """It will not be sent. `stops` also puts its contact on STOP, at the carrier's word."""

    problem: str
    code: str
    state: State = State.FAILED
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """It was surely not delivered, and is sent again from `not_before` on. `problem` says why, empty for mere haste.

    Not `was_tried`: it was handed back unsent, which counts as no attempt.
    """

    not_before: int
    problem: str = ""
    code: str = ""
    was_tried: bool = True


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody knows whether it was sent; `look_at` is when the provider is asked."""

    reason: str
    look_at: int


Upshot: TypeAlias = Took | Ended | Later | Lost
Settlement: TypeAlias = tuple[Hold, Upshot]


def settle(owner: str, settlements: Sequence[Settlement], now: int) -> Script[None]:
    """Write down what came of a claimant's messages. A message that is no longer its own is left alone."""
    # Contacts before messages, as a turn and a claim lock them. A receipt alone goes the other way round: where it and
    # this wait for each other, PostgreSQL ends one of the two, which is then run again.
    stopping = [hold for hold, upshot in settlements if isinstance(upshot, Ended) and upshot.stops]
    yield from _settle_stops(owner, stopping, now)
    yield from settle_accepted(owner, [(hold, o) for hold, o in settlements if isinstance(o, Took)], now)
    yield from settle_rejected(owner, [(hold, o) for hold, o in settlements if isinstance(o, Ended)], now)
    yield from settle_retry(owner, [(hold, o) for hold, o in settlements if isinstance(o, Later)])
    yield from settle_unknown(owner, [(hold, o) for hold, o in settlements if isinstance(o, Lost)])


def settle_accepted(owner: str, taken: Sequence[tuple[Hold, Took]], now: int) -> Script[None]:
    """Keep the provider's ids. Also right for a message that was put back into the queue meanwhile."""
    yield Many(
        """
        UPDATE outbox SET state = 'accepted', provider_id = :provider_id, settled_at = :now
        WHERE id = :id AND lease_owner = :owner AND attempts = :attempts AND state IN ('sending', 'unknown', 'queued')
        """,
        [{**_held(owner, hold), "provider_id": upshot.provider_id, "now": now} for hold, upshot in taken],
    )


def settle_rejected(owner: str, ended: Sequence[tuple[Hold, Ended]], now: int) -> Script[None]:
    """Keep why these will not be sent."""
    yield Many(
        """
        UPDATE outbox SET state = :state, problem = :problem, code = :code, settled_at = :now
        WHERE id = :id AND lease_owner = :owner AND attempts = :attempts AND state IN ('sending', 'unknown')
        """,
        [
            {**_held(owner, hold), "state": o.state, "problem": o.problem, "code": o.code, "now": now}
            for hold, o in ended
        ],
    )


def settle_retry(owner: str, later: Sequence[tuple[Hold, Later]]) -> Script[None]:
    """Put these back into the queue. A problem that is already known stays known."""
    yield Many(
        """
        UPDATE outbox SET state = 'queued', not_before = :not_before, looks = 0, attempts = attempts - :untried,
                          problem = CASE WHEN :problem = '' THEN problem ELSE :problem END, code = :code
        WHERE id = :id AND lease_owner = :owner AND attempts = :attempts AND state IN ('sending', 'unknown')
        """,
        [
            {
                **_held(owner, hold),
                "not_before": o.not_before,
                "problem": o.problem,
                "code": o.code,
                "untried": 0 if o.was_tried else 1,
            }
            for hold, o in later
        ],
    )


def settle_unknown(owner: str, lost: Sequence[tuple[Hold, Lost]]) -> Script[None]:
    """Mark these as perhaps sent. `lease_until` becomes the time of the next look."""
    yield Many(
        """
        UPDATE outbox SET state = 'unknown', code = :code, looks = 0, lease_until = :look_at
        WHERE id = :id AND lease_owner = :owner AND attempts = :attempts AND state IN ('sending', 'unknown')
        """,
        [{**_held(owner, hold), "code": o.reason, "look_at": o.look_at} for hold, o in lost],
    )


def _held(owner: str, hold: Hold) -> dict[str, object]:
    return {"id": hold.id, "owner": owner, "attempts": hold.attempts}


def _settle_stops(owner: str, holds: Sequence[Hold], now: int) -> Script[None]:
    for hold in holds:
        found = yield Fetch(
            """
            SELECT contact_id FROM outbox
            WHERE id = :id AND lease_owner = :owner AND attempts = :attempts AND state IN ('sending', 'unknown')
            """,
            _held(owner, hold),
        )
        if found.first and found.first[0] is not None:
            yield from stop_by_carrier(found.first[0], now)


@dataclass(frozen=True, slots=True)
class Stale:
    """Open messages whose time is over: `expired` in the queue, `lapsed` in the hands of a claimant that is gone."""

    expired: tuple[str, ...]
    lapsed: tuple[str, ...]


def stale(now: int, limit: int) -> Script[Stale]:
    """Find open messages whose time is over. Only reads, so that it never holds up a writer."""
    found = yield Fetch(
        """
        SELECT id, state FROM outbox WHERE state IN ('queued', 'sending', 'unknown')
        AND ((state = 'queued' AND expires_at <= :now) OR (state = 'sending' AND lease_until <= :now))
        LIMIT :limit
        """,
        {"now": now, "limit": limit},
    )
    return Stale(
        expired=tuple(row[0] for row in found.rows if row[1] == State.QUEUED),
        lapsed=tuple(row[0] for row in found.rows if row[1] == State.SENDING),
    )


def expire(ids: Sequence[str], now: int) -> Script[int]:
    """End queued messages that would come too late; say how many."""
    changed = yield Run(
        """
        UPDATE outbox SET state = 'expired', settled_at = :now
        WHERE id IN (SELECT :ids*text) AND state = 'queued' AND expires_at <= :now
        """,
        {"ids": list(ids), "now": now},
    )
    return changed.count


def lapse(ids: Sequence[str], now: int) -> Script[int]:
    """Take messages from a claimant that is gone: they may have been sent, and are looked for at once."""
    changed = yield Run(
        """
        UPDATE outbox SET state = 'unknown', code = 'lease_ended', looks = 0, lease_until = :now
        WHERE id IN (SELECT :ids*text) AND state = 'sending' AND lease_until <= :now
        """,
        {"ids": list(ids), "now": now},
    )
    return changed.count


def lapse_all_but(owner: str, now: int) -> Script[int]:
    """Take every message from every other claimant, all of whom are surely gone; say how many. See `lapse`."""
    changed = yield Run(
        """
        UPDATE outbox SET state = 'unknown', code = 'claimant_died', looks = 0, lease_until = :now
        WHERE state IN ('queued', 'sending', 'unknown') AND state = 'sending' AND lease_owner <> :owner
        """,
        {"owner": owner, "now": now},
    )
    return changed.count
