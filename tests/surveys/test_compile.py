"""A survey file becomes one frozen definition, the same one every time."""

from datetime import date, datetime
from pathlib import Path

import pytest

from bot.core.survey import Choice, Language, QuestionType, Role, Start, SurveyDefinition
from bot.surveys.compile import compile_survey
from bot.surveys.questions import SPECIAL_CATEGORY_CHANNELS
from tests.surveys.workbooks import LABEL, SETTINGS, TEXT, YES_NO, question, workbook

ONE = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}


def definition(path: Path) -> SurveyDefinition:
    return compile_survey(path).definition


def warnings(path: Path) -> list[str]:
    return [str(warning) for warning in compile_survey(path).warnings]


def test_the_smallest_survey_has_four_settings_and_one_question(tmp_path: Path) -> None:
    survey = definition(workbook(tmp_path / "s.xlsx"))
    assert (survey.id, survey.version, survey.title, survey.default_language) == ("t", "1", {"en": "T"}, "en")
    assert survey.languages == (Language("en", "English"),)
    (only,) = survey.questions
    assert (only.name, only.type, only.label, only.role) == ("q", QuestionType.TEXT, {"en": "Why?"}, Role.OPEN)
    assert (only.row, only.channels, only.group, survey.start) == (2, (), "", Start.DIRECT)


def test_the_same_file_gives_the_same_hash_and_reads_back_from_json(tmp_path: Path) -> None:
    survey = definition(workbook(tmp_path / "one.xlsx", [ONE, TEXT]))
    again = definition(workbook(tmp_path / "two.xlsx", [ONE, TEXT]))
    other = definition(workbook(tmp_path / "three.xlsx", [TEXT, ONE]))
    assert survey.hash == again.hash != other.hash
    assert SurveyDefinition.from_json(survey.to_json()) == survey


def test_every_type_and_column_reaches_its_question(tmp_path: Path) -> None:
    survey = definition(
        workbook(
            tmp_path / "s.xlsx",
            [
                {
                    **ONE,
                    "sms_label_en": "Y or n?",
                    "more_en": "In short.",
                    "web_label_en": "Yes, or no?",
                    "web_hint_en": "Tick one.",
                    "hint::English (en)": "Pick one.",
                    "required": "yes",
                    "analysis_role": "demographic",
                    "pii": "yes",
                    "special_category": "yes",
                    "reason": "Equality Act",
                    "web_column": "Q1",
                },
                {"type": "select_multiple yn", "name": "many", LABEL: "Which?", "constraint": "count-selected(.) <= 1"}
                | {"constraint_message::English (en)": "One only.", "channels": "web, SMS"},
                {"type": "integer", "name": "age", LABEL: "Age?"},
                {"type": "decimal", "name": "far", LABEL: "Miles?"},
                {"type": "date", "name": "when", LABEL: "When?"},
                {"type": "note", "name": "told", LABEL: "Thanks."},
                {"type": "calculate", "name": "adult", "calculation": "${age} >= 18"},
            ],
        )
    )
    one, many, *rest = survey.questions
    assert (one.type, one.sms_label, one.more, one.hint) == (
        QuestionType.SELECT_ONE,
        {"en": "Y or n?"},
        {"en": "In short."},
        {"en": "Pick one."},
    )
    assert (one.web_label, one.web_hint) == ({"en": "Yes, or no?"}, {"en": "Tick one."})
    assert one.choices == (Choice("yes", {"en": "Yes"}), Choice("no", {"en": "No"}))
    assert (one.required, one.role, one.pii, one.special_category) == (True, Role.DEMOGRAPHIC, True, True)
    assert (one.reason, one.web_column, one.channels) == ("Equality Act", "Q1", SPECIAL_CATEGORY_CHANNELS)
    assert (many.type, many.constraint, many.constraint_message) == (
        QuestionType.SELECT_MULTIPLE,
        "count-selected(.) <= 1",
        {"en": "One only."},
    )
    assert many.channels == ("sms", "web")
    assert [q.type.value for q in rest] == ["integer", "decimal", "date", "note", "calculate"]
    assert rest[-1].calculation == "${age} >= 18"


