"""What a destination is to get next, who brings it, and what came of it.

One process at a time serves a destination: it holds a lease, and only while it does is its word written down. Events
go in the order of their numbers; one that was not taken waits in `delivery`, and the later ones of its response
behind it.
"""

from collections.abc import Sequence

from msgspec import Struct

from storage import events
from storage.destinations import COLUMNS, Destination, Letter, State, destination_of
from storage.events import EventRow
from storage.installation import is_demo
from storage.ledger import IS_HELD
from storage.script import Fetch, Many, Row, Run, Script

FAR_BEHIND = 1_000
"""A destination without events of its own moves on only so often: each time is a commit."""


class Item(Struct, frozen=True):
    """An event to bring now. It was refused `attempts` times before; `is_new` is one beyond the destination's `seq`."""

    event: EventRow
    attempts: int = 0
    is_new: bool = True


class Work(Struct, frozen=True):
    """What there is to bring, in order; what must wait behind its response's earlier events; how far was looked."""

    items: Sequence[Item]
    behind: Sequence[EventRow]
    seen_to: int


class Left(Struct, frozen=True):
    """An event that was not taken: it waits for `next_at` (None: for nothing but its turn), or is dead."""

    seq: int
    subject: str
    attempts: int = 0
    next_at: int | None = None
    problem: str = ""
    state: Letter = Letter.WAITING


class Failed(Struct, frozen=True):
    """Nothing could be brought: try again at `next_at`, or where that is None pause and call somebody."""

    problem: str
    next_at: int | None


class Brought(Struct, frozen=True):
    """What came of a pass. Everything new up to `seq` is settled; `delivered` has arrived.

    `rest_until` is when it is served next although nothing failed. Not `was_tried`: there was nothing to bring.
    """

    seq: int
    delivered: Sequence[int]
    left: Sequence[Left]
    failed: Failed | None = None
    rest_until: int | None = None
    was_tried: bool = True


def due(owner: str, now: int) -> Script[list[Destination]]:
    """Find the destinations that may be served now. Only reads.

    There is none while a restored database has not caught up yet: what it holds may have been withdrawn since.
    """
    if (yield Fetch(IS_HELD)).first is not None:
        return []
    found = yield Fetch(
        f"""SELECT {COLUMNS} FROM destination WHERE state = 'running' AND (next_at IS NULL OR next_at <= :now)
            AND (lease_until IS NULL OR lease_until <= :now OR lease_owner = :owner) ORDER BY name""",  # noqa: S608
        {"owner": owner, "now": now},
    )
    return [destination_of(row) for row in found.rows]


def has_work(destination: Destination, now: int) -> Script[bool]:
    """Say whether there may be something to bring, or much to pass over. Only reads."""
    if (yield from _letters(destination, now, 1)):
        return True
    new, newest = yield from _new(destination, 1)
    return bool(new) or newest - destination.seq >= FAR_BEHIND


def _new(destination: Destination, most: int) -> Script[tuple[list[EventRow], int]]:
    """Read what is new, and up to which number it was looked for: first, so that nothing is passed over."""
    newest = yield from events.newest()
    include_test = yield from is_demo()
    found = yield from events.after(destination.seq, most, destination.survey, include_test=include_test)
    seen_to = found[-1].seq if len(found) == most else max(newest, *(event.seq for event in found[-1:]), 0)
    return found, max(seen_to, destination.seq)


def take(destination_id: str, owner: str, now: int, until: int) -> Script[Destination | None]:
    """Take a destination's lease; None where somebody else has it, or it is not to be served any more."""
    taken = yield Run(
        f"""UPDATE destination SET lease_owner = :owner, lease_until = :until
            WHERE id = :id AND state = 'running' AND (next_at IS NULL OR next_at <= :now)
            AND (lease_until IS NULL OR lease_until <= :now OR lease_owner = :owner) RETURNING {COLUMNS}""",  # noqa: S608
        {"id": destination_id, "owner": owner, "now": now, "until": until},
    )
    return destination_of(taken.rows[0]) if taken.rows else None


