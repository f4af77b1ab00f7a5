"""Looking a file over by its map: every row is read, nothing is written, and everything that is wrong is told at once.

What comes out is ready to be written: the rows that are new or have changed, each as the responses of any other way.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bot.analysis.columns import Published
from bot.analysis.importing.binding import NAMELESS_COLUMNS, Binding, Place, bind, version_of
from bot.analysis.importing.cells import Cells
from bot.analysis.importing.dates import DateFormat, Evidence, Moment, read_moment
from bot.analysis.importing.formulas import tell_lost_cells
from bot.analysis.importing.import_map import ImportMap
from bot.analysis.importing.layout import UNDER, Row, Table
from bot.analysis.importing.opening import digest, open_table
from bot.analysis.importing.problems import ImportRefused, Problems, named
from bot.analysis.importing.report import QuestionReport, Report
from bot.analysis.importing.responses import Given, Responses
from bot.analysis.importing.side_files import SideFiles
from bot.analysis.importing.spool import Spool
from bot.analysis.importing.unknown_labels import Unknown, tell_lost
from bot.core.answered_elsewhere import Field
from bot.core.survey import QuestionType
from bot.core.window import closed_by_hand, closed_on
from bot.service.counting import counted
from storage.imports import Before
from storage.keys import KeyRing

MOST_ID: Final = 200
EARLIEST_YEAR: Final = 2000
_PERSONAL: Final = re.compile(r".*@.*\..*|(?:\+44|0044|0)\s?7[\d ]{9,12}")

Progress = Callable[[int], None]
"""Hears how many rows have been read."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was looked over. `rows` are to be written where `report` has no problems."""

    report: Report
    rows: Spool
    before: Before
    file_hash: str
    map_hash: str


def check(
    path: Path,
    map_path: Path,
    read: ImportMap,
    published: Published,
    before: Before,
    keys: KeyRing,
    *,
    now: datetime,
    progress: Progress = lambda _: None,
) -> Checked:
    """Look a file over by a map that was read. `before` is what is there of its source.

    Raises ImportRefused, with all its problems, where the file or the map cannot be made out; problems of rows stand
    in the report.
    """
    problems = Problems()
    table = open_table(path, read.layout)
    definition = version_of(published, read)
    side = SideFiles(path, read, problems)
    binding = bind(read, published, table.headings, side.headings, problems)
    side.tell_left_over(problems)
    if binding is None:
        raise problems.refused(path.name)
    tell_lost_cells(table, binding.left_out, problems)
    side.tell_lost_cells(problems)
    report = Report(path.name, published.survey, definition.version, read.source)
    rows = Spool()
    reading = _Reading(binding, published, table, side, problems, report, now)
    responses = Responses(binding, before, keys, report, rows)
    for given in reading.rows(progress):
        responses.take(given)
    reading.tell()
    responses.tell()
    report.problems = problems.listed()
    return Checked(report, rows, before, digest(path), digest(map_path))


