"""Answers that came in from a file: which row became which response, and one transaction for all that a file brings.

A row is known by its survey, its source and its own id there. What was imported once is never written twice; what has
changed since is written as new revisions of the answers that differ, and of no others.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict, replace

from storage import events, staff
from storage.decided import ANSWER
from storage.erasure import erase_imported
from storage.events import MINUTE_MS, EventType, Happened
from storage.script import Fetch, Many, Run, Script
from storage.turns import AnswerRow

SLICE: Final = 500
"""Rows of a file that are written by one statement, and held at once."""

_RESPONDENT = "INSERT INTO respondent (id, made_at) VALUES (:respondent_id, :now)"
_RESPONSE = """
    INSERT INTO response (id, respondent_id, survey, version, source, channel, language, language_source, started_at,
        last_answer_at, completed_at, last_inbound_at, core_answered, core_applicable, late, test, revision)
    VALUES (:response_id, :respondent_id, :survey, :version, :channel, :channel, :language, 'imported', :started_at,
        :last_answer_at, :completed_at, :heard_at, :core_answered, :core_applicable, :late, :test, :revision)"""
_COMPLETE = "SELECT id FROM response WHERE id IN (SELECT :responses*text) AND completed_at IS NOT NULL"
_CHANGED = """
    UPDATE response SET version = :version, language = :language, started_at = :started_at,
        last_answer_at = :last_answer_at, completed_at = :completed_at, last_inbound_at = :heard_at,
        core_answered = :core_answered, core_applicable = :core_applicable, late = :late
    WHERE id = :response_id"""
_IMPORTED = """
    INSERT INTO imported (survey, source, external_id, response_id, row_hmac, batch_id)
    VALUES (:survey, :origin, :external_id, :response_id, :row_hmac, :batch)"""
_IMPORTED_AGAIN = "UPDATE imported SET row_hmac = :row_hmac, batch_id = :batch WHERE response_id = :response_id"
_BATCH = """
    INSERT INTO import_batch (id, survey, source, file_name, file_hash, map_hash, added, changed, unchanged, applied_at,
        applied_by, test)
    VALUES (:id, :survey, :source, :file_name, :file_hash, :map_hash, :added, :changed, :unchanged, :at, :by, :test)"""
_BROUGHT = """
    SELECT id, source, file_name, added, changed, applied_at, applied_by FROM import_batch WHERE survey = :survey"""
_NEWEST = """
    SELECT a.response_id, a.question, a.revision, a.item, a.state, a.value_code, a.value_number, a.said
    FROM answer a WHERE a.response_id IN (SELECT :responses*text)
        AND a.revision = (SELECT MAX(b.revision) FROM answer b
            WHERE b.response_id = a.response_id AND b.question = a.question)"""
_EVERY = """
    SELECT response_id, question, revision, item, state, value_code, value_number, said
    FROM answer WHERE response_id IN (SELECT :responses*text)"""
_ROWS = """
    SELECT i.external_id, i.response_id, i.row_hmac, r.completed_at, r.started_at
    FROM imported i JOIN response r ON r.id = i.response_id WHERE i.survey = :survey AND i.source = :source"""
_STAMP = """
    SELECT (SELECT COUNT(*) FROM imported WHERE survey = :survey AND source = :source),
        (SELECT b.id FROM import_batch b WHERE b.survey = :survey AND b.source = :source
            ORDER BY b.applied_at DESC, b.id DESC LIMIT 1)"""

_GIVEN: Final = ("answered", "unparsed")

Stamp: TypeAlias = tuple[int, str]
"""How many rows of a source there are, and the last file that brought some: what tells that another was faster."""


class Known(NamedTuple):
    """A row that was imported before: its response, and the HMAC of what it held.

    `heard_at` is when it was handed in or, of one that was left half-way, begun; epoch milliseconds UTC.
    """

    response_id: str
    row_hmac: str
    heard_at: int
    is_complete: bool

    def is_handed_in_by(self, completed_at: int | None) -> bool:
        """Whether a row was left half-way and is handed in now, which is no going back, whatever its times say."""
        return not self.is_complete and completed_at is not None


class Before(Struct, frozen=True):
    """What was there before a file is looked at.

    `rows` are those of the same source by their id; `elsewhere` names, by id, another source from which one came;
    `withdrawn` are responses of the survey that have been removed; `last` is the file that brought some last.
    """

    rows: Mapping[str, Known]
    elsewhere: Mapping[str, str]
    withdrawn: frozenset[str]
    stamp: Stamp
    last: "Brought | None" = None


class Incoming(Struct, frozen=True, gc=False):
    """One row of a file as it will be kept. `respondent_id` is empty for a response that is there already.

    `answers` begin at revision 1; of a response that is there, only those that differ are written, after what is there.
    `blanks` are written there for what is held as an answer of these questions, and is none any more.
    """

    external_id: str
    response_id: str
    respondent_id: str
    row_hmac: str
    version: str
    language: str
    started_at: int
    last_answer_at: int | None
    completed_at: int | None
    heard_at: int
    core_answered: int
    core_applicable: int
    late: bool
    answers: tuple[AnswerRow, ...]
    blanks: tuple[AnswerRow, ...] = ()


class Batch(Struct, frozen=True):
    """One file. `source` is its form's name, `channel` the way by which its answers were given."""

    id: str
    survey: str
    source: str
    channel: str
    file_name: str
    file_hash: str
    map_hash: str
    added: int
    changed: int
    unchanged: int
    at: int
    by: str
    test: bool


