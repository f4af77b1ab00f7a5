"""The campaign and council pages in a real browser: at a desk and on a phone, with scripts and without."""

import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from bot.web.visits import COOKIE
from storage.population import People, replace
from storage.script import Database
from tests.analysis.filling import keep
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.outreach_scene import Office, open_office, residents

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DESK, POCKET = 1100, 375
WIDTHS = pytest.mark.parametrize("width", [DESK, POCKET], ids=["at a desk", "on a phone"])
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
PEOPLE = [People("age", code, people, "Census") for code, people in (("young", 300), ("middle", 500), ("old", 200))]


@pytest.fixture
def listening() -> socket.socket:
    return free_socket()


@pytest.fixture
def site(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
async def office(database: Database) -> Office:
    office = await open_office(database)
    await office.campaign("Bentilee hall", "amina", "HALL7", "Bentilee")
    people = [*residents(60, "hall7", age="young", faith="none"), *residents(22, age="old", faith="muslim")]
    await database.run(keep(*people, *residents(4, "hall7", age="middle")))
    await database.run(lambda: replace("stoke", PEOPLE, "dora", 1))
    await office.hear("What is this? میں چاہتا ہوں")
    return office


@pytest.fixture
async def browser(office: Office, listening: socket.socket) -> AsyncIterator[Browser]:
    async with serving(office.app, listening), chromium() as opened:
        yield opened


async def signed_in(office: Office, site: str, context: BrowserContext, role: str = "admin") -> None:
    desk = await office.sign_in("amina", role)
    await context.add_cookies([{"name": COOKIE, "value": desk.secret, "url": f"{site}/staff"}])


@WIDTHS
async def test_no_page_has_a_barrier(browser: Browser, office: Office, site: str, width: int) -> None:
    page = await page_of(browser, width, bypass_csp=True)
    await signed_in(office, site, page.context)
    found = {}
    # With charts of many answers; test_every_page_in_browser.py looks at every page there is.
    for path in ("campaigns/hall7", "council"):
        await page.goto(f"{site}/staff/{path}")
        found[path] = await barriers(page)
    await page.goto(f"{site}/staff/unread/m1")
    await page.get_by_role("button", name="Send this answer").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    found["no answer chosen"] = await barriers(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


@WIDTHS
@SCRIPTS
async def test_a_worker_makes_a_campaign_and_takes_its_poster(
    browser: Browser, office: Office, site: str, width: int, scripts: bool
) -> None:
    page = await page_of(browser, width, scripts=scripts)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await signed_in(office, site, page.context, "worker")
    await page.goto(f"{site}/staff/campaigns")
    await page.get_by_role("button", name="Make a campaign").click()
    await page.get_by_label("What you call it").fill("Cobridge in December")
    await page.get_by_label("The word that people text").fill("STOP")
    await page.get_by_label("Last day").fill("2026-12-31")
    await page.get_by_label("Urdu").check()
    await page.get_by_role("button", name="Make it and start it").click()
    await page.get_by_role("link", name="STOP will not do").click()
    await expect(page.get_by_label("The word that people text")).to_be_focused()
    await expect(page.get_by_label("What you call it")).to_have_value("Cobridge in December")
    await expect(page.get_by_label("Urdu")).to_be_checked()
    await page.get_by_label("The word that people text").fill("bridge7")
    await page.get_by_role("button", name="Make it and start it").click()
    await expect(page.get_by_text("It runs: whoever texts its word is asked the survey.")).to_be_visible()
    await expect(page.get_by_text("BRIDGE7 URDU")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Poster, A4 (PDF)").click()
    taken = await download.value
    assert taken.suggested_filename == "bridge7-A4.pdf"
    assert [text for text in complaints if "422" not in text] == []


async def test_the_totals_come_up_without_a_reload_and_leave_a_reader_alone(
    browser: Browser, office: Office, site: str
) -> None:
    page = await page_of(browser, DESK)
    await signed_in(office, site, page.context)
    await page.clock.install()
    await page.goto(f"{site}/staff/campaigns/hall7")
    await page.evaluate("window.stillHere = true")
    await expect(page.get_by_text("64 completed of 50")).to_be_visible()
    await office.database.run(keep(*residents(3, "hall7", age="young")))
    await page.clock.run_for(11_000)
    await expect(page.get_by_text("67 completed of 50")).to_be_visible()
    assert await page.evaluate("window.stillHere")
    await page.get_by_text("In numbers: by channel").click()
    await page.get_by_role("region", name="By channel").focus()
    await office.database.run(keep(*residents(2, "hall7", age="young")))
    await page.clock.run_for(21_000)
    await expect(page.get_by_text("67 completed of 50")).to_be_visible()
    await page.get_by_role("link", name="Campaigns").focus()
    await page.clock.run_for(11_000)
    await expect(page.get_by_text("69 completed of 50")).to_be_visible()


async def test_who_has_signed_out_elsewhere_keeps_what_is_shown(browser: Browser, office: Office, site: str) -> None:
    page = await page_of(browser, DESK)
    await signed_in(office, site, page.context)
    await page.clock.install()
    await page.goto(f"{site}/staff/council")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/totals" in request.url else None)
    await page.context.clear_cookies()
    async with page.expect_response(lambda answer: answer.status == 403):
        await page.clock.run_for(11_000)
    await expect(page.get_by_text("86 completed")).to_be_visible()
    await _settled(page)
    await page.clock.run_for(60_000)
    assert len(asked) == 1, "it went on asking after it was turned away"


async def _settled(page: Page) -> None:
    """Let the page's own script see the answer before its clock runs on."""
    await page.evaluate("fetch('/static/live.js').then(answer => answer.text())")
    await page.evaluate("Promise.resolve()")


async def test_a_message_is_answered_by_keyboard_alone(browser: Browser, office: Office, site: str) -> None:
    page = await page_of(browser, DESK)
    await signed_in(office, site, page.context)
    await page.goto(f"{site}/staff/unread")
    await page.get_by_role("link", name="message 1").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Please answer again").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("Thank you, nothing more to do")).to_be_checked()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Your answer is on its way.")).to_be_visible()
    assert len(await office.rows("SELECT id FROM outbox")) == 1
