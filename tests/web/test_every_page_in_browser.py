"""Every page there is, at a desk and on a phone: axe finds nothing. A page that nobody looks at fails the test."""

from collections.abc import Container

import pytest
from playwright.async_api import Browser, Page, expect

from bot.cli.compose import now
from bot.outreach.campaigns import CampaignState, Wanted, change, create
from bot.outreach.closing import close_on
from bot.web.accounts import create_staff, one_time_sign_in
from storage import surveys
from storage.entries import BEGUN_A_MINUTE
from storage.keys import KeyRing
from storage.script import Database
from tests.service.forms_scene import HALLS
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, page_of
from tests.web.conftest import PASSWORD
from tests.web.sights import Sights
from tests.web.whole_house import SHIPPED, House, house_and_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DESK = 1100
NO_PAGES = {
    "/healthz": "for machines",
    "/readyz": "for machines",
    "/metrics": "for machines",
    "/s/{survey}/go-on": "leads back to the opening",
    "/staff/campaigns/{campaign}/totals": "a part of the campaign's page",
    "/staff/council/totals": "a part of the council's page",
    "/staff/campaigns/{campaign}/poster/{size}": "a PDF, looked at in tests/outreach",
    "/staff/surveys/{survey}/import/{task}": "for who sent a file: test_importing_in_browser.py",
    "/staff/surveys/{survey}/import/{task}/progress": "a part of that page",
    "/staff/surveys/{survey}/export/{task}": "for who asked for a long one: test_export_progress.py",
    "/staff/surveys/{survey}/export/{task}/progress": "a part of that page",
    "/staff/codes/picture": "a QR code, on the page of codes",
    "/staff/voice/{note}/recording": "a sound",
}
"""What is answered to GET and is no page, with why."""
ANSWERING = ("/s/", "/v/", "/staff/assisted/")
"""Where answers are given: these pages are looked at in English and in Urdu."""


def pages_of(house: House) -> list[str]:
    machines = [path for path in house.routes("GET") if path in NO_PAGES or path.startswith("/api/")]
    return [path for path in house.routes("GET") if path not in machines]


# -- where answers are given ------------------------------------------------------------------------------------------


async def press(page: Page, selector: str) -> None:
    """Press the first such button of a page, and wait until the page that it leads to stands there."""
    async with page.expect_navigation():
        await page.locator(f"main {selector}").first.click()


async def skip_to_the_end(sights: Sights, page: Page, name: str, questions: Container[str]) -> None:
    """Pass every question by, and look at those."""
    while "/q/" in page.url:
        question = page.url.rsplit("/", 1)[1]
        if question in questions:
            await sights.look(page, f"{name} {question}")
        await press(page, "button[value=skip]")
    assert page.url.endswith("/done")
    await sights.look(page, f"{name} the end")


async def fill_the_form(sights: Sights, browser: Browser, site: str, language: str) -> None:
    page = await page_of(browser, DESK, bypass_csp=True)  # axe is put into the page as text
    await page.goto(f"{site}/s/halls?lang={language}")
    name = f"form {language}"
    await sights.look(page, f"{name} opening")
    await page.locator("details summary").last.click()
    await page.fill("#code", "WRONG")
    await press(page, "form[action$='/go-on'] button")
    await sights.look(page, f"{name} a wrong code")
    await press(page, "form button")
    await page.locator("details summary").last.click()
    await press(page, "form[action$='/code'] button")
    await sights.look(page, f"{name} its code")
    await press(page, "a[role=button]")
    await sights.look(page, f"{name} use")
    await press(page, "form button[value=answer]")
    await page.locator(".govuk-error-summary").wait_for()
    await sights.look(page, f"{name} a problem")
    await skip_to_the_end(sights, page, name, {each.name for each in HALLS.questions} - {"use"})


