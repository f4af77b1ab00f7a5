"""Whole conversations as a resident sees them, in tests/transcripts/*.txt.

Each file is a script and its outcome in one: lines that begin with `>` are what the resident texts, lines in round
brackets are what happens besides, and the rest is what the bot answered. To write the answers anew after a change of
wording, run with EARSHOT_REGENERATE=1 and read the diff.
"""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.core.invitation import CampaignState, Invitation
from bot.core.message import Heard, Message
from bot.core.survey import QuestionType, Start, SurveyDefinition
from tests.core.small_surveys import AGREEMENT, one, question, survey, words_question
from tests.playing import Resident, every_phrase, resident, shipped

FOLDER = Path(__file__).parents[1] / "transcripts"

PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    words_question("better", "What would make them better?"),
    organisation={"en": "Stoke-on-Trent City Council"},
)
VISIT = survey(
    one("visited", "Have you been to the museum this year?"),
    question(
        "visits",
        QuestionType.INTEGER,
        "How many times?",
        relevant="selected(${visited}, 'yes')",
        constraint=". > 0 and . <= 366",
        constraint_message={"en": "That is more days than a year has."},
    ),
    question("last_visit", QuestionType.DATE, "When was the last time?", relevant="selected(${visited}, 'yes')"),
    words_question("why_not", "What keeps you away?", relevant="selected(${visited}, 'no')"),
    id="museum",
    keyword="MUSEUM",
    title={"en": "Our museum"},
    opens="2026-05-01",
    closes="2026-06-30",
    start=Start.CONFIRM,
    contact={"en": "the museum desk, 01782 000000"},
    privacy_url="example.org/privacy",
)
SURVEYS: dict[str, Callable[[], SurveyDefinition]] = {
    "stoke": shipped,
    "parks": lambda: PARKS,
    "museum": lambda: VISIT,
}


def transcripts() -> list[Path]:
    """Every transcript there is."""
    return sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem.replace("_", " "))
def test_the_conversation_goes_as_it_is_written(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    played = play(written)
    if os.environ.get("EARSHOT_REGENERATE"):
        path.write_text(played, encoding="utf-8")
    assert played == written


def test_the_transcripts_show_everything_a_resident_can_meet() -> None:
    assert len(transcripts()) >= 20


def play(written: str) -> str:
    """Play a transcript's own lines, and write it down with the answers as they are now."""
    definitions: list[SurveyDefinition] = [
        SURVEYS[name]() for name in re.findall(r"^\(survey: (\w+)\)$", written, re.MULTILINE)
    ]
    invitations = [
        Invitation(word, survey, word.lower(), CampaignState(state or "running"))
        for word, survey, state in re.findall(r"^\(campaign: (\w+) of (\S+?)(?:, (\w+))?\)$", written, re.MULTILINE)
    ]
    phrases = every_phrase() if "(in every language)" in written else None
    phone = resident(*definitions, phrases=phrases, invitations=invitations)
    lines: list[str] = []
    for line in written.splitlines():
        if line.startswith("> "):
            lines += [line, *_answered(phone.text(line[2:].replace("\\n", "\n")))]
        elif line.startswith("(") and (happened := _happens(phone, line)) is not None:
            lines += [line, *happened]
        elif line.startswith(("(", "#")):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _answered(reply: str) -> list[str]:
    return [*(f"    {line}".rstrip() for line in (reply or "(no reply)").splitlines()), ""]


def _happens(phone: Resident, line: str) -> list[str] | None:
    """Carry out a line in brackets; None for one that only tells."""
    message = Message(phone.at, Heard.TEXT, "", "sms", "sms", short=True)
    if found := re.fullmatch(r"\((\d+) (minutes|hours|days) later\)", line):
        phone.wait(**{found[2]: int(found[1])})
        return []
    if found := re.fullmatch(r"\(it is (\d{4}-\d\d-\d\d)\)", line):
        phone.at = datetime.fromisoformat(f"{found[1]}T12:00").replace(tzinfo=UTC)
        return []
    if found := re.fullmatch(r"\(a text sent (\d+) minutes ago reaches us: (.+)\)", line):
        return _answered(phone.text(found[2], sent_at=phone.at - timedelta(minutes=int(found[1]))))
    if line == "(a picture without words)":
        return _answered(phone.send(replace(message, attachments=1)))
    if line == "(an empty text)":
        return _answered(phone.send(message))
    if line == "(the carrier has answered STOP)":
        return _answered(phone.send(replace(message, heard=Heard.CARRIER_STOP, text="STOP")))
    if line == "(the carrier has answered START)":
        return _answered(phone.send(replace(message, heard=Heard.CARRIER_START, text="START")))
    if line == "(our own question comes back)":
        return _answered(phone.text(phone.last_reply))
    if line == "(a short code writes)":
        return _answered(phone.send(replace(message, text="STOKE", is_answerable=False)))
    return None
