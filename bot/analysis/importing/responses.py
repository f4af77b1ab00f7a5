"""From what a row gave to a response as storage keeps it: by the core's own rules, and only if it is new or changed.

A response's id follows from its survey, source and id there, by a key that never leaves. So what was removed is known
again when a later file brings it, without a list of whom it was about.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from msgspec import Struct, json
from msgspec.structs import replace

from bot.analysis.importing.binding import WEB, Binding
from bot.analysis.importing.report import UNKNOWN_LABEL, QuestionReport, Report
from bot.analysis.importing.spool import Spool
from bot.core.answered_elsewhere import Field, Taken, take
from bot.core.events import Circumstances
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.reading import Unclear
from bot.core.sitting import Thread
from bot.core.state import AnswerState
from bot.core.window import london_day, moment
from bot.service.answer_rows import Given as How
from bot.service.answer_rows import answer_rows
from storage.imports import Before, Incoming, Known
from storage.keys import KeyRing
from storage.turns import AnswerRow

NOT_IN_VERSION = "not_in_version"
_ROW = "imported row"
_RESPONSE = "imported response"
"""Marks under which keyed HMACs are made, where an address has its channel's name."""


class Given(Struct, frozen=True, gc=False):
    """What one row gave. `submitted` is None for one that was left half-way. `fields` are by question.

    `row` is its number as a spreadsheet shows it. `unknown` are questions whose answer is no label that is known.
    """

    row: int
    id: str
    started: datetime
    submitted: datetime | None
    language: str
    is_late: bool
    fields: Mapping[str, Field]
    unknown: frozenset[str] = frozenset()


