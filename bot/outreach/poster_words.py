"""What a poster says that no text message says: English here, other languages from `bot/words/posters/`."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from bot.service.catalogues import DRAFT, placeholders_differ
from bot.service.word_files import WordFileUnreadable

FOLDER: Final = Path(__file__).parent.parent / "words" / "posters"


class PosterPhrase(StrEnum):
    """Each sentence by what it is for; the value is its English. Its name in small letters is its key in a file."""

    TOGETHER_WITH = "Together with {partner}"
    ABOUT = "Tell us what you think. Answer a few questions on your phone."
    TEXT_TO = "Text {words} to {number}"
    APP_TO = "On {app}, send {words} to {number}"
    GO_TO = "Go to {address}"
    SCAN = "Or scan this with your phone's camera:"
    TEXT_MESSAGE = "Text message"
    WEB_FORM = "On the web"
    OTHER_LANGUAGES = "In another language, send:"
    STOP_ANY_TIME = "You are free to stop at any time: send STOP."
    STOPPED_BEFORE = "Said STOP to us before? Send START first."
    OPEN_UNTIL = "Open until {date}."
    CHECK_REAL = "Check that this is real: {url}"


@dataclass(frozen=True, slots=True)
class PosterWords:
    """A poster's sentences in one language, all of them. `reviewed` is false for a draft."""

    language: str
    sentences: Mapping[PosterPhrase, str]
    reviewed: bool


ENGLISH: Final = PosterWords("en", {phrase: str(phrase) for phrase in PosterPhrase}, reviewed=True)


@cache
def load_poster_words(folder: Path = FOLDER) -> Mapping[str, PosterWords]:
    """Read every file of the folder, by language, and English. Raises WordFileUnreadable for the first wrong one."""
    read = (_read(path) for path in sorted(folder.glob("*.toml")))
    return {"en": ENGLISH, **{words.language: words for words in read}}


def has_draft(language: str, drafts: Collection[str]) -> bool:
    """Say whether a poster's words in a language are a draft: the survey's and the bot's (`drafts`), or its own."""
    words = load_poster_words().get(language)
    return language in drafts or (words is not None and not words.reviewed)


def _read(path: Path) -> PosterWords:
    try:
        table: Mapping[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise WordFileUnreadable(path, f"is no readable TOML file: {problem}") from problem
    wanted = {phrase.name.lower(): phrase for phrase in PosterPhrase}
    if strange := sorted(set(table) - {*wanted, "language", "reviewed_by"}):
        raise WordFileUnreadable(path, f"has the key '{strange[0]}', which is not one of {', '.join(wanted)}")
    for key in ("language", "reviewed_by", *wanted):
        said = table.get(key)
        if not isinstance(said, str) or not said.strip():
            raise WordFileUnreadable(path, f"lacks the key '{key}'; write {key} = \"...\"")
    if table["language"] != path.stem:
        raise WordFileUnreadable(path, f'says language = "{table["language"]}"; name the file {table["language"]}.toml')
    sentences = {phrase: str(table[key]) for key, phrase in wanted.items()}
    for phrase, said in sentences.items():
        if placeholders_differ(phrase, said):
            raise WordFileUnreadable(path, f"key '{phrase.name.lower()}': keep each {{word}} of the English: {phrase}")
    return PosterWords(path.stem, sentences, table["reviewed_by"] != DRAFT)
