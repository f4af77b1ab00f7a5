"""The map of an import: a TOML file that says which column is which question, and how its values are to be read.

A preset fills in what a form's export always has. Whatever the map does not know stops it: a slip of the pen in a
map must never lose answers.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct, field

from bot.analysis.importing.dates import DateFormat, first_minute
from bot.analysis.importing.layout import AUTO, Layout
from bot.analysis.importing.map_shape import MapShape
from bot.analysis.importing.problems import ImportRefused, Problems
from bot.core.window import day_in_use

MOST_SOURCE: Final = 100
MOST_LINE: Final = 80
_NO_DELIMITER: Final = '"\r\n\0'
_LINE: Final = re.compile(r"at line (\d+)")


class LanguageColumn(Struct, frozen=True):
    """Which language each row was answered in: a column, with the code for each of its values; or one for all."""

    column: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    all: str = ""


class QuestionMap(Struct, frozen=True):
    """Where the answers to one question stand: `column`, `pattern` or, one for each option, `columns`.

    `labels` gives codes for labels that the survey itself does not have. `separator` stands between several answers in
    one cell. `other` is a column with the words behind "something else", whose code is `other_code`. With `otherwise`,
    what is no label at all counts as that code, with its words kept. `file` is the number of a file that Jadu writes
    beside the main one, for a question that may be repeated.
    """

    column: str = ""
    pattern: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    separator: str = ""
    other: str = ""
    other_code: str = "other"
    otherwise: str = ""
    file: str = ""


class SideFile(Struct, frozen=True):
    """A file of a repeatable question: the column that names the submission, and the columns that are passed over."""

    id: str = ""
    ignore: list[str] = field(default_factory=list)
    skip: bool = False


class ImportMap(Struct, frozen=True):
    """A whole map. `id`, `submitted_at` and `started_at` may have several headings: the first that the file has."""

    source: str = ""
    preset: str = "generic"
    survey: str = ""
    version: str = ""
    encoding: str = AUTO
    delimiter: str = AUTO
    header_rows: int = 1
    sheet: str = ""
    id: list[str] | str = ""
    submitted_at: list[str] | str = ""
    started_at: list[str] | str = ""
    date_format: DateFormat = DateFormat.AUTO
    undated: str = ""
    time_zone: str = "Europe/London"
    separator: str = ";"
    blank: list[str] = field(default_factory=list)
    language: LanguageColumn = field(default_factory=LanguageColumn)
    ignore: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    questions: dict[str, QuestionMap] = field(default_factory=dict)
    files: dict[str, SideFile] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """How its files are to be read."""
        return Layout(self.encoding, self.delimiter, self.header_rows, self.sheet)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of its clock."""
        return ZoneInfo(self.time_zone)

    @property
    def undated_at(self) -> datetime | None:
        """When a row was begun that says no time; None where the map does not say."""
        return first_minute(date.fromisoformat(self.undated)) if self.undated else None


_COMMON: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "id": ["id", "ID", "Id", "Response ID", "Unique ID", "Submission ID", "Reference"],
        "submitted_at": ["Submitted", "Submitted at", "Date submitted", "Completed", "Ended", "Timestamp"],
        "started_at": ["Started", "Started at", "Start time"],
    }
)
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "generic": _COMMON,
        # Jadu documents its files' names and checksums, and no heading: what stands here is only tried first.
        "jadu": {
            "id": ["Submission reference", "Submission ID", "Reference number", "Reference", "User form ID", "ID"],
            "submitted_at": ["Date submitted", "Submitted date", "Submitted at", "Date received", "Completed date"],
            "started_at": ["Date started", "Started at"],
            "passed_over": ["Form name", "Form ID", "Form version", "Status", "Payment status"],
        },
        "surveymonkey": {
            "header_rows": 2,
            "id": ["Respondent ID", "respondent_id"],
            "submitted_at": ["End Date", "date_modified"],
            "started_at": ["Start Date", "date_created"],
            "separator": ",",
            "passed_over": [
                *("Collector ID", "collector_id", "IP Address", "ip_address", "Email Address", "email_address"),
                *("First Name", "first_name", "Last Name", "last_name", "Custom Data 1", "custom_1"),
            ],
        },
        "microsoft-forms": {
            "id": ["ID", "Id"],
            "submitted_at": ["Completion time"],
            "started_at": ["Start time"],
            "separator": ";",
            "passed_over": ["Email", "Name", "Last modified time"],
        },
    }
)
"""What each form's export always has. `passed_over` are columns that are left out where they are there."""


