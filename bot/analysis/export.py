"""Writes an export file. Every export is audited, whole or not there at all, and masked unless raw is asked for."""

import asyncio
import csv
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TextIO

from bot.analysis.cells import Cell, as_is, disarm, disarm_code
from bot.analysis.codebook import codebook_header, codebook_rows
from bot.analysis.columns import Published, read_published
from bot.analysis.long import LONG, LongLines
from bot.analysis.masking import mask
from bot.analysis.rows import Selection, WideRows, read_duplicates, stream_responses
from storage.script import Database
from storage.staff import note

# Excel takes a CSV for UTF-8 only when it begins with this.
_BOM = "\ufeff"
_SLICE = 1_000


class Format(StrEnum):
    """What can be written.

    `csv` and `long-csv` are for spreadsheets: UTF-8 with BOM, formula cells neutralised by an apostrophe. `jsonl` has
    the columns of `csv`, verbatim: numbers are numbers, a multiple answer its codes with spaces, an empty cell null.
    """

    CSV = "csv"
    LONG_CSV = "long-csv"
    JSONL = "jsonl"
    CODEBOOK = "codebook"


class ExportRefused(Exception):
    """The export as asked for cannot or must not be written. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows without the header, and columns."""

    rows: int
    columns: int
    path: Path


@dataclass(frozen=True, slots=True)
class _Asked:
    """An export as asked for, ready to be written."""

    database: Database
    selection: Selection
    raw: bool
    labels: str | None


async def export(
    database: Database,
    survey: str,
    format: Format,
    out: Path,
    *,
    raw: bool,
    labels: str | None,
    include_test: bool,
    who: str,
    now: int,
) -> Exported:
    """Write a survey's export to `out`, replacing a file of that name. The event loop stays free meanwhile.

    `raw` leaves contact details in free text and demands RAW in the file's name. `labels` (a language code) writes
    labels in place of codes, those of a multiple joined by "; ". `include_test` takes in the responses of trials.
    `who` stands in the audit log; `now` is epoch milliseconds UTC. Raises ExportRefused and UnknownSurvey.
    """
    try:
        _check_place(out, raw=raw)
    except OSError as error:
        raise _cannot_write(out, error) from error
    published = await database.read(lambda: read_published(survey))
    if labels is not None and labels not in published.languages:
        raise ExportRefused(f"'{survey}' has no language '{labels}'. It has: {', '.join(published.languages)}.")
    asked = _Asked(database, Selection(published, now, include_test), raw, labels)
    unfinished = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        rows, columns = await asyncio.to_thread(_write, asked, Format(format), unfinished)
        words = "raw" if raw else "masked"
        detail = f"{survey} {Format(format)}, {words} text, {rows} rows, to {out.name}"
        # Before the file has its name, so that no export goes unrecorded.
        await database.run(lambda: note(now, who, "export", detail))
        unfinished.replace(out)
    except OSError as error:
        raise _cannot_write(out, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Exported(rows, columns, out)


def _cannot_write(out: Path, error: OSError) -> ExportRefused:
    return ExportRefused(f"Cannot write {out}: {error.strerror or error}.")


def _check_place(out: Path, *, raw: bool) -> None:
    if raw and "RAW" not in out.name:
        raise ExportRefused(
            f"Raw text may hold contact details, so the file's name must say RAW, such as {out.stem}-RAW{out.suffix}."
        )
    if out.is_dir():
        raise ExportRefused(f"{out} is a folder. Name a file in it.")
    if not out.parent.is_dir():
        raise ExportRefused(f"There is no folder {out.parent}. Make it first, or name another.")


def _write(asked: _Asked, format: Format, path: Path) -> tuple[int, int]:
    """Write the file; say how many rows and columns it has."""
    # Readable by its owner alone, for it holds what residents said.
    path.touch(mode=0o600, exist_ok=False)
    with path.open("w", encoding="utf-8", newline="") as file:
        match format:
            case Format.CSV:
                header = asked.selection.published.header
                return _write_csv(file, header, _wide(asked, disarm, disarm_code)), len(header)
            case Format.LONG_CSV:
                return _write_long(file, asked), len(LONG)
            case Format.JSONL:
                return _write_json_lines(file, asked), len(asked.selection.published.header)
            case Format.CODEBOOK:
                published = asked.selection.published
                columns = codebook_header(published)
                rows = ([disarm_code(cell) for cell in row] for row in codebook_rows(published))
                return _write_csv(file, columns, rows), len(columns)


def _wide(asked: _Asked, text: Callable[[str], str], code: Callable[[str], str]) -> Iterator[list[Cell]]:
    def write_text(said: str) -> str:
        return text(said if asked.raw else mask(said))

    published: Published = asked.selection.published
    wide = WideRows(published, write_text=write_text, write_code=code, labels=asked.labels)
    duplicates = read_duplicates(asked.database, asked.selection)
    for response in stream_responses(asked.database, asked.selection):
        yield wide.row(response, duplicates.get(response.id))


def _write_csv(file: TextIO, header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> int:
    file.write(_BOM)
    writer = csv.writer(file)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    return count


def _write_long(file: TextIO, asked: _Asked) -> int:
    file.write(_BOM + ",".join(LONG) + "\r\n")
    count = 0
    for lines in LongLines(asked.selection, raw=asked.raw, labels=asked.labels).slices(asked.database):
        remaining = iter(lines)
        while some := list(islice(remaining, _SLICE)):
            file.write("".join(some))
        count += len(lines)
    return count


def _write_json_lines(file: TextIO, asked: _Asked) -> int:
    header = asked.selection.published.header
    count = 0
    for row in _wide(asked, as_is, as_is):
        cells = (None if cell == "" else cell for cell in row)
        file.write(json.dumps(dict(zip(header, cells, strict=True)), ensure_ascii=False) + "\n")
        count += 1
    return count
