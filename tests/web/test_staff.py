"""Who gets in at /staff, by which way, and for how long."""

import asyncio
from functools import partial

import argon2
import httpx2
import pytest

from bot.web.accounts import TRIES_OVERALL, TRIES_PER_NAME, Door, StaffRefused, create_staff, one_time_sign_in
from bot.web.passwords import hashed
from storage import staff as store
from storage.script import Database
from tests.web.conftest import PASSWORD, SignIn, Visitor
from tests.web.scripted import Clock
from tests.web.walking import form_token_of, is_signed_in, rows

REFUSAL = "That name and password do not belong together."


# Passwords


async def test_a_right_password_signs_in(client: httpx2.AsyncClient, database: Database, clock: Clock) -> None:
    await create_staff(database, "Amina  Khan", "worker", PASSWORD, clock())
    answer = await client.post("/staff/sign-in", data={"name": " amina khan", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff")
    assert await is_signed_in(client)
    assert ("amina khan", "signed in", "by password") in await rows(database, "SELECT who, action, detail FROM audit")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("amina", "three loud words", id="a wrong password"),
        pytest.param("nobody", PASSWORD, id="a name nobody has"),
        pytest.param("bilal", PASSWORD, id="any password for someone who has none"),
        pytest.param("amina", PASSWORD + "x" * 1000, id="a password far too long"),
    ],
)
async def test_a_refused_sign_in_never_says_what_was_wrong(
    client: httpx2.AsyncClient, database: Database, clock: Clock, name: str, password: str
) -> None:
    await create_staff(database, "amina", "analyst", PASSWORD, clock())
    await create_staff(database, "bilal", "analyst", None, clock())
    answer = await client.post("/staff/sign-in", data={"name": name, "password": password})
    assert answer.status_code == 422
    assert answer.text.count(REFUSAL) == 2  # in the summary and beside the box
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("name", "password"), [("", ""), ("amina", ""), (" ", PASSWORD)])
async def test_an_empty_sign_in_is_nobodys_try_and_no_wrong_password(
    client: httpx2.AsyncClient, database: Database, clock: Clock, name: str, password: str
) -> None:
    await create_staff(database, "amina", "worker", PASSWORD, clock())
    for _ in range(TRIES_PER_NAME + 1):
        answer = await client.post("/staff/sign-in", data={"name": name, "password": password})
        assert (answer.status_code, "Write your name and your password." in answer.text) == (422, True)
    assert await rows(database, "SELECT action FROM audit WHERE action LIKE '%refused%'") == []
    answer = await client.post("/staff/sign-in", data={"name": "amina", "password": PASSWORD})
    assert answer.status_code == 303


