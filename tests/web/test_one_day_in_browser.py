"""One day of everybody, in one database: a worker invites, residents answer, an analyst exports, the admin looks on."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.async_api import Browser, Page, expect

from bot.cli.compose import now
from bot.cli.numbers import DEMO_NUMBER
from bot.web.accounts import create_staff, one_time_sign_in
from storage.keys import KeyRing
from storage.script import Database
from tests.outreach.printing import printed
from tests.web.at_the_door import code_of
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, page_of
from tests.web.conftest import PASSWORD
from tests.web.scripted import Clock
from tests.web.whole_house import SHIPPED, House, house_and_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
URDU = "مزید روشنی اور بینچ"
LONGEST_WALK = 20


@dataclass
class Town:
    """Whoever takes part: each has a window of their own, of one width, with scripts or without."""

    house: House
    browser: Browser
    width: int
    scripts: bool

    async def window(self) -> Page:
        return await page_of(self.browser, self.width, scripts=self.scripts)

    async def comes_in(self, name: str, role: str) -> Page:
        """Let somebody come in by the link that `staff add` prints at the server."""
        person = await create_staff(self.house.database, name, role, None, now())
        page = await self.window()
        await page.goto(f"{self.house.site}/staff/sign-in/{await one_time_sign_in(self.house.database, person, now())}")
        await press(page, "Sign in")
        await expect(page.get_by_text("Signed in as")).to_be_visible()
        return page


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).click()


async def dates_the_survey(admin: Page, site: str) -> None:
    await admin.goto(f"{site}/staff/campaigns/new?survey={SHIPPED}")
    await admin.get_by_label("Last day of the survey").fill("2100-01-31")
    await press(admin, "Set the last day")
    await expect(admin.get_by_label("Last day of the survey")).to_have_count(0)


async def makes_a_campaign(worker: Page, site: str) -> None:
    await worker.goto(f"{site}/staff/campaigns")
    await press(worker, "Make a campaign")
    await worker.get_by_label("What you call it").fill("Cobridge in December")
    await worker.get_by_label("Where", exact=True).fill("Cobridge")
    await worker.get_by_label("The word that people text").fill("bridge7")
    await worker.get_by_label("Urdu, اردو").check()
    await press(worker, "Make it and start it")
    await expect(worker.get_by_text("It runs: whoever texts its word is asked the survey.")).to_be_visible()


async def takes_the_poster(worker: Page, name: str, folder: Path, site: str) -> list[str]:
    """Download it, and give what the codes of its page in Urdu say."""
    async with worker.expect_download() as download:
        await worker.get_by_role("link", name=name).click()
    await (await download.value).save_as(folder / "poster.pdf")
    english, urdu = printed((folder / "poster.pdf").read_bytes())
    assert {code.link for code in english.codes} == {
        f"sms:{DEMO_NUMBER}?&body=BRIDGE7",
        f"{site}/s/{SHIPPED}?c=BRIDGE7",
    }
    assert "BRIDGE7 URDU" in english.text
    return [code.link for code in urdu.codes]


async def texts_in_urdu(resident: Page, site: str, link: str) -> None:
    """Send what the poster's code writes into a phone, and answer every question."""
    found = re.fullmatch(r"sms:(\+\d+)\?&body=(.+)", link)
    assert found is not None
    assert found[1] == DEMO_NUMBER
    await resident.goto(f"{site}/simulator")
    text = unquote(found[2])
    bubbles = resident.locator("#resident-1 .turn--bot .bubble")
    for replies in range(1, LONGEST_WALK):
        await resident.fill("#text-1", text)
        await resident.press("#text-1", "Enter")
        await expect(bubbles).to_have_count(replies)
        asked = await bubbles.last.inner_text()
        if "/" not in asked:
            assert "شکریہ" in asked
            return
        text = "1" if re.search(r"^2 ", asked, re.MULTILINE) else URDU
    raise AssertionError("the survey did not end")


