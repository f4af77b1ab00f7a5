"""What `doctor` says of safeguarding: each thing that must be there before residents text, and each way it can lack."""

from functools import partial
from pathlib import Path

import pytest

from bot.service.doctor import Finding, examine_safeguarding
from bot.service.doctor.finding import Level
from storage import safeguarding
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import StaffMember, add_staff, disable_staff
from tests.service.findings import said
from tests.service.safeguarding_scene import DANGER, watched
from tests.service.sending import WEDNESDAY_NOON

NOW = WEDNESDAY_NOON  # 14 January 2026

# Reading rows needs no second engine: tests/service/test_safeguarding.py has tried the writing of them on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def write(folder: Path, written: str) -> Path:
    path = folder / "numbers.toml"
    path.write_text(written, encoding="utf-8")
    return path


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    return write(tmp_path, '[[number]]\nsay = "NHS 111"\nchecked_on = 2025-06-01\n')


async def hire(database: Database, *names: str, role: str = "safeguarding") -> None:
    for name in names:
        await database.run(partial(add_staff, StaffMember(name, name, role), NOW))


async def look(database: Database, numbers: Path | None, lead: str = "Amina", *, is_told: bool = True) -> list[Finding]:
    return await examine_safeguarding(database, lead, is_told, numbers, NOW)


async def test_all_is_well_with_a_lead_two_people_and_a_checked_number(database: Database, numbers: Path) -> None:
    await hire(database, "amina", "ben")
    found = await look(database, numbers)
    assert said(found, Level.PROBLEM) == ""
    assert "Amina is told" in said(found, Level.OK)
    assert "2 people hold the role" in said(found, Level.OK)
    assert "1 help number(s) were all checked" in said(found, Level.OK)
    assert "are drafts" in said(found, Level.WARNING)


async def test_a_lead_who_is_missing_or_is_told_of_nothing_is_a_problem(database: Database, numbers: Path) -> None:
    assert "SAFEGUARDING_LEAD is not set" in said(await look(database, numbers, ""), Level.PROBLEM)
    assert "told of nothing" in said(await look(database, numbers, is_told=False), Level.PROBLEM)


async def test_nobody_with_the_role_is_a_problem_and_one_alone_a_warning(database: Database, numbers: Path) -> None:
    await hire(database, "root", role="admin")
    assert "Nobody may open" in said(await look(database, numbers), Level.PROBLEM)
    await hire(database, "amina", "ben")
    await database.run(lambda: disable_staff("ben", NOW))
    assert "Only one person" in said(await look(database, numbers), Level.WARNING)


@pytest.mark.parametrize(
    ("written", "level", "why"),
    [
        pytest.param("", Level.PROBLEM, "There are no help numbers", id="none"),
        pytest.param('[[number]]\nsay = "111"', Level.PROBLEM, "Nobody has checked", id="never checked"),
        pytest.param('[[number]]\nsay = "111"\nchecked_on = 2026-01-15', Level.PROBLEM, "still to come", id="to come"),
        pytest.param('[[number]]\nsay = "111"\nchecked_on = 2025-01-13', Level.WARNING, "ring it again", id="long ago"),
        pytest.param('[[number]]\nsay = "111"\nchecked_on = 2025-01-14', Level.OK, "checked within", id="a year ago"),
        pytest.param("[[number]]", Level.PROBLEM, "SAFEGUARDING_NUMBERS: numbers.toml", id="cannot be read"),
    ],
)
async def test_a_number_is_as_good_as_its_date(
    database: Database, tmp_path: Path, written: str, level: Level, why: str
) -> None:
    numbers = write(tmp_path, written)
    assert why in said(await look(database, numbers), level)


async def test_no_file_is_no_numbers(database: Database) -> None:
    assert "There are no help numbers" in said(await look(database, None), Level.PROBLEM)


async def test_an_alert_that_does_not_go_out_is_a_problem_until_it_does(
    database: Database, keys: KeyRing, numbers: Path
) -> None:
    async with watched(database, keys) as scene:
        await scene.town.text(DANGER)
        scene.told.problem = "the webhook answered 500"
        await scene.alerts.send_due()
        assert "could not be told: the webhook answered 500" in said(await look(database, numbers), Level.PROBLEM)
        await database.run(partial(safeguarding.told, await scene.flagged(), NOW, ""))
        assert "could not be told" not in said(await look(database, numbers), Level.PROBLEM)
