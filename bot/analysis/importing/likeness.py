"""What a heading or a label is most like, for a proposal that a person will read. Never used when answers are read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from bot.analysis.columns import Published
from bot.analysis.importing.import_map import QuestionMap
from bot.analysis.importing.labels import Labels, plain
from bot.analysis.importing.layout import UNDER, Table
from bot.analysis.importing.postcodes import district_of
from bot.core.survey import Choice, Question, QuestionType

ROWS_LOOKED_AT: Final = 2_000
MOST_VALUES: Final = 100
MOST_LETTERS: Final = 200
"""Of a value that is looked for again."""
ENOUGH: Final = 78
"""How like a column must be to a question, of 100."""
ALIKE: Final = 88
"""How like a label must be to a choice's, of 100; and how much more than to the next."""
MARGIN: Final = 6
OTHER: Final = QuestionMap().other_code

_SEPARATORS: Final = (";", ",", "|", "\n")
# What forms put around a question: its number or section before it, and whether it must be answered behind it.
_BEFORE: Final = re.compile(r"^(?:(?:q(?:uestion)?|section|part|page)? ?(?:\d{1,3}[a-z]?|[a-z])(?:[.:)]| ?-)? +)+")
_BEHIND: Final = re.compile(
    r"(?: *(?:\*|\((?:optional|required|mandatory|tick [^()]*|please [^()]*|select [^()]*)\)|[?.:]))+$"
)
_BETWEEN: Final = (UNDER, " - ", ": ", " / ")
# What SurveyMonkey writes below a question that has no columns for its options.
_NO_OPTION: Final = frozenset(("response", "open-ended response"))
# A label is never taken for its opposite, however few letters they differ in.
_TURNS: Final = frozenset(("not", "no", "never", "none", "without", "don't", "doesn't", "isn't"))
_TURNING: Final = ("dis", "un", "in", "im", "ir")


