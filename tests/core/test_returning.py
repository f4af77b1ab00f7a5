"""A phone that others may hold (invariant 12): long silences, and asking again without echo."""

import re

import pytest

from bot.core.limits import SILENCE_DAYS
from bot.core.state import Phase
from tests.core.phones import begun, tap
from tests.core.small_surveys import one, survey
from tests.playing import play


@pytest.mark.parametrize("text", ["3", "more benches", "hello", "parks", "BACK", "skip", "change 1"])
@pytest.mark.parametrize("answers", [["yes"], ["yes", "2"]], ids=["closed question", "open question"])
def test_after_thirty_days_it_asks_before_anything_is_answered(text: str, answers: list[str]) -> None:
    phone = begun(*answers)
    kept = dict(phone.answers)
    phone.wait(days=SILENCE_DAYS + 1)
    for _ in range(2):
        assert re.search(r"Carry on with question ./3, or start new\?", phone.text(text))
    assert phone.answers == kept
    assert phone.state.phase is Phase.RETURNING


def test_within_thirty_days_it_simply_goes_on() -> None:
    phone = begun("yes")
    phone.wait(days=SILENCE_DAYS - 1)
    assert phone.text("agree").startswith("3/3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("help", "You can text SKIP"),
        ("mydata", "answers 1"),
        ("privacy", "Your answers are used"),
        ("more", "no more to read"),
    ],
)
def test_after_thirty_days_a_command_is_still_answered(text: str, said: str) -> None:
    phone = begun("yes")
    phone.wait(days=SILENCE_DAYS + 1)
    reply = phone.text(text)
    assert said in reply
    assert "Carry on with question 2/3, or start new?" in reply
    assert phone.filed == "command"


def test_start_after_a_long_stop_asks_who_is_there() -> None:
    phone = begun("yes", "stop")
    phone.wait(days=SILENCE_DAYS + 1)
    assert phone.text("START").startswith("Welcome back.\nIt is over 30 days")
    assert phone.text("carry on").startswith("2/3 The parks")


def test_a_survey_that_was_done_long_ago_asks_nothing() -> None:
    phone = begun("yes", "agree", "benches")
    phone.wait(days=SILENCE_DAYS + 1)
    assert phone.text("hi").startswith("Hello!\nYou have answered this survey")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param(["yes"], "It is over 30 days", id="unfinished"),
        pytest.param(["yes", "agree", "benches"], "You have answered this survey", id="done"),
    ],
)
def test_the_wish_to_delete_lapses_with_thirty_days(answers: list[str], said: str) -> None:
    phone = begun(*answers, "delete")
    phone.wait(days=SILENCE_DAYS + 1)
    assert phone.text("yes").startswith(said)
    assert phone.erased == 0
    phone = begun(*answers, "delete")
    phone.wait(days=SILENCE_DAYS + 1)
    assert "Remove every answer" in phone.text("delete")
    assert phone.erased == 0


def test_starting_new_leaves_the_earlier_answers_as_they_are() -> None:
    phone = begun("yes")
    phone.wait(days=SILENCE_DAYS + 1)
    phone.text("hello")
    assert "1/3" in phone.text("2")
    phone.text("no")
    assert phone.answers["c0", "use_parks"].codes == ("yes",)
    assert phone.answers["c1", "use_parks"].codes == ("no",)


def test_the_choice_to_carry_on_can_be_tapped() -> None:
    phone = begun("yes")
    phone.wait(days=SILENCE_DAYS + 1)
    phone.text("hello")
    assert "2/3 The parks" in tap(phone, "Carry on", text="")
    phone.wait(days=SILENCE_DAYS + 1)
    phone.text("hello")
    assert "1/3" in tap(phone, "Start new", text="Zacznij")
    assert phone.person.current == "c1"


def test_back_and_change_ask_again_without_what_was_answered() -> None:
    phone = begun("yes", "agree", "a bench by the pond", "parks")
    replies = play(phone, ["back", "back", "change 1", "mydata", "back"])
    assert not any("pond" in reply for reply in replies)
    assert replies[0] == "3/3 What would make them better?"
    assert replies[1].startswith("2/3 The parks are looked after well.\n1 Strongly agree")
    assert replies[-1].startswith("This is the first question.\n1/3")


def test_back_passes_over_a_question_that_no_longer_applies() -> None:
    asked = survey(one("a", "A?"), one("b", "B?", relevant="${a} = 'yes'"), one("c", "C?"))
    phone = begun("yes", "yes", "change 1", "no", of=asked)
    assert phone.state.standing == "c"
    assert phone.text("back").startswith("1/2 A?")
