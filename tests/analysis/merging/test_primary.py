"""Which response of one person is to count: one rule, from one address or from several that the person joined."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from storage.script import Database, Many, Script
from tests.analysis.filling import BEGAN, MINUTE, NOW, STOKE, Answer, Response, exported, keep, publish, rows_of

PEOPLE = {
    "a complete one before others": [("a1", 9, 0, False, 3), ("a2", 1, 0, True, 1)],
    "then the most core answers": [("b2", 1, 0, False, 2), ("b1", 9, 1, False, 1)],
    "then the one answered last": [("c2", 9, 0, False, 1), ("c1", 1, 5, False, 1)],
    "then the one begun last": [("d1", 9, 0, False, 1), ("d2", 9, 5, False, 1)],
    "then by id, so that it is always the same": [("e1", 9, 0, False, 1), ("e2", 9, 0, False, 1)],
}
"""Two responses of each person; the one that ends in 2 is to count."""


def given(id: str, minute: int, began: int, done: bool, core: int) -> Response:
    answers = [Answer("safe", code="agree", at=BEGAN + minute * MINUTE)]
    return Response(id, answers, began=BEGAN + began, completed=NOW if done else None, core=(core, 3))


def linked(people: Mapping[str, Sequence[Response]]) -> Script[None]:
    rows = [{"person": person, "id": each.id} for person, both in people.items() for each in both]
    yield Many("UPDATE respondent SET person_id = :person WHERE id = :id", rows)


@pytest.mark.parametrize("joined", [True, False], ids=["joined addresses", "one address"])
async def test_the_most_complete_counts_then_the_latest(database: Database, tmp_path: Path, joined: bool) -> None:
    people = {person: [given(*each) for each in both] for person, both in PEOPLE.items()}
    for person, both in people.items():
        for each in both:
            each.respondent = "" if joined else person
    await database.run(publish(STOKE))
    await database.run(keep(*(each for both in people.values() for each in both)))
    if joined:
        await database.run(lambda: linked(people))
    await exported(database, tmp_path / "o.csv")
    found = {row["response_id"]: (row["duplicate_group"], row["is_primary"]) for row in rows_of(tmp_path / "o.csv")}
    first = {person: min(both, key=lambda each: (each.began, each.id)).id for person, both in people.items()}
    assert found == {
        each.id: (first[person], "1" if each.id.endswith("2") else "0")
        for person, both in people.items()
        for each in both
    }
