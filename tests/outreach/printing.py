"""A campaign to print posters of, and a printed page as a person and a phone see it: pictures, codes, words."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import zxingcpp
from PIL import Image

from bench.walk import shipped
from bot.core.survey import SurveyDefinition
from bot.outreach.campaigns import Numbers
from storage.campaigns import CampaignRow

NUMBERS: Final = Numbers("+447700900123", "+447700900456", "StokeVoicesBot", "https://voices.stoke.example")
POINTS_TO_MM: Final = 25.4 / 72
PIXELS_TO_A_POINT: Final = 2.2


@cache
def survey() -> SurveyDefinition:
    """Give the shipped survey with the closing day that a poster needs."""
    return replace(shipped(), closes="2027-01-31")


def languages() -> tuple[str, ...]:
    """Name every language of the survey, its own first."""
    return tuple(language.code for language in survey().languages)


def campaign(*chosen: str, channels: tuple[str, ...] = ("sms", "whatsapp", "telegram", "web")) -> CampaignRow:
    """Make a campaign in these languages, or in English alone."""
    return CampaignRow(
        id="hall7",
        survey=survey().id,
        name="Bentilee hall",
        keyword="HALL7",
        partner="",
        place="",
        languages=chosen or ("en",),
        channels=channels,
        target=None,
        starts_on="",
        ends_on="",
        state="running",
        made_at=1_790_000_000_000,
        made_by="terminal",
        changed_at=1_790_000_000_000,
        test=False,
    )


@dataclass(frozen=True)
class Seen:
    """A QR code that was found on a page: what it says, and its corners in millimetres from the top left."""

    link: str
    level: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Letter:
    """A letter's ink, in millimetres from the top left, and its type in points."""

    char: str
    points: float
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Printed:
    """One page: its size in millimetres, its words in reading order, letters, codes and picture.

    What is written aslant is among the words, and not among the letters.
    """

    width: float
    height: float
    text: str
    letters: tuple[Letter, ...]
    codes: tuple[Seen, ...]
    picture: Image.Image


def printed(pdf: bytes) -> list[Printed]:
    """Read a PDF back, page by page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_page(page) for page in document]
    finally:
        document.close()


def plain(text: str) -> str:
    """Write a text with single spaces."""
    return re.sub(r"\s+", " ", text).strip()


def _page(page: pypdfium2.PdfPage) -> Printed:
    width, height = page.get_size()
    words = page.get_textpage()
    picture = page.render(scale=PIXELS_TO_A_POINT).to_pil().convert("L")
    return Printed(
        width * POINTS_TO_MM,
        height * POINTS_TO_MM,
        plain(words.get_text_range()),
        tuple(_letters(words, height)),
        tuple(_codes(picture)),
        picture,
    )


def _letters(words: pypdfium2.PdfTextPage, height: float) -> Iterator[Letter]:
    sides = [ctypes.c_double() for _ in range(4)]
    for place in range(words.count_chars()):
        if pdfium.FPDFText_GetCharAngle(words, place) == 0 and pdfium.FPDFText_GetCharBox(words, place, *sides):
            left, right, bottom, top = (side.value * POINTS_TO_MM for side in sides)
            if right > left and top > bottom:
                char = chr(pdfium.FPDFText_GetUnicode(words, place))
                points, page = pdfium.FPDFText_GetFontSize(words, place), height * POINTS_TO_MM
                yield Letter(char, points, left, page - top, right, page - bottom)


def _codes(picture: Image.Image) -> list[Seen]:
    per_mm = PIXELS_TO_A_POINT / POINTS_TO_MM
    found = []
    for code in zxingcpp.read_barcodes(picture):
        corners = code.position
        left, top = corners.top_left.x / per_mm, corners.top_left.y / per_mm
        right, bottom = corners.bottom_right.x / per_mm, corners.bottom_right.y / per_mm
        found.append(Seen(code.text, code.ec_level, left, top, right, bottom))
    return sorted(found, key=lambda seen: seen.left)
