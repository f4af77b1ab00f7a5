"""Fixtures of the service's tests: databases to restore into, on either engine, and residents who speak."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.keys import KeyRing
from storage.script import Database
from tests.postgres import Server
from tests.service.backups import NewUrl
from tests.service.voice_scene import Voices, voices


@pytest.fixture
async def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NewUrl]:
    made: list[str] = []

    async def make(engine: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{tmp_path / f'restored-{len(made)}.db'}"
        server: Server = request.getfixturevalue("postgres_server")
        made.append(await server.create_database())
        return made[-1]

    yield make
    for url in made:
        await request.getfixturevalue("postgres_server").drop_database(url)


@pytest.fixture
async def park(database: Database, keys: KeyRing) -> AsyncIterator[Voices]:
    async with voices(database, keys) as scene:
        yield scene


@pytest.fixture(params=["whatsapp", "telegram"])
async def either(request: pytest.FixtureRequest, park: Voices) -> Voices:
    """Let the resident use one app, then the other."""
    park.app = request.param
    return park
