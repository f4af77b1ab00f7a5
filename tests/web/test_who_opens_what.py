"""Which role opens which page: every page there is, and whoever is turned away stands in the audit log."""

import pytest

from storage.keys import KeyRing
from storage.script import Database
from tests.web.knocking import OURS, Knocking, address, knocking, sent
from tests.web.whole_house import ROLES

# What the database does here, tests/web/test_audit.py has tried on both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVERYBODY = frozenset(ROLES)
COUNCIL = frozenset({"admin", "analyst"})
CAMPAIGNS = COUNCIL | {"worker"}
OPEN_TO = {
    "/staff": EVERYBODY,
    "/staff/account": EVERYBODY,
    "/staff/codes": EVERYBODY,
    "/staff/codes/picture": EVERYBODY,
    "/staff/sign-in": EVERYBODY,
    "/staff/audit": {"admin"},
    "/staff/people": {"admin"},
    "/staff/forwarding": {"admin"},
    "/staff/council": COUNCIL,
    "/staff/council/totals": COUNCIL,
    "/staff/surveys/{survey}/modes": COUNCIL,
    "/staff/surveys/{survey}/export/{task}": COUNCIL,
    "/staff/surveys/{survey}/export/{task}/progress": COUNCIL,
    "/staff/surveys/{survey}/import": COUNCIL,
    "/staff/surveys/{survey}/import/{task}": COUNCIL,
    "/staff/surveys/{survey}/import/{task}/progress": COUNCIL,
    "/staff/unread": COUNCIL,
    "/staff/unread/{message}": COUNCIL,
    "/staff/voice": COUNCIL,
    "/staff/campaigns": CAMPAIGNS,
    "/staff/campaigns/new": CAMPAIGNS,
    "/staff/campaigns/{campaign}": CAMPAIGNS,
    "/staff/campaigns/{campaign}/change": {"admin", "worker"},
    "/staff/campaigns/{campaign}/totals": CAMPAIGNS,
    "/staff/campaigns/{campaign}/poster/{size}": CAMPAIGNS,
    "/staff/assisted/{campaign}": {"admin", "worker"},
    "/staff/safeguarding": {"safeguarding"},
    "/staff/safeguarding/{flag}": {"safeguarding"},
}
ELSEWHERE = {
    "/staff/code": "for who is half way in: test_codes.py",
    "/staff/sign-in/{token}": "for who has the link: test_staff.py",
    "/staff/voice/{note}/recording": "needs a recording: test_voice_page.py",
    "/staff/assisted/{campaign}/e/{entry}/q/{question}": "for who began it: test_assisted.py",
    "/staff/assisted/{campaign}/e/{entry}/done": "for who began it: test_assisted.py",
}


async def refusals(door: Knocking, who: str) -> list[str]:
    sql = "SELECT detail FROM audit WHERE action = 'refused' AND who = :who ORDER BY id"
    return [row[0] for row in await door.house.rows(sql, {"who": who})]


async def test_every_page_opens_to_its_roles_alone(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:
        pages = {path for path in door.house.routes("GET") if path.startswith("/staff")}
        assert pages - set(ELSEWHERE) == set(OPEN_TO), "say who opens these pages"
        found = {}
        for path, role in ((path, role) for path in OPEN_TO for role in ROLES):
            answer = await door.knock("GET", address(path, door.values, ""), role)
            is_open = role in OPEN_TO[path]
            if (answer.status_code != 403) is not is_open:
                found[path, role] = answer.status_code
            if not is_open:
                assert "<h1" in answer.text
                assert any(line.startswith(f"GET {path}: ") for line in await refusals(door, role)), (path, role)
        assert found == {}


async def test_nobody_who_is_not_signed_in_sees_more_than_the_door(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:
        for path in OPEN_TO:
            answer = await door.knock("GET", address(path, door.values, ""))
            is_door = answer.status_code == 200 and "Sign in to the consultation desk" in answer.text
            assert is_door or answer.status_code == 403 or answer.headers["location"] == "/staff", path


async def test_nobody_does_what_only_another_role_may(database: Database, keys: KeyRing) -> None:
    """Every form that a role may not even see is refused to it, with the right token too, and changes nothing."""
    async with knocking(database, keys) as door:
        sees = {path: roles for path, roles in OPEN_TO.items() if roles != EVERYBODY}
        tokens = {role: await door.house.token(role) for role in ROLES}
        before = await door.kept()
        for path in door.house.routes("POST"):
            page = max((page for page in sees if (path + "/").startswith(page + "/")), key=len, default="")
            for role in ROLES:
                if page and role not in sees[page]:
                    form = sent([("token", tokens[role]), ("do", "end"), ("name", "Not theirs"), ("hours", "4")])
                    answer = await door.knock("POST", address(path, door.values, ""), role, form, OURS)
                    assert answer.status_code == 403, (path, role)
        assert await door.kept() == before
