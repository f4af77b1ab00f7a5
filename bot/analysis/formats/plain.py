"""CSV for spreadsheets, JSON Lines for programs, and the codebook as a table."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, TextIO

from bot.analysis.cells import Cell, disarm, disarm_code, written_out
from bot.analysis.codebook import codebook_header, codebook_rows
from bot.analysis.formats.asked import Asked, Written
from bot.analysis.long import LONG, LongLines

# Excel takes a CSV for UTF-8 only when it begins with this.
BOM = "\ufeff"
# LibreOffice parts cells at semicolons and tabs too, but not within quotes.
QUOTED: Final = csv.QUOTE_NONNUMERIC
_Quoting = Literal[0, 1, 2, 3]


def write_csv(asked: Asked, path: Path) -> Written:
    """Write the wide form for spreadsheets."""
    header = asked.published.header
    with writing(path) as file:
        file.write(BOM)
        return Written(write_table(file, header, asked.wide(disarm, disarm_code), quoting=QUOTED), len(header))


def write_long_csv(asked: Asked, path: Path) -> Written:
    """Write the long form for spreadsheets."""
    with writing(path) as file:
        file.write(BOM)
        return Written(write_long_table(file, asked, verbatim=False), len(LONG))


def write_json_lines(asked: Asked, path: Path) -> Written:
    """Write the wide form as one JSON object a line: numbers are numbers, an empty cell is null."""
    header, rows = asked.published.header, 0
    with writing(path) as file:
        for row in asked.wide():
            cells = (None if cell == "" else cell for cell in row)
            file.write(json.dumps(dict(zip(header, cells, strict=True)), ensure_ascii=False) + "\n")
            rows += 1
    return Written(rows, len(header))


def write_codebook_table(asked: Asked, path: Path) -> Written:
    """Write the codebook for spreadsheets."""
    header = codebook_header(asked.published)
    rows = ([disarm_code(cell) for cell in row] for row in codebook_rows(asked.published))
    with writing(path) as file:
        file.write(BOM)
        return Written(write_table(file, header, rows, quoting=QUOTED), len(header))


def write_codebook_json(asked: Asked, path: Path) -> Written:
    """Write the codebook as a JSON array with an object for each row, without the empty cells."""
    header = codebook_header(asked.published)
    rows = [
        {name: cell for name, cell in zip(header, row, strict=True) if cell} for row in codebook_rows(asked.published)
    ]
    with writing(path) as file:
        file.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    return Written(len(rows), len(header))


def write_table(
    file: TextIO, header: Iterable[str], rows: Iterable[Iterable[Cell]], *, quoting: _Quoting = csv.QUOTE_MINIMAL
) -> int:
    """Write a CSV table; say how many rows it has."""
    writer = csv.writer(file, quoting=quoting)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([written_out(cell) if type(cell) is float else cell for cell in row])
        count += 1
    return count


def write_long_table(file: TextIO, asked: Asked, *, verbatim: bool, among: frozenset[str] | None = None) -> int:
    """Write the long form; say how many rows it has. `among` are the only responses wanted, by written id."""
    file.write(",".join(LONG) + "\r\n")
    lines = LongLines(
        asked.selection,
        raw=asked.raw,
        labels=asked.labels,
        verbatim=verbatim,
        disguise=asked.disguise,
        left_out=asked.left_out,
    )
    count = 0
    for done, found in enumerate(lines.by_response(asked.database, among), 1):
        file.write("".join(found))
        count += len(found)
        asked.tell(done)
    return count


def writing(path: Path) -> TextIO:
    """Open a file to write text in as it is, its line ends too. Half a character becomes a question mark."""
    return path.open("w", encoding="utf-8", errors="replace", newline="")
