"""Sees at a glance that a text is in the language that is spoken, so that nothing slower need be asked.

Most residents write English to an English survey. Their open answers must not pay for those who do not: the voters take
a thousand times as long.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from bot.language.everywhere import telling

ENOUGH: Final = 0.6
"""The share of a text's words that the language knows, where another language knows one that it does not."""

OWN: Final = 2
"""So many of them, or all, that no other language knows; one will do where nothing speaks for another language."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class Familiar:
    """The words of each language, and those that are its own. `words` has a list for each, as `Lexicon.words` has."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = words
        self._known = lru_cache(maxsize=16)(self._known_anew)

    def is_in(self, text: str, language: str) -> bool:
        """Say whether a text is plainly in a language. What is not plain is for `LanguageSense`."""
        known, own, elsewhere = self._known(language)
        said = telling(_WORD.findall(text.lower().replace("’", "'")))
        if not said:
            return False
        owned = sum(word in own for word in said)
        if known.issuperset(said) or (owned and elsewhere.isdisjoint(said)):
            return True
        return owned >= min(OWN, len(said)) and sum(word in known for word in said) >= ENOUGH * len(said)

    def _known_anew(self, language: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """Return the words that the language knows, those that it alone knows, and those that only others know."""
        known = frozenset(self._words.get(language, ()))
        others = frozenset(word for other, words in self._words.items() if other != language for word in words)
        return known, known - others, others - known
