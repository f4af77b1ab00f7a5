"""Somebody at every door of the whole house: what is asked for and sent, and what is kept before and after."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx2

from bot.cli.compose import now
from bot.outreach.closing import close_on
from bot.web.visits import COOKIE
from storage.keys import KeyRing
from storage.script import Database
from storage.tables import metadata
from tests.web.whole_house import SHIPPED, House, open_house

OURS = {"sec-fetch-site": "same-origin"}
LONGEST_ADDRESS = 2_000
"""Beyond it, a web server in front would answer."""


def sent(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Write a form as a browser does, and what no browser would as well."""
    return urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in pairs]).encode()


@dataclass
class Knocking:
    """Somebody at every door of the house. `values` stand for the variables of addresses."""

    house: House
    client: httpx2.AsyncClient
    values: dict[str, str]

    async def knock(
        self, method: str, path: str, who: str = "", content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Ask for an address, as somebody who is signed in or as nobody. A failure of ours is raised."""
        cookie = f"{COOKIE}={await self.house.session(who)}" if who else ""
        return await self.client.request(method, path, content=content, headers={"cookie": cookie, **(headers or {})})

    async def kept(self) -> dict[str, list[tuple[object, ...]]]:
        """Give every row there is, but for notes of who tried what."""
        tables = [name for name in metadata.tables if name not in ("audit", "sign_in_attempt")]
        return {
            name: sorted((tuple(row) for row in await self.house.rows(f"SELECT * FROM {name}")), key=repr)
            for name in tables
        }


@asynccontextmanager
async def knocking(database: Database, keys: KeyRing) -> AsyncIterator[Knocking]:
    async with open_house(database, keys, "http://127.0.0.1:9") as house:
        await close_on(database, SHIPPED, "2100-01-31", "terminal", now())
        await house.text("STOKE", "1", "My husband hits me, he said he will kill me")
        ((flag,),) = await house.rows("SELECT id FROM flag")
        values = {"campaign": "c1", "survey": "halls", "question": "use", "flag": flag, "message": flag, "size": "A4"}
        # Past Application, which answers a failure with a calm page: here it is to be seen.
        transport = httpx2.ASGITransport(house.application.pages)
        async with httpx2.AsyncClient(transport=transport, base_url=house.site) as client:
            yield Knocking(house, client, values)


def address(route: str, values: dict[str, str], odd: str) -> str:
    """Fill the variables of a route: by what is there, and by something odd for the rest."""
    return re.sub(r"\{(\w+)\}", lambda found: quoted(values.get(found[1]) or odd or "x"), route)


def quoted(text: str) -> str:
    return quote(text[:LONGEST_ADDRESS].encode("utf-8", "surrogatepass"), safe="")
