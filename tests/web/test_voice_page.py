"""The page for voice notes: who may hear them, what is written into the audit log, and what a form does."""

import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from playwright.async_api import expect

from bot.web.accounts import create_staff, one_time_sign_in
from bot.web.figures import Figures
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.staff import staff_routes
from bot.web.voice import voice_routes
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.voices import voice_note
from tests.service.voice_scene import DAY, Voices, voices
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, barriers, chromium, free_socket, page_of, serving

BASE = "https://earshot.example"
SOUND = voice_note(75, b"0123456789" * 20)

# What the database does here, tests/service/test_voice.py has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def application(scene: Voices, base: str) -> FastAPI:
    """Build the staff pages round the running service."""
    app, pages = FastAPI(openapi_url=None), Pages("Stoke-on-Trent City Council")
    app.include_router(staff_routes(scene.database, Figures(scene.database, scene.clock), pages, scene.clock, base))
    app.include_router(voice_routes(scene.database, scene.box, scene.transcribing, pages, scene.clock, base))
    app.mount(STATIC_URL, static_files())
    return app


@dataclass
class Office:
    """Signed-in staff, and a resident who spoke."""

    scene: Voices
    client: httpx2.AsyncClient

    async def sign_in(self, role: str = "analyst", name: str = "amina") -> None:
        staff = await create_staff(self.scene.database, name, role, None, self.scene.now)
        token = await one_time_sign_in(self.scene.database, staff, self.scene.now)
        assert (await self.client.post(f"/staff/sign-in/{token}")).status_code == 303

    async def page(self) -> str:
        return (await self.client.get("/staff/voice")).text

    async def post(self, note: str, **form: str) -> httpx2.Response:
        found = re.search(r'name="token" value="([0-9a-f]+)"', await self.page())
        assert found is not None
        return await self.client.post(f"/staff/voice/{note}", data={"token": found[1], **form})

    async def audit(self) -> list[str]:
        return [row[0] for row in await self.scene.rows("SELECT action FROM audit WHERE who = 'amina' ORDER BY id")]


@pytest.fixture
async def office(database: Database, keys: KeyRing) -> AsyncIterator[Office]:
    async with voices(database, keys) as scene:
        for text in ("PARKS", "1", "2"):
            await scene.write(text)
        await scene.speak(SOUND)
        await scene.box.fetch_waiting()
        transport = httpx2.ASGITransport(application(scene, BASE))
        headers = {"sec-fetch-site": "same-origin"}
        async with httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
            yield Office(scene, client)


async def test_the_page_shows_when_which_question_and_how_long_and_never_who(office: Office) -> None:
    await office.sign_in()
    assert "/staff/voice" in (await office.client.get("/staff")).text
    page = await office.page()
    assert "What would make them better?" in page
    assert "1 min 15 s" in page
    assert "kept until 31 January 2026" in page
    assert "7700900123" not in page


async def test_a_stranger_and_a_worker_hear_nothing(office: Office) -> None:
    note = await office.scene.note()
    sound = f"/staff/voice/{note}/recording"
    assert (await office.client.get("/staff/voice")).status_code == 303
    assert (await office.client.get(sound)).status_code == 403
    await office.sign_in("worker")
    assert "/staff/voice" not in (await office.client.get("/staff")).text
    for path in ("/staff/voice", sound):
        answer = await office.client.get(path)
        assert answer.status_code == 403
        assert SOUND not in answer.content
    token = re.search(r'name="token" value="([0-9a-f]+)"', (await office.client.get("/staff")).text)
    assert token is not None
    form = {"token": token[1], "do": "write", "text": "yes"}
    assert (await office.client.post(f"/staff/voice/{note}", data=form)).status_code == 403
    assert await office.audit() == ["signed in"]


async def test_a_sound_is_never_stored_and_stands_in_the_audit_log_once(office: Office) -> None:
    await office.sign_in()
    address = f"/staff/voice/{await office.scene.note()}/recording"
    whole = await office.client.get(address)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, SOUND, "audio/ogg")
    assert whole.headers["cache-control"] == "no-store"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = await office.client.get(address, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, SOUND[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(SOUND)}"
    rest = await office.client.get(address, headers={"range": f"bytes={len(SOUND) - 4}-"})
    assert rest.content == SOUND[-4:]
    assert (await office.client.get(address, headers={"range": f"bytes={len(SOUND)}-"})).status_code == 416
    assert await office.audit() == ["signed in", "voice note heard"]


async def test_the_desk_says_how_many_wait(office: Office) -> None:
    await office.sign_in()
    await office.scene.note()
    page = (await office.client.get("/staff")).text
    assert "Voice notes to write down</a>: 1" in page


async def test_who_listens_from_the_middle_on_stands_in_the_audit_log_too(office: Office) -> None:
    await office.sign_in()
    address = f"/staff/voice/{await office.scene.note()}/recording"
    assert (await office.client.get(address, headers={"range": "bytes=1-"})).content == SOUND[1:]
    assert await office.audit() == ["signed in", "voice note heard"]


async def test_what_was_said_becomes_the_answer(office: Office) -> None:
    await office.sign_in()
    note = await office.scene.note()
    answer = await office.post(note, do="write", text=" More benches,\r\nand shade. ")
    assert answer.headers["location"] == "/staff/voice?done=answered"
    assert await office.scene.rows("SELECT said, input FROM answer WHERE question = 'better'") == [
        ("More benches,\nand shade.", "voice")
    ]
    done = (await office.client.get(answer.headers["location"])).text
    assert "Written down, and kept as the answer." in done
    assert "No voice note waits" in done


async def test_one_that_was_seen_to_meanwhile_is_gone(office: Office) -> None:
    await office.sign_in()
    note = await office.scene.note()
    await office.scene.speak(SOUND)  # another, so that the page still has a form
    await office.scene.box.fetch_waiting()
    assert (await office.post(note, do="leave")).headers["location"] == "/staff/voice?done=left"
    assert (await office.post(note, do="write", text="yes")).status_code == 410


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("  ", "Type what was said", id="nothing"),
        pytest.param("x" * 10_001, "Shorten the text", id="too much"),
    ],
)
async def test_a_form_that_cannot_be_taken_comes_back_with_its_words(office: Office, text: str, says: str) -> None:
    await office.sign_in()
    answer = await office.post(await office.scene.note(), do="write", text=text)
    assert answer.status_code == 422
    assert says in answer.text
    assert text.strip() in answer.text
    assert await office.scene.rows("SELECT id FROM answer WHERE question = 'better'") == []


