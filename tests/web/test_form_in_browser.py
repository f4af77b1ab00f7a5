"""The survey in a real browser, on a phone without scripts: by keys alone, in English and from right to left."""

import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import Hall, hall
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.form_scene import START, application_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DESK, POCKET = 1100, 375
TYPED = {"why": {"#text": "میں Trees"}, "since": {"#date-day": "3", "#date-month": "5", "#date-year": "2020"}}
TYPED["age"] = {"#text": "34"}


@pytest.fixture
async def open_hall(database: Database, keys: KeyRing) -> Hall:
    return await hall(database, keys)


@pytest.fixture
def listening() -> socket.socket:
    return free_socket()


@pytest.fixture
def site(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
async def browser(open_hall: Hall, site: str, listening: socket.socket) -> AsyncIterator[Browser]:
    async with serving(application_of(open_hall, site), listening), chromium() as opened:
        yield opened


async def answer_by_keys(page: Page) -> None:
    """Answer the question on the page and go on, with nothing but keys."""
    name = page.url.rsplit("/", 1)[1]
    for field, text in TYPED.get(name, {}).items():
        await page.focus(field)
        await page.keyboard.type(text)
    if name not in TYPED:
        await page.focus("#answer")
        await page.keyboard.press("Space")
    await page.focus("button[value=answer]")
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: not url.endswith(f"/q/{name}"))


@pytest.mark.parametrize(
    ("language", "width"),
    [
        pytest.param("en", POCKET, id="English on a phone"),
        pytest.param("ur", POCKET, id="Urdu on a phone"),
        pytest.param("ur", DESK, id="Urdu at a desk"),
    ],
)
async def test_no_page_of_the_survey_has_a_barrier(browser: Browser, site: str, language: str, width: int) -> None:
    page = await page_of(browser, width, bypass_csp=True)  # axe is put into the page as text
    found = {}
    await page.goto(f"{site}{START}?lang={language}")
    found["opening"] = await barriers(page)
    await page.locator("form button").first.click()
    await page.locator("button[value=answer]").click()
    await page.locator(".govuk-error-summary").wait_for()
    found["a problem"] = await barriers(page)
    for _ in range(6):  # whoever skips the first is not asked the second
        found[page.url.rsplit("/", 1)[1]] = await barriers(page)
        await page.locator("button[value=skip]").click()
    found["the end"] = await barriers(page)
    assert page.url.endswith("/done")
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("language", ["en", "ur"])
async def test_a_whole_survey_needs_only_keys_and_no_scripts(
    browser: Browser, site: str, open_hall: Hall, language: str
) -> None:
    page = await page_of(browser, POCKET, scripts=False)
    await page.goto(f"{site}{START}?lang={language}")
    assert await page.locator("html").get_attribute("dir") == ("rtl" if language == "ur" else "ltr")
    await page.focus("form button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/q/use")
    for _ in range(7):
        await answer_by_keys(page)
    assert page.url.endswith("/done")
    row = await open_hall.row()
    assert (row["status"], row["language"], row["age"]) == ("complete", language, "34")
