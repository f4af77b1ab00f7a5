"""Taking off what residents wrap around an answer ("I'd say 2 please duck"), phrase by phrase, never the answer."""

from collections.abc import Collection

Tokens = tuple[str, ...]

_END = "\n"
_LONGEST = 5
"""How many words a wrapping phrase may have."""


def unwrap(tokens: Tokens, before: Collection[str], after: Collection[str]) -> Tokens:
    """Take leading and trailing phrases off, as often as they come; at least one token stays."""
    return drop_trailing(drop_leading(tokens, before), after)


def unwrap_wholly(tokens: Tokens, before: Collection[str], after: Collection[str]) -> Tokens:
    """Take phrases off as `unwrap` does, down to nothing if all is wrapping."""
    tokens = drop_leading((*tokens, _END), before)[:-1]
    return drop_trailing((_END, *tokens), after)[1:]


def drop_leading(tokens: Tokens, phrases: Collection[str]) -> Tokens:
    """Take leading phrases off, the longest first; at least one token stays."""
    while size := _size(tokens, phrases, leading=True):
        tokens = tokens[size:]
    return tokens


def drop_trailing(tokens: Tokens, phrases: Collection[str]) -> Tokens:
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


def _size(tokens: Tokens, phrases: Collection[str], *, leading: bool) -> int:
    for size in range(min(_LONGEST, len(tokens) - 1), 0, -1):
        if " ".join(tokens[:size] if leading else tokens[-size:]) in phrases:
            return size
    return 0
