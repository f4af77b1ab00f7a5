"""Files as they come: in any encoding and with any delimiter; and bad ones, each with one clear refusal."""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.analysis.importing.layout import Layout
from bot.analysis.importing.opening import open_table
from bot.analysis.importing.problems import ImportRefused

AS_IT_IS = Layout()
TEXT = "Ref,Why not?\r\nW1,Café – “dark”\r\n"


def table(tmp_path: Path, content: bytes, layout: Layout = AS_IT_IS, name: str = "export.csv") -> list[Sequence[str]]:
    """Read a file whole: its headings, then its rows."""
    path = tmp_path / name
    path.write_bytes(content)
    opened = open_table(path, layout)
    return [opened.headings, *(tuple(row.cells) for row in opened.rows())]


def workbook(*rows: Sequence[object], more: str = "") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    if more:
        book.create_sheet(more).append(["Ref"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode(), id="UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), id="UTF-8 with a mark"),
        pytest.param(TEXT.encode("cp1252"), id="Windows-1252"),
        pytest.param(TEXT.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), id="UTF-16 the other way round"),
        pytest.param(TEXT.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(TEXT.replace(",", ";").encode(), id="semicolons"),
        pytest.param(TEXT.replace(",", "\t").encode("utf-16"), id="Excel's Unicode text"),
        pytest.param(("sep=|\r\n" + TEXT.replace(",", "|")).encode(), id="Excel's hint"),
        pytest.param(TEXT.replace("\r\n", "\r").encode(), id="old line ends"),
        pytest.param(TEXT.replace("?", "?,,").replace("\r\nW", ",\r\nW").encode(), id="blank columns at the end"),
        pytest.param((TEXT + ",\r\n\r\n").encode(), id="blank rows at the end"),
    ],
)
def test_the_encoding_and_the_delimiter_are_found_out(tmp_path: Path, content: bytes) -> None:
    assert table(tmp_path, content) == [("Ref", "Why not?"), ("W1", "Café – “dark”")]


def test_line_breaks_and_quotation_marks_in_a_cell_stay_as_they_are(tmp_path: Path) -> None:
    content = b'Ref,"Why\r\n not?"\r\nW1,"It is ""dark"",\r\nand wet"\r\n'
    assert table(tmp_path, content) == [("Ref", "Why not?"), ("W1", 'It is "dark",\r\nand wet')]


def test_a_workbook_is_read_whatever_it_is_called_with_days_that_nobody_can_mistake(tmp_path: Path) -> None:
    content = workbook(
        ["Ref", "On", "Age", "In"],
        [7.0, datetime.fromisoformat("2026-03-04T05:06"), 34, None],
        [],
        [None, None, 1.5, True],
    )
    assert table(tmp_path, content) == [
        ("Ref", "On", "Age", "In"),
        ("7", "2026-03-04T05:06:00", "34", ""),
        ("", "", "1.5", "TRUE"),
    ]


def test_another_sheet_is_read_where_the_map_names_it(tmp_path: Path) -> None:
    assert table(tmp_path, workbook(["A"], more="Answers"), Layout(sheet="Answers")) == [("Ref",)]
    with pytest.raises(ImportRefused, match="has no sheet 'Other'; it has Sheet, Answers"):
        table(tmp_path, workbook(["A"], more="Answers"), Layout(sheet="Other"))


def test_two_header_rows_are_put_together_and_the_same_heading_is_told_apart(tmp_path: Path) -> None:
    content = b"Ref,Needs,,,Needs\r\n,Buses,Parks,Other,\r\nW1,1,,x,\r\n"
    headings = ("Ref", "Needs | Buses", "Needs | Parks", "Needs | Other", "Needs")
    assert table(tmp_path, content, Layout(header_rows=2))[0] == headings
    days = b"Ref,When?,\r\n,25 October 2026,26 October 2026\r\nW1,x,\r\n"  # options, and no answers
    assert table(tmp_path, days, Layout(header_rows=2))[0][1:] == ("When? | 25 October 2026", "When? | 26 October 2026")
    alone = b"Part A,,\r\nRef,Safe?,Age\r\nW1,Agree,34\r\n"  # the upper row is no title, though it is one word
    assert table(tmp_path, alone, Layout(header_rows=2))[0] == ("Part A | Ref", "Part A | Safe?", "Part A | Age")
    for title in (b"All answers\r\n", b"All answers,,,\r\n,,,\r\n"):
        assert table(tmp_path, title + content, Layout(header_rows=2))[:2] == [headings, ("W1", "1", "", "x", "")]
    assert table(tmp_path, b"All answers\r\n" + alone, Layout(header_rows=2))[0][0] == "Part A | Ref"
    assert table(tmp_path, b"A,,A,A\r\n1,2,3,4\r\n")[0] == ("A", "(column 2)", "A [2]", "A [3]")


