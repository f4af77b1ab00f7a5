"""Events dropped into a folder: a file, then its manifest; whole or not there, and nobody else's is touched."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.analysis.forwarding.allowed import Allowed
from bot.analysis.forwarding.folder import MARK
from bot.analysis.forwarding.sending import FILE_EVERY_MS
from storage.destinations import State, Text
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.analysis.forwarding.sending_scene import Scene, a_scene

# What the statements do, test_delivering.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def drops(tmp_path: Path) -> Path:
    folder = tmp_path / "drops"
    folder.mkdir()
    return folder


@pytest.fixture
async def scene(database: Database, keys: KeyRing, drops: Path) -> AsyncIterator[Scene]:
    async with a_scene(database, keys) as scene:
        scene.allowed = Allowed.read(str(drops))
        await scene.add(target=str(drops))
        yield scene


def manifests(drops: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(drops.glob("*.manifest.json"))]


def seqs(drops: Path) -> list[list[int]]:
    """Read the events' numbers out of each file that has a manifest, as whoever fetches them would."""
    return [
        [json.loads(line)["seq"] for line in (drops / each["file"]).read_text().splitlines()]
        for each in manifests(drops)
    ]


def visible(drops: Path) -> set[str]:
    return {path.name for path in drops.iterdir()} - {MARK}


def contents(drops: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in drops.iterdir()}


def move(folder: Path, name: str) -> Path:
    return folder.rename(folder.with_name(name))


async def test_a_pass_writes_one_file_and_its_manifest(scene: Scene, drops: Path) -> None:
    await scene.happen("r1", "r2", "r1")
    await scene.sender().send_all_due()
    (manifest,) = manifests(drops)
    content = (drops / "events-000000000001-000000000003.jsonl").read_bytes()
    assert manifest == {
        "schema": "earshot/manifest/1",
        "file": "events-000000000001-000000000003.jsonl",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "events": 3,
        "first_seq": 1,
        "last_seq": 3,
        "survey": "stoke",
        "text": "masked",
    }
    assert seqs(drops) == [[1, 2, 3]]
    assert visible(drops) == {manifest["file"], "events-000000000001-000000000003.manifest.json"}
    assert (await scene.standing()).ahead == 0


async def test_a_folder_gets_a_file_a_minute_at_most(scene: Scene, drops: Path) -> None:
    sender = scene.sender()
    for _ in range(3):
        await scene.happen("r1")
        await sender.send_all_due()
    assert seqs(drops) == [[1]]
    scene.clock.now += FILE_EVERY_MS
    await sender.send_all_due()
    assert seqs(drops) == [[1], [2, 3]]


async def test_raw_text_is_named_so(scene: Scene, drops: Path) -> None:
    (drops / "raw").mkdir()
    await scene.happen("r1")
    await scene.add("raw", str(drops / "raw"), Text.RAW)
    await scene.sender().send_all_due()
    assert [each["file"] for each in manifests(drops / "raw")] == ["events-000000000001-000000000001-RAW.jsonl"]


async def test_killed_before_the_manifest_it_writes_the_file_anew(scene: Scene, drops: Path) -> None:
    await scene.happen("r1", "r2")
    (drops / "events-000000000001-000000000001.jsonl").write_bytes(b'{"half":')
    (drops / ".events-000000000001-000000000001.manifest.json.part").write_bytes(b"{")
    await scene.sender().send_all_due()
    assert seqs(drops) == [[1, 2]]
    assert len(visible(drops)) == 2


async def test_killed_after_the_manifest_it_leaves_the_file_as_it_is(scene: Scene, drops: Path) -> None:
    await scene.happen("r1", "r2")
    await scene.sender().send_all_due()
    before = contents(drops)
    await forget(scene)
    await scene.sender().send_all_due()
    assert contents(drops) == before
    assert (await scene.standing()).destination.seq == 2


async def test_a_file_that_somebody_is_reading_is_never_changed(scene: Scene, drops: Path) -> None:
    await scene.happen("r1", "r2")
    name = "events-000000000001-000000000002"
    (drops / f"{name}.jsonl").write_bytes(b"else\n")
    (drops / f"{name}.manifest.json").write_bytes(json.dumps({"file": f"{name}.jsonl", "sha256": "x"}).encode())
    await scene.sender().send_all_due()
    assert (drops / f"{name}.jsonl").read_bytes() == b"else\n"
    assert [each["file"] for each in manifests(drops)] == [f"{name}-2.jsonl", f"{name}.jsonl"]


async def test_what_goes_again_has_a_file_of_its_own_before_what_is_new(scene: Scene, drops: Path) -> None:
    await scene.happen("r1", "r2", "r3")
    sender = scene.sender()
    await sender.send_all_due()
    await scene.happen("r1")
    assert (await scene.operator.replay("council", 2)).count == 2
    await scene.live_through(0.1, sender)
    assert sorted(seqs(drops)) == [[1, 2, 3], [2, 3], [4]]


async def test_a_file_whose_manifest_was_fetched_first_is_left_for_whoever_fetches_it(
    scene: Scene, drops: Path
) -> None:
    await scene.happen("r1")
    sender = scene.sender()
    await sender.send_all_due()
    (drops / "events-000000000001-000000000001.manifest.json").unlink()
    await scene.happen("r2")
    await scene.live_through(0.1, sender)
    assert "events-000000000001-000000000001.jsonl" in visible(drops)
    assert seqs(drops) == [[2]]


async def test_another_destinations_folder_is_left_alone(scene: Scene, drops: Path) -> None:
    (drops / MARK).write_bytes(b"somebody else")
    await scene.happen("r1")
    await scene.sender().send_all_due()
    assert visible(drops) == set()
    assert "another destination writes into this folder" in (await scene.standing()).destination.problem


async def test_a_missing_folder_is_a_failing_receiver(scene: Scene, drops: Path) -> None:
    await scene.happen("r1")
    moved = move(drops, "moved")
    sender = scene.sender()
    await scene.live_through(20, sender)
    standing = (await scene.standing()).destination
    assert (standing.state, standing.problem) == (
        State.RUNNING,
        "the folder cannot be written to (No such file or directory)",
    )
    move(moved, drops.name)
    await scene.live_through(20, sender)
    assert seqs(drops) == [[1]]


async def test_a_full_disk_leaves_nothing_half_written(scene: Scene, drops: Path) -> None:
    await scene.happen("r1")
    # A folder in the place of the unfinished file stands for every write that fails: full, read-only, gone.
    (drops / ".events-000000000001-000000000001.jsonl.part").mkdir()
    sender = scene.sender()
    await sender.send_all_due()
    assert manifests(drops) == []
    assert (await scene.standing()).ahead == 1
    (drops / ".events-000000000001-000000000001.jsonl.part").rmdir()
    await scene.live_through(1, sender)
    assert seqs(drops) == [[1]]


async def forget(scene: Scene) -> None:
    """Set the destination back to where it was before the pass, as a process that died has left it."""

    def script() -> Script[None]:
        yield Run("UPDATE destination SET seq = 0, next_at = NULL")

    await scene.database.run(script)
