"""Letting old things go, class by class, over conversations that came through the whole server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.export import Format, export
from bot.analysis.reconciliation import reconcile
from bot.service.privacy import RetentionPolicy, RetentionReport, retention
from storage import aliases
from storage.keys import KeyRing, rotate_data_keys
from storage.outbox import NewMessage, Priority, enqueue
from storage.retention import Kept
from storage.script import Database, Many, Run, Script
from storage.sqlite import SqliteDatabase
from storage.staff import ATTEMPT
from tests.channels.webhooks import NOON
from tests.conftest import SECRET
from tests.service.privacy_scene import (
    DAY,
    NAME,
    NEIGHBOUR,
    RESIDENT,
    SURVEY,
    WORDS,
    Town,
    filled_tables,
    found_in,
    hits,
    rows,
    town,
)
from tests.service.test_privacy import bytes_of, forget_carelessly

POLICY = RetentionPolicy()


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


async def after(town: Town, days: int, policy: RetentionPolicy = POLICY, *, apply: bool = True) -> RetentionReport:
    """Let old things go so many days from now."""
    return await retention(town.database, town.keys, policy, town.now + days * DAY, apply=apply)


def counts(report: RetentionReport) -> dict[Kept, int]:
    """Say what went, without the classes of which nothing did."""
    return {line.kept: line.count for line in report.lines if line.count}


async def test_nothing_goes_before_its_time(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    before = await filled_tables(stoke.database)
    assert counts(await after(stoke, 29)) == {}
    assert await filled_tables(stoke.database) == before


async def test_a_dry_run_counts_what_would_go_and_changes_nothing(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    before = await filled_tables(stoke.database)
    dry = await after(stoke, 91, apply=False)
    assert not dry.applied
    assert await filled_tables(stoke.database) == before
    assert counts(dry) == {
        Kept.CONTACTS: 1, Kept.WORDS_IN: 6, Kept.WORDS_OUT: 6, Kept.RECEIPTS: 6, Kept.DELIVERY: 6
    }  # fmt: skip


async def test_applying_twice_is_applying_once(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    assert (await after(stoke, 91)).total > 0
    before = await filled_tables(stoke.database)
    assert counts(await after(stoke, 91)) == {}
    assert await filled_tables(stoke.database) == before


async def test_what_went_is_audited_with_counts_alone(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    await after(stoke, 31)
    assert await stoke.rows("SELECT who, action, detail FROM audit") == [("retention", "retention", "contacts 1")]


@pytest.mark.parametrize("closes", ["2026-01-05", "2026-01-05T23:59"], ids=["a day", "a moment"])
async def test_a_survey_is_closed_by_its_own_date_too(database: Database, keys: KeyRing, closes: str) -> None:
    async with town(database, keys, replace(SURVEY, closes=closes)) as stoke:
        await stoke.answer_everything()
        assert counts(await after(stoke, 33)) == {}  # 3 February
        assert counts(await after(stoke, 35)) == {Kept.CONTACTS: 1}


async def test_contacts_of_a_survey_that_never_closes_go_after_long_silence(stoke: Town) -> None:
    await stoke.answer_everything()
    assert Kept.CONTACTS not in counts(await after(stoke, 400))
    assert counts(await after(stoke, 401))[Kept.CONTACTS] == 1


async def test_a_contact_who_wrote_in_the_last_week_stays_for_now(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    stoke.now += 28 * DAY
    await stoke.text("one more thing")
    await stoke.deliver()
    assert counts(await after(stoke, 6)) == {}
    assert counts(await after(stoke, 8)) == {Kept.CONTACTS: 1}


async def test_a_contact_with_a_message_on_its_way_stays_until_it_can_no_longer_go_out(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    (contact,) = await stoke.column("SELECT id FROM contact")
    waits = NewMessage("m", contact, "sms", "", "campaign", Priority.CAMPAIGN, "Hello", stoke.now, stoke.now + 40 * DAY)
    await stoke.database.run(lambda: enqueue([waits]))
    assert counts(await after(stoke, 46)) == {}
    assert counts(await after(stoke, 48)) == {Kept.CONTACTS: 1}
    assert await stoke.rows("SELECT state, contact_id FROM outbox WHERE id = 'm'") == [("cancelled", None)]


async def opt_in(stoke: Town, survey: str, *, given: bool = True) -> None:
    def script() -> Script[None]:
        yield Run(
            """INSERT INTO opt_in (address_hmac, channel, survey, purpose, given, at)
               SELECT address_hmac, channel, :survey, 'campaign', :given, :at FROM contact""",
            {"survey": survey, "given": given, "at": stoke.now},
        )

    await stoke.database.run(script)


async def test_a_contact_who_agreed_to_be_asked_in_another_survey_stays_until_they_take_it_back(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    await opt_in(stoke, "burslem")
    assert Kept.CONTACTS not in counts(await after(stoke, 31))
    await opt_in(stoke, "burslem", given=False)
    assert counts(await after(stoke, 31)) == {Kept.CONTACTS: 1}


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


async def test_words_that_belong_to_no_survey_go_by_their_own_age(stoke: Town) -> None:
    await stoke.text("who are you?")
    await stoke.deliver()
    assert await stoke.column("SELECT survey FROM inbound") == [""]
    assert counts(await after(stoke, 89)) == {}
    gone = counts(await after(stoke, 91))
    assert (gone[Kept.WORDS_IN], gone[Kept.WORDS_OUT]) == (1, 1)


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


async def test_keys_that_another_process_rotated_are_read_again(stoke: Town) -> None:
    old = await KeyRing.open(stoke.database, SECRET)
    await stoke.answer_everything()
    await stoke.close_survey()
    await rotate_data_keys(stoke.database, stoke.keys)
    report = await retention(stoke.database, old, POLICY, stoke.now + 31 * DAY, apply=True)
    assert counts(report) == {Kept.CONTACTS: 1}


class Overtaken(KeyRing):
    """A key ring that another process overtakes right after it was first read again."""

    others: KeyRing | None = None

    async def reload(self, database: Database) -> None:
        await super().reload(database)
        if self.others is not None:
            others, self.others = self.others, None
            await rotate_data_keys(database, others)


async def test_keys_that_another_process_rotates_midway_are_read_again(stoke: Town) -> None:
    overtaken = await Overtaken.open(stoke.database, SECRET)
    assert isinstance(overtaken, Overtaken)
    overtaken.others = stoke.keys
    await stoke.answer_everything()
    await stoke.close_survey()
    report = await retention(stoke.database, overtaken, POLICY, stoke.now + 31 * DAY, apply=True)
    assert counts(report) == {Kept.CONTACTS: 1}


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


def some_staff(at: int) -> Script[None]:
    yield Run("INSERT INTO staff (id, name, role, made_at) VALUES ('s', 'amina', 'analyst', 0)")
    yield Many(
        """INSERT INTO staff_session (secret_hash, staff_id, purpose, made_at, expires_at, ended_at)
           VALUES (:hash, 's', 'session', 0, :expires, :ended)""",
        [
            {"hash": "ended long ago", "expires": at, "ended": at - 31 * DAY},
            {"hash": "ran out long ago", "expires": at - 31 * DAY, "ended": None},
            {"hash": "ended lately", "expires": at, "ended": at - 29 * DAY},
            {"hash": "still holds", "expires": at + DAY, "ended": None},
        ],
    )
    yield Many(
        "INSERT INTO audit (at, who, action) VALUES (:at, 'amina', :action)",
        [
            {"at": at - 7 * 365 * DAY, "action": "export"},
            {"at": at - 5 * 365 * DAY, "action": "export"},
            {"at": at - 31 * DAY, "action": ATTEMPT},
            {"at": at - 29 * DAY, "action": ATTEMPT},
        ],
    )


async def test_old_sessions_tries_at_signing_in_and_audit_lines_go(stoke: Town) -> None:
    await stoke.database.run(lambda: some_staff(stoke.now))
    assert counts(await after(stoke, 0)) == {Kept.SESSIONS: 2, Kept.ATTEMPTS: 1, Kept.AUDIT: 1}
    assert await stoke.column("SELECT secret_hash FROM staff_session ORDER BY 1") == ["ended lately", "still holds"]
    assert await stoke.column("SELECT action FROM audit ORDER BY 1") == ["export", "retention", ATTEMPT]


async def test_answers_stay_until_the_council_decides(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    await after(stoke, 10_000)
    assert await stoke.column("SELECT COUNT(*) FROM answer") == [5]


async def test_answers_to_closed_surveys_go_after_the_days_that_are_given(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    policy = replace(POLICY, answers_after_close=5)
    assert counts(await after(stoke, 4, policy)) == {}
    assert counts(await after(stoke, 5, policy)) == {Kept.ANSWERS: 1}
    for table in ("answer", "response", "respondent"):
        assert await stoke.column(f"SELECT COUNT(*) FROM {table}") == [0], table
    assert (await reconcile(stoke.database, "stoke", include_test=True, now=stoke.now)).is_balanced


async def test_answers_to_an_open_survey_stay_however_old(stoke: Town) -> None:
    await stoke.answer_everything()
    assert counts(await after(stoke, 5, replace(POLICY, answers_after_close=0))) == {}


async def test_many_go_in_slices_and_none_is_left_over(stoke: Town) -> None:
    senders = [f"+4477009004{number:02}" for number in range(45)]
    for sender in senders:
        await stoke.text("STOKE", sender)
    await stoke.deliver()
    await stoke.close_survey()
    gone = counts(await after(stoke, 91))
    assert (gone[Kept.CONTACTS], gone[Kept.WORDS_IN]) == (45, 45)
    assert await stoke.column("SELECT COUNT(*) FROM contact") == [0]


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


@pytest.mark.parametrize("name", ["contacts_after_close", "silent", "audit", "answers_after_close"])
def test_a_negative_number_of_days_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1 days"):
        RetentionPolicy(**{name: -1})


async def test_the_report_reads_as_a_list_of_classes_with_dates(stoke: Town) -> None:
    await stoke.answer_everything()
    await stoke.close_survey()
    report = str(await after(stoke, 31, apply=False)).splitlines()
    assert report[0] == "Would let go (a dry run: nothing has changed):"
    assert len(report) == 1 + len(Kept)
    assert "        1  contacts with their conversations, of surveys closed, before 02 January 2026" in report
    assert "        0  responses with their answers, of surveys closed: kept until the council decides" in report
    assert await rows(stoke.database, "SELECT 1 FROM audit") == []
