"""What is too old to be kept, and how it goes: by class, in slices so short that no writer waits long.

Finding and counting only read. Every slice asks for its condition again before it changes anything, so that a run may
be cut short, run twice at once, or begun again.
"""

# ruff: noqa: S608 - what is put into SQL here are this module's own texts

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from storage.events import record, withdrawing
from storage.script import Fetch, Many, Run, Script
from storage.staff import ATTEMPT

Id: TypeAlias = str | int
FORGOTTEN = "forgotten-"
"""How the event id of a message begins once the provider's own is gone; and a secret that leads nowhere any more."""


class Kept(StrEnum):
    """A class of what is kept, each with a date of its own."""

    ANSWERS = "answers"
    CONTACTS = "contacts"
    VOICE_NOTES = "voice_notes"
    WORDS_IN = "words_in"
    WORDS_OUT = "words_out"
    RECEIPTS = "receipts"
    DELIVERY = "delivery"
    REPEATS = "repeats"
    OPT_INS = "opt_ins"
    OPT_OUTS = "opt_outs"
    SESSIONS = "sessions"
    ATTEMPTS = "attempts"
    AUDIT = "audit"
    FLAGS = "flags"
    LINK_CODES = "link_codes"
    LINK_TRIES = "link_tries"
    VOLUNTEER_LINKS = "volunteer_links"
    PAGE_SECRETS = "page_secrets"


@dataclass(frozen=True, slots=True)
class Horizon:
    """Until when everything was to be kept, worked out from a policy. Times are epoch milliseconds UTC.

    `now` is when that was. `*_closed` are the surveys that closed so long ago that the class may go; `*_before` is how
    old something must be that belongs to no survey, or to one that never closed. `quiet_before`: nothing of theirs is
    still on its way.
    """

    now: int
    contacts_closed: Sequence[str]
    contacts_before: int
    voice_notes_until: int
    quiet_before: int
    words_closed: Sequence[str]
    words_unattached_before: int
    words_before: int
    receipts_before: int
    sessions_before: int
    audit_before: int
    answers_closed: Sequence[str]
    links_until: int
    page_secrets_before: int


@dataclass(frozen=True, slots=True)
class Due:
    """The rows of one class that may go: of `table` under the alias `t`, those that meet `where`."""

    kept: Kept
    table: str
    where: str
    params: Mapping[str, object]
    slice: int
    key: str = "id"
    first: Id = ""
    now: int = 0


# A contact goes when all it took part in is over, or when it was silent for very long. It stays while a message is on
# its way to it, or while it has agreed to be written to about something that is not over.
_CONTACT = """
    COALESCE(t.last_inbound_at, t.made_at) < :quiet_before
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.contact_id = t.id
        AND o.state IN ('queued', 'sending', 'unknown', 'replied')
        AND COALESCE(o.expires_at, o.not_before) >= :quiet_before)
    AND (COALESCE(t.last_inbound_at, t.made_at) < :before
        OR (EXISTS (SELECT 1 FROM conversation v WHERE v.contact_id = t.id)
            AND NOT EXISTS (SELECT 1 FROM conversation v
                WHERE v.contact_id = t.id AND v.survey NOT IN (SELECT :closed*text))
            AND (t.opted_out_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM opt_in i
                WHERE i.address_hmac = t.address_hmac AND i.given AND i.at >= :before
                AND i.survey NOT IN (SELECT :closed*text)
                AND NOT EXISTS (SELECT 1 FROM opt_in w WHERE w.address_hmac = i.address_hmac
                    AND w.survey = i.survey AND w.purpose = i.purpose AND w.id > i.id AND NOT w.given)))))"""
_WORDS_OVER = """
    (t.survey IN (SELECT :closed*text) OR (t.survey = '' AND t.{at} < :unattached_before) OR t.{at} < :before)"""
_NO_CONTACT = """t.address_hmac <> ''
    AND NOT EXISTS (SELECT 1 FROM contact c WHERE c.address_hmac = t.address_hmac)
    AND NOT EXISTS (SELECT 1 FROM contact_alias a WHERE a.address_hmac = t.address_hmac)"""
# With a retired look-up key one address has several HMACs; which entry is its newest cannot be told without it.
_NOT_ON_STOP = """
    NOT EXISTS (SELECT 1 FROM opt_out n WHERE n.address_hmac = t.address_hmac AND n.stopped
        AND NOT EXISTS (SELECT 1 FROM opt_out m WHERE m.address_hmac = n.address_hmac AND m.id > n.id))
    AND NOT EXISTS (SELECT 1 FROM data_key k WHERE k.purpose = 'lookup' AND k.retired_at IS NOT NULL)"""


