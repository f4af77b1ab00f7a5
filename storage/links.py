"""One person on several channels, joined by their own act: a code got on one address and sent from another.

Joined addresses share a `person_id`, on the contacts (STOP on one holds on all) and on the respondents (the export
tells which responses are one person's). Nothing of what one address said is ever shown to another.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from storage.keys import KeyRing
from storage.script import Fetch, Run, Script

LASTS_MS: Final = 10 * 60 * 1000
"""How long a code can be used, and how long a wrong one counts against its sender."""
TRIES: Final = 5
"""How many wrong codes an address may send within that time; after that no code is looked at."""

# A code is found by its HMAC, as an address is: this stands where the channel's name does.
CODE: Final = "link code"


class Brought(NamedTuple):
    """A code that somebody brought: the sender's contact and look-up, and when (epoch milliseconds UTC)."""

    contact_id: str
    own: str
    code: str
    at: int


def offer(contact_id: str, code: str, at: int, keys: KeyRing) -> Script[None]:
    """Keep a new code for a contact, by its HMAC alone, in place of any that it had."""
    yield Run(
        "DELETE FROM link_code WHERE contact_id = :contact OR expires_at <= :now", {"contact": contact_id, "now": at}
    )
    yield Run(
        "INSERT INTO link_code (code_hmac, contact_id, expires_at) VALUES (:hmac, :contact, :until)",
        {"hmac": keys.lookup(CODE, code), "contact": contact_id, "until": at + LASTS_MS},
    )


def lead(brought: Sequence[Brought], keys: KeyRing) -> Script[dict[str, str]]:
    """Say whose codes these are: contact by contact. A code that leads nowhere counts as a try, and is left out.

    A code is held until the transaction ends and leads only one of them there, so that it can be used but once.
    """
    leads: dict[str, str] = {}
    for each in brought:
        yield Run("DELETE FROM link_try WHERE expires_at <= :now", {"now": each.at})
        tried = yield Fetch("SELECT COUNT(*) FROM link_try WHERE address_hmac = :own", {"own": each.own})
        if tried.first is not None and tried.first[0] >= TRIES:
            continue
        found = yield Fetch(
            """SELECT l.contact_id FROM link_code l JOIN contact o ON o.id = l.contact_id
               JOIN contact c ON c.id = :contact
               WHERE l.code_hmac IN (SELECT :hmacs*text) AND l.expires_at > :at AND o.id <> c.id AND o.test = c.test
               FOR UPDATE OF l""",
            {"contact": each.contact_id, "hmacs": keys.lookups(CODE, each.code), "at": each.at},
        )
        if found.first is not None and found.first[0] not in leads.values():
            leads[each.contact_id] = found.first[0]
        else:
            yield Run(
                "INSERT INTO link_try (address_hmac, expires_at) VALUES (:own, :until)",
                {"own": each.own, "until": each.at + LASTS_MS},
            )
    return leads


def join(contact_id: str, other_id: str, person_id: str, at: int) -> Script[None]:
    """Join two contacts, and all that each was joined to, as one person; use up the code of the other.

    `person_id` is a new id, for two that nobody was joined to yet. Of a shared phone only who writes there now is
    meant, not whoever else has answered from it.
    """
    both = [contact_id, other_id]
    found = yield Fetch(
        "SELECT id, person_id, opted_out_at FROM contact WHERE id IN (SELECT :contacts*text) ORDER BY id FOR UPDATE",
        {"contacts": both},
    )
    before = sorted({person for _, person, _ in found.rows if person is not None})
    if len(before) == 1 and all(person for _, person, _ in found.rows):
        yield Run("DELETE FROM link_code WHERE contact_id = :other", {"other": other_id})
        return  # joined already: a START since then has opened the one that said it
    person = before[0] if before else person_id
    values = {"person": person, "contacts": both, "before": before}
    yield Run("DELETE FROM link_code WHERE contact_id = :other", {"other": other_id})
    yield Run(
        """UPDATE contact SET person_id = :person
           WHERE id IN (SELECT :contacts*text) OR person_id IN (SELECT :before*text)""",
        values,
    )
    yield Run(
        """UPDATE respondent SET person_id = :person
           WHERE person_id IN (SELECT :before*text) OR id IN (SELECT v.respondent_id
               FROM contact c JOIN conversation v ON v.id = c.current_conversation_id
               WHERE c.id IN (SELECT :contacts*text))""",
        values,
    )
    yield from _stop_with({id: stopped_at for id, _, stopped_at in found.rows}, at)


def _stop_with(stopped: Mapping[str, int | None], at: int) -> Script[None]:
    """Whoever said STOP on one of these contacts, and not START on any since, has said it for all."""
    for id, stopped_at in stopped.items():
        since = {"contacts": list(stopped), "at": stopped_at}
        if stopped_at is not None and (yield Fetch(_STARTED_SINCE, since)).first is None:
            yield from stop_joined(id, at)


