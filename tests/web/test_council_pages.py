"""The council's page and the messages to answer: who may open them, and what stands there."""

import re

import pytest

from storage.population import People, replace
from storage.script import Database
from tests.analysis.filling import DAY, keep
from tests.web.outreach_scene import SURVEY, Office, open_office, residents
from tests.web.walking import words_of

# What is counted, kept and sent, tests/analysis and tests/service/test_unread.py have tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PEOPLE = [People("age", code, people, "Census") for code, people in (("young", 300), ("middle", 500), ("old", 200))]


@pytest.fixture
async def office(database: Database) -> Office:
    office = await open_office(database)
    await office.campaign("Bentilee hall", "amina", "HALL7", "Bentilee")
    await office.campaign("Bentilee club", "bilal", "CLUB", "Bentilee")
    people = [*residents(60, "hall7", age="young", faith="none"), *residents(22, "club", age="old", faith="muslim")]
    await database.run(keep(*people, *residents(4, age="middle", source="whatsapp")))
    office.now += DAY
    return office


async def test_the_council_sees_everybody_by_channel_campaign_and_place(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    page = words_of((await desk.get("/staff/council")).text)
    assert "86 completed, 86 begun" in page
    assert "SMS 82 82" in page
    assert "WhatsApp 4 4" in page
    assert "Bentilee hall 60 60 50" in page
    assert "No campaign 4 4 –" in page
    assert "Bentilee 82 82" in page
    assert "22 November 2026 86" in page
    assert "No figures are loaded of how many people there are" in page
    assert "What about age? Answer People 16-34 60 35-64 hidden 65 up hidden" in page


async def test_what_people_say_of_themselves_today_counts_tomorrow(office: Office) -> None:
    await office.database.run(lambda: replace("stoke", PEOPLE, "dora", 1))
    await office.database.run(keep(*residents(15, age="middle", began=office.now)))
    page = words_of((await (await office.sign_in("dora", "analyst")).get("/staff/council")).text)
    assert "101 completed, 101 begun" in page
    assert "35-64 50.0% hidden hidden 43 –" in page
    assert page.count("up to the end of yesterday") == 3, "twice of the people, and of the languages"
    office.now += DAY
    page = words_of((await (await office.sign_in("dani", "analyst")).get("/staff/council")).text)
    assert "35-64 50.0% 18.8% 19" in page


async def test_who_is_missing_is_said_in_words(office: Office) -> None:
    await office.database.run(lambda: replace("stoke", PEOPLE, "dora", 1))
    desk = await office.sign_in("dora", "admin")
    answer = await desk.get("/staff/council")
    page = words_of(answer.text)
    assert "16-34 30.0% 69.8% 60 26 more than expected" in page
    assert "35-64 50.0% hidden hidden 43 –" in page
    assert "The hidden ones together 70.0% 30.2% 26 60 fewer than expected" in page
    assert "Source: Census." in page
    # One table for one question: a second one that hides other numbers would tell.
    assert page.count("What about age? In numbers") == 1
    assert "What about age? Answer People" not in page
    assert 'style="' not in answer.text
    assert re.search(r'<svg role="img" aria-labelledby="missing-age-title missing-age-desc"', answer.text)


async def test_the_page_says_what_else_waits(office: Office) -> None:
    await office.hear("What is this?")
    await office.change("INSERT INTO language_wish (survey, language, channel, at) VALUES ('stoke', 'ti', 'sms', 1)")
    desk = await office.sign_in("dora", "analyst")
    page = words_of((await desk.get("/staff/council")).text)
    assert "Messages to answer : 1" in page
    assert "Voice notes to write down : 0" in page
    assert "Asked for, and not offered: Tigrinya (1)" in page
    assert "Still a draft, so not offered unless your settings allow it: Urdu" in page


async def test_the_part_that_changes_can_be_had_alone(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    answer = await desk.get("/staff/council/totals?survey=stoke")
    assert "<html" not in answer.text
    assert "86 completed" in words_of(answer.text)
    assert (await desk.get("/staff/council/totals?survey=nowhere")).status_code == 404
    assert (await desk.get("/staff/council?survey=nowhere")).status_code == 404


@pytest.mark.parametrize("role", ["worker", "safeguarding"])
async def test_other_roles_open_nothing_of_it(office: Office, role: str) -> None:
    await office.hear("What is this?")
    desk = await office.sign_in("carl", role)
    for path in ("/staff/council", "/staff/council/totals?survey=stoke", "/staff/unread", "/staff/unread/m1"):
        answer = await desk.get(path)
        assert answer.status_code == 403
        assert "What is this?" not in answer.text
    assert (await desk.post("/staff/unread/m1", do="leave")).status_code == 403
    assert await office.rows("SELECT inbound_id FROM hand_reply") == []
    assert await office.rows("SELECT action FROM audit WHERE action LIKE 'message%'") == []
    desk.client.cookies.clear()
    for path in ("/staff/council", "/staff/unread", "/staff/unread/m1"):
        assert (await desk.get(path)).headers["location"] == "/staff"
    assert (await desk.get("/staff/council/totals?survey=stoke")).status_code == 403


async def test_a_message_is_read_masked_and_answered_from_a_template(office: Office) -> None:
    await office.hear("Ring me on 07700 900123 <b>now</b>")
    desk = await office.sign_in("dora", "analyst")
    listed = (await desk.get("/staff/unread")).text
    assert "1 resident waits for a person: the bot could not handle what they wrote." in words_of(listed)
    assert "Ring me" not in listed
    assert f'<span class="campaign-about">{SURVEY.title["en"]}</span>' in listed
    page = (await desk.get("/staff/unread/m1")).text
    assert "Ring me on [phone] &lt;b&gt;now&lt;/b&gt;" in page
    assert f"· {SURVEY.title['en']}" in words_of(page)
    assert "there is no reviewed translation of these answers" in page
    assert "07700 900123" not in page
    answer = await desk.post("/staff/unread/m1", do="answer", reply="talk_to_us")
    assert "Your answer is on its way." in words_of((await desk.get(answer.headers["location"])).text)
    (sent,) = await office.rows("SELECT text, purpose, state FROM outbox")
    assert sent == (
        "Somebody at the council has read your text. To talk to a person: 01632 960 123",
        "reply",
        "queued",
    )
    assert (await desk.get("/staff/unread/m1")).status_code == 404
    again = await desk.post("/staff/unread/m1", do="answer", reply="thank_you")
    assert "Somebody else has seen to it" in words_of((await desk.get(again.headers["location"])).text)
    assert len(await office.rows("SELECT id FROM outbox")) == 1
    actions = await office.rows("SELECT action, detail FROM audit WHERE who = 'dora' ORDER BY id")
    assert actions == [("message read", "m1"), ("message answered", "m1: talk_to_us")]


async def test_a_message_can_need_no_answer(office: Office) -> None:
    await office.hear("ok then")
    desk = await office.sign_in("dora", "analyst")
    answer = await desk.post("/staff/unread/m1", do="leave")
    page = words_of((await desk.get(answer.headers["location"])).text)
    assert "Noted: it needs no answer." in page
    assert "No message waits for an answer." in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        pytest.param({"do": "answer"}, "Choose an answer", id="none chosen"),
        pytest.param({"do": "answer", "reply": "made up"}, "This answer cannot be sent", id="one that is not offered"),
    ],
)
async def test_an_answer_must_be_one_of_those_offered(office: Office, form: dict[str, str], said: str) -> None:
    await office.hear("ok then")
    desk = await office.sign_in("dora", "analyst")
    answer = await desk.post("/staff/unread/m1", **form)
    assert answer.status_code == 422
    assert re.search(rf'<a href="#reply">{said}', answer.text)
    assert await office.rows("SELECT id FROM outbox") == []
    assert (await desk.post("/staff/unread/m1", do="burn")).status_code == 400


async def test_whoever_has_texted_stop_is_not_answered(office: Office) -> None:
    await office.hear("ok then")
    await office.change("UPDATE contact SET opted_out_at = 1")
    desk = await office.sign_in("dora", "analyst")
    page = (await desk.get("/staff/unread/m1")).text
    assert "It cannot be answered. Whoever wrote this has texted STOP since." in words_of(page)
    assert 'value="answer"' not in page
    answer = await desk.post("/staff/unread/m1", do="answer", reply="thank_you")
    assert "Nothing was sent" in words_of((await desk.get(answer.headers["location"])).text)
