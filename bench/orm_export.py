"""The same export as most would write it: SQLAlchemy's objects, a response with its answers at a time, and csv.

It writes the columns of the long form that lie in the two tables, newest revision alone, in the order of the responses.
No masking, no formula cells, no status, no order of the choice list: it does less.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, registry, relationship

from storage.tables import answer, response

_AT_ONCE = 1_000
_HEADER = (
    *("response_id", "survey", "survey_version", "source", "channel", "question", "state", "value", "said"),
    *("language", "input", "rule", "confidence", "wording", "revision", "asked_at", "answered_at", "late"),
)


class Answer:
    """A row of `answer`."""


class Response:
    """A row of `response`, with its answers."""

    answers: Any


_mapped = registry()
_mapped.map_imperatively(Answer, answer)
_mapped.map_imperatively(
    Response, response, properties={"answers": relationship(Answer, order_by=answer.c.id, viewonly=True)}
)


def write(path: Path, survey: str, out: Path) -> int:
    """Write the export of an SQLite database; say how many rows it has."""
    rows = 0
    engine = sa.create_engine(f"sqlite:///{path}")
    chosen = sa.select(Response).where(response.c.survey == survey, ~response.c.test)
    ordered = chosen.order_by(response.c.started_at, response.c.id).options(sa.orm.selectinload(Response.answers))
    with Session(engine) as session, out.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_HEADER)
        for each in session.scalars(ordered.execution_options(yield_per=_AT_ONCE)):
            newest: dict[str, int] = {}
            for given in each.answers:
                newest[given.question] = max(newest.get(given.question, 0), given.revision)
            for given in each.answers:
                if given.revision == newest[given.question]:
                    table.writerow(_cells(each, given))
                    rows += 1
    engine.dispose()
    return rows


def _cells(each: Any, given: Any) -> Sequence[object]:  # noqa: ANN401 - mapped without types
    value = given.value_code or given.value_number or given.said if given.state == "answered" else ""
    return (
        *(each.id, each.survey, given.version, each.source, given.channel, given.question, given.state, value),
        *(given.said, given.lang, given.input, given.rule, given.confidence, given.wording, given.revision),
        *(_minute(given.asked_at), _minute(given.answered_at), int(given.late)),
    )


def _minute(at: int | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