def test_the_conditions_of_every_group_around_it_are_folded_into_a_question(tmp_path: Path) -> None:
    outer = {"type": "begin_group", "name": "outer", LABEL: "O", "relevant": "${one} = 'yes' or ${one} = 'no'"}
    inner = {"type": "begin group", "name": "inner", LABEL: "I", "relevant": "${one} != ''"}
    end = {"type": "end_group"}
    rows = [ONE, outer, inner, question(relevant="${one} = 'no'"), end, question(name="p"), end, question(name="r")]
    _, deepest, middle, outside = definition(workbook(tmp_path / "s.xlsx", rows)).questions
    assert deepest.relevant == "((${one} = 'yes' or ${one} = 'no') and (${one} != '')) and (${one} = 'no')"
    assert middle.relevant == "${one} = 'yes' or ${one} = 'no'"
    assert (deepest.group, middle.group, outside.group, outside.relevant) == ("outer", "outer", "", "")


def test_languages_come_from_the_brackets_of_the_headers(tmp_path: Path) -> None:
    rows = [
        question(**{"label::اردو (ur)": "کیوں؟", "label::Roman Urdu (ur-latn)": "Kyun?", "sms_label_ur_Latn": "K?"})
    ]
    choices = [{**row, "label::Polski (pl)": "x"} for row in YES_NO]
    survey = definition(workbook(tmp_path / "s.xlsx", rows, choices, {**SETTINGS, "draft_languages": "pl, ur-Latn"}))
    assert survey.languages == (
        Language("en", "English"),
        Language("ur", "اردو"),
        Language("ur-Latn", "Roman Urdu"),
        Language("pl", "Polski"),
    )
    assert survey.questions[0].label == {"en": "Why?", "ur": "کیوں؟", "ur-Latn": "Kyun?"}
    assert survey.questions[0].sms_label == {"ur-Latn": "K?"}
    assert survey.draft_languages == ("pl", "ur-Latn")


def test_plain_columns_are_in_the_default_language(tmp_path: Path) -> None:
    rows = [{"type": "text", "name": "q", "label": "Why?", "hint": "Say.", "sms_label": "Y?", "more": "Because."}]
    survey = definition(workbook(tmp_path / "s.xlsx", rows, (), {**SETTINGS, "default_language": "en"}))
    only = survey.questions[0]
    assert survey.languages == (Language("en", "en"),)
    assert (only.label, only.hint, only.sms_label, only.more) == (
        {"en": "Why?"},
        {"en": "Say."},
        {"en": "Y?"},
        {"en": "Because."},
    )


def test_every_setting_is_read(tmp_path: Path) -> None:
    settings = {
        **SETTINGS,
        "keyword": "stoke Keele",
        "organisation": "The Council",
        "organisation::Polish (pl)": "Rada",
        "contact_pl": "Biuro",
        "contact": "The office",
        "form_title_pl": "Tytuł",
        "next_steps": "We report in May.",
        "privacy_url": "www.example.gov.uk/p",
        "verify_url": "www.example.gov.uk/v",
        "opens": date(2026, 5, 1),
        "closes": "2026-05-31T17:00",
        "min_age": 16.0,
        "start": "Confirm",
        "version": 2.0,
    }
    survey = definition(workbook(tmp_path / "s.xlsx", settings=settings))
    assert survey.keywords == ("STOKE", "KEELE")
    assert (survey.organisation, survey.contact) == (
        {"en": "The Council", "pl": "Rada"},
        {"en": "The office", "pl": "Biuro"},
    )
    assert (survey.title, survey.next_steps) == ({"en": "T", "pl": "Tytuł"}, {"en": "We report in May."})
    assert (survey.privacy_url, survey.verify_url) == ("www.example.gov.uk/p", "www.example.gov.uk/v")
    assert (survey.opens, survey.closes) == ("2026-05-01", "2026-05-31T17:00")
    assert (survey.min_age, survey.start, survey.version) == (16, Start.CONFIRM, "2")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (date(2026, 11, 22), "2026-11-22"),
        (datetime.fromisoformat("2026-11-22T09:30"), "2026-11-22 09:30:00"),
        ("2026-11-22", "2026-11-22"),
        (1.0, "1"),
        (1, "1"),
        (1.5, "1.5"),
        ("1.0", "1.0"),
    ],
    ids=["a day", "a moment", "a day as text", "a whole number", "an integer", "a number", "a number as text"],
)
def test_a_version_is_what_its_cell_shows(tmp_path: Path, cell: object, text: str) -> None:
    assert definition(workbook(tmp_path / "s.xlsx", settings={**SETTINGS, "version": cell})).version == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (date(2026, 5, 31), "2026-05-31"),
        (datetime.fromisoformat("2026-05-31T17:00"), "2026-05-31T17:00:00"),
        ("2026-05-31 17:00", "2026-05-31T17:00"),
    ],
    ids=["a day", "a moment", "a moment as text"],
)
def test_opening_and_closing_may_be_cells_with_a_date(tmp_path: Path, cell: object, text: str) -> None:
    survey = definition(workbook(tmp_path / "s.xlsx", settings={**SETTINGS, "opens": cell, "closes": cell}))
    assert (survey.opens, survey.closes) == (text, text)


