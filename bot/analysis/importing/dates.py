"""Reading days and times as a form writes them: the British and the American way told apart, or refused; never guessed.

What is written year first, or with the month's name, can be read one way alone and is read under every format.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from bot.analysis.importing.problems import Problems, named


class DateFormat(StrEnum):
    """Which number comes first in 03/04/2026."""

    AUTO = "auto"
    UK = "uk"
    US = "us"
    ISO = "iso"


class Moment(NamedTuple):
    """A moment, and what was odd about the clock that it was read from, if anything was."""

    at: datetime
    oddity: str = ""


TWICE: Final = "fell into the hour that comes twice in autumn; taken as the first"
NEVER: Final = "fell into the hour that is left out in spring; taken as an hour later"

_MONTHS: Final = {
    name: month
    for month, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august"),
            *("sep sept september", "oct october", "nov november", "dec december"),
        ),
        1,
    )
    for name in names.split()
}
_CLOCK: Final = (
    r"(?:[ T,]*(?:at )?(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST: Final = re.compile(rf"(?P<y>\d{{4}})[-/.](?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}}){_CLOCK}", re.IGNORECASE)
_NAMED: Final = re.compile(
    rf"(?:[a-z]+,? )?(?P<b>\d{{1,2}})(?:st|nd|rd|th)?[ -](?P<name>[a-z]{{3,9}})\.?,?[ -](?P<y>\d{{4}}|\d\d){_CLOCK}",
    re.IGNORECASE,
)
_NUMBERS: Final = re.compile(rf"(?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<y>\d{{4}}|\d\d){_CLOCK}", re.IGNORECASE)


@dataclass(slots=True)
class Evidence:
    """What a column's own values say of its format. Every value is shown to `look`, before any is read."""

    british: int = 0
    american: int = 0
    either: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    def look(self, text: str, row: int) -> None:
        """Look at one value. `row` is 0 where it stands in another file."""
        found = _NUMBERS.fullmatch(text.strip())
        if found is None:
            return
        first, second = int(found["a"]), int(found["b"])
        if first > 12 >= second:
            self.british += 1
            self.rows.setdefault("british", row)
        elif second > 12 >= first:
            self.american += 1
            self.rows.setdefault("american", row)
        elif first != second:
            self.either += 1

    @property
    def told(self) -> DateFormat | None:
        """The format that its values tell, where they do."""
        if bool(self.british) == bool(self.american):
            return None
        return DateFormat.US if self.american else DateFormat.UK

    def settle(self, heading: str, problems: Problems, likely: DateFormat | None = None) -> DateFormat:
        """Say which format it is; `likely` is what the file's other columns tell. What cannot be told is a problem."""
        if self.british and self.american:
            problems.add(
                f"column {named(heading)} writes some days the British way{self._first('british')} and some the "
                f"American{self._first('american')}: mend the file"
            )
        elif self.told is None and likely is not None:
            return likely
        elif self.either and self.told is None:
            problems.add(
                f"column {named(heading)}: nothing tells whether the day or the month comes first, for no number is "
                'over 12: set `date_format` in the map to "uk" or "us"'
            )
        return self.told or DateFormat.UK

    def _first(self, way: str) -> str:
        return f" (row {self.rows[way]})" if self.rows[way] else ""


def read_moment(text: str, format: DateFormat, zone: ZoneInfo) -> Moment | None:
    """Read a day and time; a day alone is its first minute. None where it is neither, or no such day."""
    found = _match(text, format)
    if found is None:
        return None
    parts, day = found
    if parts["hour"] is None:
        return Moment(first_minute(day))
    hour = int(parts["hour"])
    half = (parts["half"] or "")[:1].lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    try:
        clock = datetime(
            day.year, day.month, day.day, hour, int(parts["minute"]), int(parts["second"] or 0), tzinfo=zone
        )
        if parts["zone"]:
            return Moment(clock.replace(tzinfo=UTC) - _offset(parts["zone"]))
        return _in_zone(clock)
    except (ValueError, OverflowError):  # before the first day of the calendar, or after its last
        return None


def first_minute(day: date) -> datetime:
    """Place a day that has no time at its beginning in UTC, in which exports are written: they show that very day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def read_day(text: str, format: DateFormat) -> date | None:
    """Read a day; a time beside it counts for nothing. None where it is none, or its year has but two digits.

    Whoever was born in 65 was not in 2065; of a day that somebody names, nothing tells the century.
    """
    found = _match(text, format)
    return found[1] if found is not None and len(found[0]["y"]) == 4 else None


def _match(text: str, format: DateFormat) -> tuple["re.Match[str]", date] | None:
    text = " ".join(text.split())
    found = _YEAR_FIRST.fullmatch(text)
    if found is not None:
        year, month, day = int(found["y"]), int(found["a"]), int(found["b"])
    elif (found := _NAMED.fullmatch(text)) is not None:
        year, month, day = int(found["y"]), _MONTHS.get(found["name"].lower(), 0), int(found["b"])
    elif format is not DateFormat.ISO and (found := _NUMBERS.fullmatch(text)) is not None:
        year, month, day = int(found["y"]), int(found["b"]), int(found["a"])
        if format is DateFormat.US:
            month, day = day, month
    else:
        return None
    if len(found["y"]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        return found, date(year, month, day)
    except ValueError:
        return None


def _offset(zone: str) -> timedelta:
    if zone[0] not in "+-":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return size if zone[0] == "+" else -size


def _in_zone(clock: datetime) -> Moment:
    """Place a clock's time in UTC. In autumn an hour comes twice, in spring one is left out (PEP 495)."""
    at = clock.astimezone(UTC)
    other = clock.replace(fold=1).astimezone(UTC)
    if at == other:
        return Moment(at)
    return Moment(at, TWICE if at < other else NEVER)
