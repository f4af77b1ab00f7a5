"""What a refusal means for a message: never again, or once more later. Sends and delivery reports share it."""

from channels.base import Problem
from storage.outbox import State
from storage.settling import Ended, Later

LATER_TRY_MS = 4 * 3600 * 1000
"""A phone that was off is tried once more after so long."""

_ONCE_MORE = frozenset({Problem.UNREACHABLE, Problem.TOO_FAST})


def after_refusal(problem: Problem, code: str, known_problem: str, now: int) -> Ended | Later:
    """Decide what follows. `known_problem` is what the message already had its later try for, or empty."""
    if problem in _ONCE_MORE and known_problem not in _ONCE_MORE:
        return Later(now + LATER_TRY_MS, problem, code)
    match problem:
        case Problem.OPTED_OUT:
            return Ended(problem, code, stops=True)
        case Problem.EXPIRED:
            return Ended(problem, code, State.EXPIRED)
        case _:
            return Ended(problem, code)
