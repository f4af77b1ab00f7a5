"""The Parquet file, as pyarrow and polars read it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars
import pyarrow.parquet
import pytest

from bot.analysis.export import Format
from storage.script import Database
from tests.analysis.filling import Answer, Response, exported, publish
from tests.analysis.formats.scene import HARD_MASKED, WHOLE, filled

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_the_columns_have_types_and_the_values_are_verbatim(database: Database, tmp_path: Path) -> None:
    await filled(database)
    done = await exported(database, tmp_path / "o.parquet", Format.PARQUET)
    table = pyarrow.parquet.read_table(tmp_path / "o.parquet")
    full, sparse, empty = table.to_pylist()
    assert full["why"] == HARD_MASKED
    assert (full["years"], full["rate"], full["moved"], full["sum"]) == (34, 2.5, date(2021, 5, 3), "17")
    assert (full["needs"], full["needs/lights"], full["assisted"]) == ("lights buses", 1, 0)
    assert full["started_at"] == datetime(2026, 11, 22, 19, 4, tzinfo=UTC)
    assert (sparse["safe"], sparse["safe__state"], sparse["completed_at"]) == (None, "skipped", None)
    assert (empty["years"], empty["years__state"]) == (None, "not_reached")
    types = {field.name: str(field.type) for field in table.schema}
    assert [types[name] for name in ("late", "years", "rate", "started_at", "safe")] == [
        *("int8", "int64", "double", "timestamp[ms, tz=UTC]", "string"),
    ]
    assert done.notes == ()


async def test_polars_reads_the_same(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "o.parquet", Format.PARQUET)
    await exported(database, tmp_path / "o.jsonl", Format.JSONL)
    typed = polars.read_parquet(tmp_path / "o.parquet")
    plain = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text("utf-8").splitlines()]
    assert typed.columns == [*plain[0]]
    same = [name for name, kind in typed.schema.items() if kind in (polars.String, polars.Int64, polars.Float64)]
    assert len(same) > 20
    for name in set(same) - {"sum"}:
        assert typed[name].to_list() == [row[name] for row in plain], name


async def test_the_file_says_what_it_is(database: Database, tmp_path: Path) -> None:
    await filled(database)
    await exported(database, tmp_path / "RAW.parquet", Format.PARQUET, raw=True)
    schema = pyarrow.parquet.read_schema(tmp_path / "RAW.parquet")
    assert schema.metadata == {
        b"survey": b"stoke",
        b"title": b"Stoke",
        b"survey_versions": b"1",
        b"text": b"raw",
        b"values": b"codes",
    }
    assert schema.field("safe").metadata == {b"description": b"Do you feel safe?"}


async def test_a_value_that_does_not_fit_its_type_is_left_empty_and_counted(database: Database, tmp_path: Path) -> None:
    strange = [Answer("years", "x", number=1e17), Answer("rate", "so so"), Answer("moved", "May", "May")]
    await filled(database, Response("dd04", began=1, answers=strange))
    done = await exported(database, tmp_path / "o.parquet", Format.PARQUET)
    first = pyarrow.parquet.read_table(tmp_path / "o.parquet").to_pylist()[0]
    assert (first["years"], first["rate"], first["moved"], first["moved__state"]) == (None, None, None, "answered")
    assert done.notes == (
        "3 values do not fit the type of their column and are left empty here; csv and jsonl have them.",
    )


async def test_a_survey_without_answers_still_has_its_columns(database: Database, tmp_path: Path) -> None:
    await database.run(publish(WHOLE))
    await exported(database, tmp_path / "o.parquet", Format.PARQUET)
    table = pyarrow.parquet.read_table(tmp_path / "o.parquet")
    assert (table.num_rows, table.column_names[-1]) == (0, "sum__state")
