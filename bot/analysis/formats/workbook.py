"""The Excel workbook: the wide form on one sheet, the codebook on another, written row by row in little memory.

A cell is a number or text, never a formula, whatever it begins with. The limits are Excel's own: 32,767 characters in a
cell, 1,048,576 rows and 16,384 columns on a sheet (Microsoft, "Excel specifications and limits").
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.analysis.cells import Cell
from bot.analysis.codebook import codebook_header, codebook_rows
from bot.analysis.formats.asked import Asked, ExportRefused, Written

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767
SHEETS = ("responses", "codebook")
_CUT = " ...[cut]"
# What XML 1.0 has no place for, half characters among it.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")
_CORE = "docProps/core.xml"
_MADE = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_NO_DATE = (1980, 1, 1, 0, 0, 0)


class Sheet:
    """Feeds one sheet, and counts what did not fit: rows `written`, cells `cut`, cells with signs `replaced`."""

    def __init__(self, header: Iterable[str], rows: Iterable[Iterable[Cell]], room: int = MOST_ROWS - 1) -> None:
        self.header = tuple(header)
        self._rows = rows
        self._room = room
        self.written = self.cut = self.replaced = 0

    def records(self) -> Iterator[dict[str, Cell]]:
        """Give each row by column. Without rows there is one of empty cells, for the header comes with the first."""
        for row in self._rows:
            self.written += 1
            if self.written > self._room:
                raise ExportRefused(
                    f"An Excel sheet has room for {self._room:,} responses, and there are more. "
                    "Choose csv, parquet or long-csv."
                )
            yield dict(zip(self.header, map(self._cell, row), strict=True))
        if not self.written:
            yield dict.fromkeys(self.header)

    def _cell(self, cell: Cell) -> Cell:
        if not isinstance(cell, str):
            return cell
        if not cell:
            return None
        if not cell.isprintable():
            cell, replaced = _NOT_XML.subn("\ufffd", _LINE_END.sub("\n", cell))
            self.replaced += bool(replaced)
        if len(cell) * 2 > MOST_CHARACTERS and _units(cell) > MOST_CHARACTERS:
            self.cut += 1
            room = MOST_CHARACTERS - len(_CUT)
            cell = cell.encode("utf-16-le")[: 2 * room].decode("utf-16-le", "ignore") + _CUT
        return cell


def write_workbook(asked: Asked, path: Path) -> Written:
    """Write the workbook."""
    from rustpy_xlsxwriter import write_worksheets  # only whoever writes one loads it

    header = asked.published.header
    if len(header) > MOST_COLUMNS:
        raise ExportRefused(f"An Excel sheet has room for {MOST_COLUMNS:,} columns; this export has {len(header):,}.")
    responses = Sheet(header, asked.wide())
    codebook = Sheet(codebook_header(asked.published), codebook_rows(asked.published))
    write_worksheets(
        [(name, sheet.records()) for name, sheet in zip(SHEETS, (responses, codebook), strict=True)],
        str(path),
        freeze_panes={"general": {"row": 1, "col": 1}},
        bold_headers=True,
        autofilter=dict.fromkeys(SHEETS, True),
    )
    _forget_when(path)
    notes = []
    if responses.cut:
        notes.append(f"{responses.cut} cells were longer than Excel's {MOST_CHARACTERS:,} characters and are cut.")
    if responses.replaced:
        notes.append(f"{responses.replaced} cells held signs that Excel cannot hold; each became \ufffd.")
    return Written(responses.written, len(header), tuple(notes))


def _units(text: str) -> int:
    """Count as Excel does, in UTF-16: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _forget_when(path: Path) -> None:
    """Take the time of writing out of the file, so that the same answers make the same bytes.

    It stands in a small part near the end: that part and those behind it are written again.
    """
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        first = book.getinfo(_CORE).header_offset
        last_parts = [(part.filename, book.read(part)) for part in book.filelist if part.header_offset >= first]
        book.filelist = [part for part in book.filelist if part.header_offset < first]
        book.NameToInfo = {part.filename: part for part in book.filelist}
        book.start_dir = first
        for name, content in last_parts:
            if name == _CORE:
                content = _MADE.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            book.writestr(zipfile.ZipInfo(name, _NO_DATE), content, zipfile.ZIP_DEFLATED)
