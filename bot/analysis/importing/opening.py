"""Opening a file of answers: by what it holds, whatever it is called, and only if its checksum is right."""

import hashlib
import re
from pathlib import Path
from typing import Final

from bot.analysis.importing import workbook
from bot.analysis.importing.delimited import DelimitedFile
from bot.analysis.importing.layout import Layout, Table
from bot.analysis.importing.problems import ImportRefused

MOST_BYTES: Final = 300_000_000
_HALF_LETTER: Final = re.compile("[\ud800-\udfff]")
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_PACKED: Final = b"PK\x03\x04"
_WEB_PAGE: Final = re.compile(rb"\s*<(?:!doctype|html|\?xml|table)", re.IGNORECASE)


def open_table(path: Path, layout: Layout) -> Table:
    """Open a file. Raises ImportRefused, which says what is wrong with it and what to do."""
    if _HALF_LETTER.search(path.name):  # the database keeps the name, and keeps only text
        raise ImportRefused(f"The file's name, {path.name!a}, is not in UTF-8. Rename it in plain letters.")
    try:
        return _open(path, layout)
    except OSError as problem:
        raise _unreadable(path, problem) from None


def sheets_of(path: Path) -> list[str]:
    """Name the sheets of a workbook; of any other file one without a name. Raises ImportRefused."""
    try:
        with path.open("rb") as file:
            is_workbook = file.read(len(_PACKED)) == _PACKED
    except OSError as problem:
        raise _unreadable(path, problem) from None
    return workbook.sheets_of(path) if is_workbook else [""]


def _unreadable(path: Path, problem: OSError) -> ImportRefused:
    return ImportRefused(f"{path} cannot be read ({problem.strerror}). Check its name.")


def _open(path: Path, layout: Layout) -> Table:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4_096)
    if not start.strip(b"\xef\xbb\xbf \r\n\t"):
        raise ImportRefused(f"{path.name} is empty. Export it again.")
    if size > MOST_BYTES:
        raise ImportRefused(f"{path.name} has over {MOST_BYTES // 1_000_000} MB. Export it in parts, by date.")
    if start.startswith(_OLD_EXCEL):
        raise ImportRefused(f"{path.name} is of the old Excel kind, or has a password. Save it as .xlsx or as CSV.")
    if start.startswith(b"%PDF") or _WEB_PAGE.match(start):
        raise ImportRefused(f"{path.name} is no table, but a page. Export the answers as CSV or XLSX.")
    check_sum(path)
    return workbook.WorkbookFile(path, layout) if start.startswith(_PACKED) else DelimitedFile(path, layout)


def check_sum(path: Path) -> None:
    """Hold a file against the SHA-1 that Jadu gives for it, where `<file>.sha1` lies beside it."""
    beside = path.with_name(f"{path.name}.sha1")
    if not beside.is_file():
        return
    said = beside.read_text(encoding="ascii", errors="replace").split()
    if not said or said[0].lower() != digest(path, "sha1"):
        raise ImportRefused(f"{path.name} is not the file that {beside.name} is for. Download it again.")


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Give a file's digest in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
