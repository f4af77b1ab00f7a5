"""What a refusal means for a message: never again, or once more later. Sends and delivery reports share it."""

from channels.base import Problem
from storage.outbox import State
from storage.settling import Ended, Later

LATER_TRY_MS = 4 * 3600 * 1000
"""A phone that was off is tried once more after so long."""

MENDED_MS = 15 * 60 * 1000
"""A reply that our own settings keep back is tried again so often, until it expires: a person mends them meanwhile."""

_OF_THE_TEXT = frozenset({"unsupported_characters"})
"""Refusals for our settings that no mending of them ends."""

_ONCE_MORE = frozenset({Problem.UNREACHABLE, Problem.TOO_FAST})


def after_refusal(
    problem: Problem, code: str, known_problem: str, now: int, *, is_reply: bool = False
) -> Ended | Later:
    """Decide what follows. `known_problem` is what the message already had its later try for, or empty.

    A resident who wrote gets their reply once our settings are right; a campaign is stopped by a person instead.
    """
    if problem is Problem.CONFIGURATION and is_reply and code not in _OF_THE_TEXT:
        return Later(now + MENDED_MS, problem, code)
    if problem in _ONCE_MORE and known_problem not in _ONCE_MORE:
        return Later(now + LATER_TRY_MS, problem, code)
    match problem:
        case Problem.OPTED_OUT:
            return Ended(problem, code, stops=True)
        case Problem.EXPIRED:
            return Ended(problem, code, State.EXPIRED)
        case _:
            return Ended(problem, code)
