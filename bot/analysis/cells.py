"""How a value is written in an export: times, numbers, and text that a spreadsheet must not run."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from bot.core.window import london_day, moment

Cell = str | int | float | None

# OWASP "CSV Injection": a cell that begins so is a formula, or becomes one; the wide forms count in East Asian Excel.
_RISKY = frozenset("=+-@\t\r\n＝＋－＠")
# Where a semicolon parts the cells, as in a German Excel, what stands behind one, or behind a line end, in an answer is
# a cell of its own. A minus is common there too, as in ";-)" or a list, and does harm only before a call or a link.
_RISKY_BEHIND = re.compile(r"(?:(?<=;)|(?<=[\s\S][\t\r\n]))(?=[ \"]*(?:[=+@＝＋＠]|[-－](?=[^;\r\n]*[(|!])))")
# A code such as -99 is a number to a spreadsheet, never a formula.
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")

# Of at most nine digits and without a leading nought, for a calculation may also put a phone number together.
_CALCULATED_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]+)?")


def minute(at: int | None) -> str:
    """Write epoch milliseconds as ISO 8601 UTC to the minute, such as 2026-11-22T19:04Z; nothing for None."""
    return "" if at is None else write_minute(at // 60_000)


@lru_cache(maxsize=20_000)  # two weeks' minutes: neighbouring rows share them
def write_minute(minutes: int | None) -> str:
    """Write minutes since the epoch, as `minute` does."""
    if minutes is None:
        return ""
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%MZ")


@lru_cache(maxsize=20_000)
def write_day(minutes: int | None) -> str:
    """Write the day in London of minutes since the epoch, such as 2026-11-22; nothing for None."""
    return "" if minutes is None else london_day(moment(minutes * 60_000)).isoformat()


@lru_cache(maxsize=20_000)
def cut_to_day(written: str) -> str:
    """Cut a time that `minute` wrote to its day in London."""
    return written and london_day(datetime.fromisoformat(written)).isoformat()


def number(value: float) -> int | float:
    """Give a whole number without its decimals, so that 34 is not written 34.0."""
    return int(value) if value.is_integer() else value


class _WrittenOut(float):
    """A number that `str`, and with it a CSV file, writes without an exponent."""

    __slots__ = ()

    def __str__(self) -> str:
        return format(Decimal(repr(float(self))), "f")


def written_out(cell: Cell) -> Cell:
    """Have text formats write a very small number as 0.00001, not 1e-05. Other cells stay as they are."""
    # Python writes smaller ones with an exponent. Large ones are whole: see `number`.
    return _WrittenOut(cell) if isinstance(cell, float) and abs(cell) < 0.0001 else cell


def calculated(text: str) -> int | float | None:
    """Read a calculation's value: 1 or 0 for true or false, a number; None for text, which may hold anything."""
    if text in ("true", "false"):
        return int(text == "true")
    return number(float(text)) if _CALCULATED_NUMBER.fullmatch(text) else None


def disarm(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula, whatever parts its cells."""
    if ";" in text or "\n" in text or "\t" in text or "\r" in text:
        text = _RISKY_BEHIND.sub("'", text)
    return f"'{text}" if text[:1] in _RISKY and text else text


def disarm_code(code: str) -> str:
    """Disarm a code or a label: one that is a plain number stays as it is."""
    return code if _PLAIN_NUMBER.fullmatch(code) else disarm(code)


def as_is(text: str) -> str:
    """Leave text as it is: the data formats are verbatim."""
    return text
