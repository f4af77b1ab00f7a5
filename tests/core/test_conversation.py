"""One survey's conversation: what becomes of a reply, and what is said next."""

import pytest

from bot.core import conversation
from bot.core.commands import CommandKind
from bot.core.desk import Heard, Message
from bot.core.effects import NoteOptIn
from bot.core.events import Circumstances, Commanded
from bot.core.limits import SILENCE_DAYS, TRIES
from bot.core.state import AnswerState, Phase
from bot.core.survey import Choice, Language, Question, QuestionType, Role, Start, SurveyDefinition
from tests.core.small_surveys import AGREEMENT, one, question, survey, words_question
from tests.playing import NOON, Resident, play, resident

PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
)
WORDS_FIRST = survey(words_question("better", "What would make them better?"), *PARKS.questions[:2])
AGE = question("age", QuestionType.INTEGER, "How old are you?")
CONFIRM = survey(*PARKS.questions, start=Start.CONFIRM, organisation={"en": "The council"})


def begun(*texts: str, of: SurveyDefinition = PARKS) -> Resident:
    """Make a phone on which the survey has begun and these texts were sent."""
    phone = resident(of)
    play(phone, [of.keywords[0], *texts])
    return phone


def tap(phone: Resident, label: str, *, back: int = 0, choice_id: str | None = None, text: str | None = None) -> str:
    """Tap the newest button of that label, or the one that many before it."""
    seen = [o.id for outcome in phone.outcomes for say in outcome.says for o in say.options if o.label == label]
    chosen = choice_id if choice_id is not None else seen[-1 - back]
    sent = label if text is None else text
    return phone.send(Message(phone.at, Heard.TAP, sent, "sms", "sms", phone.short, choice_id=chosen))


# -- asking again (invariant 6) ---------------------------------------------------------------------------------------


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
        pytest.param("\u202eموافق", id="a script we do not read yet"),
    ],
)
def test_a_reply_that_is_not_clearly_one_choice_is_asked_again_and_never_guessed(text: str) -> None:
    phone = begun("yes")
    assert "2/3" in phone.text(text)
    assert phone.filed == "unparsed"
    assert phone.answers["c0", "agree"].state is AnswerState.UNPARSED
    assert phone.answers["c0", "agree"].codes == ()


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


# -- the second half of an open answer (invariant 15) -----------------------------------------------------------------


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


# -- a phone that others may hold (invariant 12) ----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["3", "more benches", "hello", "parks", "BACK", "skip", "change 1"])
@pytest.mark.parametrize("answers", [["yes"], ["yes", "2"]], ids=["closed question", "open question"])
def test_after_thirty_days_it_asks_before_anything_is_answered(text: str, answers: list[str]) -> None:
    phone = begun(*answers)
    kept = dict(phone.answers)
    phone.wait(days=SILENCE_DAYS + 1)
    for _ in range(2):
        assert "Carry on, or start new?" in phone.text(text)
    assert phone.answers == kept
    assert phone.state.phase is Phase.RETURNING


def test_within_thirty_days_it_simply_goes_on() -> None:
    phone = begun("yes")
    phone.wait(days=SILENCE_DAYS - 1)
    assert phone.text("agree").startswith("3/3")


@pytest.mark.parametrize(
    ("text", "said"),
    [("help", "Commands:"), ("mydata", "answers 1"), ("privacy", "Your answers are used"), ("more", "no more to read")],
)
def test_after_thirty_days_a_command_is_still_answered(text: str, said: str) -> None:
    phone = begun("yes")
    phone.wait(days=SILENCE_DAYS + 1)
    reply = phone.text(text)
    assert said in reply
    assert "Carry on, or start new?" in reply
    assert phone.filed == "command"


def test_start_after_a_long_stop_asks_who_is_there() -> None:
    phone = begun("yes", "stop")
    phone.wait(days=SILENCE_DAYS + 1)
    assert phone.text("START").startswith("Welcome back.\n2/3 It is over 30 days")
    assert phone.text("carry on").startswith("2/3 The parks")


def test_a_survey_that_was_done_long_ago_asks_nothing() -> None:
    phone = begun("yes", "agree", "benches")
    phone.wait(days=SILENCE_DAYS + 1)
    assert phone.text("hi").startswith("Hello!\nYou have answered this survey")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param(["yes"], "2/3 It is over 30 days", id="unfinished"),
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


# -- skip logic -------------------------------------------------------------------------------------------------------


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


# -- leave to be texted -----------------------------------------------------------------------------------------------

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


