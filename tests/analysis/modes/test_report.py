"""The report by mode with its exact counts: the same rows as the export, in every format."""

import csv
import io
import re
from pathlib import Path

import pytest

from bot.analysis.formats.asked import ExportRefused
from bot.analysis.modes.filing import write_report
from bot.analysis.modes.report import NO_MARGIN, Grid, Report, counted, exact_report
from storage.script import Database, Fetch, Many, Row, Script
from tests.analysis.filling import BEGAN, NOW, STOKE, Answer, Response, exported, keep, publish, rows_of
from tests.analysis.modes.town import SURVEY, fill

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def report(database: Database) -> Report:
    return exact_report(await counted(database, "stoke", include_test=False, now=NOW))


def grid(report: Report, id: str) -> Grid:
    return next(each for each in report.grids if each.id == id)


def numbers(grid: Grid) -> dict[str, dict[str, int | None]]:
    """Give a table's counts by line and column."""
    return {
        line.code: {
            f"{column.code} {column.variant}": cell.count for column, cell in zip(grid.columns, line.cells, strict=True)
        }
        for line in grid.lines
    }


async def test_every_count_is_one_of_the_exports_rows(database: Database, tmp_path: Path) -> None:
    await fill(database)
    await exported(database, tmp_path / "o.csv")
    rows = rows_of(tmp_path / "o.csv")
    made = await report(database)
    safe, needs = numbers(grid(made, "question-safe")), numbers(grid(made, "question-needs"))
    variants = {
        "all": rows,
        "unflagged": [row for row in rows if row["quality"] in ("", "no_campaign")],
        "primary": [row for row in rows if row["is_primary"] == "1"],
    }
    for variant, those in variants.items():
        for mode in ("sms", "web", "whatsapp", "paper", "all"):
            of_mode = [row for row in those if mode in (row["source"], "all")]
            column = f"{mode} {variant}"
            assert safe["agree"][column] == sum(row["safe"] == "agree" for row in of_mode)
            assert safe["*skipped"][column] == sum(row["safe__state"] == "skipped" for row in of_mode)
            assert needs["buses"][column] == sum(row["needs/buses"] == "1" for row in of_mode)
            assert safe["*all"][column] == len(of_mode)
    assert made.responses == len(rows)


async def test_dispositions_add_up_by_mode_language_and_campaign(database: Database) -> None:
    await fill(database)
    made = await report(database)
    for each in made.ended:
        lines = [[cell.count or 0 for cell in line.cells] for line in each.lines]
        assert [sum(column) for column in zip(*lines[:-1], strict=True)] == lines[-1]
        assert all(line[0] == sum(line[1:]) for line in lines)
    by_campaign = grid(made, "ended-by-campaign")
    assert {line.name for line in by_campaign.lines} == {"hall7", "mosque", "No campaign", "All"}


def undelivered() -> Script[None]:
    people = ["failed", "unknown", "lost", "reached", "answered"]
    yield Many(
        "INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, made_at)"
        " VALUES (:id, 'sms', :blob, :id, 1, 0)",
        [{"id": id, "blob": b""} for id in people],
    )
    yield Many(
        "INSERT INTO conversation (id, contact_id, survey, version, respondent_id, response_id, state, updated_at)"
        " VALUES (:id, :id, 'stoke', '1', :id, :id, '{}', 0)",
        [{"id": id} for id in people],
    )
    sent = [
        ("failed", "accepted", "delivered", 1),
        ("failed", "failed", None, 2),
        ("unknown", "unknown", None, 1),
        ("lost", "accepted", "undelivered", 1),
        ("reached", "failed", None, 1),
        ("reached", "accepted", "delivered", 2),
        ("answered", "failed", None, 1),
    ]
    yield Many(
        "INSERT INTO outbox (id, contact_id, channel, purpose, priority, survey, state, status, not_before, made_at)"
        " VALUES (:id, :contact, 'sms', 'reply', 1, 'stoke', :state, :status, 0, CAST(:at AS BIGINT))",
        [
            {"id": f"o{n}", "contact": contact, "state": state, "status": status, "at": at}
            for n, (contact, state, status, at) in enumerate(sent)
        ],
    )


