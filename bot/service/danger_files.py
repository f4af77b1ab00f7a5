"""Reads `bot/words/danger/`, one file per language, and says exactly what is wrong with one that is.

Beside it, the council's own help numbers, from the file that SAFEGUARDING_NUMBERS names.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from bot.core.danger import DangerTable, PhraseUnreadable, read_phrase, runs_of, words_of

FOLDER: Final = Path(__file__).parent.parent / "words" / "danger"
_TEXTS: Final = ("language", "reviewed_by", "calm", "help")
_LISTS: Final = ("phrases", "denials", "still", "idioms")


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
    found = []
    entries = _read(path).get("number", [])
    if not isinstance(entries, list):
        raise DangerFileUnreadable(path, "begin each number with a line that says [[number]]")
    for entry in entries:
        say, checked_on = entry.get("say"), entry.get("checked_on")
        if not isinstance(say, str) or not any(letter.isdecimal() for letter in say):
            raise DangerFileUnreadable(path, 'each [[number]] needs a line such as say = "Samaritans 116 123"')
        if checked_on is not None and type(checked_on) is not date:
            raise DangerFileUnreadable(path, f"'{say}': write checked_on as a date without quotes, as 2026-05-31")
        found.append(HelpNumber(say.strip(), checked_on))
    return tuple(found)


def _read(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise DangerFileUnreadable(path, f"is no readable TOML file: {problem}") from problem
    except OSError as problem:
        raise DangerFileUnreadable(path, f"cannot be read ({problem.strerror})") from problem


def _table(path: Path) -> DangerTable:
    table = _read(path)
    texts = {name: table.get(name) for name in _TEXTS}
    lists = {name: table.get(name, []) for name in _LISTS}
    groups = table.get("groups", {})
    unknown = set(table) - {*_TEXTS, *_LISTS, "groups"}
    if unknown:
        raise DangerFileUnreadable(path, f"has the key '{min(unknown)}', which means nothing here")
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise DangerFileUnreadable(path, f"lacks the key '{name}'; write {name} = \"...\" at the top")
    if "{numbers}" not in str(texts["help"]):
        raise DangerFileUnreadable(path, "key 'help': write {numbers} where the numbers are to stand")
    for name, value in [*lists.items(), *(groups.items() if isinstance(groups, dict) else [("groups", None)])]:
        if not isinstance(value, list) or not all(isinstance(each, str) and words_of(each) for each in value):
            raise DangerFileUnreadable(path, f"key '{name}': must be a list of phrases")
    try:
        phrases = tuple(read_phrase(each, groups) for each in _strings(lists["phrases"]))  # type: ignore[arg-type]
    except PhraseUnreadable as problem:
        raise DangerFileUnreadable(path, f"key 'phrases': {problem}") from problem
    return DangerTable(
        **texts,  # type: ignore[arg-type]  # each has been seen to be a text
        phrases=phrases,
        denials=frozenset(word for each in _strings(lists["denials"]) for word in words_of(each)),
        still=runs_of(_strings(lists["still"])),
        idioms=runs_of(_strings(lists["idioms"])),
    )


def _strings(value: object) -> Sequence[str]:
    assert isinstance(value, list)
    return value
