"""One-time codes: who is asked for one, what opens before it, and what each code is good for."""

import httpx2
import pytest
from fastapi import FastAPI

from bot.web.accounts import TRIES_PER_NAME, create_staff, one_time_sign_in
from storage import staff as store
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database
from storage.staff_account import forget_codes
from tests.conftest import SECRET
from tests.web.at_the_door import code_of, come_by_link, give_code, give_password, secret_on, set_up_codes, token_on
from tests.web.conftest import BASE, PASSWORD, Visitor
from tests.web.scripted import Clock, ScriptedPhone, application
from tests.web.walking import form_token_of, is_signed_in, rows

# What they ask of the database, tests/web/test_account.py tries on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WRONG = "000000"


@pytest.fixture
def app(database: Database, keys: KeyRing, clock: Clock, phone: ScriptedPhone) -> FastAPI:
    return application(database, clock, phone, BASE, keys)


@pytest.fixture
async def staff(database: Database, clock: Clock) -> str:
    return await create_staff(database, "amina", "analyst", PASSWORD, clock())


@pytest.fixture
async def secret(staff: str, client: httpx2.AsyncClient, database: Database, clock: Clock) -> str:
    """Set amina's codes up and sign her out again; a minute has passed."""
    await come_by_link(client, database, clock)
    made = await set_up_codes(client, clock)
    assert await is_signed_in(client)
    await client.post("/staff/sign-out", data={"token": await form_token_of(client)})
    clock.pass_minutes(1)
    return made


@pytest.mark.parametrize("role", ["admin", "analyst", "safeguarding"])
async def test_who_sees_residents_words_and_has_no_codes_needs_a_link_to_set_them_up(
    client: httpx2.AsyncClient, database: Database, clock: Clock, role: str
) -> None:
    """Else whoever has found a password out would enrol a phone of their own with it."""
    await create_staff(database, "amina", role, PASSWORD, clock())
    answer = await give_password(client)
    assert (answer.status_code, "Ask for a new sign-in link" in answer.text) == (422, True)
    assert not await is_signed_in(client)
    assert (await client.get("/staff/codes")).headers["location"] == "/staff"
    assert (await client.get("/staff/codes/picture")).status_code == 403
    assert await rows(database, "SELECT who, detail FROM audit WHERE action = 'sign-in refused'") == [
        ("amina", "no one-time codes yet")
    ]


@pytest.mark.usefixtures("secret")
async def test_a_right_password_alone_opens_nothing(client: httpx2.AsyncClient, database: Database) -> None:
    await give_password(client)
    token = token_on((await client.get("/staff/code")).text)
    for path in ("/staff/account", "/staff/people", "/staff/audit"):
        assert (await client.get(path)).headers["location"] == "/staff"
        assert (await client.post(path, data={"token": token, "do": "end-all"})).status_code in (403, 405)
    assert (await client.post("/staff/surveys/stoke/export", data={"token": token})).status_code == 403
    assert await rows(database, "SELECT detail FROM audit WHERE action = 'signed in'") == [("by one-time link",)]


@pytest.mark.usefixtures("staff")
async def test_codes_are_set_up_by_typing_one(client: httpx2.AsyncClient, database: Database, clock: Clock) -> None:
    await come_by_link(client, database, clock)
    page = (await client.get("/staff/codes")).text
    secret = secret_on(page)
    assert f"secret={secret}" in page
    picture = await client.get("/staff/codes/picture")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert secret.encode() not in picture.content
    wrong = await client.post("/staff/codes", data={"token": token_on(page), "code": WRONG})
    assert wrong.status_code == 422
    assert secret_on(wrong.text) == secret, "the app that has read the picture would be of no use"
    code = code_of(secret, clock)
    right = {"token": token_on(page), "code": f" {code[:3]} {code[3:]} "}
    assert (await client.post("/staff/codes", data=right)).headers["location"] == "/staff/account?done=codes"
    assert await rows(database, "SELECT who, action, detail FROM audit WHERE who = 'amina' ORDER BY id") == [
        ("amina", "signed in", "by one-time link"),
        ("amina", "one-time codes set up", ""),
    ]


