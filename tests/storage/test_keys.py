"""Keys for addresses: wrapped by SECRET_KEY, rotated without losing an address or a STOP."""

import asyncio

import pytest
from cryptography.exceptions import InvalidTag

from storage.database import open_database
from storage.errors import UnknownKey, WrongSecret
from storage.exports import shareable_key
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database, Fetch, Run, Script
from storage.turns import Decided, Opened, TurnFailed
from tests.conftest import SECRET
from tests.storage.deciding import JOHN, MARY, NOON, counts, decide, make_intake, message, rows


async def test_an_address_comes_back_from_its_own_row_only(keys: KeyRing) -> None:
    blob = keys.encrypt(MARY, "contact-1")
    assert keys.decrypt(blob, "contact-1", keys.current_key_id) == MARY
    with pytest.raises(InvalidTag):
        keys.decrypt(blob, "contact-2", keys.current_key_id)
    assert keys.encrypt(MARY, "contact-1") != blob, "two encryptions of one address must not look alike"


@pytest.mark.parametrize(
    "address", ["1", "+447700900001", "ü" * 20, "a" * 62], ids=["short", "phone", "letters", "long"]
)
async def test_the_length_of_an_address_does_not_show(keys: KeyRing, address: str) -> None:
    blob = keys.encrypt(address, "contact-1")
    assert len(blob) == len(keys.encrypt("", "contact-1"))
    assert keys.decrypt(blob, "contact-1", keys.current_key_id) == address


async def test_an_address_of_140_letters_of_any_script_fits(keys: KeyRing) -> None:
    assert keys.decrypt(keys.encrypt("ش" * 140, "c"), "c", keys.current_key_id) == "ش" * 140


async def test_a_look_up_depends_on_the_channel_and_on_the_key(database: Database, keys: KeyRing) -> None:
    again = await KeyRing.open(database, SECRET)
    assert keys.lookup("sms", MARY) == again.lookup("sms", MARY)
    assert len({keys.lookup("sms", MARY), keys.lookup("whatsapp", MARY), keys.lookup("sms", JOHN)}) == 3


async def test_a_wrong_secret_is_refused_by_name(database: Database, keys: KeyRing) -> None:
    for previous in (None, "also wrong"):
        with pytest.raises(WrongSecret, match=r"SECRET_KEY.*SECRET_KEY_PREVIOUS") as refusal:
            await KeyRing.open(database, "wrong", previous)
        assert "wrong'" not in str(refusal.value)
    assert (await KeyRing.open(database, SECRET)).lookup("sms", MARY) == keys.lookup("sms", MARY)


async def test_changing_the_secret_wraps_the_same_keys_again(database: Database, keys: KeyRing) -> None:
    blob, lookup = keys.encrypt(MARY, "c"), keys.lookup("sms", MARY)
    for _ in range(2):  # SECRET_KEY_PREVIOUS may stay set
        new = await KeyRing.open(database, "a new secret", SECRET)
        assert (new.decrypt(blob, "c", new.current_key_id), new.lookup("sms", MARY)) == (MARY, lookup)
    with pytest.raises(WrongSecret):
        await KeyRing.open(database, SECRET)


async def test_a_server_with_the_secret_before_makes_no_key_that_the_new_one_cannot_open(
    database: Database, keys: KeyRing
) -> None:
    new = await KeyRing.open(database, "a new secret", SECRET)
    with pytest.raises(WrongSecret, match="Start again with the new one"):
        await database.run(lambda: shareable_key(keys, 1))
    with pytest.raises(WrongSecret, match="Start again with the new one"):
        await rotate_data_keys(database, keys)
    key = await database.run(lambda: shareable_key(new, 1))
    again = await KeyRing.open(database, "a new secret")
    assert await database.run(lambda: shareable_key(again, 2)) == key


async def test_a_key_of_exports_that_nobody_can_open_keeps_nobody_out(database: Database, keys: KeyRing) -> None:
    def make_and_lose() -> Script[None]:
        yield from shareable_key(keys, 1)
        lost = keys.wrapped("another purpose")
        yield Run("UPDATE data_key SET wrapped = :lost WHERE purpose = 'shareable'", {"lost": lost})

    await database.run(make_and_lose)
    assert (await KeyRing.open(database, SECRET)).lookup("sms", MARY) == keys.lookup("sms", MARY)


_ONE_WAITS = """
    SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"""


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # SQLite has one writer
async def test_a_key_that_is_made_while_the_secret_changes_is_wrapped_again_too(
    database: Database, keys: KeyRing
) -> None:
    made = asyncio.Event()
    loop = asyncio.get_running_loop()

    def make_and_wait_to_be_waited_for() -> Script[bytes]:
        key = yield from shareable_key(keys, 1)
        loop.call_soon(made.set)
        for _ in range(10_000):
            if (yield Fetch(_ONE_WAITS)).rows:
                break
        return key

    making = asyncio.create_task(database.run(make_and_wait_to_be_waited_for))
    await made.wait()
    new = await KeyRing.open(database, "a new secret", SECRET)
    assert await database.run(lambda: shareable_key(new, 2)) == await making


