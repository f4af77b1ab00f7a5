"""Charts: where bars and columns begin and end."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.web.charts import COLUMNS_HEIGHT, MOST_DAYS, VALUE_ROOM, WIDTH, bars, days

DAY = date(2026, 11, 22)


def test_the_longest_bar_fills_its_room_and_the_others_are_in_proportion() -> None:
    chart = bars("c", "Begun", [("SMS", 30, "30"), ("Web form", 15, "15"), ("Telegram", 0, "0")])
    assert [bar.length for bar in chart.bars] == [WIDTH - VALUE_ROOM, (WIDTH - VALUE_ROOM) / 2, 0]
    assert chart.describe == "SMS: 30; Web form: 15; Telegram: 0"
    assert chart.height == 3 * 44


def test_a_mark_stands_where_its_value_would_end() -> None:
    chart = bars("c", "Shares", [("old", 0.1, "10%"), ("young", 0.2, "20%")], [0.4, 0.2])
    assert [(bar.length, bar.mark) for bar in chart.bars] == [(67.0, 268.0), (134.0, 134.0)]


def test_a_chart_of_nothing_says_so() -> None:
    chart = bars("c", "Begun", [])
    assert (chart.bars, chart.describe, chart.height) == ([], "nothing yet", 44)
    assert bars("c", "Begun", [("SMS", 0, "0")]).bars[0].length == 0
    assert days("d", "Begun on each day", []) is None


def test_days_without_anybody_leave_a_gap() -> None:
    chart = days("d", "Begun on each day", [(DAY - timedelta(2), 5), (DAY, 10)])
    assert chart is not None
    assert [column.height for column in chart.columns] == [COLUMNS_HEIGHT / 2, 0, COLUMNS_HEIGHT]
    assert chart.describe == "From 20 November 2026 to 22 November 2026; at most 10 on one day"
    alone = days("d", "Begun on each day", [(DAY, 3)])
    assert alone is not None
    assert alone.describe == "All 3 on 22 November 2026"


@given(st.dictionaries(st.integers(0, 200), st.integers(1, 999), min_size=1, max_size=40))
def test_no_column_leaves_the_picture(counted: dict[int, int]) -> None:
    chart = days("d", "Begun", [(DAY + timedelta(place), number) for place, number in sorted(counted.items())])
    assert chart is not None
    assert len(chart.columns) <= MOST_DAYS
    assert max(column.height for column in chart.columns) == COLUMNS_HEIGHT
    assert all(column.left >= 0 and column.left + column.width <= WIDTH + 0.2 for column in chart.columns)
    assert all(abs(column.top + column.height - COLUMNS_HEIGHT) < 0.2 for column in chart.columns)
