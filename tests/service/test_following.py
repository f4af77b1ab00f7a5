"""Whatever is done to a response, those who follow the events are told of it in the same transaction.

The scene of the voice notes is followed too (`voice_scene`), in all its tests.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.service.privacy import RetentionPolicy, erase, retention
from storage.keys import KeyRing
from storage.script import Database
from tests.service.following import Followed, summed_up
from tests.service.forms_scene import WHOLE, hall
from tests.service.privacy_scene import DAY, NEIGHBOUR, Town, town

STORAGE = Path(__file__).parents[2] / "storage"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])


@pytest.fixture
def followed(database: Database) -> Followed:
    return Followed(database)


@pytest.fixture
async def stoke(followed: Followed, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(followed, keys) as running:
        yield running


async def test_every_turn_tells_what_it_changed_and_nothing_else(stoke: Town, followed: Followed) -> None:
    for text, told in {
        "STOKE": "response.started",
        "HELP": "",
        "1": "response.updated",
        "what?": "response.updated",  # the words are kept
        "1 3": "response.updated",
        "STOP": "response.stopped",
        "HELP ": "",
        "START": "response.updated",
        "The lights.": "response.updated",
        "CHANGE 1": "",
        "2": "response.updated",
        "no": "response.updated",
        "34": "response.completed",
        "Thanks": "",
        "STOP ": "",
    }.items():
        before = len(followed.told)
        await stoke.text(text)
        assert followed.told[before:] == ([told] if told else []), text


async def test_a_repeat_tells_nothing(stoke: Town, followed: Followed) -> None:
    for text in ("STOKE", "1"):
        await stoke.text(text, sid=f"SM{text:0>32}")
        await stoke.text(text, sid=f"SM{text:0>32}")
    assert followed.told == ["response.started", "response.updated"]


async def test_what_is_withdrawn_is_told_whoever_withdraws_it(stoke: Town, followed: Followed) -> None:
    for text in ("STOKE", "1", "NEW", "1"):  # two people on one phone
        await stoke.text(text)
    before = len(followed.told)
    for text in ("DELETE", "DELETE"):
        await stoke.text(text)
    assert followed.told[before:] == ["response.withdrawn"] * 2, "by the resident"
    await stoke.text("STOKE", NEIGHBOUR)
    await erase(followed, stoke.keys, NEIGHBOUR, who="ann", now=stoke.now)
    assert followed.told[-1] == "response.withdrawn", "by staff"
    await stoke.answer_everything("+447700900777")
    await stoke.close_survey()
    policy = replace(RetentionPolicy(), answers_after_close=5)
    await retention(followed, stoke.keys, policy, stoke.now + 40 * DAY, apply=True)
    assert summed_up(followed.told)["response.withdrawn"] == 4, "because its time is over"


@on_sqlite
async def test_pages_on_the_web_and_at_a_helper_tell_what_they_changed(followed: Followed, keys: KeyRing) -> None:
    scene = await hall(followed, keys)
    await scene.begin()
    await scene.answer_everything()
    await scene.post("why", text="Another reason.")
    assert followed.told == [
        "response.started",
        *["response.updated"] * (len(WHOLE) - 1),
        "response.completed",
        "response.updated",
    ]
    await scene.begin(secret_hash="b" * 64, entered_by="amina", source="paper")
    assert followed.told[-1] == "response.started"


def test_whoever_changes_a_response_says_what_happened_by_it() -> None:
    changes = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM)\s+(response|answer)\b|import .*\b(SHOWN|ANSWER)\b")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in STORAGE.glob("*.py")}
    silent = {name for name, text in texts.items() if changes.search(text) and "record(" not in text}
    # When the last text came shows nowhere; what is erased is recorded by those who ask for it.
    assert silent == {"forgetting", "erasure"}
    for name in [name for name, text in texts.items() if "yield from erase_contact(" in text]:
        assert "record(" in texts[name] or name == "decided", name
