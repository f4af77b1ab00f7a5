"""When Earshot may write without having been written to just now: the sending hours (invariant 14)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MONDAY, SATURDAY, SUNDAY = 0, 5, 6

# Bank holidays that a royal proclamation added to or took out of the rules below, since 2018.
# Source: https://www.gov.uk/bank-holidays
PROCLAIMED: frozenset[date] = frozenset(
    {
        date(2020, 5, 8),  # VE day, in place of 4 May
        date(2022, 6, 2),  # in place of 30 May
        date(2022, 6, 3),  # Platinum Jubilee
        date(2022, 9, 19),  # the State Funeral of Queen Elizabeth II
        date(2023, 5, 8),  # the coronation of King Charles III
    }
)
WITHDRAWN: frozenset[date] = frozenset({date(2020, 5, 4), date(2022, 5, 30)})


@dataclass(frozen=True, slots=True)
class SendingHours:
    """From `opens` up to, not including, `closes`, local time, on `days` (0 is Monday).

    Closed on the bank holidays of England and Wales, on Christmas Day, Boxing Day and New Year's Day even where
    another day stands in for them, and on `holidays`: days that the council itself adds.
    """

    days: frozenset[int] = frozenset(range(MONDAY, SATURDAY + 1))
    opens: time = time(9)
    closes: time = time(19)
    timezone: str = "Europe/London"
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError("Sending hours need at least one day of the week, 0 (Monday) to 6 (Sunday).")
        if self.opens >= self.closes:
            raise ValueError(f"Sending hours open at {self.opens} and close at {self.closes}: they must open first.")

    def is_open(self, at: datetime) -> bool:
        """Say whether this moment (aware) lies inside the hours."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return self._is_working_day(local.date()) and self.opens <= local.time() < self.closes

    def _is_working_day(self, day: date) -> bool:
        return (
            day.weekday() in self.days
            and (day.month, day.day) not in {(1, 1), (12, 25), (12, 26)}
            and day not in self.holidays
            and day not in bank_holidays(day.year)
        )


@lru_cache(maxsize=64)
def bank_holidays(year: int) -> frozenset[date]:
    """Compute the bank holidays of England and Wales in a year, substitute days in place of weekend days.

    Rules: Banking and Financial Dealings Act 1971, schedule 1, and the yearly proclamations for New Year's Day and
    the early May day. Right from 2018 on; a proclamation still to come is added to `PROCLAIMED`.
    """
    easter = _easter_sunday(year)
    by_rule = {
        _on_a_weekday(date(year, 1, 1)),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _monday_on_or_after(date(year, 5, 1)),
        _monday_on_or_after(date(year, 5, 25)),
        _monday_on_or_after(date(year, 8, 25)),
        *_christmas(year),
    }
    return frozenset(by_rule - WITHDRAWN | {day for day in PROCLAIMED if day.year == year})


def _on_a_weekday(day: date) -> date:
    return _monday_on_or_after(day) if day.weekday() >= SATURDAY else day


def _monday_on_or_after(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def _christmas(year: int) -> tuple[date, date]:
    christmas, boxing = date(year, 12, 25), date(year, 12, 26)
    match christmas.weekday():
        case 4:  # Friday: Boxing Day moves to Monday
            return christmas, date(year, 12, 28)
        case 5:  # Saturday: both move
            return date(year, 12, 27), date(year, 12, 28)
        case 6:  # Sunday: Boxing Day stays on its Monday, Christmas Day moves behind it
            return boxing, date(year, 12, 27)
        case _:
            return christmas, boxing


def _easter_sunday(year: int) -> date:
    """Compute Easter by the Gregorian method of Meeus, Jones and Butcher (Nature, 20 April 1876)."""
    golden = year % 19
    century, year_of_century = divmod(year, 100)
    leap_centuries, century_left = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    leap_years, year_left = divmod(year_of_century, 4)
    to_sunday = (32 + 2 * century_left + 2 * leap_years - epact - year_left) % 7
    correction = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)