@pytest.mark.parametrize(
    "option",
    [
        pytest.param("Hanley Library ST1 3RS", id="a postcode"),
        pytest.param('"Town Hall, 12 Albion Street"', id="an address"),
        pytest.param("Ring 07700 900123", id="a phone number"),
    ],
)
def test_options_that_name_a_place_or_a_number_are_headings(tmp_path: Path, option: str) -> None:
    content = f"Ref,Where?,,,Age\r\n,{option},Online,{option} again,\r\nW1,x,,,34\r\n".encode()
    named = f"Where? | {option.strip(chr(34))}"
    assert table(tmp_path, content.replace(b'" again', b' again"'), Layout(header_rows=2))[0] == (
        *("Ref", named, "Where? | Online", f"{named} again", "Age"),
    )


@pytest.mark.parametrize("more", [pytest.param("", id="last"), pytest.param(",", id="before a blank column")])
def test_an_address_alone_below_its_heading_is_an_answer(tmp_path: Path, more: str) -> None:
    content = f"Ref,Where?{more}\r\nW1,Hanley Library ST1 3RS{more}\r\n".encode()
    with pytest.raises(ImportRefused, match="its second row is one of answers"):
        table(tmp_path, content, Layout(header_rows=2))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(",W1,,My husband hits me", id="without its first answer and its day"),
        pytest.param(",W1,,My husband hits me,,", id="with blank columns at its end"),
        pytest.param(",,,", id="blank"),
    ],
)
def test_answers_below_a_part_of_one_word_are_no_headings(tmp_path: Path, answers: str) -> None:
    content = f"Part A,,,\r\nWhy not?,Ref,Submitted,Safe?\r\n{answers}\r\nIt is wet,W2,,Agree\r\n".encode()
    headings = ("Part A | Why not?", "Part A | Ref", "Part A | Submitted", "Part A | Safe?")
    assert table(tmp_path, content, Layout(header_rows=2))[0] == headings


def test_rows_above_the_headings_are_passed_over_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    for mark in ",;":
        text = '"Cohesion, all answers"\n\nRef,Safe?,Age\nW1,Agree,34\n'.replace(",", mark)
        (tmp_path / "export.csv").write_text(text)
        opened = open_table(tmp_path / "export.csv", AS_IT_IS)
        assert opened.headings == ("Ref", "Safe?", "Age")
        assert [(row.number, row.cells[0]) for row in opened.rows()] == [(4, "W1")]


def zipped(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", part)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "export.csv is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n\r\n", "export.csv is empty", id="nothing but blank lines"),
        pytest.param(b",,,\r\nW1,2\r\n", "has no headings", id="no headings"),
        pytest.param(b'Ref,Why\r\nW1,"It is da', "it is cut off", id="cut off within a cell"),
        pytest.param(b'Ref,Why\r\nW1,"It is "dark"\r\nW2,x\r\n', "the quotation marks do not match", id="bad quotes"),
        pytest.param(b'Ref,Why\r\nW1,"' + b"long \n" * 30_000, "more than 131,072 characters", id="a mark left open"),
        pytest.param(b"Ref,Why\r\nW1," + b"x" * 1_100_000, "a line of more than 1,000,000", id="one endless line"),
        pytest.param(b"\xef\xbb\xbfRef,Why\r\nW1,caf\xe9\r\n", "not in UTF-8-SIG", id="not in what its mark says"),
        pytest.param("Ref,Why\r\nW1,ąęńóż".encode()[:-1], "it is cut off or damaged", id="cut off within a letter"),
        pytest.param("Ref,Why\r\nW1,ąęńóż".encode() + b"\xe9", "it is cut off or damaged", id="a stray byte"),
        pytest.param(b"Ref,Why\r\nW1,caf\x81\r\n", "not in CP1252", id="in no encoding that is known"),
        pytest.param(b"Ref,Why\r\nW1,caf\0e\r\n", "holds bytes that are no text", id="no text"),
        pytest.param(b",".join([b"x"] * 2_001) + b"\r\n", "at most 2,000 are read", id="thousands of columns"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(600), "of the old Excel kind, or has a password", id="old Excel"),
        pytest.param(b"<!DOCTYPE html><title>Sign in</title>", "is no table, but a page", id="a sign-in page"),
        pytest.param(b"%PDF-1.7", "is no table, but a page", id="a PDF"),
        pytest.param(b"PK\x03\x04 and so on", "cannot be unpacked", id="a workbook cut off"),
        pytest.param(workbook(["Ref"])[:-900], "cannot be unpacked", id="a workbook without its end"),
        pytest.param(zipped(content=b"<a/>"), "cannot be opened as a workbook", id="another archive"),
        pytest.param(workbook(), "its sheet has no header row", id="an empty sheet"),
    ],
)
def test_a_bad_file_gets_one_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        table(tmp_path, content)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: zipped(xl__worksheets__sheet1=b"0" * 20_000_000), id="that swells up"),
        pytest.param(lambda: zipped(xl__workbook=b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'), id="with entities"),
        pytest.param(lambda: zipped(**{f"p{i}": b"" for i in range(2_100)}), id="of thousands of parts"),
    ],
)
def test_a_workbook_that_is_a_trap_is_not_opened(tmp_path: Path, make: Callable[[], bytes]) -> None:
    with pytest.raises(ImportRefused, match=r"far more than a workbook|XML that no workbook holds"):
        table(tmp_path, make())


