"""Cells whose words a spreadsheet does not hold: an error in their place, or a formula that nothing has worked out.

pyxform reads such an error as words, or in an .xls as a number, and such a formula as a blank cell.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.surveys.problems import Findings

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

SHEETS: Final = ("survey", "choices", "settings")

_ERROR: Final = re.compile(
    r"#(?:REF|VALUE|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|BUSY|UNKNOWN|EXTERNAL|PYTHON|TIMEOUT|ERROR)!"
    r"|#NAME\?|#N/A|#GETTING_DATA|Err:\d{3}"
)
_ERRORS_OF_XLS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
"""As [MS-XLS] 2.5.10 numbers them."""
_XLS_ERROR: Final = 5
"""What xlrd calls a cell that holds an error."""
_FORMULA: Final = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_MOST_BLANK_ROWS: Final = 60
"""After which pyxform takes a sheet to be at its end."""


def refuse_lost_cells(path: Path, rows: Mapping[str, Sequence[Mapping[str, str]]], findings: Findings) -> None:
    """Refuse them by sheet, row and column. `rows` are each sheet's as pyxform read them, its headers in front."""
    for sheet in SHEETS:
        for number, row in enumerate(rows[sheet], start=1):
            for column, text in row.items():
                if _ERROR.fullmatch(text):
                    _refuse_error(findings, sheet, number, column, text)
    if path.suffix.lower() == ".xls":
        _refuse_errors_of_xls(path, findings)
    elif path.suffix.lower() in (".xlsx", ".xlsm") and _has_formulas(path):
        for sheet, number, column in _without_result(path, rows):
            message = "its formula has no result; open the file in Excel or LibreOffice and save it, or write words"
            findings.refuse(sheet, number, column, message)


def _refuse_error(findings: Findings, sheet: str, number: int, column: str, text: str) -> None:
    message = f"'{text}' is the spreadsheet's error, not words; mend the cell, or write its words out"
    findings.refuse(sheet, number, column, message)


def _refuse_errors_of_xls(path: Path, findings: Findings) -> None:
    from pyxform.xls2json_backends import xlrd_open  # pyxform's own, for it alone knows that we have xlrd

    with xlrd_open(str(path)) as book:
        for sheet in book.sheets():
            if sheet.name.lower() not in SHEETS:
                continue
            headers = [str(header).strip() for header in sheet.row_values(0)] if sheet.nrows else []
            for number in range(1, sheet.nrows):
                for header, cell in zip(headers, sheet.row(number), strict=False):
                    if header and cell.ctype == _XLS_ERROR:
                        text = _ERRORS_OF_XLS.get(cell.value, "#N/A")
                        _refuse_error(findings, sheet.name.lower(), number + 1, header, text)


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = (name for name in archive.namelist() if name.startswith("xl/worksheets/"))
        return any(_FORMULA.search(archive.read(name)) for name in sheets)


def _without_result(path: Path, rows: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, int, str]]:
    """Give sheet, row and column of each such formula: the file read for its formulas, beside it read for results."""
    from openpyxl import load_workbook  # here, because it takes a fifth of a second to load

    with (
        closing(load_workbook(path, read_only=True, keep_links=False)) as written,
        closing(load_workbook(path, read_only=True, keep_links=False, data_only=True)) as worked_out,
    ):
        for name in written.sheetnames:
            sheet = name.lower()
            if sheet in SHEETS:
                last = len(rows[sheet]) + _MOST_BLANK_ROWS
                for number, column in _compared(written[name], worked_out[name], last):
                    yield sheet, number, column


def _compared(written: "Worksheet", worked_out: "Worksheet", last: int) -> Iterator[tuple[int, str]]:
    headers: list[str] = []
    both = zip(written.iter_rows(max_row=last), worked_out.iter_rows(max_row=last), strict=False)
    for number, (formulas, results) in enumerate(islice(both, last), start=1):
        if number == 1:
            headers = _headers(formulas, results)
        for header, formula, result in zip(headers, formulas, results, strict=False):
            if header and _is_lost(formula, result):
                yield number, header


def _headers(formulas: Sequence["Cell"], results: Sequence["Cell"]) -> list[str]:
    """Give each column's header, or its letter where that is what is lost."""
    headers = [
        formula.column_letter if _is_lost(formula, result) else str(result.value or "").strip()
        for formula, result in zip(formulas, results, strict=False)
    ]
    while headers and not headers[-1]:
        headers.pop()
    return headers


def _is_lost(formula: "Cell", result: "Cell") -> bool:
    """Whether a cell has a formula alone. An empty text is a result: the cell then says that it is a text."""
    return bool(formula.data_type == "f" and result.value is None and result.data_type == "n")
