"""The shipped survey in each of its languages, from the keyword to the thanks, in tests/transcripts/languages/*.txt.

Lines that begin with `>` are what the resident texts, the rest is what the bot answers by SMS. To write the answers
anew after a change of wording, run with EARSHOT_REGENERATE=1 and read the diff.
"""

import os
import re
from pathlib import Path

import pytest

from bot.cli.compose import simulator_channel
from bot.core.language_names import NAMES
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.survey import Question, Role
from bot.service.catalogues import load_catalogues
from bot.service.rehearsal import rehearse
from bot.surveys.lint import lint
from channels.segments import count, plain
from tests.playing import Resident, every_phrase, resident, shipped, words, write_down

FOLDER = Path(__file__).parents[1] / "transcripts" / "languages"
RIGHT_TO_LEFT = ("ur", "ar", "ckb", "ps", "fa")
LANGUAGES = shipped().draft_languages


def phone(*, short: bool = True) -> Resident:
    """Make a phone that reaches the shipped survey with all that the bot says in other languages."""
    return resident(shipped(), short=short, phrases=every_phrase())


def replies(transcript: str) -> str:
    """Return what the bot says in a transcript."""
    return "\n".join(line[4:] for line in transcript.splitlines() if line.startswith("    "))


def test_every_language_of_the_survey_has_its_transcript_and_its_catalogue() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(LANGUAGES)
    assert {each.language for each in load_catalogues()} == set(LANGUAGES)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_conversation_in_a_language_goes_as_it_is_written(code: str) -> None:
    path = FOLDER / f"{code}.txt"
    written = path.read_text(encoding="utf-8")
    played = write_down(phone(), written)
    if os.environ.get("EARSHOT_REGENERATE"):
        path.write_text(played, encoding="utf-8")
    assert played == written


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_that_the_bot_says_in_a_language_is_left_in_english(code: str) -> None:
    said = replies((FOLDER / f"{code}.txt").read_text(encoding="utf-8"))
    sentences = [re.split(r"\{\w+\}", phrase.value) for phrase in Phrase]
    left = [part for parts in sentences for part in parts if len(part) > 12 and part in said]
    assert left == []
    assert "{" not in said
    labels = {text for question in shipped().questions for text in (question.label["en"], question.sms_label.get("en"))}
    assert [label for label in labels if label and label in said] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_keyword_and_a_languages_name_or_code_begin_in_it(code: str) -> None:
    for name in (NAMES[code].own, NAMES[code].typed, code):
        ours = phone()
        ours.text(f"STOKE {name}")
        assert (ours.state.language, ours.state.language_source) == (code, "chosen")


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("short", [True, False], ids=["by SMS", "in an app"])
def test_every_choice_is_read_by_its_own_wording(code: str, short: bool) -> None:
    for question in _asked_by_text():
        for choice in question.choices:
            ours = phone(short=short)
            ours.text(f"STOKE {code}")
            _go_to(ours, question.name)
            ours.text(choice.label[code])
            assert ours.codes.get(question.name) == choice.name, (question.name, choice.label[code], ours.last_reply)


def _asked_by_text() -> list[Question]:
    """Return the questions with choices whose answers are kept, among those that are asked by SMS."""
    asked = [each for each in shipped().questions if not each.channels or "sms" in each.channels]
    return [question for question in asked if question.choices and question.role is not Role.CONTACT]


def _go_to(ours: Resident, name: str) -> None:
    for _ in range(len(shipped().questions)):
        if ours.state.standing == name:
            return
        ours.text("SKIP")


@pytest.mark.parametrize("code", ["pl", "ro", "ur-Latn"])
def test_a_language_in_latin_letters_costs_by_sms_what_english_letters_cost(code: str) -> None:
    ours = phone()
    for text in (f"STOKE {code}", *["1"] * 6, "SKIP", "SKIP", *["1"] * 4):
        assert count(plain(ours.text(text))).encoding == "GSM-7", ours.last_reply


@pytest.mark.parametrize("code", RIGHT_TO_LEFT)
def test_a_message_written_from_the_right_begins_with_a_letter_of_its_own(code: str) -> None:
    """A screen lays a paragraph out by its first letter: a Latin one would turn the whole opening round."""
    catalogue = next(each for each in load_catalogues() if each.language == code)
    # Stands in the middle of the opening, never first.
    first = [text for english, text in catalogue.sentences.items() if english != Phrase.OTHER_LANGUAGES.value]
    begins_latin = [text for text in first if re.match(r"[^\w{]*[A-Za-z]", text)]
    begins_with_a_name = [text for text in first if re.match(r"\{(?!count|first|place)", text)]
    assert (begins_latin, begins_with_a_name) == ([], [])


def test_the_texts_of_the_survey_hold_no_marks_of_direction() -> None:
    marks = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
    assert marks.search(shipped().to_json()) is None
    assert not any(marks.search(text) for each in load_catalogues() for text in each.sentences.values())


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_rehearsal_in_a_language_goes_through_to_its_own_thanks(code: str) -> None:
    ready = Questionnaire(shipped(), every_phrase(), {"": words()}, shipped().languages)
    rehearsal = rehearse(ready, simulator_channel(), every_phrase(), words(), language=code)
    assert rehearsal.texts[0] == f"STOKE {code}"
    assert every_phrase().say(Phrase.THANK_YOU, code, short=True) in rehearsal.replies[-1]
    assert rehearsal.segments == sum(count(reply).segments for reply in rehearsal.replies)


def test_no_question_of_the_survey_costs_more_than_two_segments_in_any_language() -> None:
    found = [str(problem) for problem in lint(shipped(), segments=lambda text: count(text).segments)]
    assert [line for line in found if "segments" in line or "not translated" in line] == []
