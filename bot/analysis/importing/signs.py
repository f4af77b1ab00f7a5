"""By what a form's export, its second header row and its columns of ids and languages are known, for a proposal."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.analysis.importing.layout import NAMELESS, UNDER, Row
from bot.analysis.importing.likeness import Column
from bot.analysis.importing.problems import quoted
from bot.service.counting import counted

_ID_WORDS: Final = frozenset(("id", "reference", "ref", "number", "no"))
_WORD: Final = re.compile(r"[a-z]+")
_PERSONAL: Final = (
    *("email", "e-mail", "phone", "telephone", "mobile", "first name", "last name", "surname", "full name"),
    *("your name", "ip address", "home address", "address line", "full postcode"),
)


def preset_of(path: Path, headings: Sequence[str]) -> str:
    """Return the preset of the form that an export seems to be of."""
    there = {*headings, *(heading.rpartition(UNDER)[2] for heading in headings)}
    if {"Respondent ID", "Collector ID"} <= there:
        return "surveymonkey"
    if "Completion time" in there and "Start time" in there:
        return "microsoft-forms"
    parts = path.stem.split("_")
    is_jadu = (len(parts) > 3 and parts[1].isdecimal() and len(parts[1]) == 14) or "jadu" in path.stem.casefold()
    return "jadu" if is_jadu or "Submission reference" in there else "generic"


def may_go_on(headings: Sequence[str], below: Row) -> bool:
    """Whether the row below the headings may belong to them: no id in it, or a word where they have none."""
    names = [*headings, *[NAMELESS] * (len(below.cells) - len(headings))]
    has_id = not below.cells or bool(below.cells[0].strip())
    return not has_id or any(
        name.startswith(NAMELESS) and cell.strip() for name, cell in zip(names, below.cells, strict=False)
    )


def id_of(columns: Sequence[Column]) -> Column | None:
    """Find the column that names a row: by its heading, and because each row has its own; or nearly each."""
    named_so = [
        each for each in columns if _ID_WORDS & set(_WORD.findall(each.name.casefold())) and not is_personal(each)
    ]
    return next((each for each in named_so if each.is_unique), None) or next(
        (each for each in named_so if each.is_nearly_unique), None
    )


def trouble_of(column: Column) -> str:
    """Say why a column that looks like the id cannot be it; empty where it can."""
    if column.double is not None:
        value, first, again = column.double
        more = f", and {column.doubles - 1:,} more stand there again" if column.doubles > 1 else ""
        return f"{quoted(value)} stands in rows {first} and {again}{more}"
    if column.blanks:
        return f"{counted(column.blanks, 'row')} {'has' if column.blanks == 1 else 'have'} none"
    return ""


def is_personal(column: Column) -> bool:
    """Whether a column's heading says that it holds what names a person, or an address."""
    return any(word in column.heading.casefold() for word in _PERSONAL)


def speaks(column: Column, languages: set[str]) -> bool:
    """Whether a column says in which language a row was answered, rather than what somebody speaks."""
    is_named = column.name.casefold() in ("language", "form language", "language of the form", "lang")
    return is_named and all(value.casefold() in languages for value in column.values)
