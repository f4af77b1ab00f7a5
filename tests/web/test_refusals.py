"""What is over, or another's: a clear page, a line in the audit log, and nothing changed.

A cookie after sign-out and a forged form: test_audit.py. Wrong passwords: test_staff.py. Another role's: in
test_who_opens_what.py.
"""

import re
from html import unescape

from bot.cli.compose import now
from bot.web.accounts import create_staff, one_time_sign_in
from bot.web.cookie_secrets import fingerprint
from bot.web.passwords import hashed
from storage import volunteers
from storage.keys import KeyRing
from storage.script import Database
from storage.volunteers import VolunteerLink
from tests.web.knocking import OURS, Knocking, knocking, sent

PIN = "123456"
HOUR = 60 * 60_000
CAMPAIGN = "/staff/campaigns/c1"


async def volunteer(door: Knocking, token: str, *, expires_at: int) -> None:
    """Make a volunteer's link to a campaign, as a worker does."""
    pin = await hashed(PIN)
    link = VolunteerLink(fingerprint(token), "c1", "hall", pin, 0, "worker", now() - HOUR, expires_at)
    await door.house.database.run(lambda: volunteers.add(link))


async def worn_out(door: Knocking) -> dict[str, tuple[str, str, str, str]]:
    """Let everything have been used up: what is tried, as method, address, who and what the page then says."""
    await volunteer(door, "spent-7f3a", expires_at=now() - 1)
    await volunteer(door, "ended-7f3a", expires_at=now() + HOUR)
    await door.house.database.run(lambda: volunteers.end(fingerprint("ended-7f3a"), "c1", now(), "worker"))
    person = await create_staff(door.house.database, "hana", "worker", None, now())
    used = await one_time_sign_in(door.house.database, person, now())
    assert (await door.knock("POST", f"/staff/sign-in/{used}", headers=OURS)).status_code == 303
    await door.house.session("cem", "worker")
    theirs = "This campaign is somebody else’s"
    return {
        "a volunteer's link that has run out": ("GET", "/v/spent-7f3a", "", "This link has ended"),
        "its PIN": ("POST", "/v/spent-7f3a/pin", "", "This link has ended"),
        "its entry": ("POST", "/v/spent-7f3a", "", "This link has ended"),
        "a volunteer's link that was ended": ("POST", "/v/ended-7f3a/pin", "", "This link has ended"),
        "a sign-in link, seen again": ("GET", f"/staff/sign-in/{used}", "", "This sign-in link no longer works"),
        "a sign-in link, used again": ("POST", f"/staff/sign-in/{used}", "", "This sign-in link no longer works"),
        "another worker's campaign": ("GET", CAMPAIGN, "cem", theirs),
        "its totals": ("GET", f"{CAMPAIGN}/totals", "cem", theirs),
        "its poster": ("GET", f"{CAMPAIGN}/poster/A4", "cem", theirs),
        "its end": ("POST", CAMPAIGN, "cem", theirs),
        "entering for it": ("POST", "/staff/assisted/c1", "cem", "That campaign is not yours"),
        "a link to it": ("POST", "/staff/assisted/c1/links", "cem", "That campaign is not yours"),
    }


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert found is not None, page[:400]
    return unescape(found[1])


async def test_what_is_over_or_anothers_opens_nothing(database: Database, keys: KeyRing) -> None:
    async with knocking(database, keys) as door:
        tried = await worn_out(door)
        tokens = {"": "", "cem": await door.house.token("cem")}
        before = await door.kept()
        for what, (method, path, who, says) in tried.items():
            form = sent([("token", tokens[who]), ("do", "end"), ("pin", PIN), ("name", "x"), ("hours", "4")])
            answer = await door.knock(method, path, who, form if method == "POST" else b"", OURS)
            assert answer.status_code in (403, 410), what
            assert heading(answer.text) == says, what
            by = who or "nobody signed in"
            lines = [line for line in await noted(door) if line.startswith(f"{by}: {method} ") and line.endswith(says)]
            assert lines, f"{what} stands nowhere in the audit log"
        assert await door.kept() == before
        assert "7f3a" not in " ".join(await noted(door)), "a link's secret stands in the audit log"


async def noted(door: Knocking) -> list[str]:
    rows = await door.house.rows("SELECT who, detail FROM audit WHERE action = 'refused' ORDER BY id")
    return [f"{who}: {detail}" for who, detail in rows]
