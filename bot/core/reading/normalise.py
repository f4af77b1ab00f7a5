"""One form for texts that mean the same: case, accents, invisible characters, digits of any script, apostrophes.

Nothing here changes what is stored: it is only how a text is compared with words we know.
"""

import re
import unicodedata
from functools import lru_cache

_KEYCAP_TEN = "\N{KEYCAP TEN}"
_LATIN_MARKS = range(0x0300, 0x0370)
_ARABIC_MARKS = frozenset({*range(0x064B, 0x0660), 0x0670, 0x0640})  # harakat, hamza and madda above, tatweel
_NUKTA = 0x0A3C  # Gurmukhi's dot below, which many leave out
_PICTURE_PARTS = frozenset({*range(0xFE00, 0xFE10), 0x20E3, *range(0x1F3FB, 0x1F400)})  # variants, keycap, skin tones

# Letters that phones and people use for one another, and signs that mean the same. NFKC leaves these alone.
_SAME = {
    **dict.fromkeys("‘’‛ʼʹ´`′'", ""),
    **dict.fromkeys("‐‑‒–—―−﹣", "-"),
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("ىي", "ی"),
    **dict.fromkeys("ەھہة", "ه"),
    "ك": "ک",
    "ګ": "گ",
    "ٱ": "ا",
    "ء": "",
    "ں": "ن",
    "ڕ": "ر",
    "ڵ": "ل",
    "ۆ": "و",
    "٪": "%",
    "٫": ".",
    "٬": ",",
    "،": ",",
    "؛": ";",
    "؟": "?",
    "۔": ".",
    "।": ".",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ı": "i",
    "æ": "ae",
}
_ASCII = str.maketrans({"'": "", "`": "", **{chr(code): " " for code in (*range(0x20), 0x7F)}})
_EDGES = ' !"#$&()*,-./:;<=>?@[\\]^_{|}~¡¿•·'

_PICTURES = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_BREAKS = r"\s!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u206f\u3001\u3002"
_TOKEN = re.compile(
    rf"\d+%|\d+(?:st|nd|rd|th)(?![^\d{_BREAKS}{_PICTURES}])|\d+|[{_PICTURES}]|[^\d{_BREAKS}{_PICTURES}]+"
)
_STRETCHED = re.compile(r"(\D)\1{2,}")
_LIKE_DIGITS = re.compile(r"(?<![^\W_])(?=[oilz]*\d)[\doilz]{2,}(?![^\W_])")
_TO_DIGITS = str.maketrans("oilz", "0112")


LAST_TEXTS = 8
"""How many texts a cache may hold: one message is read from several sides, and the next must not find it any more."""


@lru_cache(maxsize=LAST_TEXTS)
def fold(text: str) -> str:
    """Fold a text without trimming it: NFKC, no case, accents or invisible characters, ASCII digits, single spaces.

    Apostrophes go altogether, so that dont, don't and don’t are alike. Arabic and Persian letters that stand for one
    another become one.
    """
    if not text.isascii():
        text = _fold_letters(unicodedata.normalize("NFKC", text.replace(_KEYCAP_TEN, "10")))
    return " ".join(text.casefold().translate(_ASCII).split())


def _fold_letters(text: str) -> str:
    kept = []
    for letter in unicodedata.normalize("NFD", text.casefold()):
        code = ord(letter)
        category = unicodedata.category(letter)
        if (
            category == "Cf"
            or code in _LATIN_MARKS
            or code in _ARABIC_MARKS
            or code in _PICTURE_PARTS
            or code == _NUKTA
        ):
            continue
        if category.startswith("Z"):
            kept.append(" ")
        elif (digit := unicodedata.digit(letter, None)) is not None:
            kept.append(str(digit))
        else:
            kept.append(_SAME.get(letter, letter))
    return unicodedata.normalize("NFC", "".join(kept))


def normalise(text: str) -> str:
    """Fold a text and trim the punctuation at its ends, where `+` and `%` stay because they mean something."""
    return fold(text).strip(_EDGES)


@lru_cache(maxsize=LAST_TEXTS)
def tokens(folded: str) -> tuple[str, ...]:
    """Cut a folded text into words, numbers (`24`, `100%`, `2nd`) and single pictures, dropping what stood between."""
    return tuple(_TOKEN.findall(folded))


def key(text: str) -> str:
    """Return the words of a text, one space between: the form in which phrases are looked up."""
    return " ".join(tokens(fold(text)))


def repair_digits(folded: str) -> str:
    """Read letters that look like digits (O2, 2o, 3l) as digits, only in a token that is otherwise digits."""
    return _LIKE_DIGITS.sub(lambda found: found[0].translate(_TO_DIGITS), folded)


def shrink(word: str) -> tuple[str, ...]:
    """Return a word as it may be without stretched letters: `yesss` gives `yess` and `yes`; others give nothing."""
    if not _STRETCHED.search(word):
        return ()
    return (_STRETCHED.sub(r"\1\1", word), _STRETCHED.sub(r"\1", word))
