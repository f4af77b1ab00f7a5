"""The simulator's looks in a real browser: buttons and lists, at a desk and on a phone, with scripts and without."""

import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.core.survey import Choice
from storage.keys import KeyRing
from storage.script import Database
from tests.core.small_surveys import AGREEMENT, one, survey, words_question
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving
from tests.web.simulated import simulator_over

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
WIDTHS = pytest.mark.parametrize("width", [1280, 375], ids=["at a desk", "on a phone"])
WITH_OR_WITHOUT = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
WHATSAPP, TELEGRAM = 2, 3
YES_NO_IN_URDU = (Choice("yes", {"en": "جی ہاں"}), Choice("no", {"en": "جی نہیں"}))
HOW_OFTEN_IN_URDU = tuple(
    Choice(f"c{place}", {"en": word})
    for place, word in enumerate(["روز", "ہفتے میں ایک بار", "کبھی کبھی", "کبھی نہیں"])
)
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    one("safe", "کیا آپ محفوظ محسوس کرتے ہیں؟", YES_NO_IN_URDU),
    one("often", "آپ کتنی بار آتے ہیں؟", HOW_OFTEN_IN_URDU),
    words_question("better", "What would make them better?"),
)


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> AsyncIterator[str]:
    listening: socket.socket = free_socket()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with simulator_over(database, keys, PARKS, address) as app, serving(app, listening):
        yield address


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


class Phone:
    """One resident's phone on the page."""

    def __init__(self, page: Page, resident: int) -> None:
        self.page = page
        self.resident = resident
        self.all = page.locator(f"#resident-{resident}")
        self.box = page.locator(f"#text-{resident}")

    @property
    def newest(self) -> Locator:
        return self.all.locator(".turn--bot").last

    async def text(self, words: str, answer: str) -> None:
        await self.box.fill(words)
        await self.box.press("Enter")
        await expect(self.newest).to_contain_text(answer)

    async def tap(self, label: str, answer: str) -> None:
        await self.newest.get_by_role("button", name=label, exact=True).click()
        await expect(self.newest).to_contain_text(answer)

    async def open_list(self) -> None:
        await self.newest.locator(".picker__opener").click()
        await expect(self.newest.get_by_role("button", name="Send")).to_be_visible()

    async def pick(self, label: str, answer: str) -> None:
        await self.open_list()
        await self.newest.locator(".sheet__row").filter(has_text=label).click()
        await self.newest.get_by_role("button", name="Send").click()
        await expect(self.newest).to_contain_text(answer)


async def phone_at(site: str, page: Page, resident: int) -> Phone:
    """Open the simulator with one resident chosen: on a narrow page, no other is shown."""
    await page.goto(f"{site}/simulator")
    await page.goto(f"{site}/simulator?resident={resident}")
    return Phone(page, resident)


async def answer_by_taps(phone: Phone) -> None:
    """Go through the survey up to its open question, by taps alone."""
    await phone.text("PARKS", "1/5")
    await phone.tap("No", "2/5")
    by_list = phone.resident == WHATSAPP
    await (phone.pick("Neither", "3/5") if by_list else phone.tap("Neither agree nor disagree", "3/5"))
    await phone.tap("جی نہیں", "4/5")
    await (phone.pick("کبھی کبھی", "5/5") if by_list else phone.tap("کبھی کبھی", "5/5"))


@pytest.mark.parametrize(
    ("resident", "width", "scripts"),
    [
        pytest.param(WHATSAPP, 375, True, id="whatsapp, on a phone with scripts"),
        pytest.param(WHATSAPP, 1280, False, id="whatsapp, at a desk without scripts"),
        pytest.param(TELEGRAM, 1280, True, id="telegram, at a desk with scripts"),
        pytest.param(TELEGRAM, 375, False, id="telegram, on a phone without scripts"),
    ],
)
async def test_a_survey_is_answered_by_taps(
    browser: Browser, site: str, resident: int, width: int, scripts: bool
) -> None:
    page = await page_of(browser, width, scripts=scripts)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    phone = await phone_at(site, page, resident)
    await answer_by_taps(phone)
    await phone.text("More benches", "Thank you")
    row = {}
    for cells in await page.locator("#row tbody tr").all():
        name, value = await cells.locator("th, td").all_text_contents()
        row[name] = value.removesuffix(" (new)")
    assert [row[name] for name in ("use_parks", "agree", "safe", "often", "better")] == [
        "no",
        "neither",
        "no",
        "c2",
        "More benches",
    ]
    await expect(phone.all.locator(".keys")).to_have_count(2 if resident == WHATSAPP else 0)
    assert complaints == []


