"""How a test gets in at /staff as a person does: a password, a code out of an app, what stands on the page."""

import re

import httpx2
import pyotp

from bot.web.accounts import one_time_sign_in
from storage import staff as store
from storage.script import Database
from tests.web.conftest import PASSWORD
from tests.web.scripted import Clock


def token_on(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def secret_on(page: str) -> str:
    """Read the secret of the codes that a page offers, as somebody without a camera would type it."""
    found = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    assert found is not None
    return found[1].replace(" ", "")


def code_of(secret: str, clock: Clock, steps: int = 0) -> str:
    """Make the code that an app shows, some steps of 30 seconds from now."""
    return pyotp.TOTP(secret.replace(" ", "")).generate_otp(clock() // 30_000 + steps)


async def give_password(client: httpx2.AsyncClient, name: str = "amina", password: str = PASSWORD) -> httpx2.Response:
    return await client.post("/staff/sign-in", data={"name": name, "password": password})


async def give_code(client: httpx2.AsyncClient, code: str) -> httpx2.Response:
    page = (await client.get("/staff/code")).text
    return await client.post("/staff/code", data={"token": token_on(page), "code": code})


async def come_by_link(client: httpx2.AsyncClient, database: Database, clock: Clock, name: str = "amina") -> None:
    """Sign somebody in by a one-time link, as the server's terminal prints it."""
    member = await database.read(lambda: store.staff_named(name))
    assert member is not None
    link = await one_time_sign_in(database, member.id, clock())
    assert (await client.post(f"/staff/sign-in/{link}")).headers["location"] == "/staff"


async def set_up_codes(client: httpx2.AsyncClient, clock: Clock, **more: str) -> str:
    """Set one-time codes up on their page, and give their secret."""
    page = (await client.get("/staff/codes")).text
    secret = secret_on(page)
    form = {"token": token_on(page), "code": code_of(secret, clock), **more}
    assert (await client.post("/staff/codes", data=form)).status_code == 303
    return secret
