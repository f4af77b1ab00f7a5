"""The survey that Earshot ships: reconstructed, and short enough for a text message."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.core import form
from bot.core.events import Circumstances
from bot.core.expressions import offered
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.survey import QuestionType, Role, Start, SurveyDefinition
from bot.surveys.compile import compile_survey
from bot.surveys.lint import as_sms, lint
from channels.segments import count

FILE = Path(__file__).parents[2] / "surveys" / "stoke-community-cohesion.xlsx"


@pytest.fixture(scope="module")
def stoke() -> SurveyDefinition:
    return compile_survey(FILE).definition


def test_it_compiles_without_a_warning_always_to_the_same_hash(stoke: SurveyDefinition) -> None:
    again = compile_survey(FILE)
    assert again.warnings == ()
    assert again.definition.hash == stoke.hash
    assert SurveyDefinition.from_json(stoke.to_json()) == stoke


def test_its_settings_start_a_conversation_at_once(stoke: SurveyDefinition) -> None:
    assert (stoke.id, stoke.keywords, stoke.start, stoke.min_age) == (
        "stoke-community-cohesion",
        ("STOKE",),
        Start.DIRECT,
        16,
    )
    assert (stoke.opens, stoke.closes, stoke.organisation["en"]) == ("", "", "Stoke-on-Trent City Council")
    assert stoke.question("age_band").choices[0].label["en"].startswith("16")


def test_no_page_of_it_speaks_of_texting_in_any_language(stoke: SurveyDefinition) -> None:
    texting = {"SKIP", "1 3 5", "message"}
    here = Circumstances(datetime(2026, 1, 14, tzinfo=UTC), "web", "web", short=False)
    survey = Questionnaire(stoke, Phrases(), {"": ()}, stoke.languages)
    for language in (each.code for each in stoke.languages):
        state = form.begin(survey, language, here, is_chosen=True).state
        while (page := form.page(survey, state, here)) is not None:
            said = " ".join([page.label, page.hint, *(note.text for note in page.notes)])
            assert not [each for each in texting if each in said], (language, page.question.name)
            if page.hint and page.question.name != "ethnic_group":  # the one hint that says nothing of texting
                assert page.hint != page.question.hint[language], (language, page.question.name)
            state = form.take(survey, state, here, form.Posted(page.question.name, page.step, skips=True)).state


def test_an_open_question_asks_for_one_message_since_the_next_is_the_next_ones_answer(stoke: SurveyDefinition) -> None:
    asked = [question for question in stoke.questions if question.type is QuestionType.TEXT]
    assert [question.name for question in asked] == ["missing", "one_thing"]
    for question in asked:
        assert question.hint["en"] == "Use your own words, in one message."
        assert question.hint.keys() == {each.code for each in stoke.languages}
        assert not {question.hint[code] for code in question.hint} & set(question.web_hint.values())


def test_it_asks_eight_core_questions_and_three_about_the_person_by_sms(stoke: SurveyDefinition) -> None:
    asked = [q for q in stoke.questions if q.is_asked]
    assert [q.name for q in asked if q.role in (Role.OPEN, Role.CLOSED)] == [
        "respondent_type",
        "vision_agree",
        "priorities_top3",
        "services_understand",
        "get_on_well",
        "influence",
        "missing",
        "one_thing",
    ]
    by_sms = [q.name for q in asked if not q.channels or "sms" in q.channels]
    assert by_sms[8:] == ["age_band", "postcode_area", "ethnic_group", "contact_ok"]
    assert stoke.question("contact_ok").role is Role.CONTACT


def test_every_question_asked_by_sms_is_one_plain_segment(stoke: SurveyDefinition) -> None:
    for question in stoke.questions:
        if question.is_asked and (not question.channels or "sms" in question.channels):
            segments = count(as_sms(stoke, question, "en", "12/12"))
            assert (segments.encoding, segments.segments) == ("GSM-7", 1), question.name


def test_the_linter_finds_only_what_is_meant_to_be_so(stoke: SurveyDefinition) -> None:
    found = [str(problem) for problem in lint(stoke, segments=lambda text: count(text).segments)]
    assert [[part.split(", contact_")[0] for part in line.split(": ")[0:2]] for line in found] == [
        ["settings sheet, row 2, closes", "it is empty; a campaign or a poster cannot start without it"],
        ["settings sheet, row 2", "contact"],  # we know of no number that the council gives for this consultation
        ["survey sheet, row 5, label", "about_priorities"],  # the names that the strategy gives its priorities
        ["survey sheet, row 20, label", "disability"],  # the harmonised wording, which is not ours to shorten
    ]


def test_the_second_step_of_the_ethnic_group_follows_the_first(stoke: SurveyDefinition) -> None:
    detail = stoke.question("ethnic_detail")
    shown = offered(detail, {"ethnic_group": "mixed"}, today=date(2026, 1, 1))
    assert [choice.name for choice in shown] == [
        "mixed_white_black_caribbean",
        "mixed_white_black_african",
        "mixed_white_asian",
        "mixed_other",
        "prefer_not",
    ]
    groups = {c.name for c in stoke.question("ethnic_group").choices} - {"prefer_not"}
    assert groups == {c.filters["group"] for c in detail.choices if "group" in c.filters}
