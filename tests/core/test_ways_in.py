"""The ways into a survey in a language: beside its keyword in any order, or by the language's name alone."""

import pytest
from msgspec.structs import replace

from bot.core.effects import NoteLanguage
from bot.core.survey import Language, Question, QuestionType, Role
from tests.core.phones import BUSES
from tests.core.small_surveys import survey
from tests.playing import Resident, play, resident

TALK = survey(
    Question("a", QuestionType.TEXT, {"en": "A?", "pl": "A, po polsku?"}, role=Role.OPEN),
    languages=(
        Language("en", "English"),
        Language("pl", "Polski"),
        Language("ur", "اردو"),
        Language("ur-Latn", "Roman Urdu"),
    ),
)


def begun(*texts: str) -> Resident:
    """Text these to a number with one survey, whose keyword is PARKS."""
    phone = resident(TALK)
    play(phone, texts)
    return phone


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("POLSKI PARKS", "pl"),
        ("parkspolski", "pl"),
        ("polskiparks", "pl"),
        ("hi parks polski", "pl"),
        ("start polski", "pl"),
        ("POLSKI", "pl"),
        ("polish please", "pl"),
        ("اردو", "ur"),
        ("PARKS LANGUAGE URDU", "ur"),
        ("PARKS LANG PL", "pl"),
        ("PARKS LANGUAGE ROMAN URDU", "ur-Latn"),
        ("PARKS ROMANURDU", "ur-Latn"),
        ("PARKS and Polish", "pl"),
        ("parks and URDU", "ur"),
        ("Parks + polski", "pl"),
        ("parks and roman urdu", "ur-Latn"),
        ("Parks Poslki", "pl"),
        ("parks romna urdu", "ur-Latn"),
    ],
)
def test_a_survey_begins_in_the_language_that_was_named(text: str, language: str) -> None:
    phone = begun(text)
    assert (phone.state.language, phone.state.language_source) == (language, "chosen")
    assert phone.state.standing == "a"


@pytest.mark.parametrize("text", ["french", "start somali", "french parks"])
def test_a_first_text_that_names_a_missing_language_begins_and_counts_the_wish(text: str) -> None:
    phone = begun(text)
    assert (phone.state.language, phone.state.language_source) == ("en", "default")
    assert "Sorry, this survey is not in " in phone.last_reply
    assert sum(isinstance(effect, NoteLanguage) for _, effect in phone.outcomes[-1].effects) == 1


@pytest.mark.parametrize("text", ["hello", "pl", "what is this", "nice parks here"])
def test_a_first_text_that_names_no_language_begins_nothing(text: str) -> None:
    assert begun(text).threads == {}


def test_a_word_like_no_language_starts_in_the_survey_s_own() -> None:
    assert begun("parks tomorrow").state.language == "en"


def test_where_two_surveys_are_open_a_language_alone_names_them() -> None:
    phone = resident(TALK, BUSES)
    assert "PARKS" in phone.text("polski")
    assert "BUS" in phone.last_reply
    assert (phone.threads, phone.filed) == ({}, "command")


def test_a_keyword_beside_a_language_changes_the_language_midway() -> None:
    phone = begun("parks", "polski parks")
    assert phone.state.language == "pl"


def test_a_choice_of_language_goes_on_in_the_next_survey() -> None:
    phone = resident(TALK, survey(*BUSES.questions, languages=TALK.languages, keyword="BUS", id="buses"))
    phone.person = replace(phone.person, language="pl")
    phone.text("parks")
    assert (phone.state.language, phone.state.language_source) == ("pl", "chosen")
    phone.text("new")
    assert (phone.state.language, phone.state.language_source) == ("pl", "default")
