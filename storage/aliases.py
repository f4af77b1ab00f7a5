"""A sender's other addresses on the same channel, as its provider names them beside the one that wrote.

WhatsApp gives Meta's id for a resident beside the phone number, and the id alone once the number is hidden: whichever
of the two comes, it is the same contact. Only providers' word makes an alias, never a guess of ours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from storage.keys import KeyRing
from storage.script import Fetch, Many, Script

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
    pairs = []
    for hmacs, (contact_id, _, address, at) in zip(lookups, met, strict=True):
        pairs += [(contact_id, other, at) for hmac in hmacs if (other := there.get(hmac))]
        if there.keys().isdisjoint(hmacs):
            blob = keys.encrypt(address, contact_id)
            row = {"hmac": hmacs[0], "contact": contact_id, "blob": blob, "key_id": keys.current_key_id, "at": at}
            rows[hmacs[0]] = row
    if rows:
        yield Many(_RECORD, [rows[hmac] for hmac in sorted(rows)])
    return pairs