# -- buttons ----------------------------------------------------------------------------------------------------------


def test_a_tap_answers_the_standing_question() -> None:
    phone = begun()
    assert tap(phone, "Yes").startswith("2/3")
    assert phone.answers["c0", "use_parks"].rule == "button"


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


# -- delete -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["YES", "yes please!", "y", "Yes 👍", "delete", "DELETE"])
def test_delete_is_done_once_confirmed(text: str) -> None:
    phone = begun("yes", "delete")
    assert phone.text(text) == (
        "Done. Every answer and text from this number is removed. Thank you for letting us know."
    )
    assert phone.erased == 1


@pytest.mark.parametrize("text", ["no", "NO THANKS", "nope"])
def test_delete_is_not_done_on_a_no(text: str) -> None:
    phone = begun("delete")
    assert phone.text(text).startswith("Nothing was removed.\n1/3")
    assert phone.codes == {}


@pytest.mark.parametrize("text", ["yes delete it", "yes, no", "no keep them"])
def test_what_is_not_clearly_yes_or_no_to_delete_is_asked_again_and_is_no_answer(text: str) -> None:
    phone = begun("delete")
    assert phone.text(text).startswith("1/3 Remove every answer")
    assert (phone.codes, phone.erased) == ({}, 0)


@pytest.mark.parametrize(
    ("text", "reply"),
    [("2", "2/3 The"), ("skip", "2/3 The"), ("help", "Commands"), ("parks", "1/3 Do"), ("start", "Welcome back.\n1/3")],
)
def test_anything_else_forgets_the_wish_to_delete(text: str, reply: str) -> None:
    phone = begun("delete")
    assert phone.text(text).startswith(reply)
    phone.text("yes")
    assert phone.erased == 0


# -- beginning with a yes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["yes", "Yes please", "ok", "START"])
def test_a_survey_that_asks_first_begins_with_a_yes(text: str) -> None:
    assert begun(of=CONFIRM).text(text).startswith("1/3 Do you use")


@pytest.mark.parametrize(
    ("text", "reply", "filed"),
    [
        ("no", "That is fine. Text YES if you want to start (question 1/3).", "command"),
        ("1", "Reply YES to start with question 1/3.", "noise"),
        ("yes but who are you", "Reply YES to start with question 1/3.", "noise"),
        ("hello", "Hello!\nReply YES to start with question 1/3.", "noise"),
        ("who is this?", "This is The council, asking for your views: Our parks.\nReply YES", "noise"),
        ("", "We got an empty text.\nReply YES to start", "noise"),
        ("skip", "Reply YES to start", "command"),
        ("back", "This is the first question.\nReply YES to start", "command"),
        ("more", "There is no more to read on this question.\nReply YES", "command"),
        ("parks", "Reply YES to start", "command"),
    ],
)
def test_a_survey_that_asks_first_does_not_begin_with_anything_else(text: str, reply: str, filed: str) -> None:
    phone = begun(of=CONFIRM)
    assert phone.text(text).startswith(reply)
    assert phone.filed == filed
    assert phone.state.phase is Phase.CONFIRMING_START


def test_start_after_stop_is_no_yes_to_the_survey() -> None:
    phone = begun("stop", of=CONFIRM)
    assert phone.text("start") == "Welcome back.\nReply YES to start with question 1/3."


# -- what a text is, in order (DESIGN section 7) ----------------------------------------------------------------------

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


# -- small talk and machines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [[], ["yes", "2"], ["yes", "2", "bench"], ["delete"]])
@pytest.mark.parametrize("text", ["Liked “Do you use the parks?”", "This is an automatic reply. I am away."])
def test_a_machine_is_never_answered_and_never_an_answer(texts: list[str], text: str) -> None:
    phone = begun(*texts)
    kept = dict(phone.answers)
    assert phone.text(text) == ""
    assert phone.filed == "noise"
    assert phone.answers == kept


def test_thanks_on_an_open_question_is_an_answer() -> None:
    phone = begun("yes", "2", "thanks")
    assert phone.said["c0", "better"] == "thanks"


def test_punctuation_alone_is_no_answer_to_an_open_question() -> None:
    phone = begun("yes", "2")
    assert phone.text("...") == "We got an empty text.\n3/3 What would make them better?"
    assert phone.filed == "noise"


@pytest.mark.parametrize("texts", [[], ["yes", "2"]], ids=["closed question", "open question"])
def test_our_own_text_that_comes_back_is_no_answer(texts: list[str]) -> None:
    phone = begun("hello", *texts)
    question = phone.last_reply
    assert phone.text(question) == question.removeprefix("Hello!\n")
    assert phone.filed == "noise"


