"""Replies to a question for a day: the British order, ISO, month names, today and yesterday. Never a guessed year."""

import datetime
import re

from bot.core.reading.lexicon import is_refusal
from bot.core.reading.normalise import tokens
from bot.core.reading.readings import CONFIDENCE, Dated, Declined, Rule, Unclear, Why
from bot.core.reading.wrapping import text_of, unwrap
from bot.core.words import WordTable

_NUMERIC = re.compile(r"(\d{1,2})\s*([-/. ])\s*(\d{1,2})\s*\2\s*(\d{2,4})")
_ISO = re.compile(r"(\d{4})\s*([-/. ])\s*(\d{1,2})\s*\2\s*(\d{1,2})")
_EIGHT = re.compile(r"\d{8}")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_YEARS = range(1900, 2101)
_EDGES = " .,!-;:()\"'"


def read_plain_date(folded: str) -> Dated | None:
    """Read a day written in numbers alone."""
    text = folded.strip(_EDGES)
    if iso := _ISO.fullmatch(text):
        return _dated(int(iso[1]), int(iso[3]), int(iso[4]))
    if (numeric := _NUMERIC.fullmatch(text)) and len(numeric[4]) == 4:
        return _dated(int(numeric[4]), int(numeric[3]), int(numeric[1]))
    if _EIGHT.fullmatch(text):
        found = _dated(int(text[:4]), int(text[4:6]), int(text[6:])) or _dated(
            int(text[4:]), int(text[2:4]), int(text[:2])
        )
        return found
    return None


def read_date(folded: str, lexicon: WordTable, today: datetime.date) -> Dated | Declined | Unclear:
    """Read a reply to a question for a day. `today` is the day on which the resident wrote."""
    said = tokens(folded)
    core = unwrap(said, lexicon.before | lexicon.date_between, lexicon.after)
    phrase = " ".join(core)
    if is_refusal(lexicon, said, core):
        return Declined(Rule.MEANING)
    if not core or "?" in folded:
        return Unclear((), Why.ASKS if core else Why.NOTHING)
    if plain := read_plain_date(text_of(core, said, folded)):
        return plain
    if phrase in lexicon.days:
        return _days_from(today, lexicon.days[phrase])
    if named := _with_month_name(core, lexicon):
        return named
    is_numeric = _NUMERIC.fullmatch(folded.strip(_EDGES)) is not None
    return Unclear((), Why.AMBIGUOUS_DATE if is_numeric else Why.NOT_A_DATE)


def _dated(year: int, month: int, day: int, rule: Rule = Rule.DATE) -> Dated | None:
    if year not in _YEARS:
        return None
    try:
        return Dated(datetime.date(year, month, day), rule, CONFIDENCE.get(rule, 1.0))
    except ValueError:
        return None


def _days_from(today: datetime.date, days: int) -> Dated | Unclear:
    try:
        return Dated(today + datetime.timedelta(days), Rule.DAY_WORD, 1.0)
    except OverflowError:
        return Unclear((), Why.NOT_A_DATE)


def _with_month_name(core: tuple[str, ...], lexicon: WordTable) -> Dated | None:
    """Read a day, a month's name and a year of four digits, in any order that leaves no doubt."""
    months = [lexicon.months[token] for token in core if token in lexicon.months]
    years = [token for token in core if token.isdecimal() and len(token) == 4]
    days = [found[1] for token in core if (found := _DAY.fullmatch(token))]
    others = len(core) - len(months) - len(years) - len(days)
    between = sum(token in lexicon.date_between for token in core)
    if not (len(months) == len(years) == len(days) == 1 and others == between):
        return None
    return _dated(int(years[0]), months[0], int(days[0]))
