"""A sender's other addresses on the same channel, as its provider names them beside the one that wrote.

WhatsApp gives Meta's id for a resident beside the phone number, and the id alone once the number is hidden: whichever
of the two comes, it is the same contact. Only providers' word makes an alias, never a guess of ours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from storage.keys import KeyRing
from storage.links import stop_joined
from storage.script import Fetch, Many, Run, Script

# An alias leads to its contact; so does the contact's own address, where that came as an alias this time.
_LEADS_TO = """
    SELECT a.address_hmac, c.address_hmac FROM contact_alias a JOIN contact c ON c.id = a.contact_id
    WHERE a.address_hmac IN (SELECT :hmacs*text)
    UNION ALL
    SELECT c.address_hmac, c.address_hmac FROM contact c WHERE c.address_hmac IN (SELECT :hmacs*text)"""
_RECORDED = """
    SELECT address_hmac, NULL FROM contact_alias WHERE address_hmac IN (SELECT :hmacs*text)
    UNION ALL SELECT address_hmac, id FROM contact WHERE address_hmac IN (SELECT :hmacs*text)"""
_RECORD = """
    INSERT INTO contact_alias (address_hmac, contact_id, address_encrypted, key_id, made_at)
    VALUES (:hmac, :contact, :blob, :key_id, :at)
    ON CONFLICT (address_hmac) DO NOTHING"""
STOPPED_TOO = """
    INSERT INTO opt_out (address_hmac, channel, stopped, by, at)
    SELECT a.address_hmac, :channel, :stopped, :by, :at
    FROM contact_alias a WHERE a.contact_id = :contact AND a.address_hmac <> :hmac"""
"""Note a STOP or a START of a contact under every other address it is known by; `hmac` has its entry already."""

_NEWEST_WORD = "SELECT stopped, at FROM opt_out WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id DESC LIMIT 1"
# Under each address that has not heard of it: each may come back alone, once everything else is erased.
_NOTE_STOP = """
    INSERT INTO opt_out (address_hmac, channel, stopped, by, at)
    SELECT known.address_hmac, known.channel, TRUE, 'linked', CAST(:at AS BIGINT) FROM (
        SELECT address_hmac, channel FROM contact WHERE id = :contact
        UNION ALL SELECT a.address_hmac, c.channel FROM contact_alias a JOIN contact c ON c.id = a.contact_id
        WHERE a.contact_id = :contact) known
    WHERE NOT EXISTS (SELECT 1 FROM opt_out o WHERE o.address_hmac = known.address_hmac AND o.at >= :since)"""


def leads_to(hmacs: Sequence[str]) -> Script[Mapping[str, str]]:
    """Say, of each of these look-ups that anybody is known by, the look-up of that contact's own address."""
    return dict((yield Fetch(_LEADS_TO, {"hmacs": list(hmacs)})).rows)


def record(met: Sequence[tuple[str, str, str, int]], keys: KeyRing) -> Script[list[tuple[str, str, int]]]:
    """Record addresses that are not recorded yet: contact id, channel, address, and when it was heard, of each.

    An address that has a contact of its own already, from before the provider named the two together, is not recorded:
    give these pairs of contacts, which are one person's, with when that was heard.
    """
    lookups = [keys.lookups(channel, address) for _, channel, address, _ in met]
    known = yield Fetch(_RECORDED, {"hmacs": [hmac for each in lookups for hmac in each]})
    there: dict[str, str | None] = dict(known.rows)
    rows: dict[str, dict[str, Any]] = {}
    new: list[tuple[str, list[str], int]] = []
    pairs = []
    for hmacs, (contact_id, _, address, at) in zip(lookups, met, strict=True):
        pairs += [(contact_id, other, at) for hmac in hmacs if (other := there.get(hmac))]
        if there.keys().isdisjoint(hmacs):
            blob = keys.encrypt(address, contact_id)
            row = {"hmac": hmacs[0], "contact": contact_id, "blob": blob, "key_id": keys.current_key_id, "at": at}
            rows[hmacs[0]] = row
            new.append((contact_id, hmacs, at))
    if rows:
        yield Many(_RECORD, [rows[hmac] for hmac in sorted(rows)])
    for contact_id, hmacs, at in new:
        yield from _bring_stop(contact_id, hmacs, at)
    return pairs


def _bring_stop(contact_id: str, hmacs: Sequence[str], at: int) -> Script[None]:
    """Let a STOP that was said under a new address hold for its contact, and the contact's own for that address."""
    found = yield Fetch("SELECT address_hmac, opted_out_at FROM contact WHERE id = :id", {"id": contact_id})
    if found.first is None:
        return
    own, since = found.first
    if since is None:
        stopped, since = (yield Fetch(_NEWEST_WORD, {"hmacs": list(hmacs)})).first or (False, 0)
        closed, last = (yield Fetch(_NEWEST_WORD, {"hmacs": [own]})).first or (True, 0)
        if not stopped or (not closed and last > since):
            return
        yield Run("UPDATE contact SET opted_out_at = :at WHERE id = :id", {"at": at, "id": contact_id})
        yield from stop_joined(contact_id, at)
    yield Run(_NOTE_STOP, {"contact": contact_id, "since": since, "at": at})
