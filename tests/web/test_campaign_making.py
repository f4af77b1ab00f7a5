"""Making a campaign and changing it: what the form says, what it refuses, and what is kept."""

import html
import re

import pytest
from fastapi import FastAPI

from bot.core.phrases import Phrases
from bot.outreach.campaigns import Numbers
from bot.service.library import Library, Wording
from bot.service.word_files import load_words
from bot.web.campaigns import campaign_routes
from bot.web.pages import Pages
from storage.script import Database
from tests.web.outreach_scene import BASE, FORM, NUMBERS, Office, open_office
from tests.web.walking import words_of

# What the counting queries give, tests/analysis/test_tallies.py has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def office(database: Database) -> Office:
    return await open_office(database)


async def test_a_worker_makes_a_campaign_that_runs_at_once(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    answer = await desk.post("/staff/campaigns/new", **FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/campaigns/hall7?done=made")
    page = words_of((await desk.get(answer.headers["location"])).text)
    assert "Made. It runs: whoever texts its word is asked the survey." in page
    assert "HALL7 URDU" in page
    assert "People text HALL7 to +447700900321 (SMS)" in page
    assert "WhatsApp" not in page
    rows = await office.rows("SELECT state, made_by, target, languages, channels, ends_on FROM campaign")
    assert rows == [("running", "amina", 50, "en ur", "sms web", "2027-01-31")]


async def test_a_campaign_can_wait_and_its_word_be_proposed(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    answer = await desk.post("/staff/campaigns/new", **(FORM | {"keyword": "", "do": "keep"}))
    assert answer.headers["location"] == "/staff/campaigns/bentilee?done=made"
    page = words_of((await desk.get(answer.headers["location"])).text)
    assert "It does not run yet: start it below." in page
    assert "Start it" in page


async def test_a_campaign_is_changed_by_who_made_it_and_keeps_its_word(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    await desk.post("/staff/campaigns/new", **FORM)
    assert 'href="/staff/campaigns/hall7/change"' in (await desk.get("/staff/campaigns/hall7")).text
    page = (await desk.get("/staff/campaigns/hall7/change")).text
    assert 'name="keyword"' not in page
    assert re.search(r'name="target" type="text"[^>]* value="50"', page)
    ticked = set(re.findall(r'name="channel-(\w+)" type="checkbox" value="yes" checked', page))
    assert ticked == {"sms", "web"}
    change = {"place": "Hanley", "ends_on": "2027-02-01", "language-ur": "yes", "channel-whatsapp": "yes"}
    answer = await desk.post("/staff/campaigns/hall7/change", **change, keyword="OTHER", name="Another")
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/campaigns/hall7?done=changed")
    assert "Changed. The poster and the links are new too." in (await desk.get(answer.headers["location"])).text
    rows = await office.rows("SELECT keyword, place, target, languages, channels, ends_on FROM campaign")
    assert rows == [("HALL7", "Hanley", None, "ur", "whatsapp", "2027-02-01")]
    assert ("amina", "campaign changed") in await office.rows("SELECT who, action FROM audit")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        pytest.param({"target": "many"}, "target", id="no number"),
        pytest.param({"ends_on": "2099-01-01"}, "ends_on", id="after the survey"),
    ],
)
async def test_a_change_that_will_not_do_comes_back_as_it_was_typed(
    office: Office, typed: dict[str, str], field: str
) -> None:
    desk = await office.sign_in("amina", "worker")
    await desk.post("/staff/campaigns/new", **FORM)
    before = await office.rows("SELECT * FROM campaign")
    whole = {"place": "Hanley", "language-ur": "yes", "channel-web": "yes", **typed}
    answer = await desk.post("/staff/campaigns/hall7/change", **whole)
    assert (answer.status_code, f'href="#{field}"' in answer.text) == (422, True)
    assert f'value="{typed[field]}"' in answer.text
    assert await office.rows("SELECT * FROM campaign") == before


async def test_a_channel_that_is_off_here_stays_when_the_rest_is_changed(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    await office.change("UPDATE campaign SET channels = 'telegram web'", {})
    app = FastAPI(openapi_url=None)
    numbers = Numbers(sms=NUMBERS.sms, base_url=BASE)
    app.include_router(campaign_routes(office.database, numbers, Pages("The council"), office.clock, BASE))
    office.app = app
    desk = await office.sign_in("amina", "worker")
    await desk.post("/staff/campaigns/hall7/change", **{"language-en": "yes", "channel-sms": "yes"})
    assert await office.rows("SELECT channels FROM campaign") == [("sms telegram",)]


@pytest.mark.parametrize(
    ("name", "role", "status"), [("ben", "worker", 403), ("cem", "analyst", 403), ("dora", "admin", 303)]
)
async def test_who_else_may_change_a_campaign(office: Office, name: str, role: str, status: int) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    desk = await office.sign_in(name, role)
    assert (await desk.get("/staff/campaigns/hall7/change")).status_code == (200 if status == 303 else status)
    form = {"language-en": "yes", "channel-sms": "yes"}
    assert (await desk.post("/staff/campaigns/hall7/change", **form)).status_code == status


async def test_make_it_pressed_twice_makes_one_campaign(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    form = FORM | {"keyword": "", "do": "run"}
    answers = [await desk.post("/staff/campaigns/new", **form) for _ in range(2)]
    assert {answer.headers["location"] for answer in answers} == {"/staff/campaigns/bentilee?done=made"}
    assert await office.rows("SELECT id, state FROM campaign") == [("bentilee", "running")]


async def test_what_converses_here_hears_of_a_change_before_the_page_says_so(database: Database) -> None:
    await open_office(database)
    library = Library(database, Wording(Phrases(), {"": load_words()}))
    await library.load()
    office = Office(database, FastAPI(openapi_url=None))
    office.app.include_router(
        campaign_routes(database, NUMBERS, Pages("The council"), office.clock, BASE, library.load)
    )
    desk = await office.sign_in("amina", "worker")
    await desk.post("/staff/campaigns/new", **FORM)
    assert [(one.word, one.state) for one in library.invitations] == [("HALL7", "running")]
    await desk.post("/staff/campaigns/hall7", do="pause")
    assert [one.state for one in library.invitations] == ["paused"]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        pytest.param({"name": ""}, "name", "The name is empty", id="no name"),
        pytest.param({"keyword": "STOP"}, "keyword", "STOP will not do", id="a word that stops"),
        pytest.param({"keyword": "stoke"}, "keyword", "belongs to a survey", id="a survey's word"),
        pytest.param({"target": "many"}, "target", "in digits", id="a number in letters"),
        pytest.param({"target": "0"}, "target", "1 or more", id="nought hoped for"),
        pytest.param({"starts_on": "tomorrow"}, "starts_on", "The first day", id="a day in words"),
        pytest.param({"ends_on": "2030-01-01"}, "ends_on", "The survey closes on", id="a day after the survey's end"),
        pytest.param({"place": "x" * 101}, "place", "over 100 letters", id="a place too long for a poster"),
        pytest.param({"partner": "x" * 101}, "partner", "over 100 letters", id="a partner too long for a poster"),
    ],
)
async def test_a_refusal_leads_to_its_field_and_loses_nothing(
    office: Office, typed: dict[str, str], field: str, said: str
) -> None:
    desk = await office.sign_in("amina", "worker")
    answer = await desk.post("/staff/campaigns/new", **(FORM | typed))
    assert answer.status_code == 422
    assert re.search(rf'<a href="#{field}">[^<]*{said}', html.unescape(answer.text))
    assert f'id="{field}-error"' in answer.text
    for name in ("name", "partner", "place", "keyword", "target", "starts_on", "ends_on"):
        kept = html.escape((FORM | typed)[name], quote=False).replace("'", "&#39;")
        assert not kept or f'value="{kept}"' in answer.text
    assert re.search(r'name="language-ur"[^>]*checked', answer.text)
    assert not re.search(r'name="channel-whatsapp"[^>]*checked', answer.text)
    assert await office.rows("SELECT id FROM campaign") == []


async def test_boxes_that_nobody_ticked_are_asked_for(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    form = {name: value for name, value in FORM.items() if not name.startswith(("language-", "channel-"))}
    answer = await desk.post("/staff/campaigns/new", **form)
    assert '<a href="#languages">Choose at least one language</a>' in answer.text
    assert '<a href="#channels">Choose at least one way to take part</a>' in answer.text


async def test_a_survey_without_its_settings_is_refused_with_what_is_missing(office: Office) -> None:
    await office.change(
        "UPDATE survey_definition SET definition = REPLACE(definition, 'https://stoke.example/real', '')"
    )
    desk = await office.sign_in("amina", "worker")
    warned = words_of((await desk.get("/staff/campaigns/new")).text)
    assert "Nobody can be invited to it yet. It does not say where to check that it is real (verify_url)." in warned
    answer = await desk.post("/staff/campaigns/new", **FORM)
    assert answer.status_code == 422
    assert "verify_url" in answer.text.split("</h1>")[0]
    assert await office.rows("SELECT id FROM campaign") == []


async def test_a_survey_that_names_nobody_who_can_be_reached_is_warned_of_and_can_be_invited_to(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    assert "HELP does not tell" not in (await desk.get("/staff/campaigns/new")).text
    await office.change("UPDATE survey_definition SET definition = REPLACE(definition, '01632 960 123', 'the desk')")
    warned = words_of((await desk.get("/staff/campaigns/new")).text)
    assert "On the survey’s settings sheet, contact holds no phone number, e-mail address or postal address" in warned
    assert (await desk.post("/staff/campaigns/new", **FORM)).status_code == 303


async def test_an_admin_sets_the_last_day_that_a_survey_lacks(office: Office) -> None:
    await office.change(
        """UPDATE survey_definition SET definition = REPLACE(definition, '"closes":"2027-06-30"', '"closes":""')"""
    )
    admin, worker = await office.sign_in("sarah", "admin"), await office.sign_in("amina", "worker")
    assert "Set the last day" in (await admin.get("/staff/campaigns/new")).text
    assert "Set the last day" not in (await worker.get("/staff/campaigns/new")).text
    refused = await worker.post("/staff/campaigns/closing", survey="stoke", closes="2027-06-30")
    assert refused.status_code == 403
    for typed, said in (("soon", "must be a date"), ("2026-01-31", "is over")):
        answer = await admin.post("/staff/campaigns/closing", survey="stoke", closes=typed)
        assert answer.status_code == 422
        assert re.search(rf'<a href="#closes">[^<]*{said}', answer.text)
    assert await office.rows("SELECT COUNT(*) FROM survey_definition") == [(1,)]
    answer = await admin.post("/staff/campaigns/closing", survey="stoke", closes="2027-06-29")
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/campaigns/new?survey=stoke")
    assert await office.rows("SELECT current_version FROM survey") == [("1+2027-06-29",)]
    assert await office.rows("SELECT who, detail FROM audit WHERE action = 'survey closes'") == [
        ("sarah", "stoke: 2027-06-29")
    ]
    assert (await worker.post("/staff/campaigns/new", **FORM)).status_code == 303


async def test_a_draft_language_is_marked_and_not_ticked_at_first(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    page = (await desk.get("/staff/campaigns/new")).text
    assert "Urdu, اردو" in page
    assert "Draft: nobody has read the translation yet" in page
    assert not re.search(r'name="language-ur"[^>]*checked', page)
    assert re.search(r'name="language-en"[^>]*checked', page)


async def test_another_survey_can_be_chosen_and_none_made_up(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    assert (await desk.get("/staff/campaigns/new?survey=nowhere")).status_code == 404
    assert (await desk.post("/staff/campaigns/new", **(FORM | {"survey": "nowhere"}))).status_code == 404
    assert (await desk.get("/staff/campaigns/nowhere")).status_code == 404
