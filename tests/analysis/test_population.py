"""Who is missing: the people's file, the shares beside each other, and what stays hidden."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.columns import UnknownSurvey
from bot.analysis.population import (
    PopulationRefused,
    Verdict,
    compare,
    comparisons,
    judge,
    load_population,
    read_people,
)
from bot.surveys.compile import compile_survey
from storage.population import People, of_survey
from storage.script import Database, Fetch, Rows, Script
from tests.analysis.filling import NOW, keep, publish
from tests.web.outreach_scene import SURVEY, residents

SURVEYS = Path(__file__).parents[2] / "surveys"
HEAD = "question,code,people,source\n"
OPEN = "a quotation mark is left open or in the wrong place"
AGE = SURVEY.question("age")
PEOPLE = [People("age", "young", 300, "Census"), People("age", "middle", 500, "Census"), People("age", "old", 200)]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_example_fits_the_shipped_survey() -> None:
    definition = compile_survey(SURVEYS / "stoke-community-cohesion.xlsx").definition
    rows = read_people(SURVEYS / "population-stoke-census-2021.csv", definition)
    ethnic = {row.code: row.people for row in rows if row.question == "ethnic_group"}
    assert set(ethnic) == {"white", "mixed", "asian", "black", "other"}
    assert sum(ethnic.values()) == 258_369  # everybody in the city, so no group was left out
    assert all("Census 2021, table TS0" in row.source for row in rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("code,people\nold,3\n", "must name the columns question, code, people", id="no question"),
        pytest.param(HEAD, "no line below its first", id="nothing but a head"),
        pytest.param(HEAD + "shoes,old,3,\n", "line 2: the survey has no question 'shoes'", id="another question"),
        pytest.param(HEAD + "why,old,3,\n", "no question 'why' with one choice", id="a question for words"),
        pytest.param(HEAD + "age,ancient,3,\n", "question 'age' has no choice 'ancient'", id="another choice"),
        pytest.param(HEAD + "age,old,many,\n", "'many' is no number of people", id="a number in words"),
        pytest.param(HEAD + "age,old,1.5,\n", "'1.5' is no number of people", id="half a person"),
        pytest.param(HEAD + "age,old,3,\nage,old,4,\n", "line 3: age old stands there twice", id="twice"),
        pytest.param(HEAD + "\n\nage,old,many,\n", "line 4: 'many'", id="below blank lines"),
        pytest.param(HEAD + 'age,old,3,"one\nage,young,4,one\n', f"line 2: {OPEN}", id="a mark left open to the end"),
        pytest.param(
            HEAD + 'age,old,3,"one\nage,young,4,"\n', f"line 2: {OPEN}", id="a mark left open up to another line's"
        ),
        pytest.param(HEAD + 'age,old,3,"one" two\n', f"line 2: {OPEN}", id="words behind a closed mark"),
        pytest.param(HEAD + "age,old,25,597,one\n", "line 2: it has more cells than", id="a thousand with a comma"),
        pytest.param(f"{HEAD.strip()},\nage,old,25,597,one\n", "more cells", id="a comma behind the columns' names"),
        pytest.param(HEAD.replace("source", "people"), "each once", id="one column twice"),
        pytest.param(HEAD.replace(",", ";"), "with commas between them", id="semicolons"),
        pytest.param("\n", "must name the columns", id="blank lines alone"),
        pytest.param(HEAD + "age,old,0,\n", "question 'age' has nobody at all", id="nobody"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PopulationRefused, match=r"people\.csv") as refused:
        read_people(written(tmp_path, text), SURVEY)
    assert said in str(refused.value)


def test_every_line_with_an_open_mark_is_named_and_the_others_are_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(PopulationRefused) as refused:
        read_people(written(tmp_path, HEAD + 'age,old,3,"one\nage,young,4,one\nage,middle,5,"one\n'), SURVEY)
    assert "line 2: a quot" in str(refused.value)
    assert "line 3" not in str(refused.value)
    assert "line 4: a quot" in str(refused.value)


def test_cells_in_marks_and_blank_cells_at_the_end_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD.strip() + ',,\r\nage,old,3,"ONS, ""2021""",,\r\nage,young,4\r\n')
    assert read_people(path, SURVEY) == [People("age", "old", 3, 'ONS, "2021"'), People("age", "young", 4)]


def test_many_problems_are_told_in_part(tmp_path: Path) -> None:
    lines = "".join(f"age,nobody{number},1,\n" for number in range(14))
    with pytest.raises(PopulationRefused, match="and 4 more"):
        read_people(written(tmp_path, HEAD + lines), SURVEY)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PopulationRefused, match="Check its name"):
        read_people(tmp_path / "nowhere.csv", SURVEY)
    for number, content in enumerate((b"\xff\xd8\xff", HEAD.encode("utf-16"), HEAD.encode("utf-16-le"))):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content)
        with pytest.raises(PopulationRefused, match=r"Save it as CSV \(UTF-8\)"):
            read_people(path, SURVEY)