async def help_somebody(sights: Sights, page: Page, language: str, who: str, questions: Container[str]) -> None:
    """Enter an answer, from the page where the declaration is read out; it stands open. Look at those questions."""
    name = f"{who} {language}"
    await page.locator(f".tongues [lang={language}]").click()
    await page.locator(f".form__declaration[lang={language}]").wait_for()
    await sights.look(page, f"{name} declaration")
    await press(page, "form button")
    await sights.look(page, f"{name} not heard")
    await page.check("#heard")
    await press(page, "form button")
    await skip_to_the_end(sights, page, name, questions)


async def look_at_what_is_over(sights: Sights, house: House, worker: Page, resident: Page) -> None:
    """Look at what a resident and a helper find where too many begin, where a campaign is over, and a survey."""
    await resident.goto(f"{house.site}/s/halls?lang=ur")
    await house.change(
        f"""WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {BEGUN_A_MINUTE})
            INSERT INTO response (id, respondent_id, survey, version, source, channel, started_at)
            SELECT 'many' || n, (SELECT id FROM respondent LIMIT 1), 'halls', '1', 'web', 'web', :now FROM many""",
        {"now": now()},
    )
    await press(resident, "form button")
    assert await resident.locator("main .govuk-button").count() == 1
    await sights.look(resident, "form ur too many begun")
    await house.change("DELETE FROM response WHERE id LIKE 'many%'")
    await change(house.database, "c1", CampaignState.ENDED, "worker", now())
    await house.running.library.load()
    await worker.goto(f"{house.site}/staff/assisted/c1")
    await expect(worker.locator("h1")).to_have_text("No answers can be entered now")
    await sights.look(worker, "assisted over")
    await worker.goto(f"{house.site}/staff/campaigns/c1")
    await sights.look(worker, "an ended campaign")
    await resident.goto(f"{house.site}/s/halls?lang=ur&c=c1")
    await sights.look(resident, "form ur invitation over")
    await house.database.run(lambda: surveys.close(HALLS.id, now()))
    await house.running.library.load()
    await resident.goto(f"{house.site}/s/halls?lang=ur")
    await sights.look(resident, "form ur survey over")


async def test_no_page_where_answers_are_given_has_a_barrier(database: Database, keys: KeyRing) -> None:
    async with house_and_browser(database, keys) as (house, browser):
        sights = Sights(house.routes("GET") + house.routes("POST"))
        for language in ("en", "ur"):
            await fill_the_form(sights, browser, house.site, language)

        worker = await page_of(browser, DESK, bypass_csp=True)
        await house.sign_in(worker.context, "worker")
        for language in ("ur", "en"):
            await worker.goto(f"{house.site}/staff/assisted/c1?lang=en")
            # The first question, and the one with which the phone is handed over.
            await help_somebody(sights, worker, language, "assisted", {"use", "age"})
        await worker.goto(f"{house.site}/staff/assisted/c1")
        await worker.get_by_label("Name for the link").fill("Hanley hall")
        await worker.get_by_role("button", name="Make a link").click()
        link = await worker.get_by_label("Link", exact=True).input_value()
        await sights.look(worker, "assisted a link")

        volunteer = await page_of(browser, DESK, bypass_csp=True)
        await volunteer.goto(link)
        await sights.look(volunteer, "volunteer the PIN")
        await press(volunteer, "form button")
        await sights.look(volunteer, "volunteer a wrong PIN")
        await volunteer.fill("#pin", await worker.locator(".form__pin").inner_text())
        await press(volunteer, "form button")
        await help_somebody(sights, volunteer, "ur", "volunteer", {"use"})
        await volunteer.goto(f"{house.site}/v/made-up")
        await sights.look(volunteer, "volunteer a link that is over")

        await look_at_what_is_over(sights, house, worker, volunteer)

        pages = {path for path in pages_of(house) if path.startswith(ANSWERING)}
        assert pages - sights.seen == set(), "nobody looks at these pages"
        assert sights.amiss == {}


# -- where staff work -------------------------------------------------------------------------------------------------


