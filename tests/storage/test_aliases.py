"""Other addresses of one sender on one channel: whichever of them writes, it is the same contact, and STOP is STOP."""

import asyncio

import pytest

from storage import ledger, stops, subject
from storage.erasure import erase_contact
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database
from storage.turns import Arrived, Kept
from tests.storage.deciding import JOHN, MARY, NOON, make_intake, message, rows
from tests.storage.test_plans import Recording

ID = "whatsapp:GB.18316072"
NUMBER = f"whatsapp:{MARY}"
LONGEST = "whatsapp:GB." + "9" * 128

NUMBER_WITH_ID = (NUMBER, (ID,))
NUMBER_ALONE = (NUMBER, ())
ID_ALONE = (ID, ())
ID_WITH_NUMBER = (ID, (NUMBER,))


def said(text: str, event_id: str, sender: tuple[str, tuple[str, ...]], at: int = NOON) -> Arrived:
    address, aliases = sender
    return message(text, event_id, address, channel="whatsapp", aliases=aliases, received_at=at)


async def replies(database: Database, keys: KeyRing, *messages: Arrived) -> list[str]:
    intake = make_intake(database, keys)
    kept: list[Kept] = [await intake.take(arrived) for arrived in messages]
    return [each.replies[0].text for each in kept]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(NUMBER_WITH_ID, ID_ALONE, id="the number is hidden after a while"),
        pytest.param(ID_ALONE, NUMBER_WITH_ID, id="the number is shown after a while"),
        pytest.param(ID_WITH_NUMBER, NUMBER_ALONE, id="the id stands first"),
        pytest.param((NUMBER, (LONGEST,)), (LONGEST, ()), id="an address of 140 characters"),
    ],
)
async def test_whoever_is_known_by_another_address_goes_on_where_they_were(
    database: Database, keys: KeyRing, first: tuple[str, tuple[str, ...]], then: tuple[str, tuple[str, ...]]
) -> None:
    messages = [said("Hello", f"SM{n}", sender) for n, sender in enumerate([first, then, first])]
    assert await replies(database, keys, *messages) == ["Reply 1", "Reply 2", "Reply 3"]
    assert await rows(database, "SELECT (SELECT COUNT(*) FROM contact), (SELECT COUNT(*) FROM contact_alias)") == [
        (1, 1)
    ]


async def test_a_number_that_appears_beside_a_known_id_is_known_alone_ever_after(
    database: Database, keys: KeyRing
) -> None:
    senders = [ID_ALONE, NUMBER_WITH_ID, NUMBER_ALONE]
    messages = [said("Hello", f"SM{n}", sender) for n, sender in enumerate(senders)]
    assert await replies(database, keys, *messages) == ["Reply 1", "Reply 2", "Reply 3"]


async def test_the_same_address_on_another_channel_is_somebody_else(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", "SM1", NUMBER_WITH_ID))
    by_sms = message("Hello", "SM2", ID)
    assert await replies(database, keys, by_sms) == ["Reply 1"]


async def test_two_addresses_of_one_contact_in_one_batch_are_taken_one_after_the_other(
    database: Database, keys: KeyRing
) -> None:
    """Nothing in the messages themselves says that they are from one person."""
    await replies(database, keys, said("Hello", "SM0", NUMBER_WITH_ID))
    intake = make_intake(database, keys)
    together = (said("Hello", "SM1", NUMBER_ALONE), message("Hi", "SM2", JOHN), said("Hello", "SM3", ID_ALONE))
    kept = await asyncio.gather(*(intake.take(arrived) for arrived in together))
    assert [each.replies[0].text for each in kept] == ["Reply 2", "Reply 1", "Reply 3"]


async def test_a_stranger_s_first_messages_by_both_addresses_make_one_contact(
    database: Database, keys: KeyRing
) -> None:
    intake = make_intake(database, keys)
    together = (said("Hello", "SM1", NUMBER_WITH_ID), said("Hello", "SM2", ID_ALONE))
    kept = await asyncio.gather(*(intake.take(arrived) for arrived in together))
    assert [each.replies[0].text for each in kept] == ["Reply 1", "Reply 2"]


@pytest.mark.parametrize("stopping", [NUMBER_WITH_ID, NUMBER_ALONE, ID_ALONE], ids=["both", "number", "id"])
@pytest.mark.parametrize("returning", [NUMBER_ALONE, ID_ALONE], ids=["by number", "by id"])
async def test_stop_holds_for_every_address_after_everything_else_is_erased(
    database: Database, keys: KeyRing, stopping: tuple[str, tuple[str, ...]], returning: tuple[str, tuple[str, ...]]
) -> None:
    await replies(
        database,
        keys,
        said("Hello", "SM0", NUMBER_WITH_ID),
        said("STOP", "SM1", stopping),
        said("DELETE", "SM2", stopping),
        said("I am back", "SM3", returning),
    )
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(NOON,)]


