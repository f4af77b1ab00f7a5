"""An export as it was asked for, and the wide rows that every format is written from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.analysis.cells import Cell, as_is, cut_to_day
from bot.analysis.columns import FIXED, Published
from bot.analysis.disguise import Disguise, in_order
from bot.analysis.masking import mask
from bot.analysis.rows import Duplicate, Selection, WideRows, read_duplicates, stream_responses
from storage.reviews import Reader, Sentence
from storage.script import Database

Progress = Callable[[int], None]
"""Told now and then how many responses are done."""

TIMES = ("started_at", "last_answer_at", "completed_at")
"""The columns of the wide form that hold a time."""
_PLACE = {name: place for place, name in enumerate(FIXED)}
_STEP = 1_000


class ExportRefused(Exception):
    """The export as asked for cannot or must not be written. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a format wrote: rows without the header, columns, and what a reader of the file should know."""

    rows: int
    columns: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """An export as asked for, ready to be written.

    `disguise` is set for a shareable export. Consult's `numbers` are the integer ids of responses, its `areas` the
    places of campaigns. For the codebook, `readers` says who has read which translation, and when.
    """

    database: Database
    selection: Selection
    raw: bool
    labels: str | None
    primary_only: bool = False
    disguise: Disguise | None = None
    progress: Progress | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)
    readers: dict[Sentence, Reader] = field(default_factory=dict)

    @property
    def published(self) -> Published:
        """The survey's versions, which the columns come from."""
        return self.selection.published

    @property
    def language(self) -> str:
        """The language for labels where a format has codes and labels both."""
        return self.labels or self.published.newest.default_language

    @cached_property
    def duplicates(self) -> Mapping[str, Duplicate]:
        """The responses whose person has several. Blocks, the first time: for a worker thread."""
        return read_duplicates(self.database, self.selection)

    @cached_property
    def left_out(self) -> frozenset[str]:
        """The responses that are not to be written: those that do not count, where only those that do are wanted."""
        if not self.primary_only:
            return frozenset()
        return frozenset(response for response, found in self.duplicates.items() if not found.is_primary)

    def responses(self) -> list[str]:
        """List the responses by id in the order in which they began. Blocks: for a worker thread."""
        sql = f"SELECT r.id FROM response r WHERE {self.selection.where()} ORDER BY r.started_at, r.id"  # noqa: S608 - ours
        with self.database.stream(sql, self.selection.params) as slices:
            return [row[0] for rows in slices for row in rows]

    def text(self, said: str) -> str:
        """Write a resident's words as they may leave."""
        return said if self.raw else mask(said)

    def wide(
        self, text: Callable[[str], str] = as_is, code: Callable[[str], str] = as_is, *, labels: bool = True
    ) -> Iterator[list[Cell]]:
        """Give the rows of the wide form, written by `text` and `code`. Blocks: for a worker thread.

        With `labels` off there are codes in them, whatever was asked for.
        """
        wide = WideRows(
            self.published,
            write_text=lambda said: text(self.text(said)),
            write_code=code,
            labels=self.labels if labels else None,
        )
        rows = self._rows(wide)
        return rows if self.disguise is None else _shuffled(rows, self.disguise)

    def _rows(self, wide: WideRows) -> Iterator[list[Cell]]:
        left_out, done = self.left_out, 0
        for response in stream_responses(self.database, self.selection):
            if response.id not in left_out:
                yield wide.row(response, self.duplicates.get(response.id))
                done += 1
                self.tell(done)

    def tell(self, done: int) -> None:
        """Say that so many responses are done, each time that it is worth saying."""
        if self.progress is not None and done % _STEP == 0:
            self.progress(done)


def _shuffled(rows: Iterator[list[Cell]], disguise: Disguise) -> Iterator[list[Cell]]:
    """Give each row its new id, days for times and no group, in the order of the new ids."""
    return in_order((key := disguise.new_id(str(row[0])), _disguised(row, key)) for row in rows)


def _disguised(row: list[Cell], new_id: str) -> list[Cell]:
    row[0] = new_id
    row[_PLACE["duplicate_group"]] = ""
    for name in TIMES:
        row[_PLACE[name]] = cut_to_day(str(row[_PLACE[name]]))
    return row
