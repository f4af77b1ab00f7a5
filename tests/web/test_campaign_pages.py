"""The campaign pages: who sees which, what stands there, and what the buttons do."""

import pytest

from storage import surveys
from storage.script import Database
from tests.analysis.filling import BEGAN, DAY, MINUTE, Message, keep, receive
from tests.web.outreach_scene import FORM, HOUR, Office, open_office, residents
from tests.web.walking import words_of

# What the counting queries give, tests/analysis/test_tallies.py has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def office(database: Database) -> Office:
    return await open_office(database)


async def test_a_campaign_of_a_closed_survey_has_ended_in_the_list_and_on_its_page(office: Office) -> None:
    desk = await office.sign_in("amina", "worker")
    made = await office.campaign("Bentilee hall", "amina", "HALL7")
    await office.database.run(lambda: surveys.close("stoke", office.now))
    assert "Ended: its survey is closed" in words_of((await desk.get("/staff/campaigns")).text)
    page = words_of((await desk.get(f"/staff/campaigns/{made.id}")).text)
    assert "Ended: its survey is closed" in page
    assert "Pause it" not in page


async def test_a_worker_sees_their_own_campaigns_alone(office: Office) -> None:
    mine = await office.campaign("Bentilee hall", "amina", "HALL7")
    other = await office.campaign("Cobridge mosque", "bilal", "MOSQUE")
    await office.database.run(keep(*residents(12, other.id, age="old")))
    desk = await office.sign_in("amina", "worker")
    listed = words_of((await desk.get("/staff/campaigns")).text)
    assert "Bentilee hall" in listed
    assert "Cobridge" not in listed
    for path in (f"/staff/campaigns/{other.id}", f"/staff/campaigns/{other.id}/totals", "/staff/campaigns/MOSQUE"):
        answer = await desk.get(path)
        assert answer.status_code == 403
        assert "12" not in words_of(answer.text)
    assert (await desk.get(f"/staff/campaigns/{other.id}/poster/A4")).status_code == 403
    assert (await desk.post(f"/staff/campaigns/{other.id}", do="end")).status_code == 403
    assert await office.rows("SELECT state FROM campaign WHERE id = :id", {"id": other.id}) == [("running",)]
    assert (await desk.get(f"/staff/campaigns/{mine.id}")).status_code == 200


@pytest.mark.parametrize("role", ["admin", "analyst"])
async def test_whoever_sees_the_survey_sees_every_campaign(office: Office, role: str) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    desk = await office.sign_in("dora", role)
    assert "by amina" in words_of((await desk.get("/staff/campaigns")).text)
    assert (await desk.get("/staff/campaigns/hall7")).status_code == 200


