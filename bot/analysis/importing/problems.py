"""What stands in the way of an import: everything at once, each said once, with how often and where.

No resident's words are ever quoted: of a cell only what should have been a label, no more than 60 characters of it,
and with numbers and addresses masked. The name of a column is given whole, for it is copied into the map.
"""

from collections.abc import Sequence
from typing import Final

from bot.analysis.masking import mask

MOST_LISTED: Final = 40
MOST_ROWS: Final = 5
MOST_CHARACTERS: Final = 60


class ImportRefused(Exception):
    """The file cannot be imported. Nothing was written. `problems` are all that were found, if several were."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


def quoted(text: str) -> str:
    """Quote what a cell says, as `shortened` writes it."""
    return f"“{shortened(text)}”"


def named(text: str) -> str:
    """Quote the name of a column, or what the map itself says: letter by letter, on one line."""
    return f"“{' '.join(text.split())}”"


def shortened(text: str) -> str:
    """Write what a cell says on one line, cut to 60 characters, with what identifies a person masked."""
    line = mask(" ".join(text.split()))
    return f"{line[: MOST_CHARACTERS - 1]}…" if len(line) > MOST_CHARACTERS else line


class Problems:
    """Collects problems, or notices. Each has a text; how often it came and in which rows first is counted."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}
        self._latest: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._counts)

    def add(self, text: str, row: int = 0) -> None:
        """Note one. `row` is as a spreadsheet numbers it, 0 for none. Of one row it is noted once."""
        if row and self._latest.get(text) == row:
            return
        self._latest[text] = row
        rows = self._rows.setdefault(text, [])
        if row and len(rows) < MOST_ROWS:
            rows.append(row)
        self._counts[text] = self._counts.get(text, 0) + 1

    def listed(self) -> list[str]:
        """Say each in one line, in the order in which they were found."""
        lines = [f"{text}{where(self._rows[text], count)}" for text, count in self._counts.items()]
        if len(lines) > MOST_LISTED:
            lines = [*lines[:MOST_LISTED], f"and {len(lines) - MOST_LISTED} more"]
        return lines

    def refused(self, name: str) -> ImportRefused:
        """Sum them up: one is told in the message, several are listed beside it."""
        lines = self.listed()
        if len(lines) == 1:
            return ImportRefused(f"{name}: {lines[0]}.", lines)
        return ImportRefused(f"{name} cannot be imported: {len(self._counts)} problems, listed above.", lines)


def where(rows: Sequence[int], count: int) -> str:
    """Say in which rows, and how many more there are."""
    if not rows:
        return f" ({count} times)" if count > 1 else ""
    last = f"{count - len(rows):,} more" if count > len(rows) else str(rows[-1])
    first = ", ".join(map(str, rows if count > len(rows) else rows[:-1]))
    return f" (rows {first} and {last})" if first else f" (row {last})"
