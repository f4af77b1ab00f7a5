"""The whole shipped survey on every channel: what residents see there, and that the answers come out the same.

The transcripts are in tests/transcripts/channels. `>` is what the resident types, `> [Label]` what they tap, and lines
in square brackets are what can be tapped. To write them anew, run with EARSHOT_REGENERATE=1 and read the diff.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.survey import Choice, Question
from channels.base import Channel
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.phones import CHANNELS, Seen, Town, every_channel
from tests.end_to_end.counting import answers
from tests.playing import shipped

FOLDER = Path(__file__).parents[1] / "transcripts" / "channels"

# Which of two questions is asked depends on the channel, by the survey file itself: the one about ethnic group is too
# private for an app that another company reads.
BY_TEXT, BY_APP = "ethnic_group", "main_language"


@dataclass(frozen=True)
class Choose:
    """Answer a question by one of its choices: by a tap where there is something to tap, else by its number."""

    question: str
    code: str


WAY: tuple[str | Choose, ...] = (
    "stoke",
    Choose("respondent_type", "resident"),
    "depends what you mean",  # asked again
    "agree",
    "BACK",
    Choose("vision_agree", "disagree"),
    "1, 3 and 5",
    Choose("services_understand", "not_very_well"),
    "STOP",
    "2",  # silence
    "START",
    Choose("get_on_well", "tend_agree"),
    "SKIP",
    "Stop the boats",
    "More for the young ones to do",
    "34",
    Choose("postcode_area", "st6"),
    Choose(BY_TEXT, "prefer_not"),
    Choose(BY_APP, "english"),
    Choose("contact_ok", "yes"),
)

ANSWERS = {
    "respondent_type": "resident",
    "vision_agree": "disagree",
    "priorities_top3": "take_part city_pride tensions_early",
    "services_understand": "not_very_well",
    "get_on_well": "tend_agree",
    "missing": "Stop the boats",
    "one_thing": "More for the young ones to do",
    "age_band": "age_25_34",
    "postcode_area": "st6",
}
NOT_ASKED = ("", "not_applicable")
DIFFERS = {"response_id", "source", "channel", "started_at", "last_answer_at", "completed_at"}
"""The columns that say who, where and when."""


def asked(name: str) -> Question:
    """Find a question of the shipped survey."""
    return next(question for question in shipped().questions if question.name == name)


def is_asked(question: Question, channel: Channel) -> bool:
    """Say whether the survey asks this on this channel."""
    return not question.channels or channel.capabilities.source in question.channels


def label_of(choice: Choice, channel: Channel) -> str:
    """Word a choice as this channel words it."""
    return (choice.sms_label if channel.capabilities.short_wording else {}).get("en") or choice.label["en"]


async def answer(town: Town, channel: str, choose: Choose, newest: Seen) -> tuple[str, list[Seen]]:
    """Choose as this channel lets a resident choose; give the transcript's line for it, and what came."""
    choices = asked(choose.question).choices
    number = next(place for place, choice in enumerate(choices, 1) if choice.name == choose.code)
    label = label_of(choices[number - 1], town.office.channels[channel])
    for tapped in (label, str(number)):
        if tapped in newest.labels:
            return f"> [{tapped}]", await town.tap(channel, tapped)
    return f"> {number}", await town.write(channel, str(number))


async def play(town: Town, channel: str) -> str:
    """Go the whole way on one channel, and write down what the resident sees."""
    lines: list[str] = [f"# The whole Stoke survey, as a resident sees it by {channel}.", ""]
    newest = Seen("")
    for act in WAY:
        if isinstance(act, str):
            line, came = f"> {act}", await town.write(channel, act)
        elif is_asked(asked(act.question), town.office.channels[channel]):
            line, came = await answer(town, channel, act, newest)
        else:
            continue
        newest = came[-1] if came else newest
        lines += [line, *indented(came), ""]
    return "\n".join(lines)


def indented(came: Sequence[Seen]) -> list[str]:
    """Write down what came to the phone; several messages are set apart by a line."""
    written = "\n---\n".join(map(str, came)) or "(no reply)"
    return [f"    {line}".rstrip() for line in written.splitlines()]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_whole_survey_reads_as_it_is_written(database: Database, keys: KeyRing, channel: str) -> None:
    path = FOLDER / f"{channel}.txt"
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    async with every_channel(database, keys, shipped()) as town:
        played = await play(town, channel)
    if os.environ.get("EARSHOT_REGENERATE"):
        path.write_text(played, encoding="utf-8")
    assert played == written


async def test_the_answers_are_the_same_whatever_the_channel(database: Database, keys: KeyRing, tmp_path: Path) -> None:
    async with every_channel(database, keys, shipped()) as town:
        for channel in CHANNELS:
            await play(town, channel)
        rows = await answers(database, shipped().id, tmp_path, town.office.time.now())
    assert [(row["source"], row["channel"], row["status"]) for row in rows] == [
        ("sms", "sms", "complete"),
        ("whatsapp", "whatsapp", "complete"),
        ("telegram", "telegram", "complete"),
        ("sms", "notify", "complete"),
    ]
    for row in rows:
        is_app = row["source"] != "sms"
        assert (row.pop(BY_TEXT), row.pop(f"{BY_TEXT}__state")) == (NOT_ASKED if is_app else ("prefer_not", "answered"))
        assert (row.pop(BY_APP), row.pop(f"{BY_APP}__state")) == (("english", "answered") if is_app else NOT_ASKED)
    first, *others = [{name: cell for name, cell in row.items() if name not in DIFFERS} for row in rows]
    assert others == [first] * (len(CHANNELS) - 1)
    answered = {name.removesuffix("__state"): state for name, state in first.items() if name.endswith("__state")}
    assert {name: first[name] for name, state in answered.items() if state == "answered"} == ANSWERS
    assert answered["influence"] == "skipped"


async def test_a_tap_is_kept_as_a_tap_and_on_telegram_no_buttons_are_left_at_the_end(
    database: Database, keys: KeyRing
) -> None:
    async with every_channel(database, keys, shipped()) as town:
        for channel in CHANNELS:
            await play(town, channel)
        await town.inbox.close()
        with_buttons = [seen.text for seen in town.phones["telegram"].seen() if seen.labels]
        inputs = await town.office.fetch("SELECT channel, input, COUNT(*) FROM answer GROUP BY 1, 2 ORDER BY 1, 2")
    assert inputs == [
        ("notify", "typed", 15),
        ("sms", "typed", 15),
        ("telegram", "button", 6),
        ("telegram", "typed", 9),
        ("whatsapp", "button", 6),
        ("whatsapp", "typed", 9),
    ]
    assert not with_buttons
