"""All word tables as one, ready to look words up in: built once for each reading order."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache

from bot.core.reading.normalise import key
from bot.core.words import NO_PHRASES, Scale, Words, WordTable

_SPECIAL = frozenset({"language", "reviewed_by", "yes", "no", "scales", "commands", "same"})


@cache
def lexicon(words: Words) -> WordTable:
    """Merge the tables. Where languages disagree, the first decides, then English; among others the word is dropped.

    Polish "no" is a kind of yes: in a Polish conversation it is that, in any other it is English.
    """
    leading = 2 if [table.language for table in words[1:2]] == ["en"] else 1
    first = WordTable("", "")
    merged: dict[str, object] = {}
    for field in fields(WordTable):
        if field.name not in _SPECIAL:
            tables = [getattr(table, field.name) for table in words]
            is_set = isinstance(getattr(first, field.name), frozenset)
            merged[field.name] = _phrases(tables) if is_set else _meanings(tables, leading)
    answers = _meanings(
        [{**dict.fromkeys(table.yes, "yes"), **dict.fromkeys(table.no, "no")} for table in words],
        leading,
    )
    return WordTable(
        language="",
        reviewed_by="",
        yes=frozenset(phrase for phrase, answer in answers.items() if answer == "yes"),
        no=frozenset(phrase for phrase, answer in answers.items() if answer == "no"),
        scales=_scales(words),
        commands={
            kind: _phrases([table.commands.get(kind, NO_PHRASES) for table in words])
            for kind in {kind for table in words for kind in table.commands}
        },
        same={
            key(label): _phrases([table.same.get(label, NO_PHRASES) for table in words])
            for label in {label for table in words for label in table.same}
        },
        **merged,  # type: ignore[arg-type]  # each field is merged as its kind asks
    )


def _phrases(tables: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(key(phrase) for phrases in tables for phrase in phrases)


def _meanings(tables: Iterable[Mapping[str, object]], leading: int) -> dict[str, object]:
    merged: dict[str, object] = {}
    disputed = set()
    settled: frozenset[str] = frozenset()
    for place, table in enumerate(tables):
        if place == leading:
            settled = frozenset(merged)
        for phrase, meaning in ((key(phrase), meaning) for phrase, meaning in table.items()):
            if merged.setdefault(phrase, meaning) != meaning and place >= leading and phrase not in settled:
                disputed.add(phrase)
    return {phrase: meaning for phrase, meaning in merged.items() if phrase not in disputed}


def _scales(words: Words) -> tuple[Scale, ...]:
    every = [scale for table in words for scale in table.scales]
    return tuple(
        Scale(
            name,
            _phrases([scale.positive for scale in every if scale.name == name]),
            _phrases([scale.negative for scale in every if scale.name == name]),
        )
        for name in dict.fromkeys(scale.name for scale in every)
    )
