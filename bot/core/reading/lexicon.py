"""All word tables as one, ready to look words up in: built once for each reading order."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache

from bot.core.reading.normalise import key, tokens
from bot.core.words import NO_PHRASES, Scale, Words, WordTable

_AROUND = frozenset(
    {
        "before",
        "after",
        "label_before",
        "label_after",
        "number_before",
        "ordinal_around",
        "amount_before",
        "amount_after",
    }
)
_SPECIAL = frozenset({"language", "reviewed_by", "yes", "no", "scales", "commands", "same", "spelling"})


def leading(words: Words) -> int:
    """Count the tables that decide alone: the first, and English if it comes next."""
    return 2 if [table.language for table in words[1:2]] == ["en"] else 1


@cache
def lexicon(words: Words) -> WordTable:
    """Merge the tables. Where languages disagree, the first decides, then English; among others the word is dropped.

    What the first is unsure of is no yes, no or number from any: Polish "no" is a kind of yes, and its writer may mean
    the English one. Nor is what a language beyond these two is unsure of: Roman Urdu "chai" is tea, and nearly six.
    """
    deciding = leading(words)
    unsure = frozenset().union(*(keys(table.unsure) for table in (*words[:1], *words[deciding:])))
    first = WordTable("", "")
    merged: dict[str, object] = {}
    for field in fields(WordTable):
        if field.name not in _SPECIAL:
            tables = [getattr(table, field.name) for table in words]
            is_set = isinstance(getattr(first, field.name), frozenset)
            if field.name in _AROUND:
                merged[field.name] = _around(words, field.name) - unsure
            else:
                merged[field.name] = _phrases(tables) if is_set else _meanings(tables, deciding, unsure)
    answers = _meanings(
        [{**dict.fromkeys(table.yes, "yes"), **dict.fromkeys(table.no, "no")} for table in words],
        deciding,
        unsure,
    )
    merged["unsure"] = unsure
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


def is_refusal(lexicon: WordTable, *forms: tuple[str, ...]) -> bool:
    """Say whether one of these forms of a reply is a whole phrase by which residents would rather not answer."""
    phrases = {" ".join(form) for form in forms}
    return not all(map(phrases.isdisjoint, (lexicon.declined, lexicon.not_applicable, lexicon.passed)))


def _around(words: Words, name: str) -> frozenset[str]:
    """Merge what stands around an answer: never what is a yes or a no in another of the languages."""
    return frozenset(
        phrase
        for table in words
        for phrase in keys(getattr(table, name))
        if not any(phrase in other.yes or phrase in other.no for other in words if other is not table)
    )


@cache
def keys(phrases: frozenset[str]) -> frozenset[str]:
    """Return a table's phrases, normalised already, as they are looked up: made once, for all lexicons to share."""
    return frozenset(map(_key, phrases))


@cache
def _key(phrase: str) -> str:
    return " ".join(tokens(phrase))


def _phrases(tables: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*map(keys, tables))


def _meanings(tables: Iterable[Mapping[str, object]], deciding: int, unsure: frozenset[str]) -> dict[str, object]:
    merged: dict[str, object] = {}
    disputed = set(unsure)
    settled: frozenset[str] = frozenset()
    for place, table in enumerate(tables):
        if place == deciding:
            settled = frozenset(merged)
        for phrase, meaning in ((_key(phrase), meaning) for phrase, meaning in table.items()):
            if merged.setdefault(phrase, meaning) != meaning and place >= deciding and phrase not in settled:
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
