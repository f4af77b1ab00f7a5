"""A long export from the staff pages: how far it is, who may take it, and what stays."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from playwright.async_api import expect

from bot.analysis.export import Format
from bot.analysis.formats.asked import ExportRefused, Progress
from bot.web.figures import Figures
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.staff import staff_routes
from bot.web.tasks import KEPT_SECONDS
from bot.web.visits import COOKIE
from storage.script import Database
from tests.web.chromium import CHROMIUM, WHY_SKIPPED, chromium, free_socket, page_of, serving
from tests.web.conftest import BASE, SignIn
from tests.web.scripted import Clock
from tests.web.sights import Sights
from tests.web.walking import form_token_of, rows, words_of

pytestmark = [pytest.mark.parametrize("database_url", ["sqlite"], indirect=True), pytest.mark.usefixtures("answered")]

EXPORT = "/staff/surveys/stoke/export"


class SlowFigures(Figures):
    """Figures whose exports wait, after some responses, until they are let go on."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.may_go_on = asyncio.Event()
        self.refusal = ""

    async def export(
        self,
        survey: str,
        form: Format,
        out: Path,
        who: str,
        *,
        labels: str | None,
        primary_only: bool,
        shareable: bool,
        progress: Progress | None = None,
    ) -> None:
        assert progress is not None
        progress(12_500)
        await self.may_go_on.wait()
        progress(13_000)
        if self.refusal:
            raise ExportRefused(self.refusal)
        await super().export(survey, form, out, who, labels=labels, primary_only=primary_only, shareable=shareable)


@pytest.fixture(autouse=True)
def private(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "private"
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture
def figures(database: Database, clock: Clock) -> SlowFigures:
    return SlowFigures(database, clock)


@pytest.fixture
def app(database: Database, clock: Clock, figures: SlowFigures) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.include_router(staff_routes(database, figures, Pages("Stoke"), clock, BASE, patience=0))
    app.mount(STATIC_URL, static_files())
    return app


async def begun(client: httpx2.AsyncClient, **choices: str) -> str:
    """Ask for a file, and give the address of its page."""
    form = {"token": await form_token_of(client), "format": "csv", **choices}
    answer = await client.post(EXPORT, data=form)
    assert answer.status_code == 303
    return answer.headers["location"]


async def made(client: httpx2.AsyncClient, at: str) -> str:
    """Wait for a file, and give what its page says then."""
    async with asyncio.timeout(10):
        while (await client.get(f"{at}/progress")).status_code != 204:
            pass
    return words_of((await client.get(at)).text)


async def do(client: httpx2.AsyncClient, at: str, what: str) -> httpx2.Response:
    return await client.post(at, data={"token": await form_token_of(client), "do": what})


def left_in(private: Path) -> list[Path]:
    return list(private.iterdir())


async def test_a_long_export_says_how_far_it_is_and_is_taken_once(
    signed_in: SignIn, figures: SlowFigures, database: Database, private: Path
) -> None:
    client = await signed_in()
    at = await begun(client)
    page = (await client.get(at)).text
    assert "The file is being made 12,500 responses so far" in words_of(page)
    assert '<meta http-equiv="refresh"' in page
    assert (await client.get(f"{at}/progress")).status_code == 200
    assert (await do(client, at, "take")).headers["location"] == at
    assert await begun(client, format="xlsx") == at, "one after the other"
    figures.may_go_on.set()
    assert "The file is ready" in await made(client, at)
    answer = await do(client, at, "take")
    assert answer.headers["content-disposition"] == 'attachment; filename="stoke-2026-11-22.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert (await do(client, at, "take")).status_code == 404
    assert left_in(private) == []
    assert len(await rows(database, "SELECT id FROM audit WHERE action = 'export'")) == 1


async def test_it_is_for_who_asked_for_it_alone(signed_in: SignIn, figures: SlowFigures) -> None:
    client, other, worker = await signed_in(), await signed_in("ada", "admin"), await signed_in("bo", "worker")
    at = await begun(client)
    figures.may_go_on.set()
    await made(client, at)
    assert [(await other.get(at)).status_code, (await do(other, at, "take")).status_code] == [404, 404]
    assert [(await worker.get(at)).status_code, (await do(worker, at, "take")).status_code] == [403, 403]


async def test_what_is_stopped_or_never_taken_leaves_nothing(
    signed_in: SignIn, figures: SlowFigures, database: Database, clock: Clock, private: Path
) -> None:
    client = await signed_in()
    stopped = await begun(client)
    assert (await do(client, stopped, "drop")).status_code == 303
    at = await begun(client)
    figures.may_go_on.set()
    await made(client, at)
    assert len(left_in(private)) == 1
    assert len(await rows(database, "SELECT id FROM audit WHERE action = 'export'")) == 1
    clock.pass_minutes(KEPT_SECONDS // 60 + 1)
    assert (await client.get(at)).status_code == 404
    assert left_in(private) == []


async def test_why_it_could_not_be_made_is_said(signed_in: SignIn, figures: SlowFigures) -> None:
    client = await signed_in()
    figures.refusal = "There is no room on the disk."
    at = await begun(client)
    figures.may_go_on.set()
    assert "The file could not be made ! There is no room on the disk." in await made(client, at)
    assert (await do(client, at, "take")).status_code == 503


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY_SKIPPED)
async def test_the_page_of_a_long_export_has_no_barrier_and_renews_itself(
    app: FastAPI, signed_in: SignIn, figures: SlowFigures
) -> None:
    client, listening = await signed_in(), free_socket()
    site, sights = f"http://127.0.0.1:{listening.getsockname()[1]}", Sights([f"{EXPORT}/{{task}}"])
    at = await begun(client)
    async with serving(app, listening), chromium() as browser:
        page = await page_of(browser, 1100, bypass_csp=True)
        await page.context.add_cookies([{"name": COOKIE, "value": client.cookies[COOKIE], "url": f"{site}/staff"}])
        await page.goto(site + at)
        await sights.look(page, "export being made")
        figures.may_go_on.set()
        await expect(page.get_by_role("button", name="Take the file")).to_be_visible()
        await sights.look(page, "export ready")
        async with page.expect_download() as taking:
            await page.get_by_role("button", name="Take the file").click()
        assert (await taking.value).suggested_filename == "stoke-2026-11-22.csv"
    assert sights.amiss == {}