@WIDTHS
async def test_no_look_has_a_barrier(browser: Browser, site: str, width: int) -> None:
    page = await page_of(browser, width, bypass_csp=True)  # axe is put into the page as text
    found = {}
    for resident, look in ((WHATSAPP, "WhatsApp"), (TELEGRAM, "Telegram")):
        phone = await phone_at(site, page, resident)
        found[f"{look}, empty"] = await barriers(page)
        await phone.text("PARKS", "1/5")
        found[f"{look}, two buttons"] = await barriers(page)
        await phone.tap("Yes", "2/5")
        if resident == WHATSAPP:
            await phone.open_list()
        found[f"{look}, six to choose from"] = await barriers(page)
        if resident == WHATSAPP:
            await page.keyboard.press("Escape")
        await phone.text("2", "3/5")
        found[f"{look}, right to left"] = await barriers(page)
        await phone.tap("جی ہاں", "4/5")
        found[f"{look}, tapped"] = await barriers(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


async def test_a_tap_redraws_nothing_and_leads_on_to_the_next_buttons(browser: Browser, site: str) -> None:
    page = await page_of(browser, 1280)
    phone = await phone_at(site, page, TELEGRAM)
    await phone.text("PARKS", "1/5")
    first = phone.newest
    await first.evaluate("node => { node.seen = true }")
    await page.evaluate("window.stillHere = true")
    await phone.tap("Yes", "2/5")
    await expect(phone.newest.get_by_role("button", name="Strongly agree", exact=True)).to_be_focused()
    await expect(phone.all.locator(".turn--tap")).to_have_text("The resident: Tapped Yes", use_inner_text=True)
    assert await page.evaluate("window.stillHere")
    said = phone.all.locator(".turn--bot").first
    assert await said.evaluate("node => node.seen"), "a bubble was drawn anew, so a screen reader would speak it again"
    await phone.tap("Agree", "3/5")
    await phone.tap("جی ہاں", "4/5")
    await phone.tap("روز", "5/5")
    await expect(phone.box).to_be_focused()


@WIDTHS
async def test_an_open_list_lies_over_the_conversation_and_shows_every_row(
    browser: Browser, site: str, width: int
) -> None:
    page = await page_of(browser, width, scripts=False)
    phone = await phone_at(site, page, WHATSAPP)
    await phone.text("PARKS", "1/5")
    await phone.tap("Yes", "2/5")
    await phone.open_list()
    screen, sheet = (
        await phone.all.locator(".phone__screen").bounding_box(),
        await phone.newest.locator(".sheet").bounding_box(),
    )
    box = await phone.box.bounding_box()
    assert screen is not None
    assert sheet is not None
    assert box is not None
    assert screen["y"] < sheet["y"]
    assert sheet["y"] + sheet["height"] <= box["y"], "the box for a text stays free"
    assert abs(sheet["width"] - screen["width"]) < 1
    last = phone.newest.locator(".sheet__row").last
    await last.scroll_into_view_if_needed()
    await last.click()
    await expect(last.get_by_role("radio")).to_be_checked()
    await phone.newest.locator(".picker__close").click()
    await expect(phone.newest.get_by_role("button", name="Send")).to_be_hidden()


async def test_a_list_is_worked_by_keyboard_alone(browser: Browser, site: str) -> None:
    page = await page_of(browser, 1280)
    phone = await phone_at(site, page, WHATSAPP)
    await phone.text("PARKS", "1/5")
    await phone.tap("Yes", "2/5")
    opener = phone.newest.locator(".picker__opener")
    send = phone.newest.get_by_role("button", name="Send")
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(send).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(send).to_be_hidden()
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    await expect(send).to_be_hidden()
    await opener.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(phone.newest).to_contain_text("3/5")
    await expect(page.locator("#row .is-new").filter(has_text="agree__state")).to_be_visible()
    await expect(phone.newest.get_by_role("button", name="جی ہاں")).to_be_focused()


async def test_what_can_be_tapped_runs_in_the_direction_of_its_own_script(browser: Browser, site: str) -> None:
    page = await page_of(browser, 1280)
    direction = "nodes => nodes.map(node => getComputedStyle(node).direction)"
    for resident in (WHATSAPP, TELEGRAM):
        phone = await phone_at(site, page, resident)
        await phone.text("PARKS", "1/5")
        assert await phone.newest.locator(".keys__one").evaluate_all(direction) == ["ltr"] * 2
        await phone.text("1", "2/5")
        await phone.text("1", "3/5")
        assert await phone.newest.locator(".keys__one").evaluate_all(direction) == ["rtl"] * 2
    phone = Phone(page, WHATSAPP)
    await phone.text("1", "4/5")
    await phone.open_list()
    assert await phone.newest.locator(".sheet__row").evaluate_all(direction) == ["rtl"] * 4
    words = await phone.newest.locator(".sheet__words").first.bounding_box()
    radio = await phone.newest.get_by_role("radio").first.bounding_box()
    assert words is not None
    assert radio is not None
    assert radio["x"] < words["x"]


@WITH_OR_WITHOUT
async def test_a_phone_is_switched_to_another_app_and_back(browser: Browser, site: str, scripts: bool) -> None:
    page = await page_of(browser, 1280, scripts=scripts)
    phone = await phone_at(site, page, 1)
    await phone.text("PARKS", "1 Yes")
    await phone.all.get_by_role("button", name="WhatsApp").click()
    await expect(phone.all.get_by_role("button", name="WhatsApp", pressed=True)).to_be_visible()
    await expect(phone.all.locator(".turn")).to_have_count(0)
    if scripts:
        await expect(phone.all.get_by_role("button", name="WhatsApp")).to_be_focused()
    await phone.text("PARKS", "1/5")
    await expect(phone.newest.locator(".keys__one")).to_have_count(2)
    await phone.all.get_by_role("button", name="SMS").click()
    await expect(phone.newest).to_contain_text("1 Yes")
    await expect(phone.all.locator(".price")).to_have_count(1)
