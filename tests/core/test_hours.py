"""Sending hours: London's clock and calendar, both change nights and every bank holiday."""

import json
import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.core.hours import SendingHours, bank_holidays

HOURS = SendingHours()
SHARED = Path(os.environ.get("EARSHOT_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        pytest.param("2026-01-14T08:59:59", False, id="a second before nine in winter"),
        pytest.param("2026-01-14T09:00:00", True, id="nine in winter"),
        pytest.param("2026-01-14T18:59:59", True, id="a second before seven"),
        pytest.param("2026-01-14T19:00:00", False, id="seven is too late"),
        pytest.param("2026-07-15T08:00:00", True, id="nine in summer is eight UTC"),
        pytest.param("2026-07-15T18:00:00", False, id="seven in summer is six UTC"),
        pytest.param("2026-01-17T12:00:00", True, id="Saturday noon"),
        pytest.param("2026-01-18T12:00:00", False, id="Sunday noon"),
        pytest.param("2026-03-28T08:30:00", False, id="half past eight the day before the spring night"),
        pytest.param("2026-03-30T08:30:00", True, id="half past nine the day after the spring night"),
        pytest.param("2026-10-24T08:30:00", True, id="half past nine the day before the autumn night"),
        pytest.param("2026-10-26T08:30:00", False, id="half past eight the day after the autumn night"),
        pytest.param("2026-04-03T12:00:00", False, id="Good Friday"),
        pytest.param("2026-12-28T12:00:00", False, id="the Monday that stands in for Boxing Day"),
        pytest.param("2027-12-25T12:00:00", False, id="Christmas Day itself on a Saturday"),
        pytest.param("2028-01-01T12:00:00", False, id="New Year's Day itself on a Saturday"),
    ],
)
def test_the_hours_follow_londons_clock_and_calendar(at: str, is_open: bool) -> None:
    assert HOURS.is_open(utc(at)) is is_open


def test_a_day_that_the_council_adds_is_closed() -> None:
    closed = SendingHours(holidays=frozenset({date(2026, 1, 14)}))
    assert not closed.is_open(utc("2026-01-14T10:00:00"))
    assert closed.is_open(utc("2026-01-15T10:00:00"))


@pytest.mark.parametrize(
    ("days", "opens", "closes"),
    [
        pytest.param(frozenset(), 9, 19, id="no day at all"),
        pytest.param(frozenset({7}), 9, 19, id="a day that no week has"),
        pytest.param(frozenset({0}), 19, 9, id="closing before opening"),
        pytest.param(frozenset({0}), 9, 9, id="no time at all"),
    ],
)
def test_hours_that_never_open_are_refused(days: frozenset[int], opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match="Sending hours"):
        SendingHours(days=days, opens=time(opens), closes=time(closes))


def test_the_rules_give_the_governments_own_list() -> None:
    path = SHARED / "notify" / "bank-holidays.json"
    if not path.exists():
        pytest.skip(f"the list of bank holidays is not at {path}")
    events = json.loads(path.read_text())["england-and-wales"]["events"]
    listed = {date.fromisoformat(event["date"]) for event in events}
    years = range(min(listed).year, max(listed).year + 1)
    assert len(years) >= 10
    assert set().union(*(bank_holidays(year) for year in years)) == listed


@pytest.mark.parametrize(
    ("year", "easter_monday"),
    [
        pytest.param(2011, date(2011, 4, 25), id="nearly the latest"),
        pytest.param(2035, date(2035, 3, 26), id="early"),
        pytest.param(2038, date(2038, 4, 26), id="the latest of this century"),
        pytest.param(2049, date(2049, 4, 19), id="where the correction counts"),
        pytest.param(2076, date(2076, 4, 20), id="where the second correction counts"),
    ],
)
def test_easter_is_right_beyond_the_list(year: int, easter_monday: date) -> None:
    assert easter_monday in bank_holidays(year)
    assert easter_monday - timedelta(days=3) in bank_holidays(year)
