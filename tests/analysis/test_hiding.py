"""Small counts: what is hidden, and that nobody finds it again."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.hiding import FEW, hide_small, round_down

TABLES = st.lists(st.integers(0, 40), min_size=1, max_size=9)


def hidden(*counts: int) -> list[int | None]:
    return list(hide_small({str(place): count for place, count in enumerate(counts)}).values())


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        pytest.param((30, 12, 10), [30, 12, 10], id="no small count"),
        pytest.param((30, 0, 12), [30, 0, 12], id="nought tells of nobody"),
        pytest.param((30, 20, 4), [30, None, None], id="one small count takes the next one along"),
        pytest.param((30, 20, 20, 4), [30, None, None, None], id="all that are alike go along"),
        pytest.param((30, 20, 4, 7), [30, 20, None, None], id="two small counts that are ten together"),
        pytest.param((30, 20, 4, 3), [30, None, None, None], id="two small counts that are under ten together"),
        pytest.param((30, 20, 9, 9), [30, None, None, None], id="two nines have but one sum"),
        pytest.param((4, 3, 0), [None, None, None], id="fewer than ten in all"),
        pytest.param((40, 3, 0), [None, None, 0], id="noughts stay while something else can go"),
        pytest.param((0, 0), [0, 0], id="nobody yet"),
    ],
)
def test_what_is_hidden(counts: tuple[int, ...], shown: list[int | None]) -> None:
    assert hidden(*counts) == shown


@given(TABLES)
def test_what_is_shown_is_true_and_never_small(counts: list[int]) -> None:
    for count, shown in zip(counts, hidden(*counts), strict=True):
        assert shown in (None, count)
        assert shown is None or not 0 < shown < FEW


@given(TABLES)
def test_nothing_hidden_is_found_by_subtracting_from_the_sum(counts: list[int]) -> None:
    shown = hidden(*counts)
    concealed = [count for count, each in zip(counts, shown, strict=True) if each is None]
    if concealed and len(concealed) < len(counts):
        assert len(concealed) >= 2
        assert sum(concealed) >= FEW


def test_whoever_knows_the_rule_finds_no_hidden_count_either() -> None:
    """Look at every table of three kinds up to 22: each hidden count beside a shown one could be another number."""
    alike: dict[tuple[int, tuple[int | None, ...]], list[tuple[int, ...]]] = {}
    for counts in product(range(23), repeat=3):
        alike.setdefault((sum(counts), tuple(hidden(*counts))), []).append(counts)
    found_out = [
        (shown, tables[0])
        for (_, shown), tables in alike.items()
        if set(shown) != {None}
        for place, each in enumerate(shown)
        if each is None and len({table[place] for table in tables}) == 1
        # At the edge of what is tried here the other tables are out of sight.
        if max(tables[0]) < 20
    ]
    assert found_out == []


def test_what_is_shown_is_rounded_down_to_fives_and_what_is_hidden_stays_so() -> None:
    counts = {"none": 0, "ten": 10, "fourteen": 14, "fifteen": 15, "hidden": None}
    assert round_down(counts) == {"none": 0, "ten": 10, "fourteen": 10, "fifteen": 15, "hidden": None}
