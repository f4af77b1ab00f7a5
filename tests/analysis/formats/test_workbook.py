"""The Excel workbook, as openpyxl reads it."""

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.analysis.export import Format
from storage.script import Database
from tests.analysis.filling import Answer, Response, exported, publish
from tests.analysis.formats.scene import WHOLE, filled

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    """Read every sheet's values; a formula would come as the formula."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


async def test_the_sheet_holds_every_value_and_no_formula(database: Database, tmp_path: Path) -> None:
    await filled(database)
    done = await exported(database, tmp_path / "o.xlsx", Format.XLSX)
    header, full, sparse, empty = sheets(tmp_path / "o.xlsx")["responses"]
    row = dict(zip(header, full, strict=True))
    assert row["why"] == '=1+1 \U0001f600 ‮ہاں، "بالکل"\nsecond�line, [phone]'
    assert (row["years"], row["rate"], row["needs"], row["needs/buses"]) == (34, 2.5, "lights buses", 1)
    assert (row["moved"], row["band"], row["sum"]) == ("2021-05-03", "-99", 17)
    other = dict(zip(header, sparse, strict=True))
    assert (other["years"], other["rate"], other["rate__state"], other["campaign"]) == (-5, None, "unparsed", None)
    assert empty[0] == "cc03"
    kinds = {cell.data_type for line in openpyxl.load_workbook(tmp_path / "o.xlsx")["responses"] for cell in line}
    assert kinds == {"s", "n"}, "text, numbers and empty cells (numbers without a value), and no formula"
    assert done.rows == 3
    assert done.notes == ("1 cells held signs that Excel cannot hold; each became �.",)


async def test_the_second_sheet_is_the_codebook(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o.xlsx", Format.XLSX)
    header, *rows = sheets(tmp_path / "o.xlsx")["codebook"]
    assert {"variable", "code", "spss_value", "wording::ur"} <= set(header)
    urdu = header.index("wording::ur")
    assert ("safe", "yes", "ہاں") in [(row[0], row[header.index("code")], row[urdu]) for row in rows]


async def test_a_survey_without_answers_still_has_its_columns(database: Database, tmp_path: Path) -> None:
    await database.run(publish(WHOLE))
    await exported(database, tmp_path / "o.xlsx", Format.XLSX)
    [header] = sheets(tmp_path / "o.xlsx")["responses"]
    assert header[0] == "response_id"
    assert header[-1] == "sum__state"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("a" * 32_767, 32_767, id="as long as Excel takes"),
        pytest.param("a" * 32_768, 32_767, id="one sign too long"),
        pytest.param("\U0001f600" * 16_384, 16_378 + 10, id="emoji, each of which Excel counts twice"),
    ],
)
async def test_a_text_too_long_for_a_cell_is_cut_and_reported(
    database: Database, tmp_path: Path, said: str, kept: int
) -> None:
    await filled(database, Response("dd04", began=1, answers=[Answer("why", said)]))
    done = await exported(database, tmp_path / "o.xlsx", Format.XLSX)
    header, row, *_ = sheets(tmp_path / "o.xlsx")["responses"]
    written = row[header.index("why")]
    assert len(written) == kept
    assert written.endswith(" ...[cut]") == (written != said) == ("longer than Excel's" in " ".join(done.notes))


async def test_nothing_in_the_file_says_when_it_was_written(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o.xlsx", Format.XLSX)
    with zipfile.ZipFile(tmp_path / "o.xlsx") as book:
        assert book.testzip() is None
        assert {part.date_time for part in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert book.read("docProps/core.xml").count(b">1980-01-01T00:00:00Z<") == 2
        assert len(book.namelist()) == len(set(book.namelist()))
