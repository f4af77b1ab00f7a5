"""The safeguarding pages: who may open them, what they show, what a form does; and that no other page says a word."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from msgspec.structs import replace
from playwright.async_api import Page, expect

from bot.core.form import Posted
from bot.service.forms import Beginning, Forms
from bot.service.transcribing import Transcribing
from bot.service.voice import VoiceBox
from bot.web.accounts import Role, create_staff, one_time_sign_in
from bot.web.figures import Figures
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.safeguarding import safeguarding_routes
from bot.web.staff import staff_routes
from bot.web.voice import voice_routes
from storage.entries import Holder
from storage.keys import KeyRing
from storage.script import Database
from tests.service.privacy_scene import RESIDENT
from tests.service.safeguarding_scene import DANGER, Watched, watched
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving

BASE = "https://earshot.example"
LIST = "/staff/safeguarding"

# What the database does here, tests/service/test_safeguarding.py has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def application(scene: Watched, base: str) -> FastAPI:
    """Build every staff page round the running service."""
    app, pages, town = FastAPI(openapi_url=None), Pages("Stoke-on-Trent City Council"), scene.town
    box = VoiceBox(town.database, town.keys, {}, now=scene.now)
    transcribing = Transcribing(town.database, town.library, now=scene.now)
    app.include_router(staff_routes(town.database, Figures(town.database, scene.now), pages, scene.now, base))
    app.include_router(voice_routes(town.database, box, transcribing, pages, scene.now, base))
    app.include_router(safeguarding_routes(town.database, scene.queue, pages, scene.now, base))
    app.mount(STATIC_URL, static_files())
    return app


@dataclass
class Office:
    """Signed-in staff, and a resident who spoke of danger."""

    scene: Watched
    flag: str

    def client(self) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(application(self.scene, BASE))
        return httpx2.AsyncClient(transport=transport, base_url=BASE, headers={"sec-fetch-site": "same-origin"})

    async def sign_in(self, client: httpx2.AsyncClient, name: str, role: str = "safeguarding") -> None:
        staff = await create_staff(self.scene.town.database, name, role, None, self.scene.now())
        token = await one_time_sign_in(self.scene.town.database, staff, self.scene.now())
        assert (await client.post(f"/staff/sign-in/{token}")).status_code == 303

    async def page(self, client: httpx2.AsyncClient) -> str:
        return (await client.get(f"{LIST}/{self.flag}")).text

    async def post(self, client: httpx2.AsyncClient, end: str = "", **form: str) -> httpx2.Response:
        found = re.search(r'name="token" value="([0-9a-f]+)"', (await client.get("/staff")).text)
        assert found is not None
        return await client.post(f"{LIST}/{self.flag}{end}", data={"token": found[1], **form})

    async def audit(self) -> list[str]:
        return [action for who, action in await self.scene.audit() if who == "amina"]


def field(page: str, name: str) -> str:
    """Read what a page sends back unseen."""
    found = re.search(rf'name="{name}" value="(\d*)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
async def office(database: Database, keys: KeyRing) -> AsyncIterator[Office]:
    async with watched(database, keys) as scene:
        for text in ("STOKE", "1", "1", DANGER):
            await scene.town.text(text)
        (flag,) = await scene.flagged()
        yield Office(scene, flag)


async def test_the_list_says_that_something_waits_and_not_what(office: Office) -> None:
    async with office.client() as client:
        await office.sign_in(client, "amina")
        assert LIST in (await client.get("/staff")).text
        page = (await client.get(LIST)).text
        assert "New" in page
        assert "Nobody has opened it" in page
        assert "husband" not in page
        opened = await client.get(f"{LIST}/{office.flag}")
        assert opened.headers["cache-control"] == "no-store"
        assert DANGER in opened.text
        assert "7700900321" not in opened.text
        assert "Opened" in (await client.get(LIST)).text
    assert await office.audit() == [
        "signed in", "safeguarding list seen", "safeguarding flag opened", "safeguarding list seen",
    ]  # fmt: skip


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SAFEGUARDING])
async def test_no_other_role_opens_it_or_is_told_of_it_anywhere(office: Office, role: Role) -> None:
    async with office.client() as client:
        await office.sign_in(client, "amina", role)
        for path in (LIST, f"{LIST}/{office.flag}"):
            answer = await client.get(path)
            assert (answer.status_code, "husband" in answer.text) == (403, False)
        for end in ("", "/address"):
            assert (await office.post(client, end, do="acknowledge")).status_code == 403
        for path in ("/staff", "/staff/voice"):
            page = (await client.get(path)).text.casefold()
            assert [word for word in ("safeguard", "flag", "danger", "to look at") if word in page] == []
    assert await office.audit() == ["signed in"]


async def test_a_stranger_is_sent_to_the_sign_in(office: Office) -> None:
    async with office.client() as client:
        for path in (LIST, f"{LIST}/{office.flag}"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/staff")
        assert (await client.post(f"{LIST}/{office.flag}", data={"do": "acknowledge"})).status_code == 403


async def test_the_role_downloads_no_answers_and_hears_no_voice_notes(office: Office) -> None:
    async with office.client() as client:
        await office.sign_in(client, "amina")
        assert "Download" not in (await client.get("/staff")).text
        assert (await client.get("/staff/voice")).status_code == 403


async def test_it_is_seen_to_and_its_outcome_written_down(office: Office) -> None:
    async with office.client() as client:
        await office.sign_in(client, "amina")
        done = await office.post(client, do="acknowledge")
        assert done.headers["location"] == f"{LIST}/{office.flag}?done=acknowledged"
        assert "You see to this." in (await client.get(done.headers["location"])).text
        assert "Somebody sees to it" in (await client.get(LIST)).text
        for form in ({"outcome": "passed_on"}, {"note": "x"}, {"outcome": "made_up", "note": "x"}):
            wrong = await office.post(client, do="close", **form)
            assert wrong.status_code == 422
            assert "Choose what came of it" in wrong.text
        assert (await office.post(client, do="close", outcome="passed_on", note="To the duty desk.")).status_code == 303
        assert "To the duty desk." in await office.page(client)
        unread = await office.post(client, do="close", outcome="no_danger", note="A joke.")
        assert unread.status_code == 409
        assert "Somebody has written something down since" in unread.text
        assert "To the duty desk." in unread.text
        assert "A joke." in unread.text
        seen = field(unread.text, "seen")
        again = await office.post(client, do="close", outcome="no_danger", note="A joke, says the desk.", seen=seen)
        assert again.status_code == 303
        assert "Written down by <bdi>amina, " in await office.page(client)
        seen = field(await office.page(client), "seen")
        await office.post(client, do="close", outcome="passed_on", note="To the duty desk.", seen=seen)
        assert "Passed on to those whose task it is" in (await client.get(LIST)).text
        assert (await office.post(client, do="nonsense")).status_code == 400
        assert (await client.get(f"{LIST}/nothing")).status_code == 404


async def test_the_address_is_shown_once_another_person_has_granted_it(office: Office) -> None:
    async with office.client() as amina, office.client() as ben:
        await office.sign_in(amina, "amina")
        await office.sign_in(ben, "ben")
        assert (await office.post(amina, do="ask", reason=" ")).status_code == 422
        assert (await office.post(amina, do="ask", reason="She may be hurt tonight.")).status_code == 303
        assert (await office.post(amina, do="grant")).status_code == 403
        assert (await office.post(amina, "/address")).status_code == 410
        assert "Grant it" not in await office.page(amina)
        asked = await office.page(ben)
        assert "Asked for by <bdi>amina, " in asked
        assert "She may be hurt tonight." in asked
        assert (await office.post(ben, do="grant", asked=field(asked, "asked"))).status_code == 303
        shown = await office.post(amina, "/address")
        assert (shown.status_code, RESIDENT in shown.text) == (200, True)
        assert RESIDENT not in await office.page(amina)
    assert "safeguarding address seen" in await office.audit()


async def test_who_sees_to_it_is_named_to_whoever_comes_second(office: Office) -> None:
    async with office.client() as amina, office.client() as ben:
        await office.sign_in(amina, "amina")
        await office.sign_in(ben, "ben")
        await office.post(amina, do="acknowledge")
        second = await office.post(ben, do="acknowledge")
        assert second.headers["location"] == f"{LIST}/{office.flag}?done=taken"
        page = (await ben.get(second.headers["location"])).text
        assert "Somebody sees to this already" in page
        assert "Seen to by <bdi>amina, " in page
        assert "You see to this." not in page


async def test_only_what_was_read_can_be_granted_and_after_a_day_it_is_asked_for_anew(office: Office) -> None:
    async with office.client() as amina, office.client() as ben:
        await office.sign_in(amina, "amina")
        await office.sign_in(ben, "ben")
        await office.post(amina, do="ask", reason="She may be hurt tonight.")
        read = field(await office.page(ben), "asked")
        office.scene.wait(minutes=1)
        await office.post(amina, do="ask", reason="Another reason.")
        for stale in (read, "", "x", "9" * 40):
            assert (await office.post(ben, do="grant", asked=stale)).status_code == 403
        read = field(await office.page(ben), "asked")
        assert (await office.post(ben, do="grant", asked=read)).status_code == 303
        assert "Show the address" in await office.page(amina)
        office.scene.wait(hours=24)
        await office.sign_in(amina, "clara")
        page = await office.page(amina)
        assert "Ask for the address" in page
        assert "Show the address" not in page
        assert "Asked for by" not in page


async def test_what_was_removed_since_is_said(office: Office) -> None:
    await office.scene.town.text("DELETE")
    await office.scene.town.text("YES")
    async with office.client() as client:
        await office.sign_in(client, "amina")
        page = await office.page(client)
        assert "The sender has had everything removed." in page
        assert "The address is not kept any more." in page


async def test_what_was_written_on_a_page_leads_to_who_entered_it_and_to_no_address(office: Office) -> None:
    town = office.scene.town
    survey = town.library.definitions[0].id
    forms = Forms(town.database, town.keys, town.library, now=office.scene.now)
    holder = Holder(survey, id=await forms.begin(Beginning(survey, "en", False, "a" * 64, "paper", entered_by="bilal")))
    holder = replace(holder, entered_by="bilal")
    sheet = await forms.sheet(holder)
    assert sheet is not None
    await forms.take(holder, Posted(sheet.state.standing, 0, sheet.mark, text=DANGER))
    office.flag = (await office.scene.flagged())[-1]
    async with office.client() as client:
        await office.sign_in(client, "amina")
        page = " ".join((await office.page(client)).split())
        assert DANGER in page
        assert "which asks for no address. <bdi>bilal</bdi> entered it for somebody: ask them." in page
        assert "Ask for the address" not in page


async def test_words_that_are_a_script_are_shown_as_words(office: Office) -> None:
    await office.scene.town.text("<script>alert(1)</script> he hits me")
    flags = await office.scene.flagged()
    async with office.client() as client:
        await office.sign_in(client, "amina")
        page = (await client.get(f"{LIST}/{flags[-1]}")).text
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED)
@pytest.mark.parametrize("width", [375], ids=["on a phone"])
async def test_the_pages_have_no_barrier_and_work_without_scripts(office: Office, width: int, tmp_path: Path) -> None:
    scene, listening = office.scene, free_socket()
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    staff = await create_staff(scene.town.database, "amina", "safeguarding", None, scene.now())

    async def sign_in(page: Page) -> None:
        await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(scene.town.database, staff, scene.now())}")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="Messages to look at").click()

    async with serving(application(scene, site), listening), chromium() as browser:
        page = await page_of(browser, width, bypass_csp=True)  # axe is put into the page as text
        await sign_in(page)
        found = {"the list": await barriers(page)}
        await page.screenshot(path=tmp_path / f"list-{width}.png", full_page=True)
        await page.get_by_role("link", name="message 1").click()
        found["one"] = await barriers(page)
        await page.get_by_role("button", name="Write it down").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        found["a mistake"] = await barriers(page)
        await page.screenshot(path=tmp_path / f"mistake-{width}.png", full_page=True)
        assert {name: problems for name, problems in found.items() if problems} == {}

        plain = await page_of(browser, width, scripts=False)
        await sign_in(plain)
        await plain.get_by_role("link", name="message 1").click()
        await plain.get_by_role("button", name="I see to this").click()
        await expect(plain.get_by_text("You see to this.")).to_be_visible()
