"""`python -m bench.language`: how well languages are told, beside the libraries alone, on texts with known labels.

Each detector runs in a process of its own, one after the other, so its memory and time are its own. Texts are those of
`dev.jsonl` (`EARSHOT_SHARED_DATA`). Earshot's weights were fitted to these; `bench.calibrate_language` prints what they
come to on texts that they were not fitted to. Exit code 1 where a floor of the design is missed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from bench.language_texts import Text, read_texts
from bot.language import LABELS, LanguageSense, Script, live_voters

Reader: TypeAlias = Callable[[str], tuple[str, float, bool]]
"""Reads one text: the label, its chance, and whether to switch to it."""

MOST_ENGLISH: Final = 0.005
MOST_WRONG: Final = 0.01
TOP_1: Final = (0.86, 0.91)
SWITCHED: Final = (0.60, 0.75)
CORE_MB: Final = 60


class Figures(msgspec.Struct, frozen=True):
    """What one detector did. Shares are of 1; the groups are lengths, variants and languages."""

    name: str
    right: dict[str, float]
    english_switched: float
    wrongly_switched: float
    rightly_switched: float
    cover: float
    """What would be switched rightly at the chance that best keeps both mistakes within limits; 0 if none does."""
    load_s: float
    median_us: float
    mean_us: float
    p99_us: float
    memory_mb: float


def _earshot(voters: Sequence[str]) -> Reader:
    sense = LanguageSense(voters=live_voters(voters))

    def read(text: str) -> tuple[str, float, bool]:
        verdict, _ = sense.read(text)
        return verdict.lang or "und", verdict.p, verdict.action == "switch"

    return read


def _langdetect() -> Reader:
    from langdetect import DetectorFactory, LangDetectException, detect_langs  # type: ignore[import-untyped]

    DetectorFactory.seed = 0

    def read(text: str) -> tuple[str, float, bool]:
        try:
            best = detect_langs(text)[0]
        except LangDetectException:
            return "und", 0.0, False
        return best.lang.split("-")[0], best.prob, True

    return read


def _fasttext() -> Reader:
    from bot.language.voters import FastText

    voter = FastText()
    return lambda text: _best(voter.vote(" ".join(text.lower().split()), Script.LATIN))


def _py3langid() -> Reader:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(sorted({*LABELS, "ku"} & set(model.labels)))
    return lambda text: _best({"kmr" if label == "ku" else label: chance for label, chance in model.rank(text)})


def _lingua() -> Reader:
    from bot.language.voters import Lingua

    voter = Lingua()
    scripts = [script for script in Script if script not in (Script.OTHER, Script.NONE)]

    def read(text: str) -> tuple[str, float, bool]:
        return _best({label: chance for script in scripts for label, chance in voter.vote(text, script).items()})

    return read


def _best(votes: Mapping[str, float]) -> tuple[str, float, bool]:
    label = max(votes, key=lambda label: votes[label], default="und")
    return label, votes.get(label, 0.0), True


DETECTORS: Final[dict[str, Callable[[], Reader]]] = {
    "earshot, no voter": lambda: _earshot(()),
    "earshot, langdetect": lambda: _earshot(("langdetect",)),
    "earshot in serve": lambda: _earshot(("langdetect", "fasttext")),
    "earshot in detect": lambda: _earshot(("langdetect", "fasttext", "py3langid")),
    "langdetect alone": _langdetect,
    "fasttext alone": _fasttext,
    "py3langid alone": _py3langid,
    "lingua alone": _lingua,
}


def memory_mb() -> float:
    """Say how much memory this process holds."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def measure(name: str, texts: Sequence[Text]) -> Figures:
    """Let one detector read every text, in this process."""
    before, began = memory_mb(), time.perf_counter()
    read = DETECTORS[name]()
    read("good morning to you all")
    load = time.perf_counter() - began
    found, took = [], []
    for text in texts:
        start = time.perf_counter()
        found.append(read(text.text))
        took.append((time.perf_counter() - start) * 1e6)
    took.sort()
    english, wrong, right = shares(texts, found, 0.0)
    return Figures(
        name=name,
        right=dict(accuracy(texts, found)),
        english_switched=english,
        wrongly_switched=wrong,
        rightly_switched=right,
        cover=cover(texts, found),
        load_s=load,
        median_us=took[len(took) // 2],
        mean_us=sum(took) / len(took),
        p99_us=took[int(len(took) * 0.99)],
        memory_mb=memory_mb() - before,
    )


Found: TypeAlias = Sequence[tuple[str, float, bool]]


def accuracy(texts: Sequence[Text], found: Found) -> Iterator[tuple[str, float]]:
    """Give the share of right labels: of all texts with a language, of each length, variant and language."""
    groups: dict[str, list[bool]] = {}
    for text, (label, _, _) in zip(texts, found, strict=True):
        if text.lang != "und":
            for group in ("all", f"length {text.bucket}", f"variant {text.variant}", f"language {text.lang}"):
                groups.setdefault(group, []).append(label == text.lang)
    for group, right in sorted(groups.items()):
        yield group, sum(right) / len(right)


def shares(texts: Sequence[Text], found: Found, at: float) -> tuple[float, float, float]:
    """Give the shares of switches: of English and undeterminable texts; of others, to wrong and right languages."""
    counts = {"english": 0, "wrong": 0, "right": 0}
    staying = sum(text.lang in ("en", "und") for text in texts)
    for text, (label, chance, switches) in zip(texts, found, strict=True):
        if switches and chance >= at and label not in ("en", "und"):
            counts["english" if text.lang in ("en", "und") else "right" if label == text.lang else "wrong"] += 1
    moving = len(texts) - staying
    return counts["english"] / staying, counts["wrong"] / moving, counts["right"] / moving


def cover(texts: Sequence[Text], found: Found) -> float:
    """Find the most that is switched rightly within the limits, whatever the detector's own threshold is."""
    best = 0.0
    for at in [step / 200 for step in range(100, 200)] + [0.999, 0.9999, 1.0]:
        english, wrong, right = shares(texts, found, at)
        if english <= MOST_ENGLISH and wrong <= MOST_WRONG:
            best = max(best, right)
    return best


def table(runs: Sequence[Figures]) -> str:
    """Write the comparison as one Markdown table, and the languages as another."""
    heads = ["all", "length 1", "length 2-3", "length 4-10", "length sent", "variant stripped"]
    lines = [
        "| detector | "
        + " | ".join(heads)
        + " | switched: English / wrong / right | cover | load s | µs median / mean / p99 | MB |"
    ]
    lines.append("|" + "---|" * (len(heads) + 6))
    for run in runs:
        right = " | ".join(f"{run.right[head]:.1%}" for head in heads)
        switched = f"{run.english_switched:.2%} / {run.wrongly_switched:.2%} / {run.rightly_switched:.1%}"
        took = f"{run.median_us:.0f} / {run.mean_us:.0f} / {run.p99_us:.0f}"
        lines.append(
            f"| {run.name} | {right} | {switched} | {run.cover:.1%} | {run.load_s:.1f} | {took} | {run.memory_mb:.0f} |"
        )
    languages = sorted(head for head in runs[0].right if head.startswith("language "))
    lines += ["", "| language | " + " | ".join(run.name for run in runs) + " |", "|" + "---|" * (len(runs) + 1)]
    for language in languages:
        lines.append(f"| {language[9:]} | " + " | ".join(f"{run.right[language]:.0%}" for run in runs) + " |")
    return "\n".join(lines)


def verdicts(runs: Sequence[Figures]) -> list[tuple[str, bool]]:
    """Hold Earshot's figures against the floors of the design, and say how far the aims are."""
    judged = []
    by_name = {run.name: run for run in runs}
    for name in ("earshot in serve", "earshot in detect"):
        if run := by_name.get(name):
            right, switched = run.right["all"], run.rightly_switched
            judged.append((f"{name}: {right:.1%} right (floor {TOP_1[0]:.0%}, aim {TOP_1[1]:.0%})", right >= TOP_1[0]))
            kept = run.english_switched <= MOST_ENGLISH and run.wrongly_switched <= MOST_WRONG
            figures = (
                f"English {run.english_switched:.2%} (at most 0.5 %), wrong {run.wrongly_switched:.2%} (at most 1 %)"
            )
            floors = f"floor {SWITCHED[0]:.0%}, aim {SWITCHED[1]:.0%}"
            judged.append(
                (f"{name}: {switched:.1%} switched rightly ({floors}); {figures}", kept and switched >= SWITCHED[0])
            )
    if core := by_name.get("earshot, langdetect"):
        judged.append(
            (f"rules, lists and langdetect: {core.memory_mb:.0f} MB (at most {CORE_MB})", core.memory_mb <= CORE_MB)
        )
    return judged


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, each in a process of its own, and judge it."""
    parser = argparse.ArgumentParser(prog="python -m bench.language", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(DETECTORS), default=list(DETECTORS))
    parser.add_argument("--every", type=int, default=1, help="read only each Nth text")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        print(msgspec.json.encode(measure(asked.one, read_texts()[:: asked.every])).decode())
        return 0
    runs = []
    for name in asked.only:
        if name == "lingua alone" and find_spec("lingua") is None:
            print("lingua is not installed (it is an extra): not measured")
            continue
        command = [sys.executable, "-m", "bench.language", "--one", name, "--every", str(asked.every)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(msgspec.convert(json.loads(done.stdout), Figures))
    print(table(runs))
    judged = verdicts(runs)
    print("\n" + "\n".join(f"{'reached' if kept else 'MISSED '} {what}" for what, kept in judged))
    return 0 if all(kept for _, kept in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
