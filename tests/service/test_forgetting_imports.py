"""Imported answers that were removed stay away, whatever is brought back: a file, or a backup."""

from pathlib import Path

import pytest

from bot.service.backup import back_up
from bot.service.restoring import restore
from bot.service.suppression import Keeper
from storage import imports
from storage.database import open_database
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.importing.scene import FIRST, NOW, SECOND, Importer, importer
from tests.conftest import SECRET
from tests.service.backups import NewUrl

LATER = NOW + 3_600_000


@pytest.mark.parametrize("was_there", [pytest.param(True, id="had it"), pytest.param(False, id="is older")])
async def test_a_restored_backup_does_not_bring_them_back(
    database: Database, keys: KeyRing, new_url: NewUrl, tmp_path: Path, was_there: bool
) -> None:
    form = await importer(database, keys, tmp_path)
    ledger = tmp_path / "earshot.ledger"
    keeper = Keeper(database, ledger, now=lambda: NOW)
    await keeper.catch_up()
    await form.rows(*([FIRST, SECOND] if was_there else [SECOND]))
    made = await back_up(database, tmp_path / "backups", who="ann", now=NOW)
    await form.rows(FIRST, SECOND)
    assert await database.run(lambda: imports.forget("stoke", "web form", "W1", "ann", NOW))
    assert await keeper.keep() == 1
    told = await form.all("SELECT subject FROM event WHERE type = 'response.withdrawn'")

    url = await new_url("postgres" if database.is_postgres else "sqlite")
    restored = await restore(url, made.path, ledger, without_ledger=False, who="ann", now=LATER)
    assert restored.erased == 1
    new = await open_database(url)
    try:
        there = Importer(new, await KeyRing.open(new, SECRET), tmp_path, LATER)
        assert await there.all("SELECT external_id FROM imported") == [("W2",)]
        assert len(await there.all("SELECT id FROM respondent")) == 1
        assert (await there.all("SELECT subject, survey FROM event WHERE type = 'response.withdrawn'")) == [
            (told[0][0], "stoke")
        ]
        again = await there.rows(FIRST, SECOND)
        assert (again.report.withdrawn, again.report.added, again.report.unchanged) == (1, 0, 1)
        assert await Keeper(new, ledger, now=lambda: LATER).catch_up() == 0
    finally:
        await new.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_comes_in_again_after_a_restore_is_told_under_new_ids(
    database: Database, keys: KeyRing, new_url: NewUrl, tmp_path: Path
) -> None:
    form = await importer(database, keys, tmp_path)
    made = await back_up(database, tmp_path / "backups", who="ann", now=NOW)
    await form.rows(FIRST)
    url = await new_url("sqlite")
    await restore(url, made.path, None, without_ledger=True, who="ann", now=LATER)
    new = await open_database(url)
    try:
        there = Importer(new, await KeyRing.open(new, SECRET), tmp_path, LATER)
        await there.rows(FIRST)
        ids = "SELECT id, subject FROM event WHERE type = 'response.completed'"
        (before,), (after,) = await form.all(ids), await there.all(ids)
        assert before[1] == after[1]
        assert before[0] != after[0]
    finally:
        await new.close()
