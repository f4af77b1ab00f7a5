"""Volunteers' links as they are kept: five tries, until their end, for one campaign."""

import asyncio

import pytest
from msgspec.structs import replace

from storage import campaigns, surveys, volunteers
from storage.script import Database, Fetch, Row, Script
from storage.volunteers import TRIES, VolunteerLink
from tests.storage.test_campaigns import FAIR, HALL7

NOON = 1_768_392_000_000
HOUR = 3_600_000
LINK = VolunteerLink("a" * 64, "hall7", "Hanley hall", "argon2 of a PIN", 0, "amina", NOON, NOON + HOUR)
VISIT = "v" * 64


@pytest.fixture
async def kept(database: Database) -> Database:
    def script() -> Script[None]:
        for survey in ("parks", "museum"):
            yield from surveys.publish(survey, "1", "h", "{}", 0)
        for row in (HALL7, FAIR):
            yield from campaigns.add(row)
        yield from volunteers.add(LINK)
        yield from volunteers.add(replace(LINK, secret_hash="b" * 64, campaign_id="fair"))

    await database.run(script)
    return database


async def audit(database: Database) -> list[Row]:
    def script() -> Script[list[Row]]:
        return list((yield Fetch("SELECT who, action, detail FROM audit ORDER BY id DESC LIMIT 1")).rows)

    return await database.read(script)


async def test_a_link_is_read_back_and_listed_under_its_own_campaign_while_it_holds(kept: Database) -> None:
    assert await kept.read(lambda: volunteers.named(LINK.secret_hash)) == LINK
    assert await kept.read(lambda: volunteers.of_campaign("hall7", NOON)) == [LINK]
    assert await kept.read(lambda: volunteers.of_campaign("hall7", LINK.expires_at)) == []
    assert await kept.read(lambda: volunteers.named("c" * 64)) is None


async def test_every_try_counts_before_it_is_judged_also_when_many_come_at_once(kept: Database) -> None:
    tries = await asyncio.gather(
        *(kept.run(lambda: volunteers.count_try(LINK.secret_hash, NOON)) for _ in range(TRIES + 3))
    )
    assert sorted(link.tries for link in tries if link is not None) == list(range(1, TRIES + 1))
    assert tries.count(None) == 3


async def test_a_link_that_wrong_pins_ended_stays_listed_with_its_tries(kept: Database) -> None:
    for _ in range(TRIES):
        await kept.run(lambda: volunteers.count_try(LINK.secret_hash, NOON))
    await kept.run(lambda: volunteers.end(LINK.secret_hash, "hall7", NOON, "5 wrong PINs"))
    (listed,) = await kept.read(lambda: volunteers.of_campaign("hall7", NOON + 1))
    assert (listed.tries, listed.ended_at) == (TRIES, NOON)


async def test_the_right_pin_forgets_the_wrong_ones(kept: Database) -> None:
    await kept.run(lambda: volunteers.count_try(LINK.secret_hash, NOON))
    await kept.run(lambda: volunteers.let_in(VISIT, LINK, NOON))
    found = await kept.read(lambda: volunteers.named(LINK.secret_hash))
    assert found is not None
    assert found.tries == 0
    assert await audit(kept) == [(LINK.called, "came in by a volunteer link", "hall7")]


@pytest.mark.parametrize(
    ("visit", "link", "at", "is_in"),
    [
        pytest.param(VISIT, LINK.secret_hash, NOON, True, id="by its own link"),
        pytest.param(VISIT, LINK.secret_hash, NOON + HOUR - 1, True, id="to the last moment"),
        pytest.param(VISIT, LINK.secret_hash, NOON + HOUR, False, id="and no longer"),
        pytest.param(VISIT, "b" * 64, NOON, False, id="not by another campaign's"),
        pytest.param("w" * 64, LINK.secret_hash, NOON, False, id="not without the PIN"),
    ],
)
async def test_who_came_in_is_known_for_that_link_until_its_end(
    kept: Database, visit: str, link: str, at: int, is_in: bool
) -> None:
    await kept.run(lambda: volunteers.let_in(VISIT, LINK, NOON))
    assert (await kept.read(lambda: volunteers.visitor(visit, link, at)) is not None) is is_in


async def test_a_link_ends_at_once_by_its_own_campaign_alone_and_once(kept: Database) -> None:
    await kept.run(lambda: volunteers.let_in(VISIT, LINK, NOON))
    assert not await kept.run(lambda: volunteers.end(LINK.secret_hash, "fair", NOON, "ben"))
    assert await kept.run(lambda: volunteers.end(LINK.secret_hash, "hall7", NOON, "ben"))
    assert not await kept.run(lambda: volunteers.end(LINK.secret_hash, "hall7", NOON, "ben"))
    assert await kept.read(lambda: volunteers.visitor(VISIT, LINK.secret_hash, NOON)) is None
    assert await kept.run(lambda: volunteers.count_try(LINK.secret_hash, NOON)) is None
    assert await audit(kept) == [("ben", "ended a volunteer link", f"hall7 {'a' * 8}")]
