"""The rows of `flag`: messages that speak of danger, for the safeguarding role alone. Every step is in the audit log.

A flag has no words of its own: they stand where the message's words stand, and go when those go. What was done about
it stays. The rule of alerts: at least one, and again until somebody has opened it.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from storage.script import Fetch, Row, Run, Script
from storage.staff import note
from storage.transcribing import Hand

SHOWN_AT_ONCE = 100
"""Flags that one list shows, those without an outcome first."""
GRANTED_MS = 24 * 60 * 60 * 1000
"""How long a granted address may be looked at."""

_DUE = """
    SELECT id FROM flag WHERE opened_at IS NULL AND alert_at <= :now AND (:test OR NOT test)
    ORDER BY alert_at, id LIMIT 1000 FOR UPDATE SKIP LOCKED"""
_PUT_OFF = "UPDATE flag SET alert_at = :at WHERE id IN (SELECT :ids*text)"
_SENT = """
    UPDATE flag SET alert_at = :at, alerts = alerts + 1, alert_problem = :problem
    WHERE id IN (SELECT :ids*text) AND opened_at IS NULL"""
_FAILED = "UPDATE flag SET alert_problem = :problem WHERE id IN (SELECT :ids*text)"
_COUNT = "SELECT COUNT(*) FROM flag WHERE closed_at IS NULL AND (:test OR NOT test)"
_LIST = """
    SELECT f.id, f.flagged_at, i.channel, i.survey, f.opened_at, f.acknowledged_at,
        CASE WHEN f.asked_at IS NOT NULL AND f.granted_at IS NULL THEN 1 ELSE 0 END, f.closed_at, f.outcome
    FROM flag f JOIN inbound i ON i.id = f.id WHERE (:test OR NOT f.test)
    ORDER BY CASE WHEN f.closed_at IS NULL THEN 0 ELSE 1 END,
        CASE WHEN f.closed_at IS NULL THEN f.flagged_at ELSE -f.closed_at END, f.id LIMIT :most"""
_ONE = """
    SELECT f.id, f.flagged_at, i.channel, i.survey, i.filed, i.received_at, i.text, i.contact_id, f.calmed,
        f.opened_at, f.acknowledged_at, f.acknowledged_by, f.asked_at, f.asked_by, f.reason, f.granted_at, f.closed_at,
        f.closed_by, f.outcome, f.note, c.opted_out_at, COALESCE(r.language, c.language),
        CASE WHEN EXISTS (SELECT 1 FROM voice_note v WHERE v.id = f.id) THEN 1 ELSE 0 END,
        CASE WHEN i.provider = 'web' THEN 1 ELSE 0 END, e.entered_by, g.name
    FROM flag f JOIN inbound i ON i.id = f.id LEFT JOIN contact c ON c.id = i.contact_id
    LEFT JOIN response r ON r.id = i.response_id LEFT JOIN entry e ON e.response_id = r.id
    LEFT JOIN campaign g ON g.id = r.campaign WHERE f.id = :id AND (:test OR NOT f.test)"""
_WRITTEN_DOWN = "SELECT said FROM answer WHERE inbound_id = :id AND said IS NOT NULL ORDER BY id DESC LIMIT 1"
_NAMES = "SELECT id, name FROM staff WHERE id IN (SELECT :ids*text)"
_ADDRESS = """
    SELECT c.id, c.address_encrypted, c.key_id FROM flag f JOIN inbound i ON i.id = f.id
    JOIN contact c ON c.id = i.contact_id WHERE f.id = :id AND f.granted_at > :since"""
_FAILING = "SELECT COUNT(*), MAX(alert_problem) FROM flag WHERE opened_at IS NULL AND alert_problem <> '' AND NOT test"


class Outcome(StrEnum):
    """What came of a flag, as the lead decides."""

    PASSED_ON = "passed_on"  # to those whose task it is
    CONTACTED = "contacted"  # somebody has spoken to the resident
    NO_DANGER = "no_danger"  # read, and nothing that calls for more
    CANNOT_ACT = "cannot_act"  # no words and no way to find who wrote


class Listed(Struct, frozen=True):
    """One flag as the list shows it: no words, nothing of who wrote. Times are epoch milliseconds UTC."""

    id: str
    flagged_at: int
    channel: str
    survey: str
    opened_at: int | None
    acknowledged_at: int | None
    is_asking: bool
    closed_at: int | None
    outcome: str


class Flag(Struct, frozen=True):
    """One flag, opened. `words` are the resident's own, empty where they are gone or were spoken and not written down.

    `asked_by` is the id of whoever asked for the address, `asked_name` their name; nobody has asked once a day has
    passed since it was granted, so that it can be asked for anew. `can_be_found` says that the message still leads to
    an address. What was written on a page (`is_page`) never had one: `entered_by` is who entered it for somebody, and
    `campaign` the name of the one that they came by.
    """

    id: str
    flagged_at: int
    channel: str
    survey: str
    filed: str
    received_at: int
    words: str
    can_be_found: bool
    was_calmed: bool
    opened_at: int | None
    acknowledged_at: int | None
    acknowledged_name: str
    asked_at: int | None
    asked_by: str
    asked_name: str
    reason: str
    granted_at: int | None
    closed_at: int | None
    closed_name: str
    outcome: str
    note: str
    is_stopped: bool
    language: str
    is_spoken: bool
    is_page: bool
    entered_by: str
    campaign: str

    def __repr__(self) -> str:
        """Name the flag, never the words."""
        return f"Flag({self.id})"


class Sealed(Struct, frozen=True):
    """A contact's address, as it is kept."""

    contact_id: str
    address_encrypted: bytes
    key_id: int


