"""One's own account, the list of staff, and the last admin."""

import asyncio
import re
from functools import partial

import httpx2
import pytest
from fastapi import FastAPI

from bot.web.accounts import TRIES_PER_NAME, create_staff, one_time_sign_in
from storage import staff_account as store
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import StaffMember, staff_named
from tests.web.at_the_door import give_password, token_on
from tests.web.conftest import BASE, PASSWORD, SignIn, Visitor
from tests.web.scripted import Clock, ScriptedPhone, application
from tests.web.walking import is_signed_in, rows

NEW = "four very quiet words"
ACCOUNT = "/staff/account"
PEOPLE = "/staff/people"


@pytest.fixture
def app(database: Database, keys: KeyRing, clock: Clock, phone: ScriptedPhone) -> FastAPI:
    return application(database, clock, phone, BASE, keys)


async def post(client: httpx2.AsyncClient, path: str, **form: str) -> httpx2.Response:
    token = token_on((await client.get("/staff")).text)
    return await client.post(path, data={"token": token, **form})


async def audited(database: Database, who: str) -> list[tuple[str, str]]:
    kept = await rows(database, "SELECT who, action, detail FROM audit ORDER BY id")
    return [(action, detail) for name, action, detail in kept if name == who and action != "signed in"]


async def member(database: Database, name: str) -> StaffMember:
    found = await database.read(partial(staff_named, name))
    assert found is not None
    return found


# Passwords


async def test_who_came_by_a_link_sets_a_password_and_signs_in_with_it(
    signed_in: SignIn, visitor: Visitor, database: Database
) -> None:
    client, other = await signed_in("cem", "worker"), visitor()
    assert ">set a password</a>" in (await client.get("/staff")).text
    page = (await client.get(ACCOUNT)).text
    assert "you sign in by links alone" in page
    assert 'name="password"' not in page
    answer = await post(client, ACCOUNT, do="password", new=NEW)
    assert answer.headers["location"] == f"{ACCOUNT}?done=password"
    assert "Your password is set." in (await client.get(answer.headers["location"])).text
    assert (await give_password(other, "cem", NEW)).status_code == 303
    assert await is_signed_in(other)
    assert await audited(database, "cem") == [("password set", "")]


@pytest.mark.parametrize(
    ("role", "first", "then"),
    [
        pytest.param("analyst", "a password and one-time codes", "one-time codes", id="one with codes"),
        pytest.param("worker", "a password", "", id="one without"),
    ],
)
async def test_only_what_is_missing_is_asked_for(signed_in: SignIn, role: str, first: str, then: str) -> None:
    client = await signed_in("cem", role)
    for page in (ACCOUNT, "/staff"):
        assert f"set {first}" in (await client.get(page)).text.replace(f">set {first}<", f"set {first}")
    await post(client, ACCOUNT, do="password", new=NEW)
    for page in (ACCOUNT, "/staff"):
        said = (await client.get(page)).text
        assert f"set {first}" not in said
        assert (f"set {then}" in said) == bool(then)


@pytest.mark.parametrize("new", ["", "x" * 11, "x" * 257], ids=["empty", "too short", "endless"])
async def test_a_password_that_will_not_do_says_what_will(signed_in: SignIn, database: Database, new: str) -> None:
    client = await signed_in("cem", "worker")
    answer = await post(client, ACCOUNT, do="password", new=new)
    assert answer.status_code == 422
    assert 'href="#new"' in answer.text
    assert "12 to 256 characters" in answer.text
    assert not (await member(database, "cem")).password_hash


@pytest.mark.parametrize("new", ["passwordpassword", "cemcemcemcemcem", "Welcome123456!", "Stoke1111111"])
async def test_a_password_that_anybody_would_try_first_is_refused(
    signed_in: SignIn, database: Database, new: str
) -> None:
    client = await signed_in("cem", "worker")
    answer = await post(client, ACCOUNT, do="password", new=new)
    assert answer.status_code == 422
    assert "among the first that anybody would try" in answer.text
    assert not (await member(database, "cem")).password_hash


