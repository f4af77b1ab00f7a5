"""What a receiver makes of an event, and when it is tried again."""

from typing import Final, TypeAlias

from msgspec import Struct

_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
STEPS_MS: Final = (
    0,
    5 * _SECOND,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""How long after the last try the next one comes: ten in about 75 hours, as Standard Webhooks 1.0.0 proposes."""

LONGEST_ASKED_MS: Final = 24 * _HOUR
"""A receiver that asks for more rest than this gets this."""


class Taken(Struct, frozen=True):
    """It has arrived."""


class Refused(Struct, frozen=True):
    """The receiver objects to this event; others may go on."""

    problem: str


class Failing(Struct, frozen=True):
    """Nothing gets there just now. `rest_ms` is what the receiver asks for; one that is gone is not tried again.

    `may_be_the_event`: it broke over it, and may take others all the same.
    """

    problem: str
    rest_ms: int = 0
    is_gone: bool = False
    may_be_the_event: bool = False


Outcome: TypeAlias = Taken | Refused | Failing


def next_try(failures: int, now: int, chance: float, rest_ms: int = 0) -> int | None:
    """Say when to try again after so many failures; None when it has been long enough.

    `chance` in [0, 1) moves it by up to a tenth either way, so that not all come back at once.
    """
    if failures >= len(STEPS_MS):
        return None
    wait = round(STEPS_MS[failures] * (0.9 + chance / 5))
    return now + max(wait, min(rest_ms, LONGEST_ASKED_MS))
