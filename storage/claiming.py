"""Claiming: whose turn it is in the outbox, at each sender's pace and in each contact's order.

A claimed message is on disk as `sending` before the network hears of it, so that after any crash it is known which
messages may have been sent.
"""

# ruff: noqa: S608 - what is put into SQL here are this module's own texts

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.ledger import IS_HELD
from storage.outbox import REPLY, UNSENT, Priority, State
from storage.script import Fetch, Row, Run, Script

# Under load a claim for each message that the pace lets go would hold up the turns; nobody notices a quarter second.
_LOT_SECONDS = 0.25
_CLOCKS_DIFFER_MS = 60_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one sender may send, over every process: `per_second` for long, `burst` at once after a rest.

    Two messages to one address stay `apart_ms` apart (0: as they come).
    """

    per_second: float
    burst: float
    apart_ms: int = 0

    def room(self, left: float, waited_ms: int) -> float:
        """Say how many messages may go so long after so many were left.

        Another machine's clock may be a little ahead; a time far ahead was written before a clock was set back.
        """
        if waited_ms < -_CLOCKS_DIFFER_MS:
            return self.burst
        return min(self.burst, left + max(0, waited_ms) / 1000 * self.per_second)

    @property
    def lot(self) -> float:
        """How many messages wait to go together once the pace is used up: a claim costs as much as several of them."""
        return min(self.burst, max(1.0, self.per_second * _LOT_SECONDS))


@dataclass(frozen=True, slots=True)
class Claim:
    """Who claims, and under which rules.

    `made_since` holds back older messages (0: none), `up_to` less urgent ones. `test` claims the messages of the
    simulator, and nothing else: a made-up number is never texted.
    """

    owner: str
    now: int
    lease_until: int
    limit: int
    channels: Sequence[str]
    up_to: Priority = Priority.CAMPAIGN
    made_since: int = 0
    test: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Claimed:
    """One message to send now. `attempts` counts this claim; with the owner it is the fence for settling it."""

    id: str
    contact_id: str
    channel: str
    our_address: str
    purpose: str
    text: str
    options: str
    survey: str
    problem: str
    attempts: int
    made_at: int
    expires_at: int | None
    lease_until: int
    idempotency_key: str
    address_encrypted: bytes
    key_id: int
    last_inbound_at: int | None

    def __repr__(self) -> str:
        """Name the message, never its words."""
        return f"Claimed({self.id} {self.purpose})"


def due_senders(claim: Claim, paces: Mapping[str, Pace]) -> Script[dict[str, Pace]]:
    """Find the senders (our addresses) that have something due, each with its channel's pace. Only reads.

    One that has used up its pace is left out until a lot may go. There is none while a restored database has not caught
    up yet: what it holds may have been sent since.
    """
    due: dict[str, Pace] = {}
    if (yield Fetch(IS_HELD)).first is not None:
        return due
    # One look-up in the index for each sender, however many messages wait under it.
    addresses = yield Fetch(
        f"""
        WITH RECURSIVE sending(address) AS (
            SELECT min(our_address) FROM outbox WHERE {UNSENT}
            UNION ALL
            SELECT (SELECT min(our_address) FROM outbox WHERE {UNSENT} AND our_address > sending.address)
            FROM sending WHERE sending.address IS NOT NULL
        )
        SELECT address FROM sending WHERE address IS NOT NULL
        """
    )
    for (our_address,) in addresses.rows:
        for priority in _priorities(claim):
            found = yield Fetch(
                f"SELECT o.channel FROM outbox o WHERE {_DUE} LIMIT 1", _rules(claim, our_address, priority)
            )
            if found.first:
                due.setdefault(our_address, paces[found.first[0]])
    left = yield Fetch(
        "SELECT our_address, tokens, tokens_at FROM sender WHERE our_address IN (SELECT :due*text)", {"due": list(due)}
    )
    for our_address, tokens, tokens_at in left.rows:
        if due[our_address].room(tokens, claim.now - tokens_at) < due[our_address].lot:
            del due[our_address]
    return due


def claim(claim: Claim, senders: Mapping[str, Pace]) -> Script[list[Claimed]]:
    """Take what is due under these senders, replies first, no faster than their pace, as `sending`.

    Never two open messages of one contact; the older first. What may not be sent any more is cancelled here.
    """
    rooms: dict[str, float] = {}
    # Every claim locks these rows first and in this order, so claims of one sender follow one another.
    for our_address in sorted(senders):
        rooms[our_address] = yield from _room(our_address, senders[our_address], claim.now)
    taken: list[Claimed] = []
    for our_address, room in rooms.items():
        room_then = room
        for priority in _priorities(claim):
            limit = min(int(room), claim.limit - len(taken))
            if limit > 0:
                rows = yield from _take(claim, our_address, priority, limit, senders[our_address].apart_ms)
                taken += rows
                room -= len(rows)
        if room < room_then:
            yield Run(
                "UPDATE sender SET tokens = :tokens, tokens_at = :now WHERE our_address = :our_address",
                {"tokens": room, "now": claim.now, "our_address": our_address},
            )
    return taken


def _priorities(claim: Claim) -> Iterator[Priority]:
    return (priority for priority in Priority if priority <= claim.up_to)


def _room(our_address: str, pace: Pace, now: int) -> Script[float]:
    yield Run(
        """
        INSERT INTO sender (our_address, tokens, tokens_at) VALUES (:our_address, :burst, :now)
        ON CONFLICT (our_address) DO NOTHING
        """,
        {"our_address": our_address, "burst": pace.burst, "now": now},
    )
    found = yield Fetch(
        "SELECT tokens, tokens_at FROM sender WHERE our_address = :our_address FOR UPDATE", {"our_address": our_address}
    )
    assert found.first is not None
    tokens, tokens_at = found.first
    return pace.room(tokens, now - tokens_at)


_DUE = f"""
    o.{UNSENT} AND o.state = 'queued' AND o.our_address = :our_address AND o.priority = :priority
    AND o.not_before <= :now AND o.made_at >= :made_since AND o.test = :test
    AND o.channel IN (SELECT :channels*text)
    AND (o.expires_at IS NULL OR o.expires_at > :now)
