"""The survey's pages over a real database: residents' browsers, a worker's and a volunteer's."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape

import httpx2
from fastapi import FastAPI

from bot.service.forms import Forms
from bot.web.accounts import create_staff, one_time_sign_in
from bot.web.assisted import assisted_routes
from bot.web.figures import Figures
from bot.web.form import form_routes
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.refusals import Refusals
from bot.web.staff import staff_routes
from bot.web.volunteers import volunteer_routes
from tests.service.forms_scene import Hall

BASE = "https://earshot.example"
START = "/s/halls"
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("use", {"answer": "yes"}),
    ("often", {"answer": "no"}),
    ("needs", {"choice-parks": "parks", "choice-lights": "lights"}),
    ("why", {"text": "=Trees, at last\r\nand benches"}),
    ("since", {"day": "3", "month": "5", "year": "2020"}),
    ("age", {"text": "34"}),
    ("faith", {"answer": "no"}),
)
"""Every page and an answer to it, as a browser sends them."""


def application_of(hall: Hall, base: str = BASE) -> FastAPI:
    """Build the pages round a hall, as bot/cli/serving.py does round the real service."""

    def clock() -> int:
        return hall.now

    pages = Pages("The newest survey's council", Refusals(hall.database, clock).note)
    app = FastAPI(openapi_url=None)
    forms: Forms = hall.forms
    for router in (
        form_routes(forms, pages, clock, base),
        assisted_routes(hall.database, forms, pages, clock, base),
        volunteer_routes(hall.database, forms, pages, clock, base),
        staff_routes(hall.database, Figures(hall.database, clock), pages, clock, base),
    ):
        app.include_router(router)
    app.mount(STATIC_URL, static_files())
    return app


@dataclass
class Browser:
    """One browser without scripts: it holds cookies, and fills in whatever form stands on the page before it."""

    client: httpx2.AsyncClient
    page: str = ""
    path: str = ""
    status: int = 0
    came: list[str] = field(default_factory=list)

    async def open(self, path: str) -> str:
        return await self._follow(await self.client.get(path))

    async def send(self, path: str | None = None, /, **fields: str) -> str:
        """Send the form with that address, or the page's own first, with what is hidden in it and these fields."""
        action, hidden = self.form(path)
        return await self.post(action, **hidden | fields)

    async def post(self, path: str, /, **fields: str) -> str:
        return await self._follow(await self.client.post(path, data=fields))

    def form(self, path: str | None = None) -> tuple[str, dict[str, str]]:
        """Return a form's address and its hidden fields."""
        for found in re.finditer(r'<form method="post" action="([^"]+)"(.*?)</form>', self.page, re.DOTALL):
            if found[1] == path or (path is None and not found[1].endswith("/sign-out")):
                hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', found[2])
                return unescape(found[1]), {name: unescape(value) for name, value in hidden}
        raise AssertionError(f"no form {path} on {self.path}")

    @property
    def heading(self) -> str:
        """The page's one heading."""
        found = re.findall(r"<h1[^>]*>(.*?)</h1>", self.page, re.DOTALL)
        assert len(found) == 1, found
        return unescape(" ".join(re.sub("<[^>]+>", "", found[0]).split()))

    @property
    def problem(self) -> str:
        """What the summary of errors says, and leads to a field that is there."""
        found = re.search(r'govuk-error-summary__list">.*?<a href="#([^"]+)">(.*?)</a>', self.page, re.DOTALL)
        assert found is not None, self.page
        assert f'id="{found[1]}"' in self.page
        return unescape(found[2].strip())

    async def _follow(self, response: httpx2.Response) -> str:
        while response.status_code == 303:
            self.came.append(response.headers["location"])
            response = await self.client.get(response.headers["location"])
        self.page, self.path, self.status = response.text, response.request.url.path, response.status_code
        return self.page


@dataclass
class Site:
    """The running pages, and whoever visits them."""

    hall: Hall
    app: FastAPI
    _clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def browser(self) -> Browser:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url=BASE, headers={"sec-fetch-site": "same-origin"}
        )
        self._clients.append(client)
        return Browser(client)

    async def staff(self, name: str = "amina", role: str = "worker") -> Browser:
        """Sign a new member of staff in."""
        staff = await create_staff(self.hall.database, name, role, None, self.hall.now)
        browser = self.browser()
        token = await one_time_sign_in(self.hall.database, staff, self.hall.now)
        await browser.open(f"/staff/sign-in/{token}")
        await browser.send()
        return browser

    async def audit(self) -> list[tuple[str, str]]:
        return [(who, action) for who, action in await self.hall.rows("SELECT who, action FROM audit ORDER BY id")]

    async def count(self, table: str = "response") -> int:
        ((count,),) = await self.hall.rows(f"SELECT COUNT(*) FROM {table}")
        return int(count)


@asynccontextmanager
async def site_of(hall: Hall) -> AsyncIterator[Site]:
    site = Site(hall, application_of(hall))
    yield site
    for client in site._clients:
        await client.aclose()


async def started(site: Site) -> Browser:
    """Open the survey in a new browser and press Start."""
    browser = site.browser()
    await browser.open(START)
    await browser.send()
    return browser
