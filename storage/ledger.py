"""Who said STOP or START, and whom we erased: reading it for the ledger kept outside, and replaying that one.

A backup knows nothing of what came after it. So these entries also stand in a file outside the database
(`bot.service.suppression`), and a database that is older than its file gets what it lacks from there. An entry names an
address by its keyed HMAC alone.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from storage.erasure import IMPORTED, erase_contact, erase_imported
from storage.events import Happened, record
from storage.inbound import KEEP
from storage.installation import note_down, noted
from storage.script import Fetch, Many, Run, Script
from storage.turns import Arrived

HELD: Final = "held"
"""Under this name `installation` keeps what a restored database awaits; while it is there, nothing is sent."""

RESTORED: Final = "restored"
"""The code of a message that may have been sent between the backup and the restore."""

IS_HELD: Final = "SELECT 1 FROM installation WHERE name = 'held'"


Event: TypeAlias = tuple["What", str, str, int]
"""What makes an entry the same in another database: what it says, the channel, the HMAC, and when."""


class What(StrEnum):
    """What an entry says."""

    STOP = "stop"
    START = "start"
    ERASED = "erased"


class Entry(Struct, frozen=True):
    """One entry. `id` is its row's in its own table, `at` epoch milliseconds UTC, `by` who said it (not of ERASED).

    Of an imported response that was erased, `channel` names the survey behind `IMPORTED`, and `hmac` is its id.
    `key` is the newest look-up key when it was read: without that key nobody can be recognised by the HMAC.
    """

    id: int
    what: What
    channel: str
    hmac: str
    at: int
    by: str = ""
    key: int = 0

    @property
    def event(self) -> Event:
        """What makes it the same entry in another database, where its row has another id."""
        return self.what, self.channel, self.hmac, self.at


class Held(Struct, frozen=True):
    """What a restored database awaits: since when, and the STOPs and STARTs that it does not know yet, oldest first.

    `as_of` is when the backup was made, where that is known. Times are epoch milliseconds UTC.
    """

    since: int
    pending: tuple[Entry, ...] = ()
    as_of: int | None = None


_OPT_OUTS = """
    SELECT id, stopped, channel, address_hmac, at, by FROM opt_out
    WHERE id > :after AND address_hmac <> '' ORDER BY id"""
_ERASURES = "SELECT id, channel, address_hmac, at FROM erasure WHERE id > :after ORDER BY id"
_KEY = "SELECT COALESCE(MAX(id), 0) FROM data_key WHERE purpose = 'lookup'"


def entries(after_opt_out: int = 0, after_erasure: int = 0) -> Script[list[Entry]]:
    """Read every entry whose row has a higher id, in the order in which they were made. Only reads.

    On PostgreSQL a row may become visible after one with a higher id: ask again from somewhat lower.
    """
    key = yield from newest_key()
    opt_outs = yield Fetch(_OPT_OUTS, {"after": after_opt_out})
    erasures = yield Fetch(_ERASURES, {"after": after_erasure})
    found = [
        Entry(id, What.STOP if stopped else What.START, channel, hmac, at, by, key)
        for id, stopped, channel, hmac, at, by in opt_outs.rows
    ]
    found += [Entry(id, What.ERASED, channel, hmac, at, key=key) for id, channel, hmac, at in erasures.rows]
    return sorted(found, key=lambda entry: entry.at)


def newest_key() -> Script[int]:
    """Give the id of the newest look-up key; 0 before there is one. Only reads."""
    found = yield Fetch(_KEY)
    return int(found.first[0]) if found.first else 0


def let_go(asked: Sequence[Entry]) -> Script[set[int]]:
    """Say which of these STOPs and STARTs are known but no longer say whose: give their ids. Only reads."""
    times = {entry.id: entry.at for entry in asked if entry.what is not What.ERASED}
    found = yield Fetch(
        "SELECT id, at FROM opt_out WHERE id IN (SELECT :ids*bigint) AND address_hmac = ''", {"ids": list(times)}
    )
    return {id for id, at in found.rows if times[id] == at}


def forget_erasures(before: int) -> Script[int]:
    """Forget erasures that are older than any backup worth restoring; say how many."""
    gone = yield Run("DELETE FROM erasure WHERE at < :before", {"before": before})
    return gone.count


def held() -> Script[Held | None]:
    """Say what the database awaits, if it was restored and has not caught up yet. Only reads."""
    value = yield from noted(HELD)
    return None if value is None else msgspec.json.decode(value, type=Held)


# What was under way may have been sent since; and a message that stood in the queue too, unless it was for later.
_HOLD = """
    UPDATE outbox SET state = CASE WHEN state = 'replied' THEN 'replied' ELSE 'unknown' END, code = 'restored',
        looks = 0, lease_until = :now
    WHERE state IN ('queued', 'sending', 'unknown', 'replied') AND (state <> 'queued' OR not_before <= :now)"""


def hold(lacking: Iterable[Entry], now: int, as_of: int | None = None) -> Script[Held]:
    """Hold everything that may have been sent since, and bring in what an older database lacks of the ledger.

    Erasures are carried out at once. STOPs and STARTs wait for `apply`, so that they can come between the texts that
    the provider still has, as they did. May be run again.
    """
    already = yield from held()
    if already is None:
        yield Run(_HOLD, {"now": now})
        already = Held(now, as_of=as_of)
    waiting = {entry.event: entry for entry in already.pending}
    happened: list[Happened] = []
    for entry in sorted(lacking, key=lambda entry: entry.at):
        if entry.what is What.ERASED:
            happened += yield from _erase(entry)
        else:
            waiting.setdefault(entry.event, entry)
    pending = tuple(sorted(waiting.values(), key=lambda entry: entry.at))
    holding = Held(already.since, pending, already.as_of)
    yield from note_down(HELD, msgspec.json.encode(holding).decode())
    yield from record(happened)
    return holding


# An address that led to the same contact has been remembered with it.
_REMEMBER = """
    INSERT INTO erasure (address_hmac, channel, at)
    SELECT CAST(:hmac AS TEXT), CAST(:channel AS TEXT), CAST(:at AS BIGINT)
    WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE address_hmac = :hmac AND channel = :channel AND at = :at)"""


def _erase(entry: Entry) -> Script[list[Happened]]:
    if entry.channel.startswith(IMPORTED):
        return (yield from erase_imported(entry.hmac, entry.channel.removeprefix(IMPORTED), entry.at))
    address = {"hmac": entry.hmac, "channel": entry.channel, "at": entry.at}
    found = yield Fetch("SELECT id FROM contact WHERE address_hmac = :hmac AND channel = :channel", address)
    if found.first is not None:
        return (yield from erase_contact(found.first[0], entry.at))
    yield Run(_REMEMBER, address)
    return []


# While one process changes what is awaited, no other does.
_AWAITED = "SELECT 1 FROM installation WHERE name = 'held' FOR UPDATE"
_THERE = """
    SELECT 1 FROM opt_out WHERE address_hmac = :hmac AND channel = :channel AND stopped = :stopped AND at = :at"""
_LATER = """
    SELECT stopped, by, at FROM opt_out WHERE address_hmac = :hmac AND channel = :channel AND at > :at
    ORDER BY at DESC, id DESC LIMIT 1"""
_ENTER = "INSERT INTO opt_out (address_hmac, channel, stopped, by, at) VALUES (:hmac, :channel, :stopped, :by, :at)"
_LET_HOLD = """
    UPDATE contact SET opted_out_at = CAST(:opted_out_at AS BIGINT), carrier_stopped = :by_carrier
    WHERE address_hmac = :hmac AND channel = :channel"""


def apply(entry: Entry) -> Script[None]:
    """Let one STOP or START of the ledger hold here, unless a later word has been taken in; do nothing if not held.

    What has been applied once is not again, however often and by whichever process: what came since has changed it.
    """
    if (yield Fetch(_AWAITED)).first is None:
        return
    stopped = entry.what is What.STOP
    values = {"hmac": entry.hmac, "channel": entry.channel, "stopped": stopped, "by": entry.by, "at": entry.at}
    if (yield Fetch(_THERE, values)).first is not None:
        return
    yield Run(_ENTER, values)
    later = (yield Fetch(_LATER, values)).first
    if later is not None:
        # Once more, at the end: whoever reads the newest word goes by the order of the rows.
        yield Run(_ENTER, values | dict(zip(("stopped", "by", "at"), later, strict=True)))
        return
    by_carrier = stopped and entry.by in ("carrier", "send")
    yield Run(_LET_HOLD, values | {"opted_out_at": entry.at if stopped else None, "by_carrier": by_carrier})


def erased_at(hmacs: Sequence[str]) -> Script[int | None]:
    """Say when one of these look-ups was last erased. Only reads."""
    found = yield Fetch(
        "SELECT MAX(at) FROM erasure WHERE address_hmac IN (SELECT :hmacs*text)", {"hmacs": list(hmacs)}
    )
    return found.first[0] if found.first else None


def keep_erased(arrived: Arrived) -> Script[None]:
    """Keep of a message that its sender has erased since no more than that it came, as erasing it would have."""
    wordless = msgspec.structs.replace(arrived, text="", choice_id="", reply_to="", media="", fields="")
    yield Run(KEEP, msgspec.structs.asdict(wordless))
    yield Run("UPDATE inbound SET filed = 'erased' WHERE id = :id", {"id": arrived.id})


# A reply to a text that came before the restore may have been sent then; it is looked for from that text on.
_DOUBT = """
    UPDATE outbox SET state = 'unknown', code = 'restored', looks = 0, lease_until = :now,
        not_before = COALESCE((SELECT i.provider_at FROM inbound i WHERE i.id = outbox.inbound_id), not_before)
    WHERE state IN ('queued', 'sending', 'unknown') AND state = 'queued' AND not_before <= :now
        AND NOT EXISTS (SELECT 1 FROM inbound i WHERE i.id = outbox.inbound_id AND i.provider_at > :since)"""


_STATES = """
    SELECT v.id, v.state FROM conversation v JOIN contact c ON c.id = v.contact_id
    WHERE v.id > :after AND c.channel NOT IN (SELECT :heard*text) ORDER BY v.id LIMIT 500"""


def release(since: int, now: int, heard: Sequence[str], lose_sight: Callable[[str], str]) -> Script[bool]:
    """Hold nothing back any more; say whether anything was held.

    What was queued meanwhile is looked for at the provider before it is sent. `heard` names the channels of which every
    text is known; a conversation by any other gets the state that `lose_sight` makes of its own (JSON text both).
    """
    if (yield Fetch(_AWAITED)).first is None:
        return False
    after = ""
    while states := (yield Fetch(_STATES, {"after": after, "heard": list(heard)})).rows:
        after = states[-1][0]
        changed = [{"id": id, "state": new} for id, state in states if (new := lose_sight(state)) != state]
        if changed:
            yield Many("UPDATE conversation SET state = :state WHERE id = :id", changed)
    yield Run(_DOUBT, {"since": since, "now": now})
    yield Run("DELETE FROM installation WHERE name = 'held'")
    return True
