"""Parquet: the wide form with typed columns, in row groups, so that memory holds some thousand responses at a time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from bot.analysis.cells import Cell
from bot.analysis.formats.asked import Asked, Written
from bot.analysis.formats.described import Described, Kind, describe, typed
from bot.analysis.formats.extra import load

PACKAGES = ("pyarrow",)
ROW_GROUP = 8_192


def write_parquet(asked: Asked, path: Path) -> Written:
    """Write the file. What does not fit its column's type is left empty, and counted."""
    arrow, parquet = load("pyarrow", "parquet"), load("pyarrow.parquet", "parquet")
    columns = describe(asked)
    schema = arrow.schema(
        [
            arrow.field(each.name, _type_of(arrow, each.kind), metadata={"description": each.meaning})
            for each in columns
        ],
        metadata=_about(asked),
    )
    rows = misfits = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for group in _groups(asked.wide()):
            values, lost = _by_column(columns, group)
            arrays = [arrow.array(each, field.type) for each, field in zip(values, schema, strict=True)]
            file.write_table(arrow.Table.from_arrays(arrays, schema=schema), row_group_size=ROW_GROUP)
            rows += len(group)
            misfits += lost
    return Written(rows, len(columns), misfit_notes(misfits))


def misfit_notes(misfits: int) -> tuple[str, ...]:
    """Say how many values a typed file could not hold."""
    if not misfits:
        return ()
    return (f"{misfits} values do not fit the type of their column and are left empty here; csv and jsonl have them.",)


def _type_of(arrow: Any, kind: Kind) -> Any:  # noqa: ANN401 - pyarrow ships no types
    match kind:
        case Kind.FLAG:
            return arrow.int8()
        case Kind.INTEGER:
            return arrow.int64()
        case Kind.NUMBER:
            return arrow.float64()
        case Kind.DATE:
            return arrow.date32()
        case Kind.TIME:
            return arrow.timestamp("ms", tz="UTC")
        case _:
            return arrow.string()


def _about(asked: Asked) -> Mapping[str, str]:
    published = asked.published
    return {
        "survey": published.survey,
        "title": published.newest.title.get(published.newest.default_language, ""),
        "survey_versions": " ".join(definition.version for definition in reversed(published.definitions)),
        "text": "raw" if asked.raw else "masked",
        "values": f"labels ({asked.labels})" if asked.labels else "codes",
    }


def _groups(rows: Iterator[list[Cell]]) -> Iterator[list[list[Cell]]]:
    while group := list(islice(rows, ROW_GROUP)):
        yield group


def _by_column(columns: Sequence[Described], rows: Sequence[Sequence[Cell]]) -> tuple[list[list[Any]], int]:
    """Turn rows into typed columns; count the values that did not fit."""
    turned, lost = [], 0
    for place, column in enumerate(columns):
        cells = [row[place] for row in rows]
        values = [typed(column, cell) for cell in cells]
        lost += sum(value is None and cell not in (None, "") for value, cell in zip(values, cells, strict=True))
        turned.append(values)
    return turned, lost