async def test_a_long_letter_in_any_script_fits_the_form(office: Office) -> None:
    await office.sign_in()
    text = "میں چاہتا ہوں " * 700
    assert (await office.post(await office.scene.note(), do="write", text=text)).status_code == 303


async def test_the_residents_own_answer_is_shown_masked_and_stays(office: Office) -> None:
    await office.scene.write("Ring me on 07700 900123")
    await office.sign_in()
    page = await office.page()
    assert "Ring me on [phone]" in page
    assert await office.audit() == ["signed in", "answer seen"]
    assert "<textarea" not in page
    answer = await office.post(await office.scene.note(), do="write", text="More benches")
    assert answer.status_code == 409
    assert "Their answer stays" in answer.text


async def test_a_sound_past_its_date_is_gone(office: Office) -> None:
    note = await office.scene.note()
    office.scene.now += 30 * DAY
    await office.sign_in()
    assert (await office.client.get(f"/staff/voice/{note}/recording")).status_code == 404
    assert "No voice note waits" in await office.page()


async def test_a_form_from_elsewhere_is_refused(office: Office) -> None:
    await office.sign_in()
    office.client.headers["sec-fetch-site"] = "cross-site"
    assert (await office.post(await office.scene.note(), do="leave")).status_code == 403


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED)
@pytest.mark.parametrize("width", [375], ids=["on a phone"])
async def test_the_page_has_no_barrier_and_works_without_scripts(office: Office, width: int, tmp_path: Path) -> None:
    scene = office.scene
    listening: socket.socket = free_socket()
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    staff = await create_staff(scene.database, "amina", "analyst", None, scene.now)
    async with serving(application(scene, site), listening), chromium() as browser:
        page = await page_of(browser, width, bypass_csp=True)  # axe is put into the page as text
        await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(scene.database, staff, scene.now)}")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="Voice notes").click()
        found = {"the list": await barriers(page)}
        await page.screenshot(path=tmp_path / f"list-{width}.png", full_page=True)
        await page.get_by_role("button", name="Write it down").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        found["a mistake"] = await barriers(page)
        await page.screenshot(path=tmp_path / f"mistake-{width}.png", full_page=True)
        assert {name: problems for name, problems in found.items() if problems} == {}

        plain = await page_of(browser, width, scripts=False)
        await plain.goto(f"{site}/staff/sign-in/{await one_time_sign_in(scene.database, staff, scene.now)}")
        await plain.get_by_role("button", name="Sign in").click()
        await plain.goto(f"{site}/staff/voice")
        await plain.get_by_label("What was said").fill("More benches")
        await plain.get_by_role("button", name="Write it down").click()
        await expect(plain.get_by_text("Written down, and kept as the answer.")).to_be_visible()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED)
async def test_a_player_may_fetch_the_sound_and_does_so_only_when_it_is_played(office: Office) -> None:
    scene = office.scene
    listening: socket.socket = free_socket()
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    staff = await create_staff(scene.database, "amina", "analyst", None, scene.now)
    async with serving(application(scene, site), listening), chromium() as browser:
        page = await page_of(browser, 1280)
        fetched: list[int] = []
        page.on("response", lambda one: fetched.append(one.status) if one.url.endswith("/recording") else None)
        await page.goto(f"{site}/staff/sign-in/{await one_time_sign_in(scene.database, staff, scene.now)}")
        await page.get_by_role("button", name="Sign in").click()
        await page.goto(f"{site}/staff/voice", wait_until="networkidle")
        assert fetched == []
        async with page.expect_response(lambda one: one.url.endswith("/recording")):
            await page.locator("audio").evaluate("sound => { sound.play().catch(() => null) }")
        assert set(fetched) <= {200, 206}
        assert (await office.audit())[-1] == "voice note heard"
