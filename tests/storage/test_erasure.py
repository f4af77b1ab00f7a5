"""DELETE removes everything an address ever gave, and what must outlive it names nobody."""

from msgspec.structs import replace
from sqlalchemy import LargeBinary

from storage.erasure import erase_contact
from storage.keys import KeyRing
from storage.script import Database, Many, Run, Script
from storage.tables import metadata
from storage.turns import Decided, Opened
from tests.storage.deciding import JOHN, MARY, NOON, counts, decide, make_intake, message, rows


async def _tell_much(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    await intake.take(message("My words", "SM1"))
    await intake.take(message("More of my words", "SM2", choice_id="c1", fields='{"Body": "More of my words"}'))
    await intake.take(message("Other words", "SM3", JOHN))


async def test_everything_the_address_gave_is_gone_and_others_stay(database: Database, keys: KeyRing) -> None:
    await _tell_much(database, keys)
    intake = make_intake(database, keys)
    kept = await intake.take(message("DELETE", "SM4"))
    assert [reply.text for reply in kept.replies] == ["Deleted."]
    assert await counts(database) == {
        "inbound": 4, "contact": 1, "respondent": 1, "response": 1, "conversation": 1, "answer": 1, "outbox": 4,
        "opt_in": 2,
    }  # fmt: skip
    assert await rows(
        database,
        "SELECT event_id, filed, text, choice_id, fields, question, contact_id IS NULL AND response_id IS NULL "
        "FROM inbound WHERE filed = 'erased' ORDER BY event_id",
    ) in ([(f"SM{n}", "erased", "", "", "", "", yes) for n in (1, 2, 4)] for yes in (1, True))
    assert await rows(database, "SELECT said FROM answer") == [("Other words",)]
    assert await rows(database, "SELECT text, state FROM outbox WHERE contact_id IS NULL ORDER BY id") == [
        ("", "cancelled"),
        ("", "cancelled"),
        ("Deleted.", "replied"),
    ]


async def test_an_erased_message_delivered_again_is_still_a_repeat(database: Database, keys: KeyRing) -> None:
    await _tell_much(database, keys)
    intake = make_intake(database, keys)
    first = await intake.take(message("DELETE", "SM4"))
    again = await intake.take(message("DELETE", "SM4"))
    assert (again.repeated, again.replies) == (True, first.replies)
    older = await intake.take(message("My words", "SM1"))
    assert (older.repeated, older.replies) == (True, ()), "an emptied reply is not sent"
    assert (await counts(database))["answer"] == 1


async def test_stop_outlives_erasure_and_a_returning_address_is_still_stopped(
    database: Database, keys: KeyRing
) -> None:
    heard: list[Opened] = []

    def listening(opened: Opened) -> Decided:
        heard.append(opened)
        return decide(opened)

    intake = make_intake(database, keys, listening)
    for number, text in enumerate(["Hello", "STOP", "DELETE", "Hello again", "START", "DELETE", "Hello once more"]):
        await intake.take(message(text, f"SM{number}", received_at=NOON + number))
    assert [(opened.contact.is_new, opened.contact.opted_out_at) for opened in heard] == [
        (True, None),
        (False, None),
        (False, NOON + 1),
        (True, NOON + 1),
        (False, NOON + 1),
        (False, None),
        (True, None),
    ]


async def test_a_carriers_stop_is_remembered_as_the_carriers(database: Database, keys: KeyRing) -> None:
    def by_carrier(opened: Opened) -> Decided:
        return replace(decide(opened), opt_out_by="carrier")

    intake = make_intake(database, keys, by_carrier)
    for number, (text, stopped) in enumerate([("STOP", True), ("DELETE", None), ("Hello", True), ("START", False)]):
        await intake.take(message(text, f"SM{number}"))
        found = await rows(database, "SELECT carrier_stopped FROM contact")
        assert [bool(row[0]) for row in found] == ([] if stopped is None else [stopped])


async def test_what_waits_to_go_out_is_cancelled_and_receipts_are_emptied(database: Database, keys: KeyRing) -> None:
    await _tell_much(database, keys)
    (contact_id, reply_id) = (
        await rows(database, "SELECT contact_id, id FROM outbox WHERE text = 'Reply 2' AND state = 'replied'")
    )[0]
    receipt = (
        "INSERT INTO receipt (provider, provider_id, outbox_id, channel, status, fields, received_at) "
        "VALUES ('twilio', :provider_id, :outbox, 'sms', 'sent', 'private', 1)"
    )

    def deliver() -> Script[None]:
        yield Run("UPDATE outbox SET provider_id = 'OUT1', problem = 'private' WHERE id = :id", {"id": reply_id})
        yield Many(
            receipt,
            [
                {"provider_id": "OUT0", "outbox": reply_id},
                {"provider_id": "OUT1", "outbox": None},
                {"provider_id": "OUT2", "outbox": "another"},
            ],
        )

    await database.run(deliver)
    await database.run(lambda: erase_contact(contact_id, NOON + 9))
    assert await rows(database, "SELECT provider_id, fields FROM receipt ORDER BY provider_id") == [
        ("OUT0", ""),
        ("OUT1", ""),
        ("OUT2", "private"),
    ]
    assert await rows(database, "SELECT text, state, problem, settled_at FROM outbox WHERE id = :id", id=reply_id) == [
        ("", "cancelled", "", NOON + 9)
    ]


async def test_the_address_stands_in_no_column_of_any_table(database: Database, keys: KeyRing) -> None:
    intake = make_intake(database, keys)
    for number, text in enumerate(["Hello", "STOP", "START", "BOOM", "BROKEN"]):
        await _take_whatever_happens(intake.take(message(text, f"SM{number}")))
    found = 0
    for table in metadata.sorted_tables:
        for row in await rows(database, f"SELECT * FROM {table.name}"):
            found += 1
            shown = repr(tuple(bytes(value).hex() if isinstance(value, bytes) else value for value in row))
            for form in (MARY, MARY[1:], MARY[3:], MARY.encode().hex()):
                assert form not in shown, f"{table.name} holds the address"
    assert found > 15
    blobs = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    ]
    assert sorted(blobs) == [
        "contact.address_encrypted",
        "contact_alias.address_encrypted",
        "destination.previous_secret",
        "destination.secret",
        "staff.totp",
        "voice_note.content",
    ]
    ((contact_id, blob, key_id),) = await rows(database, "SELECT id, address_encrypted, key_id FROM contact")
    assert keys.decrypt(blob, contact_id, key_id) == MARY


async def _take_whatever_happens(taking: object) -> None:
    import asyncio

    await asyncio.gather(taking, return_exceptions=True)  # type: ignore[call-overload]
