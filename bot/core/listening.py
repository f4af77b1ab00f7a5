"""What a text sounds like: the door to `bot.language`, which is handed in, so that the core knows no statistics."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Action(StrEnum):
    """What a listener makes of a text."""

    STAY = "stay"
    ASK = "ask"
    SWITCH = "switch"


class Impression(Struct, frozen=True, gc=False):
    """What a text sounds like: the language, how sure (0 to 1), and what to do, as if every language were offered.

    `likely` are languages worth offering, best first. `known` is what the listener wants to be told next time.
    `is_plain` says that there is enough of it to speak of a language that the survey lacks.
    """

    language: str
    p: float
    action: Action
    likely: tuple[str, ...] = ()
    known: str = ""
    is_plain: bool = True


class Listener(Protocol):
    """Tells languages apart. Deterministic, and never raises: what it cannot tell is STAY."""

    def __call__(self, text: str, known: str, hint: str, current: str) -> Impression:
        """Listen to one text, with what earlier ones told, and what the app or the poster says of its reader."""
        ...
