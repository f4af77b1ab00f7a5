"""After "Did you mean X or Y?", above the whole list: a reply that may speak of the two or of the list is no answer."""

import pytest

from bot.core.message import Heard, Message
from bot.core.phrases import Phrase
from bot.core.reading import Chosen, Reading, Rule, Unclear, Why, read_exactly, read_reply
from bot.core.reading.readings import Asked
from bot.core.state import State
from bot.core.survey import Choice, Question, QuestionType
from tests.core.small_surveys import AGREEMENT, one, question, survey, words_question
from tests.core.words import asked, words_of
from tests.playing import Resident, play, resident

AGREE = one("agree", "Are they looked after well?", AGREEMENT[:5])
SURE = one("sure", "Do you feel safe?", (*one("", "").choices, Choice("not_sure", {"en": "Not sure"})))
BETTER = words_question("better", "What would make them better?")
PAIR = 'Did you mean "Disagree" or "Strongly disagree"?'
WITH_NUMBER = f"{PAIR}\nPlease reply with one number, 1 to 5. Or text SKIP.\n1/2"
BY_BUTTON = f"{PAIR}\nPlease choose one answer. Or text SKIP.\n1/2"


def offered(asks: Question = AGREE, text: str = "not agree", *, short: bool = True) -> Resident:
    """Make a phone that was asked which of two choices it meant."""
    phone = resident(survey(asks, BETTER), short=short)
    assert "Did you mean" in play(phone, ["PARKS", text])[-1]
    return phone


@pytest.mark.parametrize(
    "text",
    ["second one", "the second", "2nd", "the 2nd one", "second please", "the first", "1st", "b", "option b", "drugie"],
)
@pytest.mark.parametrize(("short", "said"), [(True, WITH_NUMBER), (False, BY_BUTTON)], ids=["sms", "app"])
def test_what_may_count_the_two_or_the_list_is_asked_again(text: str, said: str, short: bool) -> None:
    phone = offered(short=short)
    assert phone.text(text).startswith(said)
    assert phone.codes == {"agree": "unparsed"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("the last one", "strongly_disagree", id="the last of both"),
        pytest.param("third", "neither", id="a place that only the list has"),
        pytest.param("strongly disagree", "strongly_disagree", id="a name"),
        pytest.param("4", "disagree", id="a number of the two"),
        pytest.param("2", "agree", id="a number of the list"),
        pytest.param("number two", "agree", id="a number in words"),
    ],
)
def test_what_means_one_choice_either_way_is_taken(text: str, code: str) -> None:
    phone = offered()
    assert phone.text(text).startswith("2/2")
    assert phone.codes["agree"] == code


def test_the_last_is_asked_again_where_the_list_ends_with_another() -> None:
    phone = offered(one("agree", "Well?", AGREEMENT))
    assert phone.text("the last one").startswith(PAIR)
    assert phone.codes == {"agree": "unparsed"}


def test_an_ordinal_that_names_the_same_choice_in_both_is_taken() -> None:
    phone = offered(text="1 or 2")
    phone.text("the second one")
    assert phone.codes["agree"] == "agree"


def test_where_no_numbers_are_shown_a_number_may_count_the_two() -> None:
    phone = offered(short=False)
    assert phone.text("2").startswith(BY_BUTTON)
    phone.text("4")
    assert phone.codes["agree"] == "disagree"


def test_a_name_beside_its_place_among_the_two_is_asked_again_between_the_two() -> None:
    assert offered().text("2nd - strongly disagree").startswith(WITH_NUMBER)


@pytest.mark.parametrize(
    "text", ["yes", "Yes please", "both", "either", "tak", "the latter", "hmm", "maybe disagree", "disagree?"]
)
def test_what_does_not_say_which_of_the_two_is_asked_which(text: str) -> None:
    assert offered().text(text).startswith(WITH_NUMBER)


@pytest.mark.parametrize("text", ["no", "neither", "Neither of them", "none", "the other"])
def test_what_turns_both_down_is_asked_for_one_of_the_list(text: str) -> None:
    phone = offered()
    assert phone.text(text).startswith("Sorry, we did not understand that.\nPlease reply with one number, 1 to 5.")
    assert phone.codes == {"agree": "unparsed"}
    phone.text("neither")
    assert phone.codes["agree"] == "neither"


@pytest.mark.parametrize(
    ("unclear", "text", "said"),
    [
        pytest.param("no not sure", "yes", "Did you mean", id="a yes that is the third choice"),
        pytest.param("yes or not sure", "no", "Sorry", id="a no that is the third choice"),
        pytest.param("yes or not sure", "nah mate", "Sorry", id="and said kindly"),
        pytest.param("no not sure", "no", "2/2", id="a no that is one of the two"),
        pytest.param("yes or not sure", "yes", "2/2", id="a yes that is one of the two"),
    ],
)
def test_a_yes_or_a_no_is_taken_only_where_it_is_one_of_the_two(unclear: str, text: str, said: str) -> None:
    assert said in offered(SURE, unclear).text(text).splitlines()[0]


@pytest.mark.parametrize("texts", [["help"], ["hello"], ["blah"], ["more"]], ids=lambda texts: texts[0])
def test_the_two_stay_in_mind_until_the_question_is_answered(texts: list[str]) -> None:
    phone = offered()
    play(phone, texts)
    phone.text("the second one")
    assert phone.codes == {"agree": "unparsed"}


@pytest.mark.parametrize("text", ["neither", "9"])
def test_once_only_the_list_is_asked_for_an_ordinal_counts_that(text: str) -> None:
    phone = offered()
    play(phone, [text, "the second one"])
    assert phone.codes["agree"] == "agree"


