"""What is left of a message when all that belongs to no language is taken away, and which script that is in.

Links, addresses, postcodes, numbers, emoji, laughter and commands say nothing of a language, so none is kept.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from bot.language.everywhere import LONGEST_NAME, telling


class Script(StrEnum):
    """How a text is written. OTHER is a script that none of our languages uses, NONE a text without letters."""

    LATIN = "Latin"
    ARABIC = "Arabic"
    CYRILLIC = "Cyrillic"
    ETHIOPIC = "Ethiopic"
    DEVANAGARI = "Devanagari"
    BENGALI = "Bengali"
    GURMUKHI = "Gurmukhi"
    GUJARATI = "Gujarati"
    TAMIL = "Tamil"
    MALAYALAM = "Malayalam"
    HAN = "Han"
    OTHER = "other"
    NONE = "none"


class Cleaned(msgspec.Struct, frozen=True):
    """A message without what belongs to no language: its words in lower case, and their script."""

    words: tuple[str, ...]
    script: Script
    is_telling: bool = True
    """False where all of it is a name, a greeting or a phrase that people write in any language."""

    @property
    def line(self) -> str:
        """The words as one line, which is what a voter reads."""
        return " ".join(self.words)


# Where each block begins and whose it is; a block ends where the next begins (Unicode 16, Blocks.txt).
_BLOCKS: Final = (
    (0x0000, Script.LATIN), (0x0250, Script.OTHER), (0x0400, Script.CYRILLIC), (0x0530, Script.OTHER),
    (0x0600, Script.ARABIC), (0x0700, Script.OTHER), (0x0750, Script.ARABIC), (0x0780, Script.OTHER),
    (0x0870, Script.ARABIC), (0x0900, Script.DEVANAGARI), (0x0980, Script.BENGALI), (0x0A00, Script.GURMUKHI),
    (0x0A80, Script.GUJARATI), (0x0B00, Script.OTHER), (0x0B80, Script.TAMIL), (0x0C00, Script.OTHER),
    (0x0D00, Script.MALAYALAM), (0x0D80, Script.OTHER), (0x1200, Script.ETHIOPIC), (0x13A0, Script.OTHER),
    (0x1E00, Script.LATIN), (0x1F00, Script.OTHER), (0x2D80, Script.ETHIOPIC), (0x2DE0, Script.OTHER),
    (0x3400, Script.HAN), (0x4DC0, Script.OTHER), (0x4E00, Script.HAN), (0xA000, Script.OTHER),
    (0xFB50, Script.ARABIC), (0xFE00, Script.OTHER), (0xFE70, Script.ARABIC), (0xFF00, Script.OTHER),
    (0x20000, Script.HAN), (0x323B0, Script.OTHER),
)  # fmt: skip
_STARTS: Final = [start for start, _ in _BLOCKS]

_MOST_LETTERS: Final = 1_000
"""More of them tell nothing new, and searching for links in a text that is all dots takes the square of its length."""

# A tenth of a Latin name or brand in an Urdu sentence makes it no less Urdu; measured, 30 % parts mixed texts best.
_ENOUGH: Final = 0.3

_LINKS = re.compile(r"\S*(?:://|www\.|@)\S*|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|uk|gov|info|eu|pl|ro|pk|io)\b\S*")
_POSTCODE = re.compile(r"\b[a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2}\b")
_WORD = re.compile(r"[^\W_]+(?:['’‘`ʼʻ´]+[^\W_]+)*")
_MARKS = re.compile(
    r"[\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]"
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘`ʼʻ´", "'"))

# Arabizi writes sounds that Latin lacks as digits: 3 for ayn, 7 for haa, 5 for khaa ...; 4 and 1 it hardly uses.
_ARABIZI = re.compile(
    r"(?=.*[a-z].*[a-z])(?!\d+(?:st|nd|rd|th|am|pm|yrs?|mins?|hrs?|kg|km|ish|ml|px|x)$)[a-z'2356789]+"
)
_SHORTHAND = re.compile(
    r"\d+[a-z]?|[a-z]+\d+|gr8|m8s?|l8r?|b4|2(?:moro|morrow|day|nite|night|gether|u|b|c|wards|mrw)|w8|h8|any1|some1|every1|no1"
    r"|4(?:u|ever|get|give|m)|f2f|b2b|str8|\w*\d{2,}\w*"
)
_LAUGHTER = re.compile(r"(?:a?(?:ha|he|hi|ah|ja){2,}[hj]?|lo+l+|lmao|rofl|x+|h+m+|u+m+|e+r+m+|a+h+|o+h+|www)")
_BELONGS_TO_NONE: Final = frozenset(
    (
        *(
            "ok",
            "okay",
            "okey",
            "k",
            "kk",
            "stop",
            "start",
            "help",
            "info",
            "tv",
            "sms",
            "wifi",
            "gps",
            "am",
            "pm",
            "na",
        ),
        *("whatsapp", "telegram", "facebook", "youtube", "google", "email", "url", "http", "https", "com"),
    )
)


def clean(text: str) -> Cleaned:
    """Take from a message all that belongs to no language. Upper and lower case, NFC and NFD come out alike."""
    text = text[:_MOST_LETTERS]
    plain = unicodedata.normalize("NFKC", text)
    plain = unicodedata.normalize("NFC", plain.lower().replace("i̇", "i"))
    plain = _MARKS.sub("", plain.replace("\u200c", " ")).translate(_APOSTROPHES)
    plain = _POSTCODE.sub(" ", _LINKS.sub(" ", plain))
    script = _script_of(plain)
    match script:
        case Script.NONE:
            return Cleaned(words=(), script=script)
        case Script.LATIN:
            words = tuple(word for word in _WORD.findall(plain) if _is_latin_word(word))
        case Script.ARABIC | Script.CYRILLIC | Script.ETHIOPIC:
            words = tuple(word for word in _WORD.findall(plain) if _script_of(word) is script)
        case _:
            words = tuple(plain.split())
    if all(_BELONGS_TO_NONE.__contains__(word) or _LAUGHTER.fullmatch(word) or len(word) < 2 for word in words):
        words = () if script is Script.LATIN else words
    left = telling(words)
    is_telling = bool(left) and not (script is Script.LATIN and _is_written_as_a_name(text, words))
    return Cleaned(words=left or words, script=script, is_telling=is_telling)


def _is_written_as_a_name(text: str, words: Sequence[str]) -> bool:
    """Say whether each of two or three words, and not the first alone, begins with a capital: "Abbey Hulton"."""
    return 1 < len(words) <= LONGEST_NAME and all(word.istitle() for word in text.split() if word[0].isalpha())


def _is_latin_word(word: str) -> bool:
    if word.isalpha() or "'" in word:
        return _script_of(word) is Script.LATIN
    return bool(_ARABIZI.fullmatch(word)) and not _SHORTHAND.fullmatch(word)


def _script_of(text: str) -> Script:
    """Name the script that most of the letters that are not Latin are in, if these are enough; else Latin, or none."""
    counts: dict[Script, int] = {}
    for char in text:
        if char.isalpha():
            script = _BLOCKS[bisect_right(_STARTS, ord(char)) - 1][1]
            counts[script] = counts.get(script, 0) + 1
    if not counts:
        return Script.NONE
    latin = counts.pop(Script.LATIN, 0)
    if not counts:
        return Script.LATIN
    first = max(counts, key=lambda script: counts[script])
    if first is Script.HAN and Script.OTHER in counts:  # kana beside Chinese letters: Japanese
        first = Script.OTHER
    return first if sum(counts.values()) >= _ENOUGH * (latin + sum(counts.values())) else Script.LATIN
