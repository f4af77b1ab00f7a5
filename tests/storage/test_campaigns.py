"""Campaigns as they are kept: read back as written, one word for one campaign for ever, ended for good."""

from dataclasses import replace

import pytest

from storage import campaigns, surveys
from storage.campaigns import CampaignRow
from storage.script import Database, Script

HALL7 = CampaignRow(
    id="hall7",
    survey="parks",
    name="Bentilee hall",
    keyword="HALL7",
    partner="Bentilee Volunteers",
    place="Bentilee",
    languages=("en", "ur-Latn"),
    channels=("sms", "web"),
    target=50,
    starts_on="2026-05-01",
    ends_on="2026-05-31",
    state="draft",
    made_at=5,
    made_by="Parveen",
    changed_at=5,
    test=False,
)
FAIR = replace(HALL7, id="fair", survey="museum", keyword="FAIR", target=None, languages=(), made_at=9, test=True)


@pytest.fixture
async def kept(database: Database) -> Database:
    """Keep two campaigns of two surveys."""

    def script() -> Script[None]:
        for survey in ("parks", "museum"):
            yield from surveys.publish(survey, "1", "h", "{}", 0)
        for row in (HALL7, FAIR):
            assert (yield from campaigns.add(row))

    await database.run(script)
    return database


async def test_a_campaign_is_read_back_as_it_was_written(kept: Database) -> None:
    assert await kept.read(campaigns.every) == [FAIR, HALL7]
    assert await kept.read(lambda: campaigns.of_survey("parks")) == [HALL7]


@pytest.mark.parametrize("name", ["hall7", "HALL7", "Hall7"])
async def test_a_campaign_is_found_by_its_id_or_its_keyword_in_any_case(kept: Database, name: str) -> None:
    assert await kept.read(lambda: campaigns.named(name)) == HALL7
    assert await kept.run(lambda: campaigns.held(name)) == HALL7
    assert await kept.read(lambda: campaigns.named("hall")) is None
    assert await kept.run(lambda: campaigns.held("hall")) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(HALL7, id="another"), id="the same keyword"),
        pytest.param(replace(HALL7, keyword="ANOTHER"), id="the same id"),
    ],
)
async def test_a_second_campaign_with_the_same_word_is_not_kept(kept: Database, other: CampaignRow) -> None:
    assert not await kept.run(lambda: campaigns.add(other))
    assert await kept.read(campaigns.every) == [FAIR, HALL7]


async def test_a_state_is_changed_with_its_moment_and_of_one_campaign_alone(kept: Database) -> None:
    assert await kept.run(lambda: campaigns.change_state("hall7", "running", 7))
    assert await kept.read(campaigns.every) == [FAIR, replace(HALL7, state="running", changed_at=7)]


async def test_what_has_ended_or_is_not_there_is_not_changed(kept: Database) -> None:
    await kept.run(lambda: campaigns.change_state("hall7", "ended", 7))
    assert not await kept.run(lambda: campaigns.change_state("hall7", "running", 8))
    assert not await kept.run(lambda: campaigns.change_state("nobody", "running", 8))
    assert await kept.read(lambda: campaigns.named("hall7")) == replace(HALL7, state="ended", changed_at=7)


async def test_the_stamp_tells_of_a_new_campaign_and_of_a_change(kept: Database) -> None:
    stamps = [await kept.read(campaigns.stamp)]
    await kept.run(lambda: campaigns.change_state("hall7", "running", 7))
    stamps.append(await kept.read(campaigns.stamp))
    await kept.run(lambda: campaigns.add(replace(HALL7, id="new", keyword="NEW1")))
    stamps.append(await kept.read(campaigns.stamp))
    assert stamps[0] == (("fair", "draft", 5), ("hall7", "draft", 5))
    assert stamps[1] == (("fair", "draft", 5), ("hall7", "running", 7))
    assert len(stamps[2]) == 3
