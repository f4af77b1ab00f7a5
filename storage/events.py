"""What happened to responses, in the order in which it was committed: written with the change itself, read by cursor.

An event holds no words. It says which revision of which response there was, what that showed, and its newest answer,
so that whoever forwards it later finds the words as they were then.
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from storage.script import Fetch, Many, Run, Script

MINUTE_MS: Final = 60_000
LEAP: Final = 1_000_000
"""So many numbers are passed over, at least, once a database was brought back."""


class EventType(StrEnum):
    """What can happen to a response; and, to a survey, that a file of answers was imported."""

    STARTED = "response.started"
    UPDATED = "response.updated"
    COMPLETED = "response.completed"
    STOPPED = "response.stopped"
    WITHDRAWN = "response.withdrawn"
    IMPORTED = "import.applied"


class Happened(Struct, frozen=True, gc=False):
    """One thing that a transaction did. `type` is an EventType, `subject` a response's id or an import batch's.

    `at` is epoch milliseconds UTC. Of a response that is still there the rest is read from its row; `revision` is for
    one that was withdrawn: the one after its last.
    """

    type: str
    subject: str
    at: int
    survey: str = ""
    test: bool = False
    revision: int = 0


class EventRow(Struct, frozen=True, gc=False):
    """One event as it was written. `at` is epoch milliseconds UTC, of a whole minute as all that leaves is.

    `answers_until` is the id of the response's newest answer: of that response alone, since an erasure frees the ids of
    others. A row that says what was withdrawn, or imported, has
    nothing behind `revision`.
    """

    seq: int
    id: str
    type: str
    at: int
    survey: str
    subject: str
    revision: int
    status: str
    language: str
    language_source: str
    last_answer_at: int | None
    completed_at: int | None
    late: bool
    answers_until: int
    test: bool


# Numbers are given in the order of commits, or a reader with a cursor would pass over one that was given early and
# committed late. The last lock that a transaction takes, so that whoever holds it waits for nobody.
_ONE_AT_A_TIME = Fetch("SELECT pg_advisory_xact_lock(5248333)")
_RAISE = "UPDATE response SET revision = revision + 1 WHERE id = :subject"
_RESPONSES = """
    INSERT INTO event (type, id, at, survey, subject, revision, status, language, language_source, last_answer_at,
        completed_at, late, answers_until, test)
    SELECT {type}, 'evt_' || r.id || '_' || r.revision, :at, r.survey, r.id, r.revision,
        CASE WHEN r.completed_at IS NOT NULL THEN 'complete' WHEN r.stopped_at IS NOT NULL THEN 'stopped'
            ELSE 'partial' END,
        r.language, r.language_source, r.last_answer_at, r.completed_at, r.late,
        (SELECT COALESCE(MAX(a.id), 0) FROM answer a WHERE a.response_id = r.id), r.test
    FROM response r """
_TELL = _RESPONSES.format(type=":type") + "WHERE r.id IN (SELECT :subjects*text) ORDER BY r.id"
_RAISE_ALL = "UPDATE response SET revision = CASE WHEN revision < :least THEN :least ELSE revision + 1 END"
_TELL_ALL = (
    _RESPONSES.format(
        type="""CASE WHEN r.completed_at IS NOT NULL THEN 'response.completed'
        WHEN r.stopped_at IS NOT NULL THEN 'response.stopped' ELSE 'response.updated' END"""
    )
    + "ORDER BY r.started_at, r.id"
)
_TELL_BARE = """
    INSERT INTO event (id, type, at, survey, subject, revision, test)
    VALUES (:id, :type, :at, :survey, :subject, :revision, :test)"""
_LEAP_ON_POSTGRES = """
    SELECT setval(pg_get_serial_sequence('event', 'seq'), GREATEST(COALESCE(MAX(seq), 0) + :leap, :least)) FROM event"""
_LEAP_ON_SQLITE = "UPDATE sqlite_sequence SET seq = MAX(seq + :leap, :least) WHERE name = 'event'"
_HAVE_A_NUMBER = """
    INSERT INTO sqlite_sequence (name, seq) SELECT 'event', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'event')"""
_WITHDRAWING = """
    SELECT id, survey, test, revision FROM response WHERE id IN (SELECT :responses*text) ORDER BY id FOR UPDATE"""
_COLUMNS = ", ".join(EventRow.__struct_fields__)
_BARE = frozenset((EventType.WITHDRAWN.value, EventType.IMPORTED.value))


def record(happened: Sequence[Happened], *, raises: bool = True) -> Script[None]:
    """Raise these responses' revisions and write what happened: the last thing that a transaction does.

    `raises` is False where it has raised them already. What was withdrawn comes from `withdrawing`.
    """
    changed = [_row(each) for each in happened if each.type not in _BARE]
    bare = [_row(each) for each in happened if each.type in _BARE]
    if changed and raises:
        yield Many(_RAISE, changed)
    if happened:
        yield _ONE_AT_A_TIME
    alike = defaultdict(list)
    for each in changed:
        alike[each["type"], each["at"]].append(each["subject"])
    for (what, at), subjects in alike.items():
        yield Run(_TELL, {"type": what, "at": at, "subjects": subjects})
    if bare:
        yield Many(_TELL_BARE, bare)


def begin_again(now: int, *, is_postgres: bool) -> Script[None]:
    """Tell every response again as it is now, for a database that was brought back: others know newer revisions of it.

    They have read numbers and revisions that are not here. The milliseconds and the minutes since 1970 are beyond any
    of them, also when one backup is brought back twice.
    """
    if is_postgres:
        yield Fetch(_LEAP_ON_POSTGRES, {"leap": LEAP, "least": now})
    else:
        yield Run(_HAVE_A_NUMBER)
        yield Run(_LEAP_ON_SQLITE, {"leap": LEAP, "least": now})
    yield Run(_RAISE_ALL, {"least": now // MINUTE_MS})
    yield _ONE_AT_A_TIME
    yield Run(_TELL_ALL, {"at": now - now % MINUTE_MS})


def withdrawing(responses: Sequence[str], at: int) -> Script[list[Happened]]:
    """Name what is about to be withdrawn, while it is still there; `record` it once it has gone."""
    found = yield Fetch(_WITHDRAWING, {"responses": list(responses)})
    return [
        Happened(EventType.WITHDRAWN.value, response, at, survey, bool(test), revision + 1)
        for response, survey, test, revision in found.rows
    ]


def after(seq: int, limit: int, survey: str = "", *, include_test: bool = False) -> Script[list[EventRow]]:
    """Read what happened after a number, oldest first. A reader who goes on from the last misses nothing."""
    found = yield Fetch(
        f"""SELECT {_COLUMNS} FROM event WHERE seq > :seq AND (:survey = '' OR survey = :survey)
            AND (:include_test OR NOT test) ORDER BY seq LIMIT :limit""",  # noqa: S608 - our own names
        {"seq": seq, "survey": survey, "include_test": include_test, "limit": limit},
    )
    return _events(found.rows)


def of(seqs: Sequence[int]) -> Script[list[EventRow]]:
    """Read the events of these numbers, oldest first."""
    found = yield Fetch(
        f"SELECT {_COLUMNS} FROM event WHERE seq IN (SELECT :seqs*bigint) ORDER BY seq",  # noqa: S608 - our own names
        {"seqs": list(seqs)},
    )
    return _events(found.rows)


def newest(survey: str = "") -> Script[int]:
    """Give the number of the newest event; 0 where there is none."""
    found = yield Fetch("SELECT MAX(seq) FROM event WHERE :survey = '' OR survey = :survey", {"survey": survey})
    return int(found.first[0] or 0) if found.first else 0


def _events(rows: Sequence[Sequence[Any]]) -> list[EventRow]:
    return [
        EventRow(*row[:12], bool(row[12]), row[13], bool(row[14]))  # type: ignore[call-arg]  # the order of _COLUMNS
        for row in rows
    ]


def _row(happened: Happened) -> dict[str, Any]:
    revision = f"_{happened.revision}" if happened.revision else ""
    return {
        "id": f"evt_{happened.subject}{revision}",
        "type": str(happened.type),
        "at": happened.at - happened.at % MINUTE_MS,
        "survey": happened.survey,
        "subject": happened.subject,
        "revision": happened.revision,
        "test": happened.test,
    }