async def test_who_came_by_password_gives_it_again_to_change_it(
    visitor: Visitor, database: Database, clock: Clock
) -> None:
    await create_staff(database, "cem", "worker", PASSWORD, clock())
    client = visitor()
    await give_password(client, "cem")
    assert 'name="password"' in (await client.get(ACCOUNT)).text
    for wrong in ("", "three loud words"):
        answer = await post(client, ACCOUNT, do="password", new=NEW, password=wrong)
        assert answer.status_code == 422
        assert 'href="#password"' in answer.text
    assert ("sign-in refused", "wrong password, to change their account") in await audited(database, "cem")
    assert (await post(client, ACCOUNT, do="password", new=NEW, password=PASSWORD)).status_code == 303
    assert (await give_password(visitor(), "cem")).status_code == 422
    assert (await give_password(visitor(), "cem", NEW)).status_code == 303


async def test_the_old_password_is_not_to_be_guessed_at_a_screen_left_open(
    visitor: Visitor, database: Database, clock: Clock
) -> None:
    await create_staff(database, "cem", "worker", PASSWORD, clock())
    client = visitor()
    await give_password(client, "cem")
    for _ in range(TRIES_PER_NAME - 1):
        assert (await post(client, ACCOUNT, do="password", new=NEW, password="x")).status_code == 422
    assert (await post(client, ACCOUNT, do="password", new=NEW, password=PASSWORD)).status_code == 429
    clock.pass_minutes(15)
    assert (await post(client, ACCOUNT, do="password", new=NEW, password=PASSWORD)).status_code == 303


