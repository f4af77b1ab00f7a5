"""What an import says before it writes: every problem at once, by name, and never a resident's words."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.columns import Published
from tests.analysis.importing.scene import FIRST, HEAD, MAP, SECOND, SURVEY, changed_map, looked, problems, row


def test_a_good_file_has_no_problem_and_a_report_in_plain_words(tmp_path: Path) -> None:
    assert str(looked(tmp_path, [FIRST, SECOND]).report) == (
        "export.csv: answers to stoke, version 1, from web form\n"
        "2 rows: 2 new, 0 changed, 0 unchanged\n"
        "Given from 25 October 2026 to 26 October 2026\n"
        "Languages: en 2\n"
        "\n"
        "  safe: 2 answered\n"
        "    agree 1, disagree 1\n"
        "  why_not: 1 answered, 1 not_applicable\n"
        "  needs: 1 answered, 1 skipped\n"
        "    lights 1, buses 1\n"
        "  age: 1 answered, 1 skipped\n"
        "  since: 1 answered, 1 skipped"
    )


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    rows = [
        row(safe="Perhaps"),
        row(ref="W2", safe="Perhaps", needs="Parks, Benches"),
        row(ref="", safe="agree"),
        row(ref="W2", handed="31/31/2026"),
        ("W4", "25/10/2026"),
        HEAD,
    ]
    assert problems(tmp_path, *rows, head=HEAD) == [
        "the id in column “Ref” is blank (row 4)",
        "an id in column “Ref” stands in several rows, and each row needs its own (rows 3 and 5)",
        "column “Handed in” holds no day and time as `date_format` uk has it (row 5)",
        "rows with more or fewer cells than the 7 headings: export it again, for the file is cut off, or a quotation "
        "mark is missing (row 6)",
        "the headings stand there again: were two exports put together? (row 7)",
        "column “Safe?”: “Perhaps” is no choice of safe; give it a code under questions.safe.labels (rows 2 and 3)",
        "column “Needs”: “Benches” is no choice of needs; give it a code under questions.needs.labels (row 3)",
    ]


def test_a_heading_that_has_drifted_is_told_with_the_nearest(tmp_path: Path) -> None:
    head = (*HEAD[:2], "Safe at night?", *HEAD[3:], "IP address")
    assert problems(
        tmp_path, (*FIRST, "10.0.0.1"), head=head, map_text=MAP.replace('"Safe?"', '"Safe at nights?"')
    ) == [
        "the file has no column “Safe at nights?” for safe; the nearest is “Safe at night?”",
        "the map does not know column “Safe at night?”: give it to a question, or name it under `ignore`",
        "the map does not know column “IP address”: give it to a question, or name it under `ignore`",
    ]


def test_a_column_that_is_ignored_by_name_does_not_stop_it(tmp_path: Path) -> None:
    ignoring = changed_map(ignore='["IP address"]')
    assert problems(tmp_path, (*FIRST, "10.0.0.1"), head=(*HEAD, "IP address"), map_text=ignoring) == []
    assert problems(tmp_path, FIRST, map_text=ignoring) == [
        "the file has no column “IP address” for `ignore`",
    ]


def test_an_answer_that_stops_it_is_not_counted_as_skipped(tmp_path: Path) -> None:
    rows = [row(safe="Perhaps"), row(ref="W2", safe="agree"), row(ref="W3")]
    assert "\n  safe: 1 answered, 1 unknown_label, 1 skipped\n" in str(looked(tmp_path, rows).report)


def test_days_are_those_of_london_also_in_summer_time(tmp_path: Path) -> None:
    rows = [row(handed=f"{day}/08/2026", ref=f"W{day}") for day in (14, 15, 16)]
    assert "\nGiven from 14 August 2026 to 16 August 2026\n" in str(looked(tmp_path, rows).report)


def test_the_name_of_a_column_is_told_whole_for_it_is_copied_into_the_map(tmp_path: Path) -> None:
    long = f"{'How safe do you feel ' * 9}on 24/7 roads? Call 01782 234234"
    (said,) = problems(tmp_path, (*FIRST, ""), head=(*HEAD, long))
    assert said == f"the map does not know column “{long}”: give it to a question, or name it under `ignore`"
    (said,) = problems(tmp_path, FIRST, head=(*HEAD[:-1], "Well " * 500))
    assert "a heading of more than 2,000 characters" in said


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("2026-10-25T14:05:00", id="a day of a workbook"),
        pytest.param("10/25/26", id="an American day"),
        pytest.param("ask my son on 07700 900123", id="a phone number"),
    ],
)
def test_a_row_of_answers_is_never_taken_for_headings_and_told(tmp_path: Path, cell: str) -> None:
    words = ("W1", cell, "Agree", "My husband hits me", "", "", "")
    assert problems(tmp_path, words, map_text=changed_map(header_rows="2")) == [
        "export.csv: its second row is one of answers, not of headings. Set `header_rows = 1` in the map, or run "
        "web-map with --header-rows 1."
    ]


def test_two_header_rows_that_the_map_does_not_know_are_named(tmp_path: Path) -> None:
    for more in (("", "x"), ("", "")):
        assert (
            "some columns have no heading: does the file have two header rows? Then set `header_rows = 2`"
            in problems(tmp_path, (*FIRST, "Buses", "Parks"), head=(*HEAD, *more))
        )


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("sam@example.org", id="an e-mail address"),
        pytest.param("07700 900123", id="a phone number"),
        pytest.param("W" * 201, id="far too long"),
    ],
)
def test_an_id_is_no_address(tmp_path: Path, id_: str) -> None:
    (said,) = problems(tmp_path, row(ref=id_))
    assert "holds addresses of people" in said or "more than 200 characters" in said
    assert id_ not in said


def test_times_to_come_and_none_at_all_are_told(tmp_path: Path) -> None:
    assert problems(tmp_path, row(handed="25/12/2026"), row(ref="W2", handed="")) == [
        "column “Handed in” holds times to come, or long past: is `date_format` right? (row 2)",
        "a row without a day and time is one that was left half-way. When was it begun? Name that column under "
        "`started_at`; or, if the form has none, give a day for all such rows under `undated` (row 3)",
    ]
    assert problems(tmp_path, row(), row(ref="W2", handed=""), map_text=changed_map(undated='"2062-10-31"')) == [
        "`undated` is a day to come, or long past: mend it in the map (row 3)"
    ]


def test_a_row_without_a_time_comes_in_as_left_half_way_on_the_day_that_the_map_gives(tmp_path: Path) -> None:
    checked = looked(tmp_path, [row(), row(ref="W2", handed="", safe="agree")], changed_map(undated='"2026-10-01"'))
    ((_, undated),) = checked.rows
    assert (undated.completed_at, undated.started_at) == (None, 1_790_812_800_000)  # the first minute of 1 October, UTC
    assert [answer.value_code for answer in undated.answers if answer.state == "answered"] == ["agree"]
    assert checked.report.notices.listed() == [
        "no day and time: taken as left half-way, on 1 October 2026 as `undated` says (row 3)"
    ]


def test_days_that_can_be_read_two_ways_stop_it(tmp_path: Path) -> None:
    auto = changed_map(date_format='"auto"')
    (said,) = problems(
        tmp_path, row(handed="03/04/2026 10:00"), row(ref="W2", handed="05/04/2026 10:00"), map_text=auto
    )
    assert "nothing tells whether the day or the month comes first" in said
    assert problems(tmp_path, row(handed="03/04/2026"), row(ref="W2", handed="25/04/2026"), map_text=auto) == []
    assert problems(tmp_path, row(handed="25/04/2026", since="03/04/2020"), map_text=auto) == []
    (said,) = problems(tmp_path, row(handed="03/04/2026", since="25/04/2020"), map_text=auto)
    assert "“Handed in”: nothing tells" in said  # what people typed tells nothing of the form's own clock


def test_a_number_or_a_day_that_cannot_be_read_keeps_its_words(tmp_path: Path) -> None:
    report = looked(tmp_path, [FIRST, row(ref="W2", age="about 30", since="last year")]).report
    assert not report.problems
    assert dict(report.questions["age"].states) == {"answered": 1, "unparsed": 1}
    assert "age: cannot be read as an answer; the words are kept (row 3)" in str(report)
    assert "own rules refuse" not in str(report)
    (said, _) = problems(tmp_path, row(age="about 30", since="last year"))
    assert "“Age”: nothing in it can be read as an answer to age" in said


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("1,200", 1200.0, id="thousands"),
        pytest.param(" 34 ", 34.0, id="spaces"),
        pytest.param("34.0", 34.0, id="Excel"),
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path: Path, text: str, number: float) -> None:
    ((incoming,),) = looked(tmp_path, [row(age=text)]).rows
    assert [answer.value_number for answer in incoming.answers if answer.question == "age"] == [number]


def test_answers_against_the_surveys_own_rules_are_counted(tmp_path: Path) -> None:
    fewer = replace(SURVEY.question("needs"), constraint="count-selected(.) <= 1")
    strict = replace(SURVEY, questions=tuple(fewer if q.name == "needs" else q for q in SURVEY.questions))
    rows = [row(safe="agree", why="Dark"), row(ref="W2", needs="Parks, Buses")]
    report = str(looked(tmp_path, rows, published=Published("stoke", (strict,), None)).report)
    assert "why_not: answered where the survey's own logic does not ask; kept, not shown (row 2)" in report
    assert "needs: the survey's own rules refuse it; kept as words (row 3)" in report


def test_a_question_that_the_form_does_not_have_is_marked_so(tmp_path: Path) -> None:
    without = 'absent = ["age"]' + MAP.replace('[questions.age]\ncolumn = "Age"\n', "")
    head = tuple(name for name in HEAD if name != "Age")
    checked = looked(tmp_path, [tuple(c for c, h in zip(FIRST, HEAD, strict=True) if h != "Age")], without, head=head)
    assert "\n  age: 1 not_in_version" in str(checked.report)
    ((incoming,),) = checked.rows
    assert {answer.question: answer.state for answer in incoming.answers} == {
        "safe": "answered",
        "why_not": "answered",
        "needs": "answered",
        "since": "answered",
        "age": "not_in_version",
    }


def test_what_counts_as_blank_is_for_the_map_to_say(tmp_path: Path) -> None:
    report = looked(
        tmp_path, [row(safe="Not answered", age="n/a")], changed_map(blank='["not answered", "N/A"]')
    ).report
    assert not report.problems
    assert dict(report.questions["safe"].states) == {"skipped": 1}


def test_a_file_with_no_rows_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["it has headings, and no row below them"]


def test_odd_hours_of_the_clock_are_said(tmp_path: Path) -> None:
    report = str(looked(tmp_path, [row(handed="25/10/2026 01:30"), row(ref="W2", handed="29/03/2026 01:30")]).report)
    assert "the time fell into the hour that comes twice in autumn; taken as the first (row 2)" in report
    assert "the time fell into the hour that is left out in spring; taken as an hour later (row 3)" in report
    begun = changed_map(started_at='"Begun"')
    twice = (*row(handed="25/10/2026 01:30"), "25/10/2026 01:20")
    assert looked(tmp_path, [twice], begun, head=(*HEAD, "Begun")).report.notices.listed() == [
        "the time fell into the hour that comes twice in autumn; taken as the first (row 2)"
    ]
