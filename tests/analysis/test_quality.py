"""Quality marks are for the analyst to judge by; each has its threshold."""

import pytest

from bot.analysis.quality import is_straightline, is_too_fast


@pytest.mark.parametrize(
    ("places", "marked"),
    [
        pytest.param([0, 0, 0, 0, 0], True, id="five alike"),
        pytest.param([3, 1, 1, 1, 1, 1, 2], True, id="five alike in the middle"),
        pytest.param([0, 0, 0, 0], False, id="only four questions"),
        pytest.param([0, 0, 1, 0, 0, 0], False, id="broken by another"),
        pytest.param([], False, id="no answers"),
    ],
)
def test_five_answers_in_the_same_place_are_a_straight_line(places: list[int], marked: bool) -> None:
    assert is_straightline(places) is marked


@pytest.mark.parametrize(
    ("seconds", "marked"),
    [
        pytest.param([0, 1, 2, 3], True, id="a second each"),
        pytest.param([3, 0, 2, 1], True, id="in any order"),
        pytest.param([0, 2, 4, 6], False, id="two seconds each"),
        pytest.param([0, 1, 2, 60, 120, 180], False, id="half of them slow"),
        pytest.param([0, 1, 2], False, id="too few to say"),
        pytest.param([7, 7, 7, 7, 7], False, id="all in one message"),
    ],
)
def test_a_median_gap_under_two_seconds_is_too_fast(seconds: list[int], marked: bool) -> None:
    assert is_too_fast(1000 * second for second in seconds) is marked
