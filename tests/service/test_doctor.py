"""What `doctor` sees of databases, ledgers and surveys that are right, and of each way to be wrong."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.survey import SurveyDefinition
from bot.service.backup import LAST_BACKUP, back_up
from bot.service.doctor import (
    Finding,
    examine_database,
    examine_keys,
    examine_ledger,
    examine_surveys,
)
from bot.service.doctor.database import examine_room
from bot.service.doctor.finding import Level
from bot.service.suppression import Keeper
from bot.surveys.compile import compile_survey
from storage import installation, ledger, surveys
from storage.database import HEAD
from storage.keys import KeyRing
from storage.script import Database, Run, Script
from tests.conftest import SECRET
from tests.core.small_surveys import one, survey
from tests.service.findings import said
from tests.service.sending import HOUR, WEDNESDAY_NOON

NOW = WEDNESDAY_NOON
DAY = 24 * HOUR


async def test_a_database_says_whether_a_commit_survives_a_power_cut(database: Database) -> None:
    found = await examine_database(database, NOW)
    if database.is_postgres:  # the tests' own server is set to forget, which makes it quick
        assert "fsync is off, full_page_writes is off, synchronous_commit is off" in said(found, Level.PROBLEM)
    else:
        assert said(found, Level.PROBLEM) == ""
        assert "survives a power cut" in said(found, Level.OK)


@pytest.mark.parametrize(
    ("free_mb", "size_mb", "level"),
    [
        pytest.param(199, 1, Level.PROBLEM, id="nearly full"),
        pytest.param(201, 1, Level.OK, id="little, beside a small database"),
        pytest.param(1_900, 1_000, Level.WARNING, id="too little for a copy of a large one"),
        pytest.param(2_200, 1_000, Level.OK, id="room for a copy"),
    ],
)
def test_a_disk_that_is_filling_up_is_seen(free_mb: int, size_mb: int, level: Level) -> None:
    megabyte = 1024 * 1024
    assert examine_room(free_mb * megabyte, size_mb * megabyte).level is level


async def test_the_disk_and_the_tables_revision_are_looked_at(database: Database) -> None:
    found = await examine_database(database, NOW)
    well = "\n".join(finding.text for finding in found)
    assert f"with the tables of revision {HEAD}" in well
    assert ("watch its free space there" if database.is_postgres else "GB are free beside the database") in well


async def test_the_age_of_the_last_backup_is_told(database: Database, tmp_path: Path) -> None:
    assert "no backup" in said(await examine_database(database, NOW), Level.WARNING)
    made = await back_up(database, tmp_path, who="ann", now=NOW)
    assert "14 January 2026" in said(await examine_database(database, NOW + DAY), Level.OK)
    assert "from 14 January 2026" in said(await examine_database(database, NOW + 3 * DAY), Level.WARNING)
    made.path.unlink()
    assert "is not there any more" in said(await examine_database(database, NOW + DAY), Level.WARNING)
    assert await database.read(lambda: installation.noted(LAST_BACKUP)) is not None


async def test_texts_that_nobody_could_handle_and_a_restore_that_waits_are_told(database: Database) -> None:
    def stuck() -> Script[None]:
        for id, at in (("1", NOW - HOUR), ("2", NOW - 1000)):
            yield Run(
                """INSERT INTO inbound (id, provider, account, event_id, channel, kind, arrival, received_at, filed)
                   VALUES (:id, 'twilio', 'AC', :id, 'sms', 'text', 'webhook', :at, 'unhandled')""",
                {"id": id, "at": at},
            )

    await database.run(stuck)
    await database.run(lambda: ledger.hold((), NOW))
    found = await examine_database(database, NOW)
    assert "1 text(s) could not be handled" in said(found, Level.PROBLEM)
    assert "was restored" in said(found, Level.WARNING)


async def test_secret_key_is_tried_on_the_stored_keys_and_changes_nothing(database: Database) -> None:
    assert (await examine_keys(database, "", None)).level is Level.PROBLEM
    assert (await examine_keys(database, SECRET, None)).level is Level.OK
    await KeyRing.open(database, SECRET)
    assert (await examine_keys(database, SECRET, None)).text == "SECRET_KEY opens the stored keys."
    assert (await examine_keys(database, f"{SECRET}?", None)).level is Level.PROBLEM
    assert (await examine_keys(database, f"{SECRET}?", SECRET)).level is Level.WARNING
    await KeyRing.open(database, SECRET)


async def test_the_ledger_is_held_against_the_database(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "earshot.ledger"

    async def level(at: Path | None = path) -> Level:
        return (await examine_ledger(database, at, NOW)).level

    def stop() -> Script[None]:
        yield Run(
            "INSERT INTO opt_out (address_hmac, channel, stopped, by, at) VALUES ('x', 'sms', TRUE, 'text', :at)",
            {"at": NOW - HOUR},
        )

    assert await level(None) is Level.WARNING
    assert await level() is Level.OK
    keeper = Keeper(database, path, now=lambda: NOW)
    await keeper.catch_up()
    assert await level() is Level.OK
    await database.run(stop)
    assert await level() is Level.PROBLEM
    assert await level(tmp_path / "other.ledger") is Level.WARNING
    await keeper.keep()
    assert await level() is Level.OK
    path.write_text(path.read_text().replace('"database":"', '"database":"0'))
    assert "another database" in (await examine_ledger(database, path, NOW)).text
    path.write_text("no ledger\nat all\n")
    assert await level() is Level.PROBLEM
    assert await level(tmp_path / "no such folder" / "earshot.ledger") is Level.PROBLEM, "nobody can write it"


BARE = survey(one("safe", "Do you feel safe?"))
SAYS_ALL: dict[str, Any] = {
    "organisation": {"en": "The council"},
    "privacy_url": "https://council.example/privacy",
    "contact": {"en": "01782 000000"},
    "verify_url": "https://council.example/real",
    "closes": "2026-12-31",
    "min_age": 16,
    "keywords": ("PARKS",),
}
SAYS_NOTHING: dict[str, Any] = {"contact": {}, "organisation": {}, "min_age": None, "keywords": ()}
SHIPPED = Path(__file__).parents[2] / "surveys" / "stoke-community-cohesion.xlsx"


async def published(database: Database, definition: SurveyDefinition) -> list[Finding]:
    await database.run(
        lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), NOW)
    )
    return await examine_surveys(database, NOW)


async def test_a_survey_that_says_all_that_residents_must_know_is_all_well(database: Database) -> None:
    (found,) = await published(database, replace(BARE, **SAYS_ALL))
    assert found == Finding(Level.OK, f"Survey {BARE.id} says all that it should.")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])
@pytest.mark.parametrize("missing", SAYS_ALL)
async def test_each_thing_that_a_survey_does_not_say_is_a_problem_and_named(database: Database, missing: str) -> None:
    (found,) = await published(database, replace(BARE, **{**SAYS_ALL, missing: SAYS_NOTHING.get(missing, "")}))
    assert found.level is Level.PROBLEM
    named = missing.removesuffix("s") if missing == "keywords" else missing
    assert re.findall(r"\((\w+)\)", found.text) == [named]
    assert f"Survey {BARE.id} does not say" in found.text
    assert "survey publish FILE" in found.text


async def test_a_contact_that_nobody_can_reach_is_a_warning(database: Database) -> None:
    (found,) = await published(database, replace(BARE, **{**SAYS_ALL, "contact": {"en": "Customer Services"}}))
    assert found.level is Level.WARNING
    assert found.text.startswith(f"Survey {BARE.id}: contact holds no phone number, e-mail address or postal address")


async def test_in_a_demo_a_sample_that_does_not_say_when_it_closes_is_no_problem(database: Database) -> None:
    await database.run(installation.mark_demo)
    shipped = compile_survey(SHIPPED).definition
    unreachable, found = await published(database, shipped)
    assert unreachable.level is found.level is Level.WARNING
    assert unreachable.text.startswith(f"Survey {shipped.id}: contact, contact_ur, ")
    assert found.text.startswith(f"Survey {shipped.id} does not say when it closes (closes). That will do for a demo.")


async def test_a_survey_that_is_over_is_not_looked_at(database: Database) -> None:
    assert "No survey" in said(await examine_surveys(database, NOW), Level.WARNING)
    await published(database, BARE)
    await database.run(lambda: surveys.close(BARE.id, NOW - HOUR))
    assert "No survey" in said(await examine_surveys(database, NOW), Level.WARNING)


def test_a_finding_reads_as_a_line() -> None:
    assert str(Finding(Level.OK, "All is well.")) == "ok       All is well."
    assert str(Finding(Level.PROBLEM, "It is not.")) == "problem  It is not."
