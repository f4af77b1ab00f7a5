"""How a table lies in a file, and the table: its headings, one for each column, and its rows as text.

A heading is told apart from another of the same words by `[2]` behind it; under two header rows it is `top | below`.
A column without one is `(column 7)`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from bot.analysis.importing.dates import DateFormat, read_moment
from bot.analysis.importing.problems import ImportRefused
from bot.analysis.masking import mask

AUTO: Final = "auto"
MOST_TITLES: Final = 9
FEWEST_HEADINGS: Final = 3
NAMELESS: Final = "(column "
"""What the name of a column without a heading begins with."""
UNDER: Final = " | "
"""What stands between the two header rows."""
MOST_COLUMNS: Final = 2_000
MOST_HEADING: Final = 2_000
"""Characters of one heading: what is longer is what somebody wrote."""


_ANY_ZONE: Final = ZoneInfo("UTC")


class Layout(Struct, frozen=True):
    """How to read a file: `auto` is found out. `sheet` names a sheet of a workbook; empty means its first."""

    encoding: str = AUTO
    delimiter: str = AUTO
    header_rows: int = 1
    sheet: str = ""


class Row(NamedTuple):
    """One row: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: Sequence[str]


class Lost(NamedTuple):
    """A cell whose words the file does not hold: its row as above, its column from 0."""

    row: int
    column: int
    is_error: bool


class Table(Protocol):
    """An open file. It can be read as often as one likes; only one row is held at a time."""

    name: str
    headings: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Give each row that is not blank. A row may have other than as many cells as there are headings."""
        ...

    def lost(self) -> Sequence[Lost]:
        """Name the cells whose words the file does not hold. Raises ImportRefused where it cannot be read on."""
        ...


def headings_of(name: str, header: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Name the columns, from one header row or two. Raises ImportRefused where there are none, or too many."""
    tops = [tidy(cell) for cell in header[0]] if header else []
    if len(header) > 1:
        belows = [tidy(cell) for cell in header[1]]
        tops += [""] * (len(belows) - len(tops))
        belows += [""] * (len(tops) - len(belows))
        if _are_answers(tops, belows):
            raise ImportRefused(
                f"{name}: its second row is one of answers, not of headings. Set `header_rows = 1` in the map, or run "
                "web-map with --header-rows 1."
            )
        tops = [_under(tops, place, below) for place, below in enumerate(belows)]
    while tops and not tops[-1]:
        tops.pop()
    if not tops:
        raise ImportRefused(f"{name} has no headings: its first row is blank, or there is none. Export it again.")
    if len(tops) > MOST_COLUMNS:
        raise ImportRefused(f"{name} has {len(tops):,} columns; at most {MOST_COLUMNS:,} are read. Export it again.")
    if any(len(top) > MOST_HEADING for top in tops):
        raise ImportRefused(
            f"{name} has a heading of more than {MOST_HEADING:,} characters. Is its first row one of headings, and "
            "`header_rows` right in the map? Or is a quotation mark missing? Export it again."
        )
    seen: dict[str, int] = {}
    return tuple(_distinct(top or f"{NAMELESS}{place})", seen) for place, top in enumerate(tops, 1))


def titles_above(records: Iterable[Sequence[str]], header_rows: int) -> int:
    """Count the rows above the headings, such as a form's title: one cell is filled in them, or none.

    Of two header rows the upper, too, may have a single word.
    """
    rows = [tuple(map(str.strip, record)) for record in islice(records, MOST_TITLES + 2)]
    filled = [sum(map(bool, row)) for row in rows[: MOST_TITLES + 1]]
    fewest = FEWEST_HEADINGS if header_rows == 1 else FEWEST_HEADINGS - 1
    wide = next((place for place, count in enumerate(filled) if count >= fewest), 0)
    if not wide or any(count > 1 for count in filled[:wide]):
        return 0
    return wide if header_rows == 1 or _goes_on(*rows[wide : wide + 2]) else wide - 1


def tidy(text: str) -> str:
    """Write a heading on one line, without spaces around it."""
    return " ".join(text.split())


def _goes_on(upper: Sequence[str], below: Sequence[str] = ()) -> bool:
    """Whether the row below one of headings belongs to them: all that it says are the options of a question.

    A blank first cell proves nothing, for a row of answers may have one.
    """
    tops, belows = zip(*zip_longest(upper, below, fillvalue=""), strict=True)
    return any(belows) and not any(cell and _is_alone(tops, belows, place) for place, cell in enumerate(belows))


def _are_answers(tops: Sequence[str], belows: Sequence[str]) -> bool:
    return any(_is_alone(tops, belows, place) and _is_answer(below) for place, below in enumerate(belows))


def _is_answer(below: str) -> bool:
    """Whether a cell may belong to a row of answers: a day, as each of them has, or what names a person or a place."""
    return mask(below) != below or any(read_moment(below, each, _ANY_ZONE) for each in (DateFormat.UK, DateFormat.US))


def _is_alone(tops: Sequence[str], belows: Sequence[str], place: int) -> bool:
    """Whether a cell is the only one below its question; those side by side below one are its options."""
    goes_on = place + 1 < len(tops) and not tops[place + 1] and bool(belows[place + 1])
    return bool(tops[place]) and not goes_on


def _under(tops: Sequence[str], place: int, below: str) -> str:
    """Join the two header rows: a blank cell at the top goes on with the question to its left."""
    top = next((tops[i] for i in range(place, -1, -1) if tops[i]), "") if below else tops[place]
    return f"{top}{UNDER}{below}" if top and below else top or below


def _distinct(heading: str, seen: dict[str, int]) -> str:
    seen[heading] = seen.get(heading, 0) + 1
    return heading if seen[heading] == 1 else f"{heading} [{seen[heading]}]"
