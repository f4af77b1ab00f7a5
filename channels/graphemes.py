"""Splits a text into characters as a reader sees them, so that no letter loses its accent and no flag its half.

The default rules of Unicode Standard Annex #29, as far as text messages need them: combining marks of every script
(Punjabi, Bengali, Arabic vowel signs), flags, skin tones, and emoji joined into one picture. Left out are the rules
for decomposed Korean and for the few signs that attach to the letter after them.
"""

import unicodedata
from collections.abc import Iterator

_ZERO_WIDTH_JOINER = "\u200d"
_MARKS = frozenset(("Mn", "Me", "Mc"))

# How a character behaves beside its neighbours. Plain numbers: this is looked up for every letter of a long message.
_ALONE, _LINE_END, _PICTURE, _HALF_FLAG, _EXTENDS = range(5)


class _Kinds(dict[str, int]):
    """The kind of each character met so far; asking Unicode each time costs ten times as much."""

    def __missing__(self, character: str) -> int:
        kind = self[character] = _kind_of(character)
        return kind


def graphemes(text: str) -> Iterator[str]:
    """Yield the text's characters as a reader sees them. Joined together again they are the text.

    A carriage return and its line feed are two, as Twilio's calculator counts them.
    """
    if stands_apart(text):
        yield from text
        return
    start, before, flag_is_open = 0, _LINE_END, False
    for position, character in enumerate(text):
        kind = _KINDS[character]
        if kind == _EXTENDS:
            joined = before != _LINE_END
        elif kind == _HALF_FLAG:
            joined = flag_is_open
        else:
            joined = kind == _PICTURE and text[position - 1 : position] == _ZERO_WIDTH_JOINER
        flag_is_open = kind == _HALF_FLAG and not joined
        if not joined and position:
            yield text[start:position]
            start = position
        before = kind
    yield text[start:]


def stands_apart(text: str) -> bool:
    """Whether no two code points of the text belong together."""
    return all([_KINDS[character] < _HALF_FLAG for character in set(text)])


def _kind_of(character: str) -> int:
    if character in "\r\n":
        return _LINE_END
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return _HALF_FLAG
    category = unicodedata.category(character)
    if (
        category in _MARKS
        or character in ("\u200c", _ZERO_WIDTH_JOINER, "\u0e33", "\u0eb3")
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags, as in the flag of Scotland
    ):
        return _EXTENDS
    return _PICTURE if category in ("So", "Sm") and character > "\u203b" else _ALONE


_KINDS = _Kinds()
