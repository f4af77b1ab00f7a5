"""An address that is none of ours: a page for a person, JSON for a program, and a way back for a reloaded form."""

import httpx2
import pytest

from storage.keys import KeyRing
from storage.script import Database
from tests.web.knocking import knocking

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_whoever_goes_astray_is_led_on(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:

        async def ask(path: str, method: str = "GET") -> httpx2.Response:
            return await door.knock(method, path)

        for path in ("/", "/stoke", "/staff/nothing"):
            answer = await ask(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
            assert "There is no such page" in answer.text
        assert 'href="/staff"' in (await ask("/staff/nothing")).text
        assert 'href="/staff"' not in (await ask("/stoke")).text
        for path in ("/static/nothing", "/api/v1/nothing"):
            assert (await ask(path)).json() == {"detail": "Not Found"}
        assert (await ask("/s/halls", "DELETE")).status_code == 405
        # A phone that is opened again asks anew for the page that it showed last: what came back for a form.
        for path, above in (
            ("/s/halls/go-on", "/s/halls"),
            ("/s/halls/code", "/s/halls"),
            ("/v/made-up/pin", "/v/made-up"),
            ("/staff/assisted/c1/links", "/staff/assisted/c1"),
            ("/simulator/text", "/simulator"),
        ):
            answer = await ask(path)
            assert (answer.status_code, answer.headers["location"]) == (303, above)