def reworked(content: bytes, part: str, rework: Callable[[bytes], bytes]) -> bytes:
    """Write a workbook again with one part of it changed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(changed, "w") as archive:
        for each in whole.infolist():
            text = whole.read(each)
            archive.writestr(each.filename, rework(text) if each.filename == part else text)
    return changed.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def far(text: bytes, reference: str) -> bytes:
    row = re.sub(r"\D", "", reference)
    cell = f'<row r="{row}"><c r="{reference}" t="inlineStr"><is><t>Words</t></is></c></row>'
    return text.replace(b"</sheetData>", cell.encode() + b"</sheetData>")


def test_words_in_a_column_far_out_are_not_cut_off(tmp_path: Path) -> None:
    content = reworked(workbook(["Ref"], ["W1"]), SHEET, lambda text: far(text, "XFD3"))
    assert table(tmp_path, content)[2][-1] == "Words"
    content = reworked(workbook(["Ref"], ["W1"]), SHEET, lambda text: text.replace(b'r="A1"', b'r="BYZ1"'))
    with pytest.raises(ImportRefused, match="has 2,028 columns; at most 2,000"):
        table(tmp_path, content)


def test_a_workbook_that_says_it_has_millions_of_rows_is_not_read_on(tmp_path: Path) -> None:
    content = reworked(workbook(["Ref"], ["W1"]), SHEET, lambda text: far(text, "A1999999999"))
    with pytest.raises(ImportRefused, match="more than 1,048,576 rows"):
        table(tmp_path, content)


@pytest.mark.parametrize(
    ("part", "rework"),
    [
        pytest.param(SHEET, lambda text: text[:-60], id="a sheet cut off"),
        pytest.param("xl/workbook.xml", lambda text: re.sub(b"<sheet .*?/>", b"", text), id="no sheet"),
    ],
)
def test_a_damaged_workbook_is_told(tmp_path: Path, part: str, rework: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ImportRefused, match="breaks off, or is damaged"):
        table(tmp_path, reworked(workbook(["Ref"], ["W1"]), part, rework))


def test_a_packed_part_that_does_not_unpack_is_told(tmp_path: Path) -> None:
    content = bytearray(workbook(["Ref"], ["W1"]))
    content[60:64] = b"\xff\xff\xff\xff"
    with pytest.raises(ImportRefused, match="it cannot be unpacked"):
        table(tmp_path, bytes(content))


def test_what_a_workbook_has_beside_its_cells_is_no_matter(tmp_path: Path) -> None:
    validation = b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst></worksheet>'
    content = reworked(workbook(["Ref"]), SHEET, lambda text: text.replace(b"</worksheet>", validation))
    assert table(tmp_path, content) == [("Ref",)]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot be read"):
        open_table(tmp_path / "none.csv", Layout())


def test_a_file_whose_name_is_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"name, 'caf\\udce9.csv', is not in UTF-8. Rename it"):
        table(tmp_path, TEXT.encode(), name="caf\udce9.csv")


def test_a_file_must_be_the_one_that_its_checksum_is_for(tmp_path: Path) -> None:
    beside = tmp_path / "export.csv.sha1"
    beside.write_text(f"{hashlib.sha1(TEXT.encode(), usedforsecurity=False).hexdigest().upper()}  export.csv\n")
    assert table(tmp_path, TEXT.encode())[0] == ("Ref", "Why not?")
    with pytest.raises(ImportRefused, match="Download it again"):
        table(tmp_path, TEXT.replace("dark", "bright").encode())


def test_a_named_encoding_is_held_to(tmp_path: Path) -> None:
    assert table(tmp_path, TEXT.encode("cp1252"), Layout(encoding="windows-1252"))[1][1] == "Café – “dark”"
    assert table(tmp_path, b"\xef\xbb\xbf" + TEXT.encode(), Layout(encoding="utf-8"))[0] == ("Ref", "Why not?")
    with pytest.raises(ImportRefused, match="is not in UTF-8-SIG"):
        table(tmp_path, TEXT.encode("cp1252"), Layout(encoding="utf-8"))
    with pytest.raises(ImportRefused, match="holds bytes that are no text"):  # half a letter, which cannot be written
        table(tmp_path, b"Ref,Why?\r\nW1,\\ud800\r\n", Layout(encoding="unicode_escape"))
