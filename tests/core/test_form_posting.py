"""What a posted page means: an answer, none, one after the close, and whatever else can be posted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import form
from bot.core.form import Became, Posted
from bot.core.limits import FORM_CHARACTERS
from bot.core.state import AnswerState
from tests.core.paging import EVERYTHING, Reader, reader
from tests.core.phones import AGE, PARKS
from tests.core.small_surveys import one, survey, words_question
from tests.playing import questionnaire, shipped

# -- what a posted page means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields", "problem"),
    [
        pytest.param("use", {}, "Give an answer, or skip this question.", id="nothing chosen"),
        pytest.param("use", {"choices": ("maybe",)}, "Give an answer, or skip this question.", id="no such choice"),
        pytest.param("use", {"choices": ("yes", "no")}, "Give an answer, or skip this question.", id="two of one"),
        pytest.param(
            "needs",
            {"choices": ("lights", "buses", "parks")},
            "That is more than 2. Please choose up to 2.",
            id="too many",
        ),
        pytest.param("needs", {"choices": ("lights", "x")}, "Give an answer, or skip this question.", id="one is none"),
        pytest.param("why", {"text": " \n"}, "Give an answer, or skip this question.", id="blank words"),
        pytest.param(
            "why",
            {"text": "x" * (FORM_CHARACTERS + 1)},
            "Your answer has 10,001 characters. It can have at most 10,000. Nothing was cut: please shorten it.",
            id="too long",
        ),
        pytest.param("since", {"day": " "}, "Give an answer, or skip this question.", id="no date"),
        pytest.param(
            "since",
            {"day": "31", "month": "2", "year": "2020"},
            "Write a real date, as numbers: day, month and year.",
            id="no such day",
        ),
        pytest.param(
            "since",
            {"day": "3", "month": "May", "year": "2020"},
            "Write a real date, as numbers: day, month and year.",
            id="a month by name",
        ),
        pytest.param(
            "since",
            {"day": "3", "month": "5", "year": "20"},
            "Write a real date, as numbers: day, month and year.",
            id="a year of two digits",
        ),
        pytest.param(
            "since",
            {"day": "3", "month": "5", "year": "2999"},
            "Sorry, that answer does not fit this question.",
            id="a date to come",
        ),
        pytest.param("age", {"text": "old"}, "Write a number only, like 34.", id="no number"),
        pytest.param("age", {"text": "12"}, "16 or over.", id="the survey's own words"),
    ],
)
def test_what_is_no_answer_is_asked_again_and_nothing_is_kept(
    name: str, fields: dict[str, object], problem: str
) -> None:
    page = reader(EVERYTHING)
    while page.state.standing != name:
        page.skip()
    before = list(page.records)
    taken = page.post(**fields)
    assert (taken.became, taken.problem) == (Became.ASKED_AGAIN, problem)
    assert page.records == before


def test_words_are_kept_as_they_were_written_up_to_the_limit() -> None:
    page = reader(survey(words_question("why", "Why?")))
    said = "  Stop the boats?\n" + "ä" * (FORM_CHARACTERS - 18)
    assert page.write(said) is Became.KEPT
    assert page.records[-1].said == said


def test_every_question_can_be_skipped_required_or_not() -> None:
    page = reader(survey(one("use", "Use?", required=True), words_question("why", "Why?")))
    assert [page.skip(), page.skip()] == [Became.KEPT, Became.KEPT]
    assert page.answers == {"use": ("skipped", ""), "why": ("skipped", "")}
    assert page.state.completed_at is not None


def test_a_number_that_is_declined_in_words_is_a_refusal() -> None:
    page = reader(survey(AGE))
    assert page.write("prefer not to say") is Became.KEPT
    assert page.write("rather not say", of="age") is Became.SAME
    assert [record.state for record in page.records] == [AnswerState.REFUSED]


# -- after the close ---------------------------------------------------------------------------------------------------


def test_the_first_answer_after_the_close_is_kept_as_late_and_no_other() -> None:
    page = reader(PARKS)
    page.choose("yes")
    page.is_closed = True
    assert page.choose("agree") is Became.LATE
    assert (page.state.late, page.state.standing) == (True, "agree")
    assert page.choose("disagree") is Became.CLOSED
    assert [record.value for record in page.records] == ["yes", "agree"]


def test_an_answer_from_after_the_close_is_passed_once_the_survey_is_open_again() -> None:
    page = reader(PARKS)
    page.choose("yes")
    page.is_closed = True
    page.choose("agree")
    page.is_closed = False
    before = len(page.records)
    assert page.choose("agree") is Became.SAME
    assert (page.state.standing, page.state.late, len(page.records)) == ("better", False, before)


def test_a_blank_page_keeps_an_answer_from_after_the_close_and_goes_on() -> None:
    page = reader(PARKS)
    page.choose("yes")
    page.is_closed = True
    page.choose("agree")
    page.is_closed = False
    assert page.choose() is Became.SAME
    assert page.state.standing == "better"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        pytest.param("agree", {"skips": True}, id="a skip"),
        pytest.param("agree", {}, id="nothing"),
        pytest.param("agree", {"choices": ("x",)}, id="no such choice"),
        pytest.param("use_parks", {"choices": ("no",)}, id="an earlier question"),
    ],
)
def test_what_is_no_first_answer_to_the_standing_question_is_not_kept_after_the_close(
    name: str, fields: dict[str, object]
) -> None:
    page = reader(PARKS)
    page.choose("yes")
    page.is_closed = True
    assert page.post(name, **fields).became is Became.CLOSED
    assert len(page.records) == 1


# -- whatever happens --------------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["", "34", "12", "yes", "no", "Trees", "۳۴", "prefer not to say", "x" * 10_001]) | st.text()
POSTS = st.builds(
    Posted,
    question=st.sampled_from([*(each.name for each in EVERYTHING.questions), "", "nonsense"]),
    step=st.integers(-1, 3),
    skips=st.booleans(),
    choices=st.lists(st.sampled_from(["yes", "no", "lights", "parks", "x"]), max_size=3).map(tuple),
    text=TEXTS,
    day=st.sampled_from(["3", "31", "", "x"]),
    month=st.sampled_from(["2", "5", "99999999999999999999"]),
    year=st.sampled_from(["2020", "20", "", "-1"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(POSTS, max_size=25))
def test_whatever_is_posted_in_whatever_order_has_an_answer_and_every_change_one_revision(posts: list[Posted]) -> None:
    page = reader(EVERYTHING)
    for posted in posts:
        taken = form.take(page.survey, page.state, page.here, posted)
        changed = taken.became in (Became.KEPT, Became.LATE)
        assert changed or (taken.records == () and taken.state == page.state)
        assert bool(taken.problem) == (taken.became is Became.ASKED_AGAIN)
        page.keep(taken)
        standing = page.page()
        assert (standing is None) == (page.state.standing == "")
    revisions = [(record.question, record.revision) for record in page.records]
    assert len(set(revisions)) == len(revisions)


def test_the_shipped_survey_can_be_answered_to_its_end_in_every_language() -> None:
    for language in shipped().languages:
        page = Reader(questionnaire(shipped()))
        page.begin(language.code, is_chosen=True)
        for _ in range(40):
            if not page.state.standing:
                break
            shown = page.shown()
            page.post(choices=tuple(option.id for option in shown.options[:1]), text="34")
        assert page.state.completed_at is not None