class Brought(NamedTuple):
    """A file that was written: what it brought, when (epoch milliseconds UTC) and by whom."""

    id: str
    source: str
    file_name: str
    added: int
    changed: int
    at: int
    by: str


class ImportOvertaken(Exception):
    """Something of the same source was imported or removed since the file was looked at. Nothing was written."""


def before(survey: str, source: str) -> Script[Before]:
    """Read what is there. Only reads."""
    params = {"survey": survey, "source": source}
    rows = yield Fetch(_ROWS, params)
    others = yield Fetch(
        "SELECT external_id, source FROM imported WHERE survey = :survey AND source <> :source", params
    )
    gone = yield Fetch(
        "SELECT subject FROM event WHERE survey = :survey AND type = :type",
        {"survey": survey, "type": EventType.WITHDRAWN.value},
    )
    last = yield Fetch(f"{_BROUGHT} AND source = :source ORDER BY applied_at DESC, id DESC LIMIT 1", params)
    return Before(
        {row[0]: Known(row[1], row[2], row[3] or row[4], row[3] is not None) for row in rows.rows},
        {row[0]: row[1] for row in others.rows},
        frozenset(row[0] for row in gone.rows),
        (yield from _stamp(survey, source)),
        Brought(*last.first) if last.first is not None else None,
    )


def taken_back(rows: Sequence[Incoming]) -> Script[list[str]]:
    """Name the rows, by their ids in the file, all of whose changes are what stood there before. Only reads.

    What is blank now and was answered counts: before it was answered, nothing stood there.
    """
    found = yield Fetch(_EVERY, {"responses": [row.response_id for row in rows]})
    held: dict[tuple[str, str], dict[int, set[tuple[Any, ...]]]] = {}
    for response, question, revision, *value in found.rows:
        held.setdefault((response, question), {}).setdefault(revision, set()).add(tuple(value))
    return [row.external_id for row in rows if _is_taken_back(row, held)]


def _is_taken_back(row: Incoming, held: Mapping[tuple[str, str], Mapping[int, set[tuple[Any, ...]]]]) -> bool:
    has_changed = any(_newest(held.get((row.response_id, blank.question), {})).is_answer for blank in row.blanks)
    for question, answers in _last(row).items():
        revisions = held.get((row.response_id, question), {})
        values = {_value(answer) for answer in answers}
        if values != _newest(revisions).values:
            has_changed = True
            if values not in revisions.values():
                return False
    return has_changed


def _newest(revisions: Mapping[int, set[tuple[Any, ...]]]) -> "_Held":
    newest = max(revisions, default=0)
    return _Held(newest, revisions.get(newest, set()))


def batches(survey: str, most: int) -> Script[list[Brought]]:
    """List the files that were written last into a survey. Only reads."""
    newest = f"{_BROUGHT} ORDER BY applied_at DESC, id DESC LIMIT :most"
    found = yield Fetch(newest, {"survey": survey, "most": most})
    return [Brought(*row) for row in found.rows]


def batch(survey: str, id_: str) -> Script[Brought | None]:
    """Find a file that was written, by the id of its import. Only reads."""
    found = yield Fetch(f"{_BROUGHT} AND id = :id", {"survey": survey, "id": id_})
    return Brought(*found.first) if found.first is not None else None


def apply(batch: Batch, rows: Iterable[Sequence[Incoming]], stamp: Stamp) -> Script[None]:
    """Write a file's new and changed rows, slice by slice, and what happened. Raises ImportOvertaken.

    `rows` is read again from its start where the engine runs this again.
    """
    # One file at a time: on PostgreSQL this row waits for another import of the survey.
    yield Fetch("SELECT id FROM survey WHERE id = :survey FOR UPDATE", {"survey": batch.survey})
    if (yield from _stamp(batch.survey, batch.source)) != stamp:
        raise ImportOvertaken
    yield Run(_BATCH, asdict(batch))
    happened: list[Happened] = []
    for part in rows:
        new = [row for row in part if row.respondent_id]
        changed = [row for row in part if not row.respondent_id]
        complete: Collection[str] = ()
        if new:
            yield from _add(batch, new)
        if changed:
            complete = yield from _change(batch, changed)
        happened += [_happened(batch, row, row.response_id in complete) for row in part]
    yield from staff.note(
        batch.at,
        batch.by,
        "answers imported",
        f"{batch.survey} from {batch.source}: {batch.added} new, {batch.changed} changed",
    )
    happened.append(
        Happened(type=EventType.IMPORTED, survey=batch.survey, subject=batch.id, at=batch.at, test=batch.test)
    )
    yield from events.record(happened)