async def happen(house: House) -> dict[str, str]:
    """Let something happen for every page to show, and give what stands for the variables of their addresses."""
    await close_on(house.database, SHIPPED, "2100-01-31", "terminal", now())
    await house.running.library.load()
    wanted = Wanted(SHIPPED, "Bentilee hall", keyword="HALL9", languages=("en", "ur"), target=50)
    made = await create(house.database, wanted, "worker", now())
    await change(house.database, made.id, CampaignState.RUNNING, "worker", now())
    await house.running.library.load()
    await house.text("HALL9 URDU", "1")
    await house.text("HALL9", "2", "My husband hits me, he said he will kill me", address="+447700900778")
    await house.text("HALL9", "I have lived here for years and nobody ever asked", address="+447700900779")
    ((flag,),) = await house.rows("SELECT id FROM flag")
    await house.change(
        """INSERT INTO voice_note (id, contact_id, response_id, question, channel, reference, received_at, try_at, test)
           SELECT i.id, contact_id, response.id, 'one_thing', 'simulator', '', received_at, received_at, i.test
           FROM inbound i, response ORDER BY response.started_at, received_at LIMIT 1"""
    )
    unread = await house.rows("SELECT id FROM inbound WHERE filed = 'unparsed' AND id <> :flag", {"flag": flag})
    return {"survey": SHIPPED, "campaign": made.id, "flag": flag, "message": unread[-1][0]}


async def look_at_the_door(sights: Sights, house: House, page: Page) -> None:
    """Look at what stands between a stranger and the desk, as an analyst with a password and codes meets it."""
    person = await create_staff(house.database, "hana", "analyst", PASSWORD, now())
    await page.goto(f"{house.site}/staff/sign-in/{await one_time_sign_in(house.database, person, now())}")
    await sights.look(page, "a sign-in link")
    await page.goto(f"{house.site}/staff/sign-in")
    await sights.look(page, "sign-in")
    await press(page, "button:has-text('Sign in')")
    await sights.look(page, "a refused sign-in")
    await house.change("UPDATE staff SET totp_at = 1 WHERE id = :id", {"id": person})
    await page.goto(f"{house.site}/staff/sign-in")
    await page.fill("#name", "hana")
    await page.fill("#password", PASSWORD)
    await press(page, "button:has-text('Sign in')")
    assert page.url.endswith("/code")
    await sights.look(page, "code")


async def test_no_page_where_staff_work_has_a_barrier(database: Database, keys: KeyRing) -> None:
    async with house_and_browser(database, keys) as (house, browser):
        sights = Sights(house.routes("GET") + house.routes("POST"))
        values = await happen(house)
        await look_at_the_door(sights, house, await page_of(browser, DESK, bypass_csp=True))
        pages = {path for path in pages_of(house) if not path.startswith(ANSWERING)}
        # What is left is opened as it is listed, so that a new page is looked at as soon as there is one.
        for role in ("admin", "safeguarding"):
            page = await page_of(browser, DESK, bypass_csp=True)
            await house.sign_in(page.context, role)
            is_theirs = role == "safeguarding"
            for path in sorted(pages - sights.seen):
                if path.startswith("/staff/safeguarding") is is_theirs:
                    answer = await page.goto(house.site + path.format(**values))
                    assert answer is not None
                    assert answer.status == 200, path
                    await sights.look(page, f"staff {path.removeprefix('/staff').replace('/', ' ').strip()}")
        await look_at_refusals(sights, house, browser, values)
        assert pages - sights.seen == set(), "nobody looks at these pages"
        assert sights.amiss == {}


async def look_at_refusals(sights: Sights, house: House, browser: Browser, values: dict[str, str]) -> None:
    """Look at pages that come back with what is wrong, or that turn somebody away."""
    page = await page_of(browser, DESK, bypass_csp=True)
    await house.sign_in(page.context, "worker")
    await page.goto(f"{house.site}/staff/campaigns/new")
    await page.get_by_role("button", name="Make it and start it").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await sights.look(page, "a refused campaign")
    await page.goto(f"{house.site}/staff/audit")
    await sights.look(page, "turned away")
    await page.goto(f"{house.site}/staff/campaigns/{values['campaign']}")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Pause it").click()
    await page.get_by_text("End this campaign").click()
    await sights.look(page, "a paused campaign")
