"""`python -m bench.calibrate_language`: fits the few weights of `bot/language/weights.json` to labelled texts.

A conditional logit by Newton's method: one set of weights for each group of voters and each script, a few dozen numbers
that say how far each kind of evidence can be trusted. No text, and no word of one, is in them. Texts are those of
`dev.jsonl` (`EARSHOT_SHARED_DATA`); the figures printed are from five parts, each judged by weights of the other four.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.language_texts import Text, read_texts
from bot.language.labels import BY_SCRIPT, READ_AS
from bot.language.lexicon import Lexicon
from bot.language.mix import FILE, OWN, ScriptWeights, Weights, is_enough, length, look, shipped_weights
from bot.language.spelling import Spelling
from bot.language.text import Script, clean
from bot.language.voters import EVERY, live_voters

GROUPS: Final = (
    *("", "langdetect", "fasttext langdetect", "fasttext langdetect py3langid"),
    *("fasttext langdetect lingua", "fasttext langdetect lingua py3langid"),
)
"""Names in order. A group with a voter that is not installed keeps the weights that it has."""
FOLDS: Final = 5
SHRINK: Final = 3e-3
"""How strongly weights are held near nothing, for each text: what a few rows suggest is no finding."""
BIAS_SHRINK: Final = 2e-2

# English wrongly left: at most 0.5 % of English and undeterminable texts. Others: at most 1 % to a wrong language.
MOST_ENGLISH: Final = 0.004
MOST_WRONG: Final = 0.007
LOWEST: Final = 85
"""In hundredths: whatever the figures allow, a resident is moved to another language on no less."""

Numbers = NDArray[np.float64]


class Seen(msgspec.Struct, frozen=True):
    """One text with its measures, for each language of its script."""

    text: Text
    words: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    may: tuple[bool, ...]
    """For each language of its script, whether there is enough of it to switch to that one."""


class Rows:
    """The measures of all texts of one script: `values` is text x language x feature."""

    def __init__(self, script: Script, seen: Sequence[Seen], names: Sequence[str]) -> None:
        self.script, self.names = script, names
        self.texts = texts = [each.text for each in seen]
        self.values = np.array([each.rows for each in seen])
        self.may = [each.may for each in seen]
        self.far = np.array([length(each.words) for each in seen])
        self.labels = BY_SCRIPT[script]
        self.target = np.array([self.labels.index(t.lang) if t.lang in self.labels else -1 for t in texts])

    def design(self, names: Sequence[str]) -> Numbers:
        """Lay out the measures that these weights are for: each by itself, each times length, then a bias each."""
        chosen = self.values[:, :, [self.names.index(name) for name in names]]
        far = self.far[:, None, None]
        bias = np.broadcast_to(np.eye(len(self.labels)), (len(self.texts), len(self.labels), len(self.labels)))
        return np.concatenate([chosen, chosen * far, bias, bias * far], axis=2)


def measure(texts: Sequence[Text]) -> list[Rows]:
    """Look at every text with everything there is; those in a script of one language need no weights."""
    lexicon = Lexicon.shipped()
    spelling, voters = Spelling(lexicon.words), sorted(live_voters(EVERY), key=lambda voter: voter.name)
    found: dict[Script, list[Seen]] = {}
    for text in texts:
        cleaned = clean(text.text)
        if len(BY_SCRIPT[cleaned.script]) > 1 and cleaned.words:
            rows = look(cleaned, lexicon, spelling, voters).rows
            known, count = lexicon.knowing(cleaned.words, cleaned.script), len(cleaned.words)
            may = tuple(
                cleaned.is_telling and is_enough(cleaned.script, count, is_known=language in known)
                for language in BY_SCRIPT[cleaned.script]
            )
            found.setdefault(cleaned.script, []).append(Seen(text=text, words=cleaned.words, rows=rows, may=may))
    names = [*OWN, *(voter.name for voter in voters)]
    return [Rows(script, seen, names) for script, seen in found.items()]


def fit(design: Numbers, target: NDArray[np.int64], languages: int) -> Numbers:
    """Find the weights under which the right languages are likeliest, shrunk a little."""
    used = target >= 0
    design, target = design[used], target[used]
    count, _, size = design.shape
    shrink = np.full(size, SHRINK * count)
    shrink[-2 * languages :] = BIAS_SHRINK * count / languages
    weights = np.zeros(size)
    right = design[np.arange(count), target]
    for _ in range(30):
        chances = softmax(design @ weights)
        expected = np.einsum("nc,ncf->nf", chances, design)
        slope = (right - expected).sum(0) - shrink * weights
        centred = (design - expected[:, None, :]) * np.sqrt(chances)[:, :, None]
        flat = centred.reshape(-1, size)
        step = np.linalg.solve(flat.T @ flat + np.diag(shrink), slope)
        weights = weights + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-5:
            break
    return weights


def softmax(scores: Numbers) -> Numbers:
    """Turn scores into chances along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


