"""A questionnaire that was answered on another form: the same rules, the same states, as in a conversation."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.answered_elsewhere import Field, Taken, take
from bot.core.events import Circumstances
from bot.core.reading import Chosen, Dated, Number, Rule, Unclear, Why, Words
from bot.core.state import Phase
from bot.core.survey import Choice, QuestionType, Role, SurveyDefinition
from tests.core.paging import reader
from tests.core.small_surveys import one, question, survey, words_question
from tests.playing import NOON, questionnaire

WAYS = (
    Choice("bus", {"en": "Bus"}, filters={"wheels": "yes"}),
    Choice("walk", {"en": "On foot"}, filters={"wheels": "no"}),
)
NEEDS = tuple(Choice(code, {"en": code.title()}) for code in ("lights", "buses", "parks"))
SURVEY = survey(
    question("about", QuestionType.NOTE, "This is the plan."),
    one("use", "Do you go there?"),
    replace(one("way", "How?", relevant="${use} = 'yes'"), choices=WAYS),
    question(
        "needs", QuestionType.SELECT_MULTIPLE, "What is needed?", choices=NEEDS, constraint="count-selected(.) <= 2"
    ),
    question("twice", QuestionType.CALCULATE, "", calculation="${age} * 2"),
    question("age", QuestionType.INTEGER, "Age?", role=Role.DEMOGRAPHIC),
    question("since", QuestionType.DATE, "Since?", role=Role.DEMOGRAPHIC),
    words_question("why", "Why?"),
    one("by_text", "Only by text?", channels=("sms",)),
    one("updates", "May we text you?", role=Role.CONTACT),
)
BLANK = {name: Field() for name in ("use", "way", "needs", "age", "since", "why")}


def chosen(*codes: str) -> Field:
    return Field(Chosen(codes, Rule.LABEL, 1.0), " and ".join(codes))


def taken(
    fields: Mapping[str, Field], definition: SurveyDefinition = SURVEY, *, late: bool = False, complete: bool = True
) -> Taken:
    here = Circumstances(NOON, "web", "web", short=False, is_closed=late)
    return take(questionnaire(definition), "en", here, fields, is_complete=complete)


def left(found: Taken) -> dict[str, tuple[str, str]]:
    """Give the newest state and value of each question."""
    return {record.question: (str(record.state), record.value) for record in found.records}


def test_every_kind_of_answer_is_kept_and_what_follows_from_them_is_calculated() -> None:
    fields = {
        "use": chosen("yes"),
        "way": chosen("bus"),
        "needs": chosen("parks", "lights"),
        "age": Field(Number(Decimal(34), Rule.AMOUNT, 1.0), "34"),
        "since": Field(Dated(date(2020, 5, 3), Rule.DATE, 1.0), "03/05/2020"),
        "why": Field(Words("Trees.\nMore of them"), "Trees.\nMore of them"),
    }
    found = taken(fields)
    assert left(found) == {
        "use": ("answered", "yes"),
        "way": ("answered", "bus"),
        "needs": ("answered", "lights parks"),
        "age": ("answered", "34"),
        "since": ("answered", "2020-05-03"),
        "why": ("answered", "Trees.\nMore of them"),
        "twice": ("answered", "68"),
    }
    assert {record.question: record.said for record in found.records}["needs"] == "parks and lights"
    assert found.unfit == found.unasked == ()
    state = found.state
    assert (state.phase, state.completed_at, state.language_source) == (Phase.COMPLETE, NOON.timestamp(), "imported")
    assert (state.core_answered, state.core_applicable, state.late) == (4, 4, False)


def test_a_blank_was_skipped_where_it_applies_and_else_does_not_apply() -> None:
    found = taken(BLANK | {"use": chosen("no")})
    assert left(found) == {
        "use": ("answered", "no"),
        "way": ("not_applicable", ""),
        "needs": ("skipped", ""),
        "age": ("skipped", ""),
        "since": ("skipped", ""),
        "why": ("skipped", ""),
    }
    assert found.state.last_answer_at == NOON.timestamp()


def test_a_sheet_left_all_blank_is_complete_and_skipped() -> None:
    found = taken(BLANK)
    assert left(found)["use"] == ("skipped", "")
    assert (found.state.completed_at, found.state.last_answer_at) == (NOON.timestamp(), None)


def test_a_question_that_the_other_form_did_not_have_is_left_alone() -> None:
    assert set(left(taken({"use": chosen("yes"), "way": Field()}))) == {"use", "way"}


def test_an_answer_that_the_survey_does_not_ask_for_is_kept_and_taken_back() -> None:
    found = taken(BLANK | {"use": chosen("no"), "way": chosen("bus")})
    assert left(found)["way"] == ("not_applicable", "")
    assert [(r.revision, str(r.state), r.said) for r in found.records if r.question == "way"] == [
        (1, "answered", "bus"),
        (2, "not_applicable", ""),
    ]
    assert found.unasked == ("way",)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        pytest.param("needs", chosen("lights", "buses", "parks"), id="more than the survey allows"),
        pytest.param("age", Field(Unclear((), Why.NOTHING), "about thirty"), id="words where a number should be"),
    ],
)
def test_an_answer_that_does_not_fit_is_kept_as_words_without_a_code(name: str, field: Field) -> None:
    found = taken(BLANK | {name: field})
    (record,) = [record for record in found.records if record.question == name]
    assert (str(record.state), record.codes, record.said) == ("unparsed", (), field.said)
    assert found.unfit == (name,)


@pytest.mark.parametrize(
    ("code", "state"), [pytest.param("bus", "answered", id="offered"), pytest.param("walk", "unparsed", id="not")]
)
def test_a_choice_must_be_one_that_the_choice_filter_offers(code: str, state: str) -> None:
    filtered = replace(SURVEY.question("way"), relevant="", choice_filter="wheels = ${use}")
    definition = survey(SURVEY.question("use"), filtered)
    found = taken({"use": chosen("yes"), "way": chosen(code)}, definition)
    assert left(found)["way"] == (state, "bus" if state == "answered" else "")


def test_a_sheet_left_half_way_skipped_only_what_comes_before_its_last_answer() -> None:
    found = taken(BLANK | {"needs": chosen("parks")}, complete=False)
    assert left(found) == {"use": ("skipped", ""), "way": ("not_applicable", ""), "needs": ("answered", "parks")}
    assert (found.state.completed_at, found.state.phase) == (None, Phase.ASKING)


def test_a_sheet_left_before_the_first_answer_leaves_nothing() -> None:
    found = taken(BLANK, complete=False)
    assert {name for name, (state, _) in left(found).items() if state != "not_applicable"} == set()


def test_what_was_handed_in_after_the_close_is_marked_as_late() -> None:
    assert taken(BLANK | {"use": chosen("yes")}, late=True).state.late


ANSWERS = st.fixed_dictionaries(
    {
        "use": st.sampled_from([(), ("yes",), ("no",)]),
        "way": st.sampled_from([(), ("bus",), ("walk",)]),
        "needs": st.lists(st.sampled_from([choice.name for choice in NEEDS]), max_size=2, unique=True).map(tuple),
        "age": st.one_of(st.none(), st.integers(0, 120)),
        "since": st.one_of(st.none(), st.dates(date(1930, 1, 1), date(2026, 1, 1))),
        "why": st.sampled_from(["", "Trees", "2", "=1+1\nand more"]),
    }
)


@settings(max_examples=60)
@given(ANSWERS)
def test_page_by_page_or_all_at_once_the_same_answers_are_left(answers: dict[str, Any]) -> None:
    page = reader(SURVEY)
    while name := page.state.standing:
        value = answers[name]
        if value in ((), None, ""):
            page.skip()
        elif isinstance(value, tuple):
            page.choose(*value)
        elif isinstance(value, date):
            page.post(day=str(value.day), month=str(value.month), year=str(value.year))
        else:
            page.write(str(value))
    # What was not asked on the pages is blank on the other form too.
    asked = {name: answers[name] for name in page.state.trail}
    fields = {name: _field(asked.get(name)) for name in BLANK}
    found = taken(fields)
    assert left(found) == page.answers
    assert (found.state.core_answered, found.state.core_applicable) == (
        page.state.core_answered,
        page.state.core_applicable,
    )


def _field(value: Any) -> Field:
    match value:
        case tuple() if value:
            return chosen(*value)
        case int():
            return Field(Number(Decimal(value), Rule.AMOUNT, 1.0), str(value))
        case date():
            return Field(Dated(value, Rule.DATE, 1.0), value.isoformat())
        case str() if value:
            return Field(Words(value), value)
    return Field()
