"""Charts as inline SVG, drawn on the server: where each bar begins and ends. Every chart stands beside its table.

No script draws them, and no style attribute, which the pages' Content-Security-Policy would not allow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH = 320
"""User units: as wide as on a small phone, so that letters keep their size there."""
ROW = 44
BAR_TOP = 22
BAR_HEIGHT = 14
VALUE_ROOM = 52
COLUMNS_HEIGHT = 120
MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar below its name: how long it is, and how long the mark beside it, in user units. `top` is the row's."""

    name: str
    value: str
    top: int
    length: float
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of bars that lie below each other. `title` and `describe` are read out in place of the picture."""

    id: str
    title: str
    describe: str
    bars: Sequence[Bar]
    width: int = WIDTH
    bar_top: int = BAR_TOP
    bar_height: int = BAR_HEIGHT

    @property
    def height(self) -> int:
        """User units."""
        return max(1, len(self.bars)) * ROW


@dataclass(frozen=True, slots=True)
class Column:
    """One day's column, in user units."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Days:
    """A chart of columns, one for each day from the first to the last; `most` is the highest."""

    id: str
    title: str
    describe: str
    columns: Sequence[Column]
    first: date
    last: date
    most: int
    width: int = WIDTH
    height: int = COLUMNS_HEIGHT


def bars(id: str, title: str, rows: Sequence[tuple[str, float, str]], marks: Sequence[float] = ()) -> Bars:
    """Draw a bar for each (name, value, value as written), the longest as wide as there is room.

    `marks` are what each value is held against, in the same unit: a line across the bar.
    """
    longest = max([value for _, value, _ in rows] + list(marks), default=0) or 1
    scale = (WIDTH - VALUE_ROOM) / longest
    drawn = [
        Bar(name, written, place * ROW, round(value * scale, 1), round(marks[place] * scale, 1) if marks else None)
        for place, (name, value, written) in enumerate(rows)
    ]
    described = "; ".join(f"{name}: {written}" for name, _, written in rows) or "nothing yet"
    return Bars(id, title, described, drawn)


def days(id: str, title: str, counted: Sequence[tuple[date, int]]) -> Days | None:
    """Draw a column for each of the last 60 days up to the last that has a count; None where none has."""
    if not counted:
        return None
    last = counted[-1][0]
    first = max(counted[0][0], last - timedelta(MOST_DAYS - 1))
    numbers = dict(counted)
    shown = [numbers.get(first + timedelta(place), 0) for place in range((last - first).days + 1)]
    most, step = max(shown), WIDTH / max(len(shown), 14)
    columns = [
        Column(
            left=round(place * step, 1),
            top=round(COLUMNS_HEIGHT * (1 - number / most), 1),
            width=round(step * 0.8, 1),
            height=round(COLUMNS_HEIGHT * number / most, 1),
        )
        for place, number in enumerate(shown)
    ]
    described = f"From {in_words(first)} to {in_words(last)}; at most {most:,} on one day"
    if first == last:
        described = f"All {most:,} on {in_words(first)}"
    return Days(id, title, described, columns, first, last, most)


def in_words(day: date) -> str:
    """Write a day for a person: 3 December 2026."""
    return f"{day.day} {day:%B %Y}"