class Judged(msgspec.Struct, frozen=True):
    """What the mix said of one text, by weights that were fitted without it."""

    text: Text
    lang: str
    p: float
    may_switch: bool


def judge(rows: Rows, names: Sequence[str]) -> list[Judged]:
    """Fit five times on four parts of five, and judge the fifth. A text that stands twice is in one part."""
    design = rows.design(names)
    part = np.array([crc32(text.text.encode()) % FOLDS for text in rows.texts])
    judged = []
    for fold in range(FOLDS):
        weights = fit(design[part != fold], rows.target[part != fold], len(rows.labels))
        for place in np.flatnonzero(part == fold):
            chances = softmax(design[place] @ weights)
            best = int(chances.argmax())
            lang = READ_AS.get(rows.labels[best], rows.labels[best])
            same = [READ_AS.get(label, label) == lang for label in rows.labels]
            may, p = rows.may[place][best], float(chances[same].sum())
            judged.append(Judged(text=rows.texts[place], lang=lang, p=p, may_switch=may))
    return judged


def lowest_threshold(judged: Sequence[Judged]) -> float:
    """Find the lowest chance to switch at that keeps both kinds of mistake rare, with room for texts never seen."""
    stay = [each for each in judged if each.text.lang in ("en", "und")]
    other = [each for each in judged if each.text.lang not in ("en", "und")]
    for hundredth in range(LOWEST, 100):
        at = hundredth / 100
        english = sum(_switches(each, at) for each in stay) / len(stay)
        wrong = sum(_switches(each, at) and each.lang != each.text.lang for each in other) / len(other)
        if english <= MOST_ENGLISH and wrong <= MOST_WRONG:
            return at
    return 1.0


def _switches(judged: Judged, at: float) -> bool:
    return judged.may_switch and judged.lang != "en" and judged.p >= at


def calibrate(measured: Sequence[Rows], group: str) -> Weights:
    """Fit the weights of one group of voters, and print how far they go on texts they were not fitted to."""
    names = [*OWN, *group.split()]
    judged = [each for rows in measured for each in judge(rows, names)]
    at = lowest_threshold(judged)
    labelled = [each for each in judged if each.text.lang != "und"]
    right = sum(each.lang == each.text.lang for each in labelled) / len(labelled)
    switched = sum(_switches(each, at) and each.lang == each.text.lang for each in judged if each.text.lang != "en")
    share = switched / sum(each.text.lang not in ("en", "und") for each in judged)
    print(f"{group or 'no voter':32} right {right:.1%}, switched rightly {share:.1%} at {at} (texts that need weights)")
    scripts = {}
    for rows in measured:
        fitted = np.round(fit(rows.design(names), rows.target, len(rows.labels)), 3).tolist()
        first, second = fitted[: len(names)], fitted[len(names) : 2 * len(names)]
        bias, more = fitted[2 * len(names) : -len(rows.labels)], fitted[-len(rows.labels) :]
        scripts[rows.script] = ScriptWeights(
            features=dict(zip(names, zip(first, second, strict=True), strict=True)),
            languages=dict(zip(rows.labels, zip(bias, more, strict=True), strict=True)),
        )
    return Weights(scripts=scripts, switch_at=at)


def main(arguments: Sequence[str] | None = None) -> int:
    """Calibrate every group of voters, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibrate_language", description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE, help="where the weights go")
    asked = parser.parse_args(arguments)
    measured = measure(read_texts())
    live = {voter.name for voter in live_voters(EVERY)}
    fitted = {group: calibrate(measured, group) for group in GROUPS if set(group.split()) <= live}
    weights = {**(shipped_weights() if FILE.exists() else {}), **fitted}
    laid_out = msgspec.json.format(msgspec.json.encode(weights, order="sorted"), indent=1).decode()
    asked.out.write_text(re.sub(r"\[\s+(\S+)\s+(\S+)\s+\]", r"[\1 \2]", laid_out) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
