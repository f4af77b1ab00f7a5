"""When a survey takes answers: its opening and closing times, as the settings sheet gives them."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.core.survey import SurveyDefinition

LONDON = ZoneInfo("Europe/London")


YEARS = range(2000, 3000)
"""The years in which surveys and campaigns begin and end. The calendar itself ends in 9999; other years are slips."""


class Window(StrEnum):
    """Where a moment lies."""

    NOT_YET = "not_yet"
    OPEN = "open"
    CLOSED = "closed"


def opens_at(definition: SurveyDefinition) -> datetime | None:
    """Say when the survey opens: a bare date means the start of that day in London."""
    return _written(definition.opens, end_of_day=False)


def closes_at(definition: SurveyDefinition) -> datetime | None:
    """Say when the survey closes: a bare date means the end of that day in London."""
    return _written(definition.closes, end_of_day=True)


def window(definition: SurveyDefinition, closed_at: datetime | None, at: datetime) -> Window:
    """Place a moment before, in or after the time of a survey; `closed_at` is when somebody closed it by hand."""
    return placed(opens_at(definition), closed_on(definition, closed_at), at)


def placed(opens: datetime | None, closes: datetime | None, at: datetime) -> Window:
    """Place a moment between two others, either of which may not be set."""
    if closes is not None and at >= closes:
        return Window.CLOSED
    return Window.NOT_YET if opens is not None and at < opens else Window.OPEN


def moment(at: int) -> datetime:
    """Read a moment as storage keeps it, epoch milliseconds UTC."""
    return datetime.fromtimestamp(at / 1000, UTC)


def closed_by_hand(at: int | None) -> datetime | None:
    """Read when somebody closed a survey, as storage keeps it; None for never."""
    return moment(at) if at is not None else None


def closed_on(definition: SurveyDefinition, closed_at: datetime | None) -> datetime | None:
    """Say when the survey closed or will close: the earlier of the two."""
    closes = closes_at(definition)
    if closes is None or closed_at is None:
        return closed_at or closes
    return min(closes, closed_at)


def london_day(at: datetime) -> date:
    """Return the calendar day of a moment in London."""
    return _day_of_hour(int(at.timestamp()) // 3600)


@lru_cache(maxsize=256)
def _day_of_hour(hour: int) -> date:
    """Return the day that an hour since 1970 lies in: London's clocks and days change on the hour."""
    return datetime.fromtimestamp(hour * 3600, LONDON).date()


def last_day(at: datetime) -> date:
    """Return the last day, in London, of what ends at a moment."""
    local = at.astimezone(LONDON)
    # A closing time of midnight belongs to the day that it ends.
    if local.timetz().replace(tzinfo=None) == time(0):
        local -= timedelta(seconds=1)
    return local.date()


def first_day(at: datetime) -> date:
    """Return the day, in London, on which something begins."""
    return at.astimezone(LONDON).date()


def day_in_use(written: str) -> date:
    """Read a day on which a survey or a campaign begins or ends. Raises ValueError, also for a year not in `YEARS`."""
    day = date.fromisoformat(written)
    if day.isoformat() != written or day.year not in YEARS:
        raise ValueError(f"{written!r} is no such day")
    return day


def _written(text: str, *, end_of_day: bool) -> datetime | None:
    if not text:
        return None
    if len(text) == len("2026-11-22"):
        day_itself = date.fromisoformat(text)
        if end_of_day:
            day_itself += timedelta(days=1)
        return datetime.combine(day_itself, time(0), LONDON)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
