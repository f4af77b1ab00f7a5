"""A survey page by page: what each page shows, and what stands at the opening and at the end."""

from dataclasses import replace

import pytest
from msgspec import structs

from bot.core import form
from bot.core.form import Became, direction
from bot.core.survey import QuestionType
from tests.core.paging import EVERYTHING, Reader, done, reader
from tests.core.phones import PARKS, TONGUES
from tests.core.small_surveys import one, question, survey
from tests.playing import questionnaire


def test_a_page_shows_one_question_with_what_the_survey_says_before_it() -> None:
    page = reader(EVERYTHING).shown()
    assert (page.question.name, page.place, page.label) == ("use", "1/5", "Do you use the parks?")
    assert (page.hint, page.more) == ("Also the small ones.", "Any park.")
    assert [(note.text, note.more) for note in page.notes] == [("This is the plan.", "In short: more parks.")]
    assert [(option.id, option.label) for option in page.options] == [("yes", "Yes"), ("no", "No")]
    assert (page.back, page.step, page.is_answered, page.begins_about_you) == ("", 0, False, False)


def test_a_whole_survey_is_answered_page_by_page() -> None:
    page = done()
    assert page.answers == {
        "use": ("answered", "yes"),
        "often": ("answered", "no"),
        "needs": ("answered", "lights parks"),
        "why": ("answered", "Trees"),
        "sure": ("answered", "yes"),
        "since": ("answered", "2020-05-03"),
        "age": ("answered", "34"),
        "sex": ("answered", "no"),
    }
    assert (page.state.standing, page.state.completed_at is not None) == ("", True)
    assert page.page() is None
    assert [record.said for record in page.records if record.question in ("needs", "since")] == [
        "Lights\nParks",
        "3 5 2020",
    ]


def test_what_is_for_the_opt_in_ledger_is_not_asked_where_no_address_is_known() -> None:
    assert "news" not in done().state.trail


def test_the_end_thanks_and_says_the_last_notes_and_what_comes_next() -> None:
    page = done()
    assert form.thanks(page.survey, page.state, page.here) == (
        "Thank you. That was the last question.",
        "We will tell you.",
        "The council will read what everyone said and report back.",
    )


def test_the_opening_says_who_asks_and_what_becomes_of_it_and_nothing_about_texts() -> None:
    asks = replace(
        EVERYTHING,
        organisation={"en": "The council"},
        min_age=16,
        verify_url="https://stoke.example/real",
        privacy_url="https://stoke.example/p",
        contact={"en": "01782 000000"},
    )
    page = reader(asks)
    said = form.introduction(page.survey, "en", page.here)
    assert said[0] == "The council asks for your views: Our parks."
    assert "For people aged 16 and over." in said
    assert "Privacy: https://stoke.example/p" in said
    assert "Check this is real, and privacy: https://stoke.example/real" in said
    assert "01782 000000" in " ".join(said)
    assert "STOP" not in " ".join(said)


def test_a_setting_that_is_missing_only_drops_its_sentence() -> None:
    page = reader(PARKS)
    said = form.introduction(page.survey, "en", page.here)
    assert said[0] == "Your views are asked for: Our parks."
    assert not any("Privacy" in each or "Check" in each or "aged" in each or "{" in each for each in said)


def test_the_first_question_about_the_resident_is_marked() -> None:
    page = done()
    assert [name for name in page.state.trail if page.shown(name).begins_about_you] == ["age"]


def test_the_pages_of_two_versions_are_told_apart() -> None:
    assert form.mark(questionnaire(PARKS)) != form.mark(questionnaire(replace(PARKS, version="2")))


def test_the_language_that_was_chosen_is_spoken() -> None:
    page = Reader(questionnaire(TONGUES))
    page.begin("pl", is_chosen=True)
    shown = page.shown()
    assert (shown.label, shown.options[0].label) == ("A po polsku?", "Tak")
    assert (page.state.language, page.state.language_source) == ("pl", "chosen")


def test_another_language_keeps_the_answers_and_the_place() -> None:
    reading = reader(TONGUES)
    before = reading.state
    assert form.speak(reading.survey, before, before.language).state is before
    assert form.speak(reading.survey, before, "cy").became is Became.SAME
    taken = form.speak(reading.survey, before, "pl")
    assert (taken.became, taken.records) == (Became.KEPT, ())
    assert taken.state == structs.replace(before, language="pl", language_source="chosen")
    reading.state = taken.state
    assert reading.shown().label == "A po polsku?"


def test_a_page_has_wording_of_its_own_where_the_survey_gives_it() -> None:
    asked = one("a", "A?", hint={"en": "Send a number."}, web_label={"en": "Tick: A?"}, web_hint={"en": "Tick one."})
    note = question("n", QuestionType.NOTE, "Text SKIP.", web_label={"en": "Skip at will."}, hint={"en": "So."})
    page = reader(survey(note, asked)).shown()
    assert (page.label, page.hint) == ("Tick: A?", "Tick one.")
    assert [each.text for each in page.notes] == ["Skip at will.\nSo."]


@pytest.mark.parametrize(
    ("language", "way"), [("en", "ltr"), ("ur", "rtl"), ("ur-Latn", "ltr"), ("ckb", "rtl"), ("pl", "ltr")]
)
def test_a_language_runs_the_way_it_is_written(language: str, way: str) -> None:
    assert direction(language) == way
