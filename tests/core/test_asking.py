"""What becomes of a reply: kept, asked again, left open, or joined to the one before."""

import pytest

from bot.core.limits import TRIES
from bot.core.state import AnswerState, Phase
from bot.core.survey import Choice, Question, QuestionType
from tests.core.phones import AGE, TONGUES, WORDS_FIRST, begun
from tests.core.small_surveys import AGREEMENT, one, question, survey, words_question
from tests.playing import play, resident

# -- asking again (invariant 6) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1 or 2", id="two of them"),
        pytest.param("9", id="a number that is not there"),
        pytest.param("1?", id="a question"),
        pytest.param("not agree or disagree or so", id="neither clearly"),
        pytest.param("blah", id="nothing"),
        pytest.param("\U0001f9d1\u200d\U0001f91d\u200d\U0001f9d1", id="an emoji"),
        pytest.param("9" * 1600, id="a wall of digits"),
        pytest.param("\u202eᏣᎳᎩ", id="a script we do not read yet"),
    ],
)
def test_a_reply_that_is_not_clearly_one_choice_is_asked_again_and_never_guessed(text: str) -> None:
    phone = begun("yes")
    assert "2/3" in phone.text(text)
    assert phone.filed == "unparsed"
    assert phone.answers["c0", "agree"].state is AnswerState.UNPARSED
    assert phone.answers["c0", "agree"].codes == ()


def test_only_where_the_options_are_numbered_is_a_number_asked_for() -> None:
    how_to_reply = []
    for short in (True, False):
        phone = resident(survey(one("parks", "More parks?")), short=short)
        play(phone, ["PARKS", "blah"])
        how_to_reply.append(phone.text("blub"))
    assert "Please reply with one number, 1 to 2." in how_to_reply[0]
    assert "Please choose one answer." in how_to_reply[1]


def test_a_reply_that_may_be_one_of_two_names_both() -> None:
    assert begun("yes").text("I don't agree").startswith('Did you mean "Disagree" or "Strongly disagree"?\n2/3')


def test_after_three_tries_the_question_is_left_open_with_all_words_kept() -> None:
    phone = begun("yes")
    replies = play(phone, ["blah", "blub", "bloh"])
    assert ["2/3" in reply for reply in replies] == [True, True, False]
    assert replies[-1].startswith("We have kept your words")
    assert "3/3" in replies[-1]
    assert phone.said["c0", "agree"] == "blah\nblub\nbloh"
    assert phone.state.given["agree"].state is AnswerState.UNPARSED
    assert phone.state.standing == "better"


def test_a_clear_answer_after_unclear_ones_is_kept_without_their_words() -> None:
    phone = begun("yes", "blah", "blub", "agree")
    assert phone.codes["agree"] == "agree"
    assert phone.said["c0", "agree"] == "agree"


def test_tries_are_counted_for_each_question_by_itself() -> None:
    phone = begun("blah", "blub", "yes")
    replies = play(phone, ["blah"] * (TRIES - 1))
    assert all("2/3" in reply for reply in replies)


@pytest.mark.parametrize(
    ("asked", "wrong", "said"),
    [
        pytest.param(one("q", "Well?"), "x", "with one number, 1 to 2", id="one choice"),
        pytest.param(
            question("q", QuestionType.SELECT_MULTIPLE, "Which?", choices=AGREEMENT), "x", "numbers only", id="several"
        ),
        pytest.param(question("q", QuestionType.INTEGER, "How many?"), "x", "a number only", id="whole number"),
        pytest.param(question("q", QuestionType.DECIMAL, "How much?"), "x", "a number only", id="amount"),
        pytest.param(question("q", QuestionType.DATE, "When?"), "x", "with a date", id="date"),
    ],
)
def test_the_second_time_it_says_how_to_reply(asked: Question, wrong: str, said: str) -> None:
    phone = begun(of=survey(asked))
    first, second = play(phone, [wrong, wrong])
    assert said not in first
    assert said in second