async def test_strangers_are_sent_to_the_door_and_other_roles_turned_away(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    nobody, lead = await office.sign_in("x", "worker"), await office.sign_in("lead", "safeguarding")
    nobody.client.cookies.clear()
    for path in ("/staff/campaigns", "/staff/campaigns/new", "/staff/campaigns/hall7"):
        assert (await nobody.get(path)).headers["location"] == "/staff"
        assert (await lead.get(path)).status_code == 403
    assert (await nobody.get("/staff/campaigns/hall7/totals")).status_code == 403
    assert (await nobody.get("/staff/campaigns/hall7/poster/A4")).status_code == 303
    assert (await lead.post("/staff/campaigns/new", **FORM)).status_code == 403


async def test_a_forged_form_changes_nothing(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    desk = await office.sign_in("amina", "worker")
    assert (await desk.post("/staff/campaigns/hall7", do="end", token="made up")).status_code == 403
    desk.client.headers["sec-fetch-site"] = "cross-site"
    assert (await desk.post("/staff/campaigns/hall7", do="end")).status_code == 403
    assert await office.rows("SELECT state FROM campaign") == [("running",)]


async def test_pause_resume_and_end(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    desk = await office.sign_in("amina", "worker")
    for do, state, offered in (
        ("pause", "paused", "Let it run again"),
        ("resume", "running", "Pause it"),
        ("end", "ended", "Ended: its word begins nothing any more"),
    ):
        answer = await desk.post("/staff/campaigns/hall7", do=do)
        assert offered in words_of((await desk.get(answer.headers["location"])).text)
        assert await office.rows("SELECT state FROM campaign") == [(state,)]
    again = await desk.post("/staff/campaigns/hall7", do="resume")
    assert again.status_code == 422
    assert "has ended, and that is for good" in words_of(again.text)
    assert (await desk.post("/staff/campaigns/hall7", do="burn")).status_code == 400


async def test_the_totals_are_whole_for_their_worker_and_small_answers_hidden(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    people = [
        *residents(20, "hall7", age="young"),
        *residents(12, "hall7", age="middle"),
        *residents(3, "hall7", age="old"),
    ]
    await office.database.run(keep(*people, *residents(2, "hall7", source="whatsapp")))
    office.now += DAY
    desk = await office.sign_in("amina", "worker")
    page = words_of((await desk.get("/staff/campaigns/hall7")).text)
    assert "35 completed of 50 hoped for, 37 begun" in page
    assert "WhatsApp 2 0" in page
    assert "16-34 20 35-64 hidden 65 up hidden" in page
    fragment = await desk.get("/staff/campaigns/hall7/totals")
    assert fragment.headers["cache-control"] == "no-store"
    assert "<html" not in fragment.text
    assert "35 completed of 50 hoped for" in words_of(fragment.text)


async def test_no_words_and_no_number_of_a_resident_stand_on_a_workers_page(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    (someone,) = residents(1, "hall7", age="old")
    someone.answers = [*someone.answers]
    someone.answers[0].said = "the lights are out"
    await office.database.run(keep(someone))
    await office.database.run(receive(Message("m1", "answer", response=someone.id)))
    desk = await office.sign_in("amina", "worker")
    for path in ("/staff/campaigns", "/staff/campaigns/hall7", "/staff/campaigns/hall7/totals"):
        assert "lights" not in (await desk.get(path)).text


async def test_a_poster_is_a_pdf_and_stands_in_the_audit_log(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    desk = await office.sign_in("amina", "worker")
    answer = await desk.get("/staff/campaigns/hall7/poster/A5")
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["content-disposition"] == 'attachment; filename="hall7-A5.pdf"'
    assert await office.rows("SELECT who, detail FROM audit WHERE action = 'poster taken'") == [("amina", "hall7 A5")]
    assert (await desk.get("/staff/campaigns/hall7/poster/A3")).status_code == 404


async def test_a_poster_that_cannot_be_printed_says_what_is_missing(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    await office.change(
        "UPDATE survey_definition SET definition = REPLACE(definition, 'https://stoke.example/real', '')"
    )
    desk = await office.sign_in("amina", "worker")
    answer = await desk.get("/staff/campaigns/hall7/poster/A4")
    assert answer.status_code == 422
    assert "verify_url" in words_of(answer.text)


async def test_a_campaign_says_how_it_stands_by_its_days(office: Office) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    desk = await office.sign_in("amina", "worker")
    await office.change("UPDATE campaign SET starts_on = '2026-12-01', ends_on = '2026-12-24'")
    assert "Starts on 1 December 2026" in words_of((await desk.get("/staff/campaigns")).text)
    assert "1 December 2026 to 24 December 2026" in words_of((await desk.get("/staff/campaigns/hall7")).text)
    await office.change("UPDATE campaign SET starts_on = '', ends_on = '2026-11-21'")
    page = words_of((await desk.get("/staff/campaigns/hall7")).text)
    assert "State Ended" in page
    assert "until 21 November 2026" in page
    await office.change("UPDATE campaign SET starts_on = '2026-11-01', ends_on = ''")
    assert "from 1 November 2026" in words_of((await desk.get("/staff/campaigns/hall7")).text)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param(20_000, "less than a minute ago", id="now"),
        pytest.param(MINUTE, "1 minute ago", id="a minute"),
        pytest.param(5 * HOUR, "5 hours ago", id="hours"),
        pytest.param(DAY, "21 November 2026", id="a day"),
    ],
)
async def test_the_list_says_when_somebody_was_last_heard(office: Office, before: int, said: str) -> None:
    await office.campaign("Bentilee hall", "amina", "HALL7")
    office.now = BEGAN
    desk = await office.sign_in("amina", "worker")
    assert "nobody yet" in words_of((await desk.get("/staff/campaigns")).text)
    await office.database.run(keep(*residents(1, "hall7", began=BEGAN - before)))
    assert said in words_of((await desk.get("/staff/campaigns")).text)
