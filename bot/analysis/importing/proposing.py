"""A proposed map for a form's export: what its headings and labels are most like, and what could not be placed.

It is a proposal: whatever is not exactly the survey's own wording is marked `check`, and what could not be placed is
left out, so that an import stops until a person has settled it. No resident's words are shown: only labels of closed
questions.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from bot.analysis.columns import Published, read_published
from bot.analysis.importing.binding import web_questions
from bot.analysis.importing.dates import Evidence
from bot.analysis.importing.import_map import PRESETS
from bot.analysis.importing.labels import Labels
from bot.analysis.importing.layout import Layout, Table
from bot.analysis.importing.likeness import Column, Match, columns_of, match_questions, near_label
from bot.analysis.importing.opening import open_table
from bot.analysis.importing.problems import Problems, shortened
from bot.analysis.importing.side_files import beside
from bot.analysis.masking import mask
from bot.core.survey import Question, SurveyDefinition
from storage.script import Database

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_UNSETTLED: Final = ("# id:", "# submitted_at:", "# date_format:")
_ID_WORDS: Final = ("id", "reference", "ref", "number", "no")
_PERSONAL: Final = (
    *("email", "e-mail", "phone", "telephone", "mobile", "first name", "last name", "surname", "full name"),
    *("your name", "ip address", "home address", "address line", "full postcode"),
)


def text(value: str) -> str:
    """Write a text as TOML: JSON's escapes are TOML's too, but for the last of the control characters."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(value: str) -> str:
    """Write a key of TOML, in quotation marks where it needs them."""
    return value if _BARE.fullmatch(value) else text(value)


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


async def propose(database: Database, path: Path, survey: str) -> Proposed:
    """Propose a map of a file, in a worker thread. Raises ImportRefused where it cannot be read, and UnknownSurvey."""
    published = await database.read(partial(read_published, survey))
    return await asyncio.to_thread(proposal, path, published)


def proposed(path: Path, published: Published) -> str:
    """Propose a map of a file, as TOML. Raises ImportRefused where it cannot be read."""
    return proposal(path, published).text


def proposal(path: Path, published: Published) -> Proposed:
    """Propose a map of a file, and say what is to be settled. Raises ImportRefused where it cannot be read."""
    table = open_table(path, Layout())
    preset = _preset(path, table.headings)
    rows = 2 if PRESETS[preset].get("header_rows") == 2 and _has_second_header(table) else 1
    table = open_table(path, Layout(header_rows=rows))
    return _Proposal(path, table, preset, rows, published).proposed()


