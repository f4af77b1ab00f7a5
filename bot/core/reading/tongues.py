"""In which languages a reply is read: the conversation's own and English, then any other whose words it is made of.

Own and English are one lexicon. Another language is tried only where that fails, one by one, and only on a text that
is wholly known words with an answer among them that neither of the two has: so that no language's small words can
bend a text of another, and what is understood costs nothing more.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache

import msgspec

from bot.core.reading.lexicon import keys, leading
from bot.core.reading.normalise import fold, shrink, tokens
from bot.core.reading.readings import Asked, Option
from bot.core.words import Scale, Words, WordTable

Spelling = tuple[tuple[str, str], ...]

_DOUBLED = re.compile(r"([a-z])\1+")
_LONGEST = 12
"""Words of the longest reply that is looked up in other languages; no answer of theirs is longer."""
_LONGEST_ANSWER = 6
_SHORTEST = 3
_OPTION_LISTS = 512
_ANSWERS = (
    *("yes", "no", "numbers", "ordinals", "months", "days", "neither", "dont_know", "declined", "not_applicable"),
    *("passed", "none", "all", "both", "other"),
)
_AROUND = ("before", "label_before", "label_after", "after", "number_before")
_NO_WORDS = frozenset({"language", "reviewed_by", "language_names", "spelling"})


@cache
def near(words: Words) -> Words:
    """Return the tables that every reply is read with: the conversation's own language and English."""
    return words[: leading(words)]


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """One more language to read in.

    `tables` are the near ones and its own, all in its `spelling`. `known` are the words of all of them, `answers` the
    phrases of its own that answer something and have a word that is no near one, `marks` those words.
    """

    tables: Words
    spelling: Spelling
    known: frozenset[str]
    answers: frozenset[str]
    marks: frozenset[str]

    def spelt(self, text: str) -> str:
        """Write a folded text in the one spelling in which this language is compared."""
        return respell(text, self.spelling)

    def asks(self, asked: Asked) -> Asked:
        """Write a question's labels in the same spelling."""
        if not self.spelling:
            return asked
        options = _respelt_options(asked.options, self.spelling)
        return msgspec.structs.replace(asked, options=options, wording=self.spelt(asked.wording))

    def has_answer(self, said: Iterable[tuple[str, ...]], labels: frozenset[str]) -> bool:
        """Say whether a text is made of known words, with an answer of this language alone among them.

        Each word comes in all its forms, with and without stretched letters.
        """
        words = [next((form for form in forms if self._has(form, labels)), "") for forms in said]
        spans = (words[start : start + size] for start in range(len(words)) for size in range(1, _LONGEST_ANSWER + 1))
        return all(words) and any(" ".join(span) in self.answers for span in spans)

    def _has(self, word: str, labels: frozenset[str]) -> bool:
        return word in self.known or word in labels or not word[0].isalpha()


@cache
def own_spelling(words: Words) -> Tongue | None:
    """Return the conversation's own language in its free spelling, or None where it has no such thing."""
    if not words or not words[0].spelling:
        return None
    return _tongue(near(words), words[0])


@cache
def other_tongues(words: Words) -> tuple[tuple[Spelling, frozenset[str], tuple[Tongue, ...]], ...]:
    """Return the languages that are read where the near ones fail, by spelling, each group with the marks of all."""
    groups: dict[Spelling, list[Tongue]] = {}
    for table in words[leading(words) :]:
        tongue = _tongue((*near(words), table), table)
        groups.setdefault(tongue.spelling, []).append(tongue)
    return tuple(
        (spelling, frozenset().union(*(tongue.marks for tongue in tongues)), tuple(tongues))
        for spelling, tongues in groups.items()
    )


def tongues_of(asked: Asked, folded: str, words: Words) -> Iterator[Tongue]:
    """Find the other languages in whose words a text may be an answer to this question."""
    if len(tokens(folded)) > _LONGEST:
        return
    for spelling, marks, tongues in other_tongues(words):
        said = [(word, *shrink(word)) for word in tokens(respell(folded, spelling))]
        if marks.isdisjoint(form for forms in said for form in forms):
            continue
        labels = _label_words(asked.options, spelling)
        yield from (tongue for tongue in tongues if tongue.has_answer(said, labels))


