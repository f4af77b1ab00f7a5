"""Whatever anybody sends to whatever address: no failure; and without a form of one's own, nothing is changed.

The addresses are the application's own, and the fields those of its templates: what is new is tried as soon as it is
there.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from bot.web.cookie_secrets import form_token
from storage.keys import KeyRing
from storage.script import Database
from tests.web.chromium import free_socket, serving
from tests.web.conftest import PASSWORD
from tests.web.knocking import LONGEST_ADDRESS, OURS, address, knocking, sent
from tests.web.whole_house import API_TOKEN, ROLES, SHIPPED

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WEB = Path(__file__).parents[2] / "bot" / "web"
TEMPLATES = "".join(page.read_text(encoding="utf-8") for page in sorted((WEB / "templates").glob("*.html")))
HANDLERS = "".join(page.read_text(encoding="utf-8") for page in sorted(WEB.glob("*.py")))
FIELDS = sorted(set(re.findall(r'name="([a-z_-]+)"', TEMPLATES) + re.findall(r'"name": "([a-z_]+)"', TEMPLATES)))
"""Every field that stands in a template by its name."""
QUERIES = sorted(set(re.findall(r'query_params\.get\("(\w+)"', HANDLERS)))
HOSTILE = (
    "",
    " ",
    "0",
    "-1",
    "9" * 400,
    "1e999",
    "NaN",
    "\u0660\u0661",  # digits that int() reads
    "2026-02-31",
    "0001-01-01",
    "9999-12-31",
    "\x00",
    "\ud800",
    "\ufffe\u202e",
    "é" * 5_000,
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "{{7*7}}${7*7}%s%n",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "run",
    "end",
    "yes",
    "password",
)
EVERYBODY = ("", *ROLES)
WITHOUT_TOKEN = ("/s/", "/simulator", "/staff/sign-in", "/v/")
"""Where nobody is signed in yet, or ever: what a form comes from is all that tells that it is ours."""
FORM = (
    ("name", "Forged"),
    ("survey", SHIPPED),
    ("closes", "2099-01-31"),
    ("new", PASSWORD),
    ("hours", "4"),
    ("reply", "thanks"),
    ("text", "Forged"),
    ("language-en", "yes"),
    ("channel-sms", "yes"),
    ("lang", "en"),
    ("answer", "yes"),
    ("heard", "yes"),
    ("source", "assisted"),
)
FORGED: dict[str, tuple[str, Mapping[str, str]]] = {
    "without a token": ("", OURS),
    "with the token of another session": ("another's", OURS),
    "from another site": ("theirs", {"sec-fetch-site": "cross-site"}),
    "from another site, by an old browser": ("theirs", {"origin": "https://elsewhere.example"}),
    "by no browser": ("theirs", {}),
}
"""How a form can be forged: whose token it carries, and what the browser says of where it comes from."""
DO = ("run", "end", "end-all")
"""Forms that would do something, if they were believed."""
QUIET = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
T = TypeVar("T")
Wait = Callable[[Coroutine[Any, Any, Any]], Any]
Pairs = list[tuple[str, str]]

words = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))
fields = st.lists(st.tuples(st.sampled_from(FIELDS), words), max_size=8)
"""Fields of a form: some missing, some twice, some of another one."""
queries = st.lists(st.tuples(st.sampled_from(QUERIES), words), max_size=3)
kinds = st.sampled_from(
    ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain", "")
)


async def from_a_thread(run: Callable[[Wait], None]) -> None:
    """Run what knows no event loop beside this one; what it waits for happens here."""
    loop = asyncio.get_running_loop()

    def wait(what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, loop).result(60)

    await asyncio.to_thread(run, wait)


async def test_nothing_that_is_sent_is_a_failure(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:

        def everywhere(wait: Wait) -> None:
            @settings(QUIET, max_examples=200)
            @given(
                st.sampled_from(door.house.routes("POST")),
                st.sampled_from(EVERYBODY),
                fields,
                words,
                kinds,
                st.booleans(),
            )
            def send(route: str, role: str, pairs: Pairs, odd: str, kind: str, is_known: bool) -> None:
                if role:
                    pairs = [*pairs, ("token", form_token(wait(door.house.session(role))))]
                path = address(route, door.values if is_known else {}, odd)
                headers = {"sec-fetch-site": "same-origin", "content-type": kind}
                answer = wait(door.knock("POST", path, role, sent(pairs), headers))
                assert answer.status_code < 500, (route, role, pairs)

            send()

        await from_a_thread(everywhere)


async def test_nothing_that_is_asked_for_is_a_failure(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:

        def everywhere(wait: Wait) -> None:
            @settings(QUIET, max_examples=150)
            @given(st.sampled_from(door.house.routes("GET")), st.sampled_from(EVERYBODY), queries, words, st.booleans())
            def ask(route: str, role: str, pairs: Pairs, odd: str, is_known: bool) -> None:
                path = address(route, door.values if is_known else {}, odd)
                answer = wait(door.knock("GET", f"{path}?{sent(pairs).decode()[:LONGEST_ADDRESS]}", role))
                assert answer.status_code < 500, (route, role, pairs)

            ask()

        await from_a_thread(everywhere)


async def test_a_form_that_is_too_long_is_turned_away(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:
        for route, size in product(door.house.routes("POST"), (16 * 1024 + 1, 5_000_000)):
            body = b"name=" + b"x" * size
            answer = await door.knock("POST", address(route, door.values, ""), "admin", body, OURS)
            assert 300 <= answer.status_code < 500, route


async def test_a_forged_form_changes_nothing(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:
        tokens = {role: form_token(await door.house.session(role)) for role in ROLES}
        before = await door.kept()
        for (how, (whose, headers)), route in product(FORGED.items(), door.house.routes("POST")):
            if route.startswith(WITHOUT_TOKEN) and headers is OURS:
                continue
            for role, do in product(ROLES, DO):
                others = tokens["worker" if role == "admin" else "admin"]
                token = {"theirs": tokens[role], "another's": others}.get(whose, "")
                form = sent([("token", token), ("do", do), *FORM])
                answer = await door.knock("POST", address(route, door.values, ""), role, form, headers)
                assert 400 <= answer.status_code < 500, (how, route, role)
                assert "<h1" in answer.text, route
        after = await door.kept()
        assert [name for name, rows in before.items() if rows != after[name]] == []


async def test_the_api_is_as_it_describes_itself(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:
        with free_socket() as listening:
            site = f"http://127.0.0.1:{listening.getsockname()[1]}"
            schema = schemathesis.openapi.from_dict(door.house.application.pages.openapi())

            def everywhere(_: Wait) -> None:
                for operation in schema.get_all_operations():
                    assert isinstance(operation, Ok)

                    @settings(QUIET, max_examples=10)
                    @given(case=operation.ok().as_strategy())
                    def call(case: "schemathesis.Case[Any]") -> None:
                        case.headers["Authorization"] = f"Bearer {API_TOKEN}"
                        case.call_and_validate(base_url=site)

                    call()

            async with serving(door.house.application, listening):
                await from_a_thread(everywhere)
