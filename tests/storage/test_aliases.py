"""Other addresses of one sender on one channel: whichever of them writes, it is the same contact, and STOP is STOP."""

import asyncio
import itertools
from typing import TypeAlias

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

Sender: TypeAlias = tuple[str, tuple[str, ...]]
"""The address that a message comes from, and the others that it names."""

NUMBER_WITH_ID: Sender = (NUMBER, (ID,))
NUMBER_ALONE: Sender = (NUMBER, ())
ID_ALONE: Sender = (ID, ())
ID_WITH_NUMBER: Sender = (ID, (NUMBER,))
LONGEST_ALONE: Sender = (LONGEST, ())

_events = itertools.count()


def said(text: str, sender: Sender, at: int = NOON) -> Arrived:
    """Make a message that nobody has sent before."""
    address, aliases = sender
    return message(text, f"WA{next(_events)}", address, channel="whatsapp", aliases=aliases, received_at=at)


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
        pytest.param((NUMBER, (LONGEST,)), LONGEST_ALONE, id="an address of 140 characters"),
    ],
)
async def test_whoever_is_known_by_another_address_goes_on_where_they_were(
    database: Database, keys: KeyRing, first: Sender, then: Sender
) -> None:
    messages = [said("Hello", sender) for sender in (first, then, first)]
    assert await replies(database, keys, *messages) == ["Reply 1", "Reply 2", "Reply 3"]
    assert await rows(database, "SELECT (SELECT COUNT(*) FROM contact), (SELECT COUNT(*) FROM contact_alias)") == [
        (1, 1)
    ]


async def test_a_number_that_appears_beside_a_known_id_is_known_alone_ever_after(
    database: Database, keys: KeyRing
) -> None:
    senders = [ID_ALONE, NUMBER_WITH_ID, NUMBER_ALONE]
    messages = [said("Hello", sender) for sender in senders]
    assert await replies(database, keys, *messages) == ["Reply 1", "Reply 2", "Reply 3"]


async def test_the_same_address_on_another_channel_is_somebody_else(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", NUMBER_WITH_ID))
    by_sms = message("Hello", "SM2", ID)
    assert await replies(database, keys, by_sms) == ["Reply 1"]


async def test_two_addresses_of_one_contact_in_one_batch_are_taken_one_after_the_other(
    database: Database, keys: KeyRing
) -> None:
    """Nothing in the messages themselves says that they are from one person."""
    await replies(database, keys, said("Hello", NUMBER_WITH_ID))
    intake = make_intake(database, keys)
    together = (said("Hello", NUMBER_ALONE), message("Hi", "SM2", JOHN), said("Hello", ID_ALONE))
    kept = await asyncio.gather(*(intake.take(arrived) for arrived in together))
    assert [each.replies[0].text for each in kept] == ["Reply 2", "Reply 1", "Reply 3"]


async def test_a_stranger_s_first_messages_by_both_addresses_make_one_contact(
    database: Database, keys: KeyRing
) -> None:
    intake = make_intake(database, keys)
    together = (said("Hello", NUMBER_WITH_ID), said("Hello", ID_ALONE))
    kept = await asyncio.gather(*(intake.take(arrived) for arrived in together))
    assert [each.replies[0].text for each in kept] == ["Reply 1", "Reply 2"]


@pytest.mark.parametrize("stopping", [NUMBER_WITH_ID, NUMBER_ALONE, ID_ALONE], ids=["both", "number", "id"])
@pytest.mark.parametrize("returning", [NUMBER_ALONE, ID_ALONE], ids=["by number", "by id"])
async def test_stop_holds_for_every_address_after_everything_else_is_erased(
    database: Database, keys: KeyRing, stopping: Sender, returning: Sender
) -> None:
    await replies(
        database,
        keys,
        said("Hello", NUMBER_WITH_ID),
        said("STOP", stopping),
        said("DELETE", stopping),
        said("I am back", returning),
    )
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(NOON,)]


