"""Pages that are sent twice, at once, or whose answer never came: one response, nothing lost, on each engine."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import WHOLE, hall
from tests.web.form_scene import START, Browser, Site, site_of

TIMES = 4


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[Site]:
    async with site_of(await hall(database, keys)) as site:
        yield site


async def send_at_once(browser: Browser, path: str | None = None, /, **fields: str) -> None:
    """Send a page several times at the same moment, then follow it once more as a browser does."""
    action, hidden = browser.form(path)
    posts = (browser.client.post(action, data=hidden | fields) for _ in range(TIMES))
    assert {answer.status_code for answer in await asyncio.gather(*posts)} == {303}
    await browser.post(action, **hidden | fields)


async def answer_at_once(browser: Browser) -> None:
    """Answer every question, each page several times at once."""
    for question, how in WHOLE:
        assert browser.path.endswith(f"/q/{question}")
        choices = how.get("choices", ())
        assert isinstance(choices, tuple)
        ticked = {"answer" if len(choices) == 1 else f"choice-{choice}": choice for choice in choices}
        written = {name: str(value) for name, value in how.items() if name != "choices"}
        await send_at_once(browser, browser.path, do="answer", **ticked, **written)
    assert browser.path.endswith("/done")


async def check_whole_and_once(site: Site) -> None:
    """Check that there is one complete response, every answer of which is there in its first revision."""
    answers = await site.hall.rows("SELECT DISTINCT question, revision FROM answer WHERE state = 'answered'")
    assert {tuple(answer) for answer in answers} == {(name, 1) for name, _ in WHOLE}
    assert (await site.hall.row())["status"] == "complete"
    assert await site.count() == await site.count("entry") == 1


async def test_a_residents_pages_sent_several_times_at_once_are_one_response(site: Site) -> None:
    browser = site.browser()
    await browser.open(f"{START}?c=HALL7")
    await send_at_once(browser)
    await answer_at_once(browser)
    await check_whole_and_once(site)


async def test_a_workers_pages_sent_several_times_at_once_are_one_response(site: Site) -> None:
    worker = await site.staff()
    await worker.open("/staff/assisted/c1")
    await send_at_once(worker, "/staff/assisted/c1", heard="yes", source="assisted")
    await answer_at_once(worker)
    await check_whole_and_once(site)


async def test_whoever_never_saw_the_answer_to_start_finds_what_was_begun(site: Site) -> None:
    browser = site.browser()
    await browser.open(START)
    action, hidden = browser.form()
    held = dict(browser.client.cookies)
    await browser.post(action, **hidden)
    browser.client.cookies.clear()  # it never came
    for name, value in held.items():
        browser.client.cookies.set(name, value, domain="earshot.example", path=START)
    await browser.open(START)
    assert 'href="/s/halls/q/use"' in browser.page
    await browser.open(f"{START}/q/use")
    await answer_at_once(browser)
    await check_whole_and_once(site)


async def test_whoever_opens_the_survey_twice_before_start_begins_once(site: Site) -> None:
    browser = site.browser()
    await browser.open(START)
    action, first = browser.form()
    await browser.open(START)
    _, second = browser.form()
    assert first["once"] == second["once"]
    await asyncio.gather(browser.client.post(action, data=first), browser.client.post(action, data=second))
    assert await site.count() == 1
