"""Delivery reports: every one is kept, matched to its message as soon as that is known, and applied once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storage.script import Fetch, Run, Script
from storage.settling import Ended, Later
from storage.stops import stop_by_carrier


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One delivery report as it is kept. `outbox_id` is from the callback, or empty; `fields` is JSON text."""

    channel: str
    provider: str
    provider_id: str
    outbox_id: str
    status: str
    code: str
    fields: str
    received_at: int


@dataclass(frozen=True, slots=True)
class Reported:
    """The message that a report is about, as it stands before the report counts."""

    id: str
    contact_id: str | None
    state: str
    problem: str
    provider_id: str | None
    status_rank: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report does to its message. `accepts`: it proves that the provider has the message, under its id."""

    rank: int
    accepts: bool
    end: Ended | Later | None = None


Decide: TypeAlias = Callable[[ReceiptRow, Reported], Verdict]
"""Pure: it may be asked again about the same report."""


def keep(report: ReceiptRow, decide: Decide) -> Script[str | None]:
    """Keep a report and apply it; give the message's id. None for a repeat and for one whose message is not known yet.

    The message is the one named in the callback, else the one with the provider's id.
    """
    found = yield Fetch(
        "SELECT id FROM outbox WHERE id = :outbox_id AND channel = :channel",
        {"outbox_id": report.outbox_id, "channel": report.channel},
    )
    if found.first is None:
        found = yield Fetch(
            "SELECT id FROM outbox WHERE provider_id = :provider_id AND channel = :channel",
            {"provider_id": report.provider_id, "channel": report.channel},
        )
    outbox_id: str | None = found.first[0] if found.first else None
    inserted = yield Run(
        """
        INSERT INTO receipt (provider, provider_id, outbox_id, channel, status, code, fields, received_at)
        VALUES (:provider, :provider_id, :outbox_id, :channel, :status, :code, :fields, :received_at)
        ON CONFLICT (provider, provider_id, status, code) DO NOTHING
        """,
        {field: getattr(report, field) for field in ReceiptRow.__slots__} | {"outbox_id": outbox_id},
    )
    if inserted.count == 0 or outbox_id is None:
        return None
    yield from _apply(outbox_id, report, decide)
    return outbox_id


def apply_waiting(decide: Decide, limit: int, provider_ids: Sequence[str] | None = None) -> Script[int]:
    """Apply reports that came before their message's provider id was known; say how many.

    With `provider_ids` only those are looked at: for ids that have just become known.
    """
    waiting = yield (_waiting(limit) if provider_ids is None else _waiting_for(provider_ids, limit))
    for receipt_id, outbox_id, *report in waiting.rows:
        yield Run(
            "UPDATE receipt SET outbox_id = :outbox_id WHERE id = :id", {"outbox_id": outbox_id, "id": receipt_id}
        )
        yield from _apply(outbox_id, ReceiptRow(*report), decide)
    return len(waiting.rows)


def any_waiting() -> Script[bool]:
    """Say whether a kept report could be applied now. Only reads."""
    waiting = yield _waiting(1)
    return waiting.first is not None


def _waiting(limit: int) -> Fetch:
    return Fetch(
        """
        SELECT r.id, o.id, r.channel, r.provider, r.provider_id, '', r.status, r.code, r.fields, r.received_at
        FROM receipt r JOIN outbox o ON o.provider_id = r.provider_id AND o.channel = r.channel
        WHERE r.outbox_id IS NULL ORDER BY r.id LIMIT :limit
        """,
        {"limit": limit},
    )


def _waiting_for(provider_ids: Sequence[str], limit: int) -> Fetch:
    return Fetch(
        """
        SELECT r.id, o.id, r.channel, r.provider, r.provider_id, '', r.status, r.code, r.fields, r.received_at
        FROM receipt r JOIN outbox o ON o.provider_id = r.provider_id AND o.channel = r.channel
        WHERE r.outbox_id IS NULL AND r.provider_id IN (SELECT :provider_ids*text) ORDER BY r.id LIMIT :limit
        """,
        {"provider_ids": list(provider_ids), "limit": limit},
    )


def _apply(outbox_id: str, report: ReceiptRow, decide: Decide) -> Script[None]:
    found = yield Fetch(
        "SELECT id, contact_id, state, problem, provider_id, status_rank FROM outbox WHERE id = :id FOR UPDATE",
        {"id": outbox_id},
    )
    assert found.first is not None
    message = Reported(*found.first)
    verdict = decide(report, message)
    yield Run(
        """
        UPDATE outbox SET status = :status, status_rank = :rank WHERE id = :id AND status_rank < :rank
        """,
        {"id": outbox_id, "status": report.status, "rank": verdict.rank},
    )
    if verdict.accepts:
        yield Run(
            """
            UPDATE outbox SET state = 'accepted', provider_id = :provider_id, settled_at = :at WHERE id = :id
            """,
            {"id": outbox_id, "provider_id": report.provider_id, "at": report.received_at},
        )
    if isinstance(verdict.end, Ended):
        yield from _end(message, report, verdict.end)
    elif isinstance(verdict.end, Later):
        yield from _put_off(message, report, verdict.end)


def _end(message: Reported, report: ReceiptRow, end: Ended) -> Script[None]:
    if end.stops and message.contact_id is not None:
        yield from stop_by_carrier(message.contact_id, report.received_at)
    yield Run(
        """
        UPDATE outbox SET state = :state, problem = :problem, code = :code, provider_id = :provider_id,
                          settled_at = :at
        WHERE id = :id
        """,
        {
            "id": message.id,
            "state": end.state,
            "problem": end.problem,
            "code": end.code,
            "provider_id": report.provider_id,
            "at": report.received_at,
        },
    )


def _put_off(message: Reported, report: ReceiptRow, later: Later) -> Script[None]:
    # Without an owner, so that a claimant who is still waiting for the provider's answer cannot settle it again; with
    # the provider's id, so that what else is reported of that first try is known as such.
    yield Run(
        """
        UPDATE outbox SET state = 'queued', not_before = :not_before, problem = :problem, code = :code,
                          provider_id = :provider_id, lease_owner = '', looks = 0, settled_at = NULL
        WHERE id = :id
        """,
        {
            "id": message.id,
            "not_before": later.not_before,
            "problem": later.problem,
            "code": later.code,
            "provider_id": report.provider_id,
        },
    )
