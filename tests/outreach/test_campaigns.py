"""Making campaigns and changing them: everything wrong is said at once, what is done is audited, ended is for good."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.language_names import NAMES
from bot.outreach.campaigns import (
    CHANNELS,
    PRESSED_AGAIN_MS,
    CampaignRefused,
    CampaignState,
    Numbers,
    Wanted,
    change,
    create,
    links,
    missing_settings,
    over_at,
    starts,
    state_at,
)
from storage import campaigns, installation, surveys
from storage.campaigns import CampaignRow
from storage.script import Database
from tests.outreach.scene import BARE, DAY, NOON, PARKS, publish, rows, running

NO_DATE = "The {} day '{}' is no date in the years 2000 to 2999. Write it as 2027-01-31."

WANTED = Wanted("parks", "Bentilee hall", keyword="hall 7")
NUMBERS = Numbers("+447700900321", "+447700900322", "stoke_asks_bot", "https://bot.example")
AUDIT = "SELECT who, action, detail FROM audit ORDER BY id"


@pytest.fixture
async def parks(database: Database) -> Database:
    """Publish the survey."""
    await publish(database)
    return database


async def refused(database: Database, wanted: Wanted, now: int = NOON) -> tuple[str, ...]:
    """Give every reason for which a campaign is refused, and see that nothing of it is kept."""
    before = await database.read(campaigns.every)
    with pytest.raises(CampaignRefused) as refusal:
        await create(database, wanted, "Parveen", now)
    assert await database.read(campaigns.every) == before
    assert str(refusal.value) == " ".join(refusal.value.problems)
    return refusal.value.problems


async def test_a_campaign_is_made_as_a_draft_with_what_was_left_out_filled_in(parks: Database) -> None:
    made = await create(parks, WANTED, "Parveen", NOON)
    assert made == CampaignRow(
        id="hall7",
        survey="parks",
        name="Bentilee hall",
        keyword="HALL7",
        partner="",
        place="",
        languages=("en", "ur"),
        channels=CHANNELS,
        target=None,
        starts_on="",
        ends_on="",
        state="draft",
        made_at=NOON,
        made_by="Parveen",
        changed_at=NOON,
        test=False,
    )
    assert await parks.read(campaigns.every) == [made]
    assert await rows(parks, AUDIT) == [("Parveen", "campaign made", "hall7: Bentilee hall")]


async def test_what_was_wanted_is_kept(parks: Database) -> None:
    wanted = replace(
        WANTED,
        name="  Bentilee\n hall ",
        partner="Bentilee Volunteers",
        place="Ubberley Road",
        languages=("Urdu", "pl", "polish", "en"),
        channels=("web", "sms"),
        target=50,
        starts_on="2026-01-14",
        ends_on="2026-03-31",
    )
    made = await create(parks, wanted, "Parveen", NOON)
    assert (made.name, made.partner, made.place) == ("Bentilee hall", "Bentilee Volunteers", "Ubberley Road")
    assert (made.languages, made.channels, made.target) == (("ur", "pl", "en"), ("sms", "web"), 50)
    assert (made.starts_on, made.ends_on) == ("2026-01-14", "2026-03-31")


async def test_in_a_demos_database_a_campaign_is_a_trial(parks: Database) -> None:
    await parks.run(installation.mark_demo)
    assert (await create(parks, WANTED, "demo", NOON)).test


async def test_what_a_survey_does_not_say_is_named_with_what_to_do(parks: Database) -> None:
    await publish(parks, BARE)
    assert missing_settings(BARE) == ("organisation", "contact", "closes", "min_age")
    assert await refused(parks, replace(WANTED, survey="bare")) == (
        "bare does not say who asks (organisation), nor whom to ask (contact), nor from which age on one may answer "
        "(min_age). Fill that in on its settings sheet and publish a new version.",
        "bare does not say when it closes. Run: survey publish FILE --closes 2027-01-31",
    )


async def test_an_age_of_nought_is_said(parks: Database) -> None:
    await publish(parks, replace(PARKS, version="2", min_age=0))
    assert (await create(parks, WANTED, "Parveen", NOON)).id == "hall7"


async def test_an_unknown_survey_is_refused_with_those_there_are(parks: Database) -> None:
    assert await refused(parks, replace(WANTED, survey="park")) == ("There is no survey 'park'. Published: parks.",)


async def test_a_survey_that_is_closed_invites_nobody(parks: Database) -> None:
    closed = ("parks is closed, so nobody can be invited to it.",)
    assert await refused(parks, WANTED, NOON + 100 * DAY) == closed
    await parks.run(lambda: surveys.close("parks", NOON))
    assert await refused(parks, WANTED, NOON + 1) == closed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        pytest.param(
            {"name": " "},
            ["The name is empty. Write what the campaign is called, such as Bentilee hall."],
            id="no name",
        ),
        pytest.param(
            {"place": "x" * 101}, ["The place is over 100 letters long. Write it shorter."], id="a long place"
        ),
        pytest.param(
            {"partner": "a\x07b"}, ["The partner has letters that cannot be printed. Write it again."], id="a bell"
        ),
        pytest.param(
            {"target": 0},
            ["The target must be a number of responses, 1 or more. Leave it out for none."],
            id="no target",
        ),
        pytest.param(
            {"languages": ("ur", "Klingon")}, ["parks has no language 'Klingon'. It has: en, ur, pl."], id="a language"
        ),
        pytest.param(
            {"channels": ("sms", "post")},
            ["'post' is no channel of a campaign. Choose from: sms, whatsapp, telegram, web."],
            id="a channel",
        ),
        pytest.param({"starts_on": "1/2/2026"}, [NO_DATE.format("first", "1/2/2026")], id="no date"),
        pytest.param({"ends_on": "20260201"}, [NO_DATE.format("last", "20260201")], id="a bare date"),
        pytest.param({"ends_on": "9999-12-31"}, [NO_DATE.format("last", "9999-12-31")], id="the end of the calendar"),
        pytest.param({"ends_on": "2026-01-13"}, ["The last day 2026-01-13 is past. Today is 2026-01-14."], id="past"),
        pytest.param(
            {"starts_on": "2026-02-02", "ends_on": "2026-02-01"},
            ["The last day 2026-02-01 is before the first, 2026-02-02."],
            id="the wrong order",
        ),
        pytest.param(
            {"ends_on": "2026-04-01"},
            ["The survey closes on 2026-03-31, before 2026-04-01. End the campaign by then."],
            id="after the close",
        ),
        pytest.param(
            {"name": "", "target": -1, "channels": ("post",)},
            [
                "The name is empty. Write what the campaign is called, such as Bentilee hall.",
                "The target must be a number of responses, 1 or more. Leave it out for none.",
                "'post' is no channel of a campaign. Choose from: sms, whatsapp, telegram, web.",
            ],
            id="several at once",
        ),
    ],
)
async def test_everything_that_is_wrong_is_said(parks: Database, wrong: dict[str, object], says: list[str]) -> None:
    assert await refused(parks, replace(WANTED, **wrong)) == tuple(says)  # type: ignore[arg-type]


async def test_a_keyword_that_somebody_has_is_refused(parks: Database) -> None:
    ended = await running(parks)
    await change(parks, ended.id, CampaignState.ENDED, "Parveen", NOON)
    taken = "belongs to a survey or to another campaign already. Choose another."
    assert await refused(parks, WANTED) == (f"The keyword HALL7 {taken}",)
    assert await refused(parks, replace(WANTED, keyword="Parks")) == (f"The keyword PARKS {taken}",)


async def test_a_keyword_is_proposed_where_none_is_given(parks: Database) -> None:
    wanted = replace(WANTED, keyword="", place="The Dudson Centre, Hanley", partner="YMCA")
    proposed = [(await create(parks, wanted, "Parveen", NOON)).keyword for _ in range(5)]
    assert proposed == ["DUDSON", "CENTRE", "YMCA", "BENTILEE", "HALL"]


async def test_of_several_that_are_made_at_one_moment_each_gets_a_word_of_its_own(parks: Database) -> None:
    wanted = replace(WANTED, keyword="", place="Hanley Park")
    made = await asyncio.gather(*(create(parks, wanted, "Parveen", NOON) for _ in range(6)))
    assert len({row.keyword for row in made}) == 6
    assert len(await parks.read(campaigns.every)) == 6


async def test_who_presses_twice_has_made_one_campaign_and_it_runs(parks: Database) -> None:
    wanted = Wanted("parks", "Bentilee hall", place="Bentilee")

    async def press(who: str = "Parveen", at: int = NOON, wanted: Wanted = wanted) -> CampaignRow:
        return await create(parks, wanted, who, at, is_to_run=True, once=True)

    first, second = await asyncio.gather(press(), press(at=NOON + 5))
    assert first.id == second.id
    assert (await press(at=NOON + 60_000)).state == "running"
    assert await rows(parks, "SELECT action FROM audit ORDER BY id") == [("campaign made",), ("campaign started",)]
    others = [
        await press("Tomasz"),
        await press(at=NOON + 5 + PRESSED_AGAIN_MS),  # after either of the two
        await press(wanted=replace(wanted, target=50)),
        await create(parks, wanted, "Parveen", NOON),
    ]
    assert len({first.id, *(each.id for each in others)}) == 5


async def test_a_word_that_was_chosen_is_no_other_campaign_s_when_pressed_twice(parks: Database) -> None:
    wanted = Wanted("parks", "Bentilee hall", keyword="HALL7")
    made = await create(parks, wanted, "Parveen", NOON, once=True)
    assert await create(parks, wanted, "Parveen", NOON + 5, once=True) == made
    with pytest.raises(CampaignRefused):
        await create(parks, wanted, "Tomasz", NOON + 5, once=True)


async def test_a_campaign_has_ended_with_its_survey(parks: Database) -> None:
    row = await running(parks)

    async def over(at: int) -> frozenset[str]:
        return over_at(await parks.read(surveys.every_version), at)

    last_day = int(datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp() * 1000)
    assert await over(last_day) == frozenset()
    assert await over(last_day + DAY) == {"parks"}, "by its own date"
    await parks.run(lambda: surveys.close("parks", NOON))
    assert await over(NOON) == {"parks"}, "by hand"
    assert state_at(row, NOON, await over(NOON)) is CampaignState.ENDED
    assert state_at(row, NOON, {"another"}) is CampaignState.RUNNING


async def test_a_name_in_another_script_is_kept_as_it_was_written(parks: Database) -> None:
    made = await create(parks, replace(WANTED, name="می\u200cخواهم ਪਾਰਕ"), "Parveen", NOON)
    assert made.name == "می\u200cخواهم ਪਾਰਕ"


# -- changing ------------------------------------------------------------------------------------------------------


async def test_a_campaign_starts_pauses_goes_on_and_ends_and_every_change_is_audited(parks: Database) -> None:
    made = await create(parks, WANTED, "Parveen", NOON)
    states = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.RUNNING, CampaignState.ENDED)
    for later, state in enumerate(states, 1):
        changed = await change(parks, "HALL7", state, "Adam", NOON + later)
        assert changed == replace(made, state=state.value, changed_at=NOON + later)
        assert await parks.read(lambda: campaigns.named("hall7")) == changed
    assert [(who, action) for who, action, _ in await rows(parks, AUDIT)][1:] == [
        ("Adam", "campaign started"),
        ("Adam", "campaign paused"),
        ("Adam", "campaign started"),
        ("Adam", "campaign ended"),
    ]


@pytest.mark.parametrize(
    ("before", "wanted", "says"),
    [
        pytest.param((), "paused", "HALL7 is draft, so it cannot be paused.", id="a draft is not paused"),
        pytest.param(("running",), "running", "HALL7 is running, so it cannot be started.", id="not started twice"),
        pytest.param(
            ("running",), "draft", "HALL7 is running, so it cannot be made a draft.", id="never a draft again"
        ),
        pytest.param(
            ("ended",), "running", "HALL7 has ended, and that is for good. Make a new campaign.", id="ended is for good"
        ),
    ],
)
async def test_a_change_that_cannot_be_is_refused_and_leaves_no_trace(
    parks: Database, before: tuple[str, ...], wanted: str, says: str
) -> None:
    await create(parks, WANTED, "Parveen", NOON)
    for state in before:
        await change(parks, "hall7", CampaignState(state), "Parveen", NOON)
    stands, audit = await parks.read(campaigns.every), await rows(parks, AUDIT)
    with pytest.raises(CampaignRefused) as refusal:
        await change(parks, "hall7", CampaignState(wanted), "Parveen", NOON + 1)
    assert refusal.value.problems == (says,)
    assert (await parks.read(campaigns.every), await rows(parks, AUDIT)) == (stands, audit)


async def test_what_is_not_there_cannot_be_changed(parks: Database) -> None:
    with pytest.raises(CampaignRefused, match="There is no campaign 'hall8'"):
        await change(parks, "hall8", CampaignState.RUNNING, "Parveen", NOON)


async def test_a_campaign_starts_only_while_its_survey_says_all_it_must_and_is_open(parks: Database) -> None:
    await create(parks, WANTED, "Parveen", NOON)
    await publish(parks, replace(PARKS, version="2", contact={}))
    with pytest.raises(CampaignRefused, match=r"whom to ask \(contact\)"):
        await change(parks, "hall7", CampaignState.RUNNING, "Parveen", NOON)
    await publish(parks)
    with pytest.raises(CampaignRefused, match="parks is closed"):
        await change(parks, "hall7", CampaignState.RUNNING, "Parveen", NOON + 100 * DAY)


async def test_a_campaign_ends_though_its_survey_has_closed(parks: Database) -> None:
    await running(parks)
    await parks.run(lambda: surveys.close("parks", NOON))
    assert (await change(parks, "hall7", CampaignState.ENDED, "Parveen", NOON)).state == "ended"


async def test_after_its_last_day_a_campaign_has_ended_by_itself(parks: Database) -> None:
    made = await create(parks, replace(WANTED, ends_on="2026-01-14"), "Parveen", NOON)
    made = await change(parks, made.id, CampaignState.RUNNING, "Parveen", NOON)
    assert (state_at(made, NOON), state_at(made, NOON + DAY)) == (CampaignState.RUNNING, CampaignState.ENDED)
    with pytest.raises(CampaignRefused, match="has ended"):
        await change(parks, made.id, CampaignState.PAUSED, "Parveen", NOON + DAY)


# -- joining -------------------------------------------------------------------------------------------------------


async def test_a_link_for_each_channel_has_the_keyword_in_it(parks: Database) -> None:
    made = await create(parks, WANTED, "Parveen", NOON)
    assert links(made, NUMBERS) == {
        "sms": "sms:+447700900321?&body=HALL7",
        "whatsapp": "https://wa.me/447700900322?text=HALL7",
        "telegram": "https://t.me/stoke_asks_bot?start=HALL7",
        "web": "https://bot.example/s/parks?c=HALL7",
    }
    assert links(made, NUMBERS, "ROMAN URDU") == {
        "sms": "sms:+447700900321?&body=HALL7%20ROMAN%20URDU",
        "whatsapp": "https://wa.me/447700900322?text=HALL7%20ROMAN%20URDU",
        "telegram": "https://t.me/stoke_asks_bot?start=HALL7_ROMAN_URDU",
        "web": "https://bot.example/s/parks?c=HALL7&lang=ur-Latn",
    }


async def test_a_channel_that_is_off_or_not_the_campaigns_has_no_link(parks: Database) -> None:
    made = await create(parks, replace(WANTED, channels=("sms", "telegram")), "Parveen", NOON)
    assert list(links(made, NUMBERS)) == ["sms", "telegram"]
    assert list(links(made, replace(NUMBERS, telegram=""))) == ["sms"]
    assert links(made, Numbers()) == {}


async def test_each_language_says_what_to_text_for_it(parks: Database) -> None:
    made = await create(parks, replace(WANTED, languages=("en", "ur", "pl")), "Parveen", NOON)
    assert starts(PARKS, made) == [
        ("English", "HALL7"),
        (NAMES["ur"].own, "HALL7 URDU"),
        (NAMES["pl"].own, "HALL7 POLSKI"),
    ]
    without_polish = replace(PARKS, languages=PARKS.languages[:2])
    assert [said for _, said in starts(without_polish, made)] == ["HALL7", "HALL7 URDU"]


async def test_of_many_who_end_a_campaign_at_once_all_but_one_are_told_that_it_has_ended(parks: Database) -> None:
    row = await running(parks)
    for state in (CampaignState.PAUSED, CampaignState.ENDED):  # the first round opens the connections
        changes = [change(parks, row.id, state, f"admin {each}", NOON) for each in range(20)]
        went = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(each) for each in went].count(CampaignRefused) == 19
    assert await rows(parks, "SELECT COUNT(*) FROM audit WHERE action = 'campaign ended'") == [(1,)]
