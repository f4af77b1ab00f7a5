"""Whether a text speaks of danger: to life, self-harm, abuse, being the victim of hate. A person decides.

Deterministic: phrases of `bot/words/danger/`, one table per language, looked for in every text. Opinions, anger,
swearing and hostile views have no phrases there. A phrase is words in their order: `a|b` is either, `beat*` any word
that begins so, `<known>` any of a group, and `..` lets up to three other words stand between, none of them a denial.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple, TypeAlias

from bot.core.reading.normalise import fold, tokens

BETWEEN: Final = 3
"""Words that `..` lets stand between."""
DENIES: Final = 2
"""A denial so many words before a phrase takes it back."""
SHORTEST: Final = 4
"""No phrase of any language has fewer letters: a digit or a yes costs nothing."""
BEGINNING: Final = 3
"""Letters by which the words that matter are found: nearly every other word is passed over with one look."""
DRAFT: Final = "draft"

_ENDS = re.compile(r"[.!?;\n\u061f\u06d4\u0964]+(?:\s|$)")
_PAUSES = re.compile(r"[,\u060c\u3001:]+|\s[-\u2013\u2014]+\s")
_TRAILS_OFF = re.compile(r"\.{2,}|\u2026")
_HIDDEN = ""


class PhraseUnreadable(ValueError):
    """A phrase cannot be read. The message says which, and why."""


class Step(NamedTuple):
    """What may stand at one place of a phrase: whole runs of words, or a word that begins so.

    `gap` is how many words may come before; `heads` are the first words of the runs; `lengths` how many words a run may
    have, the longest first.
    """

    runs: frozenset[tuple[str, ...]]
    stems: tuple[str, ...]
    gap: int
    heads: frozenset[str]
    lengths: tuple[int, ...]

    def takes(self, run: tuple[str, ...]) -> bool:
        """Whether these words may stand here."""
        return run in self.runs or (len(run) == 1 and run[0].startswith(self.stems))

    @property
    def letters(self) -> int:
        """How many letters the shortest of them has."""
        return min(len(each) for each in (*map(" ".join, self.runs), *self.stems))


Runs: TypeAlias = Mapping[str, Sequence[tuple[str, ...]]]
"""Runs of words by the first of them."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DangerTable:
    """One language's phrases. `calm` is what is said to whoever wrote one, `calm_page` to whoever did so on a page.

    `help` stands behind it, where there are numbers, and has `{numbers}`.
    """

    language: str
    reviewed_by: str
    calm: str
    calm_page: str
    help: str
    phrases: tuple[tuple[Step, ...], ...]
    denials: frozenset[str]
    still: Runs
    idioms: Runs

    @property
    def is_draft(self) -> bool:
        """Whether no speaker has signed it off: then nothing is said in it."""
        return self.reviewed_by.strip().casefold() == DRAFT


def words_of(text: str) -> tuple[str, ...]:
    """Cut a text into the words in which phrases are compared."""
    return tokens(fold(text))


def runs_of(written: Iterable[str]) -> Runs:
    """Lay out phrases of words alone, where `a|b` is either, to be looked up by the first word."""
    runs: dict[str, list[tuple[str, ...]]] = {}
    for each in written:
        for words in spelled(each):
            runs.setdefault(words[0], []).append(words)
    return runs


def spelled(written: str) -> Iterator[tuple[str, ...]]:
    """Give every way to say a phrase of words alone."""
    for one in product(*(part.split("|") for part in written.split())):
        yield words_of(" ".join(one))


def read_phrase(written: str, groups: Mapping[str, Iterable[str]]) -> tuple[Step, ...]:
    """Read one phrase as a table writes it. Raises PhraseUnreadable, also for one too short to be found alone."""
    steps: list[Step] = []
    gap = 0
    for part in written.split():
        if part == "..":
            gap = BETWEEN
            continue
        steps.append(_step(part, groups, gap, written))
        gap = 0
    if gap or not steps or steps[0].gap:
        raise PhraseUnreadable(f"'{written}' must begin and end with a word")
    if sum(step.letters + 1 for step in steps) - 1 < SHORTEST:
        raise PhraseUnreadable(f"'{written}' is too short to be looked for: write at least {SHORTEST} letters")
    return tuple(steps)


def _step(part: str, groups: Mapping[str, Iterable[str]], gap: int, written: str) -> Step:
    runs, stems = set(), []
    for one in part.split("|"):
        if one.startswith("<"):
            name = one.strip("<>")
            if name not in groups:
                raise PhraseUnreadable(f"'{written}' names the group '{name}', which is not there")
            runs |= {words for each in groups[name] for words in spelled(each)}
        elif one.endswith("*"):
            stems.append(_stem(one, written))
        else:
            runs.add(words_of(one))
    if () in runs or not (runs or stems):
        raise PhraseUnreadable(f"'{written}' has a part without a word")
    lengths = {len(run) for run in runs} | ({1} if stems else set())
    heads = frozenset(run[0] for run in runs)
    return Step(frozenset(runs), tuple(stems), gap, heads, tuple(sorted(lengths, reverse=True)))


