"""Bands such as ages: "16-24", "under 16", "85 or over", and the number or the range that falls into one."""

import re
from dataclasses import dataclass

from bot.core.reading.amounts import number_in_words
from bot.core.reading.wrapping import Tokens, drop_leading, drop_trailing, unwrap
from bot.core.words import WordTable

_PIECE = re.compile(r"\d+|[-+]|[^\s\d+\-,.:;()/]+")
_DECADE = re.compile(r"(\d0)s")
_DIGITS = 3
_OLDEST = 120
"""No resident is older. A band "85 or over" ends there; one that begins above it holds no ages."""


@dataclass(frozen=True, slots=True)
class Band:
    """Whole numbers from `low` to `high`, both included; no `high` means as far as an age can be."""

    low: int
    high: int | None

    def holds(self, value: int) -> bool:
        """Say whether a number falls into it."""
        high = self.high if self.high is not None or self.low > _OLDEST else _OLDEST
        return self.low <= value and (high is None or value <= high)


def read_band(folded: str, lexicon: WordTable) -> Band | None:
    """Read a text that names a band."""
    around = lexicon.before | lexicon.age_before, lexicon.after | lexicon.years
    pieces = unwrap(tuple(_PIECE.findall(folded)), *around)
    numbers = [int(piece) for piece in pieces if piece.isdecimal() and len(piece) <= _DIGITS]
    shape = " ".join("0" if piece.isdecimal() else piece for piece in pieces)
    if len(numbers) == 2:
        return _between(numbers[0], numbers[1], shape, lexicon)
    if len(numbers) != 1:
        return None
    return _one_sided(numbers[0], shape, lexicon)


def _between(low: int, high: int, shape: str, lexicon: WordTable) -> Band | None:
    start, _, link = shape.removesuffix(" 0").rpartition("0 ")
    start = start.strip()
    is_link = link == "-" or link in lexicon.ranges or (start != "" and link in lexicon.and_)
    if not is_link or (start and start not in lexicon.range_before) or low > high or not shape.endswith(" 0"):
        return None
    return Band(low, high)


def _one_sided(number: int, shape: str, lexicon: WordTable) -> Band | None:
    if shape == "0 +" or shape.removeprefix("0 ") in lexicon.from_on or shape.removesuffix(" 0") in lexicon.from_on:
        return Band(number, None)
    if shape.removesuffix(" 0") in lexicon.over:
        return Band(number + 1, None)
    if shape.removesuffix(" 0") in lexicon.under:
        return Band(0, number - 1)
    if shape.removeprefix("0 ") in lexicon.up_to or shape.removesuffix(" 0") in lexicon.up_to:
        return Band(0, number)
    return None


@dataclass(frozen=True, slots=True)
class Age:
    """A number for a band. `is_said` when words make it an age or a time ("I'm 34"), not perhaps an option's number."""

    band: Band
    is_said: bool


def read_age(tokens: Tokens, lexicon: WordTable) -> Age | None:
    """Read "34", "I'm 34", "34 years old", "thirty four" and "in my 40s"."""
    core = drop_trailing(drop_leading(tokens, lexicon.before), lexicon.after)
    bare = drop_leading(drop_trailing(core, lexicon.years), lexicon.age_before)
    if decade := _DECADE.fullmatch("".join(bare)):
        low = int(decade[1])
        return Age(Band(low, low + 9), True)
    if len(bare) == 1 and bare[0].isdecimal() and len(bare[0]) <= _DIGITS:
        value = int(bare[0])
    elif (in_words := number_in_words(bare, lexicon)) is not None:
        value = in_words
    else:
        return None
    return Age(Band(value, value), bare != core)
