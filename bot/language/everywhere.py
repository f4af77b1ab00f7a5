"""Names, greetings and phrases that people write in any language, so that none of them tells which is theirs."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "nobodys"

LONGEST_NAME: Final = 3
"""Words of Latin script that may be a name, even where no list knows one of them."""


def telling(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words that tell of a language. `words` are in lower case, as the lists are."""
    everywhere, phrases = _everywhere()
    left: list[str] = []
    place = 0
    while place < len(words):
        size = _phrase_at(words, place, phrases) or int(words[place] in everywhere)
        if not size:
            left.append(words[place])
        place += size or 1
    return tuple(left)


def _phrase_at(words: Sequence[str], place: int, phrases: dict[str, tuple[tuple[str, ...], ...]]) -> int:
    known = phrases.get(words[place], ())
    return next((len(phrase) for phrase in known if tuple(words[place : place + len(phrase)]) == phrase), 0)


@lru_cache(maxsize=1)
def _everywhere() -> tuple[frozenset[str], dict[str, tuple[tuple[str, ...], ...]]]:
    """Read the lists: the single words, and the phrases by their first word, the longest first."""
    single = {word for name in ("names", "greetings") for line in _lines(name) for word in line.split()}
    phrases = sorted((tuple(line.split()) for line in _lines("phrases")), key=len, reverse=True)
    return frozenset(single), {first: tuple(p for p in phrases if p[0] == first) for first, *_ in phrases}


def _lines(name: str) -> list[str]:
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8-sig").splitlines()
    return [line.lower() for line in lines if line.strip() and not line.startswith("#")]
