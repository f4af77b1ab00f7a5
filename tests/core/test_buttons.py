"""Taps: on the standing question, on old ones, and on what is no button of ours."""

import pytest

from tests.core.phones import begun, tap
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.playing import play


def test_a_tap_answers_the_standing_question() -> None:
    phone = begun()
    assert tap(phone, "Yes").startswith("2/3")
    assert phone.answers["c0", "use_parks"].rule == "button"


def test_a_message_with_options_brings_the_word_that_opens_them_and_one_without_does_not() -> None:
    phone = begun("yes", "agree")
    assert [outcome.says[-1].opener for outcome in phone.outcomes] == ["Choose", "Choose", ""]


def test_a_tap_on_an_old_question_answers_that_one_and_asks_the_standing_one_again() -> None:
    phone = begun("yes")
    assert tap(phone, "No").startswith("Thank you. That answered question 1.\n2/3")
    assert phone.codes == {"use_parks": "no"}


def test_a_tap_that_makes_the_standing_question_pointless_goes_on_to_the_next() -> None:
    asked = survey(one("a", "A?"), one("b", "B?", AGREEMENT, relevant="${a} = 'yes'"), words_question("c", "C?"))
    phone = begun("yes", of=asked)
    assert tap(phone, "No") == "Thank you. That answered question 1.\n2/2 C?"
    play(phone, ["benches"])
    assert "2/3 B?" in tap(phone, "Yes")


def test_a_tap_that_does_not_fit_changes_nothing() -> None:
    asked = survey(one("a", "A?", constraint="selected(., 'yes')"), words_question("b", "B?"))
    phone = begun("yes", of=asked)
    assert tap(phone, "No") == "Sorry, that answer does not fit this question.\n2/2 B?"
    assert phone.codes == {"a": "yes"}


@pytest.mark.parametrize(
    "choice_id", ["", "..", "x.0.0", "carry_on", "{}.0.9", "{}.9.0", "{}.1.0", "{}.²", "{}." + "9" * 5000]
)
@pytest.mark.parametrize("text", ["Yes", "Bench", ""])
def test_a_button_that_was_never_put_answers_nothing(choice_id: str, text: str) -> None:
    phone = begun()
    mark = phone.outcomes[0].says[0].options[0].id.split(".")[0]
    assert tap(phone, text, choice_id=choice_id.replace("{}", mark)).startswith("1/3")
    assert phone.codes == {}
    assert phone.filed == "noise"


def test_a_button_that_no_longer_applies_answers_nothing() -> None:
    asked = survey(one("a", "A?"), one("b", "B?", AGREEMENT, relevant="${a} = 'yes'"), words_question("c", "C?"))
    phone = begun("yes", "change 1", "no", of=asked)
    assert tap(phone, "Agree") == "2/2 C?"
    assert phone.codes == {"a": "no", "b": "not_applicable"}
