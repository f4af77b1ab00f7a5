"""Debian's Chromium, driven through Playwright, and a real server on loopback for it to visit."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright
from starlette.types import ASGIApp

CHROMIUM = Path(os.environ.get("EARSHOT_TEST_CHROMIUM", "/usr/bin/chromium"))
WHY_SKIPPED = f"Debian's Chromium is not at {CHROMIUM}"
# A name that is no loopback: browsers treat plain http there as they do in a church hall's network.
HALL = "hall.example"

# WCAG 2.2 AA and axe's own advice; the rule on target size is off unless it is asked for.
AXE_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],  # of the rest, only which rules ran
    "selectors": False,
}
AXE = Axe()


def free_socket() -> socket.socket:
    """Open a loopback port: a visitor who comes before the server has started waits in its queue."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    return listening


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an application in this event loop."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield
    server.should_exit = True
    await task


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run one browser; a container's root needs it without its sandbox."""
    arguments = [f"--host-resolver-rules=MAP {HALL} 127.0.0.1"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


async def page_of(browser: Browser, width: int, *, scripts: bool = True, bypass_csp: bool = False) -> Page:
    """Open a window of a width in pixels; axe needs `bypass_csp`, because it is put into the page as text."""
    context = await browser.new_context(
        viewport={"width": width, "height": 860}, java_script_enabled=scripts, bypass_csp=bypass_csp
    )
    context.set_default_timeout(10_000)
    return await context.new_page()


async def barriers(page: Page) -> list[str]:
    """List what axe finds wrong with a page, and what would make it scroll sideways."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.axe_script)
    results = await page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)
    assert {"color-contrast", "target-size"} <= {rule["id"] for rule in results["passes"]}
    found = [f"{rule['id']}: {node['html'][:120]}" for rule in results["violations"] for node in rule["nodes"]]
    width, content = await page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    return found + ([f"{content} px wide"] if content > width else [])
