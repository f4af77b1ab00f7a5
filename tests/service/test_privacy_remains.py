"""What remains once old things have gone: reports as before, STOP, and nothing that ties an answer to a number."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.export import Format, export
from bot.analysis.reconciliation import reconcile
from storage import aliases
from storage.keys import KeyRing, rotate_data_keys
from storage.retention import Kept
from storage.script import Database
from storage.sqlite import SqliteDatabase
from tests.channels.webhooks import NOON
from tests.service.privacy_scene import (
    DAY,
    NAME,
    NEIGHBOUR,
    POLICY,
    RESIDENT,
    WORDS,
    Town,
    after,
    counts,
    found_in,
    hits,
    town,
)
from tests.service.test_privacy import bytes_of, forget_carelessly


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


async def test_words_go_and_the_reconciliation_report_still_balances(stoke: Town) -> None:
    for sender in (RESIDENT, NEIGHBOUR):
        await stoke.answer_everything(sender)
    await stoke.close_survey()
    now = stoke.now + 91 * DAY
    before = await reconcile(stoke.database, "stoke", include_test=True, now=now)
    await after(stoke, 91)
    assert await reconcile(stoke.database, "stoke", include_test=True, now=now) == before
    assert before.is_balanced
    assert set(await stoke.column("SELECT text FROM inbound")) == {""}
    assert set(await stoke.column("SELECT text FROM outbox")) == {""}
    assert WORDS in await stoke.column("SELECT said FROM answer")


async def test_the_export_stays_the_same_after_contacts_and_words_have_gone(stoke: Town, tmp_path: Path) -> None:
    await stoke.answer_everything()
    for body in ("STOKE", "2", "STOP"):
        await stoke.text(body, NEIGHBOUR)
    await stoke.text("STOKE", "+447700900777")
    await stoke.close_survey()
    await stoke.deliver()
    before = await exported(stoke, tmp_path)
    assert counts(await after(stoke, 91))[Kept.CONTACTS] == 3
    assert await exported(stoke, tmp_path) == before
    assert [b"stopped" in before, b"breakoff" in before, b"complete" in before] == [True, True, True]


async def exported(stoke: Town, folder: Path) -> bytes:
    written = b""
    for format in (Format.CSV, Format.LONG_CSV, Format.JSONL):
        out = folder / "RAW"
        await export(
            stoke.database, "stoke", format, out, raw=True, labels=None, include_test=True, who="a",
            now=stoke.now + 91 * DAY,
        )  # fmt: skip
        written += out.read_bytes()
    return written


async def clues_to(stoke: Town, address: str) -> list[str]:
    """Gather whatever someone with SECRET_KEY, the number, and the provider's own log could search by."""
    spelled = (address, f"whatsapp:{address}")
    channels = ("sms", "whatsapp", "telegram", "simulator")
    clues = [hmac for channel in channels for each in spelled for hmac in stoke.keys.lookups(channel, each)]
    hmac = stoke.keys.lookup("sms", address)
    contact = {"contact": (await stoke.column("SELECT id FROM contact WHERE address_hmac = :hmac", hmac=hmac))[0]}
    clues += [contact["contact"], address[3:]]
    for sql in (
        "SELECT id FROM conversation WHERE contact_id = :contact",
        "SELECT event_id FROM inbound WHERE contact_id = :contact",
        "SELECT provider_id FROM outbox WHERE contact_id = :contact AND provider_id IS NOT NULL",
    ):
        clues += await stoke.column(sql, **contact)
    return clues


async def test_an_answer_cannot_be_tied_to_a_number_again_even_with_every_key(stoke: Town) -> None:
    for sender in (NEIGHBOUR, RESIDENT):
        await stoke.answer_everything(sender)
    clues = await clues_to(stoke, RESIDENT)
    assert len(clues) >= 8 + 2 + 1 + 6 + 1
    words = frozenset({("inbound", "text"), ("answer", "said")})  # in which the resident wrote the number
    assert len(await found_in(stoke.database, clues, but=words)) >= 10
    await stoke.close_survey()
    assert counts(await after(stoke, 31)) == {Kept.CONTACTS: 2}
    assert await found_in(stoke.database, clues, but=words) == []
    assert await stoke.column("SELECT COUNT(*) FROM answer") == [10]
    assert await stoke.column("SELECT COUNT(*) FROM conversation") == [0]