async def test_guessing_at_one_name_is_stopped_for_a_quarter_of_an_hour(
    client: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    await create_staff(database, "amina", "worker", PASSWORD, clock())
    await create_staff(database, "bilal", "worker", PASSWORD, clock())
    for _ in range(TRIES_PER_NAME):
        assert (await client.post("/staff/sign-in", data={"name": "Amina", "password": "x"})).status_code == 422
    right = {"name": "amina", "password": PASSWORD}
    answer = await client.post("/staff/sign-in", data=right)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert (await client.post("/staff/sign-in", data=right | {"name": "bilal"})).status_code == 303
    clock.pass_minutes(15)
    assert (await client.post("/staff/sign-in", data=right)).status_code == 303


async def test_guessing_at_many_names_is_stopped_too(database: Database, clock: Clock) -> None:
    attempt = partial(
        store.count_attempt, at=clock(), since=clock() - 1, per_name=TRIES_PER_NAME, overall=TRIES_OVERALL
    )
    allowed = [await database.run(partial(attempt, f"name {number}")) for number in range(TRIES_OVERALL + 5)]
    assert allowed == [True] * TRIES_OVERALL + [False] * 5
    assert len(await rows(database, "SELECT id FROM audit")) == TRIES_OVERALL


async def test_a_name_typed_at_sign_in_is_not_kept_as_it_was_typed(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await client.post("/staff/sign-in", data={"name": "hunter2 in the wrong box", "password": "x"})
    kept = await rows(database, "SELECT who, action, detail FROM audit ORDER BY id")
    assert [(who, action) for who, action, _ in kept[1:]] == [("unknown name", "sign-in refused")]
    assert "hunter2" not in str(kept)


@pytest.mark.parametrize(
    ("name", "role", "password", "reason"),
    [
        pytest.param("  ", "analyst", None, "a name needs", id="an empty name"),
        pytest.param("x" * 81, "analyst", None, "a name needs", id="an endless name"),
        pytest.param("cem", "emperor", None, "no role 'emperor'", id="an unknown role"),
        pytest.param("cem", "worker", "too short", "a password needs 12", id="a short password"),
        pytest.param("AMINA", "worker", None, "already someone called 'amina'", id="a taken name in another case"),
    ],
)
async def test_an_account_that_cannot_be_made_says_why(
    database: Database, clock: Clock, name: str, role: str, password: str | None, reason: str
) -> None:
    await create_staff(database, "amina", "analyst", None, clock())
    with pytest.raises(StaffRefused, match=reason):
        await create_staff(database, name, role, password, clock())


# One-time links


async def test_looking_at_a_sign_in_link_does_not_use_it(
    client: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    staff = await create_staff(database, "amina", "analyst", None, clock())
    link = f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}"
    for _ in range(3):
        shown = await client.get(link)
        assert shown.status_code == 200
        assert f'action="{link}"' in shown.text
    assert not await is_signed_in(client)
    assert (await client.post(link)).status_code == 303
    assert await is_signed_in(client)


async def test_a_sign_in_link_works_once(visitor: Visitor, database: Database, clock: Clock) -> None:
    staff = await create_staff(database, "amina", "analyst", None, clock())
    link = f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}"
    answers = await asyncio.gather(*(visitor().post(link) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410]
    assert (await visitor().get(link)).status_code == 410


@pytest.mark.parametrize(
    ("minutes", "status"),
    [pytest.param(14.9, 303, id="within a quarter of an hour"), pytest.param(15, 410, id="after it")],
)
async def test_a_sign_in_link_holds_for_a_quarter_of_an_hour(
    client: httpx2.AsyncClient, database: Database, clock: Clock, minutes: float, status: int
) -> None:
    staff = await create_staff(database, "amina", "analyst", None, clock())
    link = f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}"
    clock.pass_minutes(minutes)
    assert (await client.post(link)).status_code == status


async def test_an_unknown_sign_in_link_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/staff/sign-in/made-up")).status_code == 410
    assert (await client.post("/staff/sign-in/made-up")).status_code == 410


async def test_a_link_is_no_session(client: httpx2.AsyncClient, database: Database, clock: Clock) -> None:
    staff = await create_staff(database, "amina", "analyst", None, clock())
    client.cookies.set("earshot_staff", await one_time_sign_in(database, staff, clock()))
    assert not await is_signed_in(client)


# Sessions


async def test_a_session_ends_after_twelve_hours(signed_in: SignIn, clock: Clock) -> None:
    client = await signed_in()
    clock.pass_minutes(12 * 60 - 1)
    assert await is_signed_in(client)
    clock.pass_minutes(1)
    assert not await is_signed_in(client)


async def test_signing_out_ends_the_session_for_good(signed_in: SignIn) -> None:
    client = await signed_in()
    kept = client.cookies["earshot_staff"]
    answer = await client.post("/staff/sign-out", data={"token": await form_token_of(client)})
    assert answer.status_code == 303
    assert "earshot_staff" not in client.cookies
    client.cookies.set("earshot_staff", kept)
    assert not await is_signed_in(client)


async def test_revoking_a_person_ends_what_they_hold_and_lets_no_new_session_begin(
    signed_in: SignIn, visitor: Visitor, database: Database, clock: Clock
) -> None:
    other, client = await signed_in("bilal"), await signed_in("amina")
    [(staff,)] = await rows(database, "SELECT id FROM staff WHERE name = 'amina'")
    link = await one_time_sign_in(database, staff, clock())
    assert await database.run(partial(store.disable_staff, staff, clock()))
    assert not await is_signed_in(client)
    assert (await visitor().post(f"/staff/sign-in/{link}")).status_code == 410
    later = await one_time_sign_in(database, staff, clock())
    assert (await visitor().post(f"/staff/sign-in/{later}")).status_code == 410
    assert await is_signed_in(other)


async def test_ending_every_session_of_a_person_leaves_them_able_to_sign_in_again(
    signed_in: SignIn, database: Database, clock: Clock
) -> None:
    client = await signed_in()
    [(staff,)] = await rows(database, "SELECT id FROM staff")
    await database.run(partial(store.end_every_session, staff, clock()))
    assert not await is_signed_in(client)
    assert await Door(database, clock).by_link(await one_time_sign_in(database, staff, clock())) is not None


async def test_no_secret_is_kept_as_it_is(signed_in: SignIn, database: Database, clock: Clock) -> None:
    client = await signed_in()
    staff = await create_staff(database, "bilal", "analyst", PASSWORD, clock())
    token = await one_time_sign_in(database, staff, clock())
    kept = str(await rows(database, "SELECT * FROM staff_session")) + str(await rows(database, "SELECT * FROM staff"))
    for secret in (client.cookies["earshot_staff"], token, PASSWORD):
        assert secret not in kept
    assert "$argon2id$" in kept


@pytest.mark.usefixtures("real_hashes")
async def test_a_kept_password_is_dear_to_guess() -> None:
    kept = await hashed(PASSWORD)
    assert argon2.extract_parameters(kept) == argon2.profiles.RFC_9106_LOW_MEMORY
    assert kept != await hashed(PASSWORD)


async def test_sessions_that_ran_out_a_week_ago_are_dropped(
    signed_in: SignIn, database: Database, clock: Clock
) -> None:
    await signed_in("amina")
    clock.pass_minutes((7 * 24 + 12) * 60 + 1)
    await signed_in("bilal")
    held = "SELECT DISTINCT name FROM staff_session JOIN staff ON staff.id = staff_session.staff_id"
    assert await rows(database, held) == [("bilal",)]


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    staff = await create_staff(database, "amina", "analyst", None, clock())
    answer = await client.post(f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=lax", "secure", "path=/staff", "max-age=43200"} <= parts
