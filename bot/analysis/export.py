"""Writes an export. Every export is audited, whole or not there at all, and masked unless raw is asked for."""

import asyncio
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.analysis.columns import Published, read_published
from bot.analysis.disguise import NOTES, Disguise
from bot.analysis.formats.asked import Asked, ExportRefused, Progress, Written
from bot.analysis.formats.codebook_page import write_codebook_page
from bot.analysis.formats.consult import write_consult
from bot.analysis.formats.datapackage import write_datapackage
from bot.analysis.formats.parquet import write_parquet
from bot.analysis.formats.plain import (
    write_codebook_json,
    write_codebook_table,
    write_csv,
    write_json_lines,
    write_long_csv,
)
from bot.analysis.formats.spss import write_spss
from bot.analysis.formats.workbook import write_workbook
from bot.analysis.placing import Unfinished, placed
from bot.analysis.rows import Selection
from bot.core.language_names import name_in_english
from storage import exports, reviews
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import note

_SLICE = 500
# In a zip a time is part of the bytes, and the same answers are to make the same bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


class Format(StrEnum):
    """What can be written.

    `csv` and `long-csv` are for spreadsheets: UTF-8 with BOM, formula cells neutralised by an apostrophe. All others
    are verbatim. `datapackage` and `consult` are folders, or one zip file where the name ends so. `codebook` is a
    table, or a page where the name ends in .html.
    """

    CSV = "csv"
    LONG_CSV = "long-csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    SAV = "sav"
    JSONL = "jsonl"
    DATAPACKAGE = "datapackage"
    CONSULT = "consult"
    CODEBOOK = "codebook"

    @property
    def is_folder(self) -> bool:
        """Whether it is several files."""
        return self in (Format.DATAPACKAGE, Format.CONSULT)


_CSV = (".csv", ".txt")
_ENDINGS: Mapping[Format, tuple[str, ...]] = {
    Format.CSV: _CSV,
    Format.LONG_CSV: _CSV,
    Format.XLSX: (".xlsx",),
    Format.PARQUET: (".parquet",),
    Format.SAV: (".sav",),
    Format.JSONL: (".jsonl", ".ndjson", ".txt"),
    Format.DATAPACKAGE: (".zip",),
    Format.CONSULT: (".zip",),
    Format.CODEBOOK: (".csv", ".html", ".json"),
}
"""How the name of a file of each format may end, the usual ending first."""
_OTHERS = """.7z .bz2 .db .doc .docx .dta .feather .gz .htm .md .ods .pdf .rds .sqlite .tar .tgz .tsv .xls .xlsb .xlsm
 .xml .xz .zsav .zst"""
_TELLING = frozenset(_OTHERS.split()).union(*_ENDINGS.values())
"""Endings by which programs and people know what a file is. Any other says nothing, and is let be."""
Writer = Callable[[Asked, Path], Written]
_WRITERS: Mapping[Format, Writer] = {
    Format.CSV: write_csv,
    Format.LONG_CSV: write_long_csv,
    Format.XLSX: write_workbook,
    Format.PARQUET: write_parquet,
    Format.SAV: write_spss,
    Format.JSONL: write_json_lines,
    Format.DATAPACKAGE: write_datapackage,
    Format.CONSULT: write_consult,
    Format.CODEBOOK: write_codebook_table,
}
_CODEBOOKS: Mapping[str, Writer] = {".html": write_codebook_page, ".json": write_codebook_json}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows without the header, columns, and what a reader of it should know."""

    rows: int
    columns: int
    path: Path
    notes: tuple[str, ...] = ()


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
    primary_only: bool = False,
    shareable_by: KeyRing | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write a survey's export to `out`, replacing a file of that name. The event loop stays free meanwhile.

    `raw` leaves contact details in free text and demands RAW in the file's name. `labels` (a language, by code or
    name) writes labels in place of codes, those of a multiple joined by "; ". `include_test` takes in trials.
    `primary_only` leaves out a person's responses but for the one to count. `shareable_by` writes what
    `disguise` says, with a key that these keys wrap.
    `who` stands in the audit log; `now` is epoch milliseconds UTC; `progress` hears from a worker thread how many
    responses are done. Raises ExportRefused and UnknownSurvey.
    """
    format = Format(format)
    if raw and shareable_by:
        raise ExportRefused("A shareable export is always masked. Leave out --text raw, or --shareable.")
    try:
        _check_name(out, format, raw=raw)
        _check_place(out, format)
    except OSError as error:
        raise _cannot_write(out, error) from error
    published = await database.read(lambda: read_published(survey))
    language = None if labels is None else _language(published, labels)
    disguise = None
    if shareable_by is not None and format is not Format.CODEBOOK:  # which holds nothing of anybody
        disguise = Disguise(await database.run(lambda: exports.shareable_key(shareable_by, now)))
    selection = Selection(published, now, include_test)
    asked = Asked(database, selection, raw, language, primary_only, disguise, progress)
    if format is Format.CONSULT:
        asked = await _for_consult(asked)
    if format is Format.CODEBOOK:
        asked.readers.update(await database.read(reviews.readers))
    return await _put_in_place(asked, format, out, who)


