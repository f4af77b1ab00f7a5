"""Sending hours: London's clock and calendar, both change nights and every bank holiday."""

import json
import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hours import SendingHours, bank_holidays

HOURS = SendingHours()
LONDON = ZoneInfo("Europe/London")
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


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        pytest.param("2026-01-14T10:00:00", "2026-01-14T10:00:00", id="inside the hours it is now"),
        pytest.param("2026-01-14T05:00:00", "2026-01-14T09:00:00", id="early in the morning it is today"),
        pytest.param("2026-01-14T19:00:00", "2026-01-15T09:00:00", id="in the evening it is tomorrow"),
        pytest.param("2026-01-17T19:30:00", "2026-01-19T09:00:00", id="Saturday evening waits for Monday"),
        pytest.param("2026-03-28T20:00:00", "2026-03-30T08:00:00", id="over the spring night nine is an hour sooner"),
        pytest.param("2026-10-24T20:00:00", "2026-10-26T09:00:00", id="over the autumn night it is an hour later"),
        pytest.param("2026-04-02T18:30:00", "2026-04-04T08:00:00", id="over Good Friday to Saturday"),
        pytest.param("2026-12-24T19:00:00", "2026-12-29T09:00:00", id="over Christmas with its substitute day"),
    ],
)
def test_the_next_opening_is_found(at: str, opening: str) -> None:
    assert HOURS.next_open(utc(at)) == utc(opening)


def test_an_opening_that_the_spring_night_skips_comes_as_long_after_it() -> None:
    nightly = SendingHours(days=frozenset(range(7)), opens=time(1, 30), closes=time(4))
    assert nightly.next_open(utc("2026-03-29T00:10:00")) == utc("2026-03-29T01:30:00")
    assert nightly.is_open(utc("2026-03-29T01:30:00"))


def test_an_hour_that_the_autumn_night_has_twice_opens_twice() -> None:
    nightly = SendingHours(days=frozenset(range(7)), opens=time(1, 30), closes=time(1, 40))
    assert nightly.next_open(utc("2026-10-25T00:10:00")) == utc("2026-10-25T00:30:00")
    assert nightly.next_open(utc("2026-10-25T00:45:00")) == utc("2026-10-25T01:30:00")
    assert nightly.next_open(utc("2026-10-25T01:45:00")) == utc("2026-10-26T01:30:00")


def test_a_day_that_the_council_adds_is_closed() -> None:
    closed = SendingHours(holidays=frozenset({date(2026, 1, 14)}))
    assert closed.next_open(utc("2026-01-14T10:00:00")) == utc("2026-01-15T09:00:00")


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


MOMENTS = st.datetimes(min_value=datetime(2018, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    MOMENTS,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.tuples(st.times(time(3)), st.times(time(3))).filter(lambda pair: pair[0] < pair[1]),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    at: datetime, days: frozenset[int], between: tuple[time, time]
) -> None:
    hours = SendingHours(days=days, opens=between[0], closes=between[1])
    opening = hours.next_open(at)
    assert opening >= at
    assert hours.is_open(opening)
    steps = (at + (opening - at) * part / 16 for part in range(16))
    assert opening == at or not any(hours.is_open(step) for step in steps)


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
