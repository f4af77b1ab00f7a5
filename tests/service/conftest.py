"""Fixtures of the service's tests: databases to restore into, on either engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.service.backups import NewUrl


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
