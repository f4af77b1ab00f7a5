"""A hall's poor network, impatient fingers and the back button: one response, nothing lost, in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Route, expect

from storage.keys import KeyRing
from storage.script import Database
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, page_of
from tests.web.whole_house import House, house_and_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
POCKET = 375
ANSWER = "form button[value=answer]"


@asynccontextmanager
async def no_way(page: Page, *, back: bool) -> AsyncIterator[None]:
    """Lose the one form that is sent meanwhile: on its way, or its answer on the way `back`."""
    lost = asyncio.Event()

    async def cut(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        if back:
            await route.fetch(max_redirects=0)
        await route.abort("connectionreset")
        lost.set()

    await page.route("**/*", cut)
    yield
    await asyncio.wait_for(lost.wait(), 10)
    await page.unroute("**/*", cut)


async def press(page: Page, selector: str) -> None:
    async with page.expect_navigation():
        await page.locator(f"main {selector}").first.click()


async def lose(page: Page, selector: str, *, back: bool) -> None:
    """Press a button, and see the browser's own page that says that there is no connection."""
    async with no_way(page, back=back):
        await page.locator(f"main {selector}").first.click(no_wait_after=True)
    await page.wait_for_url("chrome-error://**")


async def stumble(page: Page, *, back: bool) -> None:
    """Answer everything from the first question on: by the back button, pressing twice, and with lost pages."""
    first = page.url
    for _ in range(2):
        await page.locator("#answer").check()
        await press(page, ANSWER)
    for _ in range(2):
        await page.go_back()
    assert page.url == first
    assert await page.locator(":checked").count() == 0, "what was answered is never shown again"
    await page.locator("#answer").check()
    await page.locator(ANSWER).dblclick()  # without scripts both clicks send the page
    await expect(page).to_have_url(re.compile("/q/needs$"))  # whichever of the two was the one to end

    await page.locator("#answer").check()
    await lose(page, ANSWER, back=back)
    await page.reload()  # which sends it again
    assert page.url.endswith("/q/why")
    here = page.url
    await page.fill("#text", "Trees, at last")
    await lose(page, ANSWER, back=back)
    await page.goto(here)
    assert await page.locator("#is-answered").is_visible() is back
    await page.fill("#text", "Trees, at last")
    await page.locator(ANSWER).dblclick()
    await expect(page).to_have_url(re.compile("/q/since$"))  # again, whichever
    while "/q/" in page.url:
        await press(page, "button[value=skip]")


ONCE = [("use", 1, "yes"), ("often", 1, "yes"), ("needs", 1, "lights"), ("why", 1, "Trees, at last")]
"""Each question's answer, in its first revision."""


async def kept(house: House, source: str) -> tuple[int, list[tuple[object, ...]]]:
    """Give how many responses came that way, and every answer that is in them."""
    responses = await house.rows("SELECT id FROM response WHERE source = :source", {"source": source})
    answers = await house.rows(
        """SELECT question, answer.revision, COALESCE(value_code, said)
           FROM answer JOIN response ON response.id = response_id
           WHERE source = :source AND state = 'answered' ORDER BY answer.id""",
        {"source": source},
    )
    return len(responses), [tuple(row) for row in answers]


@pytest.mark.parametrize("back", [False, True], ids=["lost on its way", "its answer lost"])
async def test_a_poor_connection_leaves_one_response_with_everything(
    database: Database, keys: KeyRing, back: bool
) -> None:
    async with house_and_browser(database, keys) as (house, browser):
        resident = await page_of(browser, POCKET, scripts=False)
        await resident.goto(f"{house.site}/s/halls?c=HALL7")
        await lose(resident, "form button", back=back)
        await resident.goto(f"{house.site}/s/halls?c=HALL7")
        await press(resident, "a[role=button]" if back else "form button")
        await stumble(resident, back=back)
        assert await kept(house, "web") == (1, ONCE)

        worker = await page_of(browser, POCKET, scripts=False)
        await house.sign_in(worker.context, "worker")
        await worker.goto(f"{house.site}/staff/assisted/c1")
        await worker.check("#heard")
        await lose(worker, "form button", back=back)
        await worker.reload()
        await stumble(worker, back=back)
        assert await kept(house, "assisted") == (1, ONCE)
        assert [row[0] for row in await house.rows("SELECT DISTINCT campaign FROM response")] == ["c1"]
