"""kill -9 in the middle of residents who answer on the web: every page sent again lands once, and no answer is lost."""

import asyncio
import random
import re
from html import unescape
from pathlib import Path

import httpx2
import pytest

from bench.serving import serving
from bench.wire import PUBLIC
from storage.script import Database
from tests.end_to_end.commands import SURVEY
from tests.end_to_end.counting import answers, revised, untold
from tests.end_to_end.reaping import Reaper
from tests.web.form_scene import Browser

RESIDENTS = 4
PAGES = 13
SEED = 20261123
SECONDS = 90.0
LEAST = ("vision_agree", "priorities_top3", "missing", "age_band", "religion")


class Patient(httpx2.AsyncBaseTransport):
    """A network that the server may vanish from: what got no answer is sent again, word for word, once it is back."""

    def __init__(self, port: int, reaper: Reaper) -> None:
        self._port = port
        self._reaper = reaper
        self._wire = httpx2.AsyncHTTPTransport()
        self.sent_again = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        if request.method == "POST":
            self._reaper.note_turn()  # before it is sent: so death comes while one is on its way
        while True:
            again = httpx2.Request(
                request.method, url, headers=request.headers, content=body, extensions=request.extensions
            )
            try:
                response = await self._wire.handle_async_request(again)
                await response.aread()
            except httpx2.TransportError:
                self.sent_again += request.method == "POST"
                await self._reaper.until_up()
                continue
            return response

    async def aclose(self) -> None:
        await self._wire.aclose()


def filled_in(page: str, resident: int, question: str) -> dict[str, str]:
    """Fill in whatever field the page has: each resident otherwise."""
    if "<textarea" in page:
        return {"text": f"Resident {resident} on {question}"}
    boxes = re.findall(r'name="([^"]+)" type="(?:radio|checkbox)" value="([^"]+)"', page)
    name, value = boxes[resident % len(boxes)]
    return {name: unescape(value)}


async def walk(browser: Browser, resident: int) -> dict[str, str]:
    """Answer the whole survey; say what was chosen on each page."""
    given: dict[str, str] = {}
    await browser.open(f"/s/{SURVEY}")
    await browser.send()
    while not browser.path.endswith("/done"):
        question = browser.path.rpartition("/")[2]
        assert question not in given, "led back to a question that was answered"
        fields = filled_in(browser.page, resident, question)
        (given[question],) = fields.values()
        await browser.send(do="answer", **fields)
        assert browser.status == 200, browser.page
    return given


# What one transaction leaves is the same on either engine: tests/storage/test_entries.py.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_killed_while_residents_answer_on_the_web_every_survey_is_whole_and_exact(
    published: str, database: Database, tmp_path: Path
) -> None:
    async with asyncio.timeout(SECONDS), serving(published, tmp_path / "server") as server:
        reaper = Reaper(server, random.Random(SEED), turns=RESIDENTS * PAGES, kills=1)
        wires = [Patient(server.port, reaper) for _ in range(RESIDENTS)]
        headers = {"sec-fetch-site": "same-origin"}
        clients = [httpx2.AsyncClient(transport=wire, base_url=PUBLIC, headers=headers, timeout=10) for wire in wires]
        given = await asyncio.gather(*(walk(Browser(client), n) for n, client in enumerate(clients)))
        await reaper.finish()
        for client in clients:
            await client.aclose()
    assert reaper.kills == 1
    assert sum(wire.sent_again for wire in wires) > 0, "nobody was in the middle of a page"

    rows = {row["missing"]: row for row in await answers(database, SURVEY, tmp_path)}
    assert len(rows) == RESIDENTS
    for answered in given:
        assert set(LEAST) <= set(answered)
        row = rows[answered["missing"]]
        assert {name: row[name] for name in answered} == answered
        assert (row["status"], row["source"]) == ("complete", "web")
    assert await revised(database) == 0
    assert await untold(database) == []