STOPPED_AND_ERASED = (said("STOP", ID_ALONE), said("DELETE", ID_ALONE))
SCENES: dict[str, tuple[tuple[Arrived, ...], dict[str, int | None]]] = {
    "a stranger whose alias is on stop is on stop": (
        (*STOPPED_AND_ERASED, said("Hello", NUMBER_WITH_ID)),
        {NUMBER: NOON},
    ),
    "START by one address ends the stop of the other": (
        (
            said("Hello", NUMBER_WITH_ID),
            said("STOP", NUMBER_ALONE),
            said("START", ID_ALONE),
            said("DELETE", ID_ALONE),
            said("Hello", NUMBER_ALONE),
        ),
        {NUMBER: None},
    ),
    "a START since is not undone when two contacts turn out to be one": (
        (
            said("STOP", ID_ALONE),
            said("START", NUMBER_ALONE, NOON + 1),
            said("Hello", NUMBER_WITH_ID, NOON + 2),
        ),
        {ID: NOON, NUMBER: None},
    ),
    "a stop that a new address brings holds for whoever is joined to its contact": (
        (
            *STOPPED_AND_ERASED,
            said("Hello", LONGEST_ALONE, NOON + 1),
            said("Hello", NUMBER_ALONE, NOON + 2),
            said("Hello", (NUMBER, (LONGEST,)), NOON + 3),
            said("Hello", NUMBER_WITH_ID, NOON + 4),
        ),
        {LONGEST: NOON + 4, NUMBER: NOON + 4},
    ),
    "an address heard of after STOP is on stop when it comes back alone": (
        (
            said("STOP", NUMBER_ALONE),
            said("Hello", NUMBER_WITH_ID, NOON + 1),
            said("DELETE", NUMBER_WITH_ID, NOON + 2),
            said("Hello", ID_ALONE, NOON + 3),
        ),
        {ID: NOON + 1},
    ),
    "a START under its own address outlives an older stop of a new one": (
        (*STOPPED_AND_ERASED, said("START", NUMBER_ALONE, NOON + 1), said("Hello", NUMBER_WITH_ID, NOON + 2)),
        {NUMBER: None},
    ),
}


@pytest.mark.parametrize(("messages", "since"), SCENES.values(), ids=SCENES.keys())
async def test_who_is_on_stop_and_since_when(
    database: Database, keys: KeyRing, messages: tuple[Arrived, ...], since: dict[str, int | None]
) -> None:
    await replies(database, keys, *messages)
    assert await opted_out(database, keys) == since


