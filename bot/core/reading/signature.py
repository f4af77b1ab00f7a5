"""The line that a telephone or a mail program puts under a text by itself: "Sent from my iPhone".

It is left off where a text is read. What is stored keeps it, and an open answer is stored as it came.
"""

from functools import lru_cache

from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import LAST_TEXTS, key
from bot.core.reading.wrapping import openings
from bot.core.words import Words, WordTable

_LONGEST = 120
"""Letters of the longest such line: Outlook's has an address in it."""

_RULED = " \t-_"
"""What stands between a text and its signature."""


def unsigned(text: str, words: Words) -> str:
    """Return a text as it is read: without the signature on its last lines, and whole where nothing else is left."""
    return _unsigned(text, words) if "\n" in text or "\r" in text else text


@lru_cache(maxsize=LAST_TEXTS)
def _unsigned(text: str, words: Words) -> str:
    lex = lexicon(words)
    lines = text.splitlines()
    end = len(lines)
    while end and (not lines[end - 1].strip(_RULED) or _is_signature(lines[end - 1], lex)):
        end -= 1
    return "\n".join(lines[:end]) if 0 < end < len(lines) else text


def _is_signature(line: str, lex: WordTable) -> bool:
    if len(line) > _LONGEST:
        return False
    said = key(line).split()
    longest = openings(lex.signatures).get(said[0], 0) if said else 0
    return any(" ".join(said[:size]) in lex.signatures for size in range(1, longest + 1))
