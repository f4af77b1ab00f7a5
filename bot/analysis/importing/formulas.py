"""Cells whose words a workbook does not hold: a formula without its result, or an error in its place.

What somebody wrote with = at its beginning is a formula to many a program that writes workbooks, and has no result
there. openpyxl gives such a cell as a blank one; so the sheet itself is asked.
"""

import re
from collections.abc import Callable, Container, Mapping
from typing import IO, Final
from xml.parsers.expat import ParserCreate

from bot.analysis.importing.layout import NAMELESS, Lost, Table
from bot.analysis.importing.problems import Problems, named

_LETTERS: Final = re.compile(r"([A-Z]{1,3})\d+")
_BETWEEN: Final = " "
"""Between a name and its namespace."""
_FORMULA: Final = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_SIGNS: Final = (b'"e"', b"'e'", b"\0")
"""Of an error, and of UTF-16, in which nothing is seen so."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 100


def tell_lost_cells(table: Table, left_out: Container[int], problems: Problems, of: str = "") -> None:
    """Say in which columns and rows words are lost, but for columns that are left out. `of` names the file."""
    for cell in table.lost():
        if cell.column in left_out:
            continue
        is_headed = cell.column < len(table.headings)
        heading = table.headings[cell.column] if is_headed else f"{NAMELESS}{cell.column + 1})"
        holds = "an error, such as #NAME?" if cell.is_error else "a formula without its result"
        true = "mend those cells" if cell.is_error else "open the file in Excel, save it and import it again"
        problems.add(
            f"{of}column {named(heading)} holds {holds}: words that somebody began with = may be lost there. Export "
            f"the answers as CSV, which keeps them; or, if nobody wrote them, {true}",
            cell.row,
        )


def find_lost(open_sheet: Callable[[], IO[bytes]]) -> list[Lost]:
    """Find such cells in the XML of a sheet. Raises ExpatError or ValueError where that is damaged."""
    with open_sheet() as sheet:
        if not _may_have_lost(sheet):
            return []
    with open_sheet() as sheet:
        return _Scan().read(sheet)


def _may_have_lost(sheet: IO[bytes]) -> bool:
    """Whether a closer look, which takes half as long as to read all of it, is worth its while."""
    end = b""
    while piece := sheet.read(_PIECE):
        piece = end + piece
        if _FORMULA.search(piece) or any(sign in piece for sign in _SIGNS):
            return True
        end = piece[-_OVERLAP:]
    return False


class _Scan:
    """Goes through a sheet's elements: `row`, in it `c`, and in that `f`, a formula, before `v` or `is`, what it holds.

    A row or cell that does not say where it stands is the next one (ECMA-376, part 1, 18.3.1). An empty `v` is a
    result only where `t` says that it is a text.
    """

    def __init__(self) -> None:
        self._found: list[Lost] = []
        self._row = self._column = 0
        self._type = ""
        self._is_in_cell = self._has_formula = self._has_value = False
        self._parser = ParserCreate(namespace_separator=_BETWEEN)

    def read(self, sheet: IO[bytes]) -> list[Lost]:
        """Read a sheet whole."""
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.ParseFile(sheet)
        return self._found

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        match name.rpartition(_BETWEEN)[2]:
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            case "c":
                self._column = _column_of(attributes["r"]) if "r" in attributes else self._column + 1
                self._type = attributes.get("t", "n")
                self._is_in_cell, self._has_formula, self._has_value = True, False, False
            case "f":
                self._has_formula = self._is_in_cell
            case "v" if self._has_formula:
                self._has_value = self._type == "str"
                self._parser.CharacterDataHandler = self._hear
            case "is":
                self._has_value = True

    def _hear(self, text: str) -> None:
        self._has_value = self._has_value or bool(text.strip())

    def _end(self, name: str) -> None:
        kind = name.rpartition(_BETWEEN)[2]
        if kind == "v":
            self._parser.CharacterDataHandler = None
        elif kind == "c" and self._is_in_cell:
            self._is_in_cell = False
            is_error = self._type == "e"
            if is_error or (self._has_formula and not self._has_value):
                self._found.append(Lost(self._row, self._column - 1, is_error))


def _column_of(reference: str) -> int:
    """Read the column, from 1, of a reference such as AB12."""
    found = _LETTERS.fullmatch(reference.upper())
    if found is None:
        raise ValueError(f"{reference!r} is no cell")
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column
