"""A condition on a code that no list has is never true, and nothing would show it: its author is warned."""

from pathlib import Path

import pytest

from bot.surveys.compile import compile_survey
from tests.surveys.workbooks import LABEL, YES_NO, Cells, question, workbook

ONE: Cells = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}
MANY: Cells = {"type": "select_multiple days", "name": "many", LABEL: "When?"}
RATED: Cells = {"type": "select_one marks", "name": "rated", LABEL: "How many?"}
DAYS: tuple[Cells, ...] = tuple({"list_name": "days", "name": n, LABEL: n.title()} for n in ("mon", "tue", "wed"))
MARKS: tuple[Cells, ...] = tuple({"list_name": "marks", "name": n, LABEL: f"{n}!"} for n in (1, 2, 3))


def warnings(path: Path, *rows: Cells) -> list[str]:
    compiled = compile_survey(workbook(path / "s.xlsx", [ONE, MANY, RATED, *rows], [*YES_NO, *DAYS, *MARKS]))
    return [str(warning) for warning in compiled.warnings]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("${one} = 'yess'", "${one} has no choice 'yess'; its codes are yes, no"),
        ("'yess' != ${one}", "${one} has no choice 'yess'; its codes are yes, no"),
        ("${one} = 'Yes'", "${one} has no choice 'Yes'; its codes are yes, no"),
        ("${one} = 'yes '", "${one} has no choice 'yes '; its codes are yes, no"),
        ("selected(${one}, 'maybe')", "${one} has no choice 'maybe'; its codes are yes, no"),
        ("not(selected(${many}, 'mon tue'))", "${many} has no choice 'mon tue'; its codes are mon, tue, wed"),
        ("${many} = 'mon thu'", "${many} has no choice 'thu'; its codes are mon, tue, wed"),
        ("${rated} = 4", "${rated} has no choice '4'; its codes are 1, 2, 3"),
        ("${rated} = 1.5 or ${one} = 'no'", "${rated} has no choice '1.5'; its codes are 1, 2, 3"),
        ("${one} != '' and (${one} = 'n')", "${one} has no choice 'n'; its codes are yes, no"),
        ("jr:choice-name('x', '${one}') != ''", "${one} has no choice 'x'; its codes are yes, no"),
        ("if(${one} = 'x', 1, 2) = 1", "${one} has no choice 'x'; its codes are yes, no"),
    ],
    ids=[
        "equal",
        "the code first",
        "another case",
        "a space too many",
        "selected",
        "two codes as one",
        "one of two codes",
        "a number",
        "a broken number",
        "within brackets",
        "a label asked for",
        "within a function",
    ],
)
def test_a_code_that_the_list_does_not_have_is_told_with_those_that_it_has(
    tmp_path: Path, expression: str, told: str
) -> None:
    assert warnings(tmp_path, question(relevant=expression)) == [f"survey sheet, row 5, relevant: {told}"]


@pytest.mark.parametrize(
    "expression",
    [
        "${one} = 'yes' or ${one} != 'no'",
        "${one} = ''",
        "selected(${many}, 'mon') and selected(${many}, ' tue ')",
        "${many} = 'mon tue'",
        "${rated} = 2 and ${rated} = '3'",
        "${rated} > 7",
        "${one} = ${rated}",
        "jr:choice-name(${one}, '${one}') = 'Yes'",
        "coalesce(${one}, 'unknown') = 'unknown'",
        "string-length(${one}) = 9",
    ],
    ids=[
        "its codes",
        "no answer",
        "its codes selected",
        "several codes",
        "numbers",
        "more than",
        "two answers",
        "a label",
        "a value of its own",
        "a length",
    ],
)
def test_what_is_compared_with_no_code_is_not_warned_of(tmp_path: Path, expression: str) -> None:
    assert warnings(tmp_path, question(relevant=expression)) == []


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({**ONE, "name": "two", "constraint": ". != 'x'"}, "constraint: ${two}"),
        ({**ONE, "name": "two", "choice_filter": "name != 'x'"}, "choice_filter: ${two}"),
        ({"type": "calculate", "name": "c", "calculation": "if(${one} = 'x', 1, 2)"}, "calculation: ${one}"),
    ],
    ids=["a constraint on its own answer", "a filter on its own choices", "a calculation"],
)
def test_every_column_of_logic_is_looked_through(tmp_path: Path, row: Cells, place: str) -> None:
    found = warnings(tmp_path, row)
    assert found == [f"survey sheet, row 5, {place} has no choice 'x'; its codes are yes, no"]


def test_a_groups_condition_is_told_once_at_its_own_row(tmp_path: Path) -> None:
    group = {"type": "begin_group", "name": "g", LABEL: "G", "relevant": "${one} = 'yess'"}
    within = question(relevant="${one} = 'yess'")
    found = warnings(tmp_path, group, question(name="p"), within, {"type": "end_group"})
    told = "relevant: ${one} has no choice 'yess'; its codes are yes, no"
    assert found == [f"survey sheet, row 5, {told}", f"survey sheet, row 7, {told}"]


def test_of_a_long_list_twenty_codes_are_named(tmp_path: Path) -> None:
    wards: list[Cells] = [{"list_name": "wards", "name": f"w{n}", LABEL: f"Ward {n}"} for n in range(50)]
    rows = [{**ONE, "type": "select_one wards"}, question(relevant="${one} = 'w50'")]
    (told,) = compile_survey(workbook(tmp_path / "s.xlsx", rows, wards)).warnings
    assert told.message.startswith("${one} has no choice 'w50'; its codes are w0, w1, ")
    assert told.message.endswith(", w19 and 30 more")
