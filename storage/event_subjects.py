"""What events are about: the responses with their answers, the imports, and which response's event is its newest."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from storage.script import Fetch, Row, Script

AnswerRow: TypeAlias = tuple[Any, ...]
"""An answer's own id, and then question, revision, state, code, number, words, input, and when it came."""
Version: TypeAlias = tuple[str, str]
"""A survey and one of its versions."""

_RESPONSES = """
    SELECT id, survey, version, source, channel, campaign, started_at, assisted FROM response
    WHERE id IN (SELECT :subjects*text)"""
_ANSWERS = """
    SELECT response_id, id, question, revision, state, COALESCE(value_code, NULLIF(item, '')), value_number, said,
        input, answered_at
    FROM answer WHERE response_id IN (SELECT :subjects*text) ORDER BY id"""
_IMPORTS = """
    SELECT id, source, added, changed, unchanged FROM import_batch WHERE id IN (SELECT :subjects*text)"""
_DEFINITION = "SELECT definition FROM survey_definition WHERE survey = :survey AND version = :version"
# The newest event of a response is the one of its revision. One that was withdrawn has none any more.
_CURRENT = """
    SELECT e.seq, e.survey, e.subject, e.revision, r.id IS NULL
    FROM event e LEFT JOIN response r ON r.id = e.subject
    WHERE e.seq > :seq AND (:survey = '' OR e.survey = :survey) AND (:include_test OR NOT e.test)
        AND (r.revision = e.revision OR e.type = 'response.withdrawn')
    ORDER BY e.seq LIMIT :limit"""


class ResponseHead(Struct, frozen=True, gc=False):
    """What never changes of a response. `started_at` is epoch milliseconds UTC."""

    id: str
    survey: str
    version: str
    source: str
    channel: str
    campaign: str
    started_at: int
    assisted: bool


class ImportCounts(Struct, frozen=True, gc=False):
    """One import, as its rows were counted."""

    id: str
    source: str
    added: int
    changed: int
    unchanged: int


class Subjects(Struct, frozen=True):
    """What is still there of what events are about, by id. Answers stand in the order in which they were written.

    `definitions` are the versions of the responses, as JSON text, but for those that were known already.
    """

    responses: Mapping[str, ResponseHead]
    answers: Mapping[str, Sequence[AnswerRow]]
    imports: Mapping[str, ImportCounts]
    definitions: Mapping[Version, str]


class Current(Struct, frozen=True, gc=False):
    """A response by its newest event. One that `is_gone` was withdrawn."""

    seq: int
    survey: str
    response: str
    revision: int
    is_gone: bool


def read_subjects(
    responses: Sequence[str], imports: Sequence[str], known: Collection[Version] = ()
) -> Script[Subjects]:
    """Read these responses with all their answers and unknown versions, and these imports. Only reads."""
    asked = {"subjects": list(responses)}
    heads = (yield Fetch(_RESPONSES, asked)).rows if responses else ()
    answers: dict[str, list[AnswerRow]] = {}
    for response, *answer in (yield Fetch(_ANSWERS, asked)).rows if responses else ():
        answers.setdefault(response, []).append(tuple(answer))
    counts = (yield Fetch(_IMPORTS, {"subjects": list(imports)})).rows if imports else ()
    definitions: dict[Version, str] = {}
    for survey, version in sorted({(row[1], row[2]) for row in heads}.difference(known)):
        found = yield Fetch(_DEFINITION, {"survey": survey, "version": version})
        if found.first is not None:
            definitions[survey, version] = found.first[0]
    return Subjects(
        {row[0]: _head(row) for row in heads},
        answers,
        {row[0]: ImportCounts(*row) for row in counts},
        definitions,
    )


def current_after(seq: int, limit: int, survey: str = "", *, include_test: bool = False) -> Script[list[Current]]:
    """Read which responses changed last after a number, in that order; one that changes meanwhile comes later again."""
    asked = {"seq": seq, "survey": survey, "include_test": include_test, "limit": limit}
    found = yield Fetch(_CURRENT, asked)
    return [
        Current(seq, survey, response, revision, bool(is_gone))
        for seq, survey, response, revision, is_gone in found.rows
    ]


def _head(row: Row) -> ResponseHead:
    *columns, assisted = row
    return ResponseHead(*columns, bool(assisted))  # type: ignore[call-arg]  # the order of _RESPONSES