def work(destination: Destination, now: int, most: int) -> Script[Work]:
    """Read what is to be brought next: first what waits and is due, then what is new. Only reads."""
    attempts = yield from _letters(destination, now, most)
    again = yield from events.of(list(attempts))
    new, seen_to = yield from _new(destination, most)
    waiting = yield from _subjects_waiting(destination, sorted({event.subject for event in new}))
    items = [Item(event, attempts[event.seq], is_new=False) for event in again]
    items += [Item(event) for event in new if event.subject not in waiting]
    return Work(items, [event for event in new if event.subject in waiting], seen_to)


def _letters(destination: Destination, now: int, most: int) -> Script[dict[int, int]]:
    """Read which events that wait may go now, with how often each was refused."""
    # What is refused holds back the later events of its own response alone.
    found = yield Fetch(
        """SELECT d.seq, d.attempts FROM delivery d LEFT JOIN (
               SELECT subject, MIN(seq) AS seq FROM delivery
               WHERE destination_id = :id AND state = 'waiting' AND next_at > :now GROUP BY subject
           ) resting ON resting.subject = d.subject
           WHERE d.destination_id = :id AND d.state = 'waiting' AND (d.next_at IS NULL OR d.next_at <= :now)
           AND (resting.seq IS NULL OR resting.seq > d.seq) ORDER BY d.seq LIMIT :most""",
        {"id": destination.id, "now": now, "most": most},
    )
    return dict(found.rows)


def _subjects_waiting(destination: Destination, subjects: Sequence[str]) -> Script[set[str]]:
    found = yield Fetch(
        """SELECT DISTINCT subject FROM delivery WHERE destination_id = :id AND state = 'waiting'
           AND subject IN (SELECT :subjects*text)""",
        {"id": destination.id, "subjects": list(subjects)},
    )
    return {row[0] for row in found.rows}


def settle(destination_id: str, owner: str, brought: Brought, now: int) -> Script[bool]:
    """Write down what came of a pass, and give the lease back.

    False, and nothing is written, where the destination is somebody else's by now, or gone: they bring it again.
    """
    held = yield Fetch(
        """SELECT state, failing_since, failures, next_at, problem FROM destination
           WHERE id = :id AND lease_owner = :owner FOR UPDATE""",
        {"id": destination_id, "owner": owner},
    )
    if held.first is None:
        return False
    yield Many(
        "DELETE FROM delivery WHERE destination_id = :id AND seq = :seq",
        [{"id": destination_id, "seq": seq} for seq in brought.delivered],
    )
    yield Many(_LEAVE, [_left(destination_id, each) for each in brought.left])
    yield Run(_SETTLE, {"id": destination_id, "now": now, **_standing(held.first, brought, now)})
    return True


_SETTLE = """
    UPDATE destination SET seq = :seq, state = :state, failing_since = :since, failures = :failures,
        next_at = :next_at, problem = :problem, lease_owner = '', lease_until = NULL,
        delivered_at = CASE WHEN :arrived THEN :now ELSE delivered_at END
    WHERE id = :id"""


def _standing(held: Row, brought: Brought, now: int) -> dict[str, object]:
    state, since, failures, next_at, problem = held
    if brought.was_tried:
        failed = brought.failed if state == State.RUNNING else None  # a person has paused it meanwhile: that stands
        if failed is None:
            since, failures, next_at, problem = None, 0, brought.rest_until, ""
        else:
            is_first = since is None or bool(brought.delivered)
            since, failures = (now, 1) if is_first else (since, failures + 1)
            next_at, problem = failed.next_at, failed.problem
            state = State.PAUSED.value if failed.next_at is None else state
    return {
        "seq": brought.seq,
        "state": state,
        "since": since,
        "failures": failures,
        "next_at": next_at,
        "problem": problem,
        "arrived": bool(brought.delivered),
    }


_LEAVE = """
    INSERT INTO delivery (destination_id, seq, subject, state, attempts, next_at, problem)
    VALUES (:id, :seq, :subject, :state, :attempts, :next_at, :problem)
    ON CONFLICT (destination_id, seq) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
        next_at = excluded.next_at, problem = excluded.problem"""


def _left(destination_id: str, left: Left) -> dict[str, object]:
    return {
        "id": destination_id,
        "seq": left.seq,
        "subject": left.subject,
        "state": left.state.value,
        "attempts": left.attempts,
        "next_at": left.next_at,
        "problem": left.problem,
    }
