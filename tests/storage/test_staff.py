"""What ends with a member of staff, and tries that are counted however many come at once."""

import asyncio

import pytest
from msgspec.structs import replace

from storage import campaigns, entries, staff, staff_account, surveys, volunteers
from storage.script import Database, Fetch, Row, Script
from storage.staff import StaffMember
from tests.storage.test_campaigns import HALL7
from tests.storage.test_volunteers import LINK, NOON, VISIT

AMINA = StaffMember("s1", "amina", "worker")


@pytest.fixture
async def kept(database: Database) -> Database:
    def script() -> Script[None]:
        yield from surveys.publish("parks", "1", "h", "{}", 0)
        yield from campaigns.add(HALL7)
        yield from staff.add_staff(AMINA, NOON)
        yield from volunteers.add(LINK)
        yield from volunteers.add(replace(LINK, secret_hash="b" * 64, made_by="ben"))
        yield from volunteers.add(replace(LINK, secret_hash="c" * 64, expires_at=NOON + 1))
        yield from volunteers.let_in(VISIT, LINK, NOON)

    await database.run(script)
    return database


def shut_out() -> Script[None]:
    assert (yield from staff_account.shut_out(AMINA, NOON + 9, "ada", may_be_last_admin=False))


def sign_out_everywhere() -> Script[None]:
    yield from staff_account.end_sessions(AMINA, NOON + 9, "ada")


def forget_codes() -> Script[None]:
    yield from staff_account.forget_codes(AMINA, NOON + 9, "ada")


@pytest.mark.parametrize("ends", [shut_out, sign_out_everywhere, forget_codes])
async def test_a_member_s_volunteer_links_end_with_their_sessions(kept: Database, ends: object) -> None:
    await kept.run(ends)  # type: ignore[arg-type]
    assert await kept.read(lambda: volunteers.visitor(VISIT, LINK.secret_hash, NOON + 10)) is None
    listed = await kept.read(lambda: volunteers.of_campaign("hall7", NOON + 10))
    assert [link.made_by for link in listed] == ["ben"]

    def audit() -> Script[list[Row]]:
        return list((yield Fetch("SELECT who, detail FROM audit WHERE action = 'ended a volunteer link'")).rows)

    assert await kept.read(audit) == [("ada", f"hall7 {LINK.secret_hash[:8]}")], "one had run out before"


async def test_ten_tries_are_ten_however_many_come_at_once(database: Database) -> None:
    def one() -> Script[bool]:
        return (yield from staff.count_attempt("x", NOON, NOON - 1, 10, 100))

    assert sum(await asyncio.gather(*(database.run(one) for _ in range(30)))) == 10


async def test_a_hundred_wrong_codes_are_a_hundred_however_many_come_at_once(database: Database) -> None:
    def one() -> Script[bool]:
        may = yield from entries.may_try("a survey", NOON)
        if may:
            yield from entries.count_try("a survey", NOON)
        return may

    assert sum(await asyncio.gather(*(database.run(one) for _ in range(130)))) == entries.TRIES
