"""A survey on the web that is closed, not yet open or not there, and posts that change nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import HALLS, hall
from tests.web.form_scene import START, Browser, Site, site_of, started

# What they ask of the database, tests/service/test_forms.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[Site]:
    async with site_of(await hall(database, keys)) as running:
        yield running


@pytest.fixture
async def begun(site: Site) -> Browser:
    return await started(site)


async def test_a_closed_survey_says_so_before_and_after(site: Site, begun: Browser) -> None:
    await site.hall.close()
    await begun.send(do="answer", answer="yes")
    assert "This survey has closed. Your answer came after that; we have kept it, marked as late." in begun.page
    assert "Your answer came after that" in await begun.open(begun.came[-1])
    await begun.open(f"{START}/q/use")
    assert "This survey closed on 14 January 2026." in begun.page
    new = site.browser()
    await new.open(START)
    assert "This survey closed on 14 January 2026." in new.page
    assert "Start now" not in new.page


async def test_a_survey_that_opens_later_says_when(database: Database, keys: KeyRing) -> None:
    async with site_of(await hall(database, keys, replace(HALLS, opens="2026-02-01"))) as site:
        browser = site.browser()
        await browser.open(START)
        assert "This survey opens on 1 February 2026. Please come back then." in browser.page


async def test_start_on_a_page_from_before_the_close_begins_nothing(site: Site) -> None:
    browser = site.browser()
    await browser.open(START)
    await site.hall.close()
    await browser.send()
    assert "This survey closed on" in browser.page
    assert await site.count() == 0


async def test_there_is_no_page_for_a_survey_that_is_not_there(site: Site) -> None:
    browser = site.browser()
    await browser.open("/s/nowhere")
    assert (browser.status, browser.heading) == (404, "There is no such survey")


@pytest.mark.parametrize("path", [START, f"{START}/q/use", f"{START}/code", f"{START}/go-on"])
async def test_a_form_from_another_site_changes_nothing(site: Site, begun: Browser, path: str) -> None:
    before = await site.hall.rows("SELECT * FROM entry"), await site.count("answer")
    response = await begun.client.post(path, data={"answer": "yes"}, headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 403
    assert (await site.hall.rows("SELECT * FROM entry"), await site.count("answer")) == before


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"step": "x"}, id="a step that is none"),
        pytest.param({"step": "9" * 30}, id="a step beyond any"),
        pytest.param({"mark": "x"}, id="another's mark"),
        pytest.param({"text": "\0"}, id="a character that no browser sends"),
        pytest.param({"choice-x": "x", "day": "-1"}, id="fields of other questions"),
        pytest.param({"do": "nonsense"}, id="no such button"),
    ],
)
async def test_whatever_is_posted_is_never_a_failure(site: Site, begun: Browser, fields: dict[str, str]) -> None:
    _, hidden = begun.form()
    await begun.post(f"{START}/q/use", **hidden | fields)
    assert begun.status in (200, 400, 422)
    assert await site.count("answer") == 0
