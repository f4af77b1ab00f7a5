"""A page that is sent twice, gone back to or changed: one revision for each change, nothing said twice or lost."""

import pytest
from msgspec import structs

from bot.core import form
from bot.core.form import Became
from bot.core.state import AnswerState, Given
from bot.core.survey import Choice
from tests.core.paging import EVERYTHING, done, reader
from tests.core.phones import AGE, PARKS
from tests.core.small_surveys import one, survey


@pytest.mark.parametrize("name", ["use", "needs", "why", "since", "age"])
def test_the_same_page_sent_twice_is_one_revision(name: str) -> None:
    fields: dict[str, dict[str, object]] = {
        "use": {"choices": ("yes",)},
        "needs": {"choices": ("lights",)},
        "why": {"text": "Trees"},
        "since": {"day": "3", "month": "5", "year": "2020"},
        "age": {"text": "34"},
    }
    page = reader(EVERYTHING)
    while page.state.standing != name:
        page.skip()
    assert page.post(name, step=0, **fields[name]).became is Became.KEPT
    assert page.post(name, step=0, **fields[name]).became is Became.SAME
    assert len([record for record in page.records if record.question == name]) == 1


def test_a_skip_sent_twice_is_one_revision() -> None:
    page = reader(PARKS)
    assert page.post("use_parks", step=0, skips=True).became is Became.KEPT
    assert page.post("use_parks", step=0, skips=True).became is Became.SAME
    assert len(page.records) == 1


def test_back_shows_a_question_again_without_what_was_answered() -> None:
    page = reader(PARKS)
    page.choose("yes")
    assert page.shown().back == "use_parks"
    again = page.shown("use_parks")
    assert (again.is_answered, again.step, again.back) == (True, 1, "")


def test_an_answered_page_left_blank_keeps_its_answer() -> None:
    page = reader(PARKS)
    page.choose("yes")
    assert page.choose(of="use_parks") is Became.SAME
    assert page.answers["use_parks"] == ("answered", "yes")


def test_a_changed_answer_is_a_new_revision_and_leads_back_to_where_one_was() -> None:
    page = reader(PARKS)
    page.choose("yes")
    assert page.choose("no", of="use_parks") is Became.KEPT
    assert [(record.question, record.revision, record.value) for record in page.records] == [
        ("use_parks", 1, "yes"),
        ("use_parks", 2, "no"),
    ]
    assert page.state.standing == "agree"


def test_an_answer_after_a_skip_and_a_skip_after_an_answer_are_changes() -> None:
    page = reader(PARKS)
    page.skip()
    page.choose("no", of="use_parks")
    page.skip(of="use_parks")
    assert [str(record.state) for record in page.records] == ["skipped", "answered", "skipped"]


def test_an_old_page_does_not_take_a_newer_answer_back_unless_it_is_sent_again() -> None:
    page = reader(PARKS)
    page.choose("yes")
    taken = page.post("use_parks", step=0, choices=("no",))
    assert taken.became is Became.ASKED_AGAIN
    assert taken.problem.startswith("This question was answered since you opened this page.")
    assert page.post("use_parks", step=0, skips=True).became is Became.ASKED_AGAIN
    assert page.choose("no", of="use_parks") is Became.KEPT


def test_a_survey_that_is_done_can_still_be_changed_and_stays_done() -> None:
    page = done()
    at = page.state.completed_at
    assert page.choose("yes", of="sex") is Became.KEPT
    assert (page.state.completed_at, page.state.standing) == (at, "")
    assert form.last_page(page.survey, page.state, page.here) == "sex"


def test_a_change_that_opens_a_question_after_the_end_asks_it() -> None:
    page = reader(survey(one("use", "Use?"), one("often", "Often?", relevant="${use} = 'yes'")))
    page.choose("no")
    assert page.state.standing == ""
    page.choose("yes", of="use")
    assert page.shown().question.name == "often"


def test_a_page_that_is_no_longer_asked_is_told_and_changes_nothing() -> None:
    page = reader(EVERYTHING)
    page.choose("yes")
    page.choose("yes")
    page.choose("no", of="use")
    before = page.state
    assert page.choose("no", of="often") is Became.NO_LONGER_ASKED
    assert page.state == before
    assert page.page("often") is None


def test_a_page_that_was_not_reached_yet_or_is_not_there_is_refused() -> None:
    page = reader(PARKS)
    assert page.write("x", of="better") is Became.NO_LONGER_ASKED
    assert page.write("x", of="nonsense") is Became.NO_LONGER_ASKED
    assert page.page("better") is None


def test_a_choice_that_the_filter_no_longer_offers_is_asked_anew() -> None:
    towns = (Choice("hanley", {"en": "Hanley"}, filters={"side": "north"}), Choice("fenton", {"en": "Fenton"}))
    page = reader(
        survey(
            one("side", "Which side?", (Choice("north", {"en": "North"}), Choice("south", {"en": "South"}))),
            one("town", "Which town?", towns, choice_filter="side = ${side}"),
        )
    )
    page.choose("north")
    assert [option.id for option in page.shown().options] == ["hanley"]
    assert page.choose("fenton") is Became.ASKED_AGAIN
    page.choose("hanley")
    page.choose("south", of="side")
    assert page.state.standing == "town"
    assert not page.shown().is_answered


def test_a_question_whose_words_could_not_be_read_is_answered_on_its_page() -> None:
    page = reader(survey(AGE))
    page.state = structs.replace(page.state, given={"age": Given(AnswerState.UNPARSED, "")})
    assert page.write("34", of="age") is Became.KEPT
