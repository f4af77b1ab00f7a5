"""The survey in a real browser, on a phone without scripts: by keys alone, in English and from right to left."""

import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import Hall, hall
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, chromium, free_socket, page_of, serving
from tests.web.form_scene import START, application_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
POCKET = 375
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


async def test_another_language_is_chosen_by_keys_and_enter_in_a_field_still_answers(
    browser: Browser, site: str, open_hall: Hall
) -> None:
    page = await page_of(browser, POCKET, scripts=False)
    await page.goto(f"{site}{START}")
    await page.locator("form button").first.click()
    for _ in range(3):  # to the date, which is typed
        await page.locator("button[value=skip]").click()
    await page.fill("#date-year", "2020")
    await page.focus("details.tongues__other summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.locator("html[lang=ur][dir=rtl]").wait_for()
    assert (page.url, await page.input_value("#date-year")) == (f"{site}{START}/q/since", "2020")
    await page.fill("#date-day", "3")
    await page.fill("#date-month", "5")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/q/age")
    row = await open_hall.row()
    assert (row["since"], row["language"]) == ("2020-05-03", "ur")


@pytest.mark.parametrize(
    ("fills", "scripts"),
    [
        pytest.param("", False, id="nothing sent, without scripts"),
        pytest.param("many", True, id="something that does not fit"),
        pytest.param("language", True, id="another language with something filled in"),
    ],
)
async def test_back_leads_to_the_question_after_a_mistake_on_it(
    browser: Browser, site: str, fills: str, scripts: bool
) -> None:
    page = await page_of(browser, POCKET, scripts=scripts)
    await page.goto(f"{site}{START}")
    await page.locator("form button").first.click()
    for _ in range(2):  # to the date
        await page.locator("button[value=skip]").click()
    await page.locator("button[value=skip]").click()
    await page.wait_for_url("**/q/since")
    if fills:
        await page.fill("#date-year", "20")
    if fills == "language":
        await page.locator("details.tongues__other summary").click()
        await page.locator("button[name=lang][value=ur]").click()
        await page.locator("html[lang=ur]").wait_for()
        assert await page.input_value("#date-year") == "20"
    else:
        await page.locator("button[value=answer]").click()
        await page.locator(".govuk-error-summary").wait_for()
    await page.locator("button[value=skip]").click()
    await page.wait_for_url("**/q/age")
    await page.go_back()
    assert page.url.split("?")[0] == f"{site}{START}/q/since"
    assert await page.locator("#date-year").input_value() == ""
    assert await page.locator(".govuk-error-summary").count() == 0
    await page.reload()
    assert await page.locator("#date-year").count() == 1
