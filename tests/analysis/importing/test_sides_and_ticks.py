"""Columns for each option, and files of repeatable questions: what is a tick, and which way a day is written there."""

from pathlib import Path

import pytest

from bot.analysis.columns import Published
from bot.core.survey import Choice, QuestionType
from tests.analysis.filling import ask, version
from tests.analysis.importing.scene import HEAD, MAP, looked, row

TICKS = version(
    "1",
    ask(
        "kinds",
        QuestionType.SELECT_MULTIPLE,
        choices=(Choice("buses", {"en": "Buses"}), Choice("none", {"en": "No"})),
    ),
)
TICKS_MAP = """
source = "form"
id = "Ref"
submitted_at = "At"
date_format = "uk"
[questions.kinds]
pattern = "Kinds - (?P<label>.+)"
"""
SIDE_MAP = MAP.replace('column = "Since"', 'column = "When"\nfile = "7"') + '[files.7]\nid = "Ref"\n'


def ticked(folder: Path, *cells: tuple[str, str]) -> tuple[dict[str, int], list[str]]:
    """Look over rows of two columns, one for each option: how often each was ticked, and what is wrong."""
    rows = [(f"W{n}", "25/10/2026 14:05", *each) for n, each in enumerate(cells)]
    head = ("Ref", "At", "Kinds - Buses", "Kinds - No")
    report = looked(folder, rows, TICKS_MAP, head=head, published=Published("stoke", (TICKS,), None)).report
    return dict(report.questions["kinds"].codes), list(report.problems)


def test_an_option_whose_label_is_no_is_ticked_by_its_label(tmp_path: Path) -> None:
    assert ticked(tmp_path, ("", "No"), ("Buses", "")) == ({"none": 1, "buses": 1}, [])


def test_other_ways_of_not_ticking_stay(tmp_path: Path) -> None:
    assert ticked(tmp_path, ("1", "0"), ("0", "1")) == ({"none": 1, "buses": 1}, [])


@pytest.mark.parametrize("other", ["Yes", "No"])
def test_a_no_that_could_be_either_stops_it(tmp_path: Path, other: str) -> None:
    (said,) = ticked(tmp_path, (other, "No"))[1]
    assert "“Kinds - No” holds its option's own label" in said
    assert said.endswith("(row 2)")


@pytest.mark.parametrize(
    ("format", "handed", "days", "read"),
    [
        pytest.param("us", "10/25/2026 14:05", ("03/04/2020",), "2020-03-04", id="as the map says"),
        pytest.param("auto", "10/25/2026 14:05", ("03/04/2020",), "2020-03-04", id="as the form's clock"),
        pytest.param("auto", "2026-10-25 14:05", ("03/04/2020", "04/25/2020"), "2020-03-04", id="as its own days"),
    ],
)
def test_a_day_in_a_side_file_is_read_as_the_file_writes_it(
    tmp_path: Path, format: str, handed: str, days: tuple[str, ...], read: str
) -> None:
    lines = [f"W{n},{day}" for n, day in enumerate(days)]
    (tmp_path / "export_7.csv").write_text("\r\n".join(["Ref,When", *lines]) + "\r\n")
    rows = [row(ref=f"W{n}", handed=handed)[:-1] for n in range(len(days))]
    checked = looked(tmp_path, rows, SIDE_MAP.replace('"uk"', f'"{format}"'), head=HEAD[:-1])
    assert checked.report.problems == []
    first = next(iter(checked.rows))[0]
    assert [each.value_code for each in first.answers if each.question == "since"] == [read]


def test_days_in_a_side_file_that_can_be_read_two_ways_stop_it(tmp_path: Path) -> None:
    (tmp_path / "export_7.csv").write_text("Ref,When\r\nW1,03/04/2020\r\n")
    rows = [row(handed="2026-10-25 14:05")[:-1]]
    (said,) = looked(tmp_path, rows, SIDE_MAP.replace('"uk"', '"auto"'), head=HEAD[:-1]).report.problems
    assert "“When”: nothing tells whether the day or the month comes first" in said
