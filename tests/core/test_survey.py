"""One version of a survey: its way through JSON, its hash, and the words that its own logic reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.survey import QuestionType, Role, SurveyDefinition, short_wording, wording
from tests.core.happenings import DEFINITIONS
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import shipped


@given(st.sampled_from(DEFINITIONS).map(lambda made: made()))
def test_a_survey_comes_back_from_json_as_it_was(definition: SurveyDefinition) -> None:
    again = SurveyDefinition.from_json(definition.to_json())
    assert again == definition
    assert again.hash == definition.hash


def test_whatever_changes_changes_the_hash() -> None:
    asked = one("a", "A?")
    hashes = {made.hash for made in (survey(asked), survey(asked, closes="2026-05-10"), survey(one("a", "B?")))}
    assert len(hashes) == 3


def test_a_survey_without_wording_for_pages_is_written_as_before_there_was_any() -> None:
    without, with_one = survey(one("a", "A?")), survey(one("a", "A?", web_hint={"en": "Tick one."}))
    assert "web_" not in without.to_json().replace("web_column", "")
    assert '"web_hint":{"en":"Tick one."}' in with_one.to_json()
    assert SurveyDefinition.from_json(with_one.to_json()) == with_one


def test_a_question_is_found_by_its_name() -> None:
    assert shipped().question("age_band").name == "age_band"
    with pytest.raises(KeyError, match="nothing"):
        shipped().question("nothing")


def test_only_words_that_some_logic_reads_are_recalled_in_the_order_of_the_survey() -> None:
    asked = survey(
        words_question("street", "Which street?", constraint="string-length(.) > string-length(${town})"),
        words_question("town", "Which town?"),
        words_question("why", "Why?", relevant="${age} > 3"),
        question("age", QuestionType.INTEGER, "How old?", relevant="${street} != ''"),
    )
    assert asked.words_recalled == ("street", "town")


def test_notes_and_leave_to_be_texted_have_no_column_and_calculations_have() -> None:
    asked = survey(
        question("about", QuestionType.NOTE, "A note."),
        one("a", "A?"),
        question("twice", QuestionType.CALCULATE, "", calculation="2 * 2"),
        one("tell", "May we text you?", role=Role.CONTACT),
    )
    assert [q.name for q in asked.questions if q.has_column] == ["a", "twice"]


@pytest.mark.parametrize(
    ("language", "full", "short"),
    [("pl", "Długie", "Długie"), ("en", "Long", "L"), ("ro", "Long", "L")],
    ids=["its own wording before a shorter one", "the shorter one", "the default language's where there is none"],
)
def test_a_wording_is_chosen_by_language_and_then_by_length(language: str, full: str, short: str) -> None:
    label = {"en": "Long", "pl": "Długie"}
    assert wording(label, language, "en") == full
    assert short_wording(label, {"en": "L"}, language, "en") == short
    assert wording({}, language, "en") == short_wording({}, {}, language, "en") == ""
