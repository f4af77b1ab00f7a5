"""Who may change a campaign, what is left of one that is over, and what two looks at its totals tell."""

import re

import pytest

from storage import campaigns, surveys
from storage.script import Database
from tests.analysis.filling import DAY, keep
from tests.web.outreach_scene import FORM, Office, open_office, residents
from tests.web.walking import words_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HALL7 = "/staff/campaigns/hall7"
NEW = "/staff/campaigns/new"


@pytest.fixture
async def office(database: Database) -> Office:
    made = await open_office(database)
    await made.campaign("Bentilee hall", "amina", "HALL7")
    return made


# -- who may change it


async def test_an_analyst_sees_a_workers_campaign_and_cannot_end_it(office: Office) -> None:
    desk = await office.sign_in("ben", "analyst")
    page = words_of((await desk.get(HALL7)).text)
    assert "Bentilee hall" in page
    for button in ("Pause it", "End it now", "Answer with somebody"):
        assert button not in page
    for do in ("pause", "end"):
        assert (await desk.post(HALL7, do=do)).status_code == 403
    assert await office.rows("SELECT state FROM campaign") == [("running",)]


@pytest.mark.parametrize(("name", "role"), [("amina", "worker"), ("ada", "admin")])
async def test_who_made_it_and_an_admin_may(office: Office, name: str, role: str) -> None:
    desk = await office.sign_in(name, role)
    assert "Answer with somebody" in words_of((await desk.get(HALL7)).text)
    assert (await desk.post(HALL7, do="pause")).status_code == 303
    page = words_of((await desk.get(HALL7)).text)
    assert "Links for volunteers" in page
    assert "Answer with somebody" not in page


async def test_an_analyst_changes_what_they_made_themselves(office: Office) -> None:
    await office.campaign("Their own", "ben", "PARK7")
    desk = await office.sign_in("ben", "analyst")
    assert (await desk.post("/staff/campaigns/park7", do="pause")).status_code == 303


@pytest.mark.parametrize("path", ["/staff/campaigns", NEW])
async def test_whose_role_has_no_campaigns_makes_and_lists_none(office: Office, path: str) -> None:
    desk = await office.sign_in("sam", "safeguarding")
    assert (await desk.get(path)).status_code == 403
    assert (await desk.post(NEW, **FORM)).status_code == 403
    assert await office.rows("SELECT COUNT(*) FROM campaign") == [(1,)]


# -- once it is over


@pytest.mark.parametrize("how", ["by hand", "by its last day", "with its survey"])
async def test_of_a_campaign_that_is_over_nothing_is_printed_and_no_link_shown(office: Office, how: str) -> None:
    if how == "by hand":
        await office.database.run(lambda: campaigns.change_state("hall7", "ended", office.now))
    elif how == "by its last day":
        await office.change("UPDATE campaign SET ends_on = '2026-11-21'")
    else:
        await office.database.run(lambda: surveys.close("stoke", office.now))
    desk = await office.sign_in("amina", "worker")
    page = (await desk.get(HALL7)).text
    assert "Ended" in words_of(page)
    for gone in ("People text", "Poster, A4", "/poster/", "Answer with somebody", "/staff/assisted/", "sms:"):
        assert gone not in page
    answer = await desk.get(f"{HALL7}/poster/A4")
    assert answer.status_code == 422
    assert "HALL7 has ended" in words_of(answer.text)
    assert await office.rows("SELECT COUNT(*) FROM audit WHERE action = 'poster taken'") == [(0,)]


# -- making one


async def test_everything_that_is_wrong_is_said_at_once(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    wrong = {"keyword": "STOP", "target": "many", "starts_on": "2026-01-01", "name": ""}
    form = {name: value for name, value in (FORM | wrong).items() if not name.startswith("channel-")}
    answer = await desk.post(NEW, **form)
    assert answer.status_code == 422
    summary = answer.text.split('<h1 class="govuk-heading-l">')[0]
    linked = set(re.findall(r'<a href="#(\w+)">', summary))
    assert {"keyword", "target", "starts_on", "name", "channels"} <= linked


@pytest.mark.parametrize(
    ("role", "setting", "said"),
    [
        pytest.param(
            "worker", '"closes":"2027-06-30"', "Ask an admin: on this page, they can set its last day.", id="day"
        ),
        pytest.param("admin", '"closes":"2027-06-30"', "Set its last day here first.", id="the admin"),
        pytest.param("worker", '"verify_url":"https://stoke.example/real"', "Ask an admin: whoever runs", id="more"),
    ],
)
async def test_no_form_is_shown_while_the_survey_can_take_no_campaign(
    office: Office, role: str, setting: str, said: str
) -> None:
    name = setting.split(":", 1)[0]
    await office.change(
        "UPDATE survey_definition SET definition = REPLACE(definition, :setting, :empty)",
        {"setting": setting, "empty": f'{name}:""'},
    )
    desk = await office.sign_in("zoe", role)
    page = (await desk.get(NEW)).text
    assert said in words_of(page)
    assert "survey publish" not in page
    assert "The word that people text" not in page


async def test_a_closed_survey_takes_no_campaign_and_no_last_day(office: Office) -> None:
    await office.database.run(lambda: surveys.close("stoke", office.now))
    desk = await office.sign_in("ada", "admin")
    page = words_of((await desk.get(NEW)).text)
    assert "It is closed, so nobody can be invited to it." in page
    assert "The word that people text" not in page
    answer = await desk.post("/staff/campaigns/closing", survey="stoke", closes="2027-06-30")
    assert answer.status_code == 422
    assert await office.rows("SELECT closed_at FROM survey") == [(office.now,)], "it is not opened again by the way"


# -- two looks at its totals


async def test_one_more_answer_does_not_show_what_it_was(office: Office) -> None:
    people = [
        *residents(20, "hall7", age="young", faith="none"),
        *residents(11, "hall7", age="old", faith="muslim"),
    ]
    await office.database.run(keep(*people))
    office.now += DAY
    desk = await office.sign_in("amina", "worker")

    async def shown() -> str:
        page = words_of((await desk.get(f"{HALL7}/totals")).text)
        return page[page.index("Who answers") :]

    before = await shown()
    assert "Muslim 10" in before
    # Four more would be shown as fifteen, if they had not come today.
    await office.database.run(keep(*residents(4, "hall7", age="old", faith="muslim", began=office.now)))
    assert await shown() == before
    assert "35 begun" in words_of((await desk.get(HALL7)).text), "the totals stay exact"


async def test_a_language_that_few_speak_is_hidden_here_as_on_the_councils_page(office: Office) -> None:
    await office.database.run(keep(*residents(26, "hall7", age="young")))
    office.now += DAY
    await office.change(
        "UPDATE response SET language = CASE WHEN id IN (SELECT id FROM response ORDER BY id LIMIT 4) THEN 'ur'"
        " ELSE 'en' END"
    )
    desk = await office.sign_in("amina", "worker")
    page = words_of((await desk.get(HALL7)).text)
    assert "Urdu hidden" in page
    assert "Urdu 4" not in page
