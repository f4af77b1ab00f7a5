"""What arrives is what others read: the very bytes of the reading API, masked unless raw is asked for."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import jsonschema
import pytest

from bot.analysis.forwarding.allowed import Allowed
from bot.analysis.forwarding.events import Rendering, schema
from storage.destinations import Text
from storage.events import EventType
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.analysis.filling import Answer, Response, keep
from tests.analysis.forwarding.sending_scene import Scene, a_scene

# What an event holds, test_events.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SAID = "Ring me on 07700 900123"


@pytest.fixture
async def scene(database: Database, keys: KeyRing, tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        scene.allowed = Allowed.read(f"{scene.receiver.url},{tmp_path}")
        await database.run(keep(Response("said", (Answer("safe", code="agree"), Answer("why", said=SAID)))))
        await scene.happen("said", "r1")
        yield scene


async def test_a_webhook_gets_the_bytes_that_the_reading_api_gives(scene: Scene) -> None:
    await scene.add()
    rendering = Rendering(scene.database)
    await scene.sender(render=rendering).send_all_due()
    bodies = sorted(body for body, _ in scene.receiver.letters)
    assert bodies == sorted((await rendering.page(0, 100)).bodies)
    for body in bodies:
        jsonschema.Draft202012Validator(schema("response/1")).validate(json.loads(body))
    assert b"[phone]" in b"".join(bodies)
    assert b"900123" not in b"".join(bodies)


async def test_a_folder_gets_the_same_bytes_and_a_manifest_to_its_schema(scene: Scene, tmp_path: Path) -> None:
    masked, raw = make(tmp_path, "masked"), make(tmp_path, "raw")
    await scene.add("masked", str(masked))
    await scene.add("raw", str(raw), Text.RAW)
    rendering = Rendering(scene.database)
    await scene.sender(render=rendering).send_all_due()
    ((content, manifest),) = dropped(masked)
    assert content.splitlines() == [*(await rendering.page(0, 100)).bodies]
    jsonschema.Draft202012Validator(schema("manifest/1")).validate(manifest)
    ((content, manifest),) = dropped(raw)
    assert SAID.encode() in content
    jsonschema.Draft202012Validator(schema("manifest/1")).validate(manifest)


async def test_what_was_withdrawn_before_it_went_out_goes_without_words_and_then_its_tombstone(scene: Scene) -> None:
    await scene.happen("said", type=EventType.WITHDRAWN)
    await scene.database.run(_withdraw)
    await scene.add(text=Text.RAW)
    await scene.sender(render=Rendering(scene.database)).send_all_due()
    about = [each.body for each in scene.receiver.taken if each.body["data"]["response_id"] == "said"]
    assert [each["type"] for each in about] == ["response.updated", "response.withdrawn"]
    assert [set(each["data"]) for each in about] == [{"response_id", "revision", "survey", "withdrawn"}] * 2


def _withdraw() -> Script[None]:
    yield Run("DELETE FROM answer WHERE response_id = 'said'")
    yield Run("DELETE FROM response WHERE id = 'said'")


def make(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def dropped(folder: Path) -> list[tuple[bytes, dict[str, object]]]:
    manifests = [json.loads(path.read_bytes()) for path in folder.glob("*.manifest.json")]
    return [((folder / each["file"]).read_bytes(), each) for each in manifests]
