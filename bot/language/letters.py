"""What single letters say: those that a language has to itself, and those that it does not have.

Source of the tables: the languages' own alphabets, as in Unicode CLDR's exemplar characters.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import Final

from bot.language.labels import BY_SCRIPT
from bot.language.text import Script

MOST: Final = 4.0
"""Where evidence from letters ends: the tenth Polish letter of a text says little that the third has not."""

_USED_BY: Final[dict[Script, dict[str, str]]] = {
    Script.ARABIC: {
        "ێۆڕڵڤە": "ckb",
        "ټډړږښګڼېۍځڅ": "ps",
        "ٹڈڑںےۓہۂۃ": "ur pnb",
        "ݨࣇݪ": "pnb",
        "ھ": "ur pnb ckb",
        "پچگ": "fa ur pnb ps ckb",
        "ژ": "fa ur ps ckb",
        "کی": "fa ur pnb ps ckb",
        "ۀ": "fa ps",
        "ه": "ar fa ps ckb",
        "ي": "ar ps",
        "كةىأإ": "ar",
        "ؤء": "ar fa ur pnb ps",
        "ثذصضظط": "ar fa ur pnb ps",
    },
    Script.CYRILLIC: {"іїєґ": "uk", "ыэё": "ru", "ъ": "bg ru"},
    Script.ETHIOPIC: {"".join(map(chr, (*range(0x1250, 0x125E), *range(0x12B8, 0x12C6)))): "ti"},
    Script.LATIN: {
        "łńśźżć": "pl",
        "ąę": "pl lt",
        "ó": "pl hu cs sk es pt",
        "áíú": "hu cs sk es pt",
        "é": "hu cs sk es pt fr it",
        "öü": "hu de tr",
        "őű": "hu",
        "čšž": "cs sk lt lv",
        "ďťňý": "cs sk",
        "ěřů": "cs",
        "ľĺŕ": "sk",
        "ä": "sk de",
        "ô": "sk fr pt",
        "ėįų": "lt",
        "ū": "lt lv",
        "āēīģķļņ": "lv",
        "ășțţ": "ro",
        "ş": "ro tr kmr",
        "âî": "ro fr pt tr kmr",
        "ãõ": "pt",
        "ç": "pt fr tr sq kmr",
        "à": "fr it pt",
        "èù": "fr it",
        "êû": "fr pt kmr",
        "ìò": "it",
        "ë": "sq fr",
        "ïœ": "fr",
        "ñ¿¡": "es",
        "ğı": "tr",
        "ß": "de",
    },
}


def _tell_apart(script: Script) -> Mapping[str, frozenset[str]]:
    return {letter: frozenset(users.split()) for group, users in _USED_BY.get(script, {}).items() for letter in group}


_USERS: Final = {script: _tell_apart(script) for script in BY_SCRIPT}


def weigh(words: Iterable[str], script: Script) -> Sequence[tuple[float, float]]:
    """Give, for each language of a script in its order, how much the letters speak for it, and how much against.

    A letter counts for its users the more, the fewer they are. Letters that no language of the table claims count
    against none in a script of which only some letters are listed, and against all in Latin, whose letters we know.
    """
    languages, users = BY_SCRIPT[script], _USERS[script]
    owners = [found for letter in "".join(words) if (found := _owners(letter, script, users)) is not None]
    weights = []
    for language in languages:
        own = sum(log(len(languages) / len(those)) for those in owners if language in those)
        foreign = sum(language not in those for those in owners)
        weights.append((min(own, MOST), min(float(foreign), MOST)))
    return weights


def _owners(letter: str, script: Script, users: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    known = users.get(letter)
    if known is None and script is Script.LATIN and letter > "\x7f" and letter.isalpha():
        return frozenset()
    return known
