"""Earshot's skip logic agrees with ODK's own engine: same answers, same questions, same verdicts, same sums.

To run it: npm i @getodk/xforms-engine@0.22.0 jsdom@26 in a folder, and EARSHOT_ODK_ENGINE=that folder.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyxform.xls2xform import convert

from bot.core import expressions
from bot.core.survey import SurveyDefinition
from bot.surveys.compile import compile_survey
from tests.surveys.workbooks import LABEL, Cells, workbook

ENGINE = os.environ.get("EARSHOT_ODK_ENGINE", "")
pytestmark = [
    pytest.mark.skipif(not ENGINE, reason="set EARSHOT_ODK_ENGINE to a folder with @getodk/xforms-engine and jsdom"),
    pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed"),
]

RELEVANT = [
    "${town} = 'a'",
    "${town} != 'a'",
    "${town} != ''",
    "${town} = ''",
    "${age} >= 16 and ${age} < 65",
    "${age} < 16 or selected(${many}, 'y')",
    "not(selected(${many}, 'x')) and count-selected(${many}) > 1",
    "count-selected(${many}) = 2 or ${age} = 16.0",
    "${age} + 2 * 3 > 20",
    "(${age} + 2) * 3 > 20",
    "${age} mod 2 = 0",
    "-${age} < -16",
    "${age} div 0 > 5",
    "${age} != 16",
    "${far} > ${age}",
    "${far} = ${age}",
    "${town} = ${words}",
    "${born} < today()",
    "${born} >= date('2001-03-25')",
    "${born} = '2001-03-25'",
    "today() - ${born} > 6574",
    "regex(${words}, '^[a-z]+$')",
    "regex(${words}, 'b')",
    "string-length(${words}) > 2",
    "coalesce(${town}, ${words}) = 'b'",
    "if(${age} > 15, ${town}, ${words}) = 'a'",
    "(${town} = 'a') = (${age} > 15)",
    "${age} > 3 = true()",
    "${age} > 5 > 0",
    "jr:choice-name(${town}, '${town}') = 'Label of a'",
]
CALCULATIONS = [
    "${age} + 1",
    "${age} * 2.5",
    "${age} div 8",
    "-7 mod 2 + 0",
    "${words} + 1",
    "${age} >= 16",
    "coalesce(${town}, ${words})",
    "if(selected(${many}, 'x'), 'yes', 'no')",
    "string-length(${words})",
    "count-selected(${many})",
    "jr:choice-name(${town}, '${town}')",
    "once('kept')",
    "${born}",
    "if(${born} < today(), ${born}, '')",
]
CONSTRAINTS = {"age": ". >= 16 and . <= 120", "many": "count-selected(.) <= 2", "words": "regex(., '^[ab]{1,3}$')"}
TYPES = {
    "town": "select_one l",
    "many": "select_multiple l",
    "age": "integer",
    "far": "decimal",
    "born": "date",
    "words": "text",
}
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "town": st.sampled_from("abxy"),
        "many": st.lists(st.sampled_from("abxy"), unique=True).map(lambda codes: " ".join(sorted(codes))),
        "age": st.sampled_from([0, 15, 16, 17, 64, 65]).map(str) | st.integers(-5, 130).map(str),
        "far": st.sampled_from(["0.5", "16", "17.25", "-3"]),
        "born": st.sampled_from(["2001-03-24", "2001-03-25", "2001-03-26", "2008-02-29", "1969-12-31"])
        | st.dates(date(1900, 1, 1), date(2050, 1, 1)).map(str),
        "words": st.sampled_from(["a", "b", "aab", "abc", "A b", "12", "2001-03-25", "é", "a\tb"]),
    },
)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every type, then a row for each condition and each calculation of the lists above."""
    rows: list[Cells] = [
        {"type": kind, "name": name, LABEL: name, "constraint": CONSTRAINTS.get(name)} for name, kind in TYPES.items()
    ]
    rows += [
        {"type": "text", "name": f"r{n}", LABEL: "x", "relevant": expression} for n, expression in enumerate(RELEVANT)
    ]
    rows += [
        {"type": "calculate", "name": f"c{n}", "calculation": expression} for n, expression in enumerate(CALCULATIONS)
    ]
    choices: list[Cells] = [{"list_name": "l", "name": code, LABEL: f"Label of {code}"} for code in "abxy"]
    return workbook(tmp_path_factory.mktemp("oracle") / "s.xlsx", rows, choices)


@pytest.fixture(scope="module")
def definition(survey: Path) -> SurveyDefinition:
    return compile_survey(survey).definition


class Engine:
    """ODK's engine in a process of its own, one JSON line each way."""

    def __init__(self, process: "subprocess.Popen[str]", xml: str) -> None:
        self._process = process
        self._xml = xml

    def ask(self, answers: Mapping[str, str]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"xml": self._xml, "answers": answers}) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in said, said
        return said


@pytest.fixture(scope="module")
def engine(survey: Path) -> Iterator[Engine]:
    script = Path(__file__).with_name("odk_oracle.mjs")
    with subprocess.Popen(
        ["node", str(script), ENGINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TZ": "UTC"},  # ODK counts days in local time, where summer time makes half days
    ) as process:
        yield Engine(process, convert(survey, validate=False).xform)
        assert process.stdin
        process.stdin.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=ANSWERS)
def test_skip_logic_agrees_with_odk(engine: Engine, definition: SurveyDefinition, answers: dict[str, str]) -> None:
    said = engine.ask(answers)
    today = datetime.now(UTC).date()

    def label(_question: str, code: str) -> str:
        return f"Label of {code}"

    for question in definition.questions:
        name = question.name
        relevant = expressions.holds(question.relevant, answers, today=today, choice_names=label)
        assert relevant is (name in said["relevant"]), question.relevant
        if question.constraint and answers.get(name):
            valid = expressions.holds(question.constraint, answers, current=answers[name], today=today)
            assert valid is said["valid"][name], question.constraint
        if question.calculation:
            value = expressions.value_of(question.calculation, answers, today=today, choice_names=label)
            assert value == said["values"][name], question.calculation
