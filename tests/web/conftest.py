"""The pages over a real database, and a browser-like client to walk through them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace

import argon2
import httpx2
import pytest
from fastapi import FastAPI

from bot.web import passwords
from bot.web.accounts import create_staff, one_time_sign_in
from storage.script import Database
from tests.analysis.filling import BEGAN, MINUTE, STOKE, Answer, Message, Response, keep, publish, receive
from tests.web.scripted import Clock, ScriptedPhone, application

BASE = "https://earshot.example"
PASSWORD = "three quiet words"

Visitor = Callable[[], httpx2.AsyncClient]
SignIn = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def phone() -> ScriptedPhone:
    return ScriptedPhone()


@pytest.fixture
async def answered(database: Database) -> None:
    """Two published surveys, of which the first was answered."""
    await database.run(publish(replace(STOKE, id="park", title={"en": "Hanley Park & <its> lake"})))
    await database.run(publish(STOKE))
    safe, why = Answer("safe", code="agree"), Answer("why", said="Ring me on 07700 900123, the lights are out")
    await database.run(
        keep(
            Response("r1", (safe, why), completed=BEGAN + MINUTE),
            Response("r2", (safe, Answer("why", state="skipped")), completed=BEGAN + MINUTE),
            Response("r3", (safe,), stopped=BEGAN + MINUTE),
            Response("r4", (safe,), source="web", completed=BEGAN + MINUTE),
            Response("r5", (safe,), test=True),
        )
    )
    filed = ("command", "command", "noise", "unparsed", "erased")
    await database.run(receive(*(Message(f"m{number}", each) for number, each in enumerate(filed))))


@pytest.fixture
def app(database: Database, clock: Clock, phone: ScriptedPhone) -> FastAPI:
    return application(database, clock, phone, BASE)


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[Visitor]:
    """Browsers, as many as are asked for: each has its own cookies and says where its forms come from."""
    opened = []

    def visit() -> httpx2.AsyncClient:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url=BASE, headers={"sec-fetch-site": "same-origin"}
        )
        opened.append(client)
        return client

    yield visit
    for client in opened:
        await client.aclose()


@pytest.fixture
async def client(visitor: Visitor) -> httpx2.AsyncClient:
    return visitor()


@pytest.fixture
def signed_in(visitor: Visitor, database: Database, clock: Clock) -> SignIn:
    """Sign a new member of staff in by a one-time link."""

    async def sign_in(name: str = "amina", role: str = "analyst") -> httpx2.AsyncClient:
        staff = await create_staff(database, name, role, None, clock())
        client = visitor()
        token = await one_time_sign_in(database, staff, clock())
        assert (await client.post(f"/staff/sign-in/{token}")).status_code == 303
        return client

    return sign_in


_REAL_HASHER = passwords._hasher


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Hash passwords and PINs cheaply: at its real price a hash takes as long as the rest of a test."""
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        yield


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as the server does."""
    monkeypatch.setattr(passwords, "_hasher", _REAL_HASHER)
