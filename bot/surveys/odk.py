"""What ODK, Enketo and Kobo would refuse in a survey file, in the words of pyxform, which they read it with."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from bot.surveys.opening import SAVE_AGAIN, without_mark
from bot.surveys.problems import Findings, Problem

_PLACE = re.compile(
    r"\[row : (?P<row>\d+)\]\s*(?:On the '(?P<sheet>\w+)' sheet,?\s*)?"
    r"(?:the '(?P<column>\w+)' value is invalid\.\s*)?(?P<message>.*)",
    re.DOTALL,
)
_UNKNOWN_CODES = re.compile(r"valid machine-readable codes: (?P<headers>.+?)\. Learn more")
_TRANSLATED = ("label", "image", "big-image", "audio", "video", "media")
_WITH_SCRIPT = re.compile(r".*\([a-z]{2,3}-[A-Z][a-z]{3}\)")


def check_as_odk(path: Path, findings: Findings) -> None:
    """Convert the whole form, and note what pyxform says of it.

    pyxform stops at its first objection, so this comes after our own checks, which go on to the end. An objection to a
    row that we have refused is the same mistake in other words and left out; so is one without a row, once we have
    refused anything on its sheets.
    """
    from pyxform.xls2xform import convert  # here, because it takes half a second to load

    said: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl mentions drawings and extensions that no survey needs
            convert(without_mark(path), warnings=said, validate=False, file_type=path.suffix.lower())
    except Exception as objection:  # pyxform meets odd sheets with any exception; their author needs the words
        refused = {(problem.sheet, problem.row) for problem in findings.refusals if problem.sheet != "settings"}
        for problem in told_by_pyxform(path, objection):
            if (problem.sheet, problem.row) not in refused and (problem.row or not refused):
                findings.refuse(problem.sheet, problem.row, problem.column, problem.message)
    for words in said:
        if _is_about_scripts(words):
            continue
        problem = _placed(words)
        findings.warn(problem.sheet, problem.row, problem.column, problem.message)


def _is_about_scripts(words: str) -> bool:
    """Say whether pyxform misses nothing but codes with a script: BCP 47 has `ur-Latn`, and its list does not."""
    found = _UNKNOWN_CODES.search(words)
    return found is not None and all(_WITH_SCRIPT.fullmatch(header) for header in found["headers"].split(", "))


def told_by_pyxform(path: Path, raised: Exception) -> Iterator[Problem]:
    """Turn what pyxform raised into problems, with sheet and row where it names them."""
    words = str(raised).strip()
    is_of_pyxform = type(raised).__module__.startswith("pyxform")
    is_unreadable = "not recognized as a supported type" in words
    if path.suffix.lower() in (".csv", ".md") and (is_unreadable or not is_of_pyxform):
        named = "has the sheets survey, choices and settings alone, each below a row with its name"
        words = f"{path.name} is no survey file: a {path.suffix.lower()} {named}; {SAVE_AGAIN}"
    elif "attribute 'strip'" in words:
        words = "the first row of a sheet holds a number or a day where the name of a column belongs; write a name"
    elif is_unreadable:
        words = f"{path.name} is damaged, or no spreadsheet; {SAVE_AGAIN}"
    elif "nodeType" in words:
        words = (
            f"{_named_columns(path)} written with '::' where ODK cannot have it; write form_title_pl, or on choices "
            "sms_label_pl"
        )
    elif not words or not is_of_pyxform:  # Python's own words say nothing to whoever has the file open in Excel
        words = f"{path.name} could not be read to its end: it is damaged, or holds what ODK cannot read; {SAVE_AGAIN}"
    for line in re.split(r"\n(?=\[row : )", words):
        placed = _placed(line)
        yield placed if placed.row else Problem(*_found(path, placed.message), "", placed.message)


def _named_columns(path: Path) -> str:
    """Name the columns with `::` of the two sheets where ODK has it for labels and their pictures alone."""
    from pyxform.xls2json_backends import get_xlsform

    sheets = get_xlsform(without_mark(path), file_type=path.suffix.lower())
    odd = [
        f"{header} on the {sheet} sheet"
        for sheet, headers in (("choices", sheets.choices_header), ("settings", sheets.settings_header))
        for header in (headers or [{}])[0]
        if "::" in header and header.split("::")[0].strip() not in _TRANSLATED
    ]
    return f"{', '.join(odd)} {'are' if len(odd) > 1 else 'is'}" if odd else "a column is"


def _found(path: Path, words: str) -> tuple[str, int]:
    """Find the row of the survey sheet that pyxform quotes without naming it."""
    from pyxform.xls2json_backends import get_xlsform

    quoted = re.findall(r"'([^']+)'", words)
    try:
        rows = get_xlsform(without_mark(path), file_type=path.suffix.lower()).survey or []
    except Exception:  # the file is what cannot be read, and its author has been told so already
        return "", 0
    for number, row in enumerate(rows, start=2):
        if any(row.get(column) in quoted for column in ("type", "name")):
            return "survey", number
    return "", 0


def _placed(words: str) -> Problem:
    found = _PLACE.match(words)
    if found is None:
        return Problem("", 0, "", " ".join(words.split()))
    message = " ".join(found["message"].split())
    return Problem(
        found["sheet"] or "survey", int(found["row"]), found["column"] or "", message or "this row cannot be read"
    )
