"""The first and the second sign-in in a real browser, and the pages of accounts: at a desk and on a phone."""

import io
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page, expect

from bot.web.accounts import create_staff, one_time_sign_in
from storage.keys import KeyRing
from storage.script import Database
from tests.web.at_the_door import code_of
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.scripted import Clock, ScriptedPhone, application

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
NEW = "four very quiet words"


@pytest.fixture
def listening() -> socket.socket:
    return free_socket()


@pytest.fixture
def site(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
async def browser(
    database: Database, keys: KeyRing, clock: Clock, phone: ScriptedPhone, site: str, listening: socket.socket
) -> AsyncIterator[Browser]:
    async with serving(application(database, clock, phone, site, keys), listening), chromium() as opened:
        yield opened


@pytest.fixture
async def link(database: Database, clock: Clock, site: str) -> str:
    """Make an admin and the link that the terminal prints for her; a worker is there too."""
    await create_staff(database, "cem", "worker", None, clock())
    staff = await create_staff(database, "amina khan", "admin", None, clock())
    return f"{site}/staff/sign-in/{await one_time_sign_in(database, staff, clock())}"


class Walk:
    """A walk through the pages: what axe finds on each, and a picture of it where a folder is given."""

    def __init__(self, page: Page, width: int, folder: Path) -> None:
        self.page = page
        self.found: dict[str, list[str]] = {}
        self._width = width
        self._folder = folder

    async def look(self, name: str) -> None:
        self.found[name] = await barriers(self.page)
        await self.page.screenshot(path=self._folder / f"{name}-{self._width}.png", full_page=True)

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()


async def sign_in_with_codes(page: Page, walk: Walk, secret: str, clock: Clock) -> None:
    """Sign in by name and password, then by a wrong code and a right one."""
    await page.get_by_label("Name").fill("Amina Khan")
    await page.get_by_label("Password", exact=True).fill(NEW)
    await walk.press("Sign in")
    await walk.look("code")
    await page.get_by_label("One-time code").fill("000000")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="That code is not right").click()
    await expect(page.get_by_label("One-time code")).to_be_focused()
    await walk.look("code-refused")
    await page.keyboard.type(code_of(secret, clock))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Signed in as")).to_be_visible()


@pytest.mark.parametrize("width", [375], ids=["on a phone"])
async def test_a_link_leads_to_a_password_and_codes_and_these_sign_in(
    browser: Browser, site: str, link: str, clock: Clock, tmp_path: Path, width: int
) -> None:
    page = await page_of(browser, width, bypass_csp=True)  # axe is put into the page as text
    walk = Walk(page, width, tmp_path)
    await page.goto(link)
    await walk.press("Sign in")
    await expect(page.get_by_text("You came by a link")).to_be_visible()
    await walk.look("home")
    await page.get_by_role("link", name="set a password and one-time codes").click()
    await walk.look("account")

    await page.get_by_label("New password", exact=True).fill("short")
    await walk.press("Set password")
    await page.get_by_role("link", name="Your new password needs").click()
    await expect(page.get_by_label("New password", exact=True)).to_be_focused()
    await walk.look("account-refused")
    await page.get_by_label("New password", exact=True).fill(NEW)
    await walk.press("Set password")
    await expect(page.get_by_text("Your password is set.")).to_be_visible()

    await page.get_by_role("link", name="Set up one-time codes").click()
    secret = await page.locator(".key").inner_text()
    assert parse_qs(urlsplit(await qr_code_on(page)).query)["secret"] == [secret.replace(" ", "")]
    await walk.look("codes")
    await page.get_by_label("One-time code").fill("000000")
    await walk.press("Use these codes")
    await walk.look("codes-refused")
    await page.get_by_label("One-time code").fill(code_of(secret, clock))
    await walk.press("Use these codes")
    await expect(page.get_by_text("Your one-time codes are set up.")).to_be_visible()
    await walk.look("account-done")
    await walk.press("Sign out")

    clock.pass_minutes(1)
    await sign_in_with_codes(page, walk, secret, clock)

    await page.get_by_role("link", name="Staff", exact=True).click()
    await page.get_by_text("Shut out cem").click()
    await walk.look("people")
    await walk.press("Shut cem out")
    await expect(page.get_by_text("cannot sign in any more")).to_be_visible()
    await page.get_by_role("link", name="the audit log").click()
    await expect(page.get_by_role("cell", name="staff shut out")).to_be_visible()
    await walk.look("audit")
    assert {name: problems for name, problems in walk.found.items() if problems} == {}


async def test_no_script_is_needed_to_set_codes_up(browser: Browser, link: str, clock: Clock) -> None:
    page = await page_of(browser, 375, scripts=False)
    await page.goto(link)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="amina khan").click()
    await page.get_by_role("link", name="Set up one-time codes").click()
    assert "secret=" in await qr_code_on(page)
    await page.get_by_label("One-time code").fill(code_of(await page.locator(".key").inner_text(), clock))
    await page.get_by_role("button", name="Use these codes").click()
    await expect(page.get_by_text("Your one-time codes are set up.")).to_be_visible()


async def qr_code_on(page: Page) -> str:
    """Read the picture as a phone's camera would."""
    [read] = zxingcpp.read_barcodes(Image.open(io.BytesIO(await page.locator(".qr").screenshot())))
    return str(read.text)
