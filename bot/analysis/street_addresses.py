"""Finds street addresses of the sure kind: a house number, the name of a road, and a word such as Road.

A road without a house number is a place that people talk about, and stays. So does a number that counts or names
something else: a year, a bus ("the 25 Leek Road bus"), a scheme ("all 3 High Street banks"), 10 Downing Street.
"""

import re
from collections.abc import Iterator

from bot.analysis.span import Span

ADDRESS = "[address]"

# In small letters only the first row is sure, and only after words that announce an address.
_ROAD = "road|rd|street|st|avenue|ave|lane|ln|drive|crescent|cres|terrace|grove"
_OTHER_ROAD = "close|cl|dr|way|place|pl|court|ct|gardens|gdns|walk|row|square|sq|mews|hill|rise|view|parade|boulevard"
_WORD = r"[^\W\d_][^\W\d_'’.-]{0,30}(?:['’.-][^\W\d_]{1,30})?\.?"
_CAPITAL = r"(?-i:(?=[^\W\d_a-zà-öø-ÿ]))" + _WORD
_NUMBER = r"(?P<number>\d(?<![\w£$€.,/:-]\d)\d{0,3})(?:[a-h]|\s?[-/–]\s?\d{1,4})?"
_ADDRESS = re.compile(
    # A digit first, and then what may not stand before it: so the engine passes quickly over all else.
    rf"{_NUMBER},?\s{{1,3}}"
    rf"(?:(?P<capital>(?:{_CAPITAL}\s{{1,3}}){{1,3}}?)(?:{_ROAD}|{_OTHER_ROAD})"
    rf"|(?P<small>(?:{_WORD}\s{{1,3}}){{1,2}}?)(?:{_ROAD}))(?!['’]?\w)(?!\s{{1,3}}bus)",
    re.IGNORECASE,
)
_FLAT = re.compile(r"(?<!\w)(?:flat|unit|apartment|apt|room)\s?\d{1,4}[a-h]?,?\s{1,3}\Z", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"(?:\b(?:live|lives|living|lived|stay|staying|reside|home is|house is) at|\bmy address(?: is)?:?"
    r"|\baddress(?:\sis|:)|\bhouse (?:number|no\.?)|\b(?:number|no\.?|flat))\s{0,3}\Z",
    re.IGNORECASE,
)
_ANNOUNCED_WITHIN = 24
# What stands right before a number that is no house number.
_OTHER_NUMBER = re.compile(
    r"(?:\b(?:bus|buses|route|routes|service|junction|jct|exit|platform|stop|ward|aged?|page|question|option|section"
    r"|covid|there (?:are|were)|between \d{1,4} and|top|all|the|of|these|those|our|only|about|over|under|"
    r"nearly|than|at least|up to)|\bq\.?)\s{0,3}\Z",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(
    """
    a am an and are at bad big bus busy car cars close cold day days dark different downing feet foot for from good
    hour hours in is lane lanes main metre metres mile miles minute minutes month months more mph narrow near new of
    off old on one or other out people per pm quiet road roads small street streets the times to unsafe was way week
    weeks wide yard yards year years
    """.split()  # noqa: SIM905 - a column of words reads better so
)


def addresses(plain: str) -> Iterator[Span]:
    """Find a house number with the name of its road, and the flat before it."""
    for match in _ADDRESS.finditer(plain):
        flat = _FLAT.search(plain, max(0, match.start() - _ANNOUNCED_WITHIN), match.start())
        start = flat.start() if flat else match.start()
        is_announced = _ANNOUNCED.search(plain, max(0, start - _ANNOUNCED_WITHIN), start) is not None
        named = (match["capital"] or match["small"]).lower().split()
        if not _NO_NAMES.isdisjoint(named):
            continue
        if is_announced or (match["capital"] and not _is_another_number(plain, match, start)):
            yield Span(start, match.end(), ADDRESS)


def _is_another_number(plain: str, match: re.Match[str], start: int) -> bool:
    is_year = len(match["number"]) == 4 and match["number"][:2] in ("19", "20")
    return is_year or _OTHER_NUMBER.search(plain, max(0, start - _ANNOUNCED_WITHIN), start) is not None