def test_perhaps_stop_on_a_closed_question_is_no_answer_and_on_an_open_one_is() -> None:
    phone = begun()
    assert phone.text("stop it").startswith("To end these texts, text STOP.\n1/3")
    play(phone, ["yes", "2"])
    assert phone.text("stop it").startswith("To end these texts, text STOP.\nThank you.")
    assert phone.said["c0", "better"] == "stop it"


def test_an_open_answer_is_kept_word_for_word() -> None:
    said = "  Ünïcode \u202eשלום\u202c 👩‍👩‍👧 'DROP'; \n\n" + "long " * 320
    phone = begun("yes", "2", said)
    assert phone.said["c0", "better"] == said
    assert phone.state.phase is Phase.COMPLETE


# -- after the close --------------------------------------------------------------------------------------------------

CLOSES = survey(*PARKS.questions, closes="2026-06-30")
LATE = "This survey has closed, so your text came too late"
CLOSED = "This survey closed on 30 June 2026."


def closed(*texts: str, of: SurveyDefinition = CLOSES) -> Resident:
    """Make a phone on which the survey has begun and has then closed."""
    phone = begun(*texts, of=of)
    phone.wait(days=80)
    return phone


def test_the_first_reply_after_the_close_is_kept_and_marked_late_and_the_next_changes_nothing() -> None:
    phone = closed("yes")
    assert phone.text("agree").startswith(LATE)
    assert (phone.filed, phone.codes["agree"], phone.state.late) == ("late", "agree", True)
    assert phone.text("disagree").startswith(LATE)
    assert (phone.filed, phone.codes["agree"]) == ("late", "agree")


def test_a_reply_after_the_close_that_cannot_be_read_changes_nothing() -> None:
    phone = closed("yes")
    assert phone.text("blah").startswith(LATE)
    assert (phone.filed, phone.codes, phone.state.late) == ("late", {"use_parks": "yes"}, False)


def test_a_tap_after_the_close_is_kept_if_it_is_for_the_standing_question() -> None:
    phone = closed("yes")
    assert tap(phone, "No", text="").startswith(LATE)
    assert (phone.filed, phone.codes) == ("late", {"use_parks": "yes"})
    assert tap(phone, "Agree", text="").startswith(LATE)
    assert (phone.filed, phone.codes) == ("late", {"use_parks": "yes", "agree": "agree"})


@pytest.mark.parametrize("text", ["parks", "skip", "back", "change 1", "start", "hi there", "delete no"])
def test_nothing_is_asked_after_the_close(text: str) -> None:
    for phone in (closed("yes"), closed("yes", "agree", "bench"), closed("yes", "agree")):
        assert "/3" not in phone.text(text)


@pytest.mark.parametrize("text", ["yes", "no", "hello", "carry on", "1"])
def test_neither_a_yes_nor_carrying_on_opens_a_survey_that_has_closed(text: str) -> None:
    asked_first = closed(of=survey(*PARKS.questions, closes="2026-06-30", start=Start.CONFIRM))
    returning = begun("yes", of=CLOSES)
    returning.wait(days=35)
    assert "Carry on" in returning.text("hello")
    returning.wait(days=35)
    for phone in (asked_first, returning):
        assert phone.text(text) == f"{CLOSED} Thank you for your interest."
        assert phone.filed == "late"


def test_what_comes_after_a_finished_survey_has_closed_is_late() -> None:
    phone = closed("yes", "agree", "bench")
    assert phone.text("and lights").startswith(CLOSED)
    assert phone.filed == "late"


def test_a_survey_closed_without_a_day_says_so() -> None:
    phone = begun("yes")
    thread = phone.threads["c0"]
    here = Circumstances(NOON, "sms", "sms", True, is_closed=True)
    _, effects = conversation.step(thread.questionnaire, thread.state, Commanded(here, CommandKind.HELP))
    assert "This survey is closed." in str(effects)


# -- commands ---------------------------------------------------------------------------------------------------------

