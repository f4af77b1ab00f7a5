"""Days and times: which way round they are written is found out or refused, and the clock's odd hours are said."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.analysis.importing.dates import NEVER, TWICE, DateFormat, Evidence, read_day, read_moment
from bot.analysis.importing.problems import Problems

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "format", "at"),
    [
        pytest.param("25/10/2026 14:05", "uk", "2026-10-25T14:05", id="day first"),
        pytest.param("04/03/2026", "uk", "2026-03-04T00:00", id="a day alone"),
        pytest.param("03/04/26 2:05:09 PM", "us", "2026-03-04T14:05:09", id="month first, after noon"),
        pytest.param("3/4/2026 12:30 a.m.", "us", "2026-03-04T00:30", id="just after midnight"),
        pytest.param("04.03.2026 at 14.05", "uk", "2026-03-04T14:05", id="full stops"),
        pytest.param("2026-03-04T14:05:09.123Z", "uk", "2026-03-04T14:05:09", id="year first, in UTC"),
        pytest.param("2026-07-04 14:05:09 +02:00", "us", "2026-07-04T12:05:09", id="year first, with its zone"),
        pytest.param("2026-07-04 14:05:09 -0500", "iso", "2026-07-04T19:05:09", id="west of Greenwich"),
        pytest.param("2026-07-04 14:05", "iso", "2026-07-04T13:05", id="summer time"),
        pytest.param("Wednesday, 4th March 2026 14:05", "us", "2026-03-04T14:05", id="the month's name"),
        pytest.param("4-Mar-26", "iso", "2026-03-04T00:00", id="the month's short name"),
    ],
)
def test_a_time_is_read_in_its_format_and_zone(text: str, format: str, at: str) -> None:
    moment = read_moment(text, DateFormat(format), LONDON)
    assert moment is not None
    assert moment == (datetime.fromisoformat(at).replace(tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("text", "format"),
    [
        pytest.param("25/10/2026", "us", id="no 25th month"),
        pytest.param("10/25/2026", "uk", id="no 25th month the other way"),
        pytest.param("30/02/2026", "uk", id="no such day"),
        pytest.param("04/03/2026", "iso", id="not year first"),
        pytest.param("04/03/2026 25:00", "uk", id="no such hour"),
        pytest.param("04/03/2026 14:05 pm", "us", id="an hour after noon twice"),
        pytest.param("4 Octember 2026", "uk", id="no such month"),
        pytest.param("46089.5", "uk", id="Excel's own number"),
        pytest.param("yesterday", "uk", id="words"),
        pytest.param("0001-01-01 00:00 +14:00", "iso", id="before the calendar's first day"),
        pytest.param("9999-12-31 23:59 -05:00", "iso", id="after the calendar's last day"),
    ],
)
def test_what_is_no_time_is_not_read(text: str, format: str) -> None:
    assert read_moment(text, DateFormat(format), LONDON) is None


@pytest.mark.parametrize(
    ("text", "zone"), [("0001-01-01 00:00", "Asia/Tokyo"), ("9999-12-31 23:59", "America/New_York")]
)
def test_a_clock_elsewhere_is_not_read_beyond_the_calendar(text: str, zone: str) -> None:
    assert read_moment(text, DateFormat.ISO, ZoneInfo(zone)) is None


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Karachi", "America/New_York"])
def test_a_day_alone_is_that_day_in_an_export(zone: str) -> None:
    moment = read_moment("04/07/2026", DateFormat.UK, ZoneInfo(zone))
    assert moment == (datetime(2026, 7, 4, tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("text", "at", "oddity"),
    [
        pytest.param("25/10/2026 01:30", "2026-10-25T00:30", TWICE, id="the hour that comes twice"),
        pytest.param("29/03/2026 01:30", "2026-03-29T01:30", NEVER, id="the hour that is left out"),
    ],
)
def test_an_odd_hour_of_the_clock_is_read_one_way_and_said(text: str, at: str, oddity: str) -> None:
    moment = read_moment(text, DateFormat.UK, LONDON)
    assert moment == (datetime.fromisoformat(at).replace(tzinfo=UTC), oddity)


def test_a_day_is_read_without_its_time() -> None:
    assert read_day("04/03/2026 14:05", DateFormat.UK) == date(2026, 3, 4)
    assert read_day("4/3/1969", DateFormat.US) == date(1969, 4, 3)
    assert read_day("soon", DateFormat.US) is None


@pytest.mark.parametrize("text", ["12/05/65", "5 May 65", "1-2-03"])
def test_a_day_whose_century_nothing_tells_is_none(text: str) -> None:
    assert read_day(text, DateFormat.UK) is None


@pytest.mark.parametrize(
    ("values", "format", "said"),
    [
        pytest.param(["04/03/2026", "25/03/2026"], DateFormat.UK, "", id="a day over 12 comes first"),
        pytest.param(["04/03/2026", "03/25/2026"], DateFormat.US, "", id="a day over 12 comes second"),
        pytest.param(["2026-03-04", "4 March 2026"], DateFormat.UK, "", id="nothing to be told apart"),
        pytest.param(["03/03/2026"], DateFormat.UK, "", id="the same either way"),
        pytest.param(
            ["04/03/2026", "05/03/2026"], None, "whether the day or the month comes first", id="no day over 12"
        ),
        pytest.param(["25/03/2026", "03/25/2026"], None, "some days the British way (row 1)", id="both in one file"),
    ],
)
def test_the_format_is_found_out_from_the_data_or_refused(
    values: list[str], format: DateFormat | None, said: str
) -> None:
    evidence, problems = Evidence(), Problems()
    for row, value in enumerate(values, 1):
        evidence.look(value, row)
    found = evidence.settle("When", problems)
    assert said in " ".join(problems.listed())
    assert bool(problems) == bool(said)
    assert format is None or found is format


def test_what_one_column_cannot_tell_another_may() -> None:
    evidence, problems = Evidence(), Problems()
    evidence.look("04/03/2026", 1)
    assert evidence.settle("When", problems, DateFormat.US) is DateFormat.US
    assert not problems