class _Reading:
    """Reads the rows of a table, one after the other, as what was given."""

    def __init__(
        self,
        binding: Binding,
        published: Published,
        table: Table,
        side: SideFiles,
        problems: Problems,
        report: Report,
        now: datetime,
    ) -> None:
        self._binding = binding
        self._table = table
        self._problems = problems
        self._report = report
        self._latest = now + timedelta(days=1)
        self._closed = closed_on(published.newest, closed_by_hand(published.closed_at))
        self._repeated = side
        self._quoted = [named(heading) for heading in table.headings]
        self._seen: dict[str, int] = {}
        self._tongues = Unknown(binding.map.language.column, may_be_postcodes=False)
        self._zone = binding.map.zone
        self._undated = binding.map.undated_at
        self._formats, self._usual = self._settle_formats()
        self._cells = [self._reader(place) for place in binding.places]
        self._side = {
            cells.question.name: side.values(cells.place.map.file, cells.place.columns[0])
            for cells in self._cells
            if cells.place.map.file
        }
        for cells in self._cells:
            report.questions[cells.question.name] = QuestionReport(cells.question)

    def rows(self, progress: Progress) -> Iterator[Given]:
        """Give each row that can be read; what is wrong with a row is a problem."""
        for row in self._straight_rows():
            self._report.rows += 1
            progress(self._report.rows)
            id_ = self._id(row)
            times = self._times(row)
            language = self._language(row)
            fields = {cells.question.name: self._field(cells, row, id_) for cells in self._cells}
            if times is None or not id_:
                continue
            started, submitted = times
            at = submitted or started
            is_late = self._closed is not None and at >= self._closed
            self._report.see(at)
            self._report.languages[language] += 1
            unknown = frozenset(cells.question.name for cells in self._cells if cells.unknown_in == row.number)
            yield Given(row.number, id_, started, submitted, language, is_late, fields, unknown)

    def tell(self) -> None:
        """Say what only the whole file shows."""
        columns = [unknown for cells in self._cells for unknown in cells.unknown.values()]
        tell_lost([self._tongues, *columns], self._problems)
        self._tongues.tell("language of the survey", "language.codes", self._problems)
        for cells in self._cells:
            cells.tell(self._problems)
        self._repeated.tell_lost(self._seen, self._problems)
        if not self._report.rows:
            self._problems.add("it has headings, and no row below them")

    def _straight_rows(self) -> Iterator[Row]:
        """Give the rows that have a cell for each heading."""
        headings = self._table.headings
        for row in self._table.rows():
            if len(row.cells) != len(headings):
                self._problems.add(
                    f"rows with more or fewer cells than the {len(headings)} headings: export it again, for the file "
                    "is cut off, or a quotation mark is missing",
                    row.number,
                )
                if len(row.cells) > len(headings) and row.number == self._binding.map.header_rows + 1 == 2:
                    self._problems.add(NAMELESS_COLUMNS)
            elif self._is_header_again(row):
                self._problems.add("the headings stand there again: were two exports put together?", row.number)
            else:
                yield row

    def _is_header_again(self, row: Row) -> bool:
        id_ = row.cells[self._binding.id].strip()
        return bool(id_) and self._table.headings[self._binding.id].split(UNDER)[0] == " ".join(id_.split())

    def _id(self, row: Row) -> str:
        id_ = row.cells[self._binding.id].strip()
        heading = self._quoted[self._binding.id]
        if not id_ or len(id_) > MOST_ID:
            said = "is blank" if not id_ else f"has more than {MOST_ID} characters"
            self._problems.add(f"the id in column {heading} {said}", row.number)
            return ""
        if _PERSONAL.fullmatch(id_):
            self._problems.add(f"column {heading} holds addresses of people, not ids: choose another", row.number)
            return ""
        if first := self._seen.get(id_, 0):
            said = f"an id in column {heading} stands in several rows, and each row needs its own"
            if first > 0:
                self._problems.add(said, first)
                self._seen[id_] = -first
            self._problems.add(said, row.number)
            return ""
        self._seen[id_] = row.number
        return id_

    def _times(self, row: Row) -> tuple[datetime, datetime | None] | None:
        """Read when a row was begun and handed in; without the second it was left half-way."""
        submitted = self._moment(row, self._binding.submitted)
        started = self._moment(row, self._binding.started)
        if submitted is None and started is None:
            return self._without_time(row)
        if not isinstance(submitted, Moment | None) or not isinstance(started, Moment | None):
            return None
        end = submitted.at if submitted is not None else None
        begin = started.at if started is not None else end
        assert begin is not None
        for moment in (submitted, started):
            if moment is not None and moment.oddity:
                self._report.notices.add(f"the time {moment.oddity}", row.number)
        return (min(begin, end) if end is not None else begin), end

    def _without_time(self, row: Row) -> tuple[datetime, None] | None:
        """Take a row that says no time as one that was left half-way, if the map gives it a day."""
        if self._undated is None:
            self._problems.add(
                "a row without a day and time is one that was left half-way. When was it begun? Name that column under "
                "`started_at`; or, if the form has none, give a day for all such rows under `undated`",
                row.number,
            )
            return None
        if not self._is_likely(self._undated):
            self._problems.add("`undated` is a day to come, or long past: mend it in the map", row.number)
            return None
        self._report.notices.add(
            f"no day and time: taken as left half-way, on {self._undated:%-d %B %Y} as `undated` says", row.number
        )
        return self._undated, None

    def _moment(self, row: Row, column: int | None) -> Moment | str | None:
        """Read a time; None where there is none, a text where it cannot be read, which is then a problem."""
        if column is None or not (text := row.cells[column].strip()):
            return None
        format_ = self._formats[column]
        moment = read_moment(text, format_, self._zone)
        heading = self._quoted[column]
        if moment is None:
            self._problems.add(
                f"column {heading} holds no day and time as `date_format` {format_.value} has it", row.number
            )
        elif not self._is_likely(moment.at):
            self._problems.add(
                f"column {heading} holds times to come, or long past: is `date_format` right?", row.number
            )
        else:
            return moment
        return text

    def _is_likely(self, at: datetime) -> bool:
        """Whether somebody may have answered then."""
        return at <= self._latest and at.year >= EARLIEST_YEAR

    def _language(self, row: Row) -> str:
        binding, where = self._binding, self._binding.map.language
        default = where.all or binding.definition.default_language
        if binding.language is None or not (text := " ".join(row.cells[binding.language].split())):
            return default
        code = binding.languages.get(text.casefold())
        if code is None:
            self._tongues.add(text, row.number)
        return code or default

    def _field(self, cells: Cells, row: Row, id_: str) -> Field:
        if cells.place.map.file:
            repeated = self._side[cells.question.name].get(id_, ())
            is_words = cells.question.type is QuestionType.TEXT
            separator = "\n" if is_words else cells.place.map.separator or self._binding.map.separator
            return cells.read_texts([separator.join(repeated)], "", row.number)
        return cells.read(row.cells, row.number)

    def _reader(self, place: Place) -> Cells:
        read: ImportMap = self._binding.map
        if place.map.file and place.question.type is QuestionType.DATE:
            format_ = self._side_format(place)
        else:
            format_ = self._formats.get(place.columns[0], read.date_format)
        return Cells(place, format_, read, self._report.notices)

    def _side_format(self, place: Place) -> DateFormat:
        """Say how the days in a column of a side file are written."""
        if self._binding.map.date_format is not DateFormat.AUTO:
            return self._binding.map.date_format
        evidence = Evidence()
        for texts in self._repeated.values(place.map.file, place.columns[0]).values():
            for text in texts:
                evidence.look(text, 0)
        return evidence.settle(place.headings[0], self._problems, self._usual)

    def _settle_formats(self) -> tuple[Mapping[int, DateFormat], DateFormat | None]:
        """Say how each column of days is written, and how the form's own clock writes them, if that tells.

        Where it is to be found out, the file is read once for it. What people typed tells nothing of the form's clock.
        """
        binding = self._binding
        own = [column for column in (binding.submitted, binding.started) if column is not None]
        columns: Sequence[int] = [
            *own,
            *(
                column
                for place in binding.places
                if place.question.type is QuestionType.DATE and not place.map.file
                for column in place.columns
            ),
        ]
        if binding.map.date_format is not DateFormat.AUTO:
            return dict.fromkeys(columns, binding.map.date_format), None
        evidence = {column: Evidence() for column in columns}
        for row in self._table.rows():
            for column, each in evidence.items():
                if column < len(row.cells) and row.cells[column].strip():
                    each.look(row.cells[column], row.number)
        told = {evidence[column].told for column in own} - {None}
        likely = next(iter(told)) if len(told) == 1 else None
        formats = {
            column: each.settle(self._table.headings[column], self._problems, likely)
            for column, each in evidence.items()
        }
        return formats, likely


def refuse_if_wrong(checked: Checked) -> None:
    """Raise ImportRefused where a row stands in the way."""
    problems = checked.report.problems
    if problems:
        name = checked.report.file
        many = f"{name} cannot be imported: {len(problems)} problems, listed above."
        raise ImportRefused(f"{name}: {problems[0]}." if len(problems) == 1 else many, problems)


def refuse_to_take_back(checked: Checked) -> None:
    """Raise ImportRefused where newer answers could be taken back."""
    if checked.report.taken_back:
        rows = counted(len(checked.report.taken_back), "row")
        raise ImportRefused(
            f"{checked.report.file}: newer answers of {rows} could go back to older ones, so nothing was written. "
            "Import the form's newest export instead. Is this one right? Then say so: --apply --take-back, or the tick "
            "on the page."
        )
