"""What is asked, and what a reply to it can turn out to be."""

import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from bot.core.survey import QuestionType


class Rule(StrEnum):
    """By which rule an answer was read. It is stored with the answer."""

    BUTTON = "button"
    WORDS = "words"
    SKIP = "skip"
    NUMBER = "number"
    NUMBER_WORD = "number_word"
    ORDINAL = "ordinal"
    LETTER = "letter"
    LABEL = "label"
    NUMBER_AND_LABEL = "number_and_label"
    LABEL_PART = "label_part"
    PREFIX = "prefix"
    TYPO = "typo"
    YES_NO = "yes_no"
    SCALE = "scale"
    MEANING = "meaning"  # don't know, prefer not to say, neither, none
    AGE = "age"
    POSTCODE = "postcode"
    SEVERAL = "several"
    ALL = "all"
    RANKED = "ranked"
    AMOUNT = "amount"
    DATE = "date"
    DAY_WORD = "day_word"


CONFIDENCE: dict[Rule, float] = {
    Rule.NUMBER_WORD: 0.99,
    Rule.ORDINAL: 0.98,
    Rule.LETTER: 0.95,
    Rule.LABEL_PART: 0.95,
    Rule.PREFIX: 0.93,
    Rule.YES_NO: 0.98,
    Rule.SCALE: 0.95,
    Rule.MEANING: 0.97,
    Rule.AGE: 0.97,
    Rule.ALL: 0.95,
    Rule.RANKED: 0.95,
}
"""How sure each rule is, 0 to 1; 1 where nothing is said. A typo has its likeness to the label instead."""


class Why(StrEnum):
    """Why a reply is not clear."""

    NOTHING = "nothing"
    SEVERAL = "several"
    TOO_MANY = "too_many"
    RANGE = "range"
    NOT_LISTED = "not_listed"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_DATE = "not_a_date"
    AMBIGUOUS_DATE = "ambiguous_date"
    ASKS = "asks"  # it is itself a question: "1?"
    OFFERED = "offered"  # it may speak of the two that were offered, or of the whole list


class Option(Struct, frozen=True, gc=False):
    """One option as it was put: its code, the number before it and every wording it has, the full one first.

    `place` is where it comes for who counts ("the second", "b"), if that is not its number; 0 where it is not counted.
    """

    code: str
    number: int
    labels: tuple[str, ...]
    place: int | None = None


class Asked(Struct, frozen=True, gc=False):
    """The question that a reply stands against. `most` is how many choices it allows. `wording` helps to read units.

    `offered` are two codes, where the bot has asked "Did you mean X or Y?". `is_numbered` says that each option was put
    with its number.
    """

    type: QuestionType
    options: tuple[Option, ...]
    most: int | None
    today: datetime.date
    wording: str = ""
    offered: tuple[str, ...] = ()
    is_numbered: bool = True


class Chosen(Struct, frozen=True, gc=False):
    """One or several of the options, as codes."""

    codes: tuple[str, ...]
    rule: Rule
    confidence: float


class Number(Struct, frozen=True, gc=False):
    """A number. Whether it fits the question's constraint is for the caller."""

    value: Decimal
    rule: Rule
    confidence: float


class Dated(Struct, frozen=True, gc=False):
    """A calendar day."""

    value: datetime.date
    rule: Rule
    confidence: float


class Words(Struct, frozen=True, gc=False):
    """The reply to an open question, verbatim."""

    text: str


class Declined(Struct, frozen=True, gc=False):
    """The resident would rather not answer, and no option says so."""

    rule: Rule


class Unclear(Struct, frozen=True, gc=False):
    """Not clearly one answer: to be asked again, never guessed. `candidates` are codes that it may have meant."""

    candidates: tuple[str, ...]
    why: Why


Reading: TypeAlias = Chosen | Number | Dated | Words | Declined | Unclear


def chosen(rule: Rule, *codes: str) -> Chosen:
    """Return the choice of those codes, as sure as its rule is."""
    return Chosen(codes, rule, CONFIDENCE.get(rule, 1.0))


NOT_CLEAR = Unclear((), Why.NOTHING)
