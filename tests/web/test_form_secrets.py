"""The secret that a browser holds of the web form: whose it is, how long it lasts, and what a code does to it."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.web.form import COOKIE
from storage import campaigns, entries
from storage.entries import RESUME_MS
from storage.keys import KeyRing
from storage.script import Database, Many, Run, Script
from tests.service.forms_scene import HALLS, campaign, hall, publish
from tests.service.test_form_codes import texter
from tests.web.form_scene import START, Browser, Site, site_of, started

# What they ask of the database, tests/service/test_forms.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[Site]:
    async with site_of(await hall(database, keys)) as running:
        yield running


async def code_of(browser: Browser) -> str:
    await browser.send(f"{START}/code")
    return browser.page.split("<bdi>")[1].split("</bdi>")[0]


async def test_a_code_typed_where_other_answers_were_begun_brings_the_first(site: Site) -> None:
    first, second = await started(site), await started(site)
    await first.send(do="answer", answer="no")
    code = await code_of(first)
    await second.open(START)
    action, hidden = second.form(f"{START}/go-on")
    for _ in range(2):  # the button, pressed twice
        await second.post(action, **hidden, code=code)
        assert (second.status, second.path) == (200, f"{START}/q/needs")
    thief = site.browser()
    await thief.open(START)
    await thief.send(f"{START}/go-on", code=code)
    assert thief.problem == "That code cannot be used. Look at it again, or start without it."


async def test_a_texted_code_joins_what_was_begun_in_this_browser(site: Site) -> None:
    await texter(site.hall, "2BCDFG34")
    browser = await started(site)
    before = browser.client.cookies[COOKIE]
    await browser.open(START)
    await browser.send(f"{START}/go-on", code="LINK 2bcdfg34")
    assert browser.path == f"{START}/q/use"
    assert browser.client.cookies[COOKIE] == before
    assert await site.count() == 2, "the text's own, and this one"


async def test_a_texted_code_begins_where_the_browsers_secret_leads_nowhere_any_more(site: Site) -> None:
    browser = await started(site)
    await browser.open(START)
    site.hall.now += RESUME_MS + 1
    await texter(site.hall, "2BCDFG34")
    await browser.send(f"{START}/go-on", code="2BCDFG34")
    assert browser.path == f"{START}/q/use"
    assert await site.count() == 3


async def test_the_secret_lasts_a_week_after_the_last_page_not_after_the_first(site: Site) -> None:
    browser = await started(site)
    action, hidden = browser.form()
    response = await browser.client.post(action, data={**hidden, "do": "answer", "answer": "yes"})
    held = browser.client.cookies[COOKIE]
    assert any(
        cookie.startswith(f"{COOKIE}={held};") and f"Max-Age={RESUME_MS // 1000}" in cookie
        for cookie in response.headers.get_list("set-cookie")
    )


@pytest.mark.parametrize("once", ["", "short", "x" * 44, "é" * 43])
async def test_nobody_chooses_the_secret_of_a_form(site: Site, once: str) -> None:
    browser = site.browser()
    await browser.open(START)
    await browser.send(once=once)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", browser.client.cookies[COOKIE])
    assert browser.path == f"{START}/q/use"


async def test_a_word_of_another_survey_counts_for_nobody_here(site: Site) -> None:
    await publish(site.hall.database, replace(HALLS, id="parks", keywords=("PARKS",)))
    await site.hall.database.run(lambda: campaigns.add(campaign(id="c2", keyword="PARK7", survey="parks")))
    browser = site.browser()
    await browser.open(f"{START}?c=park7")
    assert "This invitation is not open now." in browser.page
    await browser.send()
    assert (await site.hall.row())["campaign"] == ""


async def test_a_flood_is_told_to_wait_and_who_has_begun_goes_on(site: Site) -> None:
    browser, late = await started(site), site.browser()
    await late.open(f"{START}?lang=ur")

    def flood() -> Script[None]:
        yield Run("INSERT INTO respondent (id, made_at) VALUES ('many', 0)")
        yield Many(
            "INSERT INTO response (id, respondent_id, survey, version, source, channel, started_at)"
            " VALUES (:id, 'many', 'halls', '1', 'web', 'web', :at)",
            [{"id": f"p{each}", "at": site.hall.now} for each in range(entries.BEGUN_A_MINUTE)],
        )

    await site.hall.database.run(flood)
    await late.send()
    assert (late.status, 'lang="ur" dir="rtl"' in late.page, f'href="{START}?lang=ur"' in late.page) == (
        429,
        True,
        True,
    )
    assert "Please wait a minute, then try again." in late.page
    await browser.send(do="answer", answer="no")
    assert browser.path == f"{START}/q/needs"
    site.hall.now += 60_001
    await late.open(START)
    await late.send()
    assert late.path == f"{START}/q/use"
