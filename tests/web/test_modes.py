"""The report by mode on a page and as files: who may open it, what stands there, and what the audit log says."""

import csv
import io

import pytest
from fastapi import FastAPI

from bot.web.modes import mode_routes
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.refusals import Refusals
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.modes.town import fill
from tests.web.conftest import SignIn
from tests.web.outreach_scene import BASE, COUNCIL, Office
from tests.web.walking import words_of

# What is counted and hidden, tests/analysis has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAGE = "/staff/surveys/stoke/modes"
MARKS = "/staff/surveys/stoke/marks"


@pytest.fixture
async def office(database: Database, keys: KeyRing) -> Office:
    return await mode_office(database, keys)


async def mode_office(database: Database, keys: KeyRing) -> Office:
    await fill(database)
    office = Office(database, FastAPI(openapi_url=None))
    pages = Pages(COUNCIL, Refusals(database, office.clock).note)
    office.app.include_router(mode_routes(database, keys, pages, office.clock, BASE))
    office.app.mount(STATIC_URL, static_files())
    return office


async def audited(office: Office, action: str = "export") -> list[str]:
    return [row[0] for row in await office.rows("SELECT detail FROM audit WHERE action = :a", {"a": action})]


async def test_an_analyst_sees_every_way_of_answering_side_by_side(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    page = words_of((await desk.get(PAGE)).text)
    assert "Not for publication" in page
    assert "a margin of error would be misleading" in page
    assert "Answer SMS Web form WhatsApp On paper All All, without flagged All, one a person" in page
    assert "All responses 140 60 25 4 229 211 203" in page
    assert await audited(office) == ["stoke report by mode, exact counts, to a page"]


async def test_what_may_be_published_shows_no_small_number(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    page = words_of((await desk.get(f"{PAGE}?publishable=1")).text)
    assert "For publication" in page
    assert "All others" in page
    assert "All responses 140 60 30 230" in page
    assert await audited(office) == ["stoke report by mode, publishable counts, to a page"]


@pytest.mark.parametrize("ending", [".html", ".csv", ".md"])
async def test_each_file_is_handed_out_and_audited(office: Office, ending: str) -> None:
    desk = await office.sign_in("dora", "admin")
    answer = await desk.post(PAGE, format=ending, publishable="1")
    name = f"stoke-2026-11-22-modes-publishable{ending}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "What became of responses" in answer.text or "ended-by-mode" in answer.text
    assert await audited(office) == [f"stoke report by mode, publishable counts, to {name}"]


async def test_the_csv_tells_every_mode_with_and_without_what_is_left_out(office: Office) -> None:
    desk = await office.sign_in("dora", "admin")
    answer = await desk.post(PAGE, format=".csv")
    rows = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""))
    all_sms = {
        row["counted"]: row["count"]
        for row in rows
        if (row["table"], row["line"], row["column"]) == ("question-safe", "*all", "sms")
    }
    assert all_sms == {"all": "140", "unflagged": "122", "primary": "132"}


async def test_a_look_from_the_page_takes_the_place_of_the_marks(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    answer = await desk.post(MARKS)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#marks")
    assert await office.rows("SELECT 1 FROM annotation WHERE kind = 'similar_text'") == []
    assert len(await audited(office, "quality marks")) == 2


@pytest.mark.parametrize("role", ["worker", "safeguarding"])
async def test_nobody_else_may_open_it(office: Office, role: str) -> None:
    desk = await office.sign_in("bilal", role)
    answers = [await desk.get(PAGE), await desk.post(PAGE, format=".csv"), await desk.post(MARKS)]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert await audited(office) == []
    assert len(await audited(office, "refused")) == 3


async def test_a_survey_or_file_that_is_not_there_is_said(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    for answer in (
        await desk.get("/staff/surveys/park/modes"),
        await desk.post("/staff/surveys/park/marks"),
        await desk.post(PAGE, format=".exe"),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(("role", "links"), [("analyst", 1), ("admin", 1), ("worker", 0), ("safeguarding", 0)])
async def test_the_staff_page_leads_there(answered: None, signed_in: SignIn, role: str, links: int) -> None:
    page = (await (await signed_in(role, role)).get("/staff")).text
    assert page.count(f'href="{PAGE}"') == links


async def test_who_is_signed_out_is_led_to_the_sign_in(office: Office) -> None:
    desk = await office.sign_in("dora", "analyst")
    desk.client.cookies.clear()
    assert (await desk.get(PAGE)).headers["location"] == "/staff"