async def test_a_new_file_takes_the_place_of_its_questions_alone(database: Database, tmp_path: Path) -> None:
    await database.run(publish(SURVEY))
    first = written(tmp_path, HEAD + "age,old,10,one\nage,young,20,one\nfaith,none,30,one\n")
    await load_population(database, "stoke", first, "amina", NOW)
    await load_population(database, "stoke", written(tmp_path, HEAD + "age,old,11,two\n"), "amina", NOW)
    rows = await database.read(lambda: of_survey("stoke"))
    assert rows == [People("age", "old", 11, "two"), People("faith", "none", 30, "one")]

    def audit() -> Script[Rows]:
        return (yield Fetch("SELECT who, action, detail FROM audit ORDER BY id"))

    assert list((await database.read(audit)).rows) == [
        ("amina", "population loaded", "stoke: age, faith"),
        ("amina", "population loaded", "stoke: age"),
    ]
    with pytest.raises(UnknownSurvey):
        await load_population(database, "nowhere", first, "amina", NOW)


async def test_the_answers_are_held_against_the_people(database: Database, tmp_path: Path) -> None:
    await database.run(publish(SURVEY))
    people = [*residents(60, age="young"), *residents(20, age="middle"), *residents(20, age="old", faith="none")]
    await database.run(keep(*people))
    path = written(tmp_path, HEAD + "age,young,300,Census\nage,middle,500,Census\nage,old,200,Census\n")
    await load_population(database, "stoke", path, "amina", NOW)
    (held,) = await database.read(lambda: comparisons("stoke", include_test=False, now=NOW))
    assert (held.question.name, held.base, held.hidden, held.source) == ("age", 100, None, "Census")
    assert [(group.code, group.answers, group.share, group.people_share, group.verdict) for group in held.groups] == [
        ("young", 60, 0.6, 0.3, Verdict.MORE),
        ("middle", 20, 0.2, 0.5, Verdict.FEWER),
        ("old", 20, 0.2, 0.2, Verdict.EXPECTED),
    ]
    assert [group.is_missing for group in held.groups] == [False, True, False]


@pytest.mark.parametrize(
    ("share", "expected", "answers", "verdict"),
    [
        pytest.param(0.05, 0.20, 100, Verdict.FEWER, id="a quarter of what was expected"),
        pytest.param(0.35, 0.20, 100, Verdict.MORE, id="far more"),
        pytest.param(0.15, 0.20, 100, Verdict.EXPECTED, id="within what chance does"),
        pytest.param(0.15, 0.20, 1000, Verdict.FEWER, id="the same share of many more answers"),
        pytest.param(0.00, 0.20, 20, Verdict.TOO_EARLY, id="four expected"),
        pytest.param(1.00, 0.90, 40, Verdict.TOO_EARLY, id="four of the others expected"),
    ],
)
def test_a_share_is_judged_in_plain_words(share: float, expected: float, answers: int, verdict: Verdict) -> None:
    assert judge(share, expected, answers) is verdict


def test_the_hidden_groups_are_judged_together() -> None:
    held = compare(AGE, {"young": 80, "middle": 17, "old": 3}, PEOPLE)
    assert [group.answers for group in held.groups] == [80, None, None]
    assert [group.verdict for group in held.groups] == [Verdict.MORE, None, None]
    assert held.hidden is not None
    assert (held.hidden.answers, held.hidden.verdict) == (20, Verdict.FEWER)
    assert held.hidden.people_share == pytest.approx(0.7)


def test_answers_that_the_file_lacks_are_left_out() -> None:
    held = compare(AGE, {"young": 30, "middle": 50, "old": 20}, PEOPLE[:2])
    assert (held.base, held.with_others) == (80, False)
    assert [group.people_share for group in held.groups] == [0.375, 0.625]


def test_a_few_answers_that_the_file_lacks_stay_in_so_that_nobody_can_subtract() -> None:
    held = compare(AGE, {"young": 30, "middle": 50, "old": 3}, PEOPLE[:2])
    assert (held.base, held.with_others, held.hidden) == (83, True, None)
    assert [group.answers for group in held.groups] == [None, 50]


def test_nobody_has_answered_yet() -> None:
    held = compare(AGE, {"young": 0, "middle": 0, "old": 0}, PEOPLE)
    assert [(group.answers, group.share, group.verdict) for group in held.groups] == [(0, None, None)] * 3


@given(st.lists(st.integers(0, 60), min_size=3, max_size=3), st.integers(1, 3))
def test_no_small_count_can_be_worked_out_of_a_comparison(counts: Sequence[int], known: int) -> None:
    """Whoever knows how many answered, the base and every number shown cannot tell one hidden number."""
    held = compare(AGE, dict(zip(("young", "middle", "old"), counts, strict=True)), PEOPLE[:known])
    shown = [group.answers for group in held.groups if group.answers is not None]
    assert all(count == 0 or count >= 10 for count in shown)
    # What is not shown: the hidden groups, and those that the file lacks.
    left_over, outside = held.base - sum(shown), sum(counts) - held.base
    concealed = len(held.groups) - len(shown) + (3 - known if held.with_others else 0)
    assert outside == 0 or outside >= 10
    if left_over:
        assert left_over >= 10 or left_over == sum(counts)
        assert concealed >= 2 or left_over == sum(counts)
