"""Takes the README's picture of the simulator from a running demo. Not a test: run it by hand after the page changes.

uv run main.py demo --port 8000 &
uv run python -m tests.web.picture http://127.0.0.1:8000 docs/images/simulator.png
"""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Page, expect

from tests.web.chromium import chromium

# What each resident texts, on SMS, WhatsApp and Telegram; the last one who texts has their export row shown.
TEXTS = {2: ("STOKE", "1", "2", "1 3"), 3: ("Stoke", "1"), 1: ("STOKE", "2", "1", "3")}
WIDTH, HEIGHT = 1280, 950


async def talk(page: Page, texts: dict[int, tuple[str, ...]]) -> None:
    """Send every text and wait for its reply."""
    for resident, lines in texts.items():
        for replies, line in enumerate(lines, start=1):
            await page.fill(f"#text-{resident}", line)
            await page.press(f"#text-{resident}", "Enter")
            await expect(page.locator(f"#resident-{resident} .turn--resident")).to_have_count(replies)


async def take(site: str, out: Path) -> None:
    """Hold the conversations and keep the picture."""
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        await page.goto(f"{site}/simulator")
        await talk(page, TEXTS)
        await page.evaluate("document.activeElement.blur()")
        await page.screenshot(path=out)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1], Path(sys.argv[2])))
