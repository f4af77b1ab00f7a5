"""A file of text with delimiters (CSV): its encoding and delimiter found out, and read one row at a time.

Whatever is in it, no more than a megabyte of it is held at once.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from bot.analysis.importing.layout import AUTO, Layout, Lost, Row, headings_of, titles_above
from bot.analysis.importing.problems import ImportRefused

DELIMITERS: Final = (",", ";", "\t", "|")
MOST_LINE: Final = 1_000_000
"""Characters of one line."""
MOST_CELL: Final = 131_072
"""Characters of one cell, as Python's csv module has it unless another library in the process changes that."""

_CHUNK: Final = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_STRAY: Final = re.compile("[\udc80-\udcff]")
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_EXCEL_HINT: Final = re.compile(r'sep=([^"\r\n])[\r\n]*')


class DelimitedFile:
    """A file of text, as a table."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.name = path.name
        self._path = path
        self._encoding = find_encoding(path) if layout.encoding == AUTO else _named(layout.encoding)
        self._header_rows = layout.header_rows
        self._skipped = 0
        self._delimiter = self._find_delimiter() if layout.delimiter == AUTO else layout.delimiter
        self._above = titles_above(self._records(), layout.header_rows)
        header = list(islice(self._records(), self._above, self._above + layout.header_rows))
        if len(header) < layout.header_rows:
            raise ImportRefused(f"{self.name} is empty: it has no header row. Export it again.")
        self.headings = headings_of(self.name, header)

    def rows(self) -> Iterator[Row]:
        """Give each row that is not blank. Raises ImportRefused where the file cannot be read on."""
        width = len(self.headings)
        for number, cells in enumerate(self._records(), 1):
            if number <= self._above + self._header_rows or not any(cells):
                continue
            if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                cells = cells[:width]
            yield Row(number, cells)

    def lost(self) -> Sequence[Lost]:
        """Name no cell: what stands in a file of text are the words themselves."""
        return ()

    def _records(self) -> Iterator[list[str]]:
        csv.field_size_limit(MOST_CELL)
        reader = csv.reader(islice(self._lines(), self._skipped, None), delimiter=self._delimiter, strict=True)
        number = 0
        try:
            for cells in reader:
                number += 1
                yield cells
        except csv.Error as problem:
            raise ImportRefused(f"{self.name}, row {number + 1}: {_told(str(problem))}") from None

    def _lines(self) -> Iterator[str]:
        try:
            with self._path.open(encoding=self._encoding, newline="") as stream:
                while line := stream.readline(MOST_LINE):
                    if len(line) >= MOST_LINE:
                        raise ImportRefused(
                            f"{self.name} has a line of more than {MOST_LINE:,} characters, as no export has. "
                            "Export it again."
                        )
                    if _NO_TEXT.search(line):
                        raise ImportRefused(f"{self.name} holds bytes that are no text. Save it as CSV in UTF-8.")
                    yield line
        except UnicodeError:
            raise ImportRefused(
                f"{self.name} is not in {self._encoding.upper()}: it holds bytes that cannot be read so. Set "
                '`encoding` in the map, or "auto", or save the file as CSV in UTF-8.'
            ) from None

    def _find_delimiter(self) -> str:
        """Take the delimiter that makes the most of the headings; Excel's own hint goes first."""
        first = next(self._lines(), "")
        if (hint := _EXCEL_HINT.fullmatch(first)) is not None:
            self._skipped = 1
            return hint[1]
        for below_titles in (False, True):
            widths = {each: self._width(each, below_titles) for each in DELIMITERS}
            if max(widths.values()) > 1:
                break
        return max(DELIMITERS, key=lambda each: widths[each])

    def _width(self, delimiter: str, below_titles: bool) -> int:
        """Count the headings that a delimiter makes; none where the rows cannot be read by it."""
        self._delimiter = delimiter
        try:
            above = titles_above(self._records(), self._header_rows) if below_titles else 0
            return len(next(islice(self._records(), above, None), []))
        except ImportRefused:
            return 0


def find_encoding(path: Path) -> str:
    """Find a file's encoding: by its mark, by its noughts, as strict UTF-8, and else as Windows-1252.

    Raises ImportRefused for what is mostly UTF-8.
    """
    with path.open("rb") as file:
        start = file.read(4_096)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    noughts = [start[place::2].count(0) for place in (0, 1)]
    if max(noughts) * 4 > len(start) > 1:
        return "utf-16-le" if noughts[1] > noughts[0] else "utf-16-be"
    letters, strays = _count_as_utf_8(path)
    if strays and letters >= strays:
        # Read as Windows-1252 it would be full of wrong letters, and nobody would be told.
        raise ImportRefused(
            f"{path.name} is UTF-8, but for some bytes that are none: it is cut off or damaged. Export it again."
        )
    return "cp1252" if strays else "utf-8"


def _count_as_utf_8(path: Path) -> tuple[int, int]:
    """Count the letters beyond ASCII that a file has as UTF-8, and the bytes that are none."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    letters = strays = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if not text.isascii():
                stray = len(_STRAY.findall(text))
                strays += stray
                letters += len(_BEYOND_ASCII.findall(text)) - stray
            if not chunk:
                return letters, strays


def _named(encoding: str) -> str:
    """Return the encoding that a map names; of UTF-8 the one that passes over a mark."""
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


def _told(problem: str) -> str:
    if "field larger" in problem:
        return f"a cell has more than {MOST_CELL:,} characters. A quotation mark may be missing before it. Export anew."
    if "unexpected end" in problem:
        return "the file ends within a cell in quotation marks: it is cut off. Export it again."
    return "the quotation marks do not match, so that no cell can be told from the next. Export it again."
