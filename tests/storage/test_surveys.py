"""Publishing: a version never changes, and of two surveys that cannot both be published only one is."""

import asyncio
from collections.abc import Sequence

import pytest

from storage import surveys
from storage.database import open_database
from storage.script import Database
from storage.surveys import VersionRow

PUBLISHERS = 6


class Taken(Exception):
    """Another survey is there already."""


def alone(others: Sequence[VersionRow]) -> None:
    """Object to any other survey."""
    if others:
        raise Taken(others[0].survey)


async def publish(database: Database, survey: str, version: str = "1", text: str = "{}") -> VersionRow | None:
    return await database.run(lambda: surveys.publish(survey, version, f"hash of {text}", text, 0, alone))


async def published(database: Database) -> list[tuple[str, str, bool]]:
    return [(row.survey, row.version, row.is_current) for row in await database.read(surveys.every_version)]


async def test_of_several_that_publish_at_one_moment_only_one_gets_through(database_url: str) -> None:
    databases = [await open_database(database_url) for _ in range(PUBLISHERS)]
    try:
        ended = await asyncio.gather(
            *(publish(each, f"survey-{number}") for number, each in enumerate(databases)), return_exceptions=True
        )
        (through,) = [f"survey-{number}" for number, end in enumerate(ended) if end is None]
        assert [str(end) for end in ended if isinstance(end, Taken)] == [through] * (PUBLISHERS - 1)
        assert await published(databases[0]) == [(through, "1", True)]
    finally:
        for each in databases:
            await each.close()


async def test_an_objection_leaves_everything_as_it_was(database: Database) -> None:
    await publish(database, "first")
    with pytest.raises(Taken, match="first"):
        await publish(database, "second")
    assert await published(database) == [("first", "1", True)]


async def test_a_survey_does_not_stand_in_its_own_way(database: Database) -> None:
    await publish(database, "first")
    assert await publish(database, "first", "2") is None
    assert await published(database) == [("first", "1", False), ("first", "2", True)]


async def test_what_is_closed_or_no_longer_current_is_not_looked_at(database: Database) -> None:
    seen: list[tuple[str, str]] = []

    def look(others: Sequence[VersionRow]) -> None:
        seen[:] = [(row.survey, row.version) for row in others]

    for survey, version in (("closed", "1"), ("open", "1"), ("open", "2")):
        await database.run(lambda s=survey, v=version: surveys.publish(s, v, "h", "{}", 0))  # type: ignore[misc]
    await database.run(lambda: surveys.close("closed", 1))
    await database.run(lambda: surveys.publish("new", "1", "h", "{}", 0, look))
    assert seen == [("open", "2")]


async def test_a_version_that_is_there_is_returned_and_not_changed(database: Database) -> None:
    await publish(database, "first", text="{}")
    there = await publish(database, "first", text="{other}")
    assert there is not None
    assert (there.hash, there.definition) == ("hash of {}", "{}")
    assert [row.definition for row in await database.read(surveys.every_version)] == ["{}"]
