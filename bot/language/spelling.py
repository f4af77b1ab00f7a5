"""How a language spells: which letter it lets follow which. Learnt from our own word lists, for words they lack."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Final

from bot.language.labels import BY_SCRIPT
from bot.language.text import Script

LONGEST: Final = 3
"""Letters looked at together. Four gave nothing more with lists of this size, at three times the memory and time."""

_STEP: Final = 24.0
"""Logs are kept as whole bytes, in steps of 1/24: 256 of them reach down to e to the power of -10.6."""

_MOST_WORDS: Final = 40


class Spelling:
    """For every run of letters, how likely its last letter is after the others, in each language of a script."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._runs = {
            script: _learn([words.get(language, ()) for language in languages])
            for script, languages in BY_SCRIPT.items()
            if len(languages) > 1
        }

    def weigh(self, words: Sequence[str], script: Script) -> Sequence[float]:
        """Give for each language of the script the log of how likely these words are there, over the root of length.

        The best of them gets 0; the others are below it.
        """
        runs = self._runs[script]
        rows = [row for word in words[:_MOST_WORDS] for run in _runs_of(word) if (row := _longest(run, runs))]
        if not rows:
            return [0.0] * len(BY_SCRIPT[script])
        sums = [-sum(column) / _STEP for column in zip(*rows, strict=True)]
        best = max(sums)
        return [(each - best) / sqrt(len(rows)) for each in sums]


def _runs_of(word: str) -> list[str]:
    """Cut a word into the runs that end at each of its letters; its edges count as letters."""
    edged = f"^{word}$"
    return [edged[max(0, end - LONGEST) : end] for end in range(2, len(edged) + 1)]


def _longest(run: str, runs: Mapping[str, bytes]) -> bytes | None:
    for start in range(len(run)):
        if row := runs.get(run[start:]):
            return row
    return None


def _learn(lists: Sequence[Sequence[str]]) -> dict[str, bytes]:
    counts = [_count(words) for words in lists]
    contexts = [Counter[str]() for _ in lists]
    kinds = [Counter[str]() for _ in lists]
    for place, counted in enumerate(counts):
        for run, times in counted.items():
            contexts[place][run[:-1]] += times
            kinds[place][run[:-1]] += 1
    learnt: dict[str, bytes] = {}
    likely: dict[str, list[float]] = {"": [1 / 60] * len(lists)}
    for run in sorted({run for counted in counts for run in counted}, key=len):
        shorter = likely.get(run[1:]) or likely[""]
        row = []
        for place, counted in enumerate(counts):
            # Witten and Bell (1991): what follows many different letters is believed less where it was not seen.
            seen, kind = contexts[place][run[:-1]], kinds[place][run[:-1]]
            row.append((counted[run] + kind * shorter[place]) / (seen + kind) if seen else shorter[place])
        if len(run) < LONGEST:  # the longest are no part of any longer
            likely[run] = row
        learnt[run] = bytes(min(255, round(-log(each) * _STEP)) for each in row)
    return learnt


def _count(words: Sequence[str]) -> Counter[str]:
    counted = Counter[str]()
    for word in words:
        for run in _runs_of(word):
            for start in range(len(run)):
                counted[run[start:]] += 1
    return counted
