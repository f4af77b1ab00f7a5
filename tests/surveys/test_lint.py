"""What `survey check` tells an author about a survey that could be better."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.survey import SurveyDefinition
from bot.surveys.compile import compile_survey
from bot.surveys.lint import as_sms, lint
from bot.surveys.reading_age import reading_age, syllables
from channels.segments import count
from tests.surveys.workbooks import LABEL, SETTINGS, YES_NO, Cells, question, workbook

FULL: Cells = {
    **SETTINGS,
    "keyword": "K",
    "organisation": "O",
    "privacy_url": "w.w",
    "verify_url": "w.w",
    "contact": "Ann, 01632 960000",
    "closes": "2026-01-01",
    "min_age": "0",
}
ASKED = question(hint="In your own words.")
ONE = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}
POLISH_YES_NO = tuple({**row, "label::Polish (pl)": row["name"]} for row in YES_NO)
Lint = Callable[..., list[str]]


def segments(text: str) -> int:
    return count(text).segments


@pytest.fixture
def found(tmp_path: Path) -> Lint:
    def check(rows: list[Cells], choices: tuple[Cells, ...] = YES_NO, settings: Cells = FULL) -> list[str]:
        definition = compile_survey(workbook(tmp_path / "s.xlsx", rows, choices, settings)).definition
        return [str(problem) for problem in lint(definition, segments=segments)]

    return check


def test_a_good_survey_has_nothing_to_say_about(found: Lint) -> None:
    assert found([ASKED, ONE]) == []


def test_settings_that_a_campaign_needs_are_named(found: Lint) -> None:
    lines = found([ASKED], settings=SETTINGS)
    assert [line.split(": ")[0].rsplit(", ")[-1] for line in lines] == [
        "organisation",
        "privacy_url",
        "verify_url",
        "contact",
        "closes",
        "min_age",
        "keyword",
    ]


@pytest.mark.parametrize(
    ("contact", "reaches"),
    [
        pytest.param("Ann Ward, 01632 960000", True, id="a phone number"),
        pytest.param("+44 (0)1632 960-000", True, id="a phone number written for abroad"),
        pytest.param(
            "\u06f0\u06f1\u06f6\u06f3\u06f2 \u06f9\u06f6\u06f0\u06f0\u06f0\u06f0", True, id="digits of another script"
        ),
        pytest.param("say@council.example", True, id="an e-mail address"),
        pytest.param("Civic Centre, ST4 1HH", True, id="a postcode"),
        pytest.param("the council's Customer Services", False, id="a name alone"),
        pytest.param("the 2026-30 team, room 12", False, id="numbers that nobody can call"),
        pytest.param("ann @ the desk", False, id="no e-mail address"),
    ],
)
def test_a_contact_says_how_to_reach_a_person(found: Lint, contact: str, reaches: bool) -> None:
    said = (
        "settings sheet, row 2: contact holds no phone number, e-mail address or postal address with its postcode, so "
        "HELP does not tell residents how to reach a person; write one there, such as 'Customer Services, 01632 960000'"
    )
    assert found([ASKED], settings={**FULL, "contact": contact}) == ([] if reaches else [said])


def test_every_language_of_a_contact_is_looked_at(found: Lint) -> None:
    (line,) = found([{**ONE, "label::Polish (pl)": "Tak?"}], POLISH_YES_NO, {**FULL, "contact_pl": "Ania"})
    assert line.startswith("settings sheet, row 2: contact_pl holds no phone number")
    (line,) = found([{**ONE, "label::Polish (pl)": "Tak?"}], POLISH_YES_NO, {**FULL, "contact": "A", "contact_pl": "B"})
    assert line.startswith("settings sheet, row 2: contact and contact_pl hold no phone number")


def test_an_eleventh_core_question_is_one_too_many(found: Lint) -> None:
    rows = [{**ASKED, "name": f"q{n}"} for n in range(11)]
    assert found(rows[:10]) == []
    assert found(rows) == [
        "survey sheet, row 12: there are 11 questions before the ones about the person; "
        "over text few people answer more than 10"
    ]
    assert found([{**row, "analysis_role": "demographic"} if n else row for n, row in enumerate(rows)]) == []


def test_two_choices_with_one_label_are_named(found: Lint) -> None:
    same = tuple({**row, LABEL: label} for row, label in zip(YES_NO, ("Maybe", "maybe"), strict=True))
    told = "choices 'yes' and 'no' have the same label; word them apart"
    assert [line for line in found([ONE], same) if told in line] == [f"survey sheet, row 2, type: one: {told}"]


def test_a_missing_translation_names_what_is_missing(found: Lint) -> None:
    choices = tuple({**row, "label::Polish (pl)": "Tak" if row["name"] == "yes" else None} for row in YES_NO)
    assert found([{**ONE, "more_en": "M"}], choices) == [
        "survey sheet, row 2, Polish (pl): one: not translated: label, more, choice 'no'"
    ]


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        pytest.param({"1": "0", "2": "1", "3": "Two or more"}, ["2"], id="numbers that are not their own"),
        pytest.param({"1": "1", "2": "2"}, [], id="their own"),
        pytest.param({"yes": " NO", "no": "Never"}, ["yes"], id="case and spaces"),
    ],
)
def test_a_label_that_is_another_choices_name_is_named(found: Lint, labels: dict[str, str], named: list[str]) -> None:
    choices = tuple({"list_name": "yn", "name": name, LABEL: label} for name, label in labels.items())
    lines = found([ONE], choices)
    assert len(lines) == len(named)
    for line, name in zip(lines, named, strict=True):
        assert f"one: choice '{name}' has the label" in line


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{**ONE, "analysis_role": "demographic"}],
            "survey sheet, row 2, type: one: a question about the person needs a choice 'prefer_not'",
        ),
        (
            [{**ONE, "special_category": "yes"}],
            "survey sheet, row 2, reason: one: special-category data needs a reason; say what it is asked for",
        ),
        (
            [question()],
            "survey sheet, row 2, hint: q: say how to answer an open question, such as 'In your own words.'",
        ),
        (
            [{**ONE, LABEL: "Yes or no? " * 15}],
            "survey sheet, row 2, English (en): one: costs 2 SMS segments (179 characters); shorten it in sms_label_en",
        ),
        (
            [question(**{LABEL: "Why? " * 62, "hint": "x"})],
            "survey sheet, row 2, English (en): q: costs 3 SMS segments (313 characters); shorten it in sms_label_en",
        ),
        (
            [{**ONE, "label::Polish (pl)": "Tak czy nie, proszę, czy się pan zgadza, czy też nie zgadza? " * 3}],
            "survey sheet, row 2, Polish (pl): one: costs 3 SMS segments; the characters ę ż more than double the price"
            "; shorten it in sms_label_pl",
        ),
        (
            [{**ONE, LABEL: "Café – yes or “no” → ☕?"}],
            "survey sheet, row 2, English (en): one: the characters → ☕ more than double the price of the SMS; "
            "use plain letters",
        ),
        (
            [
                question(
                    hint="x",
                    **{LABEL: "To what extent are institutional communication arrangements satisfactory here?"},
                )
            ],
            "survey sheet, row 2, label: q: reads as for age 18 (an estimate; aim for 9): shorter sentences, "
            "shorter words",
        ),
    ],
    ids=[
        "no prefer_not",
        "no reason",
        "no hint",
        "too long",
        "open and too long",
        "diacritics",
        "symbols",
        "hard words",
    ],
)
def test_what_could_be_better_is_told_by_row(found: Lint, rows: list[Cells], message: str) -> None:
    assert message in found(rows)


def test_a_translation_may_cost_two_segments(found: Lint) -> None:
    polish = "Tak czy nie, proszę, czy się pan zgadza, czy też nie zgadza?"
    rows = [{**ONE, "label::Polish (pl)": polish}]
    assert not any("segments" in line for line in found(rows))


def test_what_is_never_asked_by_sms_may_be_long(found: Lint) -> None:
    assert found([{**ONE, LABEL: "Yes or no? " * 15, "channels": "web"}]) == []


def test_a_question_is_shown_as_a_resident_gets_it(tmp_path: Path) -> None:
    choices = tuple({**row, "label::Polish (pl)": "Tak" if row["name"] == "yes" else None} for row in YES_NO)
    rows = [{**ONE, "sms_label_en": "Y/N?", "label::Polish (pl)": "Tak czy nie?"}]
    definition: SurveyDefinition = compile_survey(workbook(tmp_path / "s.xlsx", rows, choices)).definition
    asked = definition.question("one")
    assert as_sms(definition, asked, "en", "3/8") == "3/8 Y/N?\n1 Yes\n2 No"
    assert as_sms(definition, asked, "pl") == "8/8 Tak czy nie?\n1 Tak\n2 No"


def test_easy_words_read_younger_than_hard_ones() -> None:
    easy = reading_age("Do you feel safe when you walk in the park at night?")
    hard = reading_age("To what extent is personal safety perceived to be compromised in recreational localities?")
    assert easy is not None
    assert hard is not None
    assert easy <= 9 < 13 < hard


def test_a_name_or_a_quotation_does_not_make_a_sentence_hard() -> None:
    plain = reading_age("How well do you know the people who live near you in Leek?")
    assert reading_age("How well do you know the people who live near you in Wolverhampton?") == plain
    assert reading_age('How well do you know the people who live near you in "my vicinity" Leek?') == plain


def test_a_few_words_have_no_reading_age() -> None:
    assert reading_age("What is your religion?") is None


SPOKEN = "the 1, people 2, area 3, idea 3, lives 1, trusted 2, community 4, decisions 3, being 2, asked 1, hm 1"


@pytest.mark.parametrize(("word", "number"), [tuple(pair.split()) for pair in SPOKEN.split(", ")])
def test_syllables_are_counted_as_they_are_spoken(word: str, number: str) -> None:
    assert syllables(word) == int(number)
