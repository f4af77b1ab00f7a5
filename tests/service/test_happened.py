"""What those who follow a response are told of a turn: the most telling thing, or nothing."""

import pytest
from msgspec.structs import replace

from bot.core.state import State
from bot.service.happened import what_happened

BEGUN = State("en", last_answer_at=1)
STOPPED = replace(BEGUN, stopped_at=9)
DONE = replace(BEGUN, completed_at=9)


@pytest.mark.parametrize(
    ("before", "after", "is_answered", "told"),
    [
        pytest.param(None, BEGUN, False, "response.started", id="it began"),
        pytest.param(None, DONE, True, "response.completed", id="its one question was answered at once"),
        pytest.param(BEGUN, BEGUN, True, "response.updated", id="an answer"),
        pytest.param(BEGUN, replace(BEGUN, texts=4, tries=2, core_answered=1), False, "", id="nothing that shows"),
        pytest.param(BEGUN, replace(BEGUN, language="ur"), False, "response.updated", id="another language"),
        pytest.param(
            BEGUN, replace(BEGUN, language_source="chosen"), False, "response.updated", id="how it was settled"
        ),
        pytest.param(BEGUN, replace(BEGUN, last_answer_at=2), False, "response.updated", id="the latest answer's time"),
        pytest.param(BEGUN, replace(BEGUN, late=True), False, "response.updated", id="late"),
        pytest.param(BEGUN, DONE, True, "response.completed", id="the last answer"),
        pytest.param(BEGUN, replace(DONE, stopped_at=9), True, "response.completed", id="the last answer and STOP"),
        pytest.param(DONE, replace(DONE, stopped_at=9), False, "", id="STOP after the end"),
        pytest.param(DONE, DONE, True, "response.updated", id="an answer is changed after the end"),
        pytest.param(BEGUN, STOPPED, False, "response.stopped", id="STOP"),
        pytest.param(STOPPED, replace(STOPPED, stopped_at=12), False, "", id="STOP again"),
        pytest.param(STOPPED, BEGUN, False, "response.updated", id="START"),
    ],
)
def test_the_most_telling_thing_is_told(before: State | None, after: State, is_answered: bool, told: str) -> None:
    assert what_happened(before, after, is_answered=is_answered) == told
