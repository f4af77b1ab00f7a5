"""Urdu in Latin letters has no spelling: everybody writes as they hear it. Folding brings the spellings together.

"nahi", "nahin", "nahee" and "nhi" are one word; so are "kya" and "kia", "hai" and "hay", "acha" and "achha".
"""

import re
from functools import lru_cache
from typing import Final

_STEPS: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"'", ""),
        (r"ein$", "en"),
        (r"ou|oo+|oa", "u"),
        (r"ee+|ie|ei", "i"),
        (r"(.)\1+", r"\1"),
        (r"(?:ay|ey|ai|ae|e|y)$", "e"),
        (r"a[yei]|e[yi]", "e"),
        (r"ph", "f"),
        (r"q|c(?=k)", "k"),
        (r"ck", "k"),
        (r"w", "v"),
        (r"z", "j"),
        (r"x", "ks"),
        (r"y", "i"),
        (r"i[ia]", "ia"),
        (r"([kgcjtdbpsrl])h", r"\1"),
        (r"(?<=[aeiou])h(?=$|[^aeiou])", ""),
        (r"(?<=[aeiou])n$", ""),
        (r"(.)\1+", r"\1"),
        (r"(?<=.)[o]", "u"),
    )
)


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """Bring the spellings of one Roman Urdu word together. What comes out is a key, not a spelling."""
    for pattern, instead in _STEPS:
        word = pattern.sub(instead, word)
    return word
