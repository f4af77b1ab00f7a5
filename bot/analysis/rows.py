"""The responses of a survey, one after the other in the order in which they began, and their wide rows.

One cursor gives each response together with its answers as JSON text, so that the export sees one moment and holds
one slice at a time, however many there are.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from bot.analysis import quality
from bot.analysis.cells import Cell, calculated, minute, number
from bot.analysis.columns import Published, Variable
from bot.analysis.status import COMPLETE, STATUS_SQL, status_params
from bot.core.survey import QuestionType
from storage.annotations import METHOD
from storage.script import Database, Params

AnswerItem: TypeAlias = list[Any]
"""One row of `answer`, in the order of _ANSWER."""

CODE_SQL = "COALESCE(a.value_code, NULLIF(a.item, ''))"
"""The code of an answer row: of a multiple, the chosen item's."""

_ANSWER = ("a.question", "a.revision", "a.state", CODE_SQL, "a.value_number", "a.said", "a.input", "a.answered_at")
_QUESTION, _REVISION, _STATE, _CODE, _NUMBER, _SAID, _INPUT, _ANSWERED_AT = range(len(_ANSWER))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which responses: of one survey, at a time (epoch milliseconds UTC), with or without those of trials.

    `among` are the ids of the only ones wanted, if only some are.
    """

    published: Published
    now: int
    include_test: bool
    among: Sequence[str] | None = None

    def where(self, alias: str = "r") -> str:
        """Write the condition on `response`, under its alias."""
        conditions = [f"{alias}.survey = :survey"]
        if not self.include_test:
            conditions.append(f"NOT {alias}.test")
        if self.among is not None:
            conditions.append(f"{alias}.id IN (SELECT :among*text)")
        return " AND ".join(conditions)

    @property
    def params(self) -> Params:
        """The parameters of `where` and of the status."""
        return {
            "survey": self.published.survey,
            "among": self.among or (),
            **status_params(self.published, self.now),
        }


class ResponseRow(NamedTuple):
    """One response with its status and its answers (JSON text, in no order)."""

    id: str
    version: str
    source: str
    channel: str
    campaign: str
    language: str
    language_source: str
    status: str
    started_at: int
    last_answer_at: int | None
    completed_at: int | None
    assisted: bool
    late: bool
    answers: str | None


class Duplicate(NamedTuple):
    """What is known of a response beside the others: its person's group, if the person has several, and marks.

    `is_primary` says whether this is the one of its group to count. `marks` are those of `quality.NOTICED` that a
    program has found, in that order.
    """

    group: str = ""
    is_primary: bool = True
    marks: tuple[str, ...] = ()


def stream_responses(database: Database, selection: Selection) -> Iterator[ResponseRow]:
    """Give every response in the order in which it began. Blocks: for a worker thread."""
    answers = answers_json(", ".join(_ANSWER), is_postgres=database.is_postgres)
    sql = f"""SELECT r.id, r.version, r.source, r.channel, r.campaign, r.language, r.language_source, {STATUS_SQL},
 r.started_at, r.last_answer_at, r.completed_at, r.assisted, r.late, {answers}
 FROM response r WHERE {selection.where()} ORDER BY r.started_at, r.id"""  # noqa: S608 - texts of ours alone
    with database.stream(sql, selection.params) as slices:
        for responses in slices:
            yield from map(ResponseRow._make, responses)


def answers_json(items: str, *, is_postgres: bool) -> str:
    """Write the SQL that gives the answers of the response `r` as one JSON array of arrays."""
    array, gather = ("json_build_array", "json_agg") if is_postgres else ("json_array", "json_group_array")
    gathered = f"{gather}({array}({items}))" + ("::text" if is_postgres else "")
    return f"(SELECT {gathered} FROM answer a WHERE a.response_id = r.id)"  # noqa: S608 - texts of ours alone


def read_duplicates(database: Database, selection: Selection) -> Mapping[str, Duplicate]:
    """Find the people with several responses, and what was noticed, by response id. Blocks: for a worker thread.

    Of one person's responses the most complete counts: a complete one, then the most core answers, then the one that
    was answered last, whether they came from one address or from several that the person joined (LINK). With
    `selection.among` the other responses of the same people are looked at too, and no more of the survey.
    """
    if selection.among is not None:
        selection = replace(selection, among=_of_the_same_people(database, selection))
    known = {
        member[-1]: Duplicate(group=members[0][-1], is_primary=member == max(members))
        for members in _by_person(database, selection)
        for member in members
    }
    for response, marks in _read_marks(database, selection).items():
        known[response] = known.get(response, Duplicate())._replace(marks=marks)
    return known


def _of_the_same_people(database: Database, selection: Selection) -> list[str]:
    """Give the ids of every response, to any survey, of the people of a selection."""
    sql = f"""WITH people AS (SELECT DISTINCT COALESCE(p.person_id, p.id) AS id
 FROM response r JOIN respondent p ON p.id = r.respondent_id WHERE {selection.where()})
 SELECT s.id FROM people JOIN response s ON s.respondent_id = people.id
 UNION SELECT s.id FROM people JOIN respondent q ON q.person_id = people.id
 JOIN response s ON s.respondent_id = q.id"""  # noqa: S608 - texts of ours alone
    with database.stream(sql, selection.params) as slices:
        return [response for responses in slices for (response,) in responses]


def _by_person(database: Database, selection: Selection) -> Collection[list[tuple[bool, int, int, int, str]]]:
    """Group the responses of people who have several, each by how complete it is and its id, the first begun first."""
    sql = f"""SELECT COALESCE(p.person_id, p.id), r.completed_at IS NOT NULL, r.core_answered,
 COALESCE(r.last_answer_at, r.started_at), r.started_at, r.id
 FROM response r JOIN respondent p ON p.id = r.respondent_id
 WHERE {selection.where()} AND COALESCE(p.person_id, p.id) IN
 (SELECT COALESCE(q.person_id, q.id) FROM response s JOIN respondent q ON q.id = s.respondent_id
 WHERE {selection.where("s")} GROUP BY 1 HAVING COUNT(*) > 1)
 ORDER BY r.started_at, r.id"""  # noqa: S608 - texts of ours alone
    groups: dict[str, list[tuple[bool, int, int, int, str]]] = {}
    with database.stream(sql, selection.params) as slices:
        for responses in slices:
            for person, *member in responses:
                groups.setdefault(person, []).append(tuple(member))
    return groups.values()


def _read_marks(database: Database, selection: Selection) -> dict[str, tuple[str, ...]]:
    sql = f"""SELECT DISTINCT n.response_id, n.kind FROM annotation n JOIN response r ON r.id = n.response_id
 WHERE n.survey = :survey AND n.method = :method AND {selection.where()}"""  # noqa: S608 - texts of ours alone
    found: dict[str, set[str]] = {}
    with database.stream(sql, {**selection.params, "method": METHOD}) as slices:
        for rows in slices:
            for response, kind in rows:
                found.setdefault(response, set()).add(kind)
    return {
        response: tuple(mark for mark in quality.NOTICED if mark in kinds) for response, kinds in sorted(found.items())
    }


class WideRows:
    """Writes one row for each response, in the order of `Published.header`.

    `write_text` makes of a resident's words what may leave; `write_code` writes a code or a label.
    """

    def __init__(
        self,
        published: Published,
        *,
        write_text: Callable[[str], str],
        write_code: Callable[[str], str],
        labels: str | None,
    ) -> None:
        self._published = published
        self._write_text = write_text
        self._write_code = write_code
        self._separator = "; " if labels else " "
        self._columns = {
            variable.question.name: _Column(variable, written_choices(published, variable, write_code, labels))
            for variable in published.variables
        }
        self._scales = {definition.version: quality.scales(definition) for definition in published.definitions}
        self._unanswered: dict[tuple[str, str, bool], tuple[str, ...]] = {}

    def row(self, response: ResponseRow, duplicate: Duplicate | None) -> list[Cell]:
        """Write a response's row."""
        answers = newest_answers(json.loads(response.answers or "[]"))
        cells: list[Cell] = [
            response.id,
            self._published.survey,
            response.version,
            response.source,
            response.channel,
            self._write_code(response.campaign),
            response.language,
            response.language_source,
            response.status,
            minute(response.started_at),
            minute(response.last_answer_at),
            minute(response.completed_at),
            int(response.assisted),
            duplicate.group if duplicate else "",
            int(duplicate.is_primary) if duplicate else 1,
            int(response.late),
            " ".join([*self._quality(response.version, answers), *(duplicate.marks if duplicate else ())]),
        ]
        states = self._states_without_answer(response)
        for (name, column), state in zip(self._columns.items(), states, strict=True):
            self._add(cells, column, answers.get(name), state)
        return cells

    def _add(self, cells: list[Cell], column: "_Column", answer: list[AnswerItem] | None, state: str) -> None:
        if answer is not None:
            state = answer[0][_STATE]
        if answer is None or state != "answered":
            cells.extend(column.blank)
        elif column.variable.is_multiple and answer[0][_CODE] is not None:
            chosen = {item[_CODE] for item in answer}
            ordered = sorted(chosen, key=lambda code: (column.place(code), code))
            cells.append(self._separator.join(column.written.get(code) or self._write_code(code) for code in ordered))
            cells.extend(1 if code in chosen else 0 for code in column.variable.codes)
        else:
            cells.append(self._value(column, answer[0]))
            cells.extend(column.blank[1:])
        cells.append(state)

    def _value(self, column: "_Column", item: AnswerItem) -> Cell:
        # A number lies in storage twice, as it was worked out and as text, which stands where a code would.
        if item[_NUMBER] is not None:
            return number(float(item[_NUMBER]))
        if item[_CODE] is not None:
            code: str = item[_CODE]
            if column.variable.question.type is QuestionType.CALCULATE:
                # A calculation may put residents' words together.
                value = calculated(code)
                return self._write_text(code) if value is None else value
            return column.written.get(code) or self._write_code(code)
        return self._write_text(item[_SAID] or "")

    def _states_without_answer(self, response: ResponseRow) -> tuple[str, ...]:
        """Say, for each question, the state of having no answer in such a response."""
        kind = (response.version, response.source, response.status == COMPLETE)
        if kind not in self._unanswered:
            self._unanswered[kind] = tuple(
                _state_without_answer(self._published, name, *kind) for name in self._columns
            )
        return self._unanswered[kind]

    def _quality(self, version: str, answers: Mapping[str, list[AnswerItem]]) -> list[str]:
        lines = (
            [answers[name][0][_CODE] for name in names if name in answers and answers[name][0][_STATE] == "answered"]
            for names in self._scales.get(version, ())
        )
        times = [items[0][_ANSWERED_AT] for items in answers.values() if items[0][_INPUT] in quality.TIMED_INPUTS]
        marks = (any(map(quality.is_straightline, lines)), quality.is_too_fast(times))
        return [mark for mark, holds in zip(quality.ANSWERED, marks, strict=True) if holds]


