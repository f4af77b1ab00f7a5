"""The whole application as `demo` puts it together, over one database: every page, and residents' phones with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext
from starlette.routing import Route

from bot.cli.compose import Service as Running
from bot.cli.compose import now, service_of, simulator_channels, wording
from bot.cli.serving import demo_application
from bot.settings import Settings, load
from bot.web.accounts import create_staff
from bot.web.app import Application
from bot.web.cookie_secrets import fingerprint, form_token, new_secret
from bot.web.metrics import Metrics
from bot.web.phone import BotPhone
from bot.web.visits import COOKIE
from storage import campaigns, installation, staff
from storage.keys import KeyRing
from storage.script import Database, Fetch, Params, Row, Run, Script
from tests.end_to_end.conftest import publish_shipped
from tests.service.forms_scene import HALLS, campaign, publish
from tests.web.chromium import chromium, free_socket, serving

SHIPPED = "stoke-community-cohesion"
RESIDENT = "+447700900777"
API_TOKEN = "a token that is only for tests"
HOUR = 60 * 60_000
ROLES = ("admin", "analyst", "worker", "safeguarding")


@dataclass
class House:
    """The running application. `site` is where browsers reach it."""

    site: str
    running: Running
    application: Application
    phone: BotPhone
    _sessions: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.running.database

    async def session(self, name: str, role: str = "") -> str:
        """Sign somebody in, who has that role or the one that they are named for, and give their session's secret."""
        if name not in self._sessions:
            person = await create_staff(self.database, name, role or name, None, now())
            self._sessions[name] = await self._open(person)
        return self._sessions[name]

    async def sign_in(self, context: BrowserContext, name: str) -> None:
        """Let a browser hold somebody's session."""
        await context.add_cookies([{"name": COOKIE, "value": await self.session(name), "url": f"{self.site}/staff"}])

    async def token(self, name: str) -> str:
        """Give what the forms of somebody's session carry."""
        return form_token(await self.session(name))

    async def text(self, *texts: str, address: str = RESIDENT) -> str:
        """Let a resident text, and give the last reply."""
        said = [(await self.phone.text(address, text))[-1].text for text in texts]
        return said[-1]

    async def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql, params or {})).rows)

        return await self.database.read(script)

    async def change(self, sql: str, params: Params | None = None) -> None:
        def script() -> Script[None]:
            yield Run(sql, params or {})

        await self.database.run(script)

    def routes(self, method: str) -> list[str]:
        """List the address of every route that takes a method, whoever added it."""
        pages = self.application.pages
        routers = [getattr(included, "original_router", pages) for included in pages.routes]
        routes = [each for router in routers for each in router.routes if isinstance(each, Route)]
        return sorted({each.path for each in routes if method in (each.methods or ())})

    async def _open(self, person: str) -> str:
        secret = new_secret()
        kept = staff.Secret(fingerprint(secret), staff.SESSION, now(), now() + HOUR)
        await self.database.run(lambda: staff.keep_secret(person, kept))
        return secret


def settings_of(site: str) -> Settings:
    """Give what a demo's pages are made with: this server's address; and the token of its reading API."""
    return load(
        public_base_url=site,
        api_token=API_TOKEN,
    )


@asynccontextmanager
async def open_house(database: Database, keys: KeyRing, site: str) -> AsyncIterator[House]:
    """Open it with the shipped survey, which has no last day yet, and a small one with a campaign that runs."""
    await database.run(installation.mark_demo)
    await publish(database, HALLS, 0)
    await database.run(lambda: campaigns.add(campaign(made_by="worker", test=True)))
    await publish_shipped(database)
    channels = simulator_channels()
    async with service_of(database, keys, channels, wording(every=True)) as service:
        application = demo_application(settings_of(site), service, channels, Metrics())
        phone = BotPhone(service.inbox, next(iter(channels.values())), database, keys, now)
        yield House(site, service, application, phone)


@asynccontextmanager
async def house_and_browser(database: Database, keys: KeyRing) -> AsyncIterator[tuple[House, Browser]]:
    """Serve the house on loopback, and run a browser to visit it with."""
    with free_socket() as listening:
        site = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with (
            open_house(database, keys, site) as house,
            serving(house.application, listening),
            chromium() as browser,
        ):
            yield house, browser
