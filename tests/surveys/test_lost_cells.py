"""A cell whose words the spreadsheet does not hold stops the file, by sheet, row and column."""

import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bot.surveys.compile import compile_survey
from tests.surveys.workbooks import LABEL, SETTINGS, YES_NO, old_workbook, question, refusals, workbook

ONE = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}


def no_words(error: str) -> str:
    return f"'{error}' is the spreadsheet's error, not words; mend the cell, or write its words out"


NO_RESULT = "its formula has no result; open the file in Excel or LibreOffice and save it, or write words"


def worked_out(path: Path, cell: str, result: str) -> Path:
    """Give a formula of the survey sheet the text that Excel would have worked out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    pattern = rf'<c r="{cell}"[^>]*>(<f>.*?</f>)<v ?/>'
    parts[sheet], count = re.subn(pattern.encode(), rf'<c r="{cell}" t="str">\1<v>{result}</v>'.encode(), parts[sheet])
    assert count == 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("error", ["#REF!", "#NAME?", "#N/A", "#DIV/0!", "#SPILL!", "Err:508"])
def test_an_error_in_the_place_of_words_is_refused_wherever_it_stands(tmp_path: Path, error: str) -> None:
    path = workbook(
        tmp_path / "s.xlsx",
        [ONE, question(**{LABEL: error})],
        [YES_NO[0], {**YES_NO[1], LABEL: error}],
        {**SETTINGS, "organisation": error},
    )
    assert refusals(path) == [
        f"settings sheet, row 2, organisation: {no_words(error)}",
        f"choices sheet, row 3, label::English (en): {no_words(error)}",
        f"survey sheet, row 3, label::English (en): {no_words(error)}",
    ]


def test_an_error_that_excel_marks_as_one_is_refused(tmp_path: Path) -> None:
    book = load_workbook(workbook(tmp_path / "s.xlsx"))
    book["survey"]["C2"] = "#REF!"
    assert book["survey"]["C2"].data_type == "e"
    book.save(tmp_path / "s.xlsx")
    assert refusals(tmp_path / "s.xlsx") == [f"survey sheet, row 2, label::English (en): {no_words('#REF!')}"]


def test_an_error_in_the_place_of_a_column_s_name_is_refused(tmp_path: Path) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", [question(**{"#NAME?": "x"})]))
    assert f"survey sheet, row 1, #NAME?: {no_words('#NAME?')}" in found


def test_words_that_hold_an_error_s_name_are_words(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", [question(**{LABEL: "Have you seen #REF! in a form?"})])
    assert compile_survey(path).definition.question("q").label == {"en": "Have you seen #REF! in a form?"}


def test_a_formula_without_its_result_is_refused(tmp_path: Path) -> None:
    survey = [question(), question(name="p", hint='="In your "&"words"'), question(name="r", relevant="=A1")]
    choices = [{**YES_NO[0], "ward": "=1+1"}, YES_NO[1]]
    assert refusals(workbook(tmp_path / "s.xlsx", survey, choices)) == [
        f"choices sheet, row 2, ward: {NO_RESULT}",
        f"survey sheet, row 3, hint: {NO_RESULT}",
        f"survey sheet, row 4, relevant: {NO_RESULT}",
    ]


def test_a_column_whose_name_is_a_formula_without_its_result_is_refused_by_its_letter(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", [question(**{'="hint"': "In your own words."})])
    assert refusals(path) == [f"survey sheet, row 1, D: {NO_RESULT}"]


@pytest.mark.parametrize("result", ["Else?", ""], ids=["words", "an empty text"])
def test_a_formula_with_its_result_is_read_as_that(tmp_path: Path, result: str) -> None:
    path = worked_out(workbook(tmp_path / "s.xlsx", [question(hint="=A1")]), "D2", result)
    assert compile_survey(path).definition.question("q").hint == ({"en": result} if result else {})


def test_a_formula_outside_the_named_columns_is_left_alone(tmp_path: Path) -> None:
    book = load_workbook(workbook(tmp_path / "s.xlsx"))
    book["survey"]["H2"] = "=1+1"
    book.create_sheet("sums").append(["=1+1"])
    book.save(tmp_path / "s.xlsx")
    assert compile_survey(tmp_path / "s.xlsx").definition.question("q").label == {"en": "Why?"}


def test_an_error_in_an_old_workbook_is_no_number(tmp_path: Path) -> None:
    survey: list[list[str | int]] = [["type", "name", LABEL], ["text", "q", 0x17], ["text", "p", "Else?"]]
    settings: list[list[str | int]] = [list(SETTINGS), [str(value) for value in SETTINGS.values()]]
    sheets: dict[str, list[list[str | int]]] = {"survey": survey, "settings": settings, "sums": [["a"], [0x17]]}
    assert refusals(old_workbook(tmp_path / "s.xls", sheets)) == [
        f"survey sheet, row 2, label::English (en): {no_words('#REF!')}"
    ]
    survey[1][2] = "Why?"
    assert compile_survey(old_workbook(tmp_path / "s.xls", sheets)).definition.question("q").label == {"en": "Why?"}
