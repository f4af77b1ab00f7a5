"""A proposed map for a form's export: what its headings and labels are most like, and what could not be placed.

It is a proposal: whatever is not exactly the survey's own wording is marked `check`, and what could not be placed is
left out, so that an import stops until a person has settled it. No resident's words are shown: only labels of closed
questions.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from bot.analysis.columns import Published, read_published
from bot.analysis.importing.binding import web_questions
from bot.analysis.importing.dates import Evidence
from bot.analysis.importing.import_map import PRESETS
from bot.analysis.importing.labels import has_lost_letters
from bot.analysis.importing.layout import Layout, Row
from bot.analysis.importing.likeness import Column, columns_of, match_questions
from bot.analysis.importing.map_lines import comment, meanings, question_lines, text
from bot.analysis.importing.opening import open_table, sheets_of
from bot.analysis.importing.problems import ImportRefused, Problems, named, quoted, shortened
from bot.analysis.importing.side_files import beside
from bot.analysis.importing.side_proposal import SideProposal
from bot.analysis.importing.signs import id_of, is_personal, may_go_on, preset_of, speaks, trouble_of
from bot.analysis.importing.unknown_labels import lost_letters
from bot.core.survey import SurveyDefinition
from storage.script import Database

MOST_SHEETS: Final = 10
_UNSETTLED: Final = ("# id:", "# submitted_at:", "# date_format:", "# labels:")


class Proposed(NamedTuple):
    """A proposed map, as TOML, and what is still to be settled in it.

    `needs` are names of the map itself for which nothing was found, each with what it is; `headings` are columns that
    fit no question, `questions` those without a column, and `labels` those that are like
    none of a question's choices, each with its question.
    """

    text: str
    needs: Sequence[str]
    headings: Sequence[str]
    questions: Sequence[str]
    labels: Sequence[tuple[str, str]]


async def propose(database: Database, path: Path, survey: str, header_rows: int = 0) -> Proposed:
    """Propose a map of a file, in a worker thread. Raises ImportRefused where it cannot be read, and UnknownSurvey."""
    published = await database.read(partial(read_published, survey))
    return await asyncio.to_thread(proposal, path, published, header_rows)


def proposal(path: Path, published: Published, header_rows: int = 0) -> Proposed:
    """Propose a map of a file, and say what is to be settled. Raises ImportRefused where it cannot be read.

    Of a workbook it is that sheet for which most finds its place. How many header rows it has is found out likewise
    where `header_rows` is 0.
    """
    made: list[_Proposal] = []
    refused: list[ImportRefused] = []
    for sheet in _sheets(path):
        try:
            made.append(_of_sheet(path, sheet, published, header_rows))
        except ImportRefused as problem:
            refused.append(problem)
    if not made:
        raise refused[0]
    return max(made, key=lambda each: each.placed).proposed()


def _sheets(path: Path) -> list[str]:
    """Name the sheets that may hold the answers; the first of a file has no name, for the map need not say it."""
    return ["", *sheets_of(path)[1:MOST_SHEETS]]


def _of_sheet(path: Path, sheet: str, published: Published, header_rows: int) -> "_Proposal":
    one = _Proposal(path, Layout(header_rows=1, sheet=sheet), published)
    if header_rows == 1 or (not header_rows and not one.may_have_two_headers):
        return one
    try:
        two = _Proposal(path, Layout(header_rows=2, sheet=sheet), published)
    except ImportRefused:
        if header_rows == 2:
            raise
        return one  # the second row is one of answers
    return two if header_rows == 2 or two.placed > one.placed else one


class _Proposal:
    """One proposal in the making: which column is taken for what."""

    def __init__(self, path: Path, layout: Layout, published: Published) -> None:
        table = open_table(path, layout)
        self._path = path
        self._header_rows = layout.header_rows
        self._sheet = layout.sheet
        self._preset = preset_of(path, table.headings)
        self._published = published
        self._definition: SurveyDefinition = published.newest
        self._columns = columns_of(table)
        below = next(table.rows(), Row(0, ()))
        self._beyond = max(0, len(below.cells) - len(table.headings))
        self.may_have_two_headers = may_go_on(table.headings, below)
        self._taken: set[int] = set()
        self._submitted = self._known("submitted_at")
        self._started = self._known("started_at")
        self._id = self._known("id") or self._take(id_of(list(self._free())))
        languages = {each.code.casefold() for each in self._definition.languages}
        languages |= {each.name.casefold() for each in self._definition.languages}
        self._language = self._take(next((each for each in self._free() if speaks(each, languages)), None))
        questions = web_questions(self._definition)
        self._matches = match_questions(questions, published, list(self._free()))
        for match in self._matches.values():
            self._taken |= match.places
        self._unplaced = [each for each in questions if each.name not in self._matches]
        self._sides: list[SideProposal] = []
        for number, side in beside(path).items():
            self._sides.append(SideProposal(number, side, self._unplaced, published, self._id))
            self._unplaced = [each for each in self._unplaced if each.name not in self._sides[-1].matches]

    @property
    def placed(self) -> tuple[int, int, int, bool]:
        """How much has found its place: to compare with another proposal for the same file."""
        uses = (self._id, self._submitted, self._started)
        is_usual = self._header_rows == PRESETS[self._preset].get("header_rows", 1)
        return len(self._matches), sum(map(bool, uses)), -len(list(self._free())) - self._beyond, is_usual

    def proposed(self) -> Proposed:
        """Write it, and say what could not be placed."""
        lines = list(self._lines())
        return Proposed(
            "\n".join(lines) + "\n",
            [line.removeprefix("# ") for line in lines if line.startswith(_UNSETTLED)],
            [column.heading for column in self._free()],
            [question.name for question in self._unplaced],
            [
                (question.name, shortened(label))
                for question in self._definition.questions
                for matches in (self._matches, *(side.matches for side in self._sides))
                if (match := matches.get(question.name)) is not None and not match.codes
                for label, code in meanings(question, match).items()
                if not code
            ],
        )

    def _lines(self) -> Iterator[str]:
        yield "# A proposed map: read every line, above all those marked `check`."
        yield "# docs/how-to/import-web-answers.md says how, docs/reference/import-map.md what each name means."
        yield f"preset = {text(self._preset)}"
        yield f"source = {text(self._source())}  # the form's name: keep it for every later export of the same form"
        yield f"survey = {text(self._published.survey)}"
        if self._header_rows != PRESETS[self._preset].get("header_rows", 1):
            yield f"header_rows = {self._header_rows}  # check: how many rows of headings the file has"
        elif self._header_rows == 1 and self.may_have_two_headers:
            yield "# Are the first two rows headings? Then run web-map with --header-rows 2. Or set `header_rows = 2`"
            yield "# and name each column as `Upper | Lower`."
        if self._sheet:
            yield f"sheet = {text(self._sheet)}  # check"
        yield from self._one("id", self._id, "what names a row and never changes")
        if self._id is not None and (trouble := trouble_of(self._id)):
            yield comment(
                f"id: {named(self._id.heading)} looks like the id, but {trouble}. Each row needs its own: mend that, "
                "or name another column"
            )
        yield from self._one("submitted_at", self._submitted, "when it was handed in")
        if self._started is not None:
            yield f"started_at = {text(self._started.heading)}"
        yield from self._date_format()
        yield from self._lost_letters()
        yield from self._ignored()
        yield from self._not_placed()
        if self._language is not None:
            yield from ("", "[language]", f"column = {text(self._language.heading)}")
        for question in self._definition.questions:
            if question.name in self._matches:
                yield from question_lines(question, self._matches[question.name])
        for side in self._sides:
            yield from side.lines()

    def _known(self, use: str) -> Column | None:
        """Take the column that the preset has for a use."""
        wanted = PRESETS[self._preset].get(use, ())
        return self._take(next((each for name in wanted for each in self._free() if each.name == name), None))

    def _take(self, column: Column | None) -> Column | None:
        if column is not None:
            self._taken.add(column.place)
        return column

    def _free(self) -> Iterator[Column]:
        return (each for each in self._columns if each.place not in self._taken)

    def _one(self, name: str, column: Column | None, meaning: str) -> Iterator[str]:
        if column is None:
            yield f"# {name}: no column found. Name the one that says {meaning}."
        else:
            yield f"{name} = {text(column.heading)}"

    def _source(self) -> str:
        parts = self._path.stem.split("_")
        if self._preset == "jadu" and len(parts) > 2 and parts[2].isdecimal():
            return f"jadu form {parts[2]}"
        return self._path.stem[:100]

    def _date_format(self) -> Iterator[str]:
        column = self._submitted or self._started
        evidence = Evidence()
        for value in column.values if column is not None else ():
            evidence.look(value, 1)
        problems = Problems()
        found = evidence.settle("", problems)
        if problems:
            yield '# date_format: the days can be read two ways. Set "uk" (day first) or "us" (month first).'
        elif evidence.british or evidence.american:
            yield f"date_format = {text(found.value)}"

    def _lost_letters(self) -> Iterator[str]:
        unknown = (label for match in self._matches.values() if not match.codes for label in match.unknown)
        label = next(filter(has_lost_letters, unknown), None)
        if label is not None:
            yield comment(f"labels: {lost_letters(quoted(label))}")

    def _ignored(self) -> Iterator[str]:
        known = set(PRESETS[self._preset].get("passed_over", ()))
        left = [each.heading for each in self._free() if each.heading in known or is_personal(each)]
        self._taken.update(each.place for each in self._columns if each.heading in left)
        if left:
            yield f"ignore = [{', '.join(map(text, left))}]  # check: nothing of these comes in"

    def _not_placed(self) -> Iterator[str]:
        left = list(self._free())
        if left:
            yield "# Not placed. Give each to a question below, or name it under `ignore`; until then nothing comes in:"
            yield from (f"#   {text(each.heading)}" for each in left)
        if self._unplaced:
            yield "# Questions without a column. Give each one below, or name it under `absent`; until then likewise:"
            yield from (f"#   {each.name}" for each in self._unplaced)
