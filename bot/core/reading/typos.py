"""Labels with a slip in them. Measured on real misspellings; the last resort, and never across a negation.

`rapidfuzz.fuzz.ratio` and `token_sort_ratio`, not `WRatio`: that one takes "not agree" for "agree".
"""

from collections.abc import Iterable

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio, token_sort_ratio
from rapidfuzz.process import extractOne

from bot.core.words import WordTable

_LIKE = 88.0
_MARGIN = 8.0
_SHORTEST = 4
_SLIP_SHORTEST = 5
_SLIP_MARGIN = 3
_SLIP_SURE = 0.9


def nearest(phrase: str, labels: Iterable[tuple[str, str]], lexicon: WordTable) -> tuple[str, float] | None:
    """Return the code of the one label that is nearly the phrase, and how like it is (0 to 1); else None."""
    if all(len(word) < _SHORTEST for word in phrase.split()):
        return None
    said_no = _is_negated(phrase, lexicon)
    said_against = _is_against(phrase, lexicon)
    # A phrase that says "dis-" or "un-" is compared with labels that say so; one that does not, with all of them,
    # because "nsafe" may be "unsafe" as well as "safe".
    compared = [(label, code) for label, code in labels if not said_against or _is_against(label, lexicon)]
    scores: dict[str, float] = {}
    likest: dict[str, str] = {}
    for label, code in compared:
        # "very well not" has the words of "not very well" and does not mean it.
        score = ratio(phrase, label) if said_no else max(ratio(phrase, label), token_sort_ratio(phrase, label))
        if score > scores.get(code, -1.0):
            scores[code], likest[code] = score, label
    best = max(scores, key=lambda code: scores[code], default="")
    if not best:
        return None
    next_best = max((score for code, score in scores.items() if code != best), default=0.0)
    is_negated = any(_is_negated(label, lexicon) for label, code in compared if code == best)
    if not _begins_alike(phrase, best, compared) or not _has_short_words(phrase, best, compared, lexicon):
        return None
    if not _has_as_many_words(phrase, likest[best]):
        return None
    if scores[best] >= _LIKE and scores[best] - next_best >= _MARGIN and is_negated == said_no:
        return best, scores[best] / 100
    return _one_slip(phrase, compared) if not said_no else None


def is_near(phrase: str, words: Iterable[str], likeness: float) -> bool:
    """Say whether a phrase is about as like one of these words as the `likeness` (0 to 1) that it has to another."""
    return extractOne(phrase, words, scorer=ratio, score_cutoff=100 * likeness - _MARGIN) is not None


def _begins_alike(phrase: str, best: str, labels: Iterable[tuple[str, str]]) -> bool:
    """Say whether a single word begins as the label does: "rain" is no slip of "train"."""
    return " " in phrase or any(label[0] == phrase[0] for label, code in labels if code == best)


def _is_negated(phrase: str, lexicon: WordTable) -> bool:
    return any(word in lexicon.negations for word in phrase.split())


def _is_against(phrase: str, lexicon: WordTable) -> bool:
    return any(word.startswith(prefix) for word in phrase.split() for prefix in lexicon.negative_prefixes)


def _has_short_words(phrase: str, best: str, labels: Iterable[tuple[str, str]], lexicon: WordTable) -> bool:
    """Say whether every short word is the label's own: "no very well" is not "not very well"."""
    short = {word for word in phrase.split() if len(word) < _SHORTEST and word not in lexicon.or_}
    return any(short <= set(label.split()) for label, code in labels if code == best)


def _has_as_many_words(phrase: str, label: str) -> bool:
    """Say whether no word was added or dropped, only a space: the word may be a "not" in a language without a table."""
    spaces, others = phrase.count(" "), label.count(" ")
    return spaces == others or len(phrase) - spaces == len(label) - others


def _one_slip(phrase: str, labels: list[tuple[str, str]]) -> tuple[str, float] | None:
    """Take a single word with one letter wrong or two swapped, where no other label is within reach."""
    if " " in phrase or len(phrase) < _SLIP_SHORTEST:
        return None
    slips: dict[str, int] = {}
    for label, code in labels:
        slips[code] = min(OSA.distance(phrase, label), slips.get(code, _SLIP_MARGIN))
    near = [code for code, distance in slips.items() if distance < _SLIP_MARGIN]
    if len(near) != 1 or slips[near[0]] != 1:
        return None
    return (near[0], _SLIP_SURE) if _begins_alike(phrase, near[0], labels) else None