def _language(published: Published, labels: str) -> str:
    code = published.language_called(labels)
    if code is None:
        known = ", ".join(f"{each} ({name_in_english(each)})" for each in published.languages)
        raise ExportRefused(f"'{published.survey}' has no language '{labels}'. It has: {known}.")
    return code


async def _for_consult(asked: Asked) -> Asked:
    """Give each response that has none its integer id, some hundred in a transaction, and look up the areas."""
    database, survey, now = asked.database, asked.published.survey, asked.selection.now
    asked.areas.update(await database.read(lambda: exports.places(survey)))
    if asked.disguise is None:
        numbers = await database.read(lambda: exports.consult_ids(survey))
        new = [response for response in await asyncio.to_thread(asked.responses) if response not in numbers]
        for first in range(0, len(new), _SLICE):
            some = new[first : first + _SLICE]
            await database.run(lambda some=some: exports.number(survey, some, now))  # type: ignore[misc]
        asked.numbers.update(await database.read(lambda: exports.consult_ids(survey)))
    return asked


async def _put_in_place(asked: Asked, format: Format, out: Path, who: str) -> Exported:
    """Write it beside its place, record it, and only then give it its name."""
    try:
        async with placed(out, is_folder=_is_folder(format, out)) as unfinished:
            written = await asyncio.to_thread(_write, asked, format, out, unfinished)
            detail = f"{asked.published.survey} {format}, {_kind(asked)}, {written.rows} rows, to {out.name}"
            # Before the file has its name, so that no export goes unrecorded.
            await asked.database.run(lambda: note(asked.selection.now, who, "export", detail))
    except OSError as error:
        raise _cannot_write(out, error) from error
    return Exported(written.rows, written.columns, out, (*(NOTES if asked.disguise else ()), *written.notes))


def _kind(asked: Asked) -> str:
    words = "shareable, masked text" if asked.disguise else "raw text" if asked.raw else "masked text"
    return f"{words}, primary only" if asked.primary_only else words


def _cannot_write(out: Path, error: OSError) -> ExportRefused:
    return ExportRefused(f"Cannot write {out}: {error.strerror or error}.")


def _check_name(out: Path, format: Format, *, raw: bool) -> None:
    fitting = _ENDINGS[format]
    if out.suffix.lower() in _TELLING.difference(fitting):
        plain = out
        while plain.suffix.lower() in _TELLING:
            plain = plain.with_suffix("")
        raise ExportRefused(
            f"{out.name} would not be what its name says: the format {format} is {'a folder, or ' * format.is_folder}"
            f"a file that ends in {' or '.join(fitting)}, such as {plain.name}{fitting[0]}."
        )
    if raw and "RAW" not in out.name:
        raise ExportRefused(
            f"Raw text may hold contact details, so the file's name must say RAW, such as {out.stem}-RAW{out.suffix}."
        )


def _check_place(out: Path, format: Format) -> None:
    if not out.parent.is_dir():
        raise ExportRefused(f"There is no folder {out.parent}. Make it first, or name another.")
    if not _is_folder(format, out):
        if out.is_dir():
            raise ExportRefused(f"{out} is a folder. Name a file in it.")
        if out.is_symlink() or (out.exists() and not out.is_file()):
            # The file takes its place: /dev/stdout would be gone for everybody.
            raise ExportRefused(f"{out} is no file of its own. Name a new file.")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportRefused(
            f"The format {format} is a folder, and {out} is there already. Name a new or an empty one, or a .zip file."
        )


def _is_folder(format: Format, out: Path) -> bool:
    return format.is_folder and out.suffix.lower() != ".zip"


def _write(asked: Asked, format: Format, out: Path, unfinished: Path) -> Written:
    writer = _WRITERS[format]
    if format is Format.CODEBOOK:
        writer = _CODEBOOKS.get(out.suffix.lower(), writer)
    if not format.is_folder or _is_folder(format, out):
        return writer(asked, unfinished)
    folder = Unfinished(out, is_folder=True)
    try:
        written = writer(asked, folder.path)
        _zip(folder.path, unfinished)
    finally:
        folder.remove()
    return written


def _zip(folder: Path, path: Path) -> None:
    """Pack a folder, its files in the order of their names and without their times."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for each in sorted(file for file in folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(each.relative_to(folder).as_posix(), _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with each.open("rb") as file, packed.open(entry, "w", force_zip64=True) as into:
                shutil.copyfileobj(file, into)