async def test_processes_that_start_together_share_one_set_of_keys(database: Database, database_url: str) -> None:
    others = [await open_database(database_url) for _ in range(3)]
    rings = await asyncio.gather(*(KeyRing.open(each, SECRET) for each in (database, *others)))
    assert len({ring.lookup("sms", MARY) for ring in rings}) == 1
    assert await rows(database, "SELECT purpose FROM data_key ORDER BY purpose") == [
        ("check",),
        ("encrypt",),
        ("lookup",),
    ]
    rings = await asyncio.gather(*(KeyRing.open(each, "new", SECRET) for each in (database, *others)))
    assert len({ring.lookup("sms", MARY) for ring in rings}) == 1
    for each in others:
        await each.close()


async def test_new_data_keys_move_every_contact_and_keep_stop(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    for number, (text, address) in enumerate([("STOP", MARY), ("DELETE", MARY), ("Hello", JOHN)]):
        await intake.take(message(text, f"SM{number}", address))
    old_lookup, old_key = keys.lookup("sms", JOHN), keys.current_key_id
    assert await rotate_data_keys(database, keys) == 1
    assert keys.current_key_id != old_key
    ((contact_id, blob, hmac, key_id),) = await rows(
        database, "SELECT id, address_encrypted, address_hmac, key_id FROM contact"
    )
    assert (keys.decrypt(blob, contact_id, key_id), key_id, hmac) == (
        JOHN,
        keys.current_key_id,
        keys.lookup("sms", JOHN),
    )
    assert hmac != old_lookup
    assert keys.lookups("sms", JOHN) == [hmac, old_lookup]
    assert await rows(database, "SELECT count(*) FROM data_key WHERE id = :id", id=old_key) == [(0,)]
    await intake.take(message("Hello again", "SM8", JOHN))
    assert (await counts(database))["contact"] == 1, "the moved contact is found"
    await intake.take(message("I am back", "SM9", MARY))
    assert len(await rows(database, "SELECT 1 FROM contact WHERE opted_out_at IS NOT NULL")) == 1


async def test_another_process_takes_up_new_keys_by_itself(
    database: Database, keys: KeyRing, database_url: str
) -> None:
    other = await open_database(database_url)
    running = make_intake(other, await KeyRing.open(other, SECRET))
    await running.take(message("Hello", "SM1"))
    await rotate_data_keys(database, keys)
    kept = await running.take(message("Hello", "SM2"))
    assert kept.replies[0].text == "Reply 2"
    await running.take(message("Hello", "SM3", JOHN))
    assert await rows(database, "SELECT DISTINCT key_id FROM contact") == [(keys.current_key_id,)]
    await other.close()


async def test_the_clock_takes_up_new_keys_by_itself(database: Database, keys: KeyRing, database_url: str) -> None:
    other = await open_database(database_url)
    ring = await KeyRing.open(other, SECRET)
    with pytest.raises(TurnFailed):
        await make_intake(other, ring).take(message("BOOM", "SM1"))
    await rotate_data_keys(database, keys)
    ((contact_id, blob, key_id),) = await rows(database, "SELECT id, address_encrypted, key_id FROM contact")
    with pytest.raises(UnknownKey, match=str(key_id)):
        ring.decrypt(blob, contact_id, key_id)
    heard: list[str] = []

    def listening(opened: Opened) -> Decided:
        heard.append(opened.arrived.address)
        return decide(opened)

    assert await make_intake(other, ring, listening).rerun_unhandled(10, NOON + 60_000) == 0, "BOOM never passes"
    assert heard == [MARY]
    await other.close()


async def test_keys_move_while_messages_come_in(database: Database, keys: KeyRing, database_url: str) -> None:
    other = await open_database(database_url)
    running = make_intake(other, await KeyRing.open(other, SECRET))
    people = [f"+4477009001{number:02}" for number in range(30)]

    async def write(times: range) -> None:
        for number in times:
            await asyncio.gather(*(running.take(message("Hello", f"{p}-{number}", p)) for p in people))

    await write(range(1))
    await asyncio.gather(write(range(1, 6)), rotate_data_keys(database, keys))
    found = await counts(database)
    assert (found["contact"], found["answer"], found["conversation"]) == (30, 180, 30)
    assert await rows(database, "SELECT DISTINCT key_id FROM contact") == [(keys.current_key_id,)]
    await other.close()


async def test_no_key_and_no_secret_shows(database: Database, keys: KeyRing) -> None:
    assert repr(keys) == f"KeyRing(current_key_id={keys.current_key_id})"
    for (wrapped,) in await rows(database, "SELECT wrapped FROM data_key"):
        assert SECRET not in wrapped


async def test_the_secret_of_codes_comes_back_from_its_own_row_only(keys: KeyRing) -> None:
    blob = keys.seal_codes(b"secret", "ada")
    assert keys.unseal_codes(blob, "ada", keys.current_key_id) == b"secret"
    with pytest.raises(InvalidTag):
        keys.unseal_codes(blob, "bo", keys.current_key_id)
    with pytest.raises(InvalidTag):
        keys.unseal(blob, "ada", keys.current_key_id)
    with pytest.raises(UnknownKey):
        keys.unseal_codes(blob, "ada", 99)


async def test_what_is_derived_follows_from_the_keys_and_is_no_look_up(database: Database, keys: KeyRing) -> None:
    again = await KeyRing.open(database, SECRET)
    assert keys.derive("a") == again.derive("a") != keys.derive("b")
    assert keys.derive("a").hex() != keys.lookup("derived", "a")
