"""Whether a file can be opened as a survey file: found out before pyxform, which unpacks whatever it is given."""

import codecs
import csv
import io
from pathlib import Path
from typing import Final

from bot.surveys.packed import DAMAGED, why_not_unpacked
from bot.surveys.problems import Problem, SurveyRefused

SAVE_AGAIN: Final = "save it from Excel or LibreOffice as .xlsx"
MOST_BYTES: Final = 50_000_000
MOST_UNPACKED: Final = 100_000_000
"""Bytes. A survey of 10,000 choices unpacks to two million; the rest is for pictures, and for sheets of one's own."""

_READABLE: Final = (".xlsx", ".xlsm", ".xls", ".csv", ".md")


def check_file(path: Path) -> None:
    """Raise `SurveyRefused` where a file cannot be opened as a survey file, or would swell up if it were."""
    try:
        trouble = _trouble(path)
    except OSError as problem:
        trouble = f"{path} cannot be read ({problem.strerror}); check its name, and that you may read it"
    if trouble:
        raise SurveyRefused((Problem("", 0, "", trouble),))


def without_mark(path: Path) -> Path | bytes:
    """Give what pyxform is to read: the file, or its text without the mark that Excel's "CSV UTF-8" begins with."""
    if path.suffix.lower() not in (".csv", ".md"):
        return path
    content = path.read_bytes()
    return content.removeprefix(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else path


def _trouble(path: Path) -> str:
    kind = path.suffix.lower()
    if path.is_dir():
        return f"{path} is a folder; name the survey file in it"
    if not path.is_file():
        return f"there is no file {path}"
    if kind not in _READABLE:
        return f"{path.name} is no survey file; {SAVE_AGAIN}"
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if not content:
        return f"{path.name} is empty"
    if len(content) > MOST_BYTES:
        return f"{path.name} has over {MOST_BYTES // 1_000_000} MB; take pictures and other sheets out of it"
    if kind in (".csv", ".md"):
        return _trouble_of_text(path.name, content, kind)
    why = why_not_unpacked(path, MOST_UNPACKED) if kind in (".xlsx", ".xlsm") else ""
    if not why:
        return ""
    return f"{path.name} {why}; {SAVE_AGAIN if why == DAMAGED else 'copy its three sheets into a new workbook'}"


def _trouble_of_text(name: str, content: bytes, kind: str) -> str:
    """Find what pyxform would pass over: it takes every row behind an open quotation mark for one cell."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # as UTF-16 has it behind every plain letter
        return f"{name} is no text in UTF-8; {SAVE_AGAIN}"
    if kind == ".csv":
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for _ in rows:
                pass
        except csv.Error:
            where = f"in line {rows.line_num} or above it"
            return f"{name}: {where}, a quotation mark is left open or in the wrong place; mend it, or {SAVE_AGAIN}"
    return ""
