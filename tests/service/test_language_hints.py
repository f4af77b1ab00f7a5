"""What an app says of its reader's language is heard with the text, and again whenever the text is read again."""

import json
from collections.abc import AsyncIterator

import pytest

from bot.core.listening import Action, Impression
from bot.service.replay import replay
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.service.voice_scene import MINUTE, TELEGRAM, Voices, ask, voices


class Ear:
    """A listener that changes nothing, and keeps the texts that it was told with what the app said."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, text: str, known: str, hint: str, current: str) -> Impression:
        self.told.append((text, hint))
        return Impression("", 0.0, Action.STAY, known=known)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def telegram(database: Database, keys: KeyRing, ear: Ear) -> AsyncIterator[Voices]:
    """Give a resident a Telegram in Polish, and the first question."""
    async with voices(database, keys, ear) as scene:
        scene.app = "telegram"
        scene.telegram.chat(TELEGRAM, language="pl")
        await ask(scene)
        yield scene


UNCLEAR = "hmm, no idea"
HEARD = [(UNCLEAR, "pl")]


async def test_the_app_s_language_is_heard_at_once_and_kept_with_the_text(telegram: Voices, ear: Ear) -> None:
    await telegram.write(UNCLEAR)
    assert ear.told == HEARD
    kept = await telegram.rows("SELECT fields FROM inbound WHERE text = :text", text=UNCLEAR)
    assert [json.loads(fields)["language_hint"] for (fields,) in kept] == ["pl"]


async def test_the_app_s_language_is_heard_again_when_a_failed_turn_runs_again(telegram: Voices, ear: Ear) -> None:
    def as_after_a_failed_turn() -> Script[None]:
        yield Run("UPDATE inbound SET filed = 'unhandled' WHERE text = :text", {"text": UNCLEAR})

    await telegram.write(UNCLEAR)
    await telegram.database.run(as_after_a_failed_turn)
    assert await telegram.inbox.rerun_unhandled(telegram.now + MINUTE) == 1
    assert ear.told == HEARD * 2


async def test_the_app_s_language_is_heard_again_in_a_replay(telegram: Voices, ear: Ear) -> None:
    await telegram.write(UNCLEAR)
    assert await replay(telegram.database, telegram.library, telegram.channels, "parks") == []
    assert ear.told == HEARD * 2
