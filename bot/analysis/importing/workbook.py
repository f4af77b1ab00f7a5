"""A workbook (XLSX) as a table, read one row at a time; one that would swell up beyond measure is not opened."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from xml.parsers.expat import ExpatError

from bot.analysis.importing.formulas import find_lost
from bot.analysis.importing.layout import Layout, Lost, Row, headings_of, titles_above
from bot.analysis.importing.problems import ImportRefused
from bot.surveys.packed import why_not_unpacked

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MOST_UNPACKED: Final = 300_000_000
MOST_ROWS: Final = 1_048_576
"""As the format itself has it (ECMA-376): what says that it has more would be read for hours."""

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_AGAIN: Final = "Save it again from Excel or LibreOffice as .xlsx, or as CSV."


class WorkbookFile:
    """One sheet of a workbook, as a table."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.name = path.name
        self._path = path
        self._sheet = layout.sheet
        self._part = ""
        self._header_rows = layout.header_rows
        check_size(path)
        self._above = titles_above(self._records(), layout.header_rows)
        header = list(islice(self._records(), self._above, self._above + layout.header_rows))
        if len(header) < layout.header_rows:
            raise ImportRefused(f"{self.name} is empty: its sheet has no header row. Export it again.")
        self.headings = headings_of(self.name, header)

    def rows(self) -> Iterator[Row]:
        """Give each row that is not blank. Raises ImportRefused where the file cannot be read on."""
        width = len(self.headings)
        for number, cells in enumerate(self._records(), 1):
            if number <= self._above + self._header_rows or not any(cells):
                continue
            kept = [*cells[:width], *[""] * (width - len(cells))]
            yield Row(number, kept if not any(cells[width:]) else cells)

    def lost(self) -> Sequence[Lost]:
        """Name the cells that hold a formula without its result, or an error."""
        try:
            with zipfile.ZipFile(self._path) as archive:
                return find_lost(lambda: archive.open(self._part))
        except (ExpatError, ValueError, zlib.error, zipfile.BadZipFile, EOFError, OSError) as problem:
            raise ImportRefused(f"{self.name} breaks off, or is damaged. {_AGAIN}") from problem

    def _records(self) -> Iterator[list[str]]:
        with self._path.open("rb") as file:  # openpyxl would refuse a path that does not end in .xlsx
            yield from self._of_sheet(_open(self.name, file))

    def _of_sheet(self, book: "Workbook") -> Iterator[list[str]]:
        if self._sheet and self._sheet not in book.sheetnames:
            there = ", ".join(book.sheetnames)
            raise ImportRefused(f"{self.name} has no sheet {self._sheet!r}; it has {there}. Mend `sheet` in the map.")
        try:
            sheet: Any = book[self._sheet or book.sheetnames[0]]
            self._part = sheet._worksheet_path
            sheet.reset_dimensions()  # what a file says of its own size is often wrong
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > MOST_ROWS:
                    raise ImportRefused(f"{self.name} says that it has more than {MOST_ROWS:,} rows. {_AGAIN}")
                yield [_text(cell) for cell in cells]
        except ImportRefused:
            raise
        except Exception as problem:  # as above: the rest of the file is not what a workbook holds
            raise ImportRefused(f"{self.name} breaks off, or is damaged. {_AGAIN}") from problem


def sheets_of(path: Path) -> list[str]:
    """Name the sheets of a workbook. Raises ImportRefused."""
    check_size(path)
    with path.open("rb") as file:
        names: list[str] = _open(path.name, file).sheetnames
    return names


def _open(name: str, file: BinaryIO) -> "Workbook":
    from openpyxl import load_workbook  # here, because it takes a fifth of a second to load

    # It speaks of drawings and styles that hold no answer, on standard error.
    warnings.filterwarnings("ignore", module="openpyxl")
    try:
        return load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as problem:  # openpyxl meets odd files with any; whoever exported it needs the words
        raise ImportRefused(f"{name} cannot be opened as a workbook. {_AGAIN}") from problem


def check_size(path: Path) -> None:
    """Refuse a workbook that is none, that unpacks to far more than it should, or that defines its own entities."""
    if why := why_not_unpacked(path, MOST_UNPACKED):
        raise ImportRefused(f"{path.name} {why}. {_AGAIN}")


def _text(cell: object) -> str:
    """Write a cell as text. A day is written so that nobody can mistake it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        if _NO_TEXT.search(cell):
            raise ImportRefused("The workbook holds characters that are none. " + _AGAIN)
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)
