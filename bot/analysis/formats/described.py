"""What each column of the wide form holds: its kind, what it means, and its codes with their labels.

The formats that know types (Parquet, SPSS, the data package) are written by this one list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from bot.analysis.cells import Cell
from bot.analysis.codebook import STATES
from bot.analysis.columns import FIXED, Published, Variable
from bot.analysis.formats.asked import TIMES, Asked
from bot.core.survey import QuestionType, Role, Texts, wording

FLAGS = ("assisted", "is_primary", "late")
# Above this not every whole number can be told from its neighbour, in the database or in SPSS.
_MOST = 2**53


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    CODE = "code"
    CODES = "codes"
    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    STATE = "state"


NUMBERS = (Kind.FLAG, Kind.INTEGER, Kind.NUMBER)
"""The kinds whose cells are numbers."""


@dataclass(frozen=True, slots=True)
class Described:
    """One column of the wide form. `values` are its codes in choice-list order, each with its label.

    `state` is the place of the column that says what became of the question; None for a fixed column.
    """

    name: str
    kind: Kind
    meaning: str
    values: tuple[tuple[str, str], ...] = ()
    variable: Variable | None = None
    state: int | None = None


def describe(asked: Asked) -> tuple[Described, ...]:
    """Describe every column, in the order of `Published.header`."""
    described = [Described(name, _fixed_kind(name, asked), meaning) for name, meaning in as_told(FIXED, asked)]
    for variable in asked.published.variables:
        state = len(described) + len(variable.columns) - 1
        described += _of_question(asked, variable, state)
    return tuple(described)


def typed(column: Described, cell: Cell) -> int | float | str | date | datetime | None:
    """Give a cell as a value of its column's kind: None where it is empty, or does not fit the kind."""
    if cell is None or cell == "":
        return None
    if column.kind in NUMBERS:
        return _figure(column.kind, cell)
    if column.kind is Kind.TIME:
        return read_minute(str(cell))
    if column.kind is Kind.DATE:
        try:
            return date.fromisoformat(str(cell))
        except ValueError:
            return None
    text = str(cell)
    # Half a character cannot be written in any of them.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=20_000)  # neighbouring rows share their minutes
def read_minute(written: str) -> datetime:
    """Read a time as `cells.minute` writes it."""
    return datetime.strptime(written, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def question_words(asked: Asked, texts: Texts) -> str:
    """Give a wording in the language of the export's labels."""
    return wording(texts, asked.language, asked.published.newest.default_language)


def _figure(kind: Kind, cell: Cell) -> int | float | None:
    if not isinstance(cell, int | float) or abs(cell) >= _MOST:
        return None
    if kind is Kind.NUMBER:
        return float(cell)
    return int(cell) if cell == int(cell) else None


def _fixed_kind(name: str, asked: Asked) -> Kind:
    if name in TIMES:
        return Kind.TIME if asked.disguise is None else Kind.DATE
    return Kind.FLAG if name in FLAGS else Kind.TEXT


def as_told(columns: Mapping[str, str], asked: Asked) -> Iterator[tuple[str, str]]:
    """Give columns and what they hold in this export: in a shareable one days, where there would be minutes."""
    for name, meaning in columns.items():
        yield name, meaning if asked.disguise is None else meaning.replace("UTC to the minute", "the day, in London")


def _of_question(asked: Asked, variable: Variable, state: int) -> Iterator[Described]:
    asks = question_words(asked, variable.question.label) or variable.question.name
    labels = tuple((choice.name, question_words(asked, choice.label) or choice.name) for choice in variable.choices)
    yield Described(variable.column, _kind(asked.published, variable), asks, labels, variable, state)
    if variable.is_multiple:
        for (_, label), column in zip(labels, variable.columns[1:-1], strict=True):
            yield Described(column, Kind.FLAG, f"{asks}: {label}", variable=variable, state=state)
    states = tuple(STATES.items())
    yield Described(f"{variable.column}__state", Kind.STATE, f"What became of: {asks}", states, variable)


def _kind(published: Published, variable: Variable) -> Kind:
    name = variable.question.name
    types = {each.type for version in published.definitions for each in version.questions if each.name == name}
    if variable.is_multiple:
        return Kind.CODES
    if types == {QuestionType.SELECT_ONE}:
        return Kind.CODE
    if types == {QuestionType.INTEGER}:
        return Kind.INTEGER
    if types <= {QuestionType.INTEGER, QuestionType.DECIMAL}:
        return Kind.NUMBER
    return Kind.DATE if types == {QuestionType.DATE} else Kind.TEXT


def is_asked_openly(variable: Variable) -> bool:
    """Say whether its answers are residents' own words."""
    return variable.question.type is QuestionType.TEXT and variable.question.role is not Role.DEMOGRAPHIC
