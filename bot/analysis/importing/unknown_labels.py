"""Labels that are none of a question's: gathered while a file is read, and told so that somebody can act on them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from bot.analysis.importing.labels import Labels, has_lost_letters, plain
from bot.analysis.importing.postcodes import STAR, district_of
from bot.analysis.importing.problems import MOST_ROWS, Problems, named, quoted, where

MOST_LABELS: Final = 12
"""Unknown labels of one column that are named: where there are more, they are words, and words are not repeated."""

MOST_DISTRICTS: Final = 40
"""Districts of postcodes that are named."""


@dataclass(slots=True)
class Unknown:
    """Labels of one column that are none of its question's, with how often and in which rows first.

    Full postcodes are put together by their districts, unless no rule of the map could say what they mean. What seems
    to have lost its letters is kept apart, for that is told once for all columns of a file.
    """

    heading: str
    may_be_postcodes: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    districts: dict[str, int] = field(default_factory=dict)
    in_districts: list[int] = field(default_factory=list)
    lost: dict[str, None] = field(default_factory=dict)
    lost_in: list[int] = field(default_factory=list)

    def add(self, label: str, row: int) -> None:
        """Note one."""
        if self.may_be_postcodes and (district := district_of(label)):
            self.districts[district] = self.districts.get(district, 0) + 1
            if len(self.in_districts) < MOST_ROWS:
                self.in_districts.append(row)
            return
        if has_lost_letters(label):
            self.lost_in.append(row)
            if len(self.lost) <= MOST_LABELS:
                self.lost[label] = None
            return
        if label not in self.counts and len(self.counts) > MOST_LABELS:
            label = ""
        self.counts[label] = self.counts.get(label, 0) + 1
        rows = self.rows.setdefault(label, [])
        if len(rows) < MOST_ROWS:
            rows.append(row)

    @property
    def _are_words(self) -> bool:
        return len(self.lost) + len(self.counts) > MOST_LABELS

    @property
    def lost_labels(self) -> str:
        """Name the labels that seem to have lost letters, with their column; of very many only that."""
        each = "" if self._are_words else f"{', '.join(map(quoted, self.lost))} "
        return f"{each}in column {named(self.heading)}"

    def tell(self, wanted: str, where_to: str, problems: Problems, labels: Labels | None = None) -> None:
        """Name each label; of very many only that they are there.

        `wanted` is what they should have been, and `where_to` the place in the map for what they mean.
        """
        if self.districts:
            self._tell_districts(wanted, where_to, problems)
        if self.counts and self._are_words:
            rows = sorted(row for rows in self.rows.values() for row in rows)[:MOST_ROWS]
            problems.add(
                f"column {named(self.heading)} holds more than {MOST_LABELS} different texts that are no {wanted}: is "
                "it the right column, and are several answers in one cell separated as the map says?"
                f"{where(rows, sum(self.counts.values()))}"
            )
            return
        for label, count in self.counts.items():
            codes = labels.ambiguous.get(plain(label), ()) if labels is not None else ()
            said = f"could be {' or '.join(codes)}" if codes else f"is no {wanted}"
            problems.add(
                f"column {named(self.heading)}: {quoted(label)} {said}; give it a code under {where_to}"
                f"{where(self.rows[label], count)}"
            )

    def _tell_districts(self, wanted: str, where_to: str, problems: Problems) -> None:
        rules = [f"{district}{STAR}" for district in sorted(self.districts)]
        more = f" and {len(rules) - MOST_DISTRICTS} more" if len(rules) > MOST_DISTRICTS else ""
        problems.add(
            f"column {named(self.heading)} holds full postcodes, and none is a {wanted}; give each district a code "
            f'under {where_to}, as "{rules[0]}" = "CODE": {", ".join(rules[:MOST_DISTRICTS])}{more}'
            f"{where(self.in_districts, sum(self.districts.values()))}"
        )


def lost_letters(labels: str) -> str:
    """Say what seems to have happened to labels, which are quoted already, and to the residents' words beside them."""
    return (
        f"labels seem to have lost letters ({labels}), and people's words may have, too: was the file saved in an "
        "encoding that lacks them, as Excel does with plain CSV? Then export it again, as XLSX or as CSV in UTF-8. If "
        "a label truly is so, give it a code"
    )


def tell_lost(columns: Iterable[Unknown], problems: Problems) -> None:
    """Say so once for a whole file, with the rows."""
    lost = [each for each in columns if each.lost]
    said = lost_letters("; ".join(each.lost_labels for each in lost))
    for row in sorted({row for each in lost for row in each.lost_in}):
        problems.add(said, row)
