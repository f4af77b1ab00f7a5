"""What a step asks the service to carry out, in order."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from bot.core.state import AnswerState


class Filed(StrEnum):
    """The place of an inbound message in the reconciliation report (invariant 10)."""

    ANSWER = "answer"
    COMMAND = "command"
    NOISE = "noise"
    UNPARSED = "unparsed"
    LATE = "late"


class Linking(StrEnum):
    """What a message does to join this address to another of the same person's."""

    NOTHING = ""
    OFFERS = "offers"  # a code is given out
    JOINS = "joins"  # a code has led to another address


class Option(Struct, frozen=True, gc=False):
    """One option under a message: what we get back when it is tapped, and what the resident reads."""

    id: str
    label: str


class Say(Struct, frozen=True, gc=False):
    """One message to the resident. `text` ends with the question, whose options follow.

    `takes_several` says that several of them may be chosen: a button, which answers at once, would allow but one.
    `opener` stands on the button that opens them, where a channel shows them as a list to pick from.
    `question` is the survey's question that it puts, so that a reply which quotes it is known to be about that.
    `is_own` says that the text is this person's alone (a code, a count): a provider that stores what has buttons, to
    show it, gets it without.
    """

    text: str
    options: tuple[Option, ...] = ()
    takes_several: bool = False
    question: str = ""
    is_own: bool = False
    opener: str = ""


class Record(Struct, frozen=True, gc=False):
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


class NoteOptIn(Struct, frozen=True, gc=False):
    """An answer for the opt-in ledger, kept apart from the answers."""

    purpose: str
    given: bool
    wording: str


class NoteLanguage(Struct, frozen=True, gc=False):
    """Somebody would have liked a language that is not offered: counted for the outreach report, without who."""

    language: str


class File(Struct, frozen=True, gc=False):
    """Where the message that caused this stands in the reconciliation report, and which question it was for."""

    filed: Filed
    question: str = ""


class Erase(Struct, frozen=True, gc=False):
    """Remove everything that this address ever gave."""


Effect: TypeAlias = Say | Record | NoteOptIn | NoteLanguage | File | Erase