class _Proposal:
    """One proposal in the making: which column is taken for what."""

    def __init__(self, path: Path, table: Table, preset: str, header_rows: int, published: Published) -> None:
        self._path = path
        self._header_rows = header_rows
        self._preset = preset
        self._published = published
        self._definition: SurveyDefinition = published.newest
        self._columns = columns_of(table)
        self._taken: set[int] = set()
        self._submitted = self._known("submitted_at")
        self._started = self._known("started_at")
        self._id = self._known("id") or self._take(next(filter(_is_id, self._free()), None))
        languages = {each.code.casefold() for each in self._definition.languages}
        languages |= {each.name.casefold() for each in self._definition.languages}
        self._language = self._take(next((each for each in self._free() if _speaks(each, languages)), None))
        questions = web_questions(self._definition)
        self._matches = match_questions(questions, published, list(self._free()))
        for match in self._matches.values():
            self._taken.update(column.place for column in match.columns)
        self._unplaced = [each for each in questions if each.name not in self._matches]

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
                if (match := self._matches.get(question.name)) is not None and match.labels is not None
                for label in (() if match.codes else match.unknown)
                if not _meant(label, question)
            ],
        )

    def _lines(self) -> Iterator[str]:
        yield "# A proposed map: read every line, above all those marked `check`."
        yield "# docs/how-to/import-web-answers.md says how, docs/reference/import-map.md what each name means."
        yield f"preset = {text(self._preset)}"
        yield f"source = {text(self._source())}  # the form's name: keep it for every later export of the same form"
        yield f"survey = {text(self._published.survey)}"
        if self._header_rows != PRESETS[self._preset].get("header_rows", 1):
            yield f"header_rows = {self._header_rows}"
        yield from self._one("id", self._id, "what names a row and never changes")
        yield from self._one("submitted_at", self._submitted, "when it was handed in")
        if self._started is not None:
            yield f"started_at = {text(self._started.heading)}"
        yield from self._date_format()
        yield from self._ignored()
        yield from self._not_placed()
        if self._language is not None:
            yield from ("", "[language]", f"column = {text(self._language.heading)}")
        for question in self._definition.questions:
            if question.name in self._matches:
                yield from self._question(question, self._matches[question.name])
        yield from self._side_files()

    def _known(self, use: str) -> Column | None:
        """Take the column that the preset has for a use."""
        wanted = PRESETS[self._preset].get(use, ())
        return self._take(next((each for name in wanted for each in self._free() if each.heading == name), None))

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

    def _ignored(self) -> Iterator[str]:
        known = set(PRESETS[self._preset].get("passed_over", ()))
        left = [
            each.heading
            for each in self._free()
            if each.heading in known or any(word in each.heading.casefold() for word in _PERSONAL)
        ]
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

    def _question(self, question: Question, match: Match) -> Iterator[str]:
        check = "" if match.is_sure else "  # check"
        yield from ("", f"[questions.{key(question.name)}]")
        if match.codes:
            yield f"columns = {{ {self._spread(match)} }}{check}"
        else:
            yield f"column = {text(match.columns[0].heading)}{check}"
        if match.separator:
            yield f"separator = {text(match.separator)}"
        if match.labels is not None and not match.codes:
            yield from _labels(question, match, match.labels)

    def _spread(self, match: Match) -> str:
        pairs = zip(match.columns, match.codes, strict=True)
        return ", ".join(f"{text(column.heading)} = {text(code)}" for column, code in pairs)

    def _side_files(self) -> Iterator[str]:
        for number, path in beside(self._path).items():
            yield ""
            yield f"# {path.name}: a repeatable question. Give a question `file = {text(number)}`, and drop `skip`."
            yield f"# [files.{number}]"
            yield "# skip = true"


def _labels(question: Question, match: Match, labels: Labels) -> Iterator[str]:
    """Write a code for each label that the survey does not have; one that is like none is left out."""
    found: Mapping[str, str] = {label: _meant(label, question) for label in match.unknown}
    if not found:
        return
    yield f"[questions.{key(question.name)}.labels]"
    for label, code in found.items():
        if code:
            yield f"{text(label)} = {text(code)}  # check"
        else:
            codes = ", ".join(choice.name for choice in question.choices)
            yield f'# {text(shortened(label))} = ""  # like none: give it one of {codes}'


def _meant(label: str, question: Question) -> str:
    """Return the code of the choice that a label is most like; empty for none, and where it names a person."""
    return near_label(label, question) if mask(label) == label else ""


def _preset(path: Path, headings: Sequence[str]) -> str:
    there = set(headings)
    if {"Respondent ID", "Collector ID"} <= there:
        return "surveymonkey"
    if "Completion time" in there and "Start time" in there:
        return "microsoft-forms"
    parts = path.stem.split("_")
    is_jadu = (len(parts) > 3 and parts[1].isdecimal() and len(parts[1]) == 14) or "jadu" in path.stem.casefold()
    return "jadu" if is_jadu or "Submission reference" in there else "generic"


def _has_second_header(table: Table) -> bool:
    """Whether the row below the headings is no answer: its first cell, the id, is blank."""
    first = next(table.rows(), None)
    return first is not None and not first.cells[0].strip()


def _is_id(column: Column) -> bool:
    words = column.heading.casefold().replace("_", " ").split()
    return any(word in _ID_WORDS for word in words) and column.is_unique


def _speaks(column: Column, languages: set[str]) -> bool:
    """Whether a column says in which language a row was answered, rather than what somebody speaks."""
    is_named = column.heading.casefold() in ("language", "form language", "language of the form", "lang")
    return is_named and all(value.casefold() in languages for value in column.values)
