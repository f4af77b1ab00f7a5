"""SPSS: the wide form with labels, measures and user-missing values, as analysts know them.

A closed question is a number with value labels: the code itself where all codes are whole numbers, else 1, 2, 3 ... in
the order in which the options were first published, which never changes. Why there is no answer is a
user-missing value.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import ne
from pathlib import Path
from typing import Any

from bot.analysis.cells import Cell
from bot.analysis.codebook import STATES, numbered
from bot.analysis.formats.asked import Asked, Written
from bot.analysis.formats.described import NUMBERS, Described, Kind, describe, typed
from bot.analysis.formats.extra import load
from bot.analysis.formats.parquet import misfit_notes

PACKAGES = ("pyreadstat", "polars")
NO_ANSWER = tuple(state for state in STATES if state != "answered")
"""The states that become user-missing values, the first the highest."""
_BASE = -990

# IBM, "SPSS Statistics data files": the lengths are in bytes.
_LONGEST_NAME = 64
_LONGEST_LABEL = 255
_LONGEST_VALUE_LABEL = 120
_LONGEST_TEXT = 32_767
_SHORT = 24
_RESERVED = {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"}
# When the file was made: 9 bytes of date and 8 of time in its header (PSPP, "System File Format").
_MADE_AT, _MADE = 92, b"01 Jan 8000:00:00"


@dataclass
class _Variable:
    """One column on its way into the file. `missing` is the user-missing value of each state."""

    name: str
    column: Described
    numbers: Mapping[str, int]
    values: list[Any]
    missing: Mapping[str, int]

    @property
    def is_number(self) -> bool:
        return self.column.kind in NUMBERS or self.column.kind is Kind.CODE


def write_spss(asked: Asked, path: Path) -> Written:
    """Write the file. The whole table is in memory meanwhile: some 5 KB for each response."""
    polars, pyreadstat = load("polars", "sav"), load("pyreadstat", "sav")
    columns = describe(asked)
    cells = _by_column(asked.wide(labels=False), len(columns))
    variables, misfits, cut = [], 0, 0
    names = spss_names(each.name for each in columns)
    for column, name, held in zip(columns, names, cells, strict=True):
        variable, lost = _variable(asked, column, name, held)
        if column.state is not None:
            _mark_missing(variable, cells[column.state])
        cut += _cut_texts(variable)
        misfits += lost
        variables.append(variable)
    frame = polars.DataFrame(
        {each.name: each.values for each in variables},
        schema={each.name: _type_of(polars, each) for each in variables},
    )
    pyreadstat.write_sav(frame, str(path), **_dictionary(asked, variables))
    with path.open("r+b") as file:
        file.seek(_MADE_AT)
        file.write(_MADE)
    too_long = (f"{cut} texts were longer than SPSS's {_LONGEST_TEXT:,} bytes and are cut.",) if cut else ()
    return Written(len(cells[0]), len(columns), (*misfit_notes(misfits), *too_long))


def spss_names(names: Iterable[str]) -> Iterator[str]:
    """Give each column a name that SPSS takes: letters, digits and `_`, at most 64 bytes, none twice in any case."""
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^\w]", "_", name)
        if not plain[:1].isalpha():
            plain = f"v{plain}"
        if plain.lower() in _RESERVED:
            plain += "_"
        plain = wanted = shorten(plain, _LONGEST_NAME)
        times = 1
        while plain.lower() in taken:
            times += 1
            plain = shorten(wanted, _LONGEST_NAME - len(f"_{times}")) + f"_{times}"
        taken.add(plain.lower())
        yield plain


def missing_values(base: int = _BASE) -> dict[str, int]:
    """Give the user-missing value of each state: -991 and on, unless an answer is in the way."""
    return {state: base - place for place, state in enumerate(NO_ANSWER, 1)}


def shorten(text: str, most: int) -> str:
    """Cut a text to so many bytes of UTF-8, between two characters."""
    return text if len(text) * 4 <= most else text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _by_column(rows: Iterator[list[Cell]], columns: int) -> list[list[Cell]]:
    """Turn rows into columns. Short texts, most of which are codes and states, are held once."""
    held: list[list[Cell]] = [[] for _ in range(columns)]
    for row in rows:
        for column, cell in zip(held, row, strict=True):
            column.append(sys.intern(cell) if isinstance(cell, str) and len(cell) <= _SHORT else cell)
    return held


def _variable(asked: Asked, column: Described, name: str, cells: Sequence[Cell]) -> tuple[_Variable, int]:
    """Make a variable of a column; count the cells that do not fit its type."""
    numbers: Mapping[str, int] = {}
    if column.kind is Kind.CODE and column.variable is not None:
        strange = {str(cell) for cell in cells if cell} - {code for code, _ in column.values}
        numbers = numbered(asked.published, column.variable, strange)
        values: list[Any] = [numbers[str(cell)] if cell else None for cell in cells]
    else:
        values = [typed(column, cell) for cell in cells]
    lost = sum(value is None and cell not in (None, "") for value, cell in zip(values, cells, strict=True))
    return _Variable(name, column, numbers, values, {}), lost


def _mark_missing(variable: _Variable, states: Sequence[Cell]) -> None:
    """Put user-missing values where there is no answer, out of the way of every number that is one."""
    if not variable.is_number:
        return
    base = _BASE
    answers = {*variable.values, *variable.numbers.values()} - {None}
    while any(base - len(NO_ANSWER) <= answer < base for answer in answers):
        base *= 10
    variable.missing = missing_values(base)
    variable.values = [
        variable.missing.get(str(state)) if value is None else value
        for value, state in zip(variable.values, states, strict=True)
    ]


def _cut_texts(variable: _Variable) -> int:
    if variable.is_number or variable.column.kind in (Kind.DATE, Kind.TIME):
        return 0
    # A NUL would end the text where it stands.
    whole = [None if value is None else value.replace("\0", "") for value in variable.values]
    variable.values = [None if value is None else shorten(value, _LONGEST_TEXT) for value in whole]
    return sum(map(ne, variable.values, whole))


def _type_of(polars: Any, variable: _Variable) -> Any:  # noqa: ANN401 - loaded by name, so without types
    if variable.is_number:
        return polars.Float64
    if variable.column.kind is Kind.DATE:
        return polars.Date
    return polars.Datetime("ms", "UTC") if variable.column.kind is Kind.TIME else polars.String


def _dictionary(asked: Asked, variables: Sequence[_Variable]) -> dict[str, Any]:
    """Give what SPSS shows in its variable view."""
    title = asked.published.newest.title
    missing = {each.name: each.missing for each in variables if each.missing}
    return {
        "file_label": shorten(title.get(asked.published.newest.default_language, asked.published.survey), 64),
        "column_labels": {each.name: shorten(each.column.meaning, _LONGEST_LABEL) for each in variables},
        "variable_value_labels": {each.name: labels for each in variables if (labels := _value_labels(each))},
        "missing_ranges": {
            name: [{"lo": min(values.values()), "hi": max(values.values())}] for name, values in missing.items()
        },
        "variable_measure": {each.name: _measure(each) for each in variables},
        "variable_format": {each.name: "F8.0" for each in variables if each.is_number and _is_whole(each)},
        "row_compress": True,
    }


def _value_labels(variable: _Variable) -> dict[Any, str]:
    column = variable.column
    if column.kind is Kind.FLAG:
        labels: dict[Any, str] = {0: "No", 1: "Yes"}
    elif column.kind is Kind.CODE:
        known = dict(column.values)
        labels = {number: known.get(code, code) for code, number in variable.numbers.items()}
    else:
        labels = {}
    labels |= {value: f"{state}: {STATES[state]}" for state, value in variable.missing.items()}
    return {float(value): shorten(label, _LONGEST_VALUE_LABEL) for value, label in labels.items()}


def _measure(variable: _Variable) -> str:
    return "scale" if variable.column.kind in (Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.TIME) else "nominal"


def _is_whole(variable: _Variable) -> bool:
    return variable.column.kind is not Kind.NUMBER