async def enters_an_answer(worker: Page) -> None:
    await worker.get_by_role("button", name="Answer with somebody").click()
    await worker.get_by_label("They have heard or read this").check()
    await press(worker, "Start")
    await worker.locator("#answer").check()
    for _ in range(LONGEST_WALK):
        before = worker.url
        if before.endswith("/done"):
            break
        await press(worker, "Continue" if await worker.locator("#answer:checked").count() else "Skip this question")
        await worker.wait_for_url(lambda url, before=before: url != before)  # type: ignore[misc]
    await expect(worker.get_by_role("button", name="Enter another")).to_be_visible()


async def signs_in_with_codes(analyst: Page) -> None:
    """Set a password and codes, and come in anew by both."""
    await analyst.get_by_role("link", name="set a password and one-time codes").click()
    await analyst.get_by_label("New password", exact=True).fill(PASSWORD)
    await press(analyst, "Set password")
    await analyst.get_by_role("link", name="Set up one-time codes").click()
    secret, clock = await analyst.locator(".key").inner_text(), Clock(now())
    await analyst.get_by_label("One-time code").fill(code_of(secret, clock))
    await press(analyst, "Use these codes")
    await press(analyst, "Sign out")
    await analyst.get_by_label("Name").fill("Hana")
    await analyst.get_by_label("Password", exact=True).fill(PASSWORD)
    await press(analyst, "Sign in")
    await analyst.get_by_label("One-time code").fill(code_of(secret, clock, steps=1))
    await press(analyst, "Sign in")
    await expect(analyst.get_by_text("Signed in as")).to_be_visible()


async def exports(analyst: Page, site: str, folder: Path) -> list[dict[str, str]]:
    await analyst.goto(f"{site}/staff?survey={SHIPPED}")
    async with analyst.expect_download() as download:
        await press(analyst, "Spreadsheet (CSV)")
    await (await download.value).save_as(folder / "answers.csv")
    with (folder / "answers.csv").open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


async def noted(admin: Page, site: str) -> dict[str, set[str]]:
    """Give what the audit log says that each of them did."""
    await admin.goto(f"{site}/staff/audit")
    rows = await admin.locator(".audit tbody tr").all()
    lines = [[await cell.inner_text() for cell in await row.locator("td").all()] for row in rows]
    return {who: {line[2] for line in lines if line[1] == who} for who in ("terminal", "amina", "hana", "cem")}


@pytest.mark.parametrize(
    ("width", "scripts", "poster"),
    [
        pytest.param(1100, True, "Poster, A4 (PDF)", id="at a desk"),
        pytest.param(375, False, "Handbill, A5 (PDF)", id="on a phone without scripts"),
    ],
)
async def test_one_day_of_everybody(
    database: Database, keys: KeyRing, tmp_path: Path, width: int, scripts: bool, poster: str
) -> None:
    async with house_and_browser(database, keys) as (house, browser):
        town, site = Town(house, browser, width, scripts), house.site
        admin = await town.comes_in("amina", "admin")
        await dates_the_survey(admin, site)

        worker = await town.comes_in("cem", "worker")
        await makes_a_campaign(worker, site)
        links = await takes_the_poster(worker, poster, tmp_path, site)

        await house.running.library.load()  # as the clock does every two seconds
        await texts_in_urdu(await town.window(), site, links[-1] if links[-1].startswith("sms:") else links[0])
        await worker.reload()
        await expect(worker.locator("[data-live]")).to_contain_text("1 completed, 1 begun")
        await enters_an_answer(worker)

        analyst = await town.comes_in("hana", "analyst")
        await signs_in_with_codes(analyst)
        rows = await exports(analyst, site, tmp_path)
        kept = {(row["campaign"], row["source"], row["language"], row["status"]) for row in rows}
        assert kept == {("bridge7", "sms", "ur", "complete"), ("bridge7", "assisted", "en", "complete")}
        assert URDU in {row["one_thing"] for row in rows}

        did = await noted(admin, site)
        assert {"campaign made", "campaign started", "poster taken", "began an assisted answer"} <= did["cem"]
        assert {"signed in", "export"} <= did["hana"]
        assert {"survey closes"} <= did["amina"]
        assert {"staff added"} <= did["terminal"]
