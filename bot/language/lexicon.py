"""Our own word lists: which languages know the words of a text. One file per language in `words/`, commonest first."""

import unicodedata
from collections.abc import Mapping, Sequence
from math import log, sqrt
from pathlib import Path
from typing import Final, NamedTuple

from bot.language.labels import BY_SCRIPT
from bot.language.romanised import fold
from bot.language.text import Script

FOLDER: Final = Path(__file__).parent / "words"

FOLDED: Final = 0.8
"""What a word counts that is known only without its accents, or in another spelling of Roman Urdu."""

_UNKNOWN: Final = -6.0
"""The log of how common a word is that a list lacks; the last word of a list of 1,000 stands at about -3.9."""

_RANKS: Final = 10_000
"""More than any list holds. Place and rank are kept as one number: a table for each word would take 10 MB."""

_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "s", "œ": "o"})


class Known(NamedTuple):
    """How well a language knows the words of a text."""

    hits: float
    """Known words, the ones that few languages know counting more, over the root of all."""
    commonness: float
    """The mean log of how common the words are in the language."""
    elsewhere: float
    """Words that other languages know and this one does not, over the root of all."""


class Lexicon:
    """The word lists in memory. `words` holds a list for each language, the commonest words first."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self.words = words
        self._exact: dict[Script, dict[str, tuple[int, ...]]] = {}
        self._folded: dict[Script, dict[str, tuple[int, ...]]] = {}
        for script, languages in BY_SCRIPT.items():
            if len(languages) > 1:
                self._take_in(script, languages)

    @classmethod
    def shipped(cls, folder: Path = FOLDER) -> "Lexicon":
        """Read the lists that ship with Earshot. A line that begins with # is for people."""
        return cls({path.stem: _words_of(path) for path in sorted(folder.glob("*.txt"))})

    def weigh(self, words: Sequence[str], script: Script) -> Sequence[Known]:
        """Say for each language of the script, in its order, how well it knows these words (at least one)."""
        count = len(BY_SCRIPT[script])
        hits, commonness, elsewhere = [0.0] * count, [0.0] * count, [0.0] * count
        for word in words:
            found = self._look_up(word, script)
            rarity = log(1 + count / len(found)) / log(1 + count) if found else 0.0
            for place in range(count):
                level = found.get(place)
                commonness[place] += _UNKNOWN if level is None else level
                if level is not None:
                    hits[place] += rarity
                elif found:
                    elsewhere[place] += 1
        root = sqrt(len(words))
        columns = zip(hits, commonness, elsewhere, strict=True)
        return [Known(hit / root, common / len(words), other / root) for hit, common, other in columns]

    def knows(self, word: str, script: Script) -> bool:
        """Say whether any language of the script knows a word."""
        return bool(self._look_up(word, script))

    def knowing(self, words: Sequence[str], script: Script) -> frozenset[str]:
        """Return the languages of the script that have one of these words, accents aside.

        Another spelling of Roman Urdu is too little for this: it makes one word of Khan and of "ka".
        """
        exact, folded = self._exact[script], self._folded[script]
        rows = [row for word in words for row in (exact.get(word, ()), folded.get(bare(word), ()))]
        return frozenset(BY_SCRIPT[script][place] for row in rows for place, _ in _unpacked(row))

    def _look_up(self, word: str, script: Script) -> Mapping[int, float]:
        """Find the languages that know a word, by place, with the log of how common it is there."""
        exact, folded = self._exact[script], self._folded[script]
        found: dict[int, float] = {}
        if script is Script.LATIN:
            for key in (bare(word), f"~{fold(word)}"):
                found |= {place: level + log(FOLDED) for place, level in _unpacked(folded.get(key, ()))}
        found |= _unpacked(exact.get(word, ()))
        if not found and "'" in word:
            for part in word.split("'"):
                if len(part) > 1:
                    found |= _unpacked(exact.get(part, ()))
        return found

    def _take_in(self, script: Script, languages: Sequence[str]) -> None:
        exact: dict[str, tuple[int, ...]] = {}
        folded: dict[str, tuple[int, ...]] = {}
        for place, language in enumerate(languages):
            for rank, word in enumerate(self.words.get(language, ())):
                _pack(exact, word, place, rank)
                if script is Script.LATIN:
                    _pack(folded, f"~{fold(word)}" if language == "ur-Latn" else bare(word), place, rank)
        self._exact[script], self._folded[script] = exact, folded


def _pack(table: dict[str, tuple[int, ...]], key: str, place: int, rank: int) -> None:
    """Note that a language has a word at a rank, once: the first is the commonest."""
    there = table.get(key, ())
    if not there or there[-1] // _RANKS != place:
        table[key] = (*there, place * _RANKS + rank)


def _unpacked(packed: Sequence[int]) -> list[tuple[int, float]]:
    """Give each language's place, and the log of how common the word is there."""
    return [(each // _RANKS, -log((each % _RANKS + 20) / 20)) for each in packed]


def bare(word: str) -> str:
    """Write a Latin word without its accents, as people do who text from a foreign phone."""
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word.translate(_STROKES))
    return "".join(part for part in parts if not unicodedata.combining(part))


def _words_of(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    text = " ".join(line for line in lines if not line.startswith("#"))
    return list(dict.fromkeys(unicodedata.normalize("NFC", text).lower().split()))
