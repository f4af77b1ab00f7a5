"""Shareable exports, and exports of primary responses alone."""

import base64
import csv
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pyreadstat
import pytest

from bot.analysis.disguise import Disguise
from bot.analysis.export import Format
from bot.analysis.formats.asked import TIMES, ExportRefused
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database, Fetch, Run, Script
from tests.analysis.filling import BEGAN, MINUTE, NOW, Answer, Response, audit, exported, keep, publish, rows_of
from tests.analysis.formats.scene import EMPTY, FULL, SPARSE, WHOLE, filled
from tests.conftest import SECRET

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TWICE = [
    Response("dd04", respondent="p", began=BEGAN, core=(1, 3), answers=[Answer("why", "first")]),
    Response("ee05", respondent="p", began=BEGAN + 1, core=(3, 3), completed=NOW, answers=[Answer("why", "second")]),
]
MANY = [Response(f"m{n:03}", began=BEGAN + n * MINUTE, answers=[Answer("why", f"word {n}")]) for n in range(40)]


def unpacked(file: Path) -> bytes:
    """Give what a file holds, out of its packing."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            return b"".join(packed.read(name) for name in packed.namelist())
    if file.read_bytes().startswith(b"PAR1"):
        return str(pyarrow.parquet.read_table(file).to_pylist()).encode()
    return file.read_bytes()


async def test_a_shareable_export_has_days_new_ids_and_no_group(database: Database, tmp_path: Path) -> None:
    await filled(database, *TWICE)
    done = await exported(database, tmp_path / "wide.csv", shareable=True)
    await exported(database, tmp_path / "long.csv", Format.LONG_CSV, shareable=True)
    wide, long = rows_of(tmp_path / "wide.csv"), rows_of(tmp_path / "long.csv")
    assert {row["started_at"] for row in wide} == {"2026-11-22"}
    assert {row["completed_at"] for row in wide} == {"", "2026-11-22", "2026-11-23"}
    assert {row["asked_at"] for row in long} | {row["answered_at"] for row in long} == {"2026-11-22"}
    assert {row["duplicate_group"] for row in wide} == {""}
    assert sorted(row["is_primary"] for row in wide) == ["0", "1", "1", "1", "1"]
    assert not {row["response_id"] for row in wide} & {each.id for each in (FULL, SPARSE, EMPTY, *TWICE)}
    assert {row["response_id"] for row in long} <= {row["response_id"] for row in wide}
    assert "[phone]" in (tmp_path / "wide.csv").read_text()
    assert "times are cut to days" in done.notes[0]
    assert "cannot know every name" in done.notes[1]
    assert (await database.read(audit))[0][3] == "stoke csv, shareable, masked text, 5 rows, to wide.csv"


@pytest.mark.parametrize("format", [Format.CSV, Format.LONG_CSV, Format.JSONL])
async def test_its_order_says_nothing_of_the_order_of_arrival_and_stays(
    database: Database, tmp_path: Path, format: Format
) -> None:
    await filled(database, *MANY)
    await exported(database, tmp_path / "one", format, shareable=True)
    await exported(database, tmp_path / "two", format, shareable=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    came = [int(number) for number in re.findall(r"\"?word (\d+)", (tmp_path / "one").read_text())]
    assert sorted(set(came)) == list(range(40))
    inversions = sum(later < earlier for n, earlier in enumerate(came) for later in came[n:])
    assert 0.25 < inversions / (len(came) ** 2 / 2) < 0.75, "as in a shuffled pack, neither in order nor turned round"


async def test_its_key_is_wrapped_and_outlives_every_change_of_keys(database: Database, tmp_path: Path) -> None:
    await filled(database, *MANY)

    def as_it_was_kept_at_first() -> Script[None]:
        yield Run(
            "INSERT INTO installation (name, value) VALUES ('key of shareable exports', :key)", {"key": "ab" * 32}
        )

    def kept() -> Script[list[tuple[str, str]]]:
        found = yield Fetch("SELECT name, value FROM installation UNION SELECT purpose, wrapped FROM data_key")
        return [(str(name), str(value)) for name, value in found.rows]

    await database.run(as_it_was_kept_at_first)
    await exported(database, tmp_path / "one", shareable=True)
    assert Disguise(bytes.fromhex("ab" * 32)).new_id("m001") in (tmp_path / "one").read_text()
    names, values = zip(*await database.read(kept), strict=True)
    assert names.count("shareable") == 1
    assert not {"ab" * 32, base64.b64encode(bytes.fromhex("ab" * 32)).decode()} & set(values)
    ring = await KeyRing.open(database, "a new secret", SECRET)
    await rotate_data_keys(database, ring)
    await exported(database, tmp_path / "two", shareable=True, keys=ring)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


async def test_rows_stand_in_the_order_of_their_new_ids(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o.jsonl", Format.JSONL, shareable=True)
    ids = [json.loads(line)["response_id"] for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)


async def test_a_shareable_export_is_never_raw(database: Database, tmp_path: Path) -> None:
    await filled(database)
    with pytest.raises(ExportRefused, match="always masked"):
        await exported(database, tmp_path / "RAW.csv", raw=True, shareable=True)
    assert not (tmp_path / "RAW.csv").exists()


@pytest.mark.parametrize("format", [each for each in Format if each is not Format.CODEBOOK])
async def test_no_format_of_a_shareable_export_tells_a_time_or_an_id(
    database: Database, tmp_path: Path, format: Format
) -> None:
    everybody = [replace(each, id=f"person-{n}") for n, each in enumerate((FULL, SPARSE, EMPTY, *TWICE))]
    await database.run(publish(WHOLE))
    await database.run(keep(*everybody))
    out = tmp_path / "o"
    await exported(database, out, format, shareable=True)
    files = [out] if out.is_file() else [path for path in out.rglob("*") if path.is_file()]
    for file in files:
        content = unpacked(file)
        assert b"person-" not in content
        assert b"19:04" not in content
        assert b"900123" not in content
        assert not re.search(rb"T(?!00:00)\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00)", content), "a time of the day"


async def test_parquet_and_spss_have_days_too(database: Database, tmp_path: Path) -> None:
    await filled(database, *TWICE)
    await exported(database, tmp_path / "o.parquet", Format.PARQUET, shareable=True)
    await exported(database, tmp_path / "o.sav", Format.SAV, shareable=True)
    parquet = pyarrow.parquet.read_table(tmp_path / "o.parquet").to_pylist()
    spss = pyreadstat.read_sav(tmp_path / "o.sav", output_format="dict")[0]
    for column in TIMES:
        for times in ([row[column] for row in parquet], spss[column]):
            days = [time for time in times if time is not None]
            assert days
            assert {str(day).removesuffix(" 00:00:00+00:00") for day in days} <= {"2026-11-22", "2026-11-23"}


@pytest.mark.parametrize("format", [Format.CSV, Format.LONG_CSV, Format.PARQUET, Format.SAV])
async def test_a_day_is_that_of_london_also_in_summer_time(database: Database, tmp_path: Path, format: Format) -> None:
    midnight = 1_786_662_000_000  # 2026-08-14T00:00+01:00
    answer = replace(FULL.answers[0], at=midnight + MINUTE)
    await filled(database, replace(FULL, id="summer", began=midnight, completed=midnight, answers=[answer]))
    await exported(database, tmp_path / "o", format, shareable=True)
    if format is Format.SAV:
        content = str(pyreadstat.read_sav(tmp_path / "o", output_format="dict")[0]).replace("datetime.date", "")
    else:
        content = unpacked(tmp_path / "o").decode()
    assert re.search(r"2026(-08-|, 8, )14", content)
    assert not re.search(r"2026(-08-|, 8, )13", content)


@pytest.mark.parametrize("format", [Format.CSV, Format.LONG_CSV])
async def test_only_the_response_to_count_of_each_person_is_written_when_asked_for(
    database: Database, tmp_path: Path, format: Format
) -> None:
    await filled(database)
    await database.run(keep(*TWICE))
    done = await exported(database, tmp_path / "o.csv", format, primary_only=True)
    with (tmp_path / "o.csv").open(encoding="utf-8-sig", newline="") as file:
        ids = {row["response_id"] for row in csv.DictReader(file)}
    assert ids == {"aa01", "bb02", "ee05"} | ({"cc03"} if format is Format.CSV else set())
    assert (await database.read(audit))[0][3].startswith(f"stoke {format}, masked text, primary only, {done.rows} rows")