async def test_a_new_password_ends_every_other_session_and_link(
    signed_in: SignIn, visitor: Visitor, database: Database, clock: Clock
) -> None:
    client, elsewhere = await signed_in("cem", "worker"), visitor()
    staff = (await member(database, "cem")).id
    await elsewhere.post(f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    unused = await one_time_sign_in(database, staff, clock())
    await post(client, ACCOUNT, do="password", new=NEW)
    assert await is_signed_in(client)
    assert not await is_signed_in(elsewhere)
    assert (await elsewhere.get(f"/staff/sign-in/{unused}")).status_code == 410


# Sessions


async def test_ones_own_sessions_are_listed_and_ended_one_by_one(
    signed_in: SignIn, visitor: Visitor, database: Database, clock: Clock
) -> None:
    client, elsewhere, bilal = await signed_in("cem", "worker"), visitor(), await signed_in("bilal", "worker")
    staff = (await member(database, "cem")).id
    clock.pass_minutes(65)
    await elsewhere.post(f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    page = (await client.get(ACCOUNT)).text
    assert page.count('class="slip"') == 2
    assert "since 22 November 2026, 12:00, at most until 23 November 2026, 00:00" in page
    assert "since 22 November 2026, 13:05" in page
    [other] = re.findall(r'name="session" value="(\w+)"', page)
    await post(bilal, ACCOUNT, do="end", session=other)
    assert await is_signed_in(elsewhere), "bilal ended a session of somebody else"
    await post(client, ACCOUNT, do="end", session=other)
    assert not await is_signed_in(elsewhere)
    assert await is_signed_in(client)
    assert await audited(database, "bilal") == []


async def test_all_of_them_are_ended_at_once(
    signed_in: SignIn, visitor: Visitor, database: Database, clock: Clock
) -> None:
    client, elsewhere = await signed_in("cem", "worker"), visitor()
    staff = (await member(database, "cem")).id
    await elsewhere.post(f"/staff/sign-in/{await one_time_sign_in(database, staff, clock())}")
    assert (await post(client, ACCOUNT, do="end-all")).headers["location"] == "/staff"
    assert not await is_signed_in(client)
    assert not await is_signed_in(elsewhere)
    assert "You are not signed in any more" in (await elsewhere.get("/staff")).text
    assert ("every session ended", "cem") in await audited(database, "cem")
    assert "earshot_staff" not in client.cookies, "it would be taken for a stolen one"


async def test_the_page_needs_a_session_and_a_form_that_says_what_to_do(
    client: httpx2.AsyncClient, signed_in: SignIn
) -> None:
    assert (await client.get(ACCOUNT)).headers["location"] == "/staff"
    assert (await client.post(ACCOUNT, data={"do": "end-all"})).status_code == 403
    assert (await post(await signed_in("cem", "worker"), ACCOUNT, do="dance")).status_code == 400


async def test_a_letter_that_no_database_keeps_is_turned_away(signed_in: SignIn) -> None:
    admin = await signed_in("ada", "admin")
    for path in ("/staff/audit?who=%00", "/staff?survey=a%00b", "/staff/sign-in/%00"):
        assert (await admin.get(path)).status_code == 400
    assert (await admin.post("/staff/sign-in", data={"name": "a\0", "password": "x"})).status_code == 400
    assert (await post(admin, ACCOUNT, do="end", session="\0")).status_code == 400
    assert await is_signed_in(admin)


# The staff


async def test_an_admin_sees_who_there_is_and_signs_them_out(signed_in: SignIn, database: Database) -> None:
    admin, cem = await signed_in("ada", "admin"), await signed_in("cem", "worker")
    page = (await admin.get(PEOPLE)).text
    assert re.findall(r'slip__name">(\w+) .*?>(\w+)</strong>', page) == [("ada", "admin"), ("cem", "worker")]
    assert "No password ·\n      no one-time codes ·\n      1 session open" in page
    staff = (await member(database, "cem")).id
    answer = await post(admin, PEOPLE, do="end", person=staff)
    assert "signed out everywhere" in (await admin.get(answer.headers["location"])).text
    assert not await is_signed_in(cem)
    assert await audited(database, "ada") == [("every session ended", "cem")]


async def test_an_admin_shuts_somebody_out(
    signed_in: SignIn, visitor: Visitor, database: Database, clock: Clock
) -> None:
    admin, cem = await signed_in("ada", "admin"), await signed_in("cem", "worker")
    staff = (await member(database, "cem")).id
    link = await one_time_sign_in(database, staff, clock())
    assert (await post(admin, PEOPLE, do="shut-out", person=staff)).status_code == 303
    assert not await is_signed_in(cem)
    assert (await visitor().post(f"/staff/sign-in/{link}")).status_code == 410
    assert "Shut out on 22 November 2026" in (await admin.get(PEOPLE)).text
    assert await audited(database, "ada") == [("staff shut out", "cem")]
    again = await create_staff(database, "cem", "worker", None, clock())
    assert (await visitor().post(f"/staff/sign-in/{await one_time_sign_in(database, again, clock())}")).is_redirect


async def test_the_last_admin_cannot_be_shut_out_from_the_page(signed_in: SignIn, database: Database) -> None:
    admin = await signed_in("ada", "admin")
    answer = await post(admin, PEOPLE, do="shut-out", person=(await member(database, "ada")).id)
    assert answer.status_code == 409
    assert "The last admin must stay" in answer.text
    assert await is_signed_in(admin)
    assert await audited(database, "ada") == []


async def test_of_two_admins_who_shut_each_other_out_at_once_one_stays(database: Database, clock: Clock) -> None:
    for name in ("ada", "bo"):
        await create_staff(database, name, "admin", None, clock())
    ada, bo = await member(database, "ada"), await member(database, "bo")
    done = await asyncio.gather(
        *(
            database.run(partial(store.shut_out, whom, clock(), who.name, may_be_last_admin=False))
            for who, whom in ((ada, bo), (bo, ada))
        )
    )
    assert sorted(done) == [False, True]


@pytest.mark.parametrize("form", [{"do": "dance"}, {"do": "end", "person": "nobody"}], ids=["no such deed", "nobody"])
async def test_a_form_about_nobody_or_nothing_changes_nothing(signed_in: SignIn, form: dict[str, str]) -> None:
    admin = await signed_in("ada", "admin")
    page = (await admin.get(PEOPLE)).text
    person = re.findall(r'name="person" value="(\w+)"', page)[0]
    assert (await post(admin, PEOPLE, **({"person": person} | form))).status_code in (400, 404)
    assert await is_signed_in(admin)


@pytest.mark.parametrize("role", ["analyst", "worker", "safeguarding"])
async def test_the_staff_and_the_audit_log_are_for_admins_alone(
    signed_in: SignIn, database: Database, role: str
) -> None:
    await signed_in("ada", "admin")
    client = await signed_in("amina", role)
    home = (await client.get("/staff")).text
    person = (await member(database, "ada")).id
    for path in (PEOPLE, "/staff/audit"):
        assert path not in home
        answer = await client.get(path)
        assert answer.status_code == 403
        assert "Only admins may open it" in answer.text
        assert "ada" not in re.sub(r"<[^>]+>", "", answer.text)
    assert (await post(client, PEOPLE, do="shut-out", person=person)).status_code == 403
    assert await database.read(partial(staff_named, "ada")) is not None
    assert [detail for action, detail in await audited(database, "amina") if action == "refused"] == [
        "GET /staff/people: This page is not for you",
        "GET /staff/audit: This page is not for you",
        "POST /staff/people: This page is not for you",
    ]
