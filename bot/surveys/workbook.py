"""Opening a survey file: its three sheets as rows of text, by pyxform's own rules for headers."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bot.surveys.lost_cells import SHEETS, refuse_lost_cells
from bot.surveys.odk import told_by_pyxform
from bot.surveys.opening import check_file, without_mark
from bot.surveys.problems import Findings, SurveyRefused

Cell: TypeAlias = "str | Mapping[str, Cell]"

_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2}) 00:00:00")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: its number in the spreadsheet and its filled cells.

    A header with `::` is nested (`label::English (en)` is `label` holding `English (en)`); pyxform's aliases are
    resolved, so that `relevance` is found as `bind` holding `relevant`.
    """

    number: int
    cells: Mapping[str, Cell]

    def text(self, *path: str) -> str:
        """Return the plain text of a cell, empty where there is none or where it has languages."""
        cell: Cell = self.cells
        for step in path:
            cell = cell.get(step, "") if isinstance(cell, Mapping) else ""
        return cell.strip() if isinstance(cell, str) else ""

    def by_language(self, *path: str) -> Iterator[tuple[str, str]]:
        """Yield (language as the header names it, text); the language of a plain column is empty."""
        cell: Cell = self.cells
        for step in path:
            cell = cell.get(step, "") if isinstance(cell, Mapping) else ""
        if isinstance(cell, str):
            cell = {"": cell}
        for language, text in cell.items():
            if isinstance(text, str) and text.strip():
                yield language, text.strip()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: the headers of its columns, split at `::`, and its rows that are not empty."""

    headers: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of a survey file that Earshot reads."""

    survey: Sheet
    choices: Sheet
    settings: Sheet


def open_workbook(path: Path, findings: Findings) -> Workbook:
    """Read the sheets of a file. Raises `SurveyRefused` where they cannot be read, whatever the reader raised."""
    check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl mentions drawings and extensions that no survey needs
            return _read(path, findings)
    except Exception as problem:  # pyxform meets odd sheets with any exception; its author needs the words, not a crash
        raise SurveyRefused(tuple(told_by_pyxform(path, problem))) from problem


def _read(path: Path, findings: Findings) -> Workbook:
    from pyxform import aliases  # here, because pyxform takes half a second to load and a running server never needs it
    from pyxform.question import MultipleChoiceQuestion, Option
    from pyxform.survey import Survey
    from pyxform.xls2json_backends import get_xlsform

    sheets = get_xlsform(without_mark(path), file_type=path.suffix.lower())
    if not sheets.settings:
        findings.refuse(
            "settings", 0, "", "there is no settings sheet; it needs form_title, form_id, version, default_language"
        )
    refuse_lost_cells(path, {name: _as_read(sheets, name) for name in SHEETS}, findings)
    default = str((sheets.settings or [{}])[0].get("default_language", "default"))
    survey = _Columns(aliases.survey_header, {*MultipleChoiceQuestion.get_slot_names()}, "type")
    choices = _Columns(aliases.list_header, {*Option.get_slot_names()}, "name")
    settings = _Columns(aliases.settings_header, {*Survey.get_slot_names()})
    return Workbook(
        _sheet("survey", sheets.survey, sheets.survey_header, survey, default),
        _sheet("choices", sheets.choices, sheets.choices_header, choices, default),
        _sheet("settings", sheets.settings, sheets.settings_header, settings, ""),
    )


def _as_read(sheets: object, name: str) -> list[Mapping[str, str]]:
    headers = (getattr(sheets, f"{name}_header") or [{}])[0]
    return [{header: header for header in headers}, *(getattr(sheets, name) or ())]


@dataclass(frozen=True, slots=True)
class _Columns:
    """What pyxform knows of a sheet's columns: other names for them, their names, and the one that must be there."""

    aliases: Mapping[str, str]
    names: set[str]
    needed: str = ""


def _sheet(
    name: str,
    rows: Sequence[Mapping[str, str]] | None,
    headers: Sequence[Mapping[str, None]] | None,
    columns: _Columns,
    default_language: str,
) -> Sheet:
    from pyxform.parsing.sheet_headers import dealias_and_group_headers

    if not rows:
        return Sheet((), ())
    grouped = dealias_and_group_headers(
        sheet_name=name,
        sheet_data=[{header: _without_midnight(text) for header, text in row.items()} for row in rows],
        sheet_header=headers,
        header_aliases=columns.aliases,
        header_columns=columns.names,
        headers_required={columns.needed} if columns.needed else None,
        default_language=default_language,
        strip_whitespace=name == "survey",
    )
    filled = tuple(Row(number, cells) for number, cells in enumerate(grouped.data, start=2) if cells)
    return Sheet(tuple(grouped.headers), filled)


def _without_midnight(text: str) -> str:
    """Write a cell that Excel takes for a day as that day: pyxform gives it an hour, which nobody wrote."""
    day = _MIDNIGHT.fullmatch(text)
    return day[1] if day else text
