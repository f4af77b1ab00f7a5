"""Reads the word tables of `bot/words/`, one file per language, and says exactly what is wrong with one that is."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from bot.core.reading.normalise import normalise
from bot.core.words import CommandKind, Scale, Words, WordTable, in_order

FOLDER: Final = Path(__file__).parent.parent / "words"

Value: TypeAlias = object


class WordFileUnreadable(Exception):
    """A word table has a mistake. The message names the file, the key and what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name}: {problem}")


@cache  # what is built from a table is kept by the table's identity
def load_words(folder: Path = FOLDER) -> Words:
    """Read every table of the folder, English first. Raises `WordFileUnreadable` for the first that cannot be read."""
    return in_order(tuple(_read(path) for path in sorted(folder.glob("*.toml"))), "en")


def _read(path: Path) -> WordTable:
    try:
        table: Mapping[str, Value] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise WordFileUnreadable(path, f"is no readable TOML file: {problem}") from problem
    read: dict[str, Value] = {}
    for key, value in table.items():
        name = f"{key}_" if key in ("and", "or") else key
        if name not in _READERS:
            raise WordFileUnreadable(path, f"has the key '{key}', which is not one of {', '.join(sorted(_READERS))}")
        try:
            read[name] = _READERS[name](value)
        except ValueError as problem:
            raise WordFileUnreadable(path, f"key '{key}': {problem}") from problem
    for name in ("language", "reviewed_by"):
        if not read.get(name):
            raise WordFileUnreadable(path, f"lacks the key '{name}'; write {name} = \"...\" at the top")
    words = WordTable(**read)  # type: ignore[arg-type]  # each key has been read as its field's kind
    if both := words.yes & words.no:
        raise WordFileUnreadable(path, f"key 'no': '{min(both)}' also stands under 'yes'; leave it out of one")
    return words


def _text(value: Value) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError('must be a text, such as "en"')
    return value


def _phrases(value: Value) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
        raise ValueError('must be a list of phrases, such as ["yes", "yeah"]')
    phrases = frozenset(normalise(phrase) for phrase in value)
    if "" in phrases:
        raise ValueError("holds a phrase of no letter or digit; take it out")
    return phrases


def _table(value: Value) -> Mapping[str, Value]:
    if not isinstance(value, dict):
        raise ValueError("must be a table, with one line for each word")
    return value


def _numbers(value: Value) -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for phrase, number in _table(value).items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(f"'{phrase}' must be a whole number, such as {phrase} = 1")
        if numbers.setdefault(normalise(phrase), number) != number:
            raise ValueError(
                f"'{phrase}' is {number} and {numbers[normalise(phrase)]}; letters with and without marks are one"
            )
    return numbers


def _scales(value: Value) -> tuple[Scale, ...]:
    scales = []
    for name, poles in _table(value).items():
        if set(_table(poles)) != {"positive", "negative"}:
            raise ValueError(f"'{name}' must have the lists positive and negative, and nothing else")
        scale = Scale(name, _phrases(_table(poles)["positive"]), _phrases(_table(poles)["negative"]))
        if both := scale.positive & scale.negative:
            raise ValueError(f"'{min(both)}' stands under positive and negative of '{name}'; leave it out of one")
        scales.append(scale)
    return tuple(scales)


def _commands(value: Value) -> Mapping[CommandKind, frozenset[str]]:
    known = {str(kind) for kind in CommandKind}
    if unknown := set(_table(value)) - known:
        raise ValueError(f"'{min(unknown)}' is no command; the commands are {', '.join(sorted(known))}")
    return {CommandKind(name): _phrases(phrases) for name, phrases in _table(value).items()}


def _lists(value: Value) -> Mapping[str, frozenset[str]]:
    return {normalise(phrase): _phrases(others) for phrase, others in _table(value).items()}


def _spelling(value: Value) -> Mapping[str, str]:
    spelling: dict[str, str] = {}
    for written, one in _table(value).items():
        if not isinstance(one, str) or not one.isalpha() or not normalise(written).isalpha():
            raise ValueError(f"'{written}' and what it stands for must be letters, such as oo = \"u\"")
        spelling[normalise(written)] = normalise(one)
    return spelling


def _readers(kinds: Iterable[tuple[str, Value]]) -> dict[str, Callable[[Value], Value]]:
    own: dict[str, Callable[[Value], Value]] = {
        "language": _text,
        "reviewed_by": _text,
        "scales": _scales,
        "commands": _commands,
        "same": _lists,
        "spelling": _spelling,
    }
    return {name: own.get(name, _phrases if isinstance(empty, frozenset) else _numbers) for name, empty in kinds}


_READERS: Final = _readers((field.name, getattr(WordTable("", ""), field.name)) for field in fields(WordTable))