async def test_a_stranger_whose_alias_is_on_stop_is_on_stop(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("STOP", "SM0", ID_ALONE), said("DELETE", "SM1", ID_ALONE))
    await replies(database, keys, said("Hello", "SM2", NUMBER_WITH_ID))
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(NOON,)]


async def test_start_by_one_address_ends_the_stop_of_the_other(database: Database, keys: KeyRing) -> None:
    await replies(
        database,
        keys,
        said("Hello", "SM0", NUMBER_WITH_ID),
        said("STOP", "SM1", NUMBER_ALONE),
        said("START", "SM2", ID_ALONE),
        said("DELETE", "SM3", ID_ALONE),
        said("Hello", "SM4", NUMBER_ALONE),
    )
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(None,)]


async def test_a_carrier_s_stop_is_noted_for_every_address(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", "SM0", NUMBER_WITH_ID))
    ((contact_id,),) = await rows(database, "SELECT id FROM contact")
    await database.run(lambda: stops.stop_by_carrier(contact_id, NOON))
    noted = await rows(database, "SELECT address_hmac, stopped, by FROM opt_out")
    assert {(hmac, bool(stopped), by) for hmac, stopped, by in noted} == {
        (keys.lookup("whatsapp", address), True, "send") for address in (NUMBER, ID)
    }


async def test_two_contacts_that_turn_out_to_be_one_sender_are_joined(database: Database, keys: KeyRing) -> None:
    messages = [said("Hello", f"SM{n}", sender) for n, sender in enumerate([ID_ALONE, NUMBER_ALONE, NUMBER_WITH_ID])]
    assert await replies(database, keys, *messages) == ["Reply 1", "Reply 1", "Reply 2"], "each goes on where it was"
    assert await rows(database, "SELECT COUNT(*), COUNT(DISTINCT person_id) FROM contact") == [(2, 1)]
    await replies(database, keys, said("STOP", "SM4", ID_ALONE))
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(NOON,), (NOON,)]