def test_a_code_and_a_label_that_excel_takes_for_a_day_are_that_day(tmp_path: Path) -> None:
    choices = [{"list_name": "yn", "name": date(2026, 6, 1), LABEL: date(2026, 6, 1)}]
    (one,) = definition(workbook(tmp_path / "s.xlsx", [ONE], choices)).questions
    assert one.choices == (Choice("2026-06-01", {"en": "2026-06-01"}),)


def test_a_filtered_list_carries_the_columns_that_its_filter_reads(tmp_path: Path) -> None:
    choices = [
        {"list_name": "yn", "name": "yes", LABEL: "Yes", "area": "north", "notes": "x"},
        {"list_name": "yn", "name": "no", LABEL: "No"},
    ]
    rows = [TEXT, ONE, {**ONE, "name": "two", "choice_filter": "area = ${q} or name = 'no'"}]
    _, whole, filtered = definition(workbook(tmp_path / "s.xlsx", rows, choices)).questions
    assert [choice.filters for choice in whole.choices] == [{}, {}]
    assert [choice.filters for choice in filtered.choices] == [{"area": "north", "name": "yes"}, {"name": "no"}]


def test_a_calculation_may_read_what_comes_later(tmp_path: Path) -> None:
    rows = [{"type": "calculate", "name": "c", "calculation": "string-length(${q})"}, TEXT]
    assert definition(workbook(tmp_path / "s.xlsx", rows)).questions[0].calculation == "string-length(${q})"


def test_a_condition_may_read_a_calculation_on_what_came_before(tmp_path: Path) -> None:
    rows = [
        TEXT,
        {"type": "calculate", "name": "a", "calculation": "string-length(${q})"},
        {"type": "calculate", "name": "b", "calculation": "${a} + ${a}"},
        question(name="p", relevant="${a} > 1 and ${b} > 2"),
    ]
    assert definition(workbook(tmp_path / "s.xlsx", rows)).questions[-1].relevant == "${a} > 1 and ${b} > 2"


def test_rows_about_a_device_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", [{"type": "start", "name": "start"}, {"type": "audit"}, TEXT])
    assert [q.name for q in definition(path).questions] == ["q"]
    assert warnings(path) == [
        "survey sheet, row 2, type: 'start' is left out: it records a device, and there is none",
        "survey sheet, row 3, type: 'audit' is left out: it records a device, and there is none",
    ]


def test_a_disabled_row_is_left_out(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", [question(name="old", disabled="yes"), TEXT])
    assert [q.name for q in definition(path).questions] == ["q"]


def test_what_would_be_lost_is_warned_of(tmp_path: Path) -> None:
    rows = [question(default="x", required="${q} = 1", anlysis_role="open", more_pl="Bo.")]
    found = warnings(
        workbook(tmp_path / "s.xlsx", rows, settings={**SETTINGS, "default_language": "en", "organization": "C"})
    )
    assert set(found) >= {
        "settings sheet, row 2, default_language: write 'English (en)' as in the columns, for ODK and Kobo",
        "settings sheet, row 2, organization: this is no setting of Earshot; is it misspelt?",
        "survey sheet, row 1, anlysis_role: this is no column that Earshot reads; is it misspelt?",
        "survey sheet, row 1, more_pl: the file has no column label::... (pl), so nobody reads this",
        "survey sheet, row 2, default: 'default' is left out: a text message has no place for it",
        "survey sheet, row 2, required: a condition is read as yes; over text nobody is forced to answer anyway",
    }


def test_a_language_with_its_script_is_no_unknown_code(tmp_path: Path) -> None:
    roman = {**TEXT, "label::Roman Urdu (ur-Latn)": "Kyun?"}
    odd = {**roman, "label::Odd (xqz)": "Y?"}
    assert compile_survey(workbook(tmp_path / "roman.xlsx", [roman])).warnings == ()
    (warning,) = compile_survey(workbook(tmp_path / "odd.xlsx", [odd])).warnings
    assert "Odd (xqz)" in warning.message
