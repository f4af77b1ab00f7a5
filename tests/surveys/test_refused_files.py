"""Broken choices and settings are refused by their place, and what is no survey file by its name."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.surveys.workbooks import LABEL, SETTINGS, YES_NO, Cells, refusals, workbook

NO_DATE = "is no date in the years 2000 to 2999; write it as 2026-05-31, or 2026-05-31T17:00"

ONE = {"type": "select_one yn", "name": "one", LABEL: "Yes or no?"}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        pytest.param(
            [{"list_name": "yn", "name": "a b", LABEL: "A"}],
            "choices sheet, row 2, name: 'a b' is no usable code; take at most 40 letters, digits, - _ and .",
            id="a code with a space",
        ),
        pytest.param(
            [*YES_NO, {"list_name": "yn", "name": "YES", LABEL: "Yes!"}],
            "choices sheet, row 4, name: 'YES' is already in the list 'yn', in row 2 ('yes': capitals make no "
            "difference)",
            id="one code in two cases",
        ),
        pytest.param(
            [*YES_NO, YES_NO[0]],
            "choices sheet, row 4, name: 'yes' is already in the list 'yn', in row 2",
            id="one code twice",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "stop", LABEL: "Stop."}],
            "choices sheet, row 2, label: 'Stop.' as a whole message means no more texts; word it another way",
            id="a label that is the carrier's STOP",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "stop", LABEL: "Leave it", "sms_label_en": "Arrêt"}],
            "choices sheet, row 2, label: 'Arrêt' as a whole message means no more texts; word it another way",
            id="a short label that is STOP in another language",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "a", LABEL: "", "label::Polish (pl)": "Tak"}],
            "choices sheet, row 2, label: the wording in the default language (en) is missing",
            id="a choice without wording",
        ),
        pytest.param(
            [{"list_name": "yn", "name": "a", LABEL: "As ${one}"}],
            "choices sheet, row 2, label: a message never repeats an answer; take ${...} out of the text",
            id="an answer repeated",
        ),
        pytest.param(
            [{**YES_NO[0], "sms_label::English (en)": "Y"}],
            "sms_label::English (en) on the choices sheet is written with '::' where ODK cannot have it; write ",
            id="a texting column written as a translation",
        ),
        pytest.param(
            [],
            "choices sheet: there is no list of choices; the sheet needs list_name, name, and label with its language",
            id="no choices sheet",
        ),
    ],
)
def test_a_broken_choices_sheet_is_refused_by_row(tmp_path: Path, choices: Sequence[Cells], message: str) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", [ONE], choices), frozenset({"arrêt"}))
    assert found[0].startswith(message), found


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("form_title", "", "it is empty; write the name of the survey as residents read it"),
        ("form_id", "", "it is empty; write the short name that commands use, such as stoke-community-cohesion"),
        ("version", "", "it is empty; write a number or a date that changes with every change, such as 1"),
        ("default_language", "", "it is empty; write the language that gaps fall back to, such as English (en)"),
        (
            "default_language",
            "English",
            "'English' has no language code; write the code in brackets, such as 'English (en)' or 'Polish (pl)'",
        ),
        (
            "form_id",
            "1 survey",
            "'1 survey' is no usable name; take at most 60 letters, digits, - and _, a letter first",
        ),
        ("keyword", "ST-OKE", "'ST-OKE' is no keyword; take at most 20 letters and digits, without spaces"),
        ("keyword", "stoke STOKE", "'STOKE' is there twice"),
        ("keyword", "quit", "'QUIT' already means something to Earshot; choose another word"),
        ("keyword", "Help", "'HELP' already means something to Earshot; choose another word"),
        ("keyword", "Polski", "'POLSKI' is the name of a language; choose another word"),
        ("keyword", "12", "'12' would be read as an answer; a keyword needs a letter"),
        ("privacy_url", "our page", "'our page' is no web address; write it as www.example.gov.uk/page"),
        ("opens", "1 May", "'1 May' " + NO_DATE),
        ("opens", "0001-01-01", "'0001-01-01' " + NO_DATE),
        ("closes", "9999-12-31T23:00", "'9999-12-31T23:00' " + NO_DATE),
        ("closes", "2026-02-30", "'2026-02-30' " + NO_DATE),
        ("min_age", "sixteen", "'sixteen' is no age; write it as 16"),
        ("min_age", "999", "'999' is no age; write it as 16"),
        (
            "start",
            "later",
            "'later' is not a way to start; write direct (the first question at once) or confirm",
        ),
        ("draft_languages", "pl", "the file has no language 'pl'"),
        ("draft_languages", "en", "'en' is the default language, which every resident may be given"),
    ],
)
def test_a_broken_setting_is_refused_by_name(tmp_path: Path, setting: str, value: str, message: str) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", settings={**SETTINGS, "keyword": "", setting: value}))
    assert f"settings sheet, row 2, {setting}: {message}" in found


def test_a_survey_closes_after_it_opens(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", settings={**SETTINGS, "opens": "2026-06-02", "closes": "2026-06-01"})
    assert refusals(path) == [
        "settings sheet, row 2, closes: the survey would close (2026-06-01) before it opens (2026-06-02)"
    ]


def test_a_file_without_settings_says_what_they_are(tmp_path: Path) -> None:
    found = refusals(workbook(tmp_path / "s.xlsx", settings={}))
    assert found == [
        "settings sheet: there is no settings sheet; it needs form_title, form_id, version, default_language"
    ]


def test_a_file_without_a_survey_sheet_says_so(tmp_path: Path) -> None:
    assert refusals(workbook(tmp_path / "s.xlsx", survey=[]))[0].startswith("You must have a sheet named 'survey'.")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.xlsx", b"", "s.xlsx is empty"),
        ("s.docx", b"x", "s.docx is no survey file; save it from Excel or LibreOffice as .xlsx"),
        (
            "s.xlsx",
            b"a,b\n1,2\n",
            "s.xlsx is cut off, locked or damaged: it cannot be unpacked; save it from Excel or LibreOffice as .xlsx",
        ),
        ("s.xlsx", b"PK\x03\x04rest", "s.xlsx is cut off, locked or damaged: it cannot be unpacked"),
        ("s.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "s.xls "),
        ("s.csv", b"\xff\xfe\x00", "s.csv "),
        ("s.csv", b"survey,,\n,type,name\n,text\n", ""),
    ],
    ids=["empty", "a letter", "text named xlsx", "half a zip", "a broken xls", "bytes", "a csv with half a row"],
)
def test_a_file_that_is_no_survey_is_refused_by_its_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusals(tmp_path / name)[0].startswith(message)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusals(tmp_path / "s.xlsx")[0].startswith("s.xlsx is damaged, or no spreadsheet")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusals(tmp_path / "none.xlsx") == [f"there is no file {tmp_path / 'none.xlsx'}"]
