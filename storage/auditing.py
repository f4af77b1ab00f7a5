"""Reading the audit log: who did what, the newest first. Tries at signing in are counted, not listed."""

from dataclasses import dataclass

from storage.script import Fetch, Script
from storage.staff import ATTEMPT, REFUSED_SIGN_IN, WRONG_PIN

_LINES = """
    SELECT id, at, who, action, detail FROM audit
    WHERE action <> :attempt AND (:who = '' OR who = :who) AND (:action = '' OR action = :action) AND id < :before
    ORDER BY id DESC LIMIT :most"""
_END = 2**62


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the audit log. `at` is epoch milliseconds UTC."""

    id: int
    at: int
    who: str
    action: str
    detail: str


@dataclass(frozen=True, slots=True)
class Choices:
    """By what the lines can be chosen: everyone who did something, and everything that was done."""

    who: tuple[str, ...]
    actions: tuple[str, ...]


def lines(who: str, action: str, before: int | None, most: int) -> Script[list[Line]]:
    """Read up to `most` lines older than one; of one person and one action where these are not empty."""
    found = yield Fetch(
        _LINES,
        {"attempt": ATTEMPT, "who": who, "action": action, "before": _END if before is None else before, "most": most},
    )
    return [Line(*row) for row in found.rows]


def choices() -> Script[Choices]:
    """Say by what the lines can be chosen."""
    who = yield Fetch("SELECT DISTINCT who FROM audit WHERE action <> :attempt ORDER BY who", {"attempt": ATTEMPT})
    actions = yield Fetch("SELECT DISTINCT action FROM audit WHERE action <> :attempt", {"attempt": ATTEMPT})
    return Choices(tuple(row[0] for row in who.rows), tuple(sorted(row[0] for row in actions.rows)))


def refused_sign_ins(since: int) -> Script[int]:
    """Count the sign-ins refused since a moment: wrong passwords and codes of staff, wrong PINs of volunteers."""
    found = yield Fetch(
        "SELECT COUNT(*) FROM audit WHERE action IN (SELECT :actions*text) AND at > :since",
        {"actions": [REFUSED_SIGN_IN, WRONG_PIN], "since": since},
    )
    assert found.first is not None
    return int(found.first[0])