@dataclass(slots=True)
class Column:
    """A column and a sample of what it holds. `values` are distinct, the first of very many.

    `double` is a value that stands there twice, with its two rows; `doubles` is how many such there are.
    """

    place: int
    heading: str
    values: dict[str, int] = field(default_factory=dict)
    filled: int = 0
    is_full: bool = True
    blanks: int = 0
    doubles: int = 0
    double: tuple[str, int, int] | None = None
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its heading; under two header rows, the lower one."""
        return self.heading.rpartition(UNDER)[2]

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return bool(self.filled) and not self.blanks and not self.doubles

    @property
    def is_nearly_unique(self) -> bool:
        """Whether so many rows have one that the others are likely a slip."""
        return (self.blanks + self.doubles) * 4 <= self.filled

    def add(self, value: str, row: int) -> None:
        """Show it a cell."""
        value = value.strip()
        if not value:
            self.blanks += 1
            return
        self.filled += 1
        first = self.rows.setdefault(value[:MOST_LETTERS], row)
        if first != row:
            self.doubles += 1
            self.double = self.double or (value, first, row)
        if value in self.values or len(self.values) < MOST_VALUES:
            self.values[value] = self.values.get(value, 0) + 1
        else:
            self.is_full = False


class Match(NamedTuple):
    """A question's column, or columns with a code each. `unknown` are values that are none of its labels.

    `other` is the column of the words behind "something else", where each option has a column.
    """

    columns: tuple[Column, ...]
    is_sure: bool
    codes: tuple[str, ...] = ()
    separator: str = ""
    labels: Labels | None = None
    unknown: tuple[str, ...] = ()
    other: Column | None = None

    @property
    def places(self) -> set[int]:
        """Where the columns stand that it takes."""
        return {column.place for column in (*self.columns, self.other) if column is not None}


class _Closeness(NamedTuple):
    score: float
    question: Question
    match: Match


def columns_of(table: Table) -> list[Column]:
    """Look at the first rows of a table."""
    columns = [Column(place, heading) for place, heading in enumerate(table.headings)]
    for row in islice(table.rows(), ROWS_LOOKED_AT):
        for column, cell in zip(columns, row.cells, strict=False):
            column.add(cell, row.number)
    return columns


def match_questions(questions: Sequence[Question], published: Published, columns: Sequence[Column]) -> dict[str, Match]:
    """Give each question the column that is most like it, the most like first; no column serves twice."""
    found = [
        closeness
        for question in questions
        for closeness in _candidates(question, published, columns)
        if closeness.score >= ENOUGH
    ]
    matches: dict[str, Match] = {}
    taken: set[int] = set()
    for _, question, match in sorted(found, key=lambda each: -each.score):
        if question.name not in matches and not match.places & taken:
            matches[question.name] = match
            taken |= match.places
    return matches


def near_label(label: str, question: Question) -> str:
    """Return the code of the choice that a label is clearly most like; empty where there is none."""
    scores = {
        choice.name: max(
            (fuzz.ratio(plain(label), plain(each)) for each in _choice_texts(choice) if not _turns(label, each)),
            default=0.0,
        )
        for choice in question.choices
    }
    ranked = [*sorted(scores.values(), reverse=True), 0.0]
    best = max(scores, key=lambda code: scores[code], default="")
    return best if ranked[0] >= ALIKE and ranked[0] - ranked[1] >= MARGIN else ""


def _candidates(question: Question, published: Published, columns: Sequence[Column]) -> Iterator[_Closeness]:
    forms = [form for each in published.definitions for form in each.questions if form.name == question.name]
    wordings = {plain(text) for form in forms for text in _wordings(form)}
    labels = None
    if question.is_closed:
        older = [choice for form in forms for choice in form.choices]
        labels = Labels({}, question.choices, older, published.newest.default_language)
    for column in columns:
        heading = max(_likeness(plain(column.heading), wordings), _likeness_of_part(column, wordings))
        yield _closeness(question, column, heading, labels)
    if labels is not None and question.type is QuestionType.SELECT_MULTIPLE:
        yield from _spread(question, columns, wordings, labels)


def _likeness_of_part(column: Column, wordings: set[str]) -> float:
    """Say how like one of two header rows is to a question: never quite, for the other may say something else."""
    top, there, below = map(plain, column.heading.rpartition(UNDER))
    return min(99.0, _likeness(top if below in _NO_OPTION else below, wordings)) if there else 0.0


def _closeness(question: Question, column: Column, heading: float, labels: Labels | None) -> _Closeness:
    if labels is None:
        return _Closeness(heading, question, Match((column,), heading == 100))
    separator, share, unknown = _understood(question, column, labels)
    match = Match((column,), heading == 100, (), separator, labels, tuple(unknown) if share > 0 else ())
    return _Closeness(0.7 * heading + 30 * share * (column.is_full or share > 0.5), question, match)


def _understood(question: Question, column: Column, labels: Labels) -> tuple[str, float, list[str]]:
    """Say which share of what a column holds is labels of a question, and name the rest.

    Of a question with several answers, with the separator that fits best.
    """
    if not column.values:
        return _SEPARATORS[0] if question.type is QuestionType.SELECT_MULTIPLE else "", 1.0, []
    if question.type is QuestionType.SELECT_ONE:
        rest = [value for value in column.values if labels.code(value) is None]
        odd = [value for value in rest if labels.code(district_of(value)) is None]
        return "", 1 - len(odd) / len(column.values), rest
    found = []
    for separator in _SEPARATORS:
        split = [labels.split(value, separator) for value in column.values]
        rest = list(dict.fromkeys(part for each in split for part in each.unknown))
        known = {code for each in split for code in each.codes}
        found.append((separator, len(known) / (len(known) + len(rest)), rest))
    return max(found, key=lambda each: each[1])


def _spread(question: Question, columns: Sequence[Column], wordings: set[str], labels: Labels) -> Iterator[_Closeness]:
    """Find columns that are a question's options: the question, something between, and a label."""
    for between in _BETWEEN:
        options: list[tuple[Column, str]] = []
        scores = []
        for column in columns:
            head, there, tail = column.heading.partition(between)
            code = labels.code(tail) if there else None
            likeness = _likeness(plain(head), wordings) if code is not None else 0.0
            if code is not None and likeness >= ENOUGH and code not in [each for _, each in options]:
                options.append((column, code))
                scores.append(likeness)
        if len(options) > 1:
            found, codes = zip(*options, strict=True)
            top = found[0].heading.partition(between)[0]
            words = (each for each in columns if each.heading.startswith(f"{top}{between}Other") and each not in found)
            other = next(words, None) if OTHER in {choice.name for choice in question.choices} else None
            match = Match(tuple(found), min(scores) == 100, tuple(codes), "", labels, (), other)
            yield _Closeness(min(scores) + 1, question, match)


def _likeness(heading: str, wordings: set[str]) -> float:
    """Say how like a heading is to any wording of a question, of 100."""
    if heading in wordings:
        return 100.0
    bare = _BEHIND.sub("", _BEFORE.sub("", heading)).strip()
    return max(
        (
            min(99.0, max(fuzz.token_sort_ratio(heading, wording), fuzz.token_sort_ratio(bare, wording.rstrip("?. "))))
            for wording in wordings
        ),
        default=0.0,
    )


def _wordings(question: Question) -> Iterator[str]:
    yield question.name
    yield question.name.replace("_", " ")
    if question.web_column:
        yield question.web_column
    yield from filter(None, (*question.label.values(), *question.sms_label.values()))


def _choice_texts(choice: Choice) -> Iterator[str]:
    yield from filter(None, (*choice.label.values(), *choice.sms_label.values()))


def _turns(label: str, other: str) -> bool:
    """Say whether one of two labels turns the other's meaning round: by a word such as "not", or as "un-" does."""
    one, two = set(plain(label).split()), set(plain(other).split())
    if _TURNS & one != _TURNS & two:
        return True
    turned = {prefix + word for prefix in _TURNING for word in one - two}
    turned_back = {prefix + word for prefix in _TURNING for word in two - one}
    return bool(turned & two or turned_back & one)
