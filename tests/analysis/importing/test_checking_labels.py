"""Cells that should hold labels: what is none is told once with what to do, masked and cut, and never guessed."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.columns import Published
from bot.core.survey import Choice
from tests.analysis.importing.scene import FIRST, HEAD, MAP, SURVEY, looked, problems, row


def test_labels_that_could_be_two_others_are_refused(tmp_path: Path) -> None:
    joined = MAP + '[questions.needs.labels]\n"Buses, parks" = "other"\n'
    (said,) = problems(tmp_path, FIRST, map_text=joined)
    assert "“buses, parks” could be two labels with the separator between them" in said


def test_a_label_of_two_codes_is_told_with_both(tmp_path: Path) -> None:
    alike = replace(
        SURVEY.question("safe"), choices=(Choice("a", {"en": "A", "ur": "X"}), Choice("b", {"en": "X", "pl": "A"}))
    )
    same = replace(alike, choices=(*alike.choices, Choice("c", {"ur": "Z"}), Choice("d", {"pl": "Z"})))
    survey = replace(SURVEY, questions=(same, *SURVEY.questions[2:]))
    without = MAP.replace('[questions.why_not]\ncolumn = "Why not?"\n', "")
    rows = [row(ref=str(number), safe=label) for number, label in enumerate(("A", "X", "Z"))]
    published = Published("stoke", (survey,), None)
    report = looked(tmp_path, rows, 'ignore = ["Why not?"]' + without, published=published).report
    assert dict(report.questions["safe"].codes) == {"a": 1, "b": 1}  # the survey's own language goes first
    (said,) = report.problems
    assert said == "column “Safe?”: “Z” could be c or d; give it a code under questions.safe.labels (row 4)"


def test_words_where_labels_should_be_are_not_repeated(tmp_path: Path) -> None:
    rows = [row(ref=f"W{i}", safe=f"My neighbour at number {i}") for i in range(30)]
    (said,) = problems(tmp_path, *rows)
    assert said == (
        "column “Safe?” holds more than 12 different texts that are no choice of safe: is it the right column, and are "
        "several answers in one cell separated as the map says? (rows 2, 3, 4, 5, 6 and 25 more)"
    )


def test_labels_that_have_lost_their_letters_are_told_once_with_what_to_do(tmp_path: Path) -> None:
    rows = [row(ref="W1", safe="Bia?a"), row(ref="W2", safe="Really?", needs="????, NÃ³w"), row(ref="W3", safe="???")]
    lost, other = problems(tmp_path, *rows)
    assert lost == (
        "labels seem to have lost letters (“Bia?a”, “???” in column “Safe?”; “????”, “NÃ³w” in column “Needs”), and "
        "people's words may have, too: was the file saved in an encoding that lacks them, as Excel does with plain "
        "CSV? Then export it again, as XLSX or as CSV in UTF-8. If a label truly is so, give it a code "
        "(rows 2, 3 and 4)"
    )
    assert "“Really?” is no choice of safe" in other


def test_words_that_seem_to_have_lost_letters_are_not_repeated(tmp_path: Path) -> None:
    rows = [row(ref=f"W{i}", safe=f"My neighbour at number {i}{'??' * (i % 2)}") for i in range(13)]
    lost, words = problems(tmp_path, *rows)
    assert "neighbour" not in lost + words
    assert "labels seem to have lost letters (in column “Safe?”)" in lost
    assert "column “Safe?” holds more than 12 different texts" in words


@pytest.mark.parametrize(
    ("words", "is_lost"),
    [
        pytest.param("????? ?????, ??", True, id="Urdu, saved in Windows-1252"),
        pytest.param("Wi?cej autobus?w i ?wiate?, prosz? bardzo", True, id="Polish, saved likewise"),
        pytest.param("WiÄ™cej autobusÃ³w", True, id="Polish, read as Windows-1252"),
        pytest.param("What?? Really??? Why?No", False, id="somebody who is cross"),
        pytest.param("see council.example/page?v=1", False, id="the address of a page"),
        pytest.param("Więcej światła? تبصرہ؟", False, id="letters as they should be"),
    ],
)
def test_words_that_have_lost_their_letters_are_told(tmp_path: Path, words: str, is_lost: bool) -> None:
    report = looked(tmp_path, [row(safe="Disagree", why=words)]).report
    assert not report.problems
    assert [line.endswith("as XLSX or as CSV in UTF-8 (row 2)") for line in report.notices.listed()] == [True] * is_lost


def test_a_label_that_names_a_person_is_masked(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, row(safe="ask my son on 07700 900123"))
    assert "“ask my son on [phone]” is no choice of safe" in said


RULES = '[questions.safe.labels]\n"ST4*" = "agree"\n"ST4 2*" = "neither"\n"ST1*" = "disagree"\n'


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        pytest.param("ST4 1AB", "agree", id="by its district"),
        pytest.param("st42ab", "neither", id="by its sector, which goes first"),
        pytest.param("ST4 2", "neither", id="a sector alone"),
        pytest.param("ST1 3XX", "disagree", id="another district"),
        pytest.param("ST10 1AB", None, id="a district that begins alike"),
        pytest.param("ST4 2AB, I think", None, id="more than a postcode"),
    ],
)
def test_a_full_postcode_counts_by_a_rule_of_the_map_and_never_by_a_guess(
    tmp_path: Path, cell: str, code: str | None
) -> None:
    report = looked(tmp_path, [row(safe=cell)], MAP + RULES).report
    assert list(report.questions["safe"].codes) == ([code] if code else [])
    assert bool(report.problems) == (code is None)


def test_full_postcodes_are_told_by_the_rules_that_they_need(tmp_path: Path) -> None:
    cells = [f"ST{1 + n % 3} {n % 9}AB" for n in range(60)]
    (said,) = problems(tmp_path, *[row(ref=f"W{n}", safe=cell) for n, cell in enumerate(cells)])
    assert said == (
        "column “Safe?” holds full postcodes, and none is a choice of safe; give each district a code under "
        'questions.safe.labels, as "ST1*" = "CODE": ST1*, ST2*, ST3* (rows 2, 3, 4, 5, 6 and 55 more)'
    )


def test_a_long_label_is_cut(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, row(safe="Well " * 40))
    assert "“Well Well Well Well Well Well Well Well Well Well Well Well…”" in said


def test_other_words_go_with_something_else(tmp_path: Path) -> None:
    other = MAP.replace('separator = ","', 'separator = ","\nother = "Which?"')
    rows = [(*row(needs="Parks"), "A pond"), (*row(ref="W2", needs="Something else"), "A pond"), (*row(ref="W3"), " ")]
    (kept,) = looked(tmp_path, rows, other, head=(*HEAD, "Which?")).rows
    said = [[(a.value_code, a.said) for a in incoming.answers if a.question == "needs"] for incoming in kept]
    assert said == [
        [("parks", "Parks\nA pond"), ("other", "Parks\nA pond")],
        [("other", "Something else\nA pond")],
        [(None, None)],
    ]


def test_what_is_no_label_counts_as_other_where_the_map_says_so(tmp_path: Path) -> None:
    checked = looked(
        tmp_path, [row(needs="Parks, A pond")], MAP.replace('separator = ","', 'separator = ","\notherwise = "other"')
    )
    ((incoming,),) = checked.rows
    assert [(a.value_code, a.said) for a in incoming.answers if a.question == "needs"] == [
        ("parks", "Parks, A pond"),
        ("other", "Parks, A pond"),
    ]
    assert "needs: no label, and counted as other (row 2)" in str(checked.report)


def test_languages_are_known_by_code_name_or_the_maps_word(tmp_path: Path) -> None:
    tongues = MAP + '[language]\ncolumn = "Tongue"\ncodes = { "Form B" = "ur" }\n'
    rows = [(*row(ref=str(i)), word) for i, word in enumerate(("ur", "English", "اردو", "form b", ""), 1)]
    report = looked(tmp_path, rows, tongues, head=(*HEAD, "Tongue")).report
    assert dict(report.languages) == {"ur": 3, "en": 2}
    (said,) = problems(tmp_path, (*row(), "Klingon"), map_text=tongues, head=(*HEAD, "Tongue"))
    assert said.startswith(
        "column “Tongue”: “Klingon” is no language of the survey; give it a code under language.codes"
    )
    words = [(*row(ref=str(number)), f"My words {number}") for number in range(20)]
    (said,) = problems(tmp_path, *words, map_text=tongues, head=(*HEAD, "Tongue"))
    assert "more than 12 different texts" in said
    assert "words 1" not in said
