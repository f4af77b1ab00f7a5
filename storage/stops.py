"""Who may be written to: the STOP that a carrier reports, and what the ledgers of consent say."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.aliases import STOPPED_TOO
from storage.links import stop_joined
from storage.script import Fetch, Run, Script


def stop_by_carrier(contact_id: str, now: int) -> Script[None]:
    """Put a contact on STOP because the carrier refused our message, note it once, and cancel what waits for it.

    So is whatever is joined to it.
    """
    found = yield Fetch(
        "SELECT channel, address_hmac, opted_out_at FROM contact WHERE id = :id FOR UPDATE", {"id": contact_id}
    )
    if found.first is None:
        return
    channel, address_hmac, opted_out_at = found.first
    yield Run(
        "UPDATE contact SET opted_out_at = :at, carrier_stopped = TRUE WHERE id = :id",
        {"at": now if opted_out_at is None else opted_out_at, "id": contact_id},
    )
    if opted_out_at is None:
        entry = {"hmac": address_hmac, "channel": channel, "stopped": True, "by": "send", "at": now}
        yield Run(
            "INSERT INTO opt_out (address_hmac, channel, stopped, by, at) VALUES (:hmac, :channel, :stopped, :by, :at)",
            entry,
        )
        yield Run(STOPPED_TOO, entry | {"contact": contact_id})
        yield from stop_joined(contact_id, now)
    yield Run(
        """
        UPDATE outbox SET state = 'cancelled', code = 'stopped', settled_at = :now
        WHERE state IN ('queued', 'sending', 'unknown') AND contact_id = :id AND state = 'queued'
        """,
        {"now": now, "id": contact_id},
    )


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry of the ledgers. `survey` is empty where it holds for every survey; a STOP always does."""

    address_hmac: str
    survey: str
    given: bool
    at: int
    is_stop: bool


def ledger(address_hmacs: Sequence[str]) -> Script[list[Consent]]:
    """Read everything that these addresses (every look-up there ever was of each) said of being written to."""
    names = {"hmacs": list(address_hmacs)}
    opt_ins = yield Fetch(
        "SELECT address_hmac, survey, given, at FROM opt_in WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id",
        names,
    )
    opt_outs = yield Fetch(
        "SELECT address_hmac, stopped, at FROM opt_out WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id", names
    )
    entries = [Consent(hmac, survey, bool(given), at, is_stop=False) for hmac, survey, given, at in opt_ins.rows]
    entries += [Consent(hmac, "", not stopped, at, is_stop=True) for hmac, stopped, at in opt_outs.rows]
    return entries