"""

_APART = """
    NOT EXISTS (
        SELECT 1 FROM outbox sent
        WHERE sent.contact_id = o.contact_id AND sent.state = 'accepted'
        AND sent.settled_at > :apart_since AND sent.settled_at <= :apart_until)
"""

# A contact's messages keep their order: this one is in nobody's hands and the first of those that wait.
_FIRST_OF_ITS_CONTACT = """
    NOT EXISTS (
        SELECT 1 FROM outbox other
        WHERE other.contact_id = o.contact_id AND other.id <> o.id
        AND other.state IN ('queued', 'sending', 'unknown', 'replied')
        AND (other.state <> 'queued'
             OR ((other.expires_at IS NULL OR other.expires_at > :now)
                 AND (other.priority, other.made_at, other.position, other.id)
                     < (o.priority, o.made_at, o.position, o.id))))
"""


def _rules(claim: Claim, our_address: str, priority: Priority) -> dict[str, object]:
    return {
        "our_address": our_address,
        "priority": int(priority),
        "now": claim.now,
        "made_since": claim.made_since,
        "channels": list(claim.channels),
        "test": claim.test,
    }


def _take(claim: Claim, our_address: str, priority: Priority, limit: int, apart_ms: int) -> Script[list[Claimed]]:
    """Choose, lock, look again, then change by id.

    One UPDATE with `IN (SELECT ... LIMIT n FOR UPDATE SKIP LOCKED)` takes more than n on PostgreSQL. The contacts are
    locked before their messages, as an inbound turn does it, and one whose turn is running is left for the next pass.
    """
    rules = _rules(claim, our_address, priority)
    apart = f"AND {_APART}" if apart_ms else ""
    chosen = yield Fetch(
        f"""
        SELECT o.id, o.contact_id FROM outbox o WHERE {_DUE} AND {_FIRST_OF_ITS_CONTACT} {apart}
        ORDER BY o.not_before LIMIT :limit
        """,
        {
            **rules,
            "limit": limit,
            "apart_since": claim.now - apart_ms,
            "apart_until": claim.now + _CLOCKS_DIFFER_MS,  # as `Pace.room` has it
        },
    )
    if not chosen.rows:
        return []
    contacts = yield Fetch(
        """
        SELECT id, address_encrypted, key_id, last_inbound_at, opted_out_at, carrier_stopped FROM contact
        WHERE id IN (SELECT :ids*text) ORDER BY id FOR UPDATE SKIP LOCKED
        """,
        {"ids": [contact_id for _, contact_id in chosen.rows if contact_id is not None]},
    )
    locked = yield Fetch(
        f"""
        SELECT o.id, o.contact_id, o.channel, o.our_address, o.purpose, o.text, o.options, o.survey, o.problem,
               o.attempts, o.made_at, o.expires_at, o.idempotency_key, o.inbound_id
        FROM outbox o WHERE o.id IN (SELECT :ids*text) AND o.state = 'queued' AND o.not_before <= :now
        AND {_FIRST_OF_ITS_CONTACT}
        ORDER BY o.not_before FOR UPDATE SKIP LOCKED
        """,
        {"now": claim.now, "ids": [message_id for message_id, _ in chosen.rows]},
    )
    return (yield from _split(claim, locked.rows, {row[0]: row for row in contacts.rows}))


def _split(claim: Claim, rows: Sequence[Row], contacts: Mapping[str, Row]) -> Script[list[Claimed]]:
    overtaken = yield from _overtaken(rows)
    to_send: list[Claimed] = []
    refused: dict[tuple[State, str], list[str]] = {}
    for row in rows:
        message_id, contact_id = row[:2]
        contact = contacts.get(contact_id)
        if contact_id is None:
            refused.setdefault((State.CANCELLED, "erased"), []).append(message_id)
        elif message_id in overtaken:
            refused.setdefault((State.SUPERSEDED, ""), []).append(message_id)
        elif contact is not None:
            *reached, opted_out_at, carrier_stopped = contact
            if opted_out_at is not None and (carrier_stopped or not _answers_after(opted_out_at, row)):
                refused.setdefault((State.CANCELLED, "stopped"), []).append(message_id)
            else:
                to_send.append(_claimed(claim, row, tuple(reached)))
    for (state, code), ids in refused.items():
        yield Run(
            "UPDATE outbox SET state = :state, code = :code, settled_at = :now WHERE id IN (SELECT :ids*text)",
            {"state": state, "code": code, "now": claim.now, "ids": ids},
        )
    yield from _mark_as_sending(claim, [message.id for message in to_send])
    return to_send


def _answers_after(opted_out_at: int, row: Row) -> bool:
    """Say whether this is the confirmation of STOP, or an answer to something written after it."""
    purpose, made_at = row[4], row[10]
    return bool(purpose == REPLY and made_at >= opted_out_at)


def _overtaken(rows: Sequence[Row]) -> Script[set[str]]:
    """Find replies whose resident has written again. An inbound turn sees to it, but not while one is being sent."""
    again = [row[0] for row in rows if row[4] == REPLY and (row[9] or row[8])]  # attempts, problem
    if not again:
        return set()
    found = yield Fetch(
        """
        SELECT o.id FROM outbox o JOIN inbound answered ON answered.id = o.inbound_id
        WHERE o.id IN (SELECT :ids*text) AND EXISTS (
            SELECT 1 FROM inbound later
            WHERE later.contact_id = o.contact_id AND later.received_at > answered.received_at)
        """,
        {"ids": again},
    )
    return {row[0] for row in found.rows}


def _mark_as_sending(claim: Claim, ids: list[str]) -> Script[None]:
    if not ids:
        return
    # `not_before` now says when this try began: the list is searched from there if its outcome stays unknown.
    yield Run(
        """
        UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_owner = :owner,
                          lease_until = :lease_until, not_before = :now
        WHERE id IN (SELECT :ids*text)
        """,
        {"owner": claim.owner, "lease_until": claim.lease_until, "now": claim.now, "ids": ids},
    )


def _claimed(claim: Claim, row: Row, contact: Row) -> Claimed:
    _, address_encrypted, key_id, last_inbound_at = contact
    message_id, contact_id, channel, our_address, purpose, text, options, survey, problem, attempts, *rest = row
    made_at, expires_at, idempotency_key, _ = rest
    return Claimed(
        id=message_id,
        contact_id=contact_id,
        channel=channel,
        our_address=our_address,
        purpose=purpose,
        text=text,
        options=options,
        survey=survey,
        problem=problem,
        attempts=attempts + 1,
        made_at=made_at,
        expires_at=expires_at,
        lease_until=claim.lease_until,
        idempotency_key=idempotency_key or message_id,
        address_encrypted=bytes(address_encrypted),
        key_id=key_id,
        last_inbound_at=last_inbound_at,
    )