async def test_a_carrier_s_stop_is_noted_for_every_address(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", NUMBER_WITH_ID))
    ((contact_id,),) = await rows(database, "SELECT id FROM contact")
    await database.run(lambda: stops.stop_by_carrier(contact_id, NOON))
    noted = await rows(database, "SELECT address_hmac, stopped, by FROM opt_out")
    assert {(hmac, bool(stopped), by) for hmac, stopped, by in noted} == {
        (keys.lookup("whatsapp", address), True, "send") for address in (NUMBER, ID)
    }


async def test_two_contacts_that_turn_out_to_be_one_sender_are_joined(database: Database, keys: KeyRing) -> None:
    messages = [said("Hello", sender) for sender in (ID_ALONE, NUMBER_ALONE, NUMBER_WITH_ID)]
    assert await replies(database, keys, *messages) == ["Reply 1", "Reply 1", "Reply 2"], "each goes on where it was"
    assert await rows(database, "SELECT COUNT(*), COUNT(DISTINCT person_id) FROM contact") == [(2, 1)]
    await replies(database, keys, said("STOP", ID_ALONE))
    assert await rows(database, "SELECT opted_out_at FROM contact") == [(NOON,), (NOON,)]


async def test_new_data_keys_move_the_other_addresses_too(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", NUMBER_WITH_ID))
    old = keys.lookup("whatsapp", ID)
    await rotate_data_keys(database, keys)
    ((hmac, contact_id, blob, key_id),) = await rows(
        database, "SELECT address_hmac, contact_id, address_encrypted, key_id FROM contact_alias"
    )
    assert hmac == keys.lookup("whatsapp", ID) != old
    assert keys.decrypt(bytes(blob), contact_id, key_id) == ID
    assert len(await rows(database, "SELECT id FROM data_key WHERE purpose = 'encrypt'")) == 1, "the old key is gone"
    assert await replies(database, keys, said("Hello", ID_ALONE)) == ["Reply 2"]


async def test_an_erased_contact_leaves_no_other_address_and_is_remembered_by_each(
    database: Database, keys: KeyRing
) -> None:
    await replies(database, keys, said("Hello", NUMBER_WITH_ID))
    ((contact_id,),) = await rows(database, "SELECT id FROM contact")
    await database.run(lambda: erase_contact(contact_id, NOON + 1))
    assert await rows(database, "SELECT 1 FROM contact_alias") == []
    for address in (NUMBER, ID):
        assert await database.read(lambda a=address: ledger.erased_at(keys.lookups("whatsapp", a))) == NOON + 1  # type: ignore[misc]


@pytest.mark.parametrize("asked", [NUMBER, ID], ids=["by number", "by id"])
async def test_subject_access_and_erasure_find_a_contact_by_any_of_its_addresses(
    database: Database, keys: KeyRing, asked: str
) -> None:
    await replies(database, keys, said("Hello", NUMBER_WITH_ID), said("STOP", NUMBER_ALONE))
    hmacs = keys.lookups("whatsapp", asked)
    held = await database.read(lambda: subject.everything(hmacs))
    shown = [keys.decrypt(bytes(a.address_encrypted), a.contact_id, a.key_id) for a in held.aliases]
    assert (len(held.contacts), shown, len(held.texts_in), len(held.opt_outs)) == (1, [ID], 2, 2)
    assert (await database.run(lambda: subject.erase(hmacs, "dpo", NOON))).contacts == 1


async def test_no_address_of_any_kind_stands_in_the_clear(database: Database, keys: KeyRing) -> None:
    await replies(database, keys, said("Hello", NUMBER_WITH_ID))
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
    await intake.take(said("Hello", NUMBER_WITH_ID))
    assert any("contact_alias" in sql for sql in recording.asked)
    recording.asked.clear()
    await intake.take(said("Hello", NUMBER_ALONE))
    assert not any("contact_alias" in sql for sql in recording.asked)


async def test_whoever_was_joined_and_says_start_stays_open_though_the_other_is_named_again(
    database: Database, keys: KeyRing
) -> None:
    senders = [ID_ALONE, NUMBER_ALONE, NUMBER_WITH_ID]
    await replies(database, keys, *(said("Hello", sender) for sender in senders))
    await replies(
        database,
        keys,
        said("STOP", ID_ALONE, NOON + 1),
        said("START", NUMBER_WITH_ID, NOON + 2),
        said("Hello", NUMBER_WITH_ID, NOON + 3),
    )
    assert await opted_out(database, keys) == {ID: NOON + 1, NUMBER: None}
    assert await newest_words(database, keys) == {ID: True, NUMBER: False}
    # The START stands under the old key from now on, and nobody has said STOP again.
    await rotate_data_keys(database, keys)
    await replies(database, keys, said("Hello", NUMBER_WITH_ID, NOON + 4))
    assert await opted_out(database, keys) == {ID: NOON + 1, NUMBER: None}
    assert await rows(database, "SELECT COUNT(*) FROM opt_out WHERE by = 'linked'") == [(1,)]


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
    stopping: Sender,
    other: Sender,
    showing: Sender,
) -> None:
    await replies(database, keys, said("STOP", stopping), said("Hello", other, NOON + 1))
    await replies(database, keys, said("Hello", showing, NOON + 2), said("Hello", showing, NOON + 3))
    assert None not in (await opted_out(database, keys)).values()
    assert await newest_words(database, keys) == {ID: True, NUMBER: True}


async def test_a_stop_whose_contact_is_erased_holds_for_whoever_turns_out_to_have_said_it(
    database: Database, keys: KeyRing
) -> None:
    back = (said("Hello", NUMBER_ALONE, NOON + 1), said("Hello", NUMBER_WITH_ID, NOON + 2))
    await replies(database, keys, *STOPPED_AND_ERASED, *back)
    assert await opted_out(database, keys) == {NUMBER: NOON + 2}
    assert await newest_words(database, keys) == {ID: True, NUMBER: True}
