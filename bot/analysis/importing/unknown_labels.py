"""Labels that are none of a question's: gathered while a file is read, and told so that somebody can act on them."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bot.analysis.importing.labels import Labels, has_lost_letters, plain
from bot.analysis.importing.postcodes import STAR, district_of
from bot.analysis.importing.problems import MOST_ROWS, Problems, named, quoted, where

MOST_LABELS: Final = 12
"""Unknown labels of one column that are named: where there are more, they are words, and words are not repeated."""

MOST_DISTRICTS: Final = 40
"""Districts of postcodes that are named."""

Lost: TypeAlias = dict[int, str]
"""Rows with a label that has lost its letters, each with one."""


@dataclass(slots=True)
class Unknown:
    """Labels of one column that are none of its question's, with how often and in which rows first.

    Full postcodes are put together by their districts, unless no rule of the map could say what they mean. What has
    lost its letters goes to `lost`, which the columns of a file share.
    """

    lost: Lost
    may_be_postcodes: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    districts: dict[str, int] = field(default_factory=dict)
    in_districts: list[int] = field(default_factory=list)

    def add(self, label: str, row: int) -> None:
        """Note one."""
        if self.may_be_postcodes and (district := district_of(label)):
            self.districts[district] = self.districts.get(district, 0) + 1
            if len(self.in_districts) < MOST_ROWS:
                self.in_districts.append(row)
            return
        if has_lost_letters(label):
            self.lost.setdefault(row, label)
            return
        if label not in self.counts and len(self.counts) > MOST_LABELS:
            label = ""
        self.counts[label] = self.counts.get(label, 0) + 1
        rows = self.rows.setdefault(label, [])
        if len(rows) < MOST_ROWS:
            rows.append(row)

    def tell(self, heading: str, wanted: str, where_to: str, problems: Problems, labels: Labels | None = None) -> None:
        """Name each label; of very many only that they are there.

        `wanted` is what they should have been, and `where_to` the place in the map for what they mean.
        """
        if self.districts:
            self._tell_districts(heading, wanted, where_to, problems)
        if len(self.counts) > MOST_LABELS:
            rows = sorted(row for rows in self.rows.values() for row in rows)[:MOST_ROWS]
            problems.add(
                f"column {named(heading)} holds more than {MOST_LABELS} different texts that are no {wanted}: is it "
                "the right column, and are several answers in one cell separated as the map says?"
                f"{where(rows, sum(self.counts.values()))}"
            )
            return
        for label, count in self.counts.items():
            codes = labels.ambiguous.get(plain(label), ()) if labels is not None else ()
            said = f"could be {' or '.join(codes)}" if codes else f"is no {wanted}"
            problems.add(
                f"column {named(heading)}: {quoted(label)} {said}; give it a code under {where_to}"
                f"{where(self.rows[label], count)}"
            )

    def _tell_districts(self, heading: str, wanted: str, where_to: str, problems: Problems) -> None:
        rules = [f"{district}{STAR}" for district in sorted(self.districts)]
        more = f" and {len(rules) - MOST_DISTRICTS} more" if len(rules) > MOST_DISTRICTS else ""
        problems.add(
            f"column {named(heading)} holds full postcodes, and none is a {wanted}; give each district a code under "
            f'{where_to}, as "{rules[0]}" = "CODE": {", ".join(rules[:MOST_DISTRICTS])}{more}'
            f"{where(self.in_districts, sum(self.districts.values()))}"
        )


def lost_letters(label: str) -> str:
    """Say what happened to a label that has lost its letters, and to the residents' words beside it."""
    return (
        f"labels such as {quoted(label)} have lost letters, and so have people's words: the file was saved in an "
        "encoding that lacks them, as Excel does with plain CSV. Export it again, as XLSX or as CSV in UTF-8. If a "
        "label truly is so, give it a code"
    )


def tell_lost(lost: Lost, problems: Problems) -> None:
    """Say so once for a whole file, with the rows."""
    for row in sorted(lost):
        problems.add(lost_letters(lost[min(lost)]), row)