INFORMED = survey(
    question("note", QuestionType.NOTE, "The plan.", more={"en": "In short: a plan."}),
    one("a", "A?"),
    one("b", "B?", more={"en": "About B."}),
    verify_url="example.org/real",
    privacy_url="example.org/privacy",
    contact={"en": "Ann, 01782 000000"},
    organisation={"en": "The council"},
)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["more"], "In short: a plan.\n1/2"),
        (["yes", "more"], "About B.\n2/2"),
        (
            ["help"],
            "Commands: SKIP, BACK, CHANGE and a number, MORE, LANGUAGE, PRIVACY, MYDATA, DELETE, NEW, STOP.\nTo ",
        ),
        (["help"], "on paper: Ann, 01782 000000.\n1/2"),
        (["/help"], "on paper: Ann, 01782 000000.\n1/2"),
        (["?"], "on paper: Ann, 01782 000000.\n1/2"),
        (["privacy"], "Privacy: example.org/privacy\n1/2"),
        (["mydata"], "Kept from this number: texts 2, answers 0.\nTo see them or have them put right, ask Ann"),
        (["who is this"], "This is The council, asking for your views: Our parks.\nCheck: example.org/real\n1/2"),
        (["language"], "This survey is in English only for now, sorry.\n1/2"),
        (["change"], "To change an answer, text CHANGE and the question's number, like CHANGE 2.\n1/2"),
        (["change 2"], "There is no question 2 to change yet.\n1/2"),
        (["yes", "change 1"], "1/2 A?"),
    ],
)
def test_a_command_is_answered_and_the_question_put_again(texts: list[str], said: str) -> None:
    phone = begun(of=INFORMED)
    assert said in play(phone, texts)[-1]


def test_more_where_there_is_none_points_to_the_page_where_all_is() -> None:
    phone = begun(of=survey(one("a", "A?"), verify_url="example.org/real"))
    assert phone.text("more").startswith("Read more: example.org/real\n1/1")


def test_change_after_the_end_says_that_the_answer_is_changed() -> None:
    phone = begun("yes", "agree", "bench")
    done = phone.state.completed_at
    assert phone.text("change 2").startswith("2/3")
    assert phone.text("disagree") == "Thank you, your answer is changed."
    assert (phone.codes["agree"], phone.state.completed_at) == ("disagree", done)


# -- languages --------------------------------------------------------------------------------------------------------

TONGUES = survey(
    Question(
        "a",
        QuestionType.SELECT_ONE,
        {"en": "A?", "pl": "A po polsku?"},
        choices=(Choice("yes", {"en": "Yes", "pl": "Tak"}), Choice("no", {"en": "No"})),
    ),
    Question("b", QuestionType.TEXT, {"en": "B?"}, role=Role.OPEN),
    languages=(Language("en", "English"), Language("pl", "Polski"), Language("ur", "اردو")),
)


@pytest.mark.parametrize(
    "text", ["language polski", "LANG PL", "polski", "Polski!", "in polski please", "parks polski"]
)
def test_a_resident_can_choose_a_language_by_its_name(text: str) -> None:
    phone = begun(of=TONGUES)
    assert phone.text(text) == "We now write in Polski. Text ENGLISH to go back.\n1/2 A po polsku?\n1 Tak\n2 No"
    assert (phone.state.language, phone.state.language_source) == ("pl", "chosen")
    assert "Text POLSKI to go back" in phone.text("english")


def test_a_keyword_with_a_language_switches_on_an_open_question_too() -> None:
    phone = begun("yes", of=TONGUES)
    assert phone.text("parks pl") == "We now write in Polski. Text ENGLISH to go back.\n2/2 B?"


def test_a_language_with_no_latin_letters_is_named_as_it_is() -> None:
    phone = begun("language ur", of=TONGUES)
    assert "Text اردو to go back." in phone.text("polski")


def test_choosing_the_language_that_is_spoken_only_asks_again() -> None:
    assert begun(of=TONGUES).text("english").startswith("1/2 A?")


@pytest.mark.parametrize("text", ["language", "language klingon"])
def test_the_languages_are_listed_for_one_that_is_not_offered(text: str) -> None:
    reply = begun(of=TONGUES).text(text)
    assert "1/2 A?" in reply
    assert ("Text LANGUAGE and one of these: English, Polski, اردو." in reply) == (text == "language")


@pytest.mark.parametrize("text", ["1", "tak", "Yes", "ST1 1AA", "👍", "Piotr"])
def test_no_answer_switches_the_language(text: str) -> None:
    phone = begun(text, of=TONGUES)
    assert phone.state.language == "en"


def test_hints_are_shown_where_there_is_room() -> None:
    asked = survey(Question("a", QuestionType.TEXT, {"en": "A?"}, {"en": "A"}, hint={"en": "Take your time."}))
    for short, shown in ((True, "1/1 A"), (False, "1/1 A?\nTake your time.")):
        phone = resident(asked, short=short)
        assert phone.text("PARKS").endswith(shown)
