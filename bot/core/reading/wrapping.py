"""Taking off what residents wrap around an answer ("I'd say 2 please duck"), phrase by phrase, never the answer."""

from collections.abc import Mapping
from functools import cache

Tokens = tuple[str, ...]

_END = "\n"


def unwrap(tokens: Tokens, before: frozenset[str], after: frozenset[str]) -> Tokens:
    """Take leading and trailing phrases off, as often as they come; at least one token stays."""
    return drop_trailing(drop_leading(tokens, before), after)


def unwrap_wholly(tokens: Tokens, before: frozenset[str], after: frozenset[str]) -> Tokens:
    """Take phrases off as `unwrap` does, down to nothing if all is wrapping."""
    tokens = drop_leading((*tokens, _END), before)[:-1]
    return drop_trailing((_END, *tokens), after)[1:]


def drop_leading(tokens: Tokens, phrases: frozenset[str]) -> Tokens:
    """Take leading phrases off, the longest first; at least one token stays."""
    while size := _size(tokens, phrases, leading=True):
        tokens = tokens[size:]
    return tokens


def drop_trailing(tokens: Tokens, phrases: frozenset[str]) -> Tokens:
    """Take trailing phrases off, the longest first; at least one token stays."""
    while size := _size(tokens, phrases, leading=False):
        tokens = tokens[:-size]
    return tokens


def text_of(core: Tokens, said: Tokens, folded: str) -> str:
    """Cut a text down to these of its tokens, with what stands between them."""
    first = next(place for place in range(len(said)) if said[place : place + len(core)] == core)
    start = end = 0
    for place, token in enumerate(said[: first + len(core)]):
        begin = folded.index(token, end)
        start = begin if place == first else start
        end = begin + len(token)
    return folded[start:end]


@cache
def either(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Return the phrases of both, made once."""
    return one | other


def openings(phrases: frozenset[str]) -> Mapping[str, int]:
    """Return the words that phrases begin with, each with how many words the longest such phrase has."""
    return _edges(phrases, 0)


@cache
def _edges(phrases: frozenset[str], place: int) -> Mapping[str, int]:
    longest: dict[str, int] = {}
    for words in (phrase.split() for phrase in phrases if phrase):
        longest[words[place]] = max(longest.get(words[place], 0), len(words))
    return longest


def _size(tokens: Tokens, phrases: frozenset[str], *, leading: bool) -> int:
    # Few words begin or end a phrase, so that most texts need no more than this one look.
    longest = _edges(phrases, 0 if leading else -1).get(tokens[0 if leading else -1], 0) if tokens else 0
    for size in range(min(longest, len(tokens) - 1), 0, -1):
        if " ".join(tokens[:size] if leading else tokens[-size:]) in phrases:
            return size
    return 0
