"""The columns come from the union of the published versions, in survey order, never from the answers."""

import pytest

from bot.analysis.columns import FIXED, Published, UnknownSurvey, merge_order, read_published
from bot.core.survey import Choice, QuestionType
from storage.script import Database
from tests.analysis.filling import AGREE, DAY, NOW, STOKE, ask, publish, version


def names(*definitions_newest_first: object) -> list[str]:
    published = Published("stoke", definitions_newest_first, None)  # type: ignore[arg-type]
    return list(published.header[len(FIXED) :])


def test_a_question_has_its_value_and_state_and_a_multiple_one_column_per_choice() -> None:
    assert names(STOKE) == [
        *("safe", "safe__state"),
        *("needs", "needs/lights", "needs/buses", "needs/parks", "needs__state"),
        *("why", "why__state", "age", "age__state", "faith", "faith__state"),
    ]


def test_a_calculation_has_a_column_and_notes_and_opt_ins_have_none() -> None:
    assert names(version("1", ask("sum", QuestionType.CALCULATE), ask("n", QuestionType.NOTE))) == ["sum", "sum__state"]


@pytest.mark.parametrize(
    ("orders", "merged"),
    [
        pytest.param([["a", "b", "c"]], ["a", "b", "c"], id="one version"),
        pytest.param([["a", "c"], ["a", "b", "c"]], ["a", "b", "c"], id="dropped from the middle"),
        pytest.param([["b", "c"], ["a", "b"]], ["a", "b", "c"], id="dropped from the front"),
        pytest.param([["a"], ["a", "b"]], ["a", "b"], id="dropped from the end"),
        pytest.param([["c", "a"], ["a", "b", "c"]], ["c", "a", "b"], id="the newest order rules"),
        pytest.param([["a", "d"], ["a", "c", "d"], ["a", "b", "c"]], ["a", "b", "c", "d"], id="three versions"),
    ],
)
def test_what_only_older_versions_have_stands_where_it_stood(orders: list[list[str]], merged: list[str]) -> None:
    assert merge_order(orders) == merged


def test_a_choice_that_was_dropped_keeps_its_column_and_the_newest_label_counts() -> None:
    old = version("1", ask("q", QuestionType.SELECT_MULTIPLE, choices=(Choice("x", {"en": "Old"}), Choice("gone", {}))))
    new = version("2", ask("q", QuestionType.SELECT_MULTIPLE, choices=(Choice("x", {"en": "New"}), Choice("y", {}))))
    published = Published("stoke", (new, old), None)
    assert published.header[len(FIXED) :] == ("q", "q/x", "q/gone", "q/y", "q__state")
    assert published.variables[0].choices[0].label == {"en": "New"}


def test_a_question_named_like_a_fixed_column_gets_a_column_of_its_own() -> None:
    assert names(version("1", ask("language", choices=AGREE))) == ["question_language", "question_language__state"]


@pytest.mark.parametrize(
    ("closes", "closed_at", "is_closed"),
    [
        pytest.param("", None, False, id="never closed"),
        pytest.param("2026-11-22", None, True, id="its closing day is over"),
        pytest.param("2026-11-24", None, False, id="its closing day is to come"),
        pytest.param("", NOW - 1, True, id="closed by hand"),
        pytest.param("2026-12-24", NOW - DAY, True, id="closed by hand before its day"),
    ],
)
def test_a_survey_is_closed_by_hand_or_by_its_date(closes: str, closed_at: int | None, is_closed: bool) -> None:
    assert Published("stoke", (version("1", closes=closes),), closed_at).is_closed(NOW) is is_closed


async def test_versions_are_read_newest_first(database: Database) -> None:
    await database.run(publish(version("b", ask("q")), version("a", ask("q"))))
    published = await database.read(lambda: read_published("stoke"))
    assert [definition.version for definition in published.definitions] == ["a", "b"]
    assert published.languages == ("en", "ur")


async def test_an_unknown_survey_is_answered_with_those_that_there_are(database: Database) -> None:
    await database.run(publish(STOKE))
    with pytest.raises(UnknownSurvey, match=r"'leeds'.*: stoke\."):
        await database.read(lambda: read_published("leeds"))
