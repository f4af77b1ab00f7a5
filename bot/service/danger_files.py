"""Reads `bot/words/danger/`, one file per language, and says exactly what is wrong with one that is.

Beside it, the council's own help numbers, from the file that SAFEGUARDING_NUMBERS names.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from bot.core.danger import DangerTable, PhraseUnreadable, read_phrase, runs_of, words_of

FOLDER: Final = Path(__file__).parent.parent / "words" / "danger"
_TEXTS: Final = ("language", "reviewed_by", "calm", "calm_page", "help")
_LISTS: Final = ("phrases", "denials", "still", "idioms")
_NUMBER_KEYS: Final = {"say", "checked_on"}


class DangerFileUnreadable(Exception):
    """A file cannot be used. The message names it, the key and what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name}: {problem}")


class HelpNumber(Struct, frozen=True):
    """One number that residents are told. `say` is what they read; `checked_on` is when somebody last rang it."""

    say: str
    checked_on: date | None


@cache
def load_danger(folder: Path = FOLDER) -> tuple[DangerTable, ...]:
    """Read every table of the folder. Raises DangerFileUnreadable for the first that cannot be read."""
    return tuple(_table(path) for path in sorted(folder.glob("*.toml")))


def load_numbers(path: Path | None) -> tuple[HelpNumber, ...]:
    """Read the help numbers; none where no file is named. Raises DangerFileUnreadable."""
    if path is None:
        return ()
    written = _read(path)
    _refuse_unknown(path, written, {"number"})
    entries = written.get("number", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DangerFileUnreadable(path, "begin each number with a line that says [[number]]")
    return tuple(_number(path, entry) for entry in entries)


def _number(path: Path, entry: Mapping[str, object]) -> HelpNumber:
    _refuse_unknown(path, entry, _NUMBER_KEYS)
    say, checked_on = entry.get("say"), entry.get("checked_on")
    if not isinstance(say, str) or not any(letter.isdecimal() for letter in say):
        raise DangerFileUnreadable(path, 'each [[number]] needs a line such as say = "Samaritans 116 123"')
    if checked_on is not None and type(checked_on) is not date:
        raise DangerFileUnreadable(path, f"'{say}': write checked_on as a date without quotes, as 2026-05-31")
    return HelpNumber(say.strip(), checked_on)


def _refuse_unknown(path: Path, written: Mapping[str, object], known: Collection[str]) -> None:
    unknown = set(written).difference(known)
    if unknown:
        raise DangerFileUnreadable(path, f"has the key '{min(unknown)}', which means nothing here")


def _read(path: Path) -> Mapping[str, object]:
    try:
        # Notepad puts a mark before the first letter, which "utf-8-sig" takes away.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise DangerFileUnreadable(path, f"is no readable TOML file: {problem}") from problem
    except OSError as problem:
        raise DangerFileUnreadable(path, f"cannot be read ({problem.strerror})") from problem


def _table(path: Path) -> DangerTable:
    table = _read(path)
    texts = {name: table.get(name) for name in _TEXTS}
    lists = {name: table.get(name, []) for name in _LISTS}
    groups = table.get("groups", {})
    _refuse_unknown(path, table, {*_TEXTS, *_LISTS, "groups"})
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise DangerFileUnreadable(path, f"lacks the key '{name}'; write {name} = \"...\" at the top")
    # Any other brace would fail in the middle of a resident's turn.
    if "{numbers}" not in str(texts["help"]) or {"{", "}"} & set(str(texts["help"]).replace("{numbers}", "")):
        raise DangerFileUnreadable(path, "key 'help': write {numbers} where the numbers are to stand, no other brace")
    for name, value in [*lists.items(), *(groups.items() if isinstance(groups, dict) else [("groups", None)])]:
        if not isinstance(value, list) or not all(isinstance(each, str) and words_of(each) for each in value):
            raise DangerFileUnreadable(path, f"key '{name}': must be a list of phrases")
    long = next((each for each in _strings(lists["denials"]) if len(words_of(each)) > 1), None)
    if long is not None:
        raise DangerFileUnreadable(path, f"key 'denials': '{long}' has several words; each must be one word")
    try:
        phrases = tuple(read_phrase(each, groups) for each in _strings(lists["phrases"]))  # type: ignore[arg-type]
    except PhraseUnreadable as problem:
        raise DangerFileUnreadable(path, f"key 'phrases': {problem}") from problem
    return DangerTable(
        **texts,  # type: ignore[arg-type]  # each has been seen to be a text
        phrases=phrases,
        denials=frozenset(words_of(each)[0] for each in _strings(lists["denials"])),
        still=runs_of(_strings(lists["still"])),
        idioms=runs_of(_strings(lists["idioms"])),
    )


def _strings(value: object) -> Sequence[str]:
    assert isinstance(value, list)
    return value