@pytest.mark.usefixtures("staff")
async def test_a_password_and_a_code_sign_in(client: httpx2.AsyncClient, clock: Clock, secret: str) -> None:
    answer = await give_password(client)
    assert answer.headers["location"] == "/staff/code"
    assert "max-age=600" in answer.headers["set-cookie"].lower()
    assert not await is_signed_in(client)
    assert (await give_code(client, code_of(secret, clock))).headers["location"] == "/staff"
    assert await is_signed_in(client)


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        pytest.param(-2, 422, id="a minute late"),
        pytest.param(-1, 303, id="half a minute late"),
        pytest.param(0, 303, id="of now"),
        pytest.param(1, 303, id="half a minute early"),
        pytest.param(2, 422, id="a minute early"),
    ],
)
async def test_a_phones_clock_may_be_half_a_minute_wrong(
    client: httpx2.AsyncClient, clock: Clock, secret: str, steps: int, status: int
) -> None:
    clock.pass_minutes(10)
    await give_password(client)
    assert (await give_code(client, code_of(secret, clock, steps))).status_code == status


async def test_a_code_signs_in_once(client: httpx2.AsyncClient, visitor: Visitor, clock: Clock, secret: str) -> None:
    await give_password(client)
    await give_code(client, code_of(secret, clock))
    over_the_shoulder = visitor()
    await give_password(over_the_shoulder)
    for steps in (0, -1):
        assert (await give_code(over_the_shoulder, code_of(secret, clock, steps))).status_code == 422
    assert not await is_signed_in(over_the_shoulder)


@pytest.mark.parametrize("code", ["", "12345", "x" * 2000, "١٢٣٤٥٦", "-1", WRONG])
async def test_what_is_no_right_code_is_refused_and_noted(
    client: httpx2.AsyncClient, database: Database, secret: str, code: str
) -> None:
    await give_password(client)
    assert (await give_code(client, code)).status_code == 422
    assert not await is_signed_in(client)
    assert ("amina", "wrong code") in await rows(
        database, "SELECT who, detail FROM audit WHERE action = 'sign-in refused'"
    )


async def test_codes_are_not_to_be_guessed(
    client: httpx2.AsyncClient, database: Database, clock: Clock, secret: str
) -> None:
    await give_password(client)
    for _ in range(TRIES_PER_NAME):
        assert (await give_code(client, WRONG)).status_code == 422
    answer = await give_code(client, code_of(secret, clock))
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert not await is_signed_in(client)
    assert ("too many tries",) in await rows(database, "SELECT detail FROM audit WHERE who = 'amina'")
    clock.pass_minutes(15)
    await give_password(client)
    assert (await give_code(client, code_of(secret, clock))).status_code == 303


async def test_a_code_must_follow_within_ten_minutes(client: httpx2.AsyncClient, clock: Clock, secret: str) -> None:
    await give_password(client)
    token = token_on((await client.get("/staff/code")).text)
    clock.pass_minutes(10)
    answer = await client.post("/staff/code", data={"token": token, "code": code_of(secret, clock)})
    assert answer.status_code == 403
    assert "You waited too long" in answer.text
    assert (await client.get("/staff/code")).headers["location"] == "/staff"


@pytest.mark.parametrize("token", ["", "x"])
async def test_a_form_with_a_code_carries_the_token_of_its_own_visit(
    client: httpx2.AsyncClient, clock: Clock, secret: str, token: str
) -> None:
    await give_password(client)
    code = code_of(secret, clock)
    assert (await client.post("/staff/code", data={"token": token, "code": code})).status_code == 403
    assert (await give_code(client, code)).status_code == 303


