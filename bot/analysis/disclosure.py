"""Tables that may be published: the ONS "10-5 rule", and nothing hidden that what is shown would give away.

The rule: a count under 10 is hidden, nought among them, and its percentage with it; every other count is rounded to the
nearest 5. (ONS; nought is small, and so are percentages, after UK LLC, https://guidebook.ukllc.ac.uk/docs/user_guide/sdc.
`hiding` is the milder rule of staff pages, where nought is shown.)

A hidden count could be found by taking what is shown from a sum. So sums are made safe first: rows and columns with
fewer than 10 people are put together until every sum is 10 or more, and all sums are shown. Then, in the table, counts
go along with the small ones until whoever knew every shown count exactly could still not say of any hidden one, within
a range of 10, what it is. That is checked, not hoped for: each hidden count is moved up and down as far as the sums let
it, which is a flow through the table (Gusfield, "A graph theoretic approach to statistical data security", 1988).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from bot.analysis.hiding import FEW

NEAREST = 5

Table = Sequence[Sequence[int]]
"""Counts by row and column."""
Cell = tuple[int, int]
"""A place in a table: row and column."""
Node = tuple[str, int]
"""A row or a column."""


def rounded(count: int) -> int:
    """Round a count that may be shown to the nearest 5."""
    return NEAREST * ((count + NEAREST // 2) // NEAREST)


def gathered(sums: Mapping[str, int]) -> list[str]:
    """Say which of these go together, because fewer than 10 people stand behind each. Empty where none has to.

    With the small ones goes so much of what is next that they are 10 or more together. All of them go where no two
    sums could be told apart safely.
    """
    together = [name for name, count in sums.items() if count < FEW]
    while together and sum(sums[name] for name in together) < FEW and len(together) < len(sums):
        together.append(min((name for name in sums if name not in together), key=lambda name: (sums[name], name)))
    return [name for name in sums if name in together]


def hidden_cells(table: Table) -> frozenset[Cell]:
    """Say which counts of a table are hidden while all its sums are shown; each sum is 10 or more.

    No hidden count can be placed within a range of fewer than 10, also by whoever knows every shown count and sum
    exactly. A table of one row or one column has its sums for counts, and hides nothing.
    """
    rows, columns = len(table), len(table[0]) if table else 0
    if rows < 2 or columns < 2:
        return frozenset()
    hidden = {(row, column) for row, column in _cells(table) if table[row][column] < FEW}
    wide: set[Cell] = set()
    while waiting := sorted(hidden - wide):
        for cell in waiting:
            if _range(table, hidden, cell) < FEW:
                hidden |= _ring_to_hide(table, hidden, cell)
                break
            # What is hidden besides can only add to its range.
            wide.add(cell)
    return frozenset(hidden)


def _cells(table: Table) -> Iterator[Cell]:
    return product(range(len(table)), range(len(table[0])))


def _ring_to_hide(table: Table, hidden: set[Cell], narrow: Cell) -> set[Cell]:
    """Choose what to hide besides: three counts that make a ring with the narrow one, so that all four can move.

    The fewest more, then the smallest; rings first that leave it a range of 10.
    """
    row, column = narrow
    rings = []
    for other_row, other_column in _cells(table):
        if other_row != row and other_column != column:
            ring = {(row, other_column), (other_row, column), (other_row, other_column)}
            falling = min(table[row][other_column], table[other_row][column])
            leeway = falling + min(table[row][column], table[other_row][other_column])
            more = sorted(ring - hidden)
            if more:
                rings.append((leeway < FEW, len(more), sum(table[r][c] for r, c in more), more))
    # With all of a table hidden every count has a range of 10, since every sum has: see the module's first lines.
    return set(min(rings)[-1])


def _range(table: Table, hidden: Iterable[Cell], cell: Cell) -> int:
    """Say how far a hidden count could be from its least to its most, as far as sums and shown counts tell."""
    return _leeway(table, hidden, cell, up=True) + _leeway(table, hidden, cell, up=False)


def _leeway(table: Table, hidden: Iterable[Cell], cell: Cell, *, up: bool) -> int:
    """Move one hidden count as far as the others can make up for it; no count is under nought.

    What it gains its row must lose elsewhere, and whatever loses there must be gained in that column, and so on until
    its own column has lost as much: the largest flow from its row to its column. 10 is as far as anybody asks.
    """
    counts = {each: table[each[0]][each[1]] for each in hidden}
    beside: dict[Node, list[Cell]] = {}
    for each in sorted(counts):
        for node in _ends(each):
            beside.setdefault(node, []).append(each)
    moved = 0
    while moved < FEW and (path := _way_round(counts, beside, cell, up=up)):
        falling = [each for each, change in path if change < 0]
        step = min([counts[each] for each in falling] + [FEW - moved])
        for each, change in path:
            counts[each] += change * step
        moved += step
    return moved


def _way_round(
    counts: Mapping[Cell, int], beside: Mapping[Node, Sequence[Cell]], cell: Cell, *, up: bool
) -> list[tuple[Cell, int]]:
    """Find a ring of hidden counts, the one asked for among them, that can change by turns; empty if there is none.

    A hidden count joins its row to its column. Walking it from the row lets it fall, from the column lets it rise.
    """
    if not up and not counts[cell]:
        return []
    row, column = _ends(cell)
    start, end = (row, column) if up else (column, row)
    came: dict[Node, tuple[Node, Cell, int]] = {}
    waiting = deque([start])
    while waiting and end not in came:
        node = waiting.popleft()
        for each in beside[node]:
            its_row, its_column = _ends(each)
            other, change = (its_column, -1) if node == its_row else (its_row, 1)
            if each != cell and other not in came and other != start and (change > 0 or counts[each] > 0):
                came[other] = (node, each, change)
                waiting.append(other)
    ring = [(cell, 1 if up else -1)]
    node = end
    while node != start:
        if node not in came:
            return []
        node, each, change = came[node]
        ring.append((each, change))
    return ring


def _ends(cell: Cell) -> tuple[Node, Node]:
    return ("row", cell[0]), ("column", cell[1])
