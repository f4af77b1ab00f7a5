"""Puts all evidence together: one chance for each language of the text's script, by weights that were measured.

The weights are a conditional logit (McFadden 1974), fitted by `bench/calibrate_language.py`. There is one set for each
group of voters, so an installation that lacks one is still well calibrated.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import exp, log
from pathlib import Path
from typing import Final

import msgspec

from bot.language.everywhere import LONGEST_NAME
from bot.language.labels import BY_SCRIPT
from bot.language.letters import weigh as weigh_letters
from bot.language.lexicon import Lexicon
from bot.language.spelling import Spelling
from bot.language.text import Cleaned, Script
from bot.language.voters import Voter

FILE: Final = Path(__file__).parent / "weights.json"

OWN: Final = ("hits", "commonness", "elsewhere", "spelling", "letters for", "letters against")
"""What we look at ourselves, in the order of the weights; the voters' come after, in the order of their names."""

LEAST: Final = 1e-3
"""No voter may say less than this of a language: langdetect says 0 of the right one, and is as sure of the wrong."""

UNKNOWN_TO_VOTERS: Final = ("ur-Latn", "ar-Latn")
"""No voter has these. They get what it gives to none of the others: it takes Roman Urdu for Malay, or for Hindi."""

_MOST_WORDS: Final = 12

_OURS: Final = frozenset(label for group in BY_SCRIPT.values() for label in group)


class ScriptWeights(msgspec.Struct, frozen=True):
    """The weights of one script. Each has two parts: by itself, and times the log of the number of words."""

    features: dict[str, tuple[float, float]]
    languages: dict[str, tuple[float, float]]


class Weights(msgspec.Struct, frozen=True):
    """The weights of one group of voters."""

    scripts: dict[Script, ScriptWeights]
    switch_at: float
    """From which chance on a language is switched to. Below it the resident is asked, or left alone."""


@lru_cache
def shipped_weights() -> Mapping[str, Weights]:
    """Read the weights that ship with Earshot, by their voters' names in order, such as "fasttext langdetect"."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Weights])


def best_group(voters: Sequence[Voter], groups: Mapping[str, Weights]) -> tuple[tuple[Voter, ...], Weights]:
    """Keep the largest group of voters that there are weights for. No voter at all is such a group."""
    names = {voter.name for voter in voters}
    known = [group for group in groups if set(group.split()) <= names]
    best = max(known, key=lambda group: (len(group.split()), group))
    kept = sorted((voter for voter in voters if voter.name in best.split()), key=lambda voter: voter.name)
    return tuple(kept), groups[best]


class Looked(msgspec.Struct, frozen=True):
    """What was seen in one text: for each language of its script, the value of each feature."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    elsewhere: float = 0.0
    """How surely a voter takes the text for a language that is none of ours, such as Dutch."""


def look(cleaned: Cleaned, lexicon: Lexicon, spelling: Spelling, voters: Sequence[Voter]) -> Looked:
    """Take all measures of a text, which is in a script of more than one language and holds a word."""
    script, words = cleaned.script, cleaned.words
    columns: list[Sequence[float]] = [*zip(*lexicon.weigh(words, script), strict=True)]
    columns.append(spelling.weigh(words, script))
    columns += zip(*weigh_letters(words, script), strict=True)
    elsewhere = 0.0
    for voter in voters:
        votes = voter.vote(cleaned.line, script)
        elsewhere = max(elsewhere, sum(chance for label, chance in votes.items() if label not in _OURS))
        rest = 1.0 - sum(votes.get(label, 0.0) for label in BY_SCRIPT[script])
        votes = {**votes, **dict.fromkeys(UNKNOWN_TO_VOTERS, rest)}
        columns.append([log(max(votes.get(label, 0.0), LEAST)) for label in BY_SCRIPT[script]])
    names = (*OWN, *(voter.name for voter in voters))
    return Looked(names=names, rows=tuple(zip(*columns, strict=True)), elsewhere=elsewhere)


def length(words: Sequence[str]) -> float:
    """Measure a text's length, as the second part of each weight is multiplied by."""
    return log(min(len(words), _MOST_WORDS))


def mix(looked: Looked, cleaned: Cleaned, weights: Weights) -> dict[str, float]:
    """Give the log chance of each language of the text's script; the chances add up to 1."""
    of_script = weights.scripts[cleaned.script]
    far = length(cleaned.words)
    by_feature = [base + far * more for base, more in (of_script.features[name] for name in looked.names)]
    scores: dict[str, float] = {}
    for label, row in zip(BY_SCRIPT[cleaned.script], looked.rows, strict=True):
        base, more = of_script.languages[label]
        scores[label] = base + far * more + sum(w * value for w, value in zip(by_feature, row, strict=True))
    return normalised(scores)


def is_enough(script: Script, words: int, *, is_known: bool) -> bool:
    """Say whether there is enough text to switch on. One Latin word never is, nor is what may be a name.

    `is_known`: the language's own list knows one of the words. It knows no names, and a Polish name is no Polish.
    """
    if script is Script.LATIN:
        return words > 1 and (is_known or words > LONGEST_NAME)
    return is_known or words > 1


def normalised(scores: Mapping[str, float]) -> dict[str, float]:
    """Shift log scores so that their chances add up to 1."""
    best = max(scores.values())
    total = best + log(sum(exp(score - best) for score in scores.values()))
    return {label: score - total for label, score in scores.items()}