@pytest.mark.parametrize(
    ("asked", "text", "said"),
    [
        pytest.param(
            question(
                "q", QuestionType.INTEGER, "Age?", constraint=". > 15", constraint_message={"en": "Only over 15."}
            ),
            "9",
            "Only over 15.",
            id="the survey's own words",
        ),
        pytest.param(
            question("q", QuestionType.DATE, "When?", constraint=". <= today()"),
            "1 June 2026",
            "does not fit",
            id="date",
        ),
        pytest.param(question("q", QuestionType.INTEGER, "Age?"), "2.0001", "understand", id="half a person"),
        pytest.param(one("q", "Sure?", constraint="selected(., 'yes')"), "no", "does not fit", id="choice"),
        pytest.param(
            words_question("q", "Code?", constraint="string-length(.) = 3"), "four", "does not fit", id="words"
        ),
        pytest.param(
            question(
                "q", QuestionType.SELECT_MULTIPLE, "Which?", choices=AGREEMENT, constraint="count-selected(.) < 3"
            ),
            "1 2 3",
            "more than 2",
            id="too many",
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_asked_again(asked: Question, text: str, said: str) -> None:
    phone = begun(of=survey(asked))
    assert said in phone.text(text)
    assert phone.filed == "unparsed"
    assert phone.codes["q"] == "unparsed"


def test_an_open_question_is_asked_again_in_the_same_words() -> None:
    phone = begun(of=survey(words_question("q", "Code?", constraint="string-length(.) = 3")))
    assert play(phone, ["four", "fours"]) == ["Sorry, that answer does not fit this question.\n1/1 Code?"] * 2


def test_words_that_fit_are_kept_alone_after_words_that_did_not() -> None:
    phone = begun("four", "abc", of=survey(words_question("q", "Code?", constraint="string-length(.) = 3")))
    assert phone.said["c0", "q"] == "abc"
    assert phone.state.phase is Phase.COMPLETE


def test_a_decimal_is_written_as_xforms_does() -> None:
    amounts = survey(question("a", QuestionType.DECIMAL, "How much?"), question("b", QuestionType.DECIMAL, "More?"))
    phone = begun("2.50", "3.0", of=amounts)
    assert phone.codes == {"a": "2.5", "b": "3"}
    assert phone.answers["c0", "a"].number == 2.5


def test_an_answer_to_be_changed_stays_until_there_is_a_new_one() -> None:
    phone = begun("yes", "agree", "change 2")
    replies = play(phone, ["blah", "blub", "bloh"])
    assert phone.codes["agree"] == "agree"
    assert replies[-1].startswith("Your earlier answer stays as it was.")
    assert "3/3" in replies[-1]
    play(phone, ["change 2", "3"])
    assert phone.codes["agree"] == "neither"
    assert phone.answers["c0", "agree"].revision == 2


def test_prefer_not_to_say_is_a_refusal_where_no_option_says_so() -> None:
    phone = begun("prefer not to say")
    assert phone.codes == {"use_parks": "refused"}
    assert phone.state.standing == "agree"


def test_required_never_blocks_skip() -> None:
    phone = begun("skip", of=survey(one("a", "Well?", required=True), one("b", "And?")))
    assert phone.codes == {"a": "skipped"}
    assert phone.state.standing == "b"


# -- the second half of an open answer (invariant 15) ------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 5, 500], ids=["at once", "hours later", "weeks later"])
def test_a_second_half_is_joined_however_late_and_is_no_try(hours: int) -> None:
    phone = begun("more benches", of=WORDS_FIRST)
    phone.wait(hours=hours)
    reply = phone.text("and lights along the path")
    assert reply.startswith("Thank you, we added that to your last answer.\n2/3")
    assert phone.filed == "answer"
    assert phone.said["c0", "better"] == "more benches\nand lights along the path"
    assert phone.state.tries == 0
    assert "use_parks" not in phone.codes


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        pytest.param(["yes"], "more benches", id="an answer to the standing question"),
        pytest.param(["yes or no"], "more benches", id="nearly an answer"),
        pytest.param(["-1 -2 -3"], "more benches", id="numbers that no choice has"),
        pytest.param(["and lights"], "more benches", id="two words"),
        pytest.param(["blah", "and lights along the path"], "more benches", id="after a try"),
        pytest.param(["yes", "and lights along the path"], "more benches", id="a question later"),
        pytest.param(["back", "lights along the path"], "lights along the path", id="asked again"),
        pytest.param(["change 2", "and lights along the path"], "more benches", id="the standing one asked again"),
    ],
)
def test_what_is_no_second_half_is_not_joined(texts: list[str], said: str) -> None:
    phone = begun("more benches", *texts, of=WORDS_FIRST)
    assert phone.said["c0", "better"] == said


def test_a_question_for_a_number_has_no_second_half_before_it() -> None:
    phone = begun("more benches", "and lights along the path", of=survey(*WORDS_FIRST.questions[:1], AGE))
    assert phone.filed == "unparsed"
    assert phone.said["c0", "better"] == "more benches"


def test_after_an_open_question_the_text_is_the_next_ones_answer() -> None:
    two = survey(words_question("a", "What?"), words_question("b", "Why?"), one("c", "Well?"))
    phone = begun("more benches please", "and lights along the path", of=two)
    assert phone.said == {("c0", "a"): "more benches please", ("c0", "b"): "and lights along the path"}


def test_a_skipped_open_question_has_no_second_half() -> None:
    phone = begun("skip", "and lights along the path", of=WORDS_FIRST)
    assert phone.filed == "unparsed"
    assert phone.codes["better"] == "skipped"


# -- what a text is, in order (DESIGN section 7) -----------------------------------------------------------------------

NAMED = tuple(Choice(f"c{i}", {"en": label}) for i, label in enumerate(("More", "Skip", "English", "Parks", "Hello")))


@pytest.mark.parametrize("label", [choice.label["en"] for choice in NAMED])
def test_an_exact_answer_goes_before_commands_languages_keywords_and_small_talk(label: str) -> None:
    phone = begun(of=survey(one("a", "What is it?", NAMED), languages=TONGUES.languages))
    phone.text(label.lower())
    assert phone.state.phase is Phase.COMPLETE
    assert phone.said["c0", "a"] == label.lower()
    assert phone.filed == "answer"


def test_several_codes_stand_in_the_order_of_the_list() -> None:
    phone = begun("5, 1 and 3", of=survey(question("a", QuestionType.SELECT_MULTIPLE, "Which?", choices=AGREEMENT)))
    assert phone.answers["c0", "a"].codes == ("strongly_agree", "neither", "strongly_disagree")
