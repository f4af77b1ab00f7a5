"""Bringing a web form's answers in by a real browser: with and without its scripts, at a desk and on a phone."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.web.importing import MOST_BYTES
from bot.web.visits import COOKIE
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.importing.scene import FIRST, HEAD, MAP, csv_text, row
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, chromium, free_socket, page_of, serving
from tests.web.importing_scene import PAGE, import_office
from tests.web.sights import Sights

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
ODD = "Favourite colour, if there is one that you would wish to name"


async def press(page: Page, name: str) -> None:
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


async def bring_in_many(page: Page, sights: Sights, many: Path) -> None:
    """Send no file, then one whose map must be settled, first with wrong dates; bring the answers in."""
    await press(page, "Look it over")
    await sights.look(page, "import no file")
    await page.set_input_files("#file", many)
    await sights.look(page, "import a file")
    await press(page, "Look it over")
    await expect(page.get_by_role("heading", name="Settle the map")).to_be_visible()
    await sights.look(page, "import a map to settle")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Save the map").click()
    assert (await saving.value).suggested_filename == "stoke-web-form.toml"
    await page.fill("#map", MAP.replace("uk", "us"))
    await press(page, "Look again")
    await expect(page.get_by_role("alert")).to_be_visible()
    await sights.look(page, "import what stops it")
    await page.fill("#map", MAP.replace('id = "Ref"', f'id = "Ref"\nignore = ["{ODD}"]'))
    await press(page, "Look again")
    await sights.look(page, "import on its way")
    await expect(page.get_by_role("heading", name="What it would bring")).to_be_visible()
    await sights.look(page, "import the report")
    await press(page, "Bring these answers in")
    await expect(page.get_by_role("heading", name="The answers are in")).to_be_visible()
    await sights.look(page, "import done")


async def bring_in_one(without: Page, folder: Path) -> None:
    """Send a file with its map, on a page without scripts; bring the answer in."""
    (map_path := folder / "answers.toml").write_text(MAP)
    (few := folder / "few.csv").write_text(csv_text([FIRST]))
    await without.set_input_files("#file", few)
    await without.set_input_files("#map", map_path)
    await without.get_by_role("button", name="Look it over").click()
    await expect(without.get_by_role("heading", name="What it would bring")).to_be_visible(timeout=15_000)
    assert await without.locator(".scrolls table.stacks").count() == 1, "no number is cut off on a phone"
    await without.get_by_role("button", name="Bring these answers in").click()
    await expect(without.get_by_role("heading", name="The answers are in")).to_be_visible(timeout=15_000)


async def test_a_file_is_brought_in_with_scripts_and_without(database: Database, keys: KeyRing, tmp_path: Path) -> None:
    office, listening = await import_office(database, keys), free_socket()
    desk = await office.sign_in("dora", "analyst")
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sights = Sights([PAGE, f"{PAGE}/{{task}}"])
    many = tmp_path / "jadu export with a long name_20261122_163_data.csv"
    many.write_text(csv_text([(*row(ref=f"W{number}", safe="agree"), "x") for number in range(4_000)], (*HEAD, ODD)))
    async with serving(office.app, listening), chromium() as browser:
        page = await page_of(browser, 1100, bypass_csp=True)
        await page.context.add_cookies([{"name": COOKIE, "value": desk.secret, "url": f"{site}/staff"}])
        await page.goto(site + PAGE)
        await bring_in_many(page, sights, many)

        without = await page_of(browser, 375, scripts=False)
        await without.context.add_cookies([{"name": COOKIE, "value": desk.secret, "url": f"{site}/staff"}])
        await without.goto(site + PAGE)
        await bring_in_one(without, tmp_path)

        (large := tmp_path / "large.csv").write_bytes(b"x" * (MOST_BYTES + 1))
        await page.goto(site + PAGE)
        await sights.look(page, "import what came in before")
        await page.set_input_files("#file", large)
        await press(page, "Look it over")
        await expect(page.get_by_role("heading", name="That is too large")).to_be_visible()
    assert sights.amiss == {}
    ((found,),) = await office.rows("SELECT COUNT(*) FROM response")
    assert found == 4_000  # the one of the second file is among them, changed
