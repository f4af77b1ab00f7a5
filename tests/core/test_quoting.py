"""A reply that quotes one of our messages is about the question in it, whichever question stands now."""

import pytest

from bot.core.message import Heard, Message
from tests.core.phones import PARKS
from tests.playing import Resident, play, resident


def quoting(phone: Resident, question: str, text: str, survey: str = "parks") -> str:
    return phone.send(Message(phone.at, Heard.TEXT, text, "whatsapp", "whatsapp", False, quoted=(survey, question)))


def at_the_open_question() -> Resident:
    phone = resident(PARKS)
    play(phone, ["parks", "yes", "2"])
    return phone


def test_our_messages_know_which_question_they_put() -> None:
    phone = at_the_open_question()
    put = [say.question for outcome in phone.outcomes for say in outcome.says]
    assert put == [name for name in phone.state.trail]


def test_a_quoted_question_is_answered_and_the_standing_one_still_stands() -> None:
    phone = at_the_open_question()
    first = phone.state.trail[0]
    before = phone.codes[first]
    reply = quoting(phone, first, "no")
    assert reply.startswith("Thank you. That answered question 1.\n3/3")
    assert (before, phone.codes[first]) == ("yes", "no")
    assert phone.text("more benches").startswith("Thank you.")


def test_quoting_the_standing_question_is_just_an_answer() -> None:
    phone = at_the_open_question()
    assert quoting(phone, phone.state.standing, "more benches").startswith("Thank you. That was the last question.")


def test_what_does_not_answer_the_quoted_question_is_no_answer_to_the_standing_one() -> None:
    phone = at_the_open_question()
    reply = quoting(phone, phone.state.trail[0], "purple")
    assert reply.startswith("Sorry, we did not understand that.\n3/3")
    assert phone.filed == "unparsed"
    assert phone.codes[phone.state.trail[0]] == "yes"


def test_words_under_an_open_answer_are_added_to_it_even_after_the_end() -> None:
    phone = at_the_open_question()
    play(phone, ["more benches"])
    assert quoting(phone, "better", "and bins").startswith("Thank you. That answered question 3.")
    assert phone.said["c0", "better"] == "more benches\nand bins"
    assert phone.state.completed_at is not None


def test_a_quoted_question_can_be_declined() -> None:
    phone = at_the_open_question()
    quoting(phone, phone.state.trail[0], "prefer not to say")
    assert phone.codes[phone.state.trail[0]] == "refused"


@pytest.mark.parametrize(
    ("question", "survey", "text"),
    [
        pytest.param("nothing", "parks", "more benches", id="a question that was never put"),
        pytest.param("use", "buses", "more benches", id="another survey's question"),
    ],
)
def test_any_other_quote_changes_nothing(question: str, survey: str, text: str) -> None:
    phone = at_the_open_question()
    assert quoting(phone, question, text, survey).startswith("Thank you. That was the last question.")


def test_a_command_under_a_quote_is_a_command() -> None:
    phone = at_the_open_question()
    assert quoting(phone, phone.state.trail[0], "back").startswith("2/3")


def test_after_the_close_a_quoted_answer_is_kept_as_late_and_changes_nothing() -> None:
    phone = at_the_open_question()
    listing = phone.desk.listings["parks"]
    closed = resident(PARKS, closed_at=phone.at)
    phone.desk = closed.desk
    assert listing is not phone.desk.listings["parks"]
    phone.wait(hours=1)
    assert quoting(phone, phone.state.trail[0], "no").startswith("This survey has closed.")
    assert (phone.filed, phone.codes[phone.state.trail[0]]) == ("late", "yes")


def test_a_quote_with_a_picture_and_no_words_is_no_answer() -> None:
    phone = at_the_open_question()
    assert quoting(phone, phone.state.trail[0], "").startswith("We got no words in your text.")


@pytest.mark.parametrize(("text", "is_own"), [("mydata", True), ("help", False)])
def test_what_is_said_of_one_person_alone_is_marked(text: str, is_own: bool) -> None:
    phone = resident(PARKS)
    play(phone, ["parks", text])
    assert [say.is_own for say in phone.outcomes[-1].says] == [is_own]
