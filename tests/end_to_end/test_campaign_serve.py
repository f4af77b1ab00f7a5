"""A campaign made and paused from the terminal while the server runs: its word begins the survey within seconds."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.serving import Server, environment, serving
from bench.walk import shipped
from bench.wire import Connection
from storage import surveys
from storage.script import Database
from tests.end_to_end.commands import SURVEY, exported, run
from tests.end_to_end.residents import new_sid, send

SECONDS_UNTIL_READ = 15.0
NUMBERS = tuple(f"+447700900{number:03}" for number in range(100, 200))


@pytest.fixture
async def server(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    definition = replace(shipped(), closes="2099-01-31")
    text = definition.to_json()
    await database.run(lambda: surveys.publish(definition.id, definition.version, definition.hash, text, 0))
    async with serving(database_url, tmp_path / "server") as server:
        yield server


class Town:
    """Residents who text one after the other, each from a number of their own."""

    def __init__(self, server: Server, settings: dict[str, str], folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._line = Connection(server.port)
        self._numbers = iter(NUMBERS)
        self._chance = random.Random(3)

    async def types(self, *arguments: str) -> None:
        done = await run("campaign", *arguments, settings=self._settings, folder=self._folder)
        warned = [line for line in done.err.splitlines() if "how to reach a person" not in line]  # no number is shipped
        assert (done.code, warned) == (0, [])

    async def text(self, words: str) -> str:
        reply = await send(self._line, new_sid(self._chance), next(self._numbers), words)
        assert reply.status == 200
        return reply.text

    async def until(self, is_so: Callable[[str], bool], words: str) -> str:
        """Let one resident after the other text the same words, until one gets such a reply."""
        async with asyncio.timeout(SECONDS_UNTIL_READ):
            while not is_so(reply := await self.text(words)):
                await self.types("list")  # takes its time
        return reply

    def close(self) -> None:
        self._line.close()


async def test_a_word_begins_within_seconds_and_stops_within_seconds(
    server: Server, database_url: str, tmp_path: Path
) -> None:
    town = Town(server, environment(database_url), tmp_path)
    assert "To take part, text STOKE" in await town.text("HALL7")
    await town.types("create", SURVEY, "--name", "Bentilee hall", "--keyword", "HALL7")
    await town.until(lambda reply: reply.startswith("This invitation is not open just now."), "HALL7")
    await town.types("start", "HALL7")
    assert "1/8" in await town.until(lambda reply: "Stoke-on-Trent City Council" in reply, "hall 7")
    await town.types("pause", "HALL7")
    await town.until(lambda reply: reply.startswith("This invitation is not open just now."), "HALL7")
    await town.text("STOKE")
    town.close()
    came = [row["campaign"] for row in await exported(database_url, tmp_path)]
    assert len(came) >= 2
    assert came == ["hall7"] * (len(came) - 1) + [""]
