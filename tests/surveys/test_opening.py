"""What is no survey file, or would swell up if it were opened, is refused before that, and not in Python's words."""

import random
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bot.surveys.compile import compile_survey
from bot.surveys.opening import MOST_BYTES, MOST_UNPACKED
from bot.surveys.packed import MOST_PARTS, why_not_unpacked
from bot.surveys.questions import MOST_GROUPS
from tests.surveys.workbooks import LABEL, Cells, question, refusals, workbook

SAVE = "save it from Excel or LibreOffice as .xlsx"
DAMAGED = f"is cut off, locked or damaged: it cannot be unpacked; {SAVE}"
SWOLLEN = "s.xlsx unpacks to far more than a workbook has; copy its three sheets into a new workbook"
SHEETS = "has the sheets survey, choices and settings alone, each below a row with its name"
OPEN_MARK = "a quotation mark is left open or in the wrong place; mend it, or"
BLOTS = random.Random(1)
PLAIN_CSV = "type,name,label\ntext,q,Caf\xe9?\n"
SURVEY_CSV = """survey,,,
,type,name,label::English (en)
,text,q,"Why,
or why not?"
settings,,,,
,form_title,form_id,version,default_language
,T,t,1,English (en)
"""


def with_part(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("part", "content"),
    [
        pytest.param("xl/media/blanks.xml", b" " * 20_000_000, id="one part packed far too small"),
        pytest.param(
            "xl/sharedStrings.xml",
            b"".join(BLOTS.randbytes(30) + b" " * 970 for _ in range(60_001)),
            id="more texts than memory",
        ),
    ],
)
def test_a_small_file_that_would_swell_up_is_not_unpacked(tmp_path: Path, part: str, content: bytes) -> None:
    assert refusals(with_part(workbook(tmp_path / "s.xlsx"), part, content)) == [SWOLLEN]


def test_a_file_of_far_too_many_parts_is_not_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(MOST_PARTS):
            archive.writestr(f"xl/media/{number}", "")
    assert refusals(path) == [SWOLLEN]


def test_all_parts_are_counted_together(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx")
    with zipfile.ZipFile(path) as archive:
        whole = sum(part.file_size for part in archive.infolist())
    assert why_not_unpacked(path, whole) == ""
    assert why_not_unpacked(path, whole - 1) == "unpacks to far more than a workbook has"
    assert whole < MOST_UNPACKED


def test_a_workbook_with_a_large_picture_is_read(tmp_path: Path) -> None:
    path = with_part(workbook(tmp_path / "s.xlsx"), "xl/media/image1.png", bytes(range(256)) * 3_000)
    assert compile_survey(path).definition.id == "t"


def test_xml_with_entities_of_its_own_is_not_read(tmp_path: Path) -> None:
    path = with_part(
        workbook(tmp_path / "s.xlsx"), "xl/more.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>'
    )
    assert refusals(path) == ["s.xlsx holds XML that no workbook holds; copy its three sheets into a new workbook"]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert refusals(path) == ["s.csv has over 50 MB; take pictures and other sheets out of it"]


@pytest.mark.parametrize("name", ["a" * 300 + ".xlsx", "a" * 300 + "/s.xlsx"], ids=["a file", "a folder"])
def test_a_name_that_no_file_can_have_is_told(tmp_path: Path, name: str) -> None:
    (told,) = refusals(tmp_path / name)
    assert told.endswith("cannot be read (File name too long); check its name, and that you may read it")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.csv", PLAIN_CSV.encode(), f"s.csv is no survey file: a .csv {SHEETS}; {SAVE}"),
        ("s.csv", b"nothing", f"s.csv is no survey file: a .csv {SHEETS}; {SAVE}"),
        (
            "s.csv",
            SURVEY_CSV.encode().replace(b"settings", b"notes"),
            f"s.csv is no survey file: a .csv {SHEETS}; {SAVE}",
        ),
        ("s.csv", PLAIN_CSV.encode("latin-1"), f"s.csv is no text in UTF-8; {SAVE}"),
        ("s.csv", PLAIN_CSV.encode("utf-16"), f"s.csv is no text in UTF-8; {SAVE}"),
        ("s.csv", SURVEY_CSV.encode("utf-16-le"), f"s.csv is no text in UTF-8; {SAVE}"),
        ("s.csv", SURVEY_CSV.replace('not?"', "not?").encode(), f"s.csv: in line 7 or above it, {OPEN_MARK} {SAVE}"),
        ("s.md", b"nothing", f"s.md is no survey file: a .md {SHEETS}; {SAVE}"),
        ("s.xls", PLAIN_CSV.encode(), f"s.xls is damaged, or no spreadsheet; {SAVE}"),
        ("s.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, f"s.xlsx {DAMAGED}"),
    ],
    ids=[
        "a sheet saved alone",
        "words",
        "an unknown sheet",
        "latin-1",
        "UTF-16",
        "UTF-16 without its mark",
        "a quotation mark left open",
        "no table",
        "text named xls",
        "a workbook with a password",
    ],
)
def test_what_is_no_survey_file_says_what_to_save(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusals(tmp_path / name) == [message]


def test_a_csv_with_its_three_sheets_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(SURVEY_CSV, encoding="utf-8")
    assert compile_survey(tmp_path / "s.csv").definition.question("q").label == {"en": "Why,\nor why not?"}


def test_a_damaged_sheet_is_told_without_python_s_words(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(b"</sheetData>", b"<") if "sheet1" in name else content)
    assert refusals(path) == [
        f"s.xlsx could not be read to its end: it is damaged, or holds what ODK cannot read; {SAVE}"
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_part_is_told_however_it_is_packed(tmp_path: Path, method: int) -> None:
    path = workbook(tmp_path / "s.xlsx")
    with zipfile.ZipFile(path) as archive:
        words = archive.read("xl/workbook.xml")
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("xl/workbook.xml", words)
        size = archive.getinfo("xl/workbook.xml").compress_size
    content = bytearray(path.read_bytes())
    start = content.index(b"xl/workbook.xml") + len("xl/workbook.xml")
    content[start : start + size] = b"\xff" * size
    path.write_bytes(content)
    assert refusals(path) == [f"s.xlsx {DAMAGED}"]


def test_a_number_in_the_place_of_a_column_s_name_is_told(tmp_path: Path) -> None:
    book = load_workbook(workbook(tmp_path / "s.xlsx"))
    book["survey"]["D1"] = 2026
    book.save(tmp_path / "s.xlsx")
    (told,) = refusals(tmp_path / "s.xlsx")
    assert told == "the first row of a sheet holds a number or a day where the name of a column belongs; write a name"


def grouped(depth: int) -> list[Cells]:
    begin = [{"type": "begin_group", "name": f"g{number}", LABEL: "G"} for number in range(depth)]
    return [*begin, question(), *({"type": "end_group"} for _ in begin)]


def test_groups_may_stand_deep_but_not_without_end(tmp_path: Path) -> None:
    assert compile_survey(workbook(tmp_path / "deep.xlsx", grouped(MOST_GROUPS))).definition.question("q").group == "g0"
    assert refusals(workbook(tmp_path / "deeper.xlsx", grouped(1_500))) == [
        "survey sheet, row 52, type: it stands in 50 groups already; close some of them with end_group"
    ]


def test_the_mark_of_excel_s_csv_in_utf_8_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(SURVEY_CSV, encoding="utf-8")
    plain = compile_survey(path).definition
    path.write_text(SURVEY_CSV, encoding="utf-8-sig")
    assert compile_survey(path).definition == plain


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    assert refusals(tmp_path) == [f"{tmp_path} is a folder; name the survey file in it"]
