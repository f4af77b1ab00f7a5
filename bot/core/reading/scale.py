"""Graded answers such as "totally agree": which pole, how strongly, and never through a negation."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.reading.wrapping import Tokens
from bot.core.words import WordTable

_LONGEST = 5
"""Words of the longest phrase: "nu sunt de acord" has four."""


class Strength(StrEnum):
    """How far towards the pole. Who does "not agree" is against, nobody knows how far."""

    STRONG = "strong"
    PLAIN = "plain"
    MILD = "mild"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stance:
    """A grade on a scale. `grade` is the mild word: who "slightly" agrees may not "tend to"."""

    scale: str
    is_positive: bool
    strength: Strength
    grade: str = ""


def read_stance(tokens: Tokens, lexicon: WordTable, *, is_label: bool = False) -> Stance | None:
    """Read words that are nothing but a grade; None as soon as a word is anything else. A label is never torn."""
    if tokens[0] in lexicon.neither:
        return None
    poles: set[tuple[str, bool]] = set()
    strengths: set[tuple[Strength, str]] = set()
    negations = 0
    is_torn = says_not = False
    while tokens:
        for size in range(min(_LONGEST, len(tokens)), 0, -1):
            phrase = " ".join(tokens[:size])
            if phrase in lexicon.strong:
                strengths.add((Strength.STRONG, ""))
                is_torn = is_torn or says_not
            elif phrase in lexicon.mild:
                strengths.add((Strength.MILD, phrase.split()[0]))
                is_torn = is_torn or says_not
            elif phrase in lexicon.negations:
                negations += 1
            elif pole := _pole(phrase, lexicon):
                poles.add(pole)
                says_not = not lexicon.negations.isdisjoint(tokens[:size])
                is_torn = is_torn or (says_not and bool(strengths) and tokens[0] not in lexicon.negations)
            else:
                continue
            tokens = tokens[size:]
            break
        else:
            return None
    if len(poles) != 1 or len(strengths) > 1:
        return None
    return _stance(*poles.pop(), strengths, negations, is_torn=is_torn and not is_label)


def _pole(phrase: str, lexicon: WordTable) -> tuple[str, bool] | None:
    for scale in lexicon.scales:
        if phrase in scale.positive:
            return scale.name, True
        if phrase in scale.negative:
            return scale.name, False
    return None


def _stance(
    scale: str, is_positive: bool, strengths: set[tuple[Strength, str]], negations: int, *, is_torn: bool
) -> Stance | None:
    """Make the grade. It is torn where a "not" within the phrase may belong to the strength and not to the pole.

    Many languages say disagree as "not agree": "całkowicie nie zgadzam się" is total disagreement, and "nie zgadzam się
    całkowicie" or "خیلی موافق نیستم" may be the lack of total agreement.
    """
    if negations == 0 and is_torn:
        return Stance(scale, is_positive, Strength.UNKNOWN)
    if negations == 0:
        strength, grade = strengths.pop() if strengths else (Strength.PLAIN, "")
        return Stance(scale, is_positive, strength, grade)
    if negations == 1 and is_positive:  # "not disagree" and "never not agree" say too little
        return Stance(scale, False, Strength.UNKNOWN)
    return None
