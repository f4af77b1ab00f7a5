"""The export row of one response, as it grows."""

import asyncio
from collections.abc import Mapping

from bot.analysis.cells import Cell, disarm_code, written_out
from bot.analysis.columns import read_published
from bot.analysis.masking import mask
from bot.analysis.rows import Selection, WideRows, read_duplicates, stream_responses
from storage.script import Database


async def response_row(database: Database, survey: str, response_id: str, *, now: int) -> Mapping[str, str] | None:
    """Return column name to cell, in column order, masked as the export is; None for an unknown response."""
    published = await database.read(lambda: read_published(survey))
    selection = Selection(published, now, include_test=True, among=[response_id])
    wide = WideRows(published, write_text=mask, write_code=disarm_code, labels=None)

    def read() -> list[Cell] | None:
        found = next(stream_responses(database, selection), None)
        if found is None:
            return None
        duplicates = read_duplicates(database, selection)
        return wide.row(found, duplicates.get(response_id))

    cells = await asyncio.to_thread(read)
    if cells is None:
        return None
    named = zip(published.header, cells, strict=True)
    return {name: "" if cell is None else str(written_out(cell)) for name, cell in named}