def respell(folded: str, spelling: Spelling) -> str:
    """Write a folded text in one spelling: each group of letters as the table says, and no Latin letter of it twice.

    A word of which only a stump would be left stays as it is: "aye" is no "e".
    """
    if not spelling:
        return folded
    is_latin = spelling[0][0].isascii()
    return " ".join([_respell(word, spelling, is_latin=is_latin) for word in folded.split(" ")])


def _respell(word: str, spelling: Spelling, *, is_latin: bool) -> str:
    new = word
    for written, one in spelling:
        new = new.replace(written, one)
    new = _DOUBLED.sub(r"\1", new) if is_latin else new
    return new if len(new) >= _SHORTEST else word


def _tongue(tables: Words, table: WordTable) -> Tongue:
    spelling = tuple(table.spelling.items())
    spelt = tuple(_respelt(one, spelling, is_own=one is table) for one in tables) if spelling else tables
    nearby = frozenset(word for one in tables if one is not table for word in _vocabulary(one))
    near_spelt = frozenset(respell(word, spelling) for word in nearby)
    phrases = {phrase for name in _ANSWERS for phrase in getattr(spelt[tables.index(table)], name)}
    phrases |= {phrase for scale in spelt[tables.index(table)].scales for phrase in scale.positive | scale.negative}
    answers = frozenset(phrase for phrase in keys(frozenset(phrases)) if not near_spelt.issuperset(phrase.split()))
    return Tongue(
        tables=spelt,
        spelling=spelling,
        known=near_spelt.union(respell(word, spelling) for word in _vocabulary(table)),
        answers=answers,
        marks=_words(answers) - near_spelt,
    )


@cache
def _vocabulary(table: WordTable) -> frozenset[str]:
    names = [field.name for field in fields(WordTable) if field.name not in _NO_WORDS]
    return frozenset(word for name in names for word in _words(getattr(table, name)))


def _words(of: object) -> frozenset[str]:
    """Return the words of the phrases that one field of a table holds, however it holds them."""
    match of:
        case Scale():
            return _words(of.positive) | _words(of.negative)
        case Mapping():
            return _words(frozenset(of)) | _words(tuple(of.values()))
        case frozenset():
            return frozenset(word for phrase in keys(of) for word in phrase.split())
        case tuple():
            return frozenset(word for one in of for word in _words(one))
        case _:
            return frozenset()


@lru_cache(_OPTION_LISTS)
def _label_words(options: tuple[Option, ...], spelling: Spelling) -> frozenset[str]:
    labels = (label for option in options for label in option.labels)
    return frozenset(word for label in labels for word in tokens(respell(fold(label), spelling)))


@lru_cache(_OPTION_LISTS)
def _respelt_options(options: tuple[Option, ...], spelling: Spelling) -> tuple[Option, ...]:
    return tuple(
        msgspec.structs.replace(option, labels=tuple(respell(fold(label), spelling) for label in option.labels))
        for option in options
    )


@cache
def _respelt(table: WordTable, spelling: Spelling, *, is_own: bool) -> WordTable:
    """Write a whole table in one spelling. What then means two things means neither.

    What stands around an answer is left out of the others' tables: spelt so, "air" would be English "er".
    """
    changed: dict[str, object] = {} if is_own else dict.fromkeys(_AROUND, frozenset())
    for field in fields(WordTable):
        value = getattr(table, field.name)
        if field.name == "scales":
            changed[field.name] = tuple(
                Scale(scale.name, _phrases(scale.positive, spelling), _phrases(scale.negative, spelling))
                for scale in table.scales
            )
        elif isinstance(value, frozenset):
            changed.setdefault(field.name, _phrases(value, spelling))
        elif isinstance(value, Mapping) and field.name != "spelling":
            changed[field.name] = _entries(value, spelling)
    respelt = replace(table, **changed)  # type: ignore[arg-type]  # each field is respelt as its kind asks
    both = respelt.yes & respelt.no
    return replace(respelt, yes=respelt.yes - both, no=respelt.no - both)


def _phrases(phrases: Iterable[str], spelling: Spelling) -> frozenset[str]:
    return frozenset(respell(phrase, spelling) for phrase in phrases)


def _entries(entries: Mapping[str, object], spelling: Spelling) -> dict[str, object]:
    found: dict[str, set[object]] = {}
    for phrase, meaning in entries.items():
        plain = _phrases(meaning, spelling) if isinstance(meaning, frozenset) else meaning
        found.setdefault(respell(phrase, spelling), set()).add(plain)
    return {phrase: meanings.pop() for phrase, meanings in found.items() if len(meanings) == 1}