def claim(now: int, lease_until: int, *, include_test: bool) -> Script[list[str]]:
    """Take the flags of which the lead must be told now. What is not marked as sent comes again after the lease."""
    ids = [row[0] for row in (yield Fetch(_DUE, {"now": now, "test": include_test})).rows]
    if ids:
        yield Run(_PUT_OFF, {"ids": ids, "at": lease_until})
    return ids


def told(ids: list[str], again_at: int, problem: str) -> Script[None]:
    """Note that the lead was told of these; when again, should nobody open them; and what is wrong with another way."""
    yield Run(_SENT, {"ids": ids, "at": again_at, "problem": problem})


def not_told(ids: list[str], problem: str) -> Script[None]:
    """Note why the lead could not be told; the lease says when it is tried again."""
    yield Run(_FAILED, {"ids": ids, "problem": problem})


def failing() -> Script[tuple[int, str]]:
    """Count the unopened flags of which the lead could not be told, and say why for one of them."""
    found = (yield Fetch(_FAILING)).first
    assert found is not None
    return int(found[0]), found[1] or ""


def listed(hand: Hand, now: int, *, include_test: bool) -> Script[tuple[int, list[Listed]]]:
    """Count the flags without an outcome, and list them, the oldest first; then those that have one."""
    count = (yield Fetch(_COUNT, {"test": include_test})).first
    assert count is not None
    rows = (yield Fetch(_LIST, {"test": include_test, "most": SHOWN_AT_ONCE})).rows
    yield from note(now, hand.name, "safeguarding list seen", f"{len(rows)} flags")
    return int(count[0]), [_listed(row) for row in rows]


def _listed(row: Row) -> Listed:
    return Listed(
        id=row[0],
        flagged_at=row[1],
        channel=row[2],
        survey=row[3],
        opened_at=row[4],
        acknowledged_at=row[5],
        is_asking=bool(row[6]),
        closed_at=row[7],
        outcome=row[8],
    )


def open_flag(flag_id: str, hand: Hand, now: int, *, include_test: bool) -> Script[Flag | None]:
    """Open a flag, which ends its alerts; None where there is none. Every look is in the audit log."""
    yield Run(
        """UPDATE flag SET opened_at = :now, opened_by = :by
            WHERE id = :id AND opened_at IS NULL AND (:test OR NOT test)""",
        {"id": flag_id, "now": now, "by": hand.staff_id, "test": include_test},
    )
    row = (yield Fetch(_ONE, {"id": flag_id, "test": include_test})).first
    if row is None:
        return None
    written = (yield Fetch(_WRITTEN_DOWN, {"id": flag_id})).first if row[22] else None
    names: dict[str, str] = dict((yield Fetch(_NAMES, {"ids": [row[11], row[13], row[17]]})).rows)
    yield from note(now, hand.name, "safeguarding flag opened", flag_id)
    return _flag(row, written[0] if written else "", names, now)


