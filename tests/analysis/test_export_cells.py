"""What stands in a cell of an export: the newest choice, no formula, numbers as numbers, nothing that nobody gave."""

import json
from pathlib import Path

import pytest

from bot.analysis.cells import disarm
from bot.analysis.export import Format
from bot.analysis.single import response_row
from bot.core.survey import Choice, QuestionType
from storage.script import Database
from tests.analysis.filling import AGREE, NOW, STOKE, Answer, Response, ask, exported, keep, publish, rows_of, version

IN_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_multiple_that_was_changed_shows_only_the_newest_choice(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(
        keep(
            Response(
                "a1",
                answers=[
                    Answer("needs", "1 2", "lights", item="lights"),
                    Answer("needs", "1 2", "buses", item="buses"),
                    Answer("needs", "2", "buses", item="buses", revision=2),
                ],
            ),
            Response("a2", answers=[Answer("needs", state="skipped"), Answer("safe", "9", "gone")]),
        )
    )
    await exported(database, tmp_path / "o.csv")
    await exported(database, tmp_path / "l.csv", Format.LONG_CSV)
    first, second = rows_of(tmp_path / "o.csv")
    assert [first[f"needs{part}"] for part in ("", "/lights", "/buses", "/parks", "__state")] == [
        *("buses", "0", "1", "0", "answered")
    ]
    assert [second[f"needs{part}"] for part in ("", "/lights", "__state")] == ["", "", "skipped"]
    assert second["safe"] == "gone", "a code that no version has is still shown"
    assert [row["value"] for row in rows_of(tmp_path / "l.csv")] == ["buses", "gone", ""]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        pytest.param("good;=HYPERLINK(A1)", "good;'=HYPERLINK(A1)", id="behind a semicolon"),
        pytest.param('good; "=A1', "good;' \"=A1", id="behind a space and a quote"),
        pytest.param("good\n-1+cmd|' /C calc'!A0", "good\n'-1+cmd|' /C calc'!A0", id="in the next line"),
        pytest.param(";+1", ";'+1", id="behind a semicolon at the start"),
        pytest.param("thanks ;-)", "thanks ;-)", id="a smile"),
        pytest.param("More:\n- parks\n- buses", "More:\n- parks\n- buses", id="a list"),
    ],
)
def test_nothing_runs_where_a_semicolon_parts_the_cells(said: str, written: str) -> None:
    assert disarm(said) == written


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
async def test_no_cell_of_a_spreadsheet_begins_a_formula(database: Database, tmp_path: Path, said: str) -> None:
    await database.run(publish(version("1", ask("why", QuestionType.TEXT), ask("q", choices=(Choice("-99", {}),)))))
    answers = [Answer("why", said), Answer("q", said, "-99")]
    await database.run(keep(Response("a1", campaign="=now()", answers=answers)))
    await exported(database, tmp_path / "o.csv")
    await exported(database, tmp_path / "l.csv", Format.LONG_CSV)
    [row] = rows_of(tmp_path / "o.csv")
    assert (row["why"], row["campaign"], row["q"]) == (f"'{said}", "'=now()", "-99")
    assert [r["said"] for r in rows_of(tmp_path / "l.csv")] == [f"'{said}", f"'{said}"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("true", 1, id="true"),
        pytest.param("false", 0, id="false"),
        pytest.param("-3", -3, id="a number"),
        pytest.param("2.5", 2.5, id="a fraction"),
        pytest.param("00441", "00441", id="digits that are no number"),
        pytest.param("why: 07700900123", "why: [phone]", id="words of the resident"),
        pytest.param("447700900123", "[phone]", id="only a phone number"),
        pytest.param("one\x1ftwo\x1e", "one\x1ftwo\x1e", id="control characters"),
    ],
)
async def test_a_calculation_is_a_number_one_or_nought_or_masked_text(
    database: Database, tmp_path: Path, value: str, shown: int | float | str
) -> None:
    await database.run(publish(version("1", ask("sum", QuestionType.CALCULATE))))
    await database.run(keep(Response("a1", answers=[Answer("sum", None, value)])))
    await exported(database, tmp_path / "o.jsonl", Format.JSONL)
    await exported(database, tmp_path / "l.csv", Format.LONG_CSV)
    assert json.loads((tmp_path / "o.jsonl").read_text("utf-8"))["sum"] == shown
    assert rows_of(tmp_path / "l.csv")[0]["value"] == str(shown)


@IN_SQLITE
async def test_what_nobody_gave_was_given_in_no_way(database: Database, tmp_path: Path) -> None:
    await database.run(
        publish(version("1", ask("safe", choices=AGREE), ask("why"), ask("sum", QuestionType.CALCULATE)))
    )
    given = [Answer("safe", "1", "agree"), Answer("why", state="not_applicable")]
    await database.run(keep(Response("a1", answers=[*given, Answer("sum", None, "2", rule="calculated")])))
    await exported(database, tmp_path / "l.csv", Format.LONG_CSV)
    found = [(row["question"], row["input"], row["value"]) for row in rows_of(tmp_path / "l.csv")]
    assert found == [("safe", "typed", "agree"), ("why", "", ""), ("sum", "", "2")]


@IN_SQLITE
async def test_a_very_small_number_is_written_without_an_exponent(database: Database, tmp_path: Path) -> None:
    await database.run(publish(version("1", ask("dose", QuestionType.DECIMAL), ask("sum", QuestionType.CALCULATE))))
    given = [Answer("dose", "0.00001", number=0.00001), Answer("sum", None, "-0.000025")]
    await database.run(keep(Response("a1", answers=given)))
    await exported(database, tmp_path / "o.csv")
    await exported(database, tmp_path / "l.csv", Format.LONG_CSV)
    assert ',0.00001,"answered",-0.000025,"answered"' in (tmp_path / "o.csv").read_text("utf-8")
    assert [row["value"] for row in rows_of(tmp_path / "l.csv")] == ["0.00001", "-0.000025"]
    page = await response_row(database, "stoke", "a1", now=NOW)
    assert page is not None
    assert (page["dose"], page["sum"]) == ("0.00001", "-0.000025")
