"""From labels to codes: what the map says, the codes themselves, and every label the survey has ever had.

A label is matched whole, whatever its case, spaces and quotation marks; never by likeness. Only a postcode may be
matched by its beginning, where the map has a rule for it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bot.analysis.importing.postcodes import STAR, area_of_rule, areas_of
from bot.core.survey import Choice

_ALIKE: Final = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-"}
)


# Letters of UTF-8 that were read as Windows-1252.
_WRONG: Final = r"\ufffd|[ÃÂÅÄØÙ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€"
# Those, or question marks in the place of letters.
_LOST: Final = re.compile(rf"\?{{2}}|\w\?\w|{_WRONG}")
# In people's own words, who write "what??" and the addresses of pages, it takes more of them.
_LOST_WORDS: Final = re.compile(rf"(?:[^\W\d]\?[^\W\d].*){{2}}|{_WRONG}", re.DOTALL)
_FEWEST_MARKS: Final = 4


def has_lost_letters(label: str) -> bool:
    """Whether a label seems to have gone through an encoding that lacks its letters."""
    return _LOST.search(label) is not None


def have_lost_letters(words: str) -> bool:
    """Whether people's own words seem to have: wrong letters, question marks within words, or hardly anything else."""
    if words.isascii() and "?" not in words:
        return False
    marks = words.count("?")
    is_nothing_else = marks >= _FEWEST_MARKS and marks > sum(map(str.isalnum, words))
    return is_nothing_else or _LOST_WORDS.search(words) is not None


def plain(label: str) -> str:
    """Write a label so that what differs only in case, spaces, quotation marks or dashes is the same."""
    folded = unicodedata.normalize("NFKC", label).translate(_ALIKE).casefold()
    return " ".join(folded.split()).strip("\"' ")


def _ruled(label: str) -> str:
    """Write a rule for postcodes in one way, whether a space stands before its star or not."""
    area = area_of_rule(plain(label))
    return f"{area}{STAR}" if area else label


class Split(NamedTuple):
    """A cell taken apart: the codes in it, and the parts that are none of the labels."""

    codes: tuple[str, ...]
    unknown: tuple[str, ...]


class Labels:
    """The labels of one question. A label of an older version or another language counts where only one code has it."""

    def __init__(
        self, given: Mapping[str, str], choices: Sequence[Choice], older: Iterable[Choice], default: str
    ) -> None:
        codes = {choice.name for choice in choices}
        own = [(text, choice.name) for choice in choices for text in _texts(choice, default)]
        every = [
            (text, choice.name)
            for choice in (*choices, *older)
            if choice.name in codes
            for texts in (choice.label, choice.sms_label)
            for text in texts.values()
        ]
        self._codes: dict[str, str] = {}
        """Each label as `plain` writes it."""
        self._areas: dict[str, str] = {}
        """Each area of postcodes that the map has a rule for."""
        self._pieces: dict[str, int] = {}
        self.ambiguous: dict[str, tuple[str, ...]] = {}
        self._add((_ruled(text), code) for text, code in given.items())
        self.contradicted = dict(self.ambiguous)
        """What the map itself gives several codes."""
        self._areas.update((area, code) for text, code in self._codes.items() if (area := area_of_rule(text)))
        # A form may write codes or labels: what is a code of one choice and a label of another could be either.
        named = {plain(text) for text, _ in own}
        bare = {plain(code) for code in codes} - named
        as_codes = [(text, code) for text, code in every if plain(text) in bare]
        for pairs in ([*own, *((code, code) for code in codes), *as_codes], every):
            self._add(pairs)

    def _add(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add labels that nothing before has; one that two codes share is not added."""
        meant: dict[str, set[str]] = {}
        for text, code in pairs:
            meant.setdefault(plain(text), set()).add(code)
        for text, codes in meant.items():
            if text and text not in self._codes and text not in self.ambiguous:
                if len(codes) == 1:
                    self._codes[text] = next(iter(codes))
                else:
                    self.ambiguous[text] = tuple(sorted(codes))

    def code(self, label: str) -> str | None:
        """Return the code of a label, None for no label."""
        return self._find(plain(label))

    def split(self, cell: str, separator: str) -> Split:
        """Take a cell of several labels apart, so that as little as can be is left over, in as few labels as can be.

        A label that holds the separator itself is so found whole.
        """
        return self._split(cell, separator.strip() or separator)

    def divided(self, separator: str) -> list[str]:
        """Name the labels that could as well be several others with the separator between them."""
        mark = separator.strip() or separator
        return [text for text in self._codes if mark in text and not self._split(text, mark, text).unknown]

    def _find(self, text: str) -> str | None:
        code = self._codes.get(text)
        if code is None and self._areas:
            code = next((self._areas[area] for area in areas_of(text) if area in self._areas), None)
        return code

    def _split(self, cell: str, mark: str, but: str = "") -> Split:
        pieces = cell.split(mark)
        best = [_Way(0, 0, 0, "")] * (len(pieces) + 1)
        for place in range(len(pieces) - 1, -1, -1):
            after = best[place + 1]
            left_over = after.left_over + bool(pieces[place].strip())
            ways = [_Way(left_over, after.labels, place + 1, "")]
            for end in range(place + 1, min(len(pieces), place + self._most_pieces(mark)) + 1):
                text = plain(mark.join(pieces[place:end]))
                if text != but and (code := self._find(text)) is not None:
                    ways.append(_Way(best[end].left_over, best[end].labels + 1, end, code))
            best[place] = min(ways, key=lambda way: way[:2])
        return _walk(pieces, best)

    def _most_pieces(self, mark: str) -> int:
        if mark not in self._pieces:
            self._pieces[mark] = 1 + max((text.count(plain(mark) or mark) for text in self._codes), default=0)
        return self._pieces[mark]


class _Way(NamedTuple):
    """How the rest of a cell is best read: the pieces left over, the labels found, where the next begins, its code."""

    left_over: int
    labels: int
    next: int
    code: str


def _walk(pieces: Sequence[str], best: Sequence[_Way]) -> Split:
    codes, unknown, place = [], [], 0
    while place < len(pieces):
        way = best[place]
        if way.code:
            codes.append(way.code)
        elif pieces[place].strip():
            unknown.append(pieces[place].strip())
        place = way.next
    return Split(tuple(dict.fromkeys(codes)), tuple(unknown))


def _texts(choice: Choice, default: str) -> list[str]:
    return [text for texts in (choice.label, choice.sms_label) if (text := texts.get(default, ""))]
