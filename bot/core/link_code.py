"""The code by which one person joins a second phone or app to the first: what it looks like."""

import re

LETTERS = "BCDFGHJKMNPQRSTVWZ"
DIGITS = "23456789"
"""No 0 or O, 1, I or L, which look alike; no vowel, so that no code is a word; no X, which at the end is a kiss."""
LENGTH = 8
"""26 to the 8th are 200 thousand million codes: with five tries in ten minutes nobody guesses one."""

_CODE = re.compile(rf"[{LETTERS}{DIGITS}]{{{LENGTH}}}")
_NEARLY = re.compile(r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,10}")


def is_code(text: str) -> bool:
    """Say whether a text, in capitals and without gaps, has the form of a code: letters and digits both."""
    return _CODE.fullmatch(text) is not None and not text.isalpha() and not text.isdecimal()


def may_be_code(text: str) -> bool:
    """Say whether one word in capitals was meant for a code, though a letter of it is amiss."""
    return _NEARLY.fullmatch(text) is not None
