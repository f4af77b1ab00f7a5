"""Labels and codes: matched whole, and taken apart without a loss, also where a label holds the separator."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.analysis.importing.labels import Labels, Split, plain
from bot.core.survey import Choice

AGREE = (
    Choice("agree", {"en": "Agree", "ur": "متفق", "pl": "Tak"}, {"en": "Yes"}),
    Choice("neither", {"en": "Neither, nor", "pl": "Inne"}),
    Choice("dont_know", {"en": "Don't know", "pl": "Inne"}),
)
OLDER = (Choice("agree", {"en": "I agree"}), Choice("gone", {"en": "Gone"}))


def labels(**given: str) -> Labels:
    return Labels(given, AGREE, OLDER, "en")


@pytest.mark.parametrize(
    ("label", "code"),
    [
        pytest.param("Agree", "agree", id="as it is"),
        pytest.param("  AGREE\u00a0", "agree", id="another case and spaces"),
        pytest.param("“Don’t  know”", "dont_know", id="other quotation marks"),
        pytest.param("agree", "agree", id="the code"),
        pytest.param("متفق", "agree", id="another language"),
        pytest.param("yes", "agree", id="the short wording"),
        pytest.param("I agree", "agree", id="an older version"),
        pytest.param("Gone", None, id="a code that there is no more"),
        pytest.param("Inne", None, id="a label that two codes have"),
        pytest.param("Disagree", None, id="something else"),
        pytest.param("Agre", None, id="nearly"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_label_is_matched_whole(label: str, code: str | None) -> None:
    assert labels().code(label) == code


def test_what_is_one_choices_code_and_anothers_label_is_never_guessed() -> None:
    cars = tuple(Choice(str(number), {"en": text}) for number, text in enumerate(("0", "1", "2", "Three or more"), 1))
    found = Labels({}, cars, (), "en")
    assert [found.code(text) for text in ("0", "1", "2", "3", "4", "three or more")] == ["1", None, None, "3", "4", "4"]
    assert found.ambiguous == {"1": ("1", "2"), "2": ("2", "3")}
    assert Labels({"1": "2", "2": "3"}, cars, (), "en").code("2") == "3"
    same = tuple(Choice(str(number), {"en": str(number)}) for number in (1, 2))
    assert [Labels({}, same, (), "en").code(text) for text in "12"] == ["1", "2"]


def test_a_label_of_another_language_that_is_a_code_is_never_guessed() -> None:
    choices = (Choice("ano", {"en": "Yes", "cs": "Ano"}), Choice("no", {"en": "Nope", "cs": "Ne", "pl": "Ano"}))
    assert Labels({}, choices, (), "en").ambiguous == {"ano": ("ano", "no")}
    own_first = (Choice("no", {"en": "No", "cs": "Ne"}), Choice("yes", {"en": "Yes", "pl": "No"}))
    assert Labels({}, own_first, (), "en").code("no") == "no"


def test_the_map_goes_before_the_survey() -> None:
    assert labels(Agree="neither", Inne="dont_know").code("agree") == "neither"
    assert labels(Inne="dont_know").code("inne") == "dont_know"


@pytest.mark.parametrize(
    ("cell", "separator", "split"),
    [
        pytest.param("Agree, Neither, nor, Don't know", ", ", (("agree", "neither", "dont_know"), ()), id="in a label"),
        pytest.param("Neither, nor", ",", (("neither",), ()), id="a label alone"),
        pytest.param("Agree;Agree;", ";", (("agree",), ()), id="twice, and an end"),
        pytest.param("Agree\nDon't know", "\n", (("agree", "dont_know"), ()), id="lines"),
        pytest.param("Agree, Perhaps, nor", ",", (("agree",), ("Perhaps", "nor")), id="unknown ones"),
    ],
)
def test_several_answers_in_a_cell_are_taken_apart(
    cell: str, separator: str, split: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    assert labels().split(cell, separator) == Split(*split)


def test_a_label_that_could_be_two_others_is_named() -> None:
    choices = (Choice("a", {"en": "Parks"}), Choice("b", {"en": "Buses"}), Choice("ab", {"en": "Parks, buses"}))
    assert Labels({}, choices, (), "en").divided(",") == ["parks, buses"]
    assert Labels({}, AGREE, (), "en").divided(",") == []


WORDS = st.text(st.sampled_from("abcŻش ,;'-"), min_size=1, max_size=12)


@given(
    st.lists(WORDS, min_size=1, max_size=6, unique_by=plain), st.sampled_from([",", ";", ", ", "\n", " | "]), st.data()
)
def test_whatever_is_joined_is_taken_apart_again(texts: list[str], separator: str, data: st.DataObject) -> None:
    assume(all(plain(text) for text in texts))
    choices = tuple(Choice(f"c{i}x", {"en": text}) for i, text in enumerate(texts))
    table = Labels({}, choices, (), "en")
    mark = separator.strip() or separator
    # A label with the separator at its edge, or made of others, cannot be told apart by anybody.
    assume(
        not table.divided(separator) and not any(t.strip().startswith(mark) or t.strip().endswith(mark) for t in texts)
    )
    assume(all(plain(piece) for text in texts for piece in text.split(mark)))
    pieces = [plain(piece) for text in texts for piece in text.split(mark)]
    assume(len(pieces) == len(set(pieces)))
    chosen = data.draw(st.lists(st.sampled_from(choices), unique_by=lambda choice: choice.name))
    cell = separator.join(choice.label["en"] for choice in chosen)
    found = table.split(cell, separator)
    assert found == Split(tuple(choice.name for choice in chosen), ())
