"""No spreadsheet makes the compiler crash: it compiles, or it is refused in words."""

import os
import warnings
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.surveys.compile import Compiled, SurveyRefused, compile_survey
from tests.surveys.workbooks import LABEL, SETTINGS, YES_NO, Cells, question, workbook

EXAMPLES = os.environ.get("EARSHOT_PYXFORM_EXAMPLES", "")
WHOLE: list[Cells] = [
    {"type": "begin_group", "name": "g", LABEL: "G", "relevant": "1 = 1"},
    question(relevant="1 = 1", constraint="string-length(.) > 1", channels="sms", pii="no"),
    {"type": "end_group"},
    {"type": "select_one yn", "name": "one", LABEL: "Which?", "choice_filter": "area = ${q}"},
    {"type": "calculate", "name": "c", "calculation": "once(today())"},
]
CHOICES: list[Cells] = [{**row, "area": "north"} for row in YES_NO]


def outcome(path: Path) -> Compiled | SurveyRefused:
    """Compile, or say why not. Anything else that is raised fails the test."""
    try:
        return compile_survey(path)
    except SurveyRefused as refusal:
        if not refusal.problems or not all(problem.message for problem in refusal.problems):
            pytest.fail(f"{path.name} was refused without a word")
        return refusal


@pytest.mark.skipif(not EXAMPLES, reason="set EARSHOT_PYXFORM_EXAMPLES to a folder of workbooks to run over it")
def test_every_workbook_of_a_folder_compiles_or_is_refused(tmp_path: Path) -> None:
    compiled = refused = 0
    for path in sorted(Path(EXAMPLES).rglob("*.*")):
        for file in (path, *_with_our_settings(path, tmp_path)):
            if isinstance(outcome(file), Compiled):
                compiled += 1
            else:
                refused += 1
    print(f"{compiled} compiled, {refused} refused")
    assert compiled + refused


def _with_our_settings(path: Path, folder: Path) -> list[Path]:
    """Copy a workbook with the settings and language codes that Earshot asks for, to get past the first refusals."""
    if path.suffix != ".xlsx":
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # drawings that openpyxl leaves out of the copy
        book = openpyxl.load_workbook(path)
    for name in [name for name in book.sheetnames if name.lower() == "settings"]:
        book.remove(book[name])
    sheet = book.create_sheet("settings")
    sheet.append(list(SETTINGS))
    sheet.append(list(SETTINGS.values()))
    for name in book.sheetnames:
        for cell in book[name][1]:
            if isinstance(cell.value, str) and cell.value.split(":")[-1].strip().lower() in ("english", "chinese"):
                start, _, language = cell.value.rpartition(":")
                cell.value = f"{start}:{language} ({'en' if language.strip().lower() == 'english' else 'zh'})"
    copy = folder / f"{path.stem}-with-settings.xlsx"
    book.save(copy)
    return [copy]


ODD_CELLS = """${q},${,${c} = ,begin_group,end_group,begin_repeat,select_multiple yn,select_one ${q},select_one,rank yn,
label::Polish (pl),label::X,sms_label::X (x),::,name,type,relevant,q,one,yn,other,STOP,=1+1,#REF!,disabled,
bind::relevant,parameters,trigger"""
CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=12),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.sampled_from(ODD_CELLS.replace("\n", "").split(",")),
)
PLACES = st.tuples(st.sampled_from(["survey", "choices", "settings"]), st.integers(1, 7), st.integers(1, 9))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(PLACES, CELLS), min_size=1, max_size=4))
def test_any_cells_changed_at_random_compile_or_are_refused(
    tmp_path: Path, changes: list[tuple[tuple[str, int, int], object]]
) -> None:
    path = workbook(tmp_path / "s.xlsx", WHOLE, CHOICES)
    book = openpyxl.load_workbook(path)
    for (sheet, row, column), value in changes:
        book[sheet].cell(row, column).value = value
    book.save(path)
    outcome(path)


def test_the_workbook_that_is_changed_at_random_is_itself_in_order(tmp_path: Path) -> None:
    assert isinstance(outcome(workbook(tmp_path / "s.xlsx", WHOLE, CHOICES)), Compiled)


def test_a_workbook_of_odd_shapes_compiles_or_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    sheet.title = "survey"
    sheet.merge_cells("A3:C4")
    sheet["A1"], sheet["B1"], sheet["ZZ1"] = "type", "name", "label"
    sheet["A200"] = "text"
    book.create_sheet("chart").sheet_state = "hidden"
    book.create_chartsheet("Settings")
    book.save(tmp_path / "s.xlsx")
    assert isinstance(outcome(tmp_path / "s.xlsx"), SurveyRefused)