_STARTED_SINCE = """
    SELECT 1 FROM opt_out WHERE NOT stopped AND at > :at AND address_hmac IN (
        SELECT address_hmac FROM contact WHERE id IN (SELECT :contacts*text)
        UNION ALL SELECT address_hmac FROM contact_alias WHERE contact_id IN (SELECT :contacts*text)) LIMIT 1"""
_JOINED = (
    "SELECT o.id FROM contact c JOIN contact o ON o.person_id = c.person_id WHERE c.id = :contact AND o.id <> c.id"
)
_OPEN = f"id IN ({_JOINED}) AND opted_out_at IS NULL"
# Noted before the contacts are stopped, since who is on STOP already needs no second entry.
_NOTE_STOPS = f"""
    INSERT INTO opt_out (address_hmac, channel, stopped, by, at)
    SELECT address_hmac, channel, TRUE, 'linked', CAST(:at AS BIGINT) FROM contact WHERE {_OPEN}
    UNION ALL SELECT a.address_hmac, o.channel, TRUE, 'linked', CAST(:at AS BIGINT)
    FROM contact_alias a JOIN contact o ON o.id = a.contact_id
    WHERE o.id IN ({_JOINED}) AND o.opted_out_at IS NULL"""  # noqa: S608 - our own text
_STOP = f"UPDATE contact SET opted_out_at = :at WHERE {_OPEN}"  # noqa: S608 - our own text
_CANCEL = f"""
    UPDATE outbox SET state = 'cancelled', code = 'stopped', settled_at = :at
    WHERE state IN ('queued', 'sending', 'unknown') AND state = 'queued'
        AND contact_id IN ({_JOINED})"""  # noqa: S608 - our own text


def stop_joined(contact_id: str, at: int) -> Script[None]:
    """Put every contact that is joined to this one on STOP as well, silently, and let none of its codes be used."""
    stop = {"contact": contact_id, "at": at}
    yield Run("DELETE FROM link_code WHERE contact_id = :contact", stop)
    joined = yield Fetch(f"{_JOINED} ORDER BY o.id", stop)
    if joined.rows:
        yield Run(_NOTE_STOPS, stop)
        yield Run(_STOP, stop)
        yield Run(_CANCEL, stop)


def leads(code_hmacs: Sequence[str], at: int, *, test: bool) -> Script[bool]:
    """Say whether a code leads to an address now: one that does is held, with its contact, for `join_respondent`.

    A trial (`test`) leads to a trial's address alone, and nobody else to one.
    """
    found = yield Fetch(
        """SELECT 1 FROM link_code l JOIN contact c ON c.id = l.contact_id
           WHERE l.code_hmac IN (SELECT :hmacs*text) AND l.expires_at > :at AND c.test = :test FOR UPDATE""",
        {"hmacs": list(code_hmacs), "at": at, "test": test},
    )
    return found.first is not None


def join_respondent(code_hmacs: Sequence[str], respondent_id: str, person_id: str, at: int) -> Script[bool]:
    """Join whoever answers on a page, and all that they were joined to, to the person whose address a code leads to.

    The code is used up. False where it leads nowhere. `person_id` is a new id, for two that nobody was joined to yet.
    """
    found = yield Fetch(
        """SELECT l.contact_id, c.person_id FROM link_code l JOIN contact c ON c.id = l.contact_id
           WHERE l.code_hmac IN (SELECT :hmacs*text) AND l.expires_at > :at FOR UPDATE OF l""",
        {"hmacs": list(code_hmacs), "at": at},
    )
    if found.first is None:
        return False
    contact_id, theirs = found.first
    own = yield Fetch("SELECT person_id FROM respondent WHERE id = :id", {"id": respondent_id})
    before = sorted({person for person in (theirs, own.first[0] if own.first else None) if person is not None})
    person = before[0] if before else person_id
    values = {"contact": contact_id, "person": person, "respondent": respondent_id, "before": before}
    yield Run("DELETE FROM link_code WHERE contact_id = :contact", values)
    yield Run(
        "UPDATE contact SET person_id = :person WHERE id = :contact OR person_id IN (SELECT :before*text)", values
    )
    yield Run(
        """UPDATE respondent SET person_id = :person
           WHERE id = :respondent OR person_id IN (SELECT :before*text) OR id IN (
               SELECT v.respondent_id FROM contact c JOIN conversation v ON v.id = c.current_conversation_id
               WHERE c.id = :contact)""",
        values,
    )
    joined = yield Fetch(
        "SELECT id, opted_out_at FROM contact WHERE person_id = :person ORDER BY id FOR UPDATE", values
    )
    yield from _stop_with(dict(joined.rows), at)
    return True
