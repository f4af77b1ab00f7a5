"""The first and the last message."""

import re
from typing import Any

import pytest

from bot.core.language_names import gsm_name
from bot.core.phrases import Phrase, Phrases
from bot.core.survey import Language, Question, QuestionType, Role
from channels.segments import count
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import play, resident, shipped

CORE = one("a", "A?")
ABOUT_YOU = one("you", "And you?", role=Role.DEMOGRAPHIC)


def test_the_shipped_opening_says_all_that_a_resident_must_know() -> None:
    opening = resident(shipped()).text("STOKE")
    for said in (
        "Stoke-on-Trent City Council asks for your views",
        "8 questions, then 4 you can skip.",
        "For people aged 16 and over.",
        "It is your choice to take part.",
        "Texts cost your usual rate.",
        "Not for emergencies: call 999.",
        "Check this is real, and privacy: www.stoke.gov.uk/communitycohesion",
        "Text STOP to end, HELP for help.",
        "1/8 ",
    ):
        assert said in opening


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "asks for your views"),
        ({"organisation": {"en": "X"}}, "Your views are asked for"),
        ({"organisation": {"en": "X"}, "min_age": 16}, "Check this is real"),
        ({"verify_url": "example.org"}, "aged"),
    ],
)
def test_a_missing_setting_only_drops_its_sentence(settings: dict[str, Any], said: str) -> None:
    opening = resident(survey(CORE, **settings)).text("parks")
    assert said not in opening
    assert "  " not in opening
    assert "1/1 A?" in opening


def test_a_privacy_notice_with_an_address_of_its_own_is_told_too() -> None:
    one_address = resident(survey(CORE, verify_url="v.example", privacy_url="v.example")).text("parks")
    two = resident(survey(CORE, verify_url="v.example", privacy_url="p.example")).text("parks")
    assert "Check this is real, and privacy: v.example Text STOP" in one_address
    assert "Check this is real, and privacy: v.example Privacy: p.example Text STOP" in two


def test_the_price_of_a_text_is_told_where_texts_cost() -> None:
    assert "Texts cost" in resident(survey(CORE)).text("parks")
    assert "Texts cost" not in resident(survey(CORE), short=False).text("parks")


@pytest.mark.parametrize(
    ("questions", "said", "place"),
    [
        pytest.param([CORE], " 1 question. ", "1/1", id="one"),
        pytest.param([CORE, words_question("b", "B?")], " 2 questions. ", "1/2", id="two"),
        pytest.param([CORE, ABOUT_YOU], " 1 question, then 1 you can skip. ", "1/1", id="one and more"),
        pytest.param(
            [CORE, words_question("b", "B?"), ABOUT_YOU],
            " 2 questions, then 1 you can skip. ",
            "1/2",
            id="two and more",
        ),
        pytest.param([ABOUT_YOU], " 1 question. ", "1/1", id="none of the core"),
        pytest.param([ABOUT_YOU, CORE], " 2 questions. ", "1/2", id="about you first"),
        pytest.param(
            [CORE, one("b", "B?", relevant="${a} = 'yes'")], " Up to 2 questions. ", "1/1", id="as it turns out"
        ),
    ],
)
def test_the_number_of_questions_is_told_honestly(questions: list[Question], said: str, place: str) -> None:
    opening = resident(survey(*questions)).text("parks")
    assert said in opening
    assert f"\n{place} " in opening


def test_questions_are_counted_in_the_order_in_which_they_come() -> None:
    phone = resident(survey(CORE, ABOUT_YOU, words_question("b", "B?"), one("c", "C?", role=Role.DEMOGRAPHIC)))
    replies = play(phone, ["parks", "yes", "no", "benches"])
    assert [re.findall(r"\d/\d", reply) for reply in replies] == [["1/3"], ["2/3"], ["3/3"], ["4/4"]]


@pytest.mark.parametrize(
    ("name", "typed"), [("Polski", "POLSKI"), ("Română", "ROMANA"), ("Łódzki ß", "LODZKI SS"), ("اردو", "")]
)
def test_a_languages_name_is_written_so_that_any_phone_can_type_it(name: str, typed: str) -> None:
    assert gsm_name(name) == typed


def test_languages_are_named_so_that_any_phone_can_type_them() -> None:
    opening = resident(survey(CORE, languages=(Language("en", "English"), Language("ur", "اردو")))).text("parks")
    assert "URDU? Text PARKS and the language." in opening


def test_a_language_without_a_name_that_can_be_typed_is_left_out() -> None:
    opening = resident(survey(CORE, languages=(Language("en", "English"), Language("xx", "日本")))).text("parks")
    assert "the language" not in opening
    assert count(opening).encoding == "GSM-7"


@pytest.mark.parametrize("phrase", Phrase)
def test_every_sentence_is_in_letters_that_cost_one_septet(phrase: Phrase) -> None:
    assert count(phrase.value).encoding == "GSM-7"
    assert not re.search(r"\d/\d", phrase.value)


def test_a_sentence_without_a_translation_falls_back_to_english() -> None:
    phrases = Phrases({"pl": {Phrase.HELLO.value: "Cześć!"}})
    assert phrases.say(Phrase.HELLO, "pl") == "Cześć!"
    assert phrases.say(Phrase.WELCOME, "pl") == "You are welcome."
    assert (
        phrases.say(Phrase.CLOSED_ON, "ur", date="1 May") == "This survey closed on 1 May. Thank you for your interest."
    )


def test_the_last_message_says_what_the_survey_says_happens_next() -> None:
    phone = resident(survey(CORE, next_steps={"en": "We report in July."}))
    assert play(phone, ["parks", "yes"])[-1] == "Thank you. That was the last question. We report in July."


def test_a_note_alone_is_no_question() -> None:
    phone = resident(survey(question("n", QuestionType.NOTE, "Read."), CORE))
    assert " 1 question. " in phone.text("parks")


def test_the_opening_says_who_else_carries_the_words_where_an_app_does() -> None:
    phone = resident(shipped())
    assert "run this app" not in phone.text("STOKE")
    opening = resident(shipped()).text("STOKE", carrier="Telegram")
    assert "Telegram, who run this app, carry these messages too. SMS or phone is there instead: text HELP." in opening
