"""An export's file: masked unless raw is asked for, named for what it is, audited, streamed, whole or not there."""

import stat
import tracemalloc
from pathlib import Path

import pytest

from bot.analysis.columns import UnknownSurvey
from bot.analysis.export import Format, export
from bot.analysis.formats.asked import ExportRefused
from bot.analysis.placing import Unfinished
from storage.script import Database, Run, Script
from tests.analysis.filling import NOW, STOKE, Answer, Response, audit, exported, keep, publish

IN_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def files_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


SAID = "My name is Zaphod Testperson, 07700 900456, z@example.org, ST4 2DE"


@pytest.mark.parametrize("format", [Format.CSV, Format.LONG_CSV, Format.JSONL])
async def test_contact_details_leave_only_when_raw_is_asked_for(
    database: Database, tmp_path: Path, format: Format
) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(Response("a1", answers=[Answer("why", SAID), Answer("safe", SAID, state="unparsed")])))
    await exported(database, tmp_path / "masked", format)
    masked = (tmp_path / "masked").read_text()
    assert "My name is [name], [phone], [email], [postcode]" in masked
    assert not any(seeded in masked for seeded in ("Zaphod", "900456", "example.org", "2DE"))
    await exported(database, tmp_path / "RAW.txt", format, raw=True)
    assert SAID in (tmp_path / "RAW.txt").read_text()


@pytest.mark.parametrize("format", Format)
async def test_an_export_is_readable_by_its_owner_alone(database: Database, tmp_path: Path, format: Format) -> None:
    await database.run(publish(STOKE))
    await exported(database, tmp_path / "made", format)
    made = tmp_path / "made"  # a folder that none may enter keeps what is in it
    assert stat.S_IMODE(made.stat().st_mode) == (0o700 if made.is_dir() else 0o600)


async def test_every_export_is_audited(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await exported(database, tmp_path / "a.csv")
    await exported(database, tmp_path / "a-RAW.jsonl", Format.JSONL, raw=True)
    assert await database.read(audit) == [
        (NOW, "ann", "export", "stoke csv, masked text, 0 rows, to a.csv"),
        (NOW, "ann", "export", "stoke jsonl, raw text, 0 rows, to a-RAW.jsonl"),
    ]


async def test_a_raw_export_must_say_so_in_its_name(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    with pytest.raises(ExportRefused, match=r"such as all-RAW\.csv"):
        await exported(database, tmp_path / "all.csv", raw=True)
    assert await database.read(audit) == []
    assert not (tmp_path / "all.csv").exists()


async def test_a_place_that_cannot_be_written_is_refused_in_words(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    with pytest.raises(ExportRefused, match="is a folder"):
        await exported(database, tmp_path)
    (link := tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(ExportRefused, match="is no file of its own"):
        await exported(database, link)
    assert link.is_symlink()
    with pytest.raises(ExportRefused, match="There is no folder"):
        await exported(database, tmp_path / "none" / "a.csv")
    with pytest.raises(ExportRefused, match=r"Cannot write .*too long"):
        await exported(database, tmp_path / ("a" * 300))


async def test_a_failed_export_leaves_the_older_file_and_nothing_else(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.csv").write_text("older")
    await database.run(publish(STOKE))
    await database.run(keep(Response("a1", answers=[Answer("why", "x")])))

    def lose_the_audit_log() -> Script[None]:
        yield Run("DROP TABLE audit")

    await database.run(lose_the_audit_log)
    with pytest.raises(Exception, match="audit"):
        await exported(database, folder / "a.csv")
    assert files_in(folder) == {"a.csv": "older"}


@IN_SQLITE
async def test_what_a_killed_export_left_here_goes_and_nothing_else(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    folder = tmp_path / "out"
    (folder / ".a.csv.0123abcd.folder").mkdir(parents=True)
    kept = [".a.csv.part", ".a.csv.0123abcd.part.txt", ".a_csv.0123abcd.part", ".b.csv.0123abcd.part"]
    for name in (".a.csv.0123abcd.part", ".a.csv.0123abcd.folder/words", *kept):
        (folder / name).write_text("07700 900123")
    at_work = Unfinished(folder / "a.csv")
    await exported(database, folder / "a.csv")
    assert sorted(each.name for each in folder.iterdir()) == sorted([*kept, "a.csv", at_work.path.name])


@IN_SQLITE
@pytest.mark.parametrize(
    ("format", "name", "says"),
    [
        pytest.param(
            Format.XLSX, "a.csv", r"the format xlsx is a file that ends in \.xlsx, such as a\.xlsx\.$", id="a workbook"
        ),
        pytest.param(
            Format.CODEBOOK, "a.TXT", r"ends in \.csv or \.html or \.json, such as a\.csv\.$", id="a codebook"
        ),
        pytest.param(Format.CSV, "a.csv.gz", r"ends in \.csv or \.txt, such as a\.csv\.$", id="packed"),
        pytest.param(
            Format.JSONL, "a.json", r"ends in \.jsonl or \.ndjson or \.txt, such as a\.jsonl", id="lines, not json"
        ),
        pytest.param(Format.DATAPACKAGE, "a.json", r"is a folder, or a file that ends in \.zip", id="a folder"),
        pytest.param(Format.JSONL, "stoke.2026-11", None, id="an ending that says nothing"),
    ],
)
async def test_a_name_that_says_another_format_is_refused(
    database: Database, tmp_path: Path, format: Format, name: str, says: str | None
) -> None:
    await database.run(publish(STOKE))
    if says is None:
        await exported(database, tmp_path / name, format)
    else:
        with pytest.raises(ExportRefused, match=says):
            await exported(database, tmp_path / name, format)
    assert (tmp_path / name).exists() is (says is None)


async def test_an_unknown_survey_is_refused_before_anything_is_written(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UnknownSurvey, match="none yet"):
        await exported(database, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


async def test_a_large_export_is_streamed_in_constant_memory(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    words = "The buses stop at six and nothing runs on Sundays. " * 4
    for start in range(0, 8_000, 4_000):
        await database.run(
            keep(*[Response(f"r{n:06}", answers=[Answer("why", words)]) for n in range(start, start + 4_000)])
        )
    tracemalloc.start()
    done = await export(
        database, "stoke", Format.CSV, tmp_path / "o.csv", raw=False, labels=None, include_test=False, who="a", now=NOW
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.rows == 8_000
    assert (tmp_path / "o.csv").stat().st_size > 2_000_000
    assert peak < 6_000_000
