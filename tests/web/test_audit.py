"""What stands in the audit log when somebody is refused, and how an admin reads it."""

import re

import httpx2
import pytest
from fastapi import FastAPI

from bot.web.accounts import TRIES_PER_NAME, create_staff, one_time_sign_in
from bot.web.audit import LINES
from storage.keys import KeyRing
from storage.script import Database, Script
from storage.staff import note
from tests.web.at_the_door import give_password
from tests.web.conftest import BASE, PASSWORD, SignIn, Visitor
from tests.web.scripted import NOON, Clock, ScriptedPhone, application
from tests.web.walking import form_token_of, is_signed_in, rows, table

AUDIT = "/staff/audit"
EXPORT = "/staff/surveys/stoke/export"

# What the database does here, test_account.py and test_codes.py have tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(database: Database, keys: KeyRing, clock: Clock, phone: ScriptedPhone) -> FastAPI:
    return application(database, clock, phone, BASE, keys)


async def lines(client: httpx2.AsyncClient, ask: str = "") -> list[list[str]]:
    return table((await client.get(AUDIT + ask)).text, "lines")


async def refused(database: Database) -> list[tuple[str, str]]:
    return [(who, detail) for who, detail in await rows(database, _REFUSED)]


_REFUSED = "SELECT who, detail FROM audit WHERE action = 'refused' ORDER BY id"


async def fill(database: Database, *noted: tuple[str, str, str]) -> None:
    def script() -> Script[None]:
        for number, (who, action, detail) in enumerate(noted):
            yield from note(NOON + number, who, action, detail)

    await database.run(script)


# Refusals


async def test_another_roles_deed_is_refused_noted_and_without_effect(signed_in: SignIn, database: Database) -> None:
    client = await signed_in("cem", "worker")
    for _ in range(3):
        answer = await client.post(EXPORT, data={"token": await form_token_of(client), "format": "csv"})
        assert answer.status_code == 403
    assert await refused(database) == [("cem", "POST /staff/surveys/{survey}/export: You may not download answers")]
    assert await rows(database, "SELECT 1 FROM audit WHERE action = 'export'") == []


async def test_a_stolen_cookie_opens_nothing_after_sign_out_and_is_noted(
    signed_in: SignIn, visitor: Visitor, database: Database
) -> None:
    client, thief = await signed_in("amina"), visitor()
    cookie, token = client.cookies["earshot_staff"], await form_token_of(client)
    await client.post("/staff/sign-out", data={"token": token})
    thief.cookies.set("earshot_staff", cookie)
    assert not await is_signed_in(thief)
    assert (await thief.post(EXPORT, data={"token": token, "format": "csv"})).status_code == 403
    assert await refused(database) == [
        ("amina", "a session that was ended"),
        ("nobody signed in", "POST /staff/surveys/{survey}/export: You are not signed in"),
    ]


@pytest.mark.parametrize(
    ("token", "headers", "title"),
    [
        pytest.param("", {}, "That page is out of date", id="no token"),
        pytest.param("x", {}, "That page is out of date", id="another token"),
        pytest.param(
            None, {"sec-fetch-site": "cross-site"}, "That did not come from this site", id="from another site"
        ),
    ],
)
async def test_a_forged_form_is_refused_and_noted(
    signed_in: SignIn, database: Database, token: str | None, headers: dict[str, str], title: str
) -> None:
    client = await signed_in("amina")
    form = {"do": "end-all", "token": await form_token_of(client) if token is None else token}
    answer = await client.post("/staff/account", data=form, headers=headers)
    assert answer.status_code == 403
    assert title in answer.text
    assert await is_signed_in(client)
    assert await refused(database) == [("amina", f"POST /staff/account: {title}")]


async def test_a_link_used_again_is_noted_without_its_secret(
    client: httpx2.AsyncClient, visitor: Visitor, database: Database, clock: Clock
) -> None:
    staff = await create_staff(database, "amina", "analyst", None, clock())
    link = await one_time_sign_in(database, staff, clock())
    await client.post(f"/staff/sign-in/{link}")
    assert (await visitor().post(f"/staff/sign-in/{link}")).status_code == 410
    assert await refused(database) == [
        ("nobody signed in", "POST /staff/sign-in/{token}: This sign-in link no longer works")
    ]
    assert link not in str(await rows(database, "SELECT * FROM audit"))


@pytest.mark.parametrize("token", ["in", "%20odd", "%C3%A9", "x" * 500])
async def test_no_made_up_address_ends_in_the_log(client: httpx2.AsyncClient, database: Database, token: str) -> None:
    for _ in range(2):
        assert (await client.get(f"/staff/sign-in/{token}")).status_code == 410
    assert await refused(database) == [
        ("nobody signed in", "GET /staff/sign-in/{token}: This sign-in link no longer works")
    ]