class Responses:
    """Makes responses of rows, and puts those that are to be written into the spool."""

    def __init__(self, binding: Binding, before: Before, keys: KeyRing, report: Report, rows: Spool) -> None:
        self._binding = binding
        self._before = before
        self._keys = keys
        self._report = report
        self._rows = rows
        self._questionnaire = Questionnaire(binding.definition, Phrases(), {})
        self._known = 0
        self._changed: list[str] = []
        self._taken_back: list[str] = []
        self._last_handed_in = 0
        absent = [question for question in self._questionnaire.route(WEB) if question.name in binding.absent]
        self._absent = [question.name for question in absent]
        report.questions.update((question.name, QuestionReport(question)) for question in absent)

    def take(self, given: Given) -> None:
        """Take one row."""
        at = given.submitted or given.started
        if given.submitted is not None:
            self._last_handed_in = max(self._last_handed_in, _ms(given.submitted))
        here = Circumstances(at, WEB, WEB, short=False, is_closed=given.is_late)
        taken = take(self._questionnaire, given.language, here, given.fields, is_complete=given.submitted is not None)
        answers, blanks = self._answers(taken, _ms(at))
        self._count(given, taken, answers)
        mark = json.encode(
            [given.language, given.started, given.submitted, [_content(each) for each in answers]]
        ).decode()
        known = self._before.rows.get(given.id)
        self._known += known is not None
        if known is not None and known.row_hmac in self._keys.lookups(_ROW, mark):
            self._report.unchanged += 1
            return
        response_id, respondent_id = (known.response_id, "") if known else (self._new_id(given.id), uuid4().hex)
        if not response_id:
            self._report.withdrawn += 1
            return
        if known is not None:
            self._note_changed(given, known)
        else:
            self._report.added += 1
            if other := self._before.elsewhere.get(given.id):
                self._report.notices.add(
                    f"imported before from {other}: is it the same form? Then give the map the same `source`", given.row
                )
        row_hmac = self._keys.lookup(_ROW, mark)
        row = self._incoming(given, taken, answers, (response_id, respondent_id, row_hmac))
        if known is not None:
            row = replace(row, blanks=tuple(replace(each, response_id=response_id) for each in blanks))
        self._rows.add(row)

    def _incoming(
        self, given: Given, taken: Taken, answers: Sequence[AnswerRow], marks: tuple[str, str, str]
    ) -> Incoming:
        """Lay a row out for storage. `marks` are its response's id, its respondent's, and the HMAC of its content."""
        state, (response_id, respondent_id, row_hmac) = taken.state, marks
        return Incoming(
            external_id=given.id,
            response_id=response_id,
            respondent_id=respondent_id,
            row_hmac=row_hmac,
            version=self._binding.definition.version,
            language=state.language,
            started_at=_ms(given.started),
            last_answer_at=state.last_answer_at * 1000 if state.last_answer_at is not None else None,
            completed_at=_ms(given.submitted) if given.submitted is not None else None,
            heard_at=_ms(given.submitted or given.started),
            core_answered=state.core_answered,
            core_applicable=state.core_applicable,
            late=state.late,
            answers=tuple(replace(each, response_id=response_id) for each in answers),
        )

    def tell(self) -> None:
        """Say what only the whole file shows."""
        report, before = self._report, self._before
        report.not_in_file = len(before.rows) - self._known
        # When a row was left half-way may be no more than a day that a map gave: it tells nothing of a file's age.
        newest = max((row.heard_at for row in before.rows.values() if row.is_complete), default=0)
        ends_before = 0 < self._last_handed_in < newest
        report.taken_back = self._changed if ends_before else self._taken_back
        if self._changed and before.last is not None:
            report.last_import = f"{before.last.file_name}, brought in on {_day(before.last.at)}"
            if ends_before:
                report.last_import += f"; it went up to {_day(newest)}"

    def _note_changed(self, given: Given, known: Known) -> None:
        """Note a row that is there with other content, and whether its own times say that it goes back."""
        self._report.changed += 1
        completed_at = _ms(given.submitted) if given.submitted is not None else None
        if known.is_handed_in_by(completed_at):
            return
        self._changed.append(given.id)
        is_half_way_again = known.is_complete and completed_at is None
        if is_half_way_again or _ms(given.submitted or given.started) < known.heard_at:
            self._taken_back.append(given.id)

    def _new_id(self, external_id: str) -> str:
        """Give the id of a row that is not there; empty where it was removed."""
        name = f"{self._report.survey}\0{self._binding.map.source}\0{external_id}"
        ids = [hmac[:32] for hmac in self._keys.lookups(_RESPONSE, name)]
        return "" if self._before.withdrawn.intersection(ids) else ids[0]

    def _answers(self, taken: Taken, at: int) -> tuple[list[AnswerRow], list[AnswerRow]]:
        """Lay out the answers of a row; and, of the questions that it says nothing of, what takes an answer back."""
        thread = Thread("", self._questionnaire, taken.state)
        how = How(WEB, "imported", "full", at)
        rows = [row for record in taken.records for row in answer_rows(record, thread, "", how)]
        recorded = {record.question for record in taken.records}
        rows += [self._without(name, NOT_IN_VERSION, taken, at) for name in self._absent if name not in recorded]
        recorded.update(self._absent)
        blanks = [
            self._without(each.name, AnswerState.SKIPPED if each.is_asked else AnswerState.NOT_APPLICABLE, taken, at)
            for each in self._binding.definition.questions
            if each.name not in recorded
        ]
        return rows, blanks

    def _without(self, name: str, state: str, taken: Taken, at: int) -> AnswerRow:
        return AnswerRow(
            response_id="",
            question=name,
            item="",
            revision=1,
            state=str(state),
            value_code=None,
            value_number=None,
            said=None,
            lang=taken.state.language,
            channel=WEB,
            input="imported",
            rule="",
            confidence=None,
            wording="full",
            version=self._binding.definition.version,
            asked_at=None,
            answered_at=at,
            late=taken.state.late,
        )

    def _count(self, given: Given, taken: Taken, answers: Sequence[AnswerRow]) -> None:
        last = {answer.question: answer.revision for answer in answers}
        counted = set()
        for answer in answers:
            report = self._report.questions.get(answer.question)
            if report is None or answer.revision != last[answer.question]:
                continue
            if answer.question not in counted:
                report.states[UNKNOWN_LABEL if answer.question in given.unknown else answer.state] += 1
                counted.add(answer.question)
            if answer.state == AnswerState.ANSWERED and answer.value_code and report.question.is_closed:
                report.codes[answer.value_code] += 1
        for name in taken.unasked:
            self._report.notices.add(
                f"{name}: answered where the survey's own logic does not ask; kept, not shown", given.row
            )
        refused = [name for name in taken.unfit if not isinstance(given.fields[name].found, Unclear)]
        for name in refused:
            self._report.notices.add(f"{name}: the survey's own rules refuse it; kept as words", given.row)


def _content(answer: AnswerRow) -> list[object]:
    return [
        answer.question,
        answer.item,
        answer.revision,
        answer.state,
        answer.value_code,
        answer.value_number,
        answer.said,
    ]


def _day(at: int) -> str:
    return f"{london_day(moment(at)):%-d %B %Y}"


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
