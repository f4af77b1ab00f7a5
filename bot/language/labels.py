"""The languages that can be told apart, by the script they are written in."""

from typing import Final

from bot.language.text import Script

BY_SCRIPT: Final[dict[Script, tuple[str, ...]]] = {
    Script.LATIN: (
        *("en", "pl", "ro", "hu", "cs", "sk", "lt", "lv", "pt", "es", "it", "fr", "de", "tr", "so", "sq", "kmr"),
        *("ur-Latn", "ar-Latn"),
    ),
    Script.ARABIC: ("ar", "fa", "ur", "ps", "ckb", "pnb"),
    Script.CYRILLIC: ("ru", "uk", "bg"),
    Script.ETHIOPIC: ("am", "ti"),
    Script.GURMUKHI: ("pa",),
    Script.GUJARATI: ("gu",),
    Script.BENGALI: ("bn",),
    Script.TAMIL: ("ta",),
    Script.MALAYALAM: ("ml",),
    Script.DEVANAGARI: ("hi",),
    Script.HAN: ("zh",),
    Script.OTHER: (),
    Script.NONE: (),
}

READ_AS: Final = {"pnb": "ur"}
"""Punjabi in Arabic letters (Shahmukhi) is told from Urdu, and answered in it: who reads the one reads the other."""

LABELS: Final = tuple(sorted({READ_AS.get(each, each) for group in BY_SCRIPT.values() for each in group}))
"""Every language that a verdict may name. `ur-Latn` is Urdu in Latin letters, `ar-Latn` Arabic in them (Arabizi)."""
