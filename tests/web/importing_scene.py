"""Somebody at the page that brings a web form's answers in: a file is sent as a browser sends it."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from bot.web.cookie_secrets import form_token
from bot.web.importing import import_routes
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.refusals import Refusals
from bot.web.visits import COOKIE
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.filling import publish
from tests.analysis.importing.scene import FIRST, MAP, NOW, SECOND, SURVEY, csv_text
from tests.web.outreach_scene import BASE, COUNCIL, Desk, Office
from tests.web.walking import words_of

PAGE = "/staff/surveys/stoke/import"
EXPORT = csv_text([FIRST, SECOND])


def form_of(*parts: tuple[str, str | None, bytes | str], boundary: str = "") -> tuple[bytes, str]:
    """Write a form as a browser does: each part a field, or a file with its name. Returns it and its content type."""
    mark = boundary or f"----{uuid4().hex}"
    body = b""
    for name, file_name, content in parts:
        is_file = "" if file_name is None else f'; filename="{file_name}"\r\nContent-Type: application/octet-stream'
        content = content.encode() if isinstance(content, str) else content
        body += (
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"{is_file}\r\n\r\n'.encode() + content + b"\r\n"
        )
    return body + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


@dataclass
class Importing:
    """One person's browser. `at` is the page of their import, once there is one."""

    desk: Desk
    at: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return form_token(self.desk.secret)

    async def send(
        self, content: str | bytes = EXPORT, map_text: str | bytes = "", *, name: str = "export.csv", **beside: str
    ) -> httpx2.Response:
        """Send a file, with a map or without, and files beside it: `_1199="..."` is that of a repeatable question."""
        stem, _, ending = name.rpartition(".")
        body, kind = form_of(
            ("token", None, self.token),
            ("file", name, content),
            ("map", "answers.toml" if map_text else "", map_text),
            *(("beside", f"{stem}{number}.{ending}", each) for number, each in beside.items()),
        )
        answer = await self.post(body, kind)
        self.at = answer.headers.get("location", "")
        return answer

    async def post(self, body: bytes, kind: str) -> httpx2.Response:
        return await self.desk.client.post(PAGE, content=body, headers={"content-type": kind, **self.headers})

    async def do(self, what: str, **fields: str) -> httpx2.Response:
        return await self.desk.post(self.at, do=what, **fields)

    async def page(self) -> str:
        """Wait until the work is over, and give the page."""
        async with asyncio.timeout(20):
            while (await self.desk.get(f"{self.at}/progress")).status_code != 204:
                pass
        return (await self.desk.get(self.at)).text

    async def words(self) -> str:
        return words_of(await self.page())

    async def sent(self, content: str | bytes = EXPORT, map_text: str = MAP, **more: str) -> str:
        """Send a file that is taken, and give what its page says."""
        assert (await self.send(content, map_text, **more)).status_code == 303
        return await self.words()

    async def seal(self) -> str:
        found = re.search(r'name="seal" value="(\w+)"', await self.page())
        assert found is not None
        return found[1]

    async def bring(self) -> str:
        """Press the button that writes it."""
        assert (await self.do("apply", seal=await self.seal())).status_code == 303
        return await self.words()


def office_of(database: Database, keys: KeyRing, patience: float = 0) -> Office:
    """Open the page over a database; as another process would, if it is done again."""
    office = Office(database, FastAPI(openapi_url=None), now=NOW)
    pages = Pages(COUNCIL, Refusals(database, office.clock).note)
    office.app.include_router(import_routes(database, keys, pages, office.clock, BASE, patience))
    office.app.mount(STATIC_URL, static_files())
    return office


async def import_office(database: Database, keys: KeyRing, patience: float = 0) -> Office:
    """Publish the survey, and open the page."""
    await database.run(publish(SURVEY))
    return office_of(database, keys, patience)


def same_person(desk: Desk, office: Office) -> Desk:
    """Bring somebody's browser to another process of the service."""
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(office.app),
        base_url=BASE,
        headers={"sec-fetch-site": "same-origin"},
        cookies={COOKIE: desk.secret},
    )
    return Desk(client, desk.secret)
