"""The long form: one row per answer (of a multiple, one per chosen code), newest revision only.

A million answers is a size to be ready for, so the work is shared out: SQL packs what few answers differ in (question,
code, rule, wording ...) into one JSON array, each such array is taken apart and written as CSV once, and then kept.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from bot.analysis.cells import as_is, calculated, disarm, disarm_code, number, write_day, write_minute, written_out
from bot.analysis.disguise import Disguise, in_order
from bot.analysis.masking import mask
from bot.analysis.rows import CODE_SQL, Selection, answers_json, written_choices
from bot.core.survey import QuestionType
from storage.answers import is_given
from storage.script import Database

LONG: Mapping[str, str] = MappingProxyType(
    {
        "response_id": "Random id of the response, as in the wide form",
        "survey": "Id of the survey",
        "survey_version": "Version of the survey that the question was asked in",
        "source": "Source of the response, as in the wide form",
        "channel": "Channel on which this answer came",
        "question": "Column of the question in the wide form",
        "state": "answered, skipped, refused, not_applicable, unparsed or, of imported answers, not_in_version",
        "value": "Code, number or the words of an open answer; empty unless answered. A multiple has a row per code",
        "said": "The respondent's own words, whatever the state",
        "language": "Language in which the question was put",
        "language_source": "How the response came to its language, as in the wide form",
        "language_confidence": "How sure a detected language is, 0 to 1; 1 where it was chosen or is the survey's own",
        "input": "typed, button, voice, assisted, web or imported; empty where nobody gave it",
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

_SHAPE = (
    *("a.question", "a.revision", "a.value_number", "a.state", "a.channel", "a.version", "a.lang", "a.input"),
    *("a.rule", "a.confidence", "a.wording", "CASE WHEN a.late THEN 1 ELSE 0 END", CODE_SQL),
)
# Many answers share a shape or are the same few words. When so many differ, remembering stops paying.
_MOST_KEPT = 20_000
_SHORT = 20
_NO_COLUMN = -1
_READ = msgspec.json.Decoder(list[tuple[msgspec.Raw, str | None, int | None, int | None]]).decode


class _Shape(NamedTuple):
    """A shape as CSV text: what stands at the start, before the words, after them, and before and after the times.

    `rank` orders the answers of a response: place in the survey, revision (newest first), place in the choice list.
    `words_are_value` marks an answered question whose value is the words themselves.
    """

    rank: tuple[int, int, int]
    version: str
    before: str
    language: str
    between: str
    words_are_value: bool
    late: str


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What SQL packs of an answer, in the order of _SHAPE."""

    question: str
    revision: int
    figure: float | None
    state: str
    channel: str
    version: str
    language: str
    input: str
    rule: str
    confidence: float | None
    wording: str
    late: int
    code: str | None


_READ_KEPT = msgspec.json.Decoder(_Kept).decode


class _Question(NamedTuple):
    """A question with what its lines need, worked out once. `order` is where each code stands in the choice list."""

    place: int
    column: str
    order: Mapping[str, int]
    written: Mapping[str, str]
    is_calculated: bool


_UNKNOWN = _Question(_NO_COLUMN, "", {}, {}, is_calculated=False)


