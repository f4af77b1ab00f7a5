"""The export on the staff page and the codebook that comes of it, in a real browser."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.web.accounts import create_staff, one_time_sign_in
from storage.keys import KeyRing
from storage.script import Database
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.conftest import PASSWORD
from tests.web.scripted import Clock, ScriptedPhone, application
from tests.web.sights import PICTURES, WIDTHS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def listening() -> socket.socket:
    return free_socket()


@pytest.fixture
async def browser(
    database: Database, keys: KeyRing, clock: Clock, phone: ScriptedPhone, listening: socket.socket
) -> AsyncIterator[Browser]:
    app = application(database, clock, phone, f"http://127.0.0.1:{listening.getsockname()[1]}", keys)
    async with serving(app, listening), chromium() as opened:
        yield opened


@pytest.mark.usefixtures("answered")
async def test_an_analyst_takes_a_shareable_codebook_and_workbook_without_a_script(
    browser: Browser, database: Database, clock: Clock, listening: socket.socket, tmp_path: Path
) -> None:
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    staff = await create_staff(database, "amina", "analyst", PASSWORD, clock())
    page = await page_of(browser, WIDTHS[0], scripts=False)
    await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("To share outside the team").check()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Excel workbook").click()
    assert (await download.value).suggested_filename == "stoke-2026-11-22-shareable.xlsx"
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Codebook (page)").click()
    await page.get_by_label("How choices are written").select_option(label="Labels in English")
    await page.get_by_text("For statistics programs").click()
    async with page.expect_download() as labelled:
        await page.get_by_role("button", name="JSON Lines").click()
    assert (await labelled.value).suggested_filename == "stoke-2026-11-22-shareable-labels-en.jsonl"
    book = tmp_path / "codebook.html"
    await (await download.value).save_as(book)
    opened = await page_of(browser, WIDTHS[0], bypass_csp=True)
    await opened.goto(book.as_uri())
    await expect(opened.get_by_role("heading", level=1)).to_have_text("Codebook: Stoke")
    for width in WIDTHS:
        await opened.set_viewport_size({"width": width, "height": 860})
        assert await barriers(opened) == []
        if PICTURES:
            await opened.screenshot(path=Path(PICTURES) / f"codebook-{width}.png", full_page=True)
            await page.set_viewport_size({"width": width, "height": 860})
            await page.screenshot(path=Path(PICTURES) / f"export-{width}.png", full_page=True)