def read_map(path: Path) -> ImportMap:
    """Read a map. Raises ImportRefused, with everything that is wrong in it."""
    raw = _parsed(path)
    problems = Problems()
    preset = raw.get("preset", "generic")
    if not isinstance(preset, str) or preset not in PRESETS:
        problems.add(f"there is no `preset` {preset!r}; there are {', '.join(PRESETS)}")
        preset = "generic"
    shape = MapShape({**PRESETS[preset], **raw, "preset": preset}, ImportMap)
    read = msgspec.convert(shape.kept, ImportMap)
    for said in (*shape.wrong.values(), *_check_file(read, shape.wrong), *_check_questions(read, shape.wrong)):
        problems.add(said)
    if problems:
        raise problems.refused(path.name)
    return read


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise ImportRefused(f"{path} cannot be read ({problem.strerror}). Check its name.") from None
    except UnicodeError:
        raise ImportRefused(f"{path.name} is not in UTF-8. Save it as a text file in UTF-8.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        found = _LINE.search(str(problem))
        line = int(found[1]) if found is not None else text.count("\n") + 1
        said = text.splitlines()[line - 1 : line]
        raise ImportRefused(
            f"{path.name} is no TOML at line {line}{f', `{said[0].strip()[:MOST_LINE]}`' if said else ''}: a quotation "
            "mark, a bracket or an = is missing there, or the same name stands there for the second time."
        ) from None
    except (ValueError, RecursionError):  # tomllib itself gives up
        counts = [sum(map(line.count, "[{0123456789")) for line in text.splitlines()]
        raise ImportRefused(
            f"{path.name} cannot be read, most likely for line {counts.index(max(counts)) + 1}: no map has numbers of "
            "thousands of digits, nor hundreds of brackets within each other. Mend it, or begin anew with web-map."
        ) from None


def _check_file(read: ImportMap, wrong: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with values that are of the right kind. `wrong` has been told already, by name."""
    if "source" not in wrong and not 0 < len(read.source.strip()) <= MOST_SOURCE:
        yield f"`source` must name the form, in at most {MOST_SOURCE} characters"
    if read.header_rows not in (1, 2):
        yield "`header_rows` is 1 or 2"
    if "\0" in read.source:  # PostgreSQL keeps no such text
        yield "`source` holds \\u0000, which is no letter: take it away"
    if not read.separator:
        yield "`separator` is at least one character"
    if read.delimiter != AUTO and (len(read.delimiter) != 1 or read.delimiter in _NO_DELIMITER):
        yield '`delimiter` is one character, no quotation mark and no line break; or "auto"'
    if read.encoding != AUTO and not _is_known(read.encoding):
        yield f"there is no `encoding` {read.encoding[:MOST_LINE]!r} of text; write it as utf-8 or cp1252, or as auto"
    try:
        read.zone  # noqa: B018 - it is there to be tried
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"there is no `time_zone` {read.time_zone[:MOST_LINE]!r}; write it as Europe/London"
    try:
        day_in_use(read.undated or "2000-01-01")
    except ValueError:
        yield "`undated` is a day, written as 2026-10-25"


def _is_known(encoding: str) -> bool:
    """Whether it is an encoding of text: Python counts base64 and others among its encodings."""
    try:
        " ".encode(encoding)
    except (LookupError, ValueError):
        return False
    return True


def _check_questions(read: ImportMap, wrong: Mapping[str, str]) -> Iterator[str]:
    if both := sorted(set(read.absent) & set(read.questions)):
        yield f"{', '.join(both)} stands both under `absent` and under `questions`"
    told = [*sorted(wrong), ""]
    for question, where in read.questions.items():
        key = f"questions.{question}"
        is_told = key in wrong or told[bisect_left(told, f"{key}.", hi=len(wrong))].startswith(f"{key}.")
        if not is_told and sum(map(bool, (where.column, where.pattern, where.columns))) != 1:
            yield f"`{key}` needs one of `column`, `pattern` and `columns`"