def forget(survey: str, source: str, external_id: str, by: str, at: int) -> Script[bool]:
    """Withdraw the response that a row became, for good: no later file brings it back. False where there is none.

    Nor does a backup that is restored with its ledger (`storage.ledger`).
    """
    found = yield Fetch(
        """SELECT response_id FROM imported
           WHERE survey = :survey AND source = :source AND external_id = :id FOR UPDATE""",
        {"survey": survey, "source": source, "id": external_id},
    )
    if found.first is None:
        return False
    response_id = found.first[0]
    withdrawn = yield from erase_imported(response_id, survey, at)
    yield from staff.note(at, by, "imported answers removed", f"{survey} from {source}: {response_id}")
    yield from events.record(withdrawn)
    return True


def _stamp(survey: str, source: str) -> Script[Stamp]:
    found = yield Fetch(_STAMP, {"survey": survey, "source": source})
    assert found.first is not None
    return int(found.first[0]), str(found.first[1] or "")


def _add(batch: Batch, rows: Sequence[Incoming]) -> Script[None]:
    params = [_params(batch, row) for row in rows]
    yield Many(_RESPONDENT, params)
    yield Many(_RESPONSE, params)
    yield Many(_IMPORTED, params)
    yield Many(ANSWER, [_answer(answer) for row in rows for answer in row.answers])


def _change(batch: Batch, rows: Sequence[Incoming]) -> Script[frozenset[str]]:
    """Write changed rows, and return which of their responses were complete before."""
    params = [_params(batch, row) for row in rows]
    responses = {"responses": [row.response_id for row in rows]}
    complete = yield Fetch(_COMPLETE, responses)
    found = yield Fetch(_NEWEST, responses)
    held: dict[tuple[str, str], _Held] = {}
    for response, question, revision, *value in found.rows:
        held.setdefault((response, question), _Held(revision, set())).values.add(tuple(value))
    yield Many(_CHANGED, params)
    yield Many(_IMPORTED_AGAIN, params)
    answers = [_answer(answer) for row in rows for answer in _differing(row, held)]
    if answers:
        yield Many(ANSWER, answers)
    return frozenset(row[0] for row in complete.rows)


class _Held(NamedTuple):
    """The newest revision of one question, and what its rows hold."""

    revision: int
    values: set[tuple[Any, ...]]

    @property
    def is_answer(self) -> bool:
        return any(state in _GIVEN for _, state, *_ in self.values)


def _differing(row: Incoming, held: Mapping[tuple[str, str], _Held]) -> Iterable[AnswerRow]:
    """Give the last word on each question where it is another than what is held, as the next revision."""
    for question, answers in _last(row).items():
        there = held.get((row.response_id, question), _Held(0, set()))
        if {_value(answer) for answer in answers} != there.values:
            for answer in answers:
                yield replace(answer, revision=there.revision + 1)
    for blank in row.blanks:
        was = held.get((row.response_id, blank.question))
        if was is not None and was.is_answer:
            yield replace(blank, revision=was.revision + 1)


def _last(row: Incoming) -> Mapping[str, list[AnswerRow]]:
    """Give a row's last word on each question."""
    last: dict[str, list[AnswerRow]] = {}
    for answer in row.answers:
        answers = last.setdefault(answer.question, [])
        if answers and answers[0].revision < answer.revision:
            answers.clear()
        answers.append(answer)
    return last


def _value(answer: AnswerRow) -> tuple[Any, ...]:
    return answer.item, answer.state, answer.value_code, answer.value_number, answer.said


def _params(batch: Batch, row: Incoming) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in Incoming.__struct_fields__ if name not in ("answers", "blanks")}
    return fields | {
        "survey": batch.survey,
        "origin": batch.source,
        "channel": batch.channel,
        "batch": batch.id,
        "now": batch.at,
        # A database that was brought back knows no revisions of what it lacks, and ids of events hold them.
        "revision": batch.at // MINUTE_MS,
        "test": batch.test,
    }


def _answer(answer: AnswerRow) -> dict[str, Any]:
    return asdict(answer) | {"inbound_id": None}


def _happened(batch: Batch, row: Incoming, was_complete: bool) -> Happened:
    kind = EventType.STARTED if row.respondent_id else EventType.UPDATED
    if row.completed_at is not None and not was_complete:
        kind = EventType.COMPLETED
    return Happened(type=kind, survey=batch.survey, subject=row.response_id, at=batch.at, test=batch.test)
