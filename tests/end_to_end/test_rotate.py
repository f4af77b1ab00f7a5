"""`rotate`, as it is typed: a changed SECRET_KEY, and new keys after a leak, on either engine."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.serving import SECRET, environment
from storage.keys import KeyRing
from storage.script import Database
from tests.end_to_end.commands import run
from tests.service.privacy_scene import RESIDENT, rows, town

NEW = "another secret, made after the leak"


@pytest.fixture
async def settings(database: Database, database_url: str) -> Mapping[str, str]:
    """Give settings over a database that one resident has texted."""
    async with town(database, await KeyRing.open(database, SECRET)) as stoke:
        await stoke.text("STOKE")
    return environment(database_url)


async def knows_the_resident(settings: Mapping[str, str], folder: Path) -> bool:
    done = await run("subject-access", "--address", RESIDENT, settings=settings, folder=folder)
    return done.code == 0 and RESIDENT in done.out


async def test_after_a_changed_secret_the_old_one_opens_nothing(settings: dict[str, str], tmp_path: Path) -> None:
    both = settings | {"SECRET_KEY": NEW, "SECRET_KEY_PREVIOUS": SECRET}
    done = await run("rotate", settings=both, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "SECRET_KEY_PREVIOUS is not needed any more" in done.out
    assert await knows_the_resident(settings | {"SECRET_KEY": NEW}, tmp_path)
    refused = await run("rotate", settings=settings, folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert "SECRET_KEY_PREVIOUS" in refused.err


async def test_new_data_keys_encrypt_every_address_anew(
    settings: dict[str, str], database: Database, tmp_path: Path
) -> None:
    before = await rows(database, "SELECT address_encrypted, address_hmac, key_id FROM contact")
    done = await run("rotate", "--data-keys", settings=settings, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "1 contact(s) encrypted anew" in done.out
    after = await rows(database, "SELECT address_encrypted, address_hmac, key_id FROM contact")
    assert not set(before[0]) & set(after[0])
    assert await knows_the_resident(settings, tmp_path)


async def test_without_being_asked_no_data_key_is_made(
    settings: dict[str, str], database: Database, tmp_path: Path
) -> None:
    before = await rows(database, "SELECT * FROM data_key ORDER BY id")
    done = await run("rotate", settings=settings, folder=tmp_path)
    assert (done.code, done.out) == (0, "The stored keys are wrapped with SECRET_KEY.\n")
    assert await rows(database, "SELECT * FROM data_key ORDER BY id") == before
