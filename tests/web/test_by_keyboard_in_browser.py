"""With nothing but keys, and without scripts: making a campaign, answering the survey, entering an answer.

Every stop of Tab shows where it is.
"""

from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page, expect

from bot.cli.compose import now
from bot.outreach.closing import close_on
from storage.keys import KeyRing
from storage.script import Database
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, page_of
from tests.web.whole_house import SHIPPED, house_and_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
POCKET = 375
MOST_STOPS = 60
STOP = """(wanted) => {
    const here = document.activeElement, label = here.labels?.[0];
    const shown = (style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && !/, 0\\)$|transparent/.test(style.outlineColor)) || style.boxShadow !== "none";
    // The skip link is there only while it has the focus; the parts of a date are the browser's own.
    const needsNone = here.matches(".govuk-skip-link, [type=date]");
    const styles = [getComputedStyle(here), ...(label ? [getComputedStyle(label, "::before")] : [])];
    const box = (label && here.type !== "text" ? label : here).getBoundingClientRect();
    return {
        found: here.matches(wanted),
        name: here.outerHTML.slice(0, 100),
        isVisible: (needsNone || styles.some(shown)) && box.bottom > 0 && box.top < innerHeight,
    };
}"""
"""What has the focus: whether it is what is wanted, and whether a person can see that it has it, within the window."""


@dataclass
class Keyboard:
    """Somebody without a mouse. `unseen` are the stops at which the focus could not be seen."""

    page: Page
    unseen: set[str] = field(default_factory=set)

    async def to(self, wanted: str, key: str = "") -> None:
        """Go on with Tab until that has the focus, and press a key there."""
        for _ in range(MOST_STOPS):
            await self.page.keyboard.press("Tab")
            stop = await self.page.evaluate(STOP, wanted)
            if not stop["isVisible"]:
                self.unseen.add(stop["name"])
            if stop["found"]:
                break
        else:
            raise AssertionError(f"no key leads to {wanted} on {self.page.url}")
        if key == "Enter":
            async with self.page.expect_navigation():
                await self.page.keyboard.press(key)
        elif key:
            await self.page.keyboard.press(key)

    async def write(self, wanted: str, text: str) -> None:
        await self.to(wanted)
        await self.page.keyboard.type(text)

    async def skip_to_main(self) -> None:
        """Take the link that skips what every page begins with: the next stop is within the page itself."""
        await self.page.keyboard.press("Tab")
        await expect(self.page.locator(".govuk-skip-link")).to_be_focused()
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("#main-content")).to_be_focused()

    async def answer_everything(self) -> None:
        """Take the first choice where there are some, and write something where there are none."""
        while "/q/" in self.page.url:
            if await self.page.locator("#answer").count():
                await self.to("#answer", "Space")
            elif await self.page.locator("#date-day").count():
                for part, text in (("day", "3"), ("month", "5"), ("year", "2020")):
                    await self.write(f"#date-{part}", text)
            else:
                await self.write("#text", "34")
            await self.to("button[value=answer]", "Enter")
        assert self.page.url.endswith("/done")


async def test_keys_alone_do_everything(database: Database, keys: KeyRing) -> None:
    async with house_and_browser(database, keys) as (house, browser):
        await close_on(database, SHIPPED, "2100-01-31", "terminal", now())
        keyboard = Keyboard(await page_of(browser, POCKET, scripts=False))
        page = keyboard.page
        await house.sign_in(page.context, "worker")

        await page.goto(f"{house.site}/staff/campaigns")
        await keyboard.skip_to_main()
        await keyboard.to("a[role=button]", "Enter")
        await keyboard.write("#name", "By keys alone")
        await keyboard.write("#keyword", "keys7")
        await keyboard.to("[name=language-ur]", "Space")
        await keyboard.to("button[value=run]", "Enter")
        await expect(page.get_by_text("It runs: whoever texts its word is asked the survey.")).to_be_visible()

        await page.goto(f"{house.site}/staff/assisted/c1")
        await keyboard.skip_to_main()
        await keyboard.to("[lang=ur]", "Enter")
        await keyboard.to("#heard", "Space")
        await keyboard.to("#source", "ArrowDown")
        await page.keyboard.press("ArrowDown")
        await keyboard.to("button:not([name])", "Enter")
        assert await page.locator("html").get_attribute("dir") == "rtl"
        await keyboard.answer_everything()

        await page.goto(f"{house.site}/s/halls")
        await keyboard.to("main form button", "Enter")
        await keyboard.answer_everything()

        assert keyboard.unseen == set()
        kept = await house.rows("SELECT source, language, completed_at IS NOT NULL FROM response ORDER BY started_at")
        assert [tuple(row) for row in kept] == [("phone", "ur", True), ("web", "en", True)]
