"""`python -m bench.safeguarding`: of the labelled texts, how many are flagged, and how many for nothing, by language.

With `--unseen FILE` also the share that is flagged of other people's texts: JSON lines with `text`, none about danger.
"""

import argparse
import json
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.core.danger import Watch
from bot.service.danger_files import load_danger

FIXTURES = Path(__file__).parents[1] / "tests" / "core"
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One language: texts that a person must read, how many of them were flagged; the same of all others."""

    language: str
    danger: int
    flagged: int
    ordinary: int
    alarms: int

    def __str__(self) -> str:
        """Write the line of the table."""
        return (
            f"{self.language:<8} {self.flagged:>4} of {self.danger:<4} {self.flagged / self.danger:>6.1%}"
            f"   {self.alarms:>4} of {self.ordinary:<4} {self.alarms / self.ordinary:>6.1%}"
        )


def measure(watch: Watch) -> list[Found]:
    """Read every fixture with every table at once, as the server does."""
    found = []
    for path in sorted(FIXTURES.glob("danger_*.toml")):
        texts = tomllib.loads(path.read_text(encoding="utf-8"))
        flagged, alarms = (sum(watch.hears(text) for text in texts[side]) for side in ("flag", "leave"))
        language = path.stem.removeprefix("danger_")
        found.append(Found(language, len(texts["flag"]), flagged, len(texts["leave"]), alarms))
    return found


def microseconds(watch: Watch) -> float:
    """Time one ordinary English text."""
    texts = tomllib.loads((FIXTURES / "danger_en.toml").read_text(encoding="utf-8"))["leave"]
    began = time.perf_counter()
    for _ in range(ROUNDS):
        for text in texts:
            watch.hears(text)
    return (time.perf_counter() - began) / (ROUNDS * len(texts)) * 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.safeguarding", description=__doc__)
    parser.add_argument("--unseen", type=Path, help="JSON lines with `text`, none of them about danger")
    asked = parser.parse_args(arguments)
    watch = Watch(load_danger())
    print("language       recall           false alarms")
    for found in measure(watch):
        print(found)
    print(f"{microseconds(watch):.1f} microseconds for an ordinary text")
    if asked.unseen:
        texts = [json.loads(line)["text"] for line in asked.unseen.read_text(encoding="utf-8").splitlines()]
        alarms = sum(watch.hears(text) for text in texts)
        print(f"unseen: {alarms} of {len(texts)} flagged ({alarms / len(texts):.2%})")
    print("The labelled texts were written beside the phrases: on texts that nobody has seen, recall is lower.")


if __name__ == "__main__":
    main()
