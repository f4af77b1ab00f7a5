"""A volunteer's link when something goes wrong: a pause, wrong PINs, a form from another site."""

from collections.abc import AsyncIterator

import pytest

from storage import campaigns
from storage.keys import KeyRing
from storage.script import Database
from storage.volunteers import TRIES
from tests.service.forms_scene import hall
from tests.web.form_scene import Browser, Site, site_of
from tests.web.test_assisted import ENTRY, HEARD, link

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[Site]:
    async with site_of(await hall(database, keys)) as running:
        yield running


@pytest.fixture
async def worker(site: Site) -> Browser:
    """Sign in whoever made the campaign."""
    browser = await site.staff()
    await browser.open(ENTRY)
    return browser


@pytest.fixture
async def volunteer(site: Site, worker: Browser) -> Browser:
    """Let a volunteer in by a link and its PIN."""
    path, pin = await link(worker)
    browser = site.browser()
    await browser.open(path)
    await browser.send(pin=pin)
    assert browser.path == path
    return browser


async def pause(site: Site) -> None:
    await site.hall.database.run(lambda: campaigns.change_state("c1", "paused", site.hall.now))


async def test_a_link_of_a_paused_campaign_can_be_seen_and_ended(
    site: Site, worker: Browser, volunteer: Browser
) -> None:
    await pause(site)
    await worker.open(ENTRY)
    assert (worker.status, worker.heading) == (409, "No answers can be entered now")
    assert "If it runs again, so do they" in worker.page
    await worker.send(f"{ENTRY}/links", do="end")
    assert "Saturday" not in worker.page
    await site.hall.database.run(lambda: campaigns.change_state("c1", "running", site.hall.now))
    await volunteer.open(volunteer.path)
    assert (volunteer.status, volunteer.heading) == (410, "This link has ended")


async def test_of_an_ended_campaign_nobody_is_told_to_start_it(site: Site, worker: Browser, volunteer: Browser) -> None:
    await site.hall.database.run(lambda: campaigns.change_state("c1", "ended", site.hall.now))
    await worker.open(ENTRY)
    assert "has ended, and that is for good" in worker.page
    assert "Start the campaign" not in worker.page
    assert "If it runs again" not in worker.page


async def test_no_link_is_made_that_nobody_is_shown(site: Site, worker: Browser) -> None:
    await pause(site)
    await worker.send(f"{ENTRY}/links", name="Saturday", hours="4")
    assert worker.heading == "No answers can be entered now"
    assert await site.count("volunteer_link") == 0


async def test_an_empty_pin_uses_no_try(site: Site, worker: Browser) -> None:
    path, pin = await link(worker)
    browser = site.browser()
    await browser.open(path)
    for _ in range(TRIES):
        await browser.send(pin="  ")
        assert browser.problem == "Write the PIN that you were told"
    await browser.send(pin=pin)
    assert browser.heading == "Answer with somebody"


async def test_a_link_that_wrong_pins_ended_is_listed_with_why(site: Site, worker: Browser) -> None:
    path, _ = await link(worker)
    guesser = site.browser()
    await guesser.open(path)
    for _ in range(TRIES):
        await guesser.send(pin="x")
    await worker.open(ENTRY)
    assert f"after {TRIES} wrong PINs" in worker.page
    assert "End now" not in worker.page


@pytest.mark.parametrize("path", ["", "/pin", "/e/x/q/use"])
async def test_a_volunteers_form_from_another_site_changes_nothing(
    site: Site, worker: Browser, volunteer: Browser, path: str
) -> None:
    before = await site.hall.rows("SELECT tries FROM volunteer_link")
    _, hidden = volunteer.form()
    response = await volunteer.client.post(
        f"{volunteer.path}{path}", data={**hidden, **HEARD, "pin": "1"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert response.status_code == 403
    assert await site.hall.rows("SELECT tries FROM volunteer_link") == before
    assert await site.count() == 0