def _flag(row: Row, written: str, names: Mapping[str, str], now: int) -> Flag:
    is_over = row[15] is not None and row[15] <= now - GRANTED_MS
    return Flag(
        id=row[0],
        flagged_at=row[1],
        channel=row[2],
        survey=row[3],
        filed=row[4],
        received_at=row[5],
        words=row[6] or written,
        can_be_found=row[7] is not None,
        was_calmed=bool(row[8]),
        opened_at=row[9],
        acknowledged_at=row[10],
        acknowledged_name=names.get(row[11], ""),
        asked_at=None if is_over else row[12],
        asked_by=row[13],
        asked_name=names.get(row[13], ""),
        reason=row[14],
        granted_at=None if is_over else row[15],
        closed_at=row[16],
        closed_name=names.get(row[17], ""),
        outcome=row[18],
        note=row[19],
        is_stopped=row[20] is not None,
        language=row[21] or "",
        is_spoken=bool(row[22]),
        is_page=bool(row[23]),
        entered_by=row[24] or "",
        campaign=row[25] or "",
    )


def acknowledge(flag_id: str, hand: Hand, now: int) -> Script[bool]:
    """Note that somebody sees to it; False where that was done already."""
    return (
        yield from _change(
            "UPDATE flag SET acknowledged_at = :now, acknowledged_by = :by WHERE id = :id AND acknowledged_at IS NULL",
            {"id": flag_id, "now": now, "by": hand.staff_id},
            hand,
            "safeguarding flag acknowledged",
        )
    )


def conclude(flag_id: str, outcome: Outcome, note: str, hand: Hand, now: int, *, seen: int | None) -> Script[bool]:
    """Write down what came of it. It replaces the outcome of `seen`, the one that the writer has read; None for none.

    False where there is no such flag, or somebody has written another since: nobody's note goes unread.
    """
    return (
        yield from _change(
            """UPDATE flag SET closed_at = :now, closed_by = :by, outcome = :outcome, note = :note,
                acknowledged_at = COALESCE(acknowledged_at, :now),
                acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN :by ELSE acknowledged_by END
                WHERE id = :id AND COALESCE(closed_at, 0) = :seen""",
            {
                "id": flag_id,
                "now": now,
                "by": hand.staff_id,
                "outcome": outcome.value,
                "note": note,
                "seen": seen or 0,
            },
            hand,
            f"safeguarding outcome {outcome}",
        )
    )


def ask(flag_id: str, reason: str, hand: Hand, now: int) -> Script[bool]:
    """Ask for the address, with a reason. A new request takes back what was granted before."""
    return (
        yield from _change(
            """UPDATE flag SET asked_at = :now, asked_by = :by, reason = :reason, granted_at = NULL, granted_by = ''
                WHERE id = :id""",
            {"id": flag_id, "now": now, "by": hand.staff_id, "reason": reason},
            hand,
            "safeguarding address asked for",
        )
    )


def grant(flag_id: str, hand: Hand, now: int, *, seen: int) -> Script[bool]:
    """Grant what was asked for at `seen`: somebody else than who asked. False where it cannot be.

    Who has asked again since, or another, gives another reason: that must be read first.
    """
    return (
        yield from _change(
            """UPDATE flag SET granted_at = :now, granted_by = :by
                WHERE id = :id AND asked_at = :seen AND asked_by <> :by AND granted_at IS NULL""",
            {"id": flag_id, "now": now, "by": hand.staff_id, "seen": seen},
            hand,
            "safeguarding address granted",
        )
    )


def address(flag_id: str, hand: Hand, now: int) -> Script[Sealed | None]:
    """Read the address of a flag for which that was granted within a day; the look is in the audit log."""
    row = (yield Fetch(_ADDRESS, {"id": flag_id, "since": now - GRANTED_MS})).first
    if row is None:
        return None
    yield from note(now, hand.name, "safeguarding address seen", flag_id)
    return Sealed(row[0], bytes(row[1]), row[2])


def _change(sql: str, params: dict[str, object], hand: Hand, action: str) -> Script[bool]:
    changed = yield Run(sql, params)
    if changed.count == 1:
        assert isinstance(params["now"], int)
        yield from note(params["now"], hand.name, action, str(params["id"]))
    return changed.count == 1
