"""A survey version made ready to be conducted."""

from datetime import date
from itertools import product

import pytest

from bot.core.questionnaire import WAYS_KEPT
from bot.core.survey import Choice, Question, QuestionType, Role
from bot.core.way import Place, Way
from tests.core.small_surveys import AGREEMENT, YES_NO, one, question, survey, words_question
from tests.playing import questionnaire, shipped

TODAY = date(2026, 5, 4)


def test_buttons_are_told_apart_by_version_question_and_choice() -> None:
    made = questionnaire(survey(one("a", "A?"), one("b", "B?", AGREEMENT)))
    other = questionnaire(survey(one("a", "A?"), one("b", "B?")))
    options = made.options(made.question("b"), "en", True, range(6))
    assert [made.tapped(option.id) for option in options] == [(made.question("b"), i) for i in range(6)]
    assert all(other.tapped(option.id) is None for option in options)


def test_buttons_of_a_filtered_list_keep_their_choice() -> None:
    made = questionnaire(survey(one("b", "B?", AGREEMENT)))
    options = made.options(made.question("b"), "en", True, (2, 4))
    assert [option.label for option in options] == ["Neither agree nor disagree", "Strongly disagree"]
    assert [made.tapped(option.id) for option in options] == [(made.question("b"), 2), (made.question("b"), 4)]


def test_the_numbers_of_a_filtered_list_are_those_that_were_shown() -> None:
    made = questionnaire(survey(one("b", "B?", AGREEMENT)))
    for shown in ((2, 4), tuple(range(6)), (1,)):
        asked = made.asked(made.question("b"), "en", shown, TODAY)
        assert [(option.code, option.number) for option in asked.options] == [
            (AGREEMENT[place].name, number) for number, place in enumerate(shown, 1)
        ]


def test_a_reply_can_use_the_full_or_the_short_wording_in_either_language() -> None:
    choices = (Choice("y", {"en": "Certainly", "pl": "Pewnie"}, {"en": "Sure"}),)
    made = questionnaire(survey(one("a", "A?", choices)))
    asked = made.asked(made.question("a"), "pl", (0,), TODAY)
    assert asked.options[0].labels == ("Pewnie", "Certainly", "Sure")


@pytest.mark.parametrize(
    ("kind", "constraint", "most"),
    [
        (QuestionType.SELECT_MULTIPLE, "count-selected(.) <= 3", 3),
        (QuestionType.SELECT_MULTIPLE, "count-selected( . ) < 3", 2),
        (QuestionType.SELECT_MULTIPLE, "", None),
        (QuestionType.SELECT_ONE, "count-selected(.) <= 3", None),
    ],
)
def test_how_many_choices_are_allowed_is_read_from_the_constraint(
    kind: QuestionType, constraint: str, most: int | None
) -> None:
    asked = question("a", kind, "A?", choices=YES_NO, constraint=constraint)
    assert questionnaire(survey(asked)).most(asked) == most


def test_a_question_is_asked_only_where_it_may_be() -> None:
    made = questionnaire(shipped())
    assert "religion" not in {q.name for q in made.route("sms")}
    assert "religion" in {q.name for q in made.route("web")}
    assert made.most_asked("sms") == 12


def test_a_survey_with_very_many_ways_through_is_still_read_rightly() -> None:
    switches = [one(f"s{i}", "?", role=Role.CLOSED) for i in range(10)]
    behind = [words_question(f"b{i}", "?", relevant=f"${{s{i}}} = 'yes'") for i in range(10)]
    made = questionnaire(survey(*switches, *behind))
    for answers in product(("yes", "no"), repeat=10):
        values = {f"s{i}": answer for i, answer in enumerate(answers)}
        way = made.way("sms", values, TODAY)
        assert len(way.asked) == 10 + answers.count("yes")
    assert WAYS_KEPT < 2**10


def test_a_question_that_no_longer_applies_stands_at_the_end() -> None:
    assert Way([one("a", "A?"), one("b", "B?")]).place("gone") == Place(2, 2)
    assert str(Way([]).place("gone")) == "1/1"


def test_wording_falls_back_to_the_default_language_and_never_to_a_dash() -> None:
    asked = Question("a", QuestionType.TEXT, {"en": "Long A?", "pl": "Po polsku?"}, {"en": "A?"})
    made = questionnaire(survey(asked))
    assert made.prompt(asked, "en", True) == "A?"
    assert made.prompt(asked, "pl", True) == "Po polsku?"
    assert made.prompt(asked, "ur", True) == "A?"
    assert made.prompt(asked, "ur", False) == "Long A?"
    assert made.title("ur") == "Our parks"


def test_a_calculation_can_hold_any_text() -> None:
    made = questionnaire(survey(one("a", "A?")))
    assert made.mark("") == ""
    assert made.mark("\ud83d half an emoji") != made.mark("another")


def test_the_name_of_a_choice_that_is_not_there_is_empty() -> None:
    made = questionnaire(survey(one("a", "A?")))
    assert made.value_of("jr:choice-name(${a}, '${a}')", {"a": "yes"}, TODAY) == "Yes"
    assert made.value_of("jr:choice-name(${a}, '${a}')", {"a": "gone"}, TODAY) == ""
