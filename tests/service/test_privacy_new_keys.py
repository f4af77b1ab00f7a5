"""New keys after a leak, while residents text: no address and no STOP is lost, and the old keys are gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.service.privacy import erase, make_new_keys
from storage.errors import UnknownKey
from storage.keys import KeyRing
from storage.script import Database
from storage.sqlite import SqliteDatabase
from tests.conftest import SECRET
from tests.service.privacy_scene import NEIGHBOUR, RESIDENT, Town, town
from tests.service.test_privacy import bytes_of, forget_carelessly


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


@pytest.fixture
async def other(stoke: Town) -> KeyRing:
    """Open the keys as another process does: the server learns of what happens by itself."""
    return await KeyRing.open(stoke.database, SECRET)


async def addresses(stoke: Town) -> list[str]:
    """Read every address with the keys as they now stand."""
    fresh = await KeyRing.open(stoke.database, SECRET)
    found = await stoke.rows("SELECT address_encrypted, id, key_id FROM contact")
    return sorted(fresh.decrypt(bytes(blob), id, key_id) for blob, id, key_id in found)


async def test_the_server_goes_on_with_new_keys_and_the_old_encryption_key_is_gone(stoke: Town, other: KeyRing) -> None:
    await stoke.text("STOKE")
    old = stoke.keys.current_key_id
    assert await make_new_keys(stoke.database, other, who="terminal", now=stoke.now) == 1
    assert "What is needed?" in await stoke.text("1")
    assert await addresses(stoke) == [RESIDENT]
    assert old not in await stoke.column("SELECT id FROM data_key")
    assert await stoke.rows("SELECT who, action, detail FROM audit") == [("terminal", "new data keys", "1 contacts")]


async def test_an_erased_person_s_stop_holds_under_new_keys(stoke: Town, other: KeyRing) -> None:
    await stoke.text("STOP")
    await erase(stoke.database, stoke.keys, RESIDENT, who="dpo", now=stoke.now)
    for _ in range(2):
        await make_new_keys(stoke.database, other, who="terminal", now=stoke.now)
    assert await stoke.text("hello") == ""
    assert await stoke.column("SELECT opted_out_at IS NOT NULL FROM contact") == [True]


async def test_the_old_key_and_what_it_encrypted_are_in_no_page_of_the_sqlite_file(stoke: Town, other: KeyRing) -> None:
    if not isinstance(stoke.database, SqliteDatabase):
        pytest.skip("PostgreSQL keeps old row versions until VACUUM; docs/reference/retention.md says so")
    await stoke.text("STOKE")
    (wrapped,) = await stoke.column("SELECT wrapped FROM data_key WHERE purpose = 'encrypt'")
    (blob,) = await stoke.column("SELECT address_encrypted FROM contact")
    old = (wrapped, bytes(blob).decode("latin-1"))
    assert [each in bytes_of(stoke.database.path) for each in old] == [True, True]
    await stoke.database.run(forget_carelessly)
    await make_new_keys(stoke.database, other, who="terminal", now=stoke.now)
    assert [each in bytes_of(stoke.database.path) for each in old] == [False, False]


async def test_two_who_make_new_keys_at_once_lose_no_address(stoke: Town, other: KeyRing) -> None:
    for sender in (RESIDENT, NEIGHBOUR):
        await stoke.text("STOKE", sender)
    third = await KeyRing.open(stoke.database, SECRET)
    both = [make_new_keys(stoke.database, ring, who="terminal", now=stoke.now) for ring in (other, third)]
    for ended in await asyncio.gather(*both, return_exceptions=True):
        assert isinstance(ended, int | UnknownKey)
    assert await addresses(stoke) == sorted([RESIDENT, NEIGHBOUR])
    await make_new_keys(stoke.database, other, who="terminal", now=stoke.now)
    assert await addresses(stoke) == sorted([RESIDENT, NEIGHBOUR])
    assert len(await stoke.column("SELECT id FROM data_key WHERE purpose = 'encrypt'")) == 1
