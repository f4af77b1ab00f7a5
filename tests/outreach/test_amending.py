"""A campaign is changed in what may change, by its rules; its word, survey and first day stay."""

from dataclasses import replace
from typing import Any

import pytest

from bot.outreach.amending import amend, as_wanted
from bot.outreach.campaigns import CampaignRefused, CampaignState, Wanted, change, create
from storage import campaigns
from storage.campaigns import CampaignRow
from storage.script import Database
from tests.outreach.scene import DAY, NOON, publish, rows

AUDIT = "SELECT who, action, detail FROM audit WHERE action = 'campaign changed'"


@pytest.fixture
async def hall7(database: Database) -> CampaignRow:
    """Make a campaign by SMS alone that has run since yesterday."""
    await publish(database)
    wanted = Wanted("parks", "Bentilee hall", keyword="HALL7", channels=("sms",), starts_on="2026-01-14", target=50)
    return await create(database, wanted, "Parveen", NOON, is_to_run=True)


async def test_a_number_that_is_set_up_later_gets_onto_the_campaign(database: Database, hall7: CampaignRow) -> None:
    wanted = replace(
        as_wanted(hall7), channels=("whatsapp", "sms"), place=" Bentilee ", target=None, ends_on="2026-02-01"
    )
    amended = await amend(database, "HALL7", wanted, "Adam", NOON + DAY)
    assert amended == replace(
        hall7,
        channels=("sms", "whatsapp"),
        place="Bentilee",
        target=None,
        ends_on="2026-02-01",
        changed_at=NOON + DAY,
    )
    assert await database.read(lambda: campaigns.named("hall7")) == amended
    assert await rows(database, AUDIT) == [
        ("Adam", "campaign changed", "hall7: place, channels, target, last day"),
    ]


async def test_what_says_nothing_new_is_no_change(database: Database, hall7: CampaignRow) -> None:
    assert await amend(database, "hall7", as_wanted(hall7), "Adam", NOON + DAY) == hall7
    assert await rows(database, AUDIT) == []


async def test_its_word_name_and_first_day_stay_whatever_is_wanted(database: Database, hall7: CampaignRow) -> None:
    wanted = replace(as_wanted(hall7), keyword="OTHER", name="Another", survey="none", starts_on="", languages=("ur",))
    amended = await amend(database, "hall7", wanted, "Adam", NOON)
    assert amended == replace(hall7, languages=("ur",))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        pytest.param({"languages": ("xx",)}, "parks has no language 'xx'.", id="a language it does not have"),
        pytest.param({"channels": ("fax",)}, "'fax' is no channel of a campaign.", id="no channel"),
        pytest.param({"target": 0}, "The target must be a number of responses", id="no target"),
        pytest.param({"ends_on": "2026-01-14"}, "The last day 2026-01-14 is past.", id="a day that is past"),
        pytest.param({"ends_on": "2027-01-01"}, "The survey closes on 2026-03-31", id="after the survey"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    database: Database, hall7: CampaignRow, wrong: dict[str, Any], says: str
) -> None:
    with pytest.raises(CampaignRefused, match=says):
        await amend(database, "hall7", replace(as_wanted(hall7), place="Hanley", **wrong), "Adam", NOON + DAY)
    assert await database.read(lambda: campaigns.named("hall7")) == hall7
    assert await rows(database, AUDIT) == []


async def test_a_last_day_before_the_first_is_refused(database: Database, hall7: CampaignRow) -> None:
    later = await create(database, Wanted("parks", "Later", keyword="LATER7", starts_on="2026-02-01"), "Adam", NOON)
    with pytest.raises(CampaignRefused, match="before the first"):
        await amend(database, later.id, replace(as_wanted(later), ends_on="2026-01-20"), "Adam", NOON)


async def test_what_has_ended_or_is_not_there_cannot_be_changed(database: Database, hall7: CampaignRow) -> None:
    await change(database, "hall7", CampaignState.ENDED, "Parveen", NOON)
    for name, says in (("hall7", "for good"), ("nowhere", "There is no campaign 'nowhere'")):
        with pytest.raises(CampaignRefused, match=says):
            await amend(database, name, as_wanted(hall7), "Adam", NOON)