async def test_who_never_got_our_question_is_told_from_who_broke_off(database: Database) -> None:
    await database.run(publish(SURVEY))
    silent = [Response(id, began=BEGAN) for id in ("failed", "unknown", "lost", "reached")]
    await database.run(keep(*silent, Response("answered", [Answer("safe", code="agree")])))
    await database.run(undelivered)
    by_mode = numbers(grid(await report(database), "ended-by-mode"))["sms"]
    assert {name.split()[0]: count for name, count in by_mode.items() if count} == {
        "responses": 5,
        "partial": 2,
        "undelivered": 2,
        "unknown": 1,
    }


@ON_SQLITE
async def test_a_question_says_in_which_modes_its_wording_was_short(database: Database) -> None:
    await fill(database)

    def full_on_the_web() -> Script[None]:
        yield Many("UPDATE answer SET wording = :wording WHERE channel = :mode", [{"wording": "full", "mode": "web"}])

    await database.run(full_on_the_web)
    made = await report(database)
    note = "Asked in a short wording: On paper, SMS, WhatsApp. In the full wording: Web form."
    assert note in grid(made, "question-safe").note
    assert "wording" not in grid(made, "question-age").note


@ON_SQLITE
async def test_nobodys_words_are_in_any_report(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    said = Answer("why", said="My name is Parveen, 07700 900123"), Answer("age", said="34", number=34.0)
    await database.run(keep(*(Response(f"r{n}", said) for n in range(20))))
    for ending in (".html", ".md", ".csv"):
        for publishable in (False, True):
            out = tmp_path / f"report{ending}"
            await write(database, out, publishable)
            assert "Parveen" not in out.read_text("utf-8")


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith("earshot.db")}


async def write(database: Database, out: Path, publishable: bool = False) -> Report:
    return await write_report(database, "stoke", out, publishable=publishable, include_test=False, who="ann", now=NOW)


@ON_SQLITE
async def test_every_format_holds_every_table_and_the_plain_sentence(database: Database, tmp_path: Path) -> None:
    await fill(database)
    for publishable, heading in ((False, "Not for publication"), (True, "For publication")):
        for ending in (".html", ".md"):
            made = await write(database, tmp_path / f"o{ending}", publishable)
            text = (tmp_path / f"o{ending}").read_text("utf-8")
            assert heading in text
            assert NO_MARGIN in text
            assert [each.caption for each in made.grids if each.caption not in text] == []
    page = (tmp_path / "o.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page), "it stands alone"


@ON_SQLITE
async def test_csv_has_a_row_for_every_number(database: Database, tmp_path: Path) -> None:
    await fill(database)
    made = await write(database, tmp_path / "o.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "o.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert rows[0] == ["table", "line", "label", "column", "counted", "count", "percent", "percent_of"]
    assert len(rows) - 1 == sum(len(line.cells) for each in made.grids for line in each.lines)
    assert ["question-safe", "*all", "All responses", "sms", "all", "140", "", ""] in rows


@ON_SQLITE
async def test_the_same_report_twice_is_the_same_bytes_and_each_is_audited(database: Database, tmp_path: Path) -> None:
    await fill(database)
    for ending in (".html", ".md", ".csv"):
        await write(database, tmp_path / f"one{ending}")
        await write(database, tmp_path / f"two{ending}")
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
        assert (tmp_path / f"one{ending}").stat().st_mode & 0o077 == 0

    def audited() -> Script[list[Row]]:
        return list((yield Fetch("SELECT who, detail FROM audit WHERE action = 'export' ORDER BY id")).rows)

    found = await database.read(audited)
    assert tuple(found[0]) == ("ann", "stoke report by mode, exact counts, to one.html")
    assert len(found) == 6


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("report.docx", r"end the name report.docx in .html, .md or .csv", id="no such format"),
        pytest.param("nowhere/report.md", "There is no folder", id="no such folder"),
        pytest.param("folder.md", "Cannot write", id="a folder of that name"),
    ],
)
async def test_a_report_that_cannot_be_written_says_so_and_leaves_nothing(
    database: Database, tmp_path: Path, name: str, said: str
) -> None:
    await fill(database)
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(ExportRefused, match=said):
        await write(database, tmp_path / name)
    assert left_in(tmp_path) == {"folder.md"}
