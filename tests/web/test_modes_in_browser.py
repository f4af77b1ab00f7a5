"""The report by mode in a real browser, at a desk and on a phone; and the file that stands alone."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.analysis.modes.filing import write_report
from bot.web.visits import COOKIE
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.filling import NOW
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.test_modes import PAGE, mode_office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


CUT = (
    "() => [...document.querySelectorAll('.scrolls')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
)


async def test_the_report_has_no_barrier_at_a_desk_and_on_a_phone_and_nothing_is_cut_there(
    database: Database, keys: KeyRing, tmp_path: Path
) -> None:
    office, listening = await mode_office(database, keys), free_socket()
    desk = await office.sign_in("dora", "analyst")
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    files = {False: tmp_path / "exact.html", True: tmp_path / "publishable.html"}
    for publishable, out in files.items():
        await write_report(database, "stoke", out, publishable=publishable, include_test=False, who="ann", now=NOW)
    found = {}
    async with serving(office.app, listening), chromium() as browser:
        for width in (1100, 375):
            page = await page_of(browser, width, bypass_csp=True)
            await page.context.add_cookies([{"name": COOKIE, "value": desk.secret, "url": f"{site}/staff"}])
            for address in (*(out.as_uri() for out in files.values()), f"{site}{PAGE}", f"{site}{PAGE}?publishable=1"):
                await page.goto(address)
                await page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
                found[width, address] = await barriers(page) or (width < 400 and await page.evaluate(CUT))
        await page.get_by_role("button", name="Look for them now").click()
        await expect(page.get_by_text("Not for publication")).to_be_visible()
    assert {name: problems for name, problems in found.items() if problems} == {}