async def test_of_a_person_on_stop_one_entry_stays_that_no_time_ties_to_a_response(stoke: Town) -> None:
    for sender in (NEIGHBOUR, RESIDENT):
        await stoke.answer_everything(sender)
    await stoke.text("STOP")
    await stoke.close_survey()
    stopped_at = await stoke.column("SELECT at FROM opt_out")
    await after(stoke, 31)
    assert await stoke.column("SELECT address_hmac FROM opt_in") == ["", ""]
    kept = await stoke.rows("SELECT address_hmac, stopped, at FROM opt_out WHERE address_hmac <> ''")
    new_year = NOON - 12 * 60 * 60 * 1000
    assert kept == [(stoke.keys.lookup("sms", RESIDENT), True, new_year)]
    responses = await stoke.rows("SELECT stopped_at, last_inbound_at FROM response")
    assert stopped_at[0] not in {at for row in responses for at in row}


async def test_of_a_sender_with_two_addresses_on_stop_an_entry_stays_for_each(stoke: Town) -> None:
    await stoke.answer_everything()
    (contact,) = await stoke.column("SELECT id FROM contact")
    met = [(contact, "sms", "GB.9", stoke.now)]
    await stoke.database.run(lambda: aliases.record(met, stoke.keys))
    await stoke.text("STOP")
    await stoke.close_survey()
    await after(stoke, 31)
    assert await stoke.column("SELECT COUNT(*) FROM contact_alias") == [0]
    kept = await stoke.column("SELECT address_hmac FROM opt_out WHERE address_hmac <> '' ORDER BY address_hmac")
    assert kept == sorted(stoke.keys.lookup("sms", address) for address in (RESIDENT, "GB.9"))


async def test_stop_holds_after_the_contact_has_gone_and_keys_were_rotated(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.text("STOP")
    await stoke.close_survey()
    await rotate_data_keys(stoke.database, stoke.keys)
    await after(stoke, 31)
    stoke.now += 32 * DAY
    assert await stoke.text("hello") == ""
    assert await stoke.column("SELECT opted_out_at IS NOT NULL FROM contact") == [True]


async def test_a_person_who_came_back_from_stop_leaves_no_trace(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.text("STOP")
    await stoke.text("START")
    await stoke.deliver()
    await stoke.close_survey()
    assert counts(await after(stoke, 31)) == {Kept.CONTACTS: 1}
    assert set(await stoke.column("SELECT address_hmac FROM opt_out")) == {""}


async def test_opt_ins_of_the_erased_no_longer_say_whose_once_their_survey_is_over(stoke: Town) -> None:
    await stoke.answer_everything()
    for body in ("DELETE", "YES"):
        await stoke.text(body)
    assert await stoke.column("SELECT COUNT(*) FROM contact") == [0]
    assert counts(await after(stoke, 31)) == {}
    await stoke.close_survey()
    assert counts(await after(stoke, 31)) == {Kept.OPT_INS: 1}


async def test_the_provider_s_ids_of_erased_messages_go_with_the_receipts(stoke: Town) -> None:
    await stoke.answer_everything()
    for body in ("DELETE", "YES"):
        await stoke.text(body)
    assert Kept.REPEATS not in counts(await after(stoke, 89))
    assert counts(await after(stoke, 91))[Kept.REPEATS] == 8
    assert {event[:10] for event in await stoke.column("SELECT event_id FROM inbound")} == {"forgotten-"}


async def test_words_that_went_are_in_no_page_of_the_sqlite_file(stoke: Town) -> None:
    database = stoke.database
    if not isinstance(database, SqliteDatabase):
        pytest.skip("PostgreSQL keeps old row versions until VACUUM; docs/reference/retention.md says so")
    await stoke.answer_everything()
    await stoke.text("A quarrelsome aardvark ate my ballot")
    await stoke.deliver()
    await stoke.close_survey()
    assert "aardvark" in bytes_of(database.path)
    await database.run(forget_carelessly)
    report = await after(stoke, 91, replace(POLICY, answers_after_close=0))
    assert "log was in use" not in "".join(report.advice)
    assert hits(bytes_of(database.path), ("aardvark", *NAME.split())) == []