@pytest.mark.parametrize("way_back", ["back", "change 1"])
def test_when_the_question_comes_anew_an_ordinal_counts_its_list(way_back: str) -> None:
    phone = offered()
    play(phone, ["disagree", way_back, "the second one"])
    assert phone.codes["agree"] == "agree"


def test_the_next_question_has_nothing_to_do_with_the_two() -> None:
    phone = resident(survey(AGREE, one("again", "And again?", AGREEMENT)))
    play(phone, ["PARKS", "not agree", "disagree", "the second one"])
    assert phone.codes == {"agree": "disagree", "again": "agree"}


def test_danger_between_the_two_and_the_reply_does_not_hide_them() -> None:
    phone = offered()
    play(phone, ["he is going to kill me", "the second one"])
    assert phone.codes["agree"] == "unparsed"


def test_after_three_tries_the_question_is_left_open() -> None:
    phone = offered()
    assert play(phone, ["second", "the second"])[-1].startswith("We have kept your words as you wrote them.\n2/2")


# -- a quoted question -------------------------------------------------------------------------------------------------


def _quoting(phone: Resident, asks: str, text: str) -> str:
    return phone.send(Message(phone.at, Heard.TEXT, text, "whatsapp", "whatsapp", False, quoted=("parks", asks)))


def test_quoting_the_standing_question_is_a_try_like_any_other() -> None:
    phone = resident(survey(AGREE, BETTER), short=False)
    play(phone, ["PARKS"])
    assert _quoting(phone, "agree", "not agree").startswith(f"{PAIR}\n1/2")
    assert _quoting(phone, "agree", "the second").startswith(BY_BUTTON)
    assert phone.state.tries == 2


def test_two_choices_of_a_question_that_does_not_stand_are_not_offered_above_another() -> None:
    phone = resident(survey(AGREE, one("again", "And again?", AGREEMENT)), short=False)
    play(phone, ["PARKS", "agree"])
    assert _quoting(phone, "agree", "not agree").startswith("Sorry, we did not understand that.\n2/2")


# -- several choices ---------------------------------------------------------------------------------------------------

WHICH = question(
    "which",
    QuestionType.SELECT_MULTIPLE,
    "Which matter most?",
    choices=tuple(
        Choice(f"c{place}", {"en": label})
        for place, label in enumerate(("Taking part", "A real say", "City pride", "Parks", "Library", "None of these"))
    ),
    constraint="count-selected(.) <= 3",
)


@pytest.mark.parametrize(
    "text",
    [
        "first three",
        "1 3 and the last one",
        "1 and maybe 3",
        "1 not 3",
        "1 1 3",
        "a real say & 5",
        "parks or library or so",
    ],
)
def test_a_reply_that_names_several_is_never_turned_into_a_pair(text: str) -> None:
    phone = resident(survey(WHICH, BETTER))
    reply = play(phone, ["PARKS", text])[-1]
    assert reply.startswith("Sorry, we did not understand that.\n1/2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 or 2", 'Did you mean "Taking part" or "A real say"?'),
        ("parks or library", 'Did you mean "Parks" or "Library"?'),
        ("library and none", 'Did you mean "Library" or "None of these"?'),
    ],
)
def test_one_or_the_other_is_asked_which_where_several_may_be_chosen(text: str, said: str) -> None:
    assert play(resident(survey(WHICH, BETTER)), ["PARKS", text])[-1].startswith(f"{said}\n1/2")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param("first and second", "unparsed", id="places"),
        pytest.param("a b", "unparsed", id="letters"),
        pytest.param("1 and 2", "c0 c1", id="numbers"),
        pytest.param("2 5", "c1 c4", id="the numbers of the two"),
    ],
)
def test_several_places_may_count_the_two_as_well(text: str, codes: str) -> None:
    phone = offered(WHICH, "2 or 5")
    phone.text(text)
    assert phone.codes["which"] == codes


def test_a_half_understood_list_is_no_second_half_of_the_answer_before() -> None:
    phone = resident(survey(BETTER, WHICH))
    assert "2/2" in play(phone, ["PARKS", "more benches", "1 3 and the last one"])[-1]
    assert phone.said["c0", "better"] == "more benches"


# -- the reading by itself, the sentence and the state -----------------------------------------------------------------

TWO_OF_FIVE = Asked(
    QuestionType.SELECT_ONE,
    asked("Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree").options,
    None,
    asked().today,
    offered=("disagree", "strongly_disagree"),
)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("the second one", Unclear(("disagree", "strongly_disagree"), Why.OFFERED)),
        ("neither", Unclear((), Why.OFFERED)),
        ("the last", Chosen(("strongly_disagree",), Rule.ORDINAL, 0.98)),
        ("2", Chosen(("agree",), Rule.NUMBER, 1.0)),
        ("prefer not to say", None),
    ],
)
def test_exactly_and_kindly_are_held_to_the_same(text: str, reading: Reading | None) -> None:
    kindly = read_reply(TWO_OF_FIVE, text, words_of("en"))
    exactly = read_exactly(TWO_OF_FIVE, text, words_of("en"))
    assert reading is None or kindly == reading
    assert exactly == (kindly if isinstance(kindly, Chosen) else None)


def test_the_two_stand_in_quotation_marks() -> None:
    for phrase in (Phrase.DID_YOU_MEAN, Phrase.SEVERAL_ANSWERS):
        assert phrase.endswith('Did you mean "{first}" or "{second}"?')


def test_a_state_that_was_kept_before_there_was_a_pair_still_loads() -> None:
    state = State.from_json('{"language":"en","standing":"agree","tries":1}')
    assert (state.pair, state.tries) == ((), 1)
    kept = State("en", standing="agree", tries=1, offered=("disagree", "strongly_disagree"))
    assert State.from_json(kept.to_json()) == kept
    assert kept.pair == ("disagree", "strongly_disagree")
