"""`poster` as a community worker types it."""

from pathlib import Path

import pytest

from bench.serving import environment
from bot.outreach.campaigns import CampaignState, Numbers, Wanted, change, create, links
from storage import campaigns, surveys
from storage.database import open_database
from tests.end_to_end.commands import run
from tests.outreach.printing import printed, survey

NOW = 1_790_000_000_000
NUMBERS = Numbers(sms="+447700900123", base_url="https://voices.stoke.example")
UNREACHABLE = "warning: stoke-community-cohesion: contact, contact_ur, "


@pytest.fixture
async def settings(tmp_path: Path) -> dict[str, str]:
    """Give settings for texts and the web, over a database with the shipped survey and two campaigns, one ended."""
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    database = await open_database(url)
    try:
        one = survey()
        await database.run(lambda: surveys.publish(one.id, one.version, one.hash, one.to_json(), NOW))
        for keyword in ("HALL7", "GONE7"):
            wanted = Wanted(one.id, "Bentilee hall", keyword=keyword, channels=("sms", "web"), languages=("en", "ur"))
            await create(database, wanted, "terminal", NOW)
        await change(database, "GONE7", CampaignState.ENDED, "terminal", NOW)
    finally:
        await database.close()
    return environment(url) | {
        "PUBLIC_BASE_URL": NUMBERS.base_url,
        "TWILIO_ACCOUNT_SID": "AC0123",
        "TWILIO_AUTH_TOKEN": "made up",
        "TWILIO_SMS_FROM": NUMBERS.sms,
    }


async def test_a_campaign_s_poster_is_written_with_its_links(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("poster", "--campaign", "hall7", "--out", "hall7.pdf", settings=settings, folder=tmp_path)
    assert done.code == 0
    (warned,) = done.err.splitlines()
    assert warned.startswith(UNREACHABLE)
    assert "hall7.pdf: A4, 210 by 297 mm" in done.out
    first, urdu = printed((tmp_path / "hall7.pdf").read_bytes())
    database = await open_database(settings["DATABASE_URL"])
    row = await database.read(lambda: campaigns.named("hall7"))
    await database.close()
    assert row is not None
    assert [seen.link for seen in first.codes] == list(links(row, NUMBERS).values())
    assert "HALL7 URDU" in urdu.text
    assert "DRAFT" in first.text


async def test_other_paper_and_other_languages_are_chosen_by_name(settings: dict[str, str], tmp_path: Path) -> None:
    chosen = ("--size", "A5", "--language", "polish", "--language", "bn")
    done = await run("poster", "--campaign", "HALL7", "--out", "a.pdf", *chosen, settings=settings, folder=tmp_path)
    assert (done.code, done.err.startswith(UNREACHABLE)) == (0, True)
    first, polish, bengali = printed((tmp_path / "a.pdf").read_bytes())
    assert round(first.width) == 148
    assert "HALL7 URDU" not in first.text
    assert "HALL7 POLSKI" in polish.text
    assert "HALL7 BANGLA" in bengali.text


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        pytest.param(("--campaign", "hall9"), 1, "There is no campaign 'hall9'", id="no such campaign"),
        pytest.param(("--campaign", "gone7"), 1, "GONE7 has ended", id="a campaign that is over"),
        pytest.param(("--campaign", "hall7", "--language", "Klingon"), 1, "has no Klingon", id="no such language"),
        pytest.param(("--campaign", "hall7", "--size", "A6"), 2, "--size", id="other paper"),
        pytest.param(("--campaign", "hall7", "--out", "no/where.pdf"), 1, "Name another file", id="no such folder"),
    ],
)
async def test_what_cannot_be_printed_is_said_in_a_line(
    arguments: tuple[str, ...], code: int, reason: str, settings: dict[str, str], tmp_path: Path
) -> None:
    done = await run("poster", "--out", "poster.pdf", *arguments, settings=settings, folder=tmp_path)
    assert done.code == code
    assert reason in done.err
    assert not (tmp_path / "poster.pdf").exists()


async def test_a_poster_keeps_to_what_its_file_s_name_says(settings: dict[str, str], tmp_path: Path) -> None:
    done = await run("poster", "--campaign", "hall7", "--out", "hall7.png", settings=settings, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "a poster is a PDF. Name it hall7.pdf" in done.err
    assert not (tmp_path / "hall7.png").exists()


async def test_a_channel_that_is_off_is_said_to_be_where_its_number_is_set(
    settings: dict[str, str], tmp_path: Path
) -> None:
    off = {name: value for name, value in settings.items() if not name.startswith("TWILIO")}
    printed_number = {"PRINTED_SMS_NUMBER": "+447700900999"}
    done = await run("poster", "--campaign", "hall7", "--out", "a.pdf", settings=off | printed_number, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "HALL7 invites by sms, and texts are off here" in done.err
    assert "NOTIFY_API_KEY" in done.err


async def test_a_channel_without_a_number_is_named(settings: dict[str, str], tmp_path: Path) -> None:
    without = settings | {"TWILIO_SMS_FROM": "MG0123"}
    done = await run("poster", "--campaign", "hall7", "--out", "a.pdf", settings=without, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "PRINTED_SMS_NUMBER" in done.err