async def test_new_data_keys_move_the_other_addresses_too(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", "SM0", NUMBER_WITH_ID))
    old = keys.lookup("whatsapp", ID)
    await rotate_data_keys(database, keys)
    ((hmac, contact_id, blob, key_id),) = await rows(
        database, "SELECT address_hmac, contact_id, address_encrypted, key_id FROM contact_alias"
    )
    assert hmac == keys.lookup("whatsapp", ID) != old
    assert keys.decrypt(bytes(blob), contact_id, key_id) == ID
    assert len(await rows(database, "SELECT id FROM data_key WHERE purpose = 'encrypt'")) == 1, "the old key is gone"
    assert await replies(database, keys, said("Hello", "SM1", ID_ALONE)) == ["Reply 2"]


async def test_an_erased_contact_leaves_no_other_address_and_is_remembered_by_each(
    database: Database, keys: KeyRing
) -> None:
    await replies(database, keys, said("Hello", "SM0", NUMBER_WITH_ID))
    ((contact_id,),) = await rows(database, "SELECT id FROM contact")
    await database.run(lambda: erase_contact(contact_id, NOON + 1))
    assert await rows(database, "SELECT 1 FROM contact_alias") == []
    for address in (NUMBER, ID):
        assert await database.read(lambda a=address: ledger.erased_at(keys.lookups("whatsapp", a))) == NOON + 1  # type: ignore[misc]


@pytest.mark.parametrize("asked", [NUMBER, ID], ids=["by number", "by id"])
async def test_subject_access_and_erasure_find_a_contact_by_any_of_its_addresses(
    database: Database, keys: KeyRing, asked: str
) -> None:
    await replies(database, keys, said("Hello", "SM0", NUMBER_WITH_ID), said("STOP", "SM1", NUMBER_ALONE))
    hmacs = keys.lookups("whatsapp", asked)
    held = await database.read(lambda: subject.everything(hmacs))
    shown = [keys.decrypt(bytes(a.address_encrypted), a.contact_id, a.key_id) for a in held.aliases]
    assert (len(held.contacts), shown, len(held.texts_in), len(held.opt_outs)) == (1, [ID], 2, 2)
    assert (await database.run(lambda: subject.erase(hmacs, "dpo", NOON))).contacts == 1


async def test_no_address_of_any_kind_stands_in_the_clear(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", "SM0", NUMBER_WITH_ID))
    for table in ("inbound", "contact", "contact_alias", "outbox"):
        kept = repr(await rows(database, f"SELECT * FROM {table}"))
        assert ID not in kept
        assert MARY not in kept


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])
async def test_a_known_sender_without_aliases_costs_no_statement_more(
    database: Database, keys: KeyRing, database_url: str
) -> None:
    recording = Recording(database)
    intake = make_intake(recording, keys)
    await intake.take(said("Hello", "SM0", NUMBER_WITH_ID))
    assert any("contact_alias" in sql for sql in recording.asked)
    recording.asked.clear()
    await intake.take(said("Hello", "SM1", NUMBER_ALONE))
    assert not any("contact_alias" in sql for sql in recording.asked)


async def test_a_start_since_is_not_undone_when_two_contacts_turn_out_to_be_one(
    database: Database, keys: KeyRing
) -> None:
    await replies(
        database,
        keys,
        said("STOP", "SM0", ID_ALONE),
        said("START", "SM1", NUMBER_ALONE, NOON + 1),
        said("Hello", "SM2", NUMBER_WITH_ID, NOON + 2),
    )
    assert await opted_out(database, keys) == {ID: NOON, NUMBER: None}


async def test_whoever_was_joined_and_says_start_stays_open_though_the_other_is_named_again(
    database: Database, keys: KeyRing
) -> None:
    senders = [ID_ALONE, NUMBER_ALONE, NUMBER_WITH_ID]
    await replies(database, keys, *(said("Hello", f"SM{n}", sender) for n, sender in enumerate(senders)))
    await replies(
        database,
        keys,
        said("STOP", "SM3", ID_ALONE, NOON + 1),
        said("START", "SM4", NUMBER_WITH_ID, NOON + 2),
        said("Hello", "SM5", NUMBER_WITH_ID, NOON + 3),
    )
    assert await opted_out(database, keys) == {ID: NOON + 1, NUMBER: None}
    assert await newest_words(database, keys) == {ID: True, NUMBER: False}
    # The START stands under the old key from now on, and nobody has said STOP again.
    await rotate_data_keys(database, keys)
    await replies(database, keys, said("Hello", "SM6", NUMBER_WITH_ID, NOON + 4))
    assert await opted_out(database, keys) == {ID: NOON + 1, NUMBER: None}
    assert await rows(database, "SELECT COUNT(*) FROM opt_out WHERE by = 'linked'") == [(1,)]


async def test_a_stop_that_a_new_address_brings_holds_for_whoever_is_joined_to_its_contact(
    database: Database, keys: KeyRing
) -> None:
    await replies(
        database,
        keys,
        said("STOP", "SM0", ID_ALONE),
        said("DELETE", "SM1", ID_ALONE),
        said("Hello", "SM2", (LONGEST, ()), NOON + 1),
        said("Hello", "SM3", NUMBER_ALONE, NOON + 2),
        said("Hello", "SM4", (NUMBER, (LONGEST,)), NOON + 3),
        said("Hello", "SM5", NUMBER_WITH_ID, NOON + 4),
    )
    assert (await opted_out(database, keys))[LONGEST] == NOON + 4


