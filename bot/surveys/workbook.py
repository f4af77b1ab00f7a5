"""Opening a survey file: its three sheets as rows of text, by pyxform's own rules for headers.

pyxform converts the whole form first, so that whatever ODK, Enketo and Kobo would refuse is refused here too.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bot.surveys.problems import Findings, Problem, SurveyRefused

Cell: TypeAlias = "str | Mapping[str, Cell]"

_PLACE = re.compile(
    r"\[row : (?P<row>\d+)\]\s*(?:On the '(?P<sheet>\w+)' sheet,?\s*)?"
    r"(?:the '(?P<column>\w+)' value is invalid\.\s*)?(?P<message>.*)",
    re.DOTALL,
)
_READABLE = (".xlsx", ".xlsm", ".xls", ".csv", ".md")


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
    """Read a file that pyxform accepts. Raises `SurveyRefused` for one that it does not, whatever it raised."""
    _check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl mentions drawings and extensions that no survey needs
            return _read(path, findings)
    except Exception as problem:  # pyxform meets odd sheets with any exception; its author needs the words, not a crash
        raise SurveyRefused(tuple(_problems_of(path, problem))) from problem


def _check_file(path: Path) -> None:
    message = ""
    if not path.is_file():
        message = f"there is no file {path}"
    elif path.suffix.lower() not in _READABLE:
        message = f"{path.name} is no survey file; save it from Excel or LibreOffice as .xlsx"
    elif not path.stat().st_size:
        message = f"{path.name} is empty"
    if message:
        raise SurveyRefused((Problem("", 0, "", message),))


def _read(path: Path, findings: Findings) -> Workbook:
    from pyxform import aliases  # here, because pyxform takes half a second to load and a running server never needs it
    from pyxform.question import MultipleChoiceQuestion, Option
    from pyxform.survey import Survey
    from pyxform.xls2json_backends import get_xlsform
    from pyxform.xls2xform import convert

    kind = path.suffix.lower()
    sheets = get_xlsform(path, file_type=kind)
    if not sheets.settings:
        findings.refuse(
            "settings", 0, "", "there is no settings sheet; it needs form_title, form_id, version, default_language"
        )
    said: list[str] = []
    convert(path, warnings=said, validate=False, file_type=kind)
    for words in said:
        _warn(findings, words)
    default_language = str((sheets.settings or [{}])[0].get("default_language", "default"))
    survey_columns = {*MultipleChoiceQuestion.get_slot_names()}
    return Workbook(
        _sheet("survey", sheets.survey, sheets.survey_header, aliases.survey_header, survey_columns, default_language),
        _sheet(
            "choices",
            sheets.choices,
            sheets.choices_header,
            aliases.list_header,
            {*Option.get_slot_names()},
            default_language,
        ),
        _sheet(
            "settings", sheets.settings, sheets.settings_header, aliases.settings_header, {*Survey.get_slot_names()}, ""
        ),
    )


def _sheet(
    name: str,
    rows: Sequence[Mapping[str, str]] | None,
    headers: Sequence[Mapping[str, None]] | None,
    aliases: Mapping[str, str],
    columns: set[str],
    default_language: str,
) -> Sheet:
    from pyxform.parsing.sheet_headers import dealias_and_group_headers

    if not rows:
        return Sheet((), ())
    grouped = dealias_and_group_headers(
        sheet_name=name,
        sheet_data=rows,
        sheet_header=headers,
        header_aliases=aliases,
        header_columns=columns,
        default_language=default_language,
        strip_whitespace=name == "survey",
    )
    filled = tuple(Row(number, cells) for number, cells in enumerate(grouped.data, start=2) if cells)
    return Sheet(tuple(grouped.headers), filled)


def _problems_of(path: Path, problem: Exception) -> Iterator[Problem]:
    """Turn what pyxform raised into problems, with sheet and row where it names them."""
    words = str(problem).strip()
    if "not recognized as a supported type" in words:
        words = f"{path.name} is damaged, or no spreadsheet; save it from Excel or LibreOffice as .xlsx"
    elif "nodeType" in words:
        words = (
            "a column is written with '::' where ODK cannot have it; write form_title_pl, or on choices sms_label_pl"
        )
    elif not words or not type(problem).__module__.startswith("pyxform"):
        words = f"{path.name} could not be read ({type(problem).__name__}: {words})"
    for line in re.split(r"\n(?=\[row : )", words):
        placed = _placed(line, "survey")
        yield placed if placed.row else Problem(*_found(path, placed.message), "", placed.message)


def _found(path: Path, words: str) -> tuple[str, int]:
    """Find the row of the survey sheet that pyxform quotes without naming it."""
    from pyxform.xls2json_backends import get_xlsform

    quoted = re.findall(r"'([^']+)'", words)
    try:
        rows = get_xlsform(path, file_type=path.suffix.lower()).survey or []
    except Exception:  # the file is what cannot be read, and its author has been told so already
        return "", 0
    for number, row in enumerate(rows, start=2):
        if any(row.get(column) in quoted for column in ("type", "name")):
            return "survey", number
    return "", 0


def _warn(findings: Findings, words: str) -> None:
    problem = _placed(words, "survey")
    findings.warn(problem.sheet, problem.row, problem.column, problem.message)


def _placed(words: str, sheet: str) -> Problem:
    found = _PLACE.match(words)
    if found is None:
        return Problem("", 0, "", " ".join(words.split()))
    message = " ".join(found["message"].split())
    return Problem(
        found["sheet"] or sheet, int(found["row"]), found["column"] or "", message or "this row cannot be read"
    )
