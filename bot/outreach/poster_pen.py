"""Writes lines of text and QR codes on a PDF page: letters of every launch language joined, ordered, never missing.

Lengths are in millimetres and type in points of an A4 sheet; another sheet is the same drawing at another scale.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import segno
from fpdf import FPDF
from fpdf.enums import Align, TextDirection
from fpdf.fonts import TTFFont

FONTS: Final = Path(__file__).parent / "fonts"
FAMILIES: Final = ("NotoSans", "NotoNaskhArabic", "NotoSansBengali", "NotoSansGurmukhi")
WIDTH: Final = 210.0
"""Of the sheet that lengths are given for: A4."""
QUIET: Final = 4
"""Modules of white that a QR code needs around it (ISO/IEC 18004)."""

BLACK: Final = (0, 0, 0)
WHITE: Final = (255, 255, 255)
GREY: Final = (110, 110, 110)

_OPEN, _CLOSE = "\u2066", "\u2069"
_UNSEEN = re.compile("[\u2066\u2069]")
_FOREIGN = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@ \u00a0:/?=&._+'-]*[A-Za-z0-9/]|[A-Za-z0-9]")
_POINTS_TO_MM = 25.4 / 72
_MEASURED = 100.0


class Unwritable(Exception):
    """A text that cannot be put on the sheet. The message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How a text is written: type in points, bold or not, its language's code, and whether it runs right to left.

    `spacing` is the height of a line in its own type: Arabic letters reach further up and down than others.
    """

    points: float
    bold: bool = False
    language: str = "en"
    is_rtl: bool = False
    spacing: float = 1.3

    @property
    def leading(self) -> float:
        """Millimetres from one line to the next."""
        return self.points * _POINTS_TO_MM * self.spacing


class Pen:
    """A PDF in the making. While `is_dry`, everything is measured and nothing is drawn."""

    def __init__(self, size: tuple[float, float], made_at: datetime) -> None:
        """Take a sheet's width and height in millimetres, and what to date the file: equal input, equal bytes."""
        self._scale = size[0] / WIDTH
        self.height = size[1] / self._scale
        self.is_dry = False
        self._widths: dict[tuple[str, Hand], float] = {}
        self.pdf = FPDF(unit="mm", format=size)
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margins(0, 0)
        self.pdf.c_margin = 0
        self.pdf.set_creation_date(made_at)
        for family in FAMILIES:
            self.pdf.add_font(family, "", FONTS / f"{family}-Regular.ttf")
            self.pdf.add_font(family, "B", FONTS / f"{family}-Bold.ttf")
        self.pdf.set_fallback_fonts(list(FAMILIES), exact_match=True)
        fonts = ((family, self.pdf.fonts[family.lower()]) for family in FAMILIES)
        self._letters = {family: font.cmap for family, font in fonts if isinstance(font, TTFFont)}

    def finish(self) -> bytes:
        """Give the whole file."""
        return bytes(self.pdf.output())

    def close(self) -> None:
        """Close the font files, which are read as letters are needed. Nothing can be written after."""
        for font in self.pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def lines(self, text: str, hand: Hand, width: float) -> list[str]:
        """Break a text into lines. Raises Unwritable for a letter no font has, or a word wider than the line."""
        lacking = sorted({char for char in text if not char.isspace() and not self._has(char)})
        if lacking:
            named = ", ".join(f"{char} ({unicodedata.name(char, 'unnamed')})" for char in lacking)
            raise Unwritable(f"No font of the poster has {named}, in: {text}. Leave that language or letter out.")
        broken = [""]
        for word in re.split("[ \t\r\n]+", _isolated(text) if hand.is_rtl else text):
            for place, part in enumerate([word] if self.width_of(word, hand) <= width else _breakable(word)):
                if (wide := self.width_of(part, hand)) > width:
                    raise Unwritable(f"{_UNSEEN.sub('', part)!r} is too wide for its line. Write it shorter.")
                between = " " if broken[-1] and place == 0 else ""
                if self.width_of(broken[-1], hand) + self.width_of(between, hand) + wide <= width:
                    broken[-1] += between + part
                else:
                    broken.append(part)
        return list(_balanced(broken))

    def write(self, text: str, hand: Hand, at: tuple[float, float], width: float, align: str = "") -> float:
        """Write a text from a point down, in black, and say where it ends. Without `align` it begins at its side."""
        x, y = at
        side = Align.coerce(align or ("R" if hand.is_rtl else "L"))
        for line in self.lines(text, hand, width):
            if not self.is_dry:
                self._line(line, hand, (x, y), width, side)
            y += hand.leading
        return y

    def width_of(self, text: str, hand: Hand) -> float:
        """Measure a text on one line."""
        return sum(self._width(word, hand) for word in re.split("( )", text) if word) * hand.points / _MEASURED

    def fitting(self, text: str, hand: Hand, width: float) -> float:
        """Say how many points, at most those of the hand, let a text stand on one line."""
        return min(hand.points, hand.points * width / self.width_of(text, hand) * 0.99)

    def code(self, link: str, middle: tuple[float, float], width: float) -> None:
        """Draw a QR code of that width, without its quiet zone, around a point."""
        rows = modules(link)
        module = width / len(rows)
        left, top = middle[0] - width / 2, middle[1] - width / 2
        for y, row in enumerate(rows):
            for run in re.finditer(b"\x01+", row):
                # A little over the edge, or a viewer shows white hairlines between the rows.
                place = (left + run.start() * module, top + y * module, len(run[0]) * module, module * 1.02)
                self.box(place, fill=BLACK)

    def box(
        self, place: tuple[float, float, float, float], fill: tuple[int, int, int] | None = None, line: float = 0.0
    ) -> None:
        """Draw a rectangle (left, top, width, height), filled, or with a line of that many millimetres."""
        if self.is_dry:
            return
        if fill is not None:
            self.pdf.set_fill_color(*fill)
        if line:
            self.pdf.set_line_width(line * self._scale)
        x, y, width, height = (length * self._scale for length in place)
        self.pdf.rect(x, y, width, height, style="F" if fill is not None else "D")

    def stamp(self, text: str) -> None:
        """Write a word in grey from corner to corner, over everything: what is below it shows through."""
        hand = Hand(170, bold=True)
        self._take(hand, text)
        middle = (WIDTH / 2 * self._scale, self.height / 2 * self._scale)
        with self.pdf.local_context(fill_opacity=0.25), self.pdf.rotation(52, *middle):
            self.pdf.set_text_color(*GREY)
            self.pdf.set_xy(0, middle[1] - 30 * self._scale)
            self.pdf.cell(WIDTH * self._scale, 60 * self._scale, text, align=Align.C)

    def _width(self, word: str, hand: Hand) -> float:
        """Measure a word once, in one size: outlines grow evenly."""
        key = (word, replace(hand, points=_MEASURED, spacing=0))
        if key not in self._widths:
            self._take(key[1], word)
            self._widths[key] = self.pdf.get_string_width(word) / self._scale
        return self._widths[key]

    def _take(self, hand: Hand, text: str) -> None:
        self.pdf.set_font(self._family(text), "B" if hand.bold else "", hand.points * self._scale)
        direction = TextDirection.RTL if hand.is_rtl else TextDirection.LTR
        self.pdf.set_text_shaping(True, direction=direction, language=hand.language)

    def _has(self, char: str) -> bool:
        return any(ord(char) in letters for letters in self._letters.values())

    def _family(self, text: str) -> str:
        """Choose the font of a text's first letter that is no Latin one; the others stand in for what it lacks."""
        latin = self._letters[FAMILIES[0]]
        other = next((ord(char) for char in text if char.isalpha() and ord(char) not in latin), None)
        return next((family for family, letters in self._letters.items() if other in letters), FAMILIES[0])

    def _line(self, line: str, hand: Hand, at: tuple[float, float], width: float, side: Align) -> None:
        self._take(hand, line)
        self.pdf.set_xy(at[0] * self._scale, at[1] * self._scale)
        # Who copies or listens to the page gets Indic letters in the order of reading, not of drawing. Readers turn
        # right-to-left text round by themselves, and would turn this round too.
        is_told = not hand.is_rtl
        if is_told:
            said = _UNSEEN.sub("", line).encode("utf-16-be").hex()
            self.pdf._out(f"/Span <</ActualText <feff{said}>>> BDC")
        self.pdf.cell(width * self._scale, hand.leading * self._scale, line, align=side)
        if is_told:
            self.pdf._out("EMC")


@lru_cache(maxsize=64)
def modules(link: str) -> list[bytes]:
    """Work out the QR code of a link, a row of zeros and ones to a line. Level M: a seventh of it may be torn off."""
    return [bytes(row) for row in segno.make_qr(link, error="m").matrix]


def _isolated(text: str) -> str:
    """Keep Latin words and numbers within right-to-left text in their own order (UAX 9), each on one line if short."""
    return _FOREIGN.sub(lambda found: f"{_OPEN}{_kept_together(found[0])}{_CLOSE}", text)


def _kept_together(words: str) -> str:
    return words.replace(" ", "\u00a0") if len(words) <= 24 else words


def _breakable(word: str) -> list[str]:
    """Let a long web address or e-mail address go on in the next line after a sign."""
    return re.split(r"(?<=[/.?=&@_])(?=\w)", word)


def _balanced(lines: list[str]) -> Iterator[str]:
    """Close what a line leaves open, and open it again in the next."""
    is_open = False
    for line in lines:
        begun = f"{_OPEN if is_open else ''}{line}"
        is_open = begun.count(_OPEN) > begun.count(_CLOSE)
        yield f"{begun}{_CLOSE if is_open else ''}"
