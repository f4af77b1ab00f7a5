"""Quality marks are for the analyst to judge by; each has its threshold."""

import pytest

from bot.analysis.quality import is_straightline, is_too_fast, scales
from bot.core.survey import Choice, Question, QuestionType, Role
from tests.analysis.filling import AGREE, ask, version


def grid(questions: int, role: Role = Role.CLOSED) -> list[Question]:
    return [ask(f"q{n}", choices=AGREE, role=role) for n in range(questions)]


OTHER = (Choice("agree", {}), Choice("disagree", {}))


@pytest.mark.parametrize(
    ("questions", "names"),
    [
        pytest.param([*grid(5)], [("q0", "q1", "q2", "q3", "q4")], id="five on one scale"),
        pytest.param(
            [*grid(3), ask("note", QuestionType.NOTE), *grid(6)[3:]],
            [("q0", "q1", "q2", "q3", "q4", "q5")],
            id="a note among them",
        ),
        pytest.param([*grid(4)], [], id="only four"),
        pytest.param([*grid(5, role=Role.DEMOGRAPHIC)], [], id="about the person"),
        pytest.param([*grid(4), ask("other", choices=OTHER)], [], id="the fifth on another scale"),
        pytest.param([*grid(3), ask("why", QuestionType.TEXT), *grid(5)[3:]], [], id="another question between"),
    ],
)
def test_only_opinions_on_one_scale_make_a_straight_line(
    questions: list[Question], names: list[tuple[str, ...]]
) -> None:
    assert list(scales(version("1", *questions))) == names


@pytest.mark.parametrize(
    ("chosen", "marked"),
    [
        pytest.param("aaaaa", True, id="five alike"),
        pytest.param("cbbbbbd", True, id="five alike in the middle"),
        pytest.param("aaaa", False, id="only four answers"),
        pytest.param("aabaaa", False, id="broken by another"),
        pytest.param("", False, id="no answers"),
    ],
)
def test_five_answers_alike_are_a_straight_line(chosen: str, marked: bool) -> None:
    assert is_straightline(chosen) is marked


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
