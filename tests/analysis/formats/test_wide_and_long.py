"""Wide to long and back: whatever was answered, neither form holds an answer that the other has not."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.analysis.export import Format
from bot.core.survey import QuestionType
from storage.script import Database, Run, Script
from tests.analysis.filling import BEGAN, MINUTE, Answer, Response, exported, keep, publish
from tests.analysis.formats.scene import BANDS, NEEDS, SAFE, WHOLE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

STATES = st.sampled_from(["skipped", "refused", "not_applicable", "unparsed"])
# SQLite keeps text as UTF-8, which has no half characters; NUL ends a text for PostgreSQL.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
CODES = {"safe": [c.name for c in SAFE], "band": [c.name for c in BANDS], "needs": [c.name for c in NEEDS]}


@st.composite
def answers(draw: st.DrawFn) -> list[Answer]:
    """Answer some of the questions, each in some way that its type allows, perhaps twice."""
    given: list[Answer] = []
    for question in WHOLE.questions:
        for revision in range(1, 1 + draw(st.integers(0, 2))):
            given += draw(one_answer(question.name, question.type, revision))
    return given


def one_answer(name: str, type: QuestionType, revision: int) -> st.SearchStrategy[list[Answer]]:
    def of(**fields: Any) -> list[Answer]:
        return [Answer(name, revision=revision, **fields)]

    unanswered = st.builds(lambda state, said: of(state=state, said=said), STATES, WORDS)
    if type is QuestionType.SELECT_MULTIPLE:
        chosen = st.lists(st.sampled_from(CODES[name]), min_size=1, unique=True)
        return unanswered | chosen.map(lambda codes: [x for code in codes for x in of(code=code, item=code, said="1")])
    if type is QuestionType.SELECT_ONE:
        return unanswered | st.sampled_from(CODES[name]).map(lambda code: of(code=code, said="1"))
    if type in (QuestionType.INTEGER, QuestionType.DECIMAL):
        whole = st.integers(-(10**6), 10**6).map(float)
        figures = whole if type is QuestionType.INTEGER else whole | st.floats(-1e6, 1e6, allow_subnormal=False)
        return unanswered | figures.map(lambda figure: of(number=figure, said="x"))
    if type is QuestionType.DATE:
        return unanswered | st.dates().map(lambda day: of(code=day.isoformat(), said="x"))
    return unanswered | WORDS.map(lambda said: of(said=said))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_wide(long: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Put each response's answers together again, from the long form alone."""
    found: dict[str, dict[str, str]] = {}
    for row in long:
        cells = found.setdefault(row["response_id"], {})
        name = row["question"]
        cells[f"{name}__state"] = row["state"]
        if row["state"] == "answered" and name == "needs":
            cells[name] = f"{cells[name]} {row['value']}" if name in cells else row["value"]
            cells |= {f"{name}/{code}": cells.get(f"{name}/{code}", "0") for code in CODES[name]}
            cells[f"{name}/{row['value']}"] = "1"
        elif row["state"] == "answered":
            cells[name] = row["value"]
    return found


def as_long(wide: list[dict[str, str]]) -> set[tuple[str, str, str, str]]:
    """List each answer of the wide form: response, question, state and value."""
    found = set()
    for row in wide:
        for question in WHOLE.questions:
            state, value = row[f"{question.name}__state"], row[question.name]
            values = value.split(" ") if question.name == "needs" else [value]
            found |= {(row["response_id"], question.name, state, each) for each in values}
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(answers(), min_size=1, max_size=3))
async def test_wide_to_long_and_back_loses_nothing(
    database: Database, tmp_path: Path, everybody: list[list[Answer]]
) -> None:
    await database.run(empty)
    await database.run(publish(WHOLE))
    await database.run(
        keep(*[Response(f"r{n}", answers=given, began=BEGAN + n * MINUTE) for n, given in enumerate(everybody)])
    )
    out = tmp_path / "RAW"
    await exported(database, out, Format.DATAPACKAGE, raw=True)
    wide, long = table(out / "responses.csv"), table(out / "answers.csv")
    for path in out.iterdir():
        path.unlink()
    again = as_wide(long)
    for row in wide:
        cells = again.get(row["response_id"], {})
        assert {name: row[name] for name in cells} == cells
        states = {name: value for name, value in row.items() if name.endswith("__state") and name not in cells}
        assert set(states.values()) <= {"not_reached"}, "what has no answer has no row"
    from_long = {(row["response_id"], row["question"], row["state"], row["value"]) for row in long}
    assert from_long == {each for each in as_long(wide) if each[2] != "not_reached"}


def empty() -> Script[None]:
    for name in ("answer", "response", "respondent", "survey_definition", "survey"):
        yield Run(f"DELETE FROM {name}")