async def test_who_has_codes_cannot_replace_them_with_a_password_alone(
    client: httpx2.AsyncClient, clock: Clock, secret: str
) -> None:
    await give_password(client)
    assert (await client.get("/staff/codes")).headers["location"] == "/staff"
    assert (await client.get("/staff/codes/picture")).status_code == 403
    token = token_on((await client.get("/staff/code")).text)
    form = {"token": token, "code": code_of(secret, clock)}
    assert (await client.post("/staff/codes", data=form)).status_code == 403
    assert not await is_signed_in(client)


async def test_a_link_needs_no_code_and_sets_codes_up_anew(
    client: httpx2.AsyncClient, database: Database, clock: Clock, staff: str, secret: str
) -> None:
    link = await one_time_sign_in(database, staff, clock())
    assert (await client.post(f"/staff/sign-in/{link}")).headers["location"] == "/staff"
    assert await is_signed_in(client)
    new = await set_up_codes(client, clock)
    assert new != secret
    await client.post("/staff/sign-out", data={"token": await form_token_of(client)})
    clock.pass_minutes(1)
    await give_password(client)
    assert (await give_code(client, code_of(secret, clock))).status_code == 422
    assert (await give_code(client, code_of(new, clock))).status_code == 303


async def test_a_session_by_password_gives_it_again_before_new_codes(
    client: httpx2.AsyncClient, clock: Clock, secret: str
) -> None:
    await give_password(client)
    await give_code(client, code_of(secret, clock))
    page = (await client.get("/staff/codes")).text
    form = {"token": token_on(page), "code": code_of(secret_on(page), clock)}
    for password in ("", "three loud words"):
        answer = await client.post("/staff/codes", data=form | {"password": password})
        assert answer.status_code == 422
        assert "your present password" in answer.text
    answer = await client.post("/staff/codes", data=form | {"password": PASSWORD})
    assert answer.headers["location"] == "/staff/account?done=codes"


async def test_a_worker_needs_no_codes_and_may_have_them(
    client: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    await create_staff(database, "cem", "worker", PASSWORD, clock())
    assert (await give_password(client, "cem")).headers["location"] == "/staff"
    secret = await set_up_codes(client, clock, password=PASSWORD)
    await client.post("/staff/sign-out", data={"token": await form_token_of(client)})
    clock.pass_minutes(1)
    assert (await give_password(client, "cem")).headers["location"] == "/staff/code"
    assert (await give_code(client, code_of(secret, clock))).headers["location"] == "/staff"


async def test_forgotten_codes_end_every_session_and_are_set_up_anew(
    client: httpx2.AsyncClient, database: Database, clock: Clock, secret: str
) -> None:
    await give_password(client)
    await give_code(client, code_of(secret, clock))
    member = await database.read(lambda: store.staff_named("amina"))
    assert member is not None
    await database.run(lambda: forget_codes(member, clock(), store.TERMINAL))
    assert not await is_signed_in(client)
    assert (await give_password(client)).status_code == 422, "a password alone sets no codes up"
    assert ("terminal", "one-time codes forgotten", "amina") in await rows(
        database, "SELECT who, action, detail FROM audit"
    )


async def test_the_secret_is_kept_encrypted_and_moves_to_new_keys(
    client: httpx2.AsyncClient, database: Database, clock: Clock, secret: str
) -> None:
    [before] = await rows(database, "SELECT totp, totp_key_id FROM staff")
    assert secret.encode() not in bytes(before[0])
    other_process = await KeyRing.open(database, SECRET)
    await rotate_data_keys(database, other_process)
    [after] = await rows(database, "SELECT totp, totp_key_id FROM staff")
    assert after[1] == other_process.current_key_id != before[1]
    await give_password(client)
    assert (await give_code(client, code_of(secret, clock))).status_code == 303, "this process has the old keys"


@pytest.mark.usefixtures("staff")
async def test_codes_can_be_set_up_while_another_process_makes_new_keys(
    client: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    await come_by_link(client, database, clock)
    page = (await client.get("/staff/codes")).text
    await rotate_data_keys(database, await KeyRing.open(database, SECRET))
    form = {"token": token_on(page), "code": code_of(secret_on(page), clock)}
    assert (await client.post("/staff/codes", data=form)).status_code == 303
