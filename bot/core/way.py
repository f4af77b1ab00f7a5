"""The way through a survey for one resident: the questions that apply to them by now, in order, and their numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.state import AnswerState, Given
from bot.core.survey import Question, Role

CORE_ROLES = (Role.OPEN, Role.CLOSED)
"""Questions of the survey proper; the others (about you, may we text you) are counted after them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands: the "2/8" before it."""

    number: int
    of: int

    def __str__(self) -> str:
        """Write it as residents see it."""
        return f"{self.number}/{self.of}"


class Way:
    """Questions and notes that apply, in order, and what number each question has.

    The survey proper goes up to its last core question (`proper` questions); those that come after count on.
    """

    __slots__ = ("asked", "core", "names", "places", "proper", "questions")

    def __init__(self, questions: Iterable[Question]) -> None:
        self.questions = tuple(questions)
        self.asked = tuple(q for q in self.questions if q.is_asked)
        self.names = frozenset(q.name for q in self.questions)
        self.core = tuple(q.name for q in self.asked if q.role in CORE_ROLES)
        self.proper = max((number for number, q in enumerate(self.asked, 1) if q.role in CORE_ROLES), default=0)
        of_all = len(self.asked)
        self.places: Mapping[str, Place] = {
            q.name: Place(number, self.proper if number <= self.proper else of_all)
            for number, q in enumerate(self.asked, 1)
        }

    def place(self, name: str) -> Place:
        """Say where a question stands; one that no longer applies stands at the end."""
        last = max(len(self.places), 1)
        return self.places.get(name) or Place(last, last)

    def progress(self, given: Mapping[str, Given]) -> tuple[int, int]:
        """Count the core questions that are answered, and those that apply."""
        answered = 0
        for name in self.core:
            one = given.get(name)
            if one is not None and one.state is AnswerState.ANSWERED:
                answered += 1
        return answered, len(self.core)
