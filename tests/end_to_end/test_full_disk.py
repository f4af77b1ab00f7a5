"""The real server on a disk that fills up: it says so, loses nothing, and goes on by itself."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.serving import environment, serving
from bench.wire import Connection
from tests.end_to_end.commands import run
from tests.end_to_end.residents import new_sid, send
from tests.small_disk import MEGABYTE, SmallDisk, mounted

AMINA = "+447700900611"


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    with mounted() as disk:
        yield disk


async def test_a_server_on_a_full_disk_says_so_and_goes_on_once_there_is_room(
    migrated: Path, small_disk: SmallDisk, tmp_path: Path
) -> None:
    shutil.copy(migrated, small_disk.path / "earshot.db")
    url = f"sqlite:///{small_disk.path / 'earshot.db'}"
    first, second = (new_sid(random.Random(seed)) for seed in (1, 2))
    async with serving(url, tmp_path / "server") as server:
        line = Connection(server.port)
        assert (await send(line, first, AMINA, "Hello")).status == 200
        small_disk.fill()
        assert (await send(line, second, AMINA, "Is anybody there")).status == 503
        assert not await server.is_ready()
        listed = await run("survey", "list", settings=environment(url), folder=tmp_path)
        assert (listed.code, listed.err) == (0, "")
        small_disk.leave_free(4 * MEGABYTE)
        assert await server.is_ready()
        assert (await send(line, second, AMINA, "Is anybody there")).status == 200
        line.close()
        told = [json.loads(each) for each in server.errors.splitlines() if "put off" in each]
    assert {each["reason"] for each in told} == {"SQLite cannot be used just now: database or disk is full."}