async def test_an_address_heard_of_after_stop_is_on_stop_when_it_comes_back_alone(
    database: Database, keys: KeyRing
) -> None:
    await replies(
        database,
        keys,
        said("STOP", "SM0", NUMBER_ALONE),
        said("Hello", "SM1", NUMBER_WITH_ID, NOON + 1),
        said("DELETE", "SM2", NUMBER_WITH_ID, NOON + 2),
        said("Hello", "SM3", ID_ALONE, NOON + 3),
    )
    assert await opted_out(database, keys) == {ID: NOON + 1}


async def test_a_start_under_its_own_address_outlives_an_older_stop_of_a_new_one(
    database: Database, keys: KeyRing
) -> None:
    await replies(
        database,
        keys,
        said("STOP", "SM0", ID_ALONE),
        said("DELETE", "SM1", ID_ALONE),
        said("START", "SM2", NUMBER_ALONE, NOON + 1),
        said("Hello", "SM3", NUMBER_WITH_ID, NOON + 2),
    )
    assert await opted_out(database, keys) == {NUMBER: None}


async def opted_out(database: Database, keys: KeyRing) -> dict[str, int | None]:
    """Say of each contact since when it is on STOP, by its own address."""
    found = await rows(database, "SELECT id, address_encrypted, key_id, opted_out_at FROM contact")
    return {keys.decrypt(bytes(blob), id, key_id): since for id, blob, key_id, since in found}


async def newest_words(database: Database, keys: KeyRing) -> dict[str, bool]:
    """Say of each address whether its newest entry in the ledger is STOP; `max` by time, as the outbox reads it."""
    entries = await database.read(lambda: stops.ledger([keys.lookup("whatsapp", address) for address in (ID, NUMBER)]))
    newest = {entry.address_hmac: entry for entry in sorted(entries, key=lambda entry: entry.at) if entry.is_stop}
    return {
        address: not newest[hmac].given
        for address in (ID, NUMBER)
        if (hmac := keys.lookup("whatsapp", address)) in newest
    }


@pytest.mark.parametrize(
    ("stopping", "other"), [(ID_ALONE, NUMBER_ALONE), (NUMBER_ALONE, ID_ALONE)], ids=["by id", "by number"]
)
@pytest.mark.parametrize("showing", [NUMBER_WITH_ID, ID_WITH_NUMBER], ids=["number writes", "id writes"])
async def test_two_contacts_that_turn_out_to_be_one_sender_are_both_on_the_older_stop(
    database: Database,
    keys: KeyRing,
    stopping: tuple[str, tuple[str, ...]],
    other: tuple[str, tuple[str, ...]],
    showing: tuple[str, tuple[str, ...]],
) -> None:
    await replies(database, keys, said("STOP", "SM0", stopping), said("Hello", "SM1", other, NOON + 1))
    await replies(database, keys, said("Hello", "SM2", showing, NOON + 2), said("Hello", "SM3", showing, NOON + 3))
    assert None not in (await opted_out(database, keys)).values()
    assert await newest_words(database, keys) == {ID: True, NUMBER: True}


async def test_a_stop_whose_contact_is_erased_holds_for_whoever_turns_out_to_have_said_it(
    database: Database, keys: KeyRing
) -> None:
    await replies(
        database,
        keys,
        said("STOP", "SM0", ID_ALONE),
        said("DELETE", "SM1", ID_ALONE),
        said("Hello", "SM2", NUMBER_ALONE, NOON + 1),
        said("Hello", "SM3", NUMBER_WITH_ID, NOON + 2),
    )
    assert await opted_out(database, keys) == {NUMBER: NOON + 2}
    assert await newest_words(database, keys) == {ID: True, NUMBER: True}
