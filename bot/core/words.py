"""The words by which residents say things, as data: one table per language, read from `bot/words/` by the service.

Every phrase is normalised (`bot.core.reading.normalise`). A language need not fill every table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

NO_PHRASES: frozenset[str] = frozenset()


class CommandKind(StrEnum):
    """What a resident can ask for at any moment."""

    START = "START"
    STOP = "STOP"
    HELP = "HELP"
    MORE = "MORE"
    SKIP = "SKIP"
    BACK = "BACK"
    CHANGE = "CHANGE"
    LANGUAGE = "LANGUAGE"
    NEW = "NEW"
    PRIVACY = "PRIVACY"
    MYDATA = "MYDATA"
    DELETE = "DELETE"
    LINK = "LINK"


@dataclass(frozen=True, slots=True)
class Scale:
    """Two opposite poles that answers are graded between, such as agree and disagree."""

    name: str
    positive: frozenset[str]
    negative: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WordTable:
    """What one language calls things. Compared and hashed by identity, so that what is built from it can be kept."""

    language: str
    reviewed_by: str

    # numbers
    numbers: Mapping[str, int] = field(default_factory=dict)
    ordinals: Mapping[str, int] = field(default_factory=dict)  # -1 for the last
    ordinal_around: frozenset[str] = NO_PHRASES  # "the second one"
    minus: frozenset[str] = NO_PHRASES
    number_before: frozenset[str] = NO_PHRASES  # "option 3"
    amount_before: frozenset[str] = NO_PHRASES  # "we have lived here 3", on a question for a number only
    amount_after: frozenset[str] = NO_PHRASES
    ranges: frozenset[str] = NO_PHRASES  # "1 to 3"
    range_before: frozenset[str] = NO_PHRASES  # "between 16 and 24"
    years: frozenset[str] = NO_PHRASES  # "34 years old"
    other_units: frozenset[str] = NO_PHRASES  # a question that asks in these is not answered in years
    age_before: frozenset[str] = NO_PHRASES  # "I'm 34"
    under: frozenset[str] = NO_PHRASES  # "under 16": up to, without it
    up_to: frozenset[str] = NO_PHRASES  # "16 and under": up to, with it
    over: frozenset[str] = NO_PHRASES  # "over 85": from, without it
    from_on: frozenset[str] = NO_PHRASES  # "85 or over": from, with it

    # dates
    months: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)  # "yesterday": days from today
    date_between: frozenset[str] = NO_PHRASES  # "3rd of May"

    # yes and no
    yes: frozenset[str] = NO_PHRASES
    no: frozenset[str] = NO_PHRASES
    yes_labels: frozenset[str] = NO_PHRASES  # what an option is called that a yes stands for
    no_labels: frozenset[str] = NO_PHRASES
    yes_after: frozenset[str] = NO_PHRASES  # "yes I do"
    no_after: frozenset[str] = NO_PHRASES

    # grades
    scales: tuple[Scale, ...] = ()
    strong: frozenset[str] = NO_PHRASES
    mild: frozenset[str] = NO_PHRASES
    neither: frozenset[str] = NO_PHRASES
    negations: frozenset[str] = NO_PHRASES
    negative_prefixes: frozenset[str] = NO_PHRASES

    # other answers
    dont_know: frozenset[str] = NO_PHRASES
    declined: frozenset[str] = NO_PHRASES  # "prefer not to say"
    not_applicable: frozenset[str] = NO_PHRASES
    passed: frozenset[str] = NO_PHRASES  # "no comment": refused, whatever the options
    none: frozenset[str] = NO_PHRASES
    all: frozenset[str] = NO_PHRASES
    both: frozenset[str] = NO_PHRASES
    other: frozenset[str] = NO_PHRASES
    same: Mapping[str, frozenset[str]] = field(default_factory=dict)  # "woman" for the label "female"

    # free spelling, and what is left alone
    spelling: Mapping[str, str] = field(default_factory=dict)  # letters that are written for one another: "oo" is "u"
    unsure: frozenset[str] = NO_PHRASES  # yes, no or a number in another language, and too little in this one

    # around an answer
    before: frozenset[str] = NO_PHRASES  # "my answer is"
    label_before: frozenset[str] = NO_PHRASES  # "I'm a"; never before a number
    after: frozenset[str] = NO_PHRASES  # "please", "duck"
    label_after: frozenset[str] = NO_PHRASES  # "with this statement"
    rank_after: frozenset[str] = NO_PHRASES  # "1st choice 3, 2nd choice 5"
    and_: frozenset[str] = NO_PHRASES
    or_: frozenset[str] = NO_PHRASES
    polite: frozenset[str] = NO_PHRASES  # around a command

    # commands and small talk
    stop: frozenset[str] = NO_PHRASES
    perhaps_stop: frozenset[str] = NO_PHRASES
    language_names: frozenset[str] = NO_PHRASES  # in every spelling, for "language Polish"
    commands: Mapping[CommandKind, frozenset[str]] = field(default_factory=dict)
    delete_confirmed: frozenset[str] = NO_PHRASES  # said to the question whether all is to be removed
    question_words: frozenset[str] = NO_PHRASES  # "change question 3"
    keyword_before: frozenset[str] = NO_PHRASES  # "join STOKE"
    language_before: frozenset[str] = NO_PHRASES  # "in Polish"
    greetings: frozenset[str] = NO_PHRASES
    thanks: frozenset[str] = NO_PHRASES
    who_is_this: frozenset[str] = NO_PHRASES
    wrong_number: frozenset[str] = NO_PHRASES
    later: frozenset[str] = NO_PHRASES
    auto_replies: frozenset[str] = NO_PHRASES  # how a machine's own message begins
    signatures: frozenset[str] = NO_PHRASES  # how the line begins that a telephone puts under a text: "sent from my"
    reactions: frozenset[str] = NO_PHRASES  # what an iPhone writes before the quoted text: "liked"

    def __repr__(self) -> str:
        """Name the table without its thousand phrases."""
        return f"WordTable({self.language})"


Words: TypeAlias = tuple[WordTable, ...]
"""The tables to read with: the conversation's language first, then English, then the others."""


def in_order(tables: Words, language: str) -> Words:
    """Put the tables in reading order for a conversation: its own language, English, then the rest as they come."""
    places = {language: 0, "en": 1}
    return tuple(sorted(tables, key=lambda table: places.get(table.language, 2)))
