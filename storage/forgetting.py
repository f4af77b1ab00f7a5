"""Forget who answered and keep what was said: contacts go, with everything that leads from an answer to a number.

What could lead there: the contact and its conversations; the ledgers' HMACs, by their times; the provider's ids, under
which its own log has the number. After this only STOP leaves a trace, which no time ties to a response.
"""

# ruff: noqa: S608 - what is put into SQL here are other modules' own texts

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.keys import KeyRing
from storage.retention import Due, Id, forgotten_event
from storage.script import Fetch, Many, Run, Script

# What is known of a response's end beyond its answers: when STOP came is also in the ledger, to the millisecond.
_RESPONSES = """
    UPDATE response SET last_inbound_at = COALESCE(last_answer_at, started_at),
        stopped_at = CASE WHEN stopped_at IS NULL THEN NULL ELSE COALESCE(last_answer_at, started_at) END
    WHERE id IN (SELECT v.response_id FROM conversation v WHERE v.contact_id IN (SELECT :contacts*text))"""
_RECEIPTS = """
    DELETE FROM receipt
    WHERE outbox_id IN (SELECT o.id FROM outbox o WHERE o.contact_id IN (SELECT :contacts*text))"""
_TEXTS_IN = "SELECT id FROM inbound WHERE contact_id IN (SELECT :contacts*text) ORDER BY id"
_TEXT_IN = """
    UPDATE inbound SET contact_id = NULL, event_id = :event, provider_at = NULL, reply_to = '', fields = ''
    WHERE id = :id"""
_TEXTS_OUT = """
    UPDATE outbox SET contact_id = NULL, provider_id = NULL, idempotency_key = NULL, problem = '', lease_owner = '',
        state = CASE WHEN state IN ('queued', 'sending', 'unknown', 'replied') THEN 'cancelled' ELSE state END
    WHERE contact_id IN (SELECT :contacts*text)"""
_ALIASES = """
    SELECT contact_id, address_encrypted, key_id FROM contact_alias
    WHERE contact_id IN (SELECT :contacts*text) ORDER BY address_hmac"""
_NEWEST = "SELECT address_hmac, id, stopped, by, at FROM opt_out WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id"
_STOP = "INSERT INTO opt_out (address_hmac, channel, stopped, by, at) VALUES (:hmac, :channel, TRUE, :by, :at)"


@dataclass(frozen=True, slots=True)
class _Leaving:
    """One contact on its way out, with the look-ups of each of its addresses under every key, the current first."""

    id: str
    channel: str
    addresses: Sequence[Sequence[str]]
    opted_out_at: int | None
    carrier_stopped: bool


def forget_contacts(due: Due, ids: Sequence[Id], keys: KeyRing) -> Script[int]:
    """Let these contacts go if they still may; say how many went. Raises UnknownKey after keys were rotated."""
    found = yield Fetch(
        "SELECT t.id, t.channel, t.address_encrypted, t.key_id, t.opted_out_at, t.carrier_stopped FROM contact t"
        f" WHERE t.id IN (SELECT :ids*text) AND {due.where} ORDER BY t.id FOR UPDATE",
        {**due.params, "ids": ids},
    )
    others: dict[str, list[tuple[bytes, int]]] = {row[0]: [] for row in found.rows}
    for id, blob, key_id in (yield Fetch(_ALIASES, {"contacts": list(others)})).rows:
        others[id].append((blob, key_id))
    leaving = [
        _Leaving(
            id,
            channel,
            [keys.lookups(channel, keys.decrypt(bytes(blob), id, key)) for blob, key in ((own, key_id), *others[id])],
            at,
            bool(by_carrier),
        )
        for id, channel, own, key_id, at, by_carrier in found.rows
    ]
    if not leaving:
        return 0
    contacts = {"contacts": [contact.id for contact in leaving]}
    yield Run(_RESPONSES, contacts)
    yield Run(_RECEIPTS, contacts)
    texts = yield Fetch(_TEXTS_IN, contacts)
    yield Many(_TEXT_IN, [{"id": row[0], "event": forgotten_event()} for row in texts.rows])
    yield Run(_TEXTS_OUT, contacts)
    yield Run(
        "DELETE FROM contact WHERE id IN (SELECT :contacts*text)", contacts
    )  # by cascade, its conversations and aliases
    yield from _leave_only_stop(leaving)
    return len(leaving)


def _leave_only_stop(leaving: Sequence[_Leaving]) -> Script[None]:
    """Take the HMAC from every ledger entry of these, and add one per address of each on STOP: STOP holds for ever.

    The new entry knows the month alone, and the entries come in the order of their HMACs, so that neither time nor
    place tells which response it belongs to.
    """
    every = {"hmacs": [hmac for contact in leaving for address in contact.addresses for hmac in address]}
    newest = {hmac: entry for hmac, *entry in (yield Fetch(_NEWEST, every)).rows}
    yield Run("UPDATE opt_in SET address_hmac = '' WHERE address_hmac IN (SELECT :hmacs*text)", every)
    yield Run("UPDATE opt_out SET address_hmac = '' WHERE address_hmac IN (SELECT :hmacs*text)", every)
    stops = []
    for contact in leaving:
        entries = sorted(newest[hmac] for address in contact.addresses for hmac in address if hmac in newest)
        _, stopped, by, at = entries[-1] if entries else (0, False, "", 0)
        if contact.opted_out_at is not None:
            stopped, at = True, at if stopped else contact.opted_out_at
            by = "carrier" if contact.carrier_stopped else by or "text"
        if stopped:
            stop = {"channel": contact.channel, "by": by, "at": _month(at)}
            stops += [stop | {"hmac": address[0]} for address in contact.addresses]
    yield Many(_STOP, sorted(stops, key=lambda stop: stop["hmac"]))


def _month(at: int) -> int:
    """Give the beginning of a moment's month, UTC."""
    began = datetime.fromtimestamp(at / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(began.timestamp() * 1000)