# Over 50 lines: one table, a line for each class, that reads best in one piece.
def due(horizon: Horizon) -> tuple[Due, ...]:
    """Give every class, in the order in which they go."""
    h = horizon
    contacts = {"closed": h.contacts_closed, "before": h.contacts_before}
    words = {"closed": h.words_closed, "unattached_before": h.words_unattached_before, "before": h.words_before}
    heard = "(t.text <> '' OR t.choice_id <> '' OR t.reply_to <> '' OR t.media <> '' OR t.fields <> '')"
    said = "(t.text <> '' OR t.options <> '') AND t.state NOT IN ('queued', 'sending', 'unknown', 'replied')"
    receipts = {"before": h.receipts_before}
    sessions = {"before": h.sessions_before}
    audit = {"before": h.audit_before, "attempt": ATTEMPT}
    return (
        Due(Kept.ANSWERS, "response", "t.survey IN (SELECT :closed*text)", {"closed": h.answers_closed}, 25, now=h.now),
        Due(Kept.CONTACTS, "contact", _CONTACT, contacts | {"quiet_before": h.quiet_before}, 8),
        # Its own date stands in each row: it runs from when the recording was fetched.
        Due(Kept.VOICE_NOTES, "voice_note", "t.keep_until <= :until", {"until": h.voice_notes_until}, 8),
        Due(Kept.WORDS_IN, "inbound", f"{heard} AND {_WORDS_OVER.format(at='received_at')}", words, 400),
        Due(Kept.WORDS_OUT, "outbox", f"{said} AND {_WORDS_OVER.format(at='made_at')}", words, 400),
        Due(Kept.RECEIPTS, "receipt", "t.received_at < :before", receipts, 400, first=0),
        Due(
            Kept.DELIVERY,
            "outbox",
            "t.settled_at < :before AND (t.provider_id IS NOT NULL OR t.lease_owner <> '')",
            receipts,
            400,
        ),
        Due(
            Kept.REPEATS,
            "inbound",
            f"t.contact_id IS NULL AND t.received_at < :before AND t.event_id NOT LIKE '{FORGOTTEN}%'",
            receipts,
            400,
        ),
        Due(
            Kept.OPT_INS,
            "opt_in",
            f"{_NO_CONTACT} AND (t.survey IN (SELECT :closed*text) OR t.at < :before)",
            contacts,
            400,
            first=0,
        ),
        Due(
            Kept.OPT_OUTS,
            "opt_out",
            f"{_NO_CONTACT} AND t.at < :before AND {_NOT_ON_STOP}",
            {"before": h.contacts_before},
            400,
            first=0,
        ),
        Due(
            Kept.SESSIONS, "staff_session", "COALESCE(t.ended_at, t.expires_at) < :before", sessions, 400, "secret_hash"
        ),
        Due(
            Kept.ATTEMPTS,
            "audit",
            "t.at < :before AND t.action = :attempt",
            sessions | {"attempt": ATTEMPT},
            400,
            first=0,
        ),
        Due(Kept.AUDIT, "audit", "t.at < :before AND t.action <> :attempt", audit, 400, first=0),
        # One that nobody has settled stays, however old.
        Due(Kept.FLAGS, "flag", "t.closed_at < :before", {"before": h.audit_before}, 400),
        Due(Kept.LINK_CODES, "link_code", "t.expires_at <= :until", {"until": h.links_until}, 400, "code_hmac"),
        Due(Kept.LINK_TRIES, "link_try", "t.expires_at <= :until", {"until": h.links_until}, 400, first=0),
        # By cascade, the browsers that came in by one.
        Due(
            Kept.VOLUNTEER_LINKS,
            "volunteer_link",
            "COALESCE(t.ended_at, t.expires_at) < :before",
            sessions,
            400,
            "secret_hash",
        ),
        Due(
            Kept.PAGE_SECRETS,
            "entry",
            f"t.updated_at < :before AND t.secret_hash NOT LIKE '{FORGOTTEN}%'",
            {"before": h.page_secrets_before},
            400,
        ),
    )


def count(due: Due) -> Script[int]:
    """Count what may go. Only reads."""
    found = yield Fetch(f"SELECT COUNT(*) FROM {due.table} t WHERE {due.where}", due.params)
    assert found.first is not None
    return int(found.first[0])


def find(due: Due, after: Id, limit: int) -> Script[list[Id]]:
    """Find what may go, in the order of its ids, behind one. Only reads."""
    found = yield Fetch(
        f"SELECT t.{due.key} FROM {due.table} t WHERE t.{due.key} > :after AND {due.where}"
        f" ORDER BY t.{due.key} LIMIT :limit",
        {**due.params, "after": after, "limit": limit},
    )
    return [row[0] for row in found.rows]


