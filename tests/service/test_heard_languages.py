"""Whole conversations in which the bot hears a language, in tests/transcripts/heard/*.txt, with all that `serve` has.

Lines that begin with `>` are what the resident texts, the rest is what the bot answers by SMS. To write the answers
anew after a change of wording, run with EARSHOT_REGENERATE=1 and read the diff.
"""

import os
from functools import cache
from pathlib import Path

import pytest

from bot.service.hearing import Hearing
from tests.playing import Resident, every_phrase, resident, shipped, write_down

FOLDER = Path(__file__).parents[1] / "transcripts" / "heard"


@cache
def hearing() -> Hearing:
    """Load the listener once: it takes a second."""
    return Hearing()


def phone() -> Resident:
    """Make a phone that reaches the shipped survey with all that `serve` has."""
    return resident(shipped(), listener=hearing(), phrases=every_phrase())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem.replace("_", " "))
def test_the_conversation_goes_as_it_is_written(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    played = write_down(phone(), written)
    if os.environ.get("EARSHOT_REGENERATE"):
        path.write_text(played, encoding="utf-8")
    assert played == written


@pytest.mark.parametrize(
    ("name", "language", "source"),
    [
        ("a_polish_resident_who_starts_in_english", "en", "chosen"),
        ("urdu_then_roman_urdu_then_back", "ur", "chosen"),
        ("roman_urdu_is_heard", "ur-Latn", "detected"),
        ("sorani_is_not_taken_for_arabic", "ckb", "detected"),
        ("one_romanian_da_does_not_switch", "en", "default"),
        ("a_resident_called_agnieszka", "en", "default"),
        ("french_is_not_offered", "en", "default"),
    ],
)
def test_the_conversation_ends_in_the_language_that_was_meant(name: str, language: str, source: str) -> None:
    ours = phone()
    write_down(ours, (FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    assert (ours.state.language, ours.state.language_source) == (language, source)
