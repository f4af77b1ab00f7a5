"""The long form: one row per answer (of a multiple, one per chosen code), newest revision only.

A million answers is a size to be ready for, so the work is shared out: SQL packs what few answers differ in (question,
code, rule, wording ...) into one text, each such text is taken apart and written as CSV once, and then kept.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from bot.analysis.cells import calculated, disarm, disarm_code, number, write_minute
from bot.analysis.masking import mask
from bot.analysis.rows import CODE_SQL, Selection, answers_json, written_choices
from bot.core.survey import QuestionType
from storage.script import Database

LONG: Mapping[str, str] = MappingProxyType(
    {
        "response_id": "Random id of the response, as in the wide form",
        "survey": "Id of the survey",
        "survey_version": "Version of the survey that the question was asked in",
        "source": "Source of the response, as in the wide form",
        "channel": "Channel on which this answer came",
        "question": "Column of the question in the wide form",
        "state": "answered, skipped, refused, not_applicable or unparsed",
        "value": "Code, number or the words of an open answer; empty unless answered. A multiple has a row per code",
        "said": "The respondent's own words, whatever the state",
        "language": "Language in which the question was put",
        "language_source": "How the response came to its language, as in the wide form",
        "language_confidence": "How sure a detected language is, 0 to 1; 1 where it was chosen or is the survey's own",
        "input": "typed, button, voice, assisted, web or imported",
        "rule": "Rule by which the words were read as this value",
        "confidence": "How sure that reading is, 0 to 1",
        "wording": "Which wording was asked: full or sms",
        "revision": "How many times the question had been answered, this one included",
        "asked_at": "When the question was put, UTC to the minute",
        "answered_at": "When the answer came, UTC to the minute",
        "late": "1 if it came after the survey had closed, else 0",
    }
)
"""The columns of the long form, and what each holds."""

_SEPARATOR = "\x1f"
_SHAPE = (
    *("a.question", "a.revision", "a.value_number", "a.state", "r.source", "a.channel", "a.version", "a.lang"),
    *("a.input", "a.rule", "a.confidence", "a.wording", "CASE WHEN a.late THEN 1 ELSE 0 END"),
    *("r.language_source", "r.language_confidence", CODE_SQL),
)
# Many answers share a shape or are the same few words. When so many differ, remembering stops paying.
_MOST_KEPT = 20_000
_SHORT = 20
_NO_COLUMN = -1


class _Shape(NamedTuple):
    """A shape as CSV text: what stands before the words, and what between them and the times.

    `rank` orders the answers of a response: place in the survey, revision (newest first), place in the choice list.
    `words_are_value` marks an answered question whose value is the words themselves.
    """

    rank: tuple[int, int, int]
    before: str
    between: str
    words_are_value: bool
    late: str


class _Question(NamedTuple):
    """A question with what its lines need, worked out once. `order` is where each code stands in the choice list."""

    place: int
    column: str
    order: Mapping[str, int]
    written: Mapping[str, str]
    is_calculated: bool


_UNKNOWN = _Question(_NO_COLUMN, "", {}, {}, is_calculated=False)


class LongLines:
    """Writes the lines of the long form. `raw` leaves contact details in the words."""

    def __init__(self, selection: Selection, *, raw: bool, labels: str | None) -> None:
        self._selection = selection
        self._raw = raw
        self._shapes: dict[str, _Shape] = {}
        self._words: dict[str | None, str] = {}
        self._questions: dict[str, _Question] = {}
        published = selection.published
        for place, variable in enumerate(published.variables):
            self._questions[variable.question.name] = _Question(
                place=place,
                column=variable.column,
                order={code: order for order, code in enumerate(variable.codes)},
                written=written_choices(published, variable, disarm_code, labels),
                is_calculated=variable.question.type is QuestionType.CALCULATE,
            )

    def slices(self, database: Database) -> Iterator[list[str]]:
        """Give the lines, slice by slice, in the order in which responses began. Blocks: for a worker thread."""
        shape = f"{'format' if database.is_postgres else 'printf'}('{_SEPARATOR.join(['%s'] * len(_SHAPE))}', "
        items = f"{shape}{', '.join(_SHAPE)}), a.said, a.asked_at / 60000, a.answered_at / 60000"
        answers = answers_json(items, is_postgres=database.is_postgres)
        sql = f"""SELECT r.id, {answers} FROM response r
 WHERE {self._selection.where()} ORDER BY r.started_at, r.id"""  # noqa: S608 - texts of ours alone
        with database.stream(sql, self._selection.params) as slices:
            for responses in slices:
                yield [line for response, answers in responses if answers for line in self._lines(response, answers)]

    def _lines(self, response: str, answers: str) -> list[str]:
        shapes, words = self._shapes, self._words
        ranked = []
        for key, said, asked, answered in json.loads(answers):
            rank, before, between, words_are_value, late = shapes.get(key) or self._read_shape(key)
            cell = words.get(said) or self._write_words(said)
            value = cell if words_are_value else ""
            times = f"{write_minute(asked)},{write_minute(answered)}"
            ranked.append((rank, f"{response},{before}{value},{cell},{between},{times},{late}\r\n"))
        ranked.sort()
        lines = []
        question: int | None = None
        newest = 0
        for (place, revision, _), line in ranked:
            if place != question:
                question, newest = place, revision
            if revision == newest and place != _NO_COLUMN:
                lines.append(line)
        return lines

    def _write_words(self, said: str | None) -> str:
        if not said:
            return ""
        cell = '"' + self._may_leave(said).replace('"', '""') + '"'
        if len(said) <= _SHORT:
            _make_room(self._words)
            self._words[said] = cell
        return cell

    def _may_leave(self, words: str) -> str:
        return disarm(words if self._raw else mask(words))

    def _read_shape(self, key: str) -> _Shape:
        # The code is last, and whatever is in it stays in it: a calculation's value may be a resident's words.
        name, revision, figure, state, source, channel, version, *rest = key.split(_SEPARATOR, len(_SHAPE) - 1)
        lang, way, rule, confidence, wording, late, heard, certainty, code = rest
        question = self._questions.get(name, _UNKNOWN)
        is_answered = state == "answered"
        value = self._value(question, code, figure) if is_answered else ""
        shape = _Shape(
            rank=(question.place, -int(revision), question.order.get(code, len(question.order))),
            before=_csv(self._selection.published.survey, version, source, channel, question.column, state, value),
            between=_csv(lang, heard, _figure(certainty), way, rule, _figure(confidence), wording, revision),
            words_are_value=is_answered and not code and not figure,
            late=late,
        )
        _make_room(self._shapes)
        self._shapes[key] = shape
        return shape

    def _value(self, question: _Question, code: str, figure: str) -> str:
        if code and question.is_calculated:
            # A calculation may put residents' words together.
            value = calculated(code)
            return self._may_leave(code) if value is None else str(value)
        if code:
            return question.written.get(code) or disarm_code(code)
        return _figure(figure)


def _figure(written: str) -> str:
    return str(number(float(written))) if written else ""


def _make_room(kept: dict[str, _Shape] | dict[str | None, str]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()


def _csv(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
