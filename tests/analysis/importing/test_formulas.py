"""Words that begin with =, which a program that writes workbooks takes for a formula: never lost without a word."""

from pathlib import Path

import pytest

from bot.analysis.importing.layout import Layout
from bot.analysis.importing.opening import open_table
from bot.analysis.importing.problems import ImportRefused
from tests.analysis.importing.scene import FIRST, HEAD, SECOND, changed_map, csv_text, looked
from tests.analysis.importing.test_files import SHEET, reworked, workbook
from tests.analysis.importing.test_sides_and_ticks import SIDE_MAP

WORDS = "=) more buses, please"
LOST = (
    "holds a formula without its result: words that somebody began with = may be lost there. Export the answers as "
    "CSV, which keeps them; or, if nobody wrote them, open the file in Excel, save it and import it again"
)


def test_words_that_became_a_formula_stop_the_import(tmp_path: Path) -> None:
    rows = [FIRST, (*SECOND[:3], WORDS, *SECOND[4:]), ("=1+1", *SECOND[1:3], WORDS, *SECOND[4:])]
    report = looked(tmp_path, content=workbook(HEAD, *rows), name="export.xlsx").report
    assert report.problems[:2] == [
        f"column “Why not?” {LOST} (rows 3 and 4)",
        f"column “Ref” {LOST} (row 4)",
    ]
    as_csv = looked(tmp_path, content=csv_text([FIRST, (*SECOND[:3], WORDS, *SECOND[4:])])).report
    assert as_csv.problems == []


def test_a_formula_where_nothing_is_read_does_not_stop_it(tmp_path: Path) -> None:
    content = workbook((*HEAD, "IP address"), (*FIRST, WORDS))
    ignoring, passing = changed_map(ignore='["IP address"]'), changed_map(passed_over='["IP address"]')
    for map_text in (ignoring, passing):
        assert looked(tmp_path, map_text=map_text, content=content, name="export.xlsx").report.problems == []


def test_a_formula_beyond_the_headings_is_named_by_its_column(tmp_path: Path) -> None:
    content = workbook(HEAD, (*FIRST, WORDS))
    assert looked(tmp_path, content=content, name="export.xlsx").report.problems == [
        f"column “(column 8)” {LOST} (row 2)"
    ]


def test_an_error_in_the_place_of_words_stops_the_import(tmp_path: Path) -> None:
    error = b'<c r="D2" t="e"><f>+ more</f><v>#NAME?</v></c>'
    whole = workbook(HEAD, (*FIRST[:3], WORDS, *FIRST[4:]))
    content = reworked(
        whole, SHEET, lambda text: text.replace(b'<c r="D2"><f>) more buses, please</f><v /></c>', error)
    )
    (said,) = looked(tmp_path, content=content, name="export.xlsx").report.problems
    assert said.startswith("column “Why not?” holds an error, such as #NAME?: words that somebody began with = may")


def test_a_formula_in_a_file_beside_stops_it_too(tmp_path: Path) -> None:
    (tmp_path / "export_7.xlsx").write_bytes(workbook(["Ref", "When", "Note"], ["W1", WORDS, WORDS]))
    head, rows = HEAD[:6], [FIRST[:6], SECOND[:6]]
    map_text = f'{SIDE_MAP}ignore = ["Note"]\n'
    report = looked(tmp_path, map_text=map_text, content=workbook(head, *rows), name="export.xlsx").report
    assert report.problems == [f"export_7.xlsx: column “When” {LOST} (row 2)"]


RESULTS = """
<row r="2"><c r="A2" t="inlineStr"><is><t>W1</t></is></c><c r="B2"><f>) more buses</f><v/></c></row>
<row r="3"><c r="A3"><f>1+1</f><v>2</v></c><c r="B3" t="str"><f>IF(A3=1,"x","")</f><v></v></c></row>
<row><c/><c><f t="shared" si="0"/></c><c t="e"><f>+ more</f><v>#NAME?</v></c><c t="n"><f>A1</f><v></v></c></row>
<row r="9"><c t="inlineStr"><f>A1</f><is><t>W9</t></is></c><c r="ab9" t="str"><f>A1</f></c></row>
"""


def test_cells_whose_words_a_workbook_does_not_hold_are_found(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    whole = workbook(["Ref", "Why?"])
    for encoding in ("utf-8", "utf-16"):

        def with_results(text: bytes, encoding: str = encoding) -> bytes:
            read = text.decode().replace("</sheetData>", RESULTS + "</sheetData>")
            return f'<?xml version="1.0" encoding="{encoding}"?>{read}'.encode(encoding)

        path.write_bytes(reworked(whole, SHEET, with_results))
        found = [(cell.row, cell.column, cell.is_error) for cell in open_table(path, Layout()).lost()]
        assert found == [(2, 1, False), (4, 1, False), (4, 2, True), (4, 3, False), (9, 27, False)]
    path.write_bytes(whole)
    assert open_table(path, Layout()).lost() == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param('<row r="x"><c><f/></c></row>', id="a row that has no number"),
        pytest.param('<row r="2"><c r="12"><f/></c></row>', id="a cell that has no column"),
        pytest.param('<row r="2"><c r="A2"><f/></row>', id="a cell without its end"),
    ],
)
def test_a_sheet_that_is_damaged_where_words_may_be_lost_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "export.xlsx"
    rows = "".join(f'<row r="{number}"><c t="inlineStr"><is><t>W</t></is></c></row>' for number in range(2, 20))
    whole = reworked(
        workbook(["Ref"]), SHEET, lambda text: text.replace(b"</sheetData>", f"{rows}{damage}</sheetData>".encode())
    )
    path.write_bytes(whole)
    with pytest.raises(ImportRefused, match="breaks off, or is damaged"):
        open_table(path, Layout()).lost()