def _stem(part: str, written: str) -> str:
    words = words_of(part[:-1])
    if len(words) != 1 or len(words[0]) < BEGINNING:
        raise PhraseUnreadable(f"'{written}' has '{part}': write at least {BEGINNING} letters before the *")
    return words[0]


class Watch:
    """Looks for danger in texts with every table at once, and holds what is said. `numbers` are the council's own."""

    def __init__(self, tables: Sequence[DangerTable], numbers: Sequence[str] = ()) -> None:
        self._tables = {table.language: table for table in tables}
        self._numbers = ", ".join(numbers)
        self._by_beginning: dict[str, list[_Anchor]] = {}
        for table in tables:
            for phrase in table.phrases:
                rarest = max(phrase, key=_rarity)
                anchors = [_Anchor(run[0], False, table, phrase) for run in rarest.runs]
                anchors += [_Anchor(stem, True, table, phrase) for stem in rarest.stems]
                for anchor in anchors:
                    self._by_beginning.setdefault(anchor.word[:BEGINNING], []).append(anchor)

    def hears(self, text: str) -> bool:
        """Say whether a text speaks of danger to whoever writes, or to somebody they know of."""
        # Most texts hold none of the words that matter: they are not even cut into sentences.
        if len(text) < SHORTEST or next(self._candidates(words_of(text)), None) is None:
            return False
        sentences = _ENDS.split(_TRAILS_OFF.sub(" ", text))
        # Read in one breath first, then pause by pause: "no, he hits me" takes nothing back.
        return any(self._is_danger(words_of(part)) for one in sentences for part in (one, *_PAUSES.split(one)))

    def calm(self, language: str, *, on_page: bool = False) -> str:
        """Return what is said, the same whatever was written: in the language, once its table is reviewed."""
        table = self._tables[self.calm_in(language)]
        calm = table.calm_page if on_page else table.calm
        return f"{calm} {table.help.format(numbers=self._numbers)}" if self._numbers else calm

    def calm_in(self, language: str) -> str:
        """Name the language in which that is said."""
        table = self._tables.get(language)
        return "en" if table is None or table.is_draft else language

    def _is_danger(self, words: tuple[str, ...]) -> bool:
        there = frozenset(words)
        candidates = {
            anchor.phrase: anchor.table
            for anchor in self._candidates(words)
            if all(step.stems or not step.heads.isdisjoint(there) for step in anchor.phrase)
        }
        prepared = {table: _Prepared.of(words, table) for table in candidates.values()}
        return any(prepared[table].holds(phrase) for phrase, table in candidates.items())

    def _candidates(self, words: tuple[str, ...]) -> Iterator["_Anchor"]:
        for word in words:
            for anchor in self._by_beginning.get(word[:BEGINNING], ()):
                if word == anchor.word or (anchor.is_stem and word.startswith(anchor.word)):
                    yield anchor


class _Anchor(NamedTuple):
    """A phrase under the word for whose sake it is looked for."""

    word: str
    is_stem: bool
    table: DangerTable
    phrase: tuple[Step, ...]


def _rarity(step: Step) -> float:
    """Guess how rare a step's words are, by their length: a phrase is looked for only where its rarest word stands."""
    lengths = [len(run[0]) for run in step.runs] + [len(stem) for stem in step.stems]
    return sum(lengths) / len(lengths)


class _Prepared(NamedTuple):
    """A text as one table's phrases see it: idioms blanked, and which words take back what follows."""

    words: tuple[str, ...]
    denied: Sequence[bool]

    @classmethod
    def of(cls, words: tuple[str, ...], table: DangerTable) -> "_Prepared":
        no_denial = set(_places(words, table.still))
        denied = [word in table.denials and at not in no_denial for at, word in enumerate(words)]
        idioms = set(_places(words, table.idioms))
        return cls(tuple(_HIDDEN if at in idioms else word for at, word in enumerate(words)), denied)

    def holds(self, phrase: Sequence[Step]) -> bool:
        """Say whether a phrase stands anywhere, and no denial before it."""
        return any(
            not any(self.denied[max(0, at - DENIES) : at]) and self._follows(phrase, at)
            for at in range(len(self.words))
        )

    def _follows(self, phrase: Sequence[Step], at: int) -> bool:
        """Say whether a phrase's steps stand at a place, one after the other."""
        if not phrase:
            return True
        step = phrase[0]
        for start in range(at, min(at + step.gap, len(self.words) - 1) + 1):
            if any(self.denied[at:start]):
                return False
            for length in step.lengths:
                run = self.words[start : start + length]
                if step.takes(run) and self._follows(phrase[1:], start + length):
                    return True
        return False


def _places(words: tuple[str, ...], runs: Runs) -> Iterator[int]:
    """Give the place of every word that is part of one of these runs."""
    for at, word in enumerate(words):
        for run in runs.get(word, ()):
            if words[at : at + len(run)] == run:
                yield from range(at, at + len(run))