def newest_answers(items: Sequence[AnswerItem]) -> dict[str, list[AnswerItem]]:
    """Keep each question's newest revision: one row, or one for each chosen code of a multiple."""
    newest: dict[str, list[AnswerItem]] = {}
    for item in items:
        held = newest.get(item[_QUESTION])
        if held is None or item[_REVISION] > held[0][_REVISION]:
            newest[item[_QUESTION]] = [item]
        elif item[_REVISION] == held[0][_REVISION]:
            held.append(item)
    return newest


def written_choices(
    published: Published, variable: Variable, write_code: Callable[[str], str], labels: str | None
) -> dict[str, str]:
    """Say how each code of a variable is written: as itself, or as its label in the language asked for."""
    default = published.newest.default_language
    return {
        choice.name: write_code(
            choice.name if labels is None else choice.label.get(labels) or choice.label.get(default) or choice.name
        )
        for choice in variable.choices
    }


class _Column:
    """A variable with what its cells need, worked out once."""

    def __init__(self, variable: Variable, written: dict[str, str]) -> None:
        self.variable = variable
        self.written = written
        self.blank: list[Cell] = [None] * (len(variable.columns) - 1)
        self._places = {code: place for place, code in enumerate(variable.codes)}

    def place(self, code: str) -> int:
        """Say where a code stands in the choice list: a code that no version has comes last."""
        return self._places.get(code, len(self._places))


def _state_without_answer(published: Published, name: str, version: str, source: str, is_complete: bool) -> str:
    asked = [q for d in published.definitions if d.version == version for q in d.questions if q.name == name]
    if not asked:
        return "not_in_version"
    if (asked[0].channels and source not in asked[0].channels) or is_complete:
        return "not_applicable"
    return "not_reached"
