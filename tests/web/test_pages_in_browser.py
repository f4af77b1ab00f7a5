"""The pages in a real browser: at a desk and on a phone, with scripts and without."""

import socket
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from bot.web.accounts import create_staff, one_time_sign_in
from storage.keys import KeyRing
from storage.script import Database
from tests.web.chromium import CHROMIUM, HALL, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.conftest import PASSWORD
from tests.web.scripted import Clock, ScriptedPhone, application

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DESK, POCKET = 1280, 375
WIDTHS = pytest.mark.parametrize("width", [DESK, POCKET], ids=["at a desk", "on a phone"])
URDU = "میں چاہتا ہوں کہ بچوں کے لیے مزید جگہیں ہوں۔ Thanks"


@pytest.fixture
def listening() -> socket.socket:
    return free_socket()


@pytest.fixture
def site(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
async def staff(database: Database, clock: Clock) -> str:
    return await create_staff(database, "amina", "analyst", PASSWORD, clock())


@pytest.fixture
async def browser(
    database: Database,
    keys: KeyRing,
    clock: Clock,
    phone: ScriptedPhone,
    site: str,
    listening: socket.socket,
) -> AsyncIterator[Browser]:
    app: FastAPI = application(database, clock, phone, site, keys)
    async with serving(app, listening), chromium() as opened:
        yield opened


async def text_from(page: Page, resident: int, text: str, replies: int) -> None:
    await page.fill(f"#text-{resident}", text)
    await page.press(f"#text-{resident}", "Enter")
    await expect(page.locator(f"#resident-{resident} .turn--bot")).to_have_count(replies)


@pytest.mark.usefixtures("answered")
async def test_no_page_has_a_barrier_on_a_phone(
    browser: Browser, site: str, database: Database, clock: Clock, staff: str
) -> None:
    page = await page_of(browser, POCKET, bypass_csp=True)  # axe is put into the page as text
    found = {}
    await page.goto(f"{site}/staff")
    found["sign-in"] = await barriers(page)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    found["a refused sign-in"] = await barriers(page)
    await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    found["a sign-in link"] = await barriers(page)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Signed in as")).to_be_visible()
    found["the figures"] = await barriers(page)
    await page.goto(f"{site}/staff/sign-in/made-up")
    found["a link that is over"] = await barriers(page)
    await page.goto(f"{site}/simulator")
    found["the simulator"] = await barriers(page)
    for replies, text in enumerate(["STOKE", "2", "1 3", URDU], start=1):
        await text_from(page, 1, text, replies)
    await page.get_by_text("columns still wait").click()
    found["a conversation"] = await barriers(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


@WIDTHS
async def test_a_conversation_runs_without_a_reload(browser: Browser, site: str, width: int) -> None:
    page = await page_of(browser, width)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{site}/simulator")
    await page.evaluate("window.stillHere = true")
    await page.locator("#resident-1 .hint__fill").first.click()
    await expect(page.locator("#text-1")).to_be_focused()
    await expect(page.locator("#text-1")).to_have_value("STOKE")
    await page.keyboard.press("Enter")
    first = page.locator("#resident-1 .turn--bot").first
    await expect(first).to_contain_text("4 Not at all strongly")
    await first.evaluate("node => { node.seen = true }")
    await text_from(page, 1, "2", 2)
    await expect(page.locator("#text-1")).to_have_value("")
    await expect(page.locator("#text-1")).to_be_focused()
    await expect(page.locator("#row .is-new").first).to_contain_text("belonging")
    await expect(page.locator("#resident-1 .phone__total")).to_have_text("4 segments · 9.6p in all")
    assert await first.evaluate("node => node.seen"), "a bubble was drawn anew, so a screen reader would speak it again"
    assert await page.evaluate("window.stillHere")
    below = "log => log.lastElementChild.getBoundingClientRect().bottom - log.getBoundingClientRect().bottom"
    assert await page.locator("#resident-1 .log").evaluate(below) <= 1, "the newest text should be in view"
    assert complaints == []


@WIDTHS
async def test_a_conversation_runs_without_scripts(browser: Browser, site: str, width: int) -> None:
    page = await page_of(browser, width, scripts=False)
    await page.goto(f"{site}/simulator")
    await page.locator("#resident-1 .hint__fill").first.click()
    await expect(page.locator("#text-1")).to_have_value("STOKE")
    for replies, text in enumerate(["STOKE", "2", "1 3", URDU], start=1):
        await text_from(page, 1, text, replies)
    newest = await page.locator("#resident-1 .turn").last.bounding_box()
    log = await page.locator("#resident-1 .log").bounding_box()
    assert newest is not None
    assert log is not None
    assert log["y"] < newest["y"] < newest["y"] + newest["height"] <= log["y"] + log["height"]
    await expect(page.locator("#row")).to_contain_text("comments__state")


async def test_residents_side_by_side_have_conversations_of_their_own(browser: Browser, site: str) -> None:
    page = await page_of(browser, DESK)
    await page.goto(f"{site}/simulator")
    await page.get_by_role("button", name="Add a resident").click()
    await text_from(page, 1, "STOKE", 1)
    await text_from(page, 4, "STOKE", 1)
    await text_from(page, 4, "1", 2)
    await expect(page.locator("#resident-1 .turn--bot")).to_have_count(1)
    await expect(page.locator("#row-title")).to_have_text("Export row of resident 4")
    await page.get_by_role("link", name="Resident 1").click()
    await expect(page.locator("#row-title")).to_have_text("Export row of resident 1")
    await expect(page.get_by_role("link", name="Resident 1")).to_be_focused()
    tops = await page.locator(".phone").evaluate_all("phones => phones.map(phone => phone.offsetTop)")
    assert tops[0] == tops[1] == tops[2] < tops[3], "three phones should stand side by side"


async def test_on_a_phone_one_resident_is_shown_at_a_time(browser: Browser, site: str) -> None:
    page = await page_of(browser, POCKET)
    await page.goto(f"{site}/simulator")
    await expect(page.locator(".phone:visible")).to_have_count(1)
    await page.get_by_role("link", name="Resident 2").click()
    await expect(page.locator("#resident-2")).to_be_visible()
    await expect(page.locator(".phone:visible")).to_have_count(1)


async def test_each_bubble_runs_in_the_direction_of_its_own_script(browser: Browser, site: str) -> None:
    page = await page_of(browser, DESK)
    await page.goto(f"{site}/simulator")
    await text_from(page, 1, URDU, 1)
    direction = "nodes => nodes.map(node => getComputedStyle(node).direction)"
    assert await page.locator("#resident-1 .bubble").evaluate_all(direction) == ["rtl", "ltr"]


async def test_a_text_that_does_not_get_through_stays_in_the_box(browser: Browser, site: str) -> None:
    page = await page_of(browser, DESK)
    await page.goto(f"{site}/simulator")
    await page.context.clear_cookies()
    await page.fill("#text-1", "STOKE")
    await page.press("#text-1", "Enter")
    await expect(page.locator("#resident-1").get_by_role("alert")).to_contain_text("did not get through")
    await expect(page.locator("#text-1")).to_have_value("STOKE")


async def test_the_first_stop_of_the_keyboard_skips_to_the_content(browser: Browser, site: str) -> None:
    page = await page_of(browser, DESK)
    await page.goto(f"{site}/simulator")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main-content")).to_be_focused()


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_staff_sign_in_take_an_export_and_sign_out(
    browser: Browser, site: str, database: Database, staff: str, clock: Clock, scripts: bool
) -> None:
    page = await page_of(browser, DESK, scripts=scripts)
    await page.goto(f"{site}/staff")
    await page.get_by_label("Name").fill("Amina")
    await page.get_by_label("Password", exact=True).fill("a wrong one")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="do not belong together").click()
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Ask for a new sign-in link").click()
    await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("row", name="All channels 3 0 0 1 4")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Spreadsheet (CSV)").click()
    taken = await download.value
    assert taken.suggested_filename == "stoke-2026-11-22.csv"
    assert len((await taken.path()).read_text().splitlines()) == 5
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Name")).to_be_visible()


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("width", [DESK, POCKET, 320], ids=["at a desk", "on a phone", "on a small phone"])
async def test_every_figure_is_in_view_and_named_however_narrow_the_page(
    browser: Browser, site: str, database: Database, clock: Clock, staff: str, width: int
) -> None:
    page = await page_of(browser, width)
    await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("row", name="All channels 3 0 0 1 4")).to_be_visible()
    await page.locator("details").evaluate_all("folds => folds.forEach(fold => { fold.open = true; })")
    cut_off = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).map(box => box.innerText)"
    assert await page.locator(".scrolls").evaluate_all(cut_off) == []
    shown = "cells => cells.map(cell => getComputedStyle(cell, '::before').content)"
    labels = await page.get_by_role("table", name="Answers to each question").get_by_role("cell").evaluate_all(shown)
    named = [label.split('"')[1] if '"' in label else "" for label in labels[:4]]
    is_stacked = width != DESK
    assert named == (["Answered", "Skipped", "Declined", "Not understood"] if is_stacked else [""] * 4)
    await expect(page.get_by_role("columnheader")).to_have_count(17)


async def test_staff_can_sign_in_over_a_halls_plain_network(
    browser: Browser, site: str, database: Database, clock: Clock
) -> None:
    await create_staff(database, "cem", "worker", PASSWORD, clock())
    page = await page_of(browser, POCKET)
    sent: list[dict[str, str]] = []
    page.on("request", lambda request: sent.append(request.headers) if request.method == "POST" else None)
    await page.goto(f"{site.replace('127.0.0.1', HALL)}/staff")
    await page.get_by_label("Name").fill("cem")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Signed in as")).to_be_visible()
    assert "sec-fetch-site" not in sent[0], "this browser says more than it did, so the test shows nothing"
