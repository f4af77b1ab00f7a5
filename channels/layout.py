"""Lays a message out where there are no buttons: options as numbered lines, a long text as numbered parts."""

import re
from collections.abc import Sequence
from typing import Final

from channels.base import Option
from channels.graphemes import graphemes
from channels.segments import utf_16_units

# The end of a sentence in the scripts we write, with the space after it; an end of line is one too.
_SENTENCE_END: Final = re.compile(
    r"(?:[.!?\u2026\u061f\u06d4\u0964\u0965\u3002][\"'\u2019\u201d)\u00bb]*(?=\s)|(?=\n))\s+"
)
_SPACE: Final = re.compile(r"\s+")
# "1 of 2:", never "1/2": digit/digit is how a question counts itself, and the last message must hold none.
_NUMBER: Final = "{} of {}: "
_ROOM_FOR_NUMBER: Final = len(_NUMBER.format(999, 999))


def with_numbered_options(text: str, options: Sequence[Option]) -> str:
    """Write the options below the text, each on its own line as `1 Label`."""
    if not options:
        return text
    lines = "\n".join([f"{number} {option.label}" for number, option in enumerate(options, 1)])
    return f"{text}\n{lines}" if text else lines


def split(text: str, maximum: int) -> tuple[str, ...]:
    """Cut a text into parts of at most `maximum` UTF-16 units, numbered `1 of 2: ` if there is more than one.

    It is cut after a sentence or line; where none ends, between words; where there is no space, between characters
    as a reader sees them. Only the white space at a cut is dropped.
    """
    if utf_16_units(text) <= maximum:
        return (text,)
    if maximum <= _ROOM_FOR_NUMBER:
        raise ValueError(f"a part must be longer than its number ({_ROOM_FOR_NUMBER} units), and {maximum} is not")
    parts = []
    rest = text.strip()
    while rest:
        part, rest = _cut(rest, maximum - _ROOM_FOR_NUMBER)
        parts.append(part)
    if len(parts) < 2:
        return tuple(parts) or ("",)
    return tuple([_NUMBER.format(number, len(parts)) + part for number, part in enumerate(parts, 1)])


def _cut(text: str, maximum: int) -> tuple[str, str]:
    """Take as much from the front as fits and reads well; what is left has no white space in front."""
    end = _longest_prefix(text, maximum)
    if end == len(text):
        return text, ""
    # One character more than fits, so that a sentence which ends exactly at the limit is seen to end.
    window = text[: end + 1]
    for boundary in (_SENTENCE_END, _SPACE):
        cuts = [found.end() for found in boundary.finditer(window) if found.start() > 0]
        if cuts:
            return text[: cuts[-1]].rstrip(), text[cuts[-1] :].lstrip()
    return text[:end], text[end:].lstrip()


def _longest_prefix(text: str, maximum: int) -> int:
    """Find where the longest prefix ends that fits and tears no character, unless the first alone is too long."""
    if utf_16_units(text) <= maximum:
        return len(text)
    end = units = 0
    for cluster in graphemes(text):
        units += utf_16_units(cluster)
        if units > maximum:
            break
        end += len(cluster)
    return end or maximum // 2  # a character of so many marks is no word: cut it anywhere
