"""Fixtures that many tests share: a real database on either engine, and the keys for its addresses."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import open_database
from storage.keys import KeyRing
from storage.migrating import on_sqlite
from storage.script import Database
from tests.postgres import Server, running_server

SECRET = "a secret that is only for tests"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL server for the whole session, started when the first test asks for it."""
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give this test a database without tables, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'earshot.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = await server.create_database()
    yield url
    await server.drop_database(url)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file, which tests copy: migrating costs more than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "earshot.db"
    on_sqlite(path)
    return path


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give this test a migrated database for itself alone, without a row, on each engine in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "earshot.db")
        yield f"sqlite:///{tmp_path / 'earshot.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = await server.lend_database()
    yield url
    await server.take_back(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a database."""
    opened = await open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def keys(database: Database) -> KeyRing:
    """Open the keys of `database`."""
    return await KeyRing.open(database, SECRET)
