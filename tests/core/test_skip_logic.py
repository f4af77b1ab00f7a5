"""What applies, what is taken back, what is calculated, and leave to be texted."""

import pytest

from bot.core.effects import NoteOptIn
from bot.core.state import Phase
from bot.core.survey import Choice, Question, QuestionType, Role, Start
from tests.core.phones import begun
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import play, resident

# -- skip logic --------------------------------------------------------------------------------------------------------


def test_words_just_written_count_in_the_very_next_question() -> None:
    asked = survey(words_question("street", "Which?"), words_question("why", "Why?", relevant="${street} = 'High'"))
    phone = begun("High", of=asked)
    assert phone.state.standing == "why"
    play(phone, ["it is long", "change 1", "Low"])
    assert phone.codes["why"] == "not_applicable"
    assert phone.state.phase is Phase.COMPLETE


def test_an_answer_that_no_longer_applies_is_taken_back() -> None:
    asked = survey(one("a", "A?"), one("b", "B?", relevant="${a} = 'yes'"), one("c", "C?"))
    phone = begun("yes", "no", "yes", "change 1", "no", of=asked)
    assert phone.codes == {"a": "no", "b": "not_applicable", "c": "yes"}
    assert (phone.state.core_answered, phone.state.core_applicable) == (2, 2)
    assert "2/3 B?" in play(phone, ["change 1", "yes"])[-1]


def test_a_choice_that_is_no_longer_offered_is_asked_again() -> None:
    towns = (Choice("leek", {"en": "Leek"}, filters={"in": "x"}), Choice("crewe", {"en": "Crewe"}, filters={"in": "y"}))
    places = (Choice("x", {"en": "X"}), Choice("y", {"en": "Y"}))
    asked = survey(one("county", "Which?", places), one("town", "Town?", towns, choice_filter="in = ${county}"))
    phone = begun("1", of=asked)
    assert phone.text("crewe").startswith("Sorry")
    assert phone.text("1").startswith("Thank you")
    assert phone.text("change 1").startswith("1/2 Which?")
    assert phone.text("Y") == "2/2 Town?\n1 Crewe"
    assert "Please reply" in play(phone, ["blah", "leek", "blub"])[1]
    assert phone.codes["town"] == "unparsed"


def test_calculations_are_recorded_when_they_change_and_taken_back_when_they_cease() -> None:
    asked = survey(
        question("n", QuestionType.INTEGER, "How many?"),
        question("twice", QuestionType.CALCULATE, "", calculation="${n} * 2", relevant="${n} < 10"),
        question("named", QuestionType.CALCULATE, "", calculation="jr:choice-name(${ok}, '${ok}')"),
        one("ok", "Ok?"),
    )
    phone = begun("3", of=asked)
    assert phone.codes["twice"] == "6"
    play(phone, ["yes"])
    assert (phone.codes["named"], phone.answers["c0", "twice"].revision) == ("Yes", 1)
    play(phone, ["change 1", "4"])
    assert (phone.codes["twice"], phone.answers["c0", "twice"].revision) == ("8", 2)
    play(phone, ["change 1", "40"])
    assert phone.codes["twice"] == "not_applicable"


def test_a_note_is_shown_once_and_before_the_question_after_it() -> None:
    asked = survey(
        one("a", "A?"),
        question("note", QuestionType.NOTE, "Read this."),
        Question("bare", QuestionType.NOTE, {}),
        one("b", "B?"),
    )
    phone = begun("yes", of=asked)
    assert phone.last_reply == "Read this.\n2/2 B?\n1 Yes\n2 No"
    assert play(phone, ["back", "no"])[-1] == "2/2 B?\n1 Yes\n2 No"


def test_a_survey_of_notes_alone_says_them_and_thanks() -> None:
    for start in Start:
        phone = resident(survey(question("note", QuestionType.NOTE, "Read this."), start=start))
        assert "Read this.\nThank you." in phone.text("PARKS")
        assert "1/1 Remove" in phone.text("delete")


# -- leave to be texted ------------------------------------------------------------------------------------------------

RESULT = survey(one("a", "A?"), one("tell", "May we text you the result?", role=Role.CONTACT))


def test_leave_to_be_texted_is_kept_apart_from_the_answers() -> None:
    phone = begun("yes", "yes", of=RESULT)
    assert phone.opt_ins == [NoteOptIn("tell", True, "May we text you the result?")]
    assert phone.codes == {"a": "yes"}


@pytest.mark.parametrize("text", ["no", "skip", "prefer not to say"])
def test_leave_can_be_taken_back(text: str) -> None:
    phone = begun("yes", "yes", "change 2", text, of=RESULT)
    assert [opt_in.given for opt_in in phone.opt_ins] == [True, False]


def test_leave_that_was_never_given_is_not_taken_back() -> None:
    assert begun("yes", "skip", of=RESULT).opt_ins == []