class LongLines:
    """Writes the lines of the long form. `raw` leaves contact details in the words.

    `verbatim` leaves cells that begin like a formula as they are. `disguise` makes them shareable. The responses
    `left_out` have no lines.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        raw: bool,
        labels: str | None,
        verbatim: bool = False,
        disguise: Disguise | None = None,
        left_out: frozenset[str] = frozenset(),
    ) -> None:
        self._selection = selection
        self._raw = raw
        self._disguise = disguise
        self._left_out = left_out
        self._write_text = as_is if verbatim else disarm
        self._write_code = as_is if verbatim else disarm_code
        self._write_time = write_minute if disguise is None else write_day
        self._shapes: dict[bytes, _Shape] = {}
        self._words: dict[str | None, str] = {}
        self._questions: dict[str, _Question] = {}
        published = selection.published
        for place, variable in enumerate(published.variables):
            self._questions[variable.question.name] = _Question(
                place=place,
                column=variable.column,
                order={code: order for order, code in enumerate(variable.codes)},
                written=written_choices(published, variable, self._write_code, labels),
                is_calculated=variable.question.type is QuestionType.CALCULATE,
            )

    def by_response(self, database: Database, among: frozenset[str] | None = None) -> Iterator[list[str]]:
        """Give each response's lines, in the order in which responses began. Blocks: for a worker thread.

        `among` are the only ones wanted, by the ids that are written. Disguised, they stand in the order of those ids.
        """
        if self._disguise is None:
            return (lines for _, lines in self._every(database, among))
        return in_order(self._every(database, among))

    def _every(self, database: Database, among: frozenset[str] | None) -> Iterator[tuple[str, list[str]]]:
        array = "json_build_array" if database.is_postgres else "json_array"
        items = f"{array}({', '.join(_SHAPE)}), a.said, a.asked_at / 60000, a.answered_at / 60000"
        answers = answers_json(items, is_postgres=database.is_postgres)
        sql = f"""SELECT r.id, r.source, r.language_source, r.language_confidence, {answers} FROM response r
 WHERE {self._selection.where()} ORDER BY r.started_at, r.id"""  # noqa: S608 - texts of ours alone
        with database.stream(sql, self._selection.params) as slices:
            for responses in slices:
                for response, source, language_source, certainty, found in responses:
                    if found and response not in self._left_out:
                        written = self._disguise.new_id(response) if self._disguise else response
                        if among is None or written in among:
                            heard = _csv(language_source, _figure(certainty))
                            yield written, self._lines(written, source, heard, found)

    def _lines(self, response: str, source: str, heard: str, answers: str) -> list[str]:
        shapes, words, write_time = self._shapes, self._words, self._write_time
        ranked = []
        for raw, said, asked, answered in _READ(answers):
            key = bytes(raw)
            rank, version, before, language, between, words_are_value, late = shapes.get(key) or self._read_shape(key)
            cell = words.get(said) or self._write_words(said)
            value = cell if words_are_value else ""
            line = (
                f"{response},{version},{source},{before}{value},{cell},{language},{heard},{between},"
                f"{write_time(asked)},{write_time(answered)},{late}\r\n"
            )
            ranked.append((rank, line))
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
        return self._write_text(words if self._raw else mask(words))

    def _read_shape(self, key: bytes) -> _Shape:
        kept = _READ_KEPT(key)
        question = self._questions.get(kept.question, _UNKNOWN)
        is_answered = kept.state == "answered"
        value = self._value(question, kept) if is_answered else ""
        input = kept.input if is_given(kept.rule, kept.state) else ""
        shape = _Shape(
            rank=(question.place, -kept.revision, question.order.get(kept.code or "", len(question.order))),
            version=_csv(self._selection.published.survey, kept.version),
            before=_csv(kept.channel, question.column, kept.state, value),
            language=_csv(kept.language),
            between=_csv(input, kept.rule, _figure(kept.confidence), kept.wording, str(kept.revision)),
            words_are_value=is_answered and not kept.code and kept.figure is None,
            late=str(kept.late),
        )
        _make_room(self._shapes)
        self._shapes[key] = shape
        return shape

    def _value(self, question: _Question, kept: _Kept) -> str:
        if kept.figure is not None:
            return _figure(kept.figure)
        if kept.code and question.is_calculated:
            # A calculation may put residents' words together.
            value = calculated(kept.code)
            return self._may_leave(kept.code) if value is None else str(written_out(value))
        if kept.code:
            return question.written.get(kept.code) or self._write_code(kept.code)
        return ""


def _figure(value: float | None) -> str:
    return "" if value is None else str(written_out(number(float(value))))


def _make_room(kept: dict[bytes, _Shape] | dict[str | None, str]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()


def _csv(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
