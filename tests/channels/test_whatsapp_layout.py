"""How a question looks on WhatsApp: every way it can look, and that no two options ever look alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Option
from channels.segments import utf_16_units
from channels.whatsapp_content import as_types
from channels.whatsapp_layout import (
    MAX_BODY,
    MAX_DESCRIPTION,
    Button,
    Buttons,
    Layout,
    Picker,
    Row,
    Written,
    arrange,
    in_words,
    seen,
)
from tests.fakes.twilio_content import ContentStore

QUESTION = "Do you feel safe? 3/9"
LONG = "I have lived here for more than twenty years"  # 44 characters
VERY_LONG = "I have lived in this street for so long that nobody can remember who lived here before me"


def options(*labels: str) -> tuple[Option, ...]:
    return tuple(Option(f"a1b2c3d4.2.{place}", label) for place, label in enumerate(labels))


def buttons(body: str, *titles: str) -> Buttons:
    return Buttons(body, tuple(Button(f"a1b2c3d4.2.{place}", title) for place, title in enumerate(titles)))


def picker(body: str, *rows: tuple[str, str]) -> Picker:
    return Picker(body, tuple(Row(f"a1b2c3d4.2.{place}", *row) for place, row in enumerate(rows)))


FIVE = ("Very safe", "Fairly safe", "Neither", "Fairly unsafe", "Very unsafe")


@pytest.mark.parametrize(
    ("labels", "layout"),
    [
        pytest.param((), Written(QUESTION), id="nothing to choose is a text"),
        pytest.param(("Yes", "No"), buttons(QUESTION, "Yes", "No"), id="two are buttons"),
        pytest.param(("Yes", "No", "Don't\n know"), buttons(QUESTION, "Yes", "No", "Don't know"), id="on one line"),
        pytest.param(("x" * 20, "No"), buttons(QUESTION, "x" * 20, "No"), id="the longest label on a button"),
        pytest.param(
            ("x" * 21, "No"),
            buttons(f"{QUESTION}\n1 {'x' * 21}\n2 No", "1", "2"),
            id="a label too long for a button, so all buttons have numbers",
        ),
        pytest.param(
            ("\U0001f600" * 11, "No"),
            buttons(f"{QUESTION}\n1 {chr(0x1F600) * 11}\n2 No", "1", "2"),
            id="eleven faces are too long for a button: each counts as two",
        ),
        pytest.param(
            ("Yes", "YES", "No"), buttons(f"{QUESTION}\n1 Yes\n2 YES\n3 No", "1", "2", "3"), id="two that look alike"
        ),
        pytest.param(FIVE, picker(QUESTION, *[(label, "") for label in FIVE]), id="five are a list"),
        pytest.param(
            ("x" * 24, *FIVE), picker(QUESTION, ("x" * 24, ""), *[(label, "") for label in FIVE]), id="longest in a row"
        ),
        pytest.param(
            ("x" * 25, "Two", "Three", "Four"),
            picker(
                f"{QUESTION}\n1 {'x' * 25}\n2 Two\n3 Three\n4 Four",
                *[("1", "x" * 25), ("2", "Two"), ("3", "Three"), ("4", "Four")],
            ),
            id="one character too long for a row",
        ),
        pytest.param(
            ("One year", "Two years", "Five years", LONG),
            picker(
                f"{QUESTION}\n1 One year\n2 Two years\n3 Five years\n4 {LONG}",
                *[("1", "One year"), ("2", "Two years"), ("3", "Five years"), ("4", LONG)],
            ),
            id="a label too long for a row, so all rows have numbers and whole labels below",
        ),
        pytest.param(
            ("One year", "Two years", "Five years", VERY_LONG),
            picker(
                f"{QUESTION}\n1 One year\n2 Two years\n3 Five years\n4 {VERY_LONG}",
                *[("1", "One year"), ("2", "Two years"), ("3", "Five years")],
                ("4", f"{VERY_LONG[:71]}…"),
            ),
            id="a label too long even below a row is cut there and whole in the text",
        ),
        pytest.param(
            [f"Option {n}" for n in range(10)], picker(QUESTION, *[(f"Option {n}", "") for n in range(10)]), id="ten"
        ),
        pytest.param(
            [f"Option {n}" for n in range(11)],
            Written(QUESTION + "".join(f"\n{n + 1} Option {n}" for n in range(11))),
            id="eleven are numbered lines",
        ),
        pytest.param(("Yes", " "), Written(f"{QUESTION}\n1 Yes\n2  "), id="an empty label is a numbered line"),
        pytest.param(
            ("{{1}}", "No"), Written(f"{QUESTION}\n1 {{{{1}}}}\n2 No"), id="what Twilio would fill in is never a button"
        ),
    ],
)
def test_a_question_looks_like_this(labels: tuple[str, ...], layout: Layout) -> None:
    assert arrange(QUESTION, options(*labels)) == layout


def test_a_question_too_long_to_stand_above_buttons_has_numbered_lines() -> None:
    assert arrange("x" * 1024, options("Yes", "No")) == buttons("x" * 1024, "Yes", "No")
    assert arrange("x" * 1025, options("Yes", "No")) == Written("x" * 1025 + "\n1 Yes\n2 No")
    assert arrange("x" * 1024, options("x" * 21, "No")) == Written("x" * 1024 + f"\n1 {'x' * 21}\n2 No")
    assert arrange("x" * 1025, options(*FIVE)) == Written(in_words("x" * 1025, options(*FIVE)))


def test_a_list_whose_numbered_lines_do_not_fit_above_it_has_the_labels_in_its_rows_alone() -> None:
    labels = (*FIVE, LONG)
    rows = [(str(number), label) for number, label in enumerate(labels, 1)]
    assert arrange("x" * 1000, options(*labels)) == picker("x" * 1000, *rows)


def test_a_list_with_a_label_that_fits_nowhere_whole_is_numbered_lines() -> None:
    assert isinstance(arrange("x" * 1000, options(*FIVE, VERY_LONG)), Written)


def test_options_without_a_text_stand_in_the_text_too() -> None:
    assert arrange("", options("Yes", "No")) == buttons("1 Yes\n2 No", "1", "2")


@pytest.mark.parametrize(
    ("opener", "shown"),
    [("Wybierz", "Wybierz"), ("", "Choose"), ("x" * 20, "x" * 20), ("x" * 21, "Choose")],
    ids=["in the resident's language", "none given", "as long as it can be", "too long"],
)
def test_the_button_that_opens_a_list_says_what_to_do(opener: str, shown: str) -> None:
    layout = arrange(QUESTION, options(*FIVE), opener)
    assert isinstance(layout, Picker)
    assert layout.opener == shown


LABELS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=90), max_size=12)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=1100), LABELS)
def test_laid_out_twice_is_laid_out_once(text: str, labels: list[str]) -> None:
    once = arrange(text, options(*labels))
    assert arrange(seen(once), options(*labels)) == once
    assert arrange(in_words(text, options(*labels)), options(*labels)) == once


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=1100), LABELS)
def test_whatever_is_asked_twilio_takes_it_and_no_two_options_look_alike(text: str, labels: list[str]) -> None:
    layout = arrange(text, options(*labels))
    if isinstance(layout, Written):
        return
    made = ContentStore().create(_json(as_types(layout)))
    shown = made.shown({})
    titles = [title for _, title in (*shown.buttons, *shown.rows)]
    assert len({title.casefold() for title in titles}) == len(labels)
    assert [tapped for tapped, _ in (*shown.buttons, *shown.rows)] == [option.id for option in options(*labels)]
    assert utf_16_units(shown.text) <= MAX_BODY
    assert all(utf_16_units(below) <= MAX_DESCRIPTION for below in shown.below)
    for label, title, below in zip(labels, titles, shown.below or [""] * len(titles), strict=True):
        whole = " ".join(label.split())
        assert whole in (title, below) or label in shown.text


def _json(types: object) -> bytes:
    return json.dumps({"language": "en", "types": types}).encode()
