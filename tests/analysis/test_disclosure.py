"""What may be published: nothing hidden is found again, judged by trying what else would add up."""

from collections.abc import Iterator
from itertools import product, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.disclosure import Cell, Table, gathered, hidden_cells, rounded
from bot.analysis.hiding import FEW


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    """Tables of which every sum is 10 or more, with many small counts and noughts."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    count = st.one_of(st.integers(0, 12), st.integers(0, 40), st.just(0))
    table = [[draw(count) for _ in range(columns)] for _ in range(rows)]
    for row in table:
        if sum(row) < FEW:
            row[draw(st.integers(0, columns - 1))] += FEW
    for column in range(columns):
        if sum(row[column] for row in table) < FEW:
            table[draw(st.integers(0, rows - 1))][column] += FEW
    return table


def ranges(table: Table, hidden: frozenset[Cell]) -> list[int]:
    """Say for each hidden count how far its least is from its most, given all sums and all shown counts exactly.

    It looks no further than 10 either way: what adds up has no gaps.
    """
    cells = sorted(hidden)
    rows = [sum(table[r][c] for r, c in cells if r == row) for row in range(len(table))]
    columns = [sum(table[r][c] for r, c in cells if c == column) for column in range(len(table[0]))]
    found = []
    for place, (row, column) in enumerate(cells):
        others, count = cells[:place] + cells[place + 1 :], table[row][column]

        def could_be(value: int, others: list[Cell] = others, cell: Cell = (row, column)) -> bool:
            return _adds_up(others, *_less(rows, columns, cell, value))

        most = min(rows[row], columns[column], count + FEW)
        up = len([*takewhile(could_be, range(count + 1, most + 1))])
        down = len([*takewhile(could_be, range(count - 1, max(count - FEW + up, 0) - 1, -1))])
        found.append(up + down)
    return found


def _adds_up(cells: list[Cell], rows: list[int], columns: list[int]) -> bool:
    """Say whether some counts in these cells have these sums: tries every value of the first, and so on."""
    if not cells:
        return not any(rows) and not any(columns)
    cell, *others = cells
    if any(left and not any(r == row for r, _ in cells) for row, left in enumerate(rows)):
        return False
    if any(left > sum(rows[r] for r, c in cells if c == column) for column, left in enumerate(columns)):
        return False
    room = sum(columns[c] for r, c in others if r == cell[0])
    values = range(max(0, rows[cell[0]] - room), min(rows[cell[0]], columns[cell[1]]) + 1)
    return any(_adds_up(others, *_less(rows, columns, cell, value)) for value in values)


def _less(rows: list[int], columns: list[int], cell: Cell, value: int) -> tuple[list[int], list[int]]:
    rows, columns = [*rows], [*columns]
    rows[cell[0]] -= value
    columns[cell[1]] -= value
    return rows, columns


@given(tables())
@settings(max_examples=40, deadline=None)
def test_no_hidden_count_is_found_from_the_sums_within_a_range_of_ten(table: list[list[int]]) -> None:
    hidden = hidden_cells(table)
    assert all(each >= FEW for each in ranges(table, hidden))
    if min(len(table), len(table[0])) > 1:
        small = {(r, c) for r, row in enumerate(table) for c, count in enumerate(row) if count < FEW}
        assert small <= hidden


def test_trying_everything_that_adds_up_pins_no_hidden_count_down() -> None:
    """Of some 2 x 3 tables, list every table that has the same sums and shown counts."""
    tables = [table for table in product(product((0, 4, 12), repeat=3), repeat=2) if min(_sums(table)) >= FEW]
    for table in tables[::17]:
        hidden = hidden_cells(table)
        alike = [other for other in _with_the_same_sums(table) if _shows_the_same(table, other, hidden)]
        for row, column in hidden:
            assert len({other[row][column] for other in alike}) > FEW, table


def _sums(table: Table) -> list[int]:
    return [*map(sum, table), *map(sum, zip(*table, strict=True))]


def _with_the_same_sums(table: Table) -> Iterator[Table]:
    """Give every table of two rows with these sums: the first row decides the second."""
    sums = [a + b for a, b in zip(*table, strict=True)]
    for row in product(*(range(total + 1) for total in sums)):
        if sum(row) == sum(table[0]):
            yield row, [total - count for total, count in zip(sums, row, strict=True)]


def _shows_the_same(table: Table, other: Table, hidden: frozenset[Cell]) -> bool:
    cells = product(range(len(table)), range(len(table[0])))
    return all((r, c) in hidden or table[r][c] == other[r][c] for r, c in cells)


@pytest.mark.parametrize(
    ("table", "hidden"),
    [
        pytest.param([[20, 30], [40, 50]], [], id="no small count"),
        pytest.param([[4, 30], [40, 50]], [(0, 0), (0, 1), (1, 0), (1, 1)], id="two by two goes as a whole"),
        pytest.param(
            [[4, 30, 20], [40, 50, 60], [70, 11, 90]], [(0, 0), (0, 2), (2, 0), (2, 2)], id="a small one takes a ring"
        ),
        pytest.param([[12], [30]], [], id="one column is its own sum"),
    ],
)
def test_what_goes_along_with_a_small_count(table: Table, hidden: list[tuple[int, int]]) -> None:
    found = hidden_cells(table)
    assert all(each >= FEW for each in ranges(table, found))
    assert (len(found), (0, 0) in found) == (len(hidden), (0, 0) in hidden)


@pytest.mark.parametrize(
    ("sums", "together"),
    [
        pytest.param({"a": 40, "b": 10}, [], id="each is enough"),
        pytest.param({"a": 40, "b": 6, "c": 5, "d": 20}, ["b", "c"], id="two small ones are enough"),
        pytest.param({"a": 40, "b": 6, "c": 20}, ["b", "c"], id="one takes the next along"),
        pytest.param({"a": 40, "b": 0}, ["a", "b"], id="nought is small too"),
        pytest.param({"a": 4, "b": 3}, ["a", "b"], id="fewer than ten in all"),
    ],
)
def test_small_rows_and_columns_go_together(sums: dict[str, int], together: list[str]) -> None:
    assert gathered(sums) == together


@pytest.mark.parametrize(("count", "shown"), [(10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000)])
def test_a_shown_count_is_rounded_to_the_nearest_five(count: int, shown: int) -> None:
    assert rounded(count) == shown
