"""Reads what the bot says in other languages from `bot/words/phrases/`, one gettext file (.po) for each language.

The English sentence is the key. A sentence without a translation, or one marked `fuzzy` because its English changed, is
said in English. An entry with `msgctxt "sms"` is a cheaper wording for text messages, as `sms_label` is in a survey.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Final

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po

from bot.core.phrases import Phrases

FOLDER: Final = Path(__file__).parent.parent / "words" / "phrases"
SMS: Final = "sms"
DRAFT: Final = "draft"

_HEADER = re.compile(r'^"(?P<name>Language|X-Review):[ ]*(?P<value>.*?)(?:\\n)?"$', re.MULTILINE)
_DATES_OF: Final = {"ur-Latn": "en-GB"}
"""Whose names of months to use where a language's own would be in other letters than the language."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the bot says in one language. `short` holds the SMS wordings; `reviewed` is false for a draft."""

    language: str
    sentences: Mapping[str, str]
    reviewed: bool
    short: Mapping[str, str] = field(default_factory=dict)


class CatalogueUnreadable(Exception):
    """A catalogue has a mistake. The message names the file, the sentence and what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name}: {problem}")


@cache
def load_catalogues(folder: Path = FOLDER) -> tuple[Catalogue, ...]:
    """Read every catalogue of a folder. Raises `CatalogueUnreadable` for the first that cannot be read."""
    return tuple(read_catalogue(path) for path in sorted(folder.glob("*.po")))


def read_catalogue(path: Path) -> Catalogue:
    """Read one file, named by its language: `ur-Latn.po`. Raises `CatalogueUnreadable`."""
    try:
        with path.open("rb") as file:
            messages = [message for message in read_po(file, abort_invalid=True) if message.id]
        written = {found["name"]: found["value"].strip() for found in _HEADER.finditer(path.read_text("utf-8"))}
    except PoFileError as problem:
        raise CatalogueUnreadable(
            path, f'line {problem.lineno + 1}: {problem.line.strip()} is misspelt; write msgid "..." and msgstr "..."'
        ) from problem
    except (UnicodeDecodeError, OSError) as problem:
        raise CatalogueUnreadable(path, f"cannot be read ({problem}); save it as UTF-8 text") from problem
    _check_header(path, written)
    reviewed = written["X-Review"] != DRAFT
    full = _sentences(path, (message for message in messages if message.context != SMS))
    short = _sentences(path, (message for message in messages if message.context == SMS))
    return Catalogue(path.stem, full, reviewed, short)


def phrases_of(catalogues: Iterable[Catalogue]) -> Phrases:
    """Make the bot's sentences ready in the languages of these catalogues, with days as each language writes them."""
    known = tuple(catalogues)
    return Phrases(
        {one.language: one.sentences for one in known}, {one.language: one.short for one in known}, write_day
    )


def write_day(day: date, language: str) -> str:
    """Write a day with the month's name in a language, digits as on any phone: `3 maja 2026`. Unknown ones: English."""
    return format_date(day, "d MMMM y", locale=_locale(language))


def placeholders_differ(english: str, translation: str) -> bool:
    """Say whether a translation has other {words in braces} than its English, or cannot be filled in at all."""
    try:
        return _placeholders(translation) != _placeholders(english)
    except ValueError:
        return True


def _check_header(path: Path, written: Mapping[str, str]) -> None:
    for name, example in (("Language", path.stem), ("X-Review", DRAFT)):
        if not written.get(name):
            raise CatalogueUnreadable(path, f'the header lacks {name}; write "{name}: {example}\\n" below msgstr ""')
    if written["Language"] != path.stem:
        raise CatalogueUnreadable(
            path, f"the header says Language: {written['Language']}; name the file {written['Language']}.po"
        )


def _sentences(path: Path, messages: Iterable[Message]) -> dict[str, str]:
    """Return the translations that can be said. A wrong placeholder is refused: it would fail in a resident's face."""
    found = {}
    for message in messages:
        english, translation = str(message.id), str(message.string or "")
        if not translation or message.fuzzy:
            continue
        if placeholders_differ(english, translation):
            needed = ", ".join(sorted(_placeholders(english))) or "no {...}"
            raise CatalogueUnreadable(
                path, f'"{english}": the translation must hold {needed} as in the English, and it is "{translation}"'
            )
        found[english] = translation
    return found


def _placeholders(sentence: str) -> set[str]:
    """Name what is filled in, written out: `{title}`. Raises ValueError for a brace without its partner."""
    return {
        f"{{{name}{f'!{how}' if how else ''}{f':{form}' if form else ''}}}"
        for _, name, form, how in Formatter().parse(sentence)
        if name is not None
    }


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(_DATES_OF.get(language, language), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