async def test_the_same_refusal_is_noted_again_after_ten_minutes(
    client: httpx2.AsyncClient, database: Database, clock: Clock
) -> None:
    for minutes in (9, 1, 10):
        await client.get("/staff/sign-in/made-up")
        clock.pass_minutes(minutes)
    await client.get("/staff/sign-in/made-up")
    assert len(await refused(database)) == 3


async def test_refused_sign_ins_are_counted_under_the_name_they_tried(
    visitor: Visitor, signed_in: SignIn, database: Database, clock: Clock
) -> None:
    await create_staff(database, "amina", "analyst", PASSWORD, clock())
    for _ in range(TRIES_PER_NAME + 2):
        await give_password(visitor(), "amina", "three loud words")
    await give_password(visitor(), "nobody there", "x")
    admin = await signed_in("ada", "admin")
    page = (await admin.get(AUDIT)).text
    assert f"<strong>{TRIES_PER_NAME + 2}</strong> sign-ins were refused in the last 24 hours" in page
    whose = [line[1:] for line in await lines(admin, "?action=sign-in+refused")]
    assert (
        whose
        == [["unknown name", "sign-in refused", ""], ["amina", "sign-in refused", "too many tries"]]
        + [["amina", "sign-in refused", "wrong password"]] * TRIES_PER_NAME
    )
    assert "sign-in attempt" not in page
    clock.pass_minutes(24 * 60 - 1)
    again = await signed_in("bo", "admin")
    clock.pass_minutes(2)
    assert "<strong>0</strong> sign-ins were refused" in (await again.get(AUDIT)).text


# The page


async def test_the_newest_line_comes_first_with_londons_time(signed_in: SignIn, database: Database) -> None:
    admin = await signed_in("ada", "admin")
    july = 1_782_907_200_000  # 1 July 2026, 12:00 UTC
    await database.run(lambda: note(july, "terminal root", "export", "stoke csv, raw text, 4 rows, to RAW.csv"))
    found = await lines(admin)
    assert found[0] == ["1 July 2026, 13:00", "terminal root", "export", "stoke csv, raw text, 4 rows, to RAW.csv"]
    assert found[1] == ["22 November 2026, 12:00", "ada", "signed in", "by one-time link"]
    assert [line[1:3] for line in found[2:]] == [["terminal", "sign-in link made"], ["terminal", "staff added"]]


async def test_lines_are_chosen_by_who_and_what(signed_in: SignIn, database: Database) -> None:
    admin = await signed_in("ada", "admin")
    await fill(database, ("amina", "export", "1"), ("bilal", "export", "2"), ("amina", "erase", "3"))
    assert [line[3] for line in await lines(admin, "?who=amina")] == ["3", "1"]
    assert [line[3] for line in await lines(admin, "?action=export")] == ["2", "1"]
    assert [line[3] for line in await lines(admin, "?who=amina&action=export")] == ["1"]
    page = (await admin.get(f"{AUDIT}?who=amina&action=export")).text
    assert re.findall(r'value="(\w+)" selected', page) == ["amina", "export"]
    assert "There is no such line" in (await admin.get(f"{AUDIT}?who=%3Cb%3E")).text


async def test_older_lines_are_a_link_away(signed_in: SignIn, database: Database) -> None:
    admin = await signed_in("ada", "admin")
    await fill(database, *(("amina", "export", str(number)) for number in range(2 * LINES + 1)))
    seen: list[str] = []
    ask = "?who=amina"
    for _ in range(3):
        page = (await admin.get(AUDIT + ask)).text
        seen += [line[3] for line in table(page, "lines")]
        older = re.search(r'href="/staff/audit(\?[^"]+)">Older lines', page)
        ask = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(number) for number in range(2 * LINES, -1, -1)]
    assert ask == "", "the last page should lead no further"
    assert "Newest lines" in page


@pytest.mark.parametrize("before", ["x", "-1", "٣", "9" * 40])
async def test_a_made_up_place_begins_at_the_newest(signed_in: SignIn, before: str) -> None:
    admin = await signed_in("ada", "admin")
    assert (await lines(admin, f"?before={before}"))[0][1] == "ada"


async def test_at_what_a_safeguarding_lead_looked_is_not_said(signed_in: SignIn, database: Database) -> None:
    admin = await signed_in("ada", "admin")
    await fill(database, ("sam", "safeguarding flag opened", "0198-flag"))
    page = (await admin.get(AUDIT)).text
    assert table(page, "lines")[0][1:] == ["sam", "safeguarding flag opened", ""]
    assert "0198-flag" not in page
