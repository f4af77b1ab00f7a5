"""A database with the shipped survey published, on each engine, for the real server to run over."""

import pytest

from bench.walk import shipped
from storage import surveys
from storage.script import Database


async def publish_shipped(database: Database) -> None:
    """Publish the shipped survey, as the command does."""
    definition = shipped()
    await database.run(
        lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), 0)
    )


@pytest.fixture
async def published(database: Database, database_url: str) -> str:
    """Publish the shipped survey, and give the database's URL."""
    await publish_shipped(database)
    return database_url
