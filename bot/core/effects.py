"""What a step asks the service to carry out, in order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.core.state import AnswerState
from bot.core.value import value


class Filed(StrEnum):
    """The place of an inbound message in the reconciliation report (invariant 10)."""

    ANSWER = "answer"
    COMMAND = "command"
    NOISE = "noise"
    UNPARSED = "unparsed"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Option:
    """One option under a message: what we get back when it is tapped, and what the resident reads."""

    id: str
    label: str


@value
class Say:
    """One message to the resident. `text` ends with the question, whose options follow."""

    text: str
    options: tuple[Option, ...] = ()


@value
class Record:
    """A new revision of one answer. `codes` has one entry per chosen option; `said` is verbatim.

    `join` puts `said` below the words that the question already has.
    """

    question: str
    state: AnswerState
    revision: int
    said: str
    codes: tuple[str, ...] = ()
    number: float | None = None
    value: str = ""
    rule: str = ""
    confidence: float | None = None
    join: bool = False
    asked_at: int | None = None


@value
class NoteOptIn:
    """An answer for the opt-in ledger, kept apart from the answers."""

    purpose: str
    given: bool
    wording: str


@value
class File:
    """Where the message that caused this stands in the reconciliation report, and which question it was for."""

    filed: Filed
    question: str = ""


@value
class Erase:
    """Remove everything that this address ever gave."""


Effect: TypeAlias = Say | Record | NoteOptIn | File | Erase
