"""Responses as they are now, in the order in which they last changed: for whoever keeps a copy of them all."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from bot.analysis.cells import Cell, as_is
from bot.analysis.columns import Published, read_published
from bot.analysis.masking import mask
from bot.analysis.rows import Selection, WideRows, read_duplicates, stream_responses
from storage.event_subjects import Current, current_after
from storage.installation import is_demo
from storage.script import Database, Script


class CurrentPage(Struct, frozen=True):
    """Some responses as the JSON Lines export has them, and those that were withdrawn.

    Whoever goes on from `next` misses nothing: a response that changes meanwhile comes again, behind it.
    """

    responses: Sequence[Mapping[str, Cell]]
    withdrawn: Sequence[Mapping[str, str | int]]
    next: int
    has_more: bool


async def current_page(database: Database, after: int, limit: int, survey: str, *, now: int) -> CurrentPage:
    """Read the responses that changed after a cursor, masked. Those of trials are a demo's alone."""
    include_test = await database.read(is_demo)

    def read() -> Script[tuple[list[Current], dict[str, Published]]]:
        found = yield from current_after(after, limit + 1, survey, include_test=include_test)
        published = {}
        for name in sorted({each.survey for each in found[:limit] if not each.is_gone}):
            published[name] = yield from read_published(name)
        return found, published

    found, published = await database.read(read)
    page = found[:limit]
    asked = {
        name: Selection(
            published[name], now, include_test, among=[e.response for e in page if e.survey == name and not e.is_gone]
        )
        for name in published
    }
    rows = await asyncio.to_thread(_rows, database, asked.values())
    return CurrentPage(
        [rows[each.response] for each in page if each.response in rows],
        [
            {"response_id": each.response, "survey": each.survey, "revision": each.revision}
            for each in page
            if each.is_gone
        ],
        page[-1].seq if page else after,
        len(found) > limit,
    )


def _rows(database: Database, asked: Iterable[Selection]) -> dict[str, Mapping[str, Cell]]:
    """Give the rows of these responses by id; one that was withdrawn meanwhile has none."""
    rows: dict[str, Mapping[str, Cell]] = {}
    for selection in asked:
        published = selection.published
        wide = WideRows(published, write_text=mask, write_code=as_is, labels=None)
        known = read_duplicates(database, selection)
        for response in stream_responses(database, selection):
            cells = (None if cell == "" else cell for cell in wide.row(response, known.get(response.id)))
            rows[response.id] = dict(zip(published.header, cells, strict=True))
    return rows
