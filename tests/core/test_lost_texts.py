"""After a restore later texts may be lost: the first one that comes is no answer, and brings the standing question."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from bot.core.conversation import lose_sight
from bot.core.survey import SurveyDefinition
from tests.core.phones import CONFIRM, PARKS, begun, tap
from tests.playing import Resident

KEPT = "We have kept your words as you wrote them.\n"
AGAIN = f"{KEPT}2/3 The parks are looked after well."


def restored(*texts: str, of: SurveyDefinition = PARKS) -> Resident:
    """Make a phone whose conversation is put back to where these texts had brought it."""
    phone = begun(*texts, of=of)
    phone.wait(hours=5)
    thread = phone.threads[phone.person.current]
    phone.threads[thread.key] = replace(thread, state=lose_sight(thread.state))
    return phone


@pytest.mark.parametrize("text", ["1", "agree", "skip", "hello there", "yes"])
def test_the_first_text_is_kept_and_brings_the_standing_question_again(text: str) -> None:
    phone = restored("yes")
    assert phone.text(text).startswith(AGAIN)
    assert (phone.filed, phone.codes) == ("unparsed", {"use_parks": "yes"})
    assert phone.text("agree").startswith("3/3")
    assert phone.codes == {"use_parks": "yes", "agree": "agree"}


def test_what_was_sent_before_the_question_came_again_is_no_answer_to_it() -> None:
    phone = restored("yes")
    sent: datetime = phone.at
    phone.wait(minutes=10)
    assert phone.text("1", sent_at=sent).startswith(KEPT)
    assert "reached us late" in phone.text("agree", sent_at=sent + timedelta(minutes=2))
    assert phone.codes == {"use_parks": "yes"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("help", "You can text SKIP"), ("START", "Welcome back."), ("back", "1/3 Do you use the parks?")],
)
def test_a_command_that_is_no_answer_is_carried_out_and_puts_a_question(text: str, said: str) -> None:
    phone = restored("yes")
    assert phone.text(text).startswith(said)
    assert phone.filed == "command"
    assert not phone.state.behind


def test_skip_passes_no_question_that_was_not_put() -> None:
    phone = restored("yes")
    phone.text("skip")
    assert "agree" not in phone.codes


def test_a_button_says_which_question_it_answers() -> None:
    phone = restored("yes")
    tap(phone, "Agree")
    assert phone.codes == {"use_parks": "yes", "agree": "agree"}
    assert phone.text("more benches").startswith("Thank you")


@pytest.mark.parametrize("label", ["Skip", "Very well"])
def test_a_button_of_a_question_that_was_lost_brings_the_standing_one(label: str) -> None:
    phone = restored("yes")
    assert tap(phone, label, choice_id="lost.1").startswith(AGAIN)
    assert phone.codes == {"use_parks": "yes"}


def test_a_yes_to_a_question_that_was_lost_removes_nothing() -> None:
    phone = restored("yes", "delete")
    assert phone.text("yes").startswith(AGAIN)
    assert phone.erased == 0


def test_a_wish_to_delete_is_asked_about_again() -> None:
    phone = restored("yes", "delete")
    assert phone.text("delete").startswith("Remove every answer")
    assert phone.erased == 0


def test_a_number_makes_no_new_person_where_we_had_asked_who_writes() -> None:
    phone = begun("yes")
    phone.wait(days=31)
    phone.text("hello")  # "carry on, or start new?"
    thread = phone.threads[phone.person.current]
    phone.threads[thread.key] = replace(thread, state=lose_sight(thread.state))
    assert phone.text("2").startswith(f"{KEPT}It is over 30 days")
    assert len(phone.threads) == 1
    assert phone.text("1").startswith("2/3")


def test_whoever_had_not_said_yes_yet_is_asked_again() -> None:
    phone = restored(of=CONFIRM)
    assert phone.text("yes").startswith(f"{KEPT}Reply YES")
    assert phone.text("yes").startswith("1/3")


def test_what_was_complete_stays_as_it_was() -> None:
    phone = restored("yes", "2", "benches")
    assert not phone.state.behind
    assert phone.text("thank you") == "You are welcome."


def test_a_stop_is_heard_at_once() -> None:
    phone = restored("yes")
    assert phone.text("stop").startswith("You will get no more texts")
    phone.person = replace(phone.person, stopped_at=phone.at)
    assert "2/3" in phone.text("START")
