"""Makes small survey files for tests, one cell at a time, as a person would in Excel."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.surveys.compile import SurveyRefused, compile_survey

Cells = Mapping[str, object]

SETTINGS: Cells = {"form_title": "T", "form_id": "t", "version": "1", "default_language": "English (en)"}
LABEL = "label::English (en)"
TEXT: Cells = {"type": "text", "name": "q", LABEL: "Why?"}
YES_NO: tuple[Cells, ...] = (
    {"list_name": "yn", "name": "yes", LABEL: "Yes"},
    {"list_name": "yn", "name": "no", LABEL: "No"},
)


def question(**cells: object) -> Cells:
    """One row of the survey sheet; what is not said is that of `TEXT`."""
    return {**TEXT, **cells}


def workbook(
    path: Path, survey: Sequence[Cells] = (TEXT,), choices: Sequence[Cells] = YES_NO, settings: Cells = SETTINGS
) -> Path:
    """Write a file with these rows, the columns in the order in which they first appear."""
    book = Workbook()
    book.remove(book["Sheet"])
    for name, rows in (("survey", survey), ("choices", choices), ("settings", [settings] if settings else [])):
        if not rows:
            continue
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(columns)
        for row in rows:
            sheet.append([row.get(column) for column in columns])
    book.save(path)
    return path


def old_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[str | int]]]) -> Path:
    """Write a file as Excel 5 did ([MS-XLS] without its container), a number standing for that code of an error."""
    tables = [
        _record(0x0809, struct.pack("<HHHH", 0x0500, 0x0010, 0, 0))
        + b"".join(_cell(row, column, held) for row, cells in enumerate(rows) for column, held in enumerate(cells))
        + _record(0x000A)
        for rows in sheets.values()
    ]
    beginning = _record(0x0809, struct.pack("<HHHH", 0x0500, 0x0005, 0, 0)) + _record(0x0042, struct.pack("<H", 1252))
    offset = len(beginning) + sum(len(_of_sheet(name, 0)) for name in sheets) + len(_record(0x000A))
    for name, table in zip(sheets, tables, strict=True):
        beginning += _of_sheet(name, offset)
        offset += len(table)
    path.write_bytes(beginning + _record(0x000A) + b"".join(tables))
    return path


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _of_sheet(name: str, offset: int) -> bytes:
    return _record(0x0085, struct.pack("<IBBB", offset, 0, 0, len(name)) + name.encode())


def _cell(row: int, column: int, held: str | int) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(held, int):
        return _record(0x0205, place + struct.pack("<BB", held, 1))
    return _record(0x0204, place + struct.pack("<H", len(held)) + held.encode())


def refusals(path: Path, stop_words: frozenset[str] = frozenset()) -> list[str]:
    """Compile a file that is refused, and give every problem as its author reads it."""
    with pytest.raises(SurveyRefused) as refusal:
        compile_survey(path, stop_words=stop_words)
    return [str(problem) for problem in refusal.value.problems]
