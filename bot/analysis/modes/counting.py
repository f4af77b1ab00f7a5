"""Counts a survey by mode from the very rows that an export writes, so that the two never differ.

A mode is how somebody answered: the column `source`. No word of a resident's is read here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.analysis import quality
from bot.analysis.cells import Cell, as_is
from bot.analysis.columns import FIXED, Published, Variable
from bot.analysis.rows import ResponseRow, Selection, WideRows, read_duplicates, stream_responses
from bot.analysis.status import BREAKOFF, COMPLETE, PARTIAL, STOPPED
from storage.script import Database

DOUBTFUL = tuple(mark for mark in quality.MARKS if mark != quality.NO_CAMPAIGN)
"""The marks that a response can be left out for, to see what difference it makes.

To have come without a campaign says where somebody heard of the survey, and nothing of their answers.
"""

UNDELIVERED, UNKNOWN = "undelivered", "unknown"
DISPOSITIONS = (COMPLETE, PARTIAL, BREAKOFF, STOPPED, UNDELIVERED, UNKNOWN)
"""What became of a response: its status, but for one without an answer to whom our newest message did not go out."""

ANSWERED = "answered"
_QUALITY, _PRIMARY = (list(FIXED).index(name) for name in ("quality", "is_primary"))


class Variant(StrEnum):
    """Which responses are counted."""

    ALL = "all"
    UNFLAGGED = "unflagged"
    PRIMARY = "primary"


class Kind(NamedTuple):
    """Responses that are counted together: of one mode, with or without a mark, the one to count of their person."""

    mode: str
    is_flagged: bool
    is_primary: bool

    def is_in(self, variant: Variant) -> bool:
        """Say whether they are among the responses of a variant."""
        return not (
            (variant is Variant.UNFLAGGED and self.is_flagged) or (variant is Variant.PRIMARY and not self.is_primary)
        )


class Value(NamedTuple):
    """What is counted of a question: a choice by its code, or a state by its name."""

    question: str
    code: str = ""
    state: str = ANSWERED


@dataclass(slots=True)
class Counts:
    """Everything that the report is made of.

    `dispositions` counts by (mode, language, campaign, disposition), `marks` by (mark, mode), `wordings` names the
    modes in which a question was asked in a wording (`full` or `sms`).
    """

    published: Published
    responses: Counter[Kind] = field(default_factory=Counter)
    values: dict[Value, Counter[Kind]] = field(default_factory=dict)
    dispositions: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    marks: Counter[tuple[str, str]] = field(default_factory=Counter)
    wordings: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that anybody used, the most used first."""
        used: Counter[str] = Counter()
        for kind, number in self.responses.items():
            used[kind.mode] += number
        return tuple(sorted(used, key=lambda mode: (-used[mode], mode)))

    def total(self, variant: Variant = Variant.ALL, mode: str | None = None) -> int:
        """Count responses of a variant, and of one mode if one is named."""
        return _total(self.responses, variant, mode)

    def of(self, value: Value, variant: Variant = Variant.ALL, mode: str | None = None) -> int:
        """Count the responses that hold a value."""
        return _total(self.values.get(value, Counter()), variant, mode)


def _total(counted: Counter[Kind], variant: Variant, mode: str | None) -> int:
    return sum(number for kind, number in counted.items() if kind.is_in(variant) and mode in (None, kind.mode))


def count_by_mode(database: Database, selection: Selection) -> Counts:
    """Count. Blocks: for a worker thread."""
    published = selection.published
    counts = Counts(published, wordings=_wordings(database, selection))
    wide = WideRows(published, write_text=as_is, write_code=as_is, labels=None)
    known = read_duplicates(database, selection)
    unreached = _unreached(database, selection)
    places = _places(published)
    for response in stream_responses(database, selection):
        row = wide.row(response, known.get(response.id))
        marks = str(row[_QUALITY]).split()
        kind = Kind(response.source, any(mark in DOUBTFUL for mark in marks), row[_PRIMARY] == 1)
        counts.responses[kind] += 1
        counts.marks.update((mark, response.source) for mark in marks)
        ended = _disposition(response, unreached)
        counts.dispositions[response.source, response.language, response.campaign, ended] += 1
        for value in _values(row, places):
            counts.values.setdefault(value, Counter())[kind] += 1
    return counts


def _places(published: Published) -> list[tuple[Variable, int]]:
    """Say at which place of a row each question's columns begin."""
    places, at = [], len(FIXED)
    for variable in published.variables:
        places.append((variable, at))
        at += len(variable.columns)
    return places


def _values(row: list[Cell], places: list[tuple[Variable, int]]) -> Iterator[Value]:
    """Give what a row holds, question by question: its state, and each code of a closed one."""
    for variable, at in places:
        name, state = variable.question.name, str(row[at + len(variable.columns) - 1])
        yield Value(name, state=state)
        if state == ANSWERED and variable.is_multiple:
            chosen = zip(variable.codes, row[at + 1 :], strict=False)
            yield from (Value(name, code) for code, is_chosen in chosen if is_chosen == 1)
        elif state == ANSWERED and variable.question.is_closed:
            yield Value(name, str(row[at]))


def _disposition(response: ResponseRow, unreached: Mapping[str, str]) -> str:
    return unreached.get(response.id, response.status) if response.status in (PARTIAL, BREAKOFF) else response.status


def _unreached(database: Database, selection: Selection) -> dict[str, str]:
    """Find those without an answer to whom our newest message did not go out, or of whom nobody can say."""
    sql = f"""SELECT r.id, CASE WHEN o.state = 'unknown' THEN '{UNKNOWN}' ELSE '{UNDELIVERED}' END
 FROM response r JOIN conversation v ON v.response_id = r.id
 JOIN outbox o ON o.id = (SELECT n.id FROM outbox n WHERE n.contact_id = v.contact_id AND n.survey = r.survey
  ORDER BY n.made_at DESC, n.id DESC LIMIT 1)
 WHERE {selection.where()} AND r.last_answer_at IS NULL
 AND (o.state IN ('failed', 'expired', 'unknown') OR o.status IN ('failed', 'undelivered'))"""  # noqa: S608 - ours
    with database.stream(sql, selection.params) as slices:
        return {response: ended for rows in slices for response, ended in rows}


def _wordings(database: Database, selection: Selection) -> dict[str, dict[str, tuple[str, ...]]]:
    sql = f"""SELECT DISTINCT a.question, a.wording, r.source FROM answer a JOIN response r ON r.id = a.response_id
 WHERE {selection.where()} AND a.wording <> '' ORDER BY 1, 2, 3"""  # noqa: S608 - texts of ours alone
    asked: dict[str, dict[str, tuple[str, ...]]] = {}
    with database.stream(sql, selection.params) as slices:
        for rows in slices:
            for question, wording, mode in rows:
                of_question = asked.setdefault(question, {})
                of_question[wording] = (*of_question.get(wording, ()), mode)
    return asked