def clear(due: Due, ids: Sequence[Id]) -> Script[int]:
    """Let one slice of a class go, contacts excepted; say how many rows went."""
    still = yield from _still_due(due, ids)
    if still and due.kept is Kept.ANSWERS:
        yield from _answers(still, due.now)
    elif still:
        yield from _CLEARING[due.kept](still)
    return len(still)


def _still_due(due: Due, ids: Sequence[Id]) -> Script[list[Id]]:
    kind = "bigint" if due.first == 0 else "text"
    found = yield Fetch(
        f"SELECT t.{due.key} FROM {due.table} t WHERE t.{due.key} IN (SELECT :ids*{kind}) AND {due.where}"
        f" ORDER BY t.{due.key} FOR UPDATE",
        {**due.params, "ids": ids},
    )
    return [row[0] for row in found.rows]


def _answers(ids: Sequence[Id], now: int) -> Script[None]:
    gone = {"ids": ids}
    happened = yield from withdrawing([str(each) for each in ids], now)
    whose = yield Fetch("SELECT DISTINCT respondent_id FROM response WHERE id IN (SELECT :ids*text)", gone)
    # The messages stay as a count without content, or the reconciliation report would take them for lost answers.
    yield Run(
        """UPDATE inbound SET filed = 'erased', response_id = NULL, question = '', text = '', choice_id = '',
            reply_to = '', media = '', fields = '' WHERE response_id IN (SELECT :ids*text)""",
        gone,
    )
    yield Run("DELETE FROM response WHERE id IN (SELECT :ids*text)", gone)  # and, by cascade, the answers
    yield Run(
        """DELETE FROM respondent WHERE id IN (SELECT :ids*text)
            AND NOT EXISTS (SELECT 1 FROM response WHERE respondent_id = respondent.id)""",
        {"ids": [row[0] for row in whose.rows]},
    )
    yield from record(happened)


def _repeats(ids: Sequence[Id]) -> Script[None]:
    yield Many(
        "UPDATE inbound SET event_id = :event, provider_at = NULL WHERE id = :id",
        [{"id": each, "event": forgotten_event()} for each in ids],
    )


def forgotten_event() -> str:
    """Make an event id that says nothing, in place of the provider's, under which its log has the sender's number."""
    return FORGOTTEN + secrets.token_hex(16)


def _each(sql: str) -> Callable[[Sequence[Id]], Script[None]]:
    def script(ids: Sequence[Id]) -> Script[None]:
        yield Run(sql, {"ids": ids})

    return script


_CLEARING: Mapping[Kept, Callable[[Sequence[Id]], Script[None]]] = {
    Kept.VOICE_NOTES: _each("DELETE FROM voice_note WHERE id IN (SELECT :ids*text)"),
    # The row and its place in the report stay.
    Kept.WORDS_IN: _each(
        """UPDATE inbound SET text = '', choice_id = '', reply_to = '', media = '', fields = ''
            WHERE id IN (SELECT :ids*text)"""
    ),
    Kept.WORDS_OUT: _each("UPDATE outbox SET text = '', options = '' WHERE id IN (SELECT :ids*text)"),
    Kept.RECEIPTS: _each("DELETE FROM receipt WHERE id IN (SELECT :ids*bigint)"),
    Kept.DELIVERY: _each("UPDATE outbox SET provider_id = NULL, lease_owner = '' WHERE id IN (SELECT :ids*text)"),
    Kept.REPEATS: _repeats,
    Kept.OPT_INS: _each("UPDATE opt_in SET address_hmac = '' WHERE id IN (SELECT :ids*bigint)"),
    Kept.OPT_OUTS: _each("UPDATE opt_out SET address_hmac = '' WHERE id IN (SELECT :ids*bigint)"),
    Kept.SESSIONS: _each("DELETE FROM staff_session WHERE secret_hash IN (SELECT :ids*text)"),
    Kept.ATTEMPTS: _each("DELETE FROM audit WHERE id IN (SELECT :ids*bigint)"),
    Kept.AUDIT: _each("DELETE FROM audit WHERE id IN (SELECT :ids*bigint)"),
    Kept.FLAGS: _each("DELETE FROM flag WHERE id IN (SELECT :ids*text)"),
    Kept.LINK_CODES: _each("DELETE FROM link_code WHERE code_hmac IN (SELECT :ids*text)"),
    Kept.LINK_TRIES: _each("DELETE FROM link_try WHERE id IN (SELECT :ids*bigint)"),
    Kept.VOLUNTEER_LINKS: _each("DELETE FROM volunteer_link WHERE secret_hash IN (SELECT :ids*text)"),
    # The row stays: it says who entered an answer for somebody.
    Kept.PAGE_SECRETS: _each(
        f"UPDATE entry SET secret_hash = '{FORGOTTEN}' || id, resume_hmac = NULL WHERE id IN (SELECT :ids*text)"
    ),
}
