"""What languages are called: by themselves, in English, and as people spell it. Codes are ISO 639, with a script.

A language is named in its own letters to whoever reads it, and in plain capitals (`typed`) to whoever must type it on
an old phone: those fit GSM-7.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss"})


class Names(NamedTuple):
    """One language: its own name, what to type for it, and what else it is called."""

    own: str
    typed: str
    others: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """Return every name that a resident may ask for it by."""
        return (self.own, self.typed, *self.others)


NAMES: Final[Mapping[str, Names]] = {
    "en": Names(
        "English",
        "ENGLISH",
        (
            *("inglizi", "inglisi", "ingleezi", "ingilizi", "angielski", "angielsku", "po angielsku", "angielskim"),
            *("engleza", "engleză", "englezeste", "limba engleza", "angrezi", "angrezy", "angraizi", "ingrezi"),
            *("انگریزی", "انگلش", "الإنجليزية", "إنجليزي", "انجليزي", "انكليزي", "بالإنجليزية", "بالانجليزي"),
            *("ئینگلیزی", "ئینگلیزي", "انگلیسی", "به انگلیسی", "انګلیسي", "انګرېزي", "انګلیسی", "په انګلیسي"),
            *("ইংরেজি", "ইংরেজী", "ইংরেজিতে", "ইংলিশ", "ਅੰਗਰੇਜ਼ੀ", "ਅੰਗਰੇਜੀ", "ਇੰਗਲਿਸ਼"),
        ),
    ),
    "ur": Names("اردو", "URDU", ("Urdu script",)),
    "ur-Latn": Names("Roman Urdu", "ROMAN URDU", ("Urdu roman", "urdu english letters", "رومن اردو")),
    "pl": Names("Polski", "POLSKI", ("Polish", "po polsku")),
    "ro": Names("Română", "ROMANA", ("Romanian", "romaneste", "limba romana", "roumanian", "rumanian")),
    "pa": Names("ਪੰਜਾਬੀ", "PUNJABI", ("Panjabi", "Gurmukhi", "پنجابی")),
    "ar": Names("العربية", "ARABIC", ("عربي", "arabi", "arabee")),
    "ckb": Names(
        "کوردی",
        "KURDI",
        ("كردي", "کردی", "Kurdish", "Sorani", "Kurdi Sorani", "کوردیی سۆرانی", "Kurdish Sorani", "سۆرانی"),
    ),
    "bn": Names("বাংলা", "BANGLA", ("Bengali", "Bangala", "Sylheti")),
    "ps": Names("پښتو", "PASHTO", ("Pushto", "Pashtu", "Pakhto")),
    "fa": Names("فارسی", "FARSI", ("Persian", "Dari", "دری", "Parsi")),
    "am": Names("አማርኛ", "AMHARIC", ("Amharigna",)),
    "bg": Names("Български", "BULGARIAN", ("balgarski",)),
    "cs": Names("Čeština", "CZECH", ("cesky",)),
    "de": Names("Deutsch", "GERMAN", ()),
    "es": Names("Español", "SPANISH", ("castellano",)),
    "fr": Names("Français", "FRENCH", ()),
    "gu": Names("ગુજરાતી", "GUJARATI", ()),
    "hi": Names("हिन्दी", "HINDI", ("हिंदी",)),
    "hu": Names("Magyar", "HUNGARIAN", ("magyarul",)),
    "it": Names("Italiano", "ITALIAN", ()),
    "kmr": Names("Kurmancî", "KURMANJI", ("Kurdish Kurmanji",)),
    "lt": Names("Lietuvių", "LITHUANIAN", ("lietuviskai",)),
    "lv": Names("Latviešu", "LATVIAN", ("latviski",)),
    "ml": Names("മലയാളം", "MALAYALAM", ()),
    "nl": Names("Nederlands", "DUTCH", ()),
    "pnb": Names("پنجابی (شاہ مکھی)", "SHAHMUKHI", ()),
    "pt": Names("Português", "PORTUGUESE", ()),
    "ru": Names("Русский", "RUSSIAN", ("po russki", "по русски")),
    "sk": Names("Slovenčina", "SLOVAK", ("slovensky",)),
    "so": Names("Soomaali", "SOMALI", ()),
    "sq": Names("Shqip", "ALBANIAN", ()),
    "sw": Names("Kiswahili", "SWAHILI", ()),
    "ta": Names("தமிழ்", "TAMIL", ()),
    "ti": Names("ትግርኛ", "TIGRINYA", ()),
    "tr": Names("Türkçe", "TURKISH", ()),
    "uk": Names("Українська", "UKRAINIAN", ("по українськи",)),
    "vi": Names("Tiếng Việt", "VIETNAMESE", ()),
    "yo": Names("Yorùbá", "YORUBA", ()),
    "zh": Names("中文", "CHINESE", ("Mandarin", "Cantonese", "中国话")),
    "ar-Latn": Names("Arabizi", "ARABIZI", ()),
    "cy": Names("Cymraeg", "WELSH", ()),
}

SERVES: Final[Mapping[str, tuple[str, ...]]] = {
    "ur-Latn": ("ur",),
    "ur": ("ur-Latn",),
    "ar-Latn": ("ar",),
}
"""Languages that a reader of the first also reads, best first, where the first itself is not offered."""


NAMES_AROUND: Final = frozenset({"mein", "main", "mai", "mei", "me", "میں", "ਵਿੱਚ", "ਵਿਚ", "vich", "te", "দিয়ে"})
"""What stands after a language's name and means "in it", as in "English mein"."""

EVERY_NAME: Final = {code: names.every for code, names in NAMES.items()}
"""Every language that we have names for, by code, with all of them."""


def names_of(code: str, name: str) -> Names:
    """Return what a language is called; one that we have no names for, by what the survey file calls it."""
    return NAMES.get(code) or Names(name, gsm_name(name))


def name_in_english(code: str) -> str:
    """Return what staff call a language: Polish, Roman Urdu; the code of one that we have no names for."""
    return _IN_ENGLISH.get(code) or (NAMES[code].typed.title() if code in NAMES else code)


def gsm_name(name: str) -> str:
    """Write a language's name in capitals that any phone can type and GSM-7 can carry: Română is ROMANA."""
    folded = unicodedata.normalize("NFD", name.translate(_LETTERS))
    return "".join(c for c in folded if c.isascii() and (c.isalpha() or c == " ")).strip().upper()


_IN_ENGLISH = {"pl": "Polish", "ro": "Romanian", "ckb": "Kurdish (Sorani)", "bn": "Bengali", "fa": "Persian (Farsi)"}
_IN_ENGLISH |= {"kmr": "Kurdish (Kurmanji)", "ar-Latn": "Arabic in Latin letters", "pnb": "Punjabi in Arabic letters"}
