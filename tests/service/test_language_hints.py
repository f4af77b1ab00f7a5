"""What an app says of its reader's language is heard with the text, and again whenever the text is read again."""

import json
from collections.abc import AsyncIterator

import pytest

from bot.core.listening import Action, Impression
from bot.core.survey import Language
from bot.service.replay import replay
from storage import surveys
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.core.small_surveys import one, survey, words_question
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


class Switches:
    """A listener that hears Polish in everything, and changes to it."""

    def __call__(self, text: str, known: str, hint: str, current: str) -> Impression:
        return Impression("pl", 0.99, Action.SWITCH, known=known)


TALK = survey(
    words_question("better", "What would make it better?"),
    one("use", "Do you use it?"),
    id="talk",
    keyword="TALK",
    languages=(Language("en", "English"), Language("pl", "Polski")),
)


async def test_an_answer_stands_under_the_language_in_which_its_question_was_put(
    database: Database, keys: KeyRing
) -> None:
    async with voices(database, keys, Switches()) as scene:
        await database.run(lambda: surveys.publish(TALK.id, TALK.version, TALK.hash, TALK.to_json(), scene.now))
        await scene.library.load()
        await scene.write("TALK")
        await scene.write("Wi\u0119cej drzew")
        assert await scene.rows("SELECT lang, said FROM answer") == [("en", "Wi\u0119cej drzew")]
        assert await scene.rows("SELECT language FROM response") == [("pl",)]
        await scene.write("1")
        assert await scene.rows("SELECT lang FROM answer WHERE question = 'use'") == [("pl",)]
