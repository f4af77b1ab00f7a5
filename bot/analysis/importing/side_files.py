"""The files that Jadu writes beside the main one, for questions that may be repeated: one for each such question.

Jadu names them `..._data_1199.csv` beside `..._data.csv`, 1199 being the question. What columns they have it does not
document; here each has one that names the submission, as the map says.
"""

import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.analysis.importing.binding import Headings
from bot.analysis.importing.formulas import tell_lost_cells
from bot.analysis.importing.import_map import ImportMap, SideFile
from bot.analysis.importing.layout import Layout, Table
from bot.analysis.importing.opening import open_table
from bot.analysis.importing.problems import ImportRefused, Problems, named
from bot.service.counting import counted

MOST_CHARACTERS: Final = 50_000_000
"""Characters of repeated answers, which are held until their submissions come."""


def beside(path: Path) -> dict[str, Path]:
    """Find the files of repeatable questions that lie beside a file, by the number of their question."""
    numbered = re.compile(rf"{re.escape(path.stem)}_(\d+){re.escape(path.suffix)}")
    found = {match[1]: each for each in path.parent.iterdir() if (match := numbered.fullmatch(each.name))}
    return dict(sorted(found.items()))


class SideFiles:
    """The side files of one export, open. Raises ImportRefused where one cannot be read."""

    def __init__(self, path: Path, read: ImportMap, problems: Problems) -> None:
        self._map = read
        self._tables: dict[str, Table] = {}
        self._headings: dict[str, Headings] = {}
        self._ids: dict[str, int | None] = {}
        self._rows: dict[str, dict[str, int]] = {}
        there = beside(path)
        for number, file in there.items():
            if number not in read.files:
                problems.add(
                    f"{file.name} lies beside {path.name}, and the map does not know it: "
                    f"name it under files.{number}, with `skip = true` to pass it over"
                )
            elif not read.files[number].skip:
                self._open(number, file, problems)
        for number, wanted in read.files.items():
            if number not in there and not wanted.skip:
                problems.add(f"the map's file {named(number)} does not lie beside {path.name}")

    @property
    def headings(self) -> Mapping[str, Headings]:
        """The headings of each file that is read."""
        return self._headings

    def tell_left_over(self, problems: Problems) -> None:
        """Name the columns that the map does not know, once its questions have theirs."""
        for number, headings in self._headings.items():
            for name in headings.left_over(()):
                problems.add(
                    f"{self._tables[number].name} has a column {named(name)} that the map does not know: "
                    f"name it under files.{number}.ignore"
                )

    def tell_lost_cells(self, problems: Problems) -> None:
        """Name the cells whose words a file does not hold, but in columns that are left out."""
        for number, headings in self._headings.items():
            table = self._tables[number]
            tell_lost_cells(table, headings.ignored, problems, f"{table.name}: ")

    def tell_lost(self, known: Container[str], problems: Problems) -> None:
        """Name the rows of submissions that are not `known` from the main file."""
        for number, rows in self._rows.items():
            for submission, row in rows.items():
                if submission not in known:
                    problems.add(f"{self._tables[number].name} holds submissions that the main file does not have", row)

    def values(self, number: str, column: int) -> dict[str, list[str]]:
        """Read what one column holds, by the id of the submission, in the file's order."""
        found: dict[str, list[str]] = {}
        rows = self._rows.setdefault(number, {})
        held = 0
        for row, submission, text in self._cells(number, column):
            held += len(text)
            if held > MOST_CHARACTERS:
                raise ImportRefused(f"{self._tables[number].name} holds too much for one question. Export fewer days.")
            if text.strip():
                found.setdefault(submission, []).append(text)
                rows.setdefault(submission, row)
        return found

    def _cells(self, number: str, column: int) -> Iterator[tuple[int, str, str]]:
        table, id_column = self._tables[number], self._ids[number]
        if id_column is None:
            return
        for row in table.rows():
            if len(row.cells) != len(table.headings):
                raise ImportRefused(
                    f"{table.name}, row {row.number}: it has {counted(len(row.cells), 'cell')} under "
                    f"{counted(len(table.headings), 'heading')}. Export it again."
                )
            yield row.number, row.cells[id_column].strip(), row.cells[column]

    def _open(self, number: str, file: Path, problems: Problems) -> None:
        wanted: SideFile = self._map.files[number]
        self._tables[number] = table = open_table(file, Layout(self._map.encoding, self._map.delimiter))
        self._headings[number] = headings = Headings(table.headings)
        use = f"the id of files.{number}"
        name: str | list[str] = wanted.id or self._map.id
        self._ids[number] = place = headings.first(name, use, problems)
        if place is None and not isinstance(name, str):
            problems.add(f"{file.name} has no column that names the submission: set files.{number}.id")
        headings.ignore(wanted.ignore, f"files.{number}.ignore", problems)
