"""Residents who come by a poster, on every channel and both engines: attributed, and refused when it is over."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.analysis.reconciliation import reconcile
from bot.outreach.campaigns import CampaignState, Numbers, change, links
from bot.service.privacy import subject_access
from bot.service.replay import replay
from storage.campaigns import CampaignRow
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.phones import CHANNELS, NUMBER, Town, every_channel
from tests.end_to_end.counting import answers
from tests.outreach.scene import NOON, PARKS, publish, rows, running

NUMBERS = Numbers("+447700900321", "+447700900322", "stoke_asks_bot", "https://bot.example")


@pytest.fixture
async def hall(database: Database) -> CampaignRow:
    """Publish the survey, and start a campaign for it."""
    await publish(database)
    return await running(database)


@pytest.fixture
async def town(database: Database, keys: KeyRing, hall: CampaignRow) -> AsyncIterator[Town]:
    """Open the service with every channel."""
    async with every_channel(database, keys, PARKS) as opened:
        yield opened


def as_a_resident_sends_it(campaign: CampaignRow, channel: str, language_word: str = "") -> str:
    """Write what the app puts into the box when a resident follows the campaign's link."""
    if channel == "telegram":
        return f"/start {links(campaign, NUMBERS, language_word)['telegram'].partition('?start=')[2]}"
    return f"{campaign.keyword} {language_word}".strip()


async def becomes(town: Town, campaign: CampaignRow, state: CampaignState) -> None:
    """Change the campaign in another process, and let the clock notice."""
    await change(town.office.database, campaign.id, state, "Parveen", NOON)
    assert await town.library.load()


async def came_by(database: Database) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in await rows(database, "SELECT channel, campaign FROM response ORDER BY id")]


async def test_who_follows_a_link_is_in_the_export_with_the_campaign(
    town: Town, hall: CampaignRow, tmp_path: Path
) -> None:
    for channel in CHANNELS:
        (asked,) = await town.write(channel, as_a_resident_sends_it(hall, channel))
        assert "1/3 Do you use the parks?" in asked.text
        for said in ("1", "2", "More benches"):
            await town.write(channel, said)
    found = await answers(town.office.database, "parks", tmp_path, town.office.time.now())
    assert [(row["source"], row["channel"], row["campaign"], row["status"], row["better"]) for row in found] == [
        ("sms", "sms", "hall7", "complete", "More benches"),
        ("whatsapp", "whatsapp", "hall7", "complete", "More benches"),
        ("telegram", "telegram", "hall7", "complete", "More benches"),
        ("sms", "notify", "hall7", "complete", "More benches"),
    ]
    report = await reconcile(town.office.database, "parks", include_test=False, now=town.office.time.now())
    assert report.is_balanced


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "telegram"])
async def test_a_link_in_urdu_begins_in_urdu(town: Town, hall: CampaignRow, channel: str) -> None:
    await town.write(channel, as_a_resident_sends_it(hall, channel, "URDU"))
    found = await rows(town.office.database, "SELECT channel, campaign, language, language_source FROM response")
    assert found == [(channel, "hall7", "ur", "chosen")]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_pause_refuses_newcomers_and_a_resume_takes_them(town: Town, hall: CampaignRow, channel: str) -> None:
    word = as_a_resident_sends_it(hall, channel)
    await becomes(town, hall, CampaignState.PAUSED)
    (refused,) = await town.write(channel, word)
    assert refused.text == "This invitation is not open just now.\nTo take part, text PARKS (Our parks)."
    assert await came_by(town.office.database) == []
    await becomes(town, hall, CampaignState.RUNNING)
    await town.write(channel, word)
    assert await came_by(town.office.database) == [(channel, "hall7")]


async def test_who_is_in_the_middle_goes_on_when_it_ends(town: Town, hall: CampaignRow) -> None:
    await town.write("sms", "HALL7")
    await becomes(town, hall, CampaignState.ENDED)
    assert "2/3" in (await town.write("sms", "1"))[0].text
    assert "2/3" in (await town.write("sms", "HALL7"))[0].text
    (refused,) = await town.write("whatsapp", "HALL7")
    assert refused.text.startswith("This invitation is over.")
    assert await came_by(town.office.database) == [("sms", "hall7")]


async def test_the_surveys_own_word_is_nobodys_campaign(town: Town) -> None:
    await town.write("sms", "PARKS")
    await town.write("sms", "HALL7")
    assert await came_by(town.office.database) == [("sms", "")]


async def test_stop_and_start_are_what_they_always_were(town: Town) -> None:
    await town.write("whatsapp", "HALL7")
    (stopped,) = await town.write("whatsapp", "STOP")
    assert "no more texts" in stopped.text
    assert await town.write("whatsapp", "HALL7") == []
    (back,) = await town.write("whatsapp", "START")
    assert "1/3" in back.text
    assert await came_by(town.office.database) == [("whatsapp", "hall7")]


async def test_a_telegram_link_takes_off_stop_and_keeps_the_first_campaign(town: Town, hall: CampaignRow) -> None:
    fair = await running(town.office.database, "FAIR")
    await town.library.load()
    await town.write("telegram", as_a_resident_sends_it(hall, "telegram"))
    await town.write("telegram", "STOP")
    (back,) = await town.write("telegram", as_a_resident_sends_it(fair, "telegram"))
    assert "1/3" in back.text
    assert await came_by(town.office.database) == [("telegram", "hall7")]


async def test_someone_else_on_this_phone_is_a_second_row_of_the_campaign(town: Town) -> None:
    for text in ("HALL7", "1", "NEW", "2"):
        await town.write("sms", text)
    assert await came_by(town.office.database) == [("sms", "hall7")] * 2


async def test_a_redelivered_word_is_counted_once(town: Town) -> None:
    await town.write("sms", "HALL7")
    await town.write("sms", "HALL7")
    assert await came_by(town.office.database) == [("sms", "hall7")]


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.ENDED])
async def test_a_replay_reads_the_same_whatever_became_of_the_campaign(
    town: Town, hall: CampaignRow, state: CampaignState
) -> None:
    for text in ("HALL7 URDU", "جی ہاں", "2", "hall 7"):  # which the bot asks about: it is no answer yet
        await town.write("sms", text)
    if state is CampaignState.ENDED:
        await becomes(town, hall, state)
    assert await replay(town.office.database, town.library, town.office.channels, "parks") == []
    assert await came_by(town.office.database) == [("sms", "hall7")]


async def test_a_person_who_asks_is_shown_which_campaign_they_came_by(town: Town, keys: KeyRing) -> None:
    for text in ("HALL7", "NEW"):
        await town.write("sms", text)
    await town.write("whatsapp", "PARKS")
    shown = json.loads(await subject_access(town.office.database, keys, NUMBER, who="dpo", now=NOON))
    assert [one["invited_by"] for one in shown["responses"]] == ["Bentilee hall", "Bentilee hall", None]


async def test_delete_takes_the_attribution_away_with_the_rest(town: Town) -> None:
    for text in ("HALL7", "DELETE", "YES"):
        await town.write("sms", text)
    assert await came_by(town.office.database) == []
