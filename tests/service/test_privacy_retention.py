"""Letting old things go, class by class, over conversations that came through the whole server."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.analysis.reconciliation import reconcile
from bot.service.privacy import RetentionPolicy, retention
from storage.keys import KeyRing, rotate_data_keys
from storage.outbox import NewMessage, Priority, enqueue
from storage.retention import Kept
from storage.script import Database, Many, Run, Script
from storage.staff import ATTEMPT
from tests.conftest import SECRET
from tests.service.privacy_scene import DAY, POLICY, SURVEY, Town, after, counts, filled_tables, rows, town


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


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


async def test_words_that_belong_to_no_survey_go_by_their_own_age(stoke: Town) -> None:
    await stoke.text("who are you?")
    await stoke.deliver()
    assert await stoke.column("SELECT survey FROM inbound") == [""]
    assert counts(await after(stoke, 89)) == {}
    gone = counts(await after(stoke, 91))
    assert (gone[Kept.WORDS_IN], gone[Kept.WORDS_OUT]) == (1, 1)


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
