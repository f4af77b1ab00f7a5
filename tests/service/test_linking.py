"""One person, two phones: joined by a code of their own, and then STOP is STOP while the answers stay apart."""

import asyncio
import csv
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.analysis.export import Format, export
from bot.analysis.single import response_row
from bot.core import link_code
from bot.core.commands import Command, CommandKind, find_command
from bot.service.inbox import Inbox
from bot.service.link_codes import new_code
from bot.service.privacy import RetentionPolicy, erase, retention, subject_access
from bot.service.word_files import load_words
from channels.base import Channel, Inbound, Kind
from storage import stops
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing, rotate_data_keys
from storage.script import Database, Run, Script
from tests.channels.webhooks import sms_channel, whatsapp_channel
from tests.conftest import SECRET
from tests.service.privacy_scene import (
    DAY,
    NEIGHBOUR,
    RESIDENT,
    WHOLE_CONVERSATION,
    WORDS_ALLOWED,
    Town,
    found_in,
    hits,
    town,
)

PHONE, SECOND, THIRD = RESIDENT, NEIGHBOUR, "+447700900777"
MINUTE = 60_000
REFUSED = (
    "Sorry, that code cannot be used here. A code from our web page works only there. For a new one, text LINK from "
    "your other phone or app."
)
A_CODE = "2BCDFG34"


@pytest.fixture
async def stoke(database: Database, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, keys) as running:
        yield running


async def code(stoke: Town, sender: str = PHONE) -> str:
    """Ask for a code."""
    found = re.search(r"send LINK (\w+) from there", await stoke.text("LINK", sender))
    assert found is not None
    assert link_code.is_code(found[1])
    return found[1]


async def linked(stoke: Town, first: str = PHONE, second: str = SECOND) -> str:
    """Join two phones; give the code."""
    given = await code(stoke, first)
    assert (await stoke.text(f"link {given.lower()}", second)).startswith("Done. Your other phone or app is joined")
    return given


async def on_stop(stoke: Town) -> set[str]:
    """Name the phones that are on STOP."""
    found = await stoke.rows("SELECT address_encrypted, id, key_id FROM contact WHERE opted_out_at IS NOT NULL")
    ring = await KeyRing.open(stoke.database, SECRET)
    return {ring.decrypt(bytes(blob), id, key_id) for blob, id, key_id in found}


async def flags(stoke: Town, folder: Path) -> list[tuple[bool, str]]:
    """Say of each exported response, in its order, whether it has a group that others share, and whether it counts."""
    rows = await exported(stoke, folder)
    groups = [row["duplicate_group"] for row in rows]
    return [
        (bool(group) and groups.count(group) > 1, row["is_primary"]) for group, row in zip(groups, rows, strict=True)
    ]


async def exported(stoke: Town, folder: Path) -> list[dict[str, str]]:
    """Export the survey, and read its rows."""
    await export(
        stoke.database,
        "stoke",
        Format.CSV,
        folder / "out.csv",
        raw=False,
        labels=None,
        include_test=False,
        who="terminal",
        now=stoke.now,
    )
    return list(csv.DictReader((folder / "out.csv").read_text(encoding="utf-8-sig").splitlines()))


async def persons(stoke: Town) -> int:
    """Count the contacts that are joined to another."""
    return len(await stoke.column("SELECT id FROM contact WHERE person_id IS NOT NULL"))


@pytest.mark.parametrize("last", link_code.LETTERS + link_code.DIGITS)
def test_every_code_that_can_be_given_out_is_read_back(last: str) -> None:
    words = tuple(load_words())
    for given in (f"2BCDFGH{last}", f"{last}3BCDFGH", f"2{last * 6}C", new_code()):
        for written in (f"LINK {given}", f"link {given[:4].lower()} {given[4:].lower()}"):
            assert find_command(written, words) == Command(CommandKind.LINK, given)


async def test_a_phone_and_an_app_are_joined_as_two_phones_are(stoke: Town) -> None:
    channels: dict[str, Channel] = {"sms": sms_channel(), "whatsapp": whatsapp_channel()}
    inbox = Inbox(stoke.database, stoke.keys, channels, stoke.library, new_id=TimeOrderedIds())
    given = await code(stoke)
    for number, text in enumerate([f"LINK {given}", "STOP"]):
        await inbox.handle(
            Inbound("whatsapp", "twilio", "AC1", f"SM{number}", Kind.TEXT, f"whatsapp:{PHONE}", "", text, stoke.now)
        )
    await inbox.close()
    stopped = await stoke.rows("SELECT channel, by FROM opt_out ORDER BY channel")
    assert stopped == [("sms", "linked"), ("whatsapp", "text")]
    assert await stoke.text("STOKE") == ""


async def test_the_command_comes_back_with_the_question_that_stands(stoke: Town) -> None:
    await stoke.text("STOKE")
    assert "Do you feel safe here?" in await stoke.text("LINK")
    given = await code(stoke)
    await stoke.text("STOKE", SECOND)
    answer = await stoke.text(f"LINK {given}", SECOND)
    assert answer.startswith("Done.")
    assert "Do you feel safe here?" in answer
    assert "What is needed?" in await stoke.text("1", SECOND), "the survey goes on where it was"


@pytest.mark.parametrize(("minutes", "joined"), [(8, 2), (9, 0)], ids=["within ten minutes", "at ten minutes"])
async def test_a_code_lasts_for_ten_minutes(stoke: Town, minutes: int, joined: int) -> None:
    given = await code(stoke)
    stoke.now += minutes * MINUTE  # and every text takes one minute
    answer = await stoke.text(f"LINK {given}", SECOND)
    assert (answer == REFUSED, await persons(stoke)) == (joined == 0, joined)


async def test_a_code_can_be_used_once(stoke: Town) -> None:
    given = await linked(stoke)
    assert await stoke.text(f"LINK {given}", THIRD) == REFUSED
    assert await persons(stoke) == 2


async def test_of_two_who_send_one_code_at_the_same_moment_one_is_joined(stoke: Town) -> None:
    given = await code(stoke)
    answers = await asyncio.gather(*(stoke.text(f"LINK {given}", sender) for sender in (SECOND, THIRD)))
    assert sorted(answer == REFUSED for answer in answers) == [False, True]
    assert await persons(stoke) == 2


async def test_a_redelivered_code_gets_the_same_answer(stoke: Town) -> None:
    given = await code(stoke)
    first = await stoke.text(f"LINK {given}", SECOND, sid="SM" + "a" * 32)
    assert await stoke.text(f"LINK {given}", SECOND, sid="SM" + "a" * 32) == first


async def test_a_new_code_takes_the_place_of_the_old(stoke: Town) -> None:
    old = await code(stoke)
    new = await code(stoke)
    assert old != new
    assert await stoke.text(f"LINK {old}", SECOND) == REFUSED
    assert (await stoke.text(f"LINK {new}", SECOND)).startswith("Done.")


async def test_nobody_joins_their_own_phone_to_itself(stoke: Town) -> None:
    assert await stoke.text(f"LINK {await code(stoke)}") == REFUSED
    assert await persons(stoke) == 0


@pytest.mark.parametrize(("wrong", "joined"), [(4, 2), (5, 0)], ids=["four wrong codes", "five wrong codes"])
async def test_after_five_wrong_codes_a_right_one_is_refused_too(stoke: Town, wrong: int, joined: int) -> None:
    for n in range(wrong):
        assert await stoke.text(f"LINK 2BCDFG{n + 2}3", SECOND) == REFUSED
    given = await code(stoke)
    await stoke.text(f"LINK {given}", SECOND)
    assert await persons(stoke) == joined


async def test_wrong_codes_are_forgotten_after_ten_minutes_and_count_for_their_sender_alone(stoke: Town) -> None:
    for n in range(5):
        await stoke.text(f"LINK 2BCDFG{n + 2}3", SECOND)
    await linked(stoke, PHONE, THIRD)
    stoke.now += 10 * MINUTE
    await linked(stoke, PHONE, SECOND)
    assert await persons(stoke) == 3


async def test_deleting_everything_gives_no_new_tries(stoke: Town) -> None:
    for n in range(5):
        await stoke.text(f"LINK 2BCDFG{n + 2}3", SECOND)
    await stoke.text("DELETE", SECOND)
    given = await code(stoke)
    assert await stoke.text(f"LINK {given}", SECOND) == REFUSED


@pytest.mark.parametrize("stopping", [PHONE, SECOND, THIRD])
async def test_stop_on_one_is_stop_on_all_that_are_joined_with_one_confirmation(stoke: Town, stopping: str) -> None:
    await linked(stoke, PHONE, SECOND)
    await linked(stoke, SECOND, THIRD)
    await stoke.text("STOKE", "+447700900888")
    assert "You will get no more texts" in await stoke.text("STOP", stopping)
    assert await on_stop(stoke) == {PHONE, SECOND, THIRD}
    ledger = await stoke.rows("SELECT address_hmac, stopped, by FROM opt_out")
    assert {(hmac, bool(stopped), by) for hmac, stopped, by in ledger} == {
        (stoke.keys.lookup("sms", each), True, "text" if each == stopping else "linked")
        for each in (PHONE, SECOND, THIRD)
    }
    assert await stoke.column("SELECT COUNT(*) FROM outbox WHERE state = 'queued'") == [0]
    for sender in {PHONE, SECOND, THIRD} - {stopping}:
        assert await stoke.text("hello", sender) == ""


async def test_start_opens_only_the_phone_that_says_it(stoke: Town) -> None:
    await stoke.text("STOKE")
    await linked(stoke)
    await stoke.text("STOP", SECOND)
    assert "Do you feel safe here?" in await stoke.text("START")
    assert await on_stop(stoke) == {SECOND}


async def test_a_carrier_s_stop_holds_on_all_that_are_joined(stoke: Town) -> None:
    await linked(stoke)
    await stoke.text("STOP", SECOND, OptOutType="STOP")
    assert await on_stop(stoke) == {PHONE, SECOND}
    await stoke.text("START")
    await stoke.text("START", SECOND)
    hmac = stoke.keys.lookup("sms", PHONE)
    (contact,) = await stoke.column("SELECT id FROM contact WHERE address_hmac = :hmac", hmac=hmac)
    await stoke.database.run(lambda: stops.stop_by_carrier(contact, stoke.now))
    assert await on_stop(stoke) == {PHONE, SECOND}


async def test_what_waits_for_a_joined_phone_is_cancelled_by_stop(stoke: Town) -> None:
    await linked(stoke)
    hmac = stoke.keys.lookup("sms", PHONE)

    def invite() -> Script[None]:
        yield Run(
            """INSERT INTO outbox (id, contact_id, channel, purpose, priority, text, state, not_before, made_at)
               SELECT 'invitation', id, 'sms', 'campaign', 3, 'Hello', 'queued', 0, 0
               FROM contact WHERE address_hmac = :hmac""",
            {"hmac": hmac},
        )

    await stoke.database.run(invite)
    await stoke.text("STOP", SECOND)
    assert await stoke.column("SELECT state FROM outbox WHERE id = 'invitation'") == ["cancelled"]


async def test_a_code_does_not_outlive_stop_and_a_phone_on_stop_joins_nothing(stoke: Town) -> None:
    given = await code(stoke)
    await stoke.text("STOP")
    assert await stoke.text(f"LINK {given}", SECOND) == REFUSED
    given = await code(stoke, THIRD)
    assert await stoke.text(f"LINK {given}") == ""
    assert await persons(stoke) == 0


async def test_one_phone_never_shows_what_the_other_said(stoke: Town) -> None:
    for body in ("STOKE", "1", "1 3", "Fix the lights on Lichfield Street"):
        await stoke.text(body)
    await linked(stoke)
    said = [await stoke.text(body, SECOND) for body in ("STOKE", "MYDATA", "BACK", "HELP")]
    assert "Do you feel safe here?" in said[0], "the survey begins anew there"
    assert "answers 0" in said[1]
    assert not any("Lichfield" in reply for reply in said)


async def test_the_export_groups_joined_responses_and_counts_the_complete_one(stoke: Town, tmp_path: Path) -> None:
    for body in ("STOKE", "1", "1"):
        await stoke.text(body)
    await linked(stoke)
    for body in WHOLE_CONVERSATION:
        await stoke.text(body, SECOND)
    await stoke.text("2")  # later, but not complete
    await stoke.text("STOKE", THIRD)
    assert await flags(stoke, tmp_path) == [(True, "0"), (True, "1"), (False, "1")]


async def test_of_two_complete_responses_the_one_answered_last_counts(stoke: Town, tmp_path: Path) -> None:
    for sender in (PHONE, SECOND):
        for body in WHOLE_CONVERSATION:
            await stoke.text(body, sender)
    assert await flags(stoke, tmp_path) == [(False, "1"), (False, "1")]
    await linked(stoke)
    assert await flags(stoke, tmp_path) == [(True, "0"), (True, "1")]
    await stoke.text("CHANGE 1")
    await stoke.text("2")
    assert await flags(stoke, tmp_path) == [(True, "1"), (True, "0")]


async def test_someone_else_on_a_joined_phone_is_somebody_else(stoke: Town, tmp_path: Path) -> None:
    await stoke.text("STOKE")
    await linked(stoke)
    await stoke.text("STOKE", SECOND)
    await stoke.text("NEW", SECOND)
    assert await flags(stoke, tmp_path) == [(True, "0"), (True, "1"), (False, "1")]


async def test_deleting_on_one_phone_leaves_the_other_s_answers_and_no_link(stoke: Town, tmp_path: Path) -> None:
    await stoke.text("STOKE")
    await stoke.text("STOKE", SECOND)
    await linked(stoke)
    await erase(stoke.database, stoke.keys, PHONE, who="dpo", now=stoke.now)
    assert await flags(stoke, tmp_path) == [(False, "1")]
    await stoke.text("STOKE")
    await stoke.text("STOP")
    assert await on_stop(stoke) == {PHONE}


async def test_subject_access_says_that_a_link_exists_and_never_with_whom(stoke: Town) -> None:
    for number, (sender, other) in enumerate([(PHONE, SECOND), (SECOND, PHONE)]):
        if number == 0:
            await linked(stoke)
        document = await subject_access(stoke.database, stoke.keys, sender, who="dpo", now=stoke.now)
        assert [c["joined_to_another_address_by_link"] for c in json.loads(document)["contacts"]] == [True]
        assert hits(document, [other[3:]]) == []
    await stoke.text("STOKE", THIRD)
    document = await subject_access(stoke.database, stoke.keys, THIRD, who="dpo", now=stoke.now)
    assert json.loads(document)["contacts"][0]["joined_to_another_address_by_link"] is False


async def test_a_code_holds_across_new_data_keys(stoke: Town) -> None:
    given = await code(stoke)
    await rotate_data_keys(stoke.database, await KeyRing.open(stoke.database, SECRET))
    assert (await stoke.text(f"LINK {given}", SECOND)).startswith("Done.")


async def test_neither_a_log_nor_an_export_nor_a_column_holds_a_code_or_an_address(stoke: Town, tmp_path: Path) -> None:
    with capture_logs() as logged:
        await stoke.text("STOKE")
        await stoke.text("STOKE", SECOND)
        used = await linked(stoke)
        await stoke.text(f"LINK {A_CODE}", SECOND)
        waiting = await code(stoke)
        await exported(stoke, tmp_path)
    needles = [used, waiting, A_CODE, PHONE[3:], SECOND[3:]]
    assert hits(repr(logged), needles) == []
    assert hits((tmp_path / "out.csv").read_text(), needles) == []
    assert await found_in(stoke.database, needles, but=WORDS_ALLOWED) == []


async def test_codes_and_tries_go_with_what_is_old_and_the_export_still_knows_one_person(
    stoke: Town, tmp_path: Path
) -> None:
    for sender in (PHONE, SECOND):
        for body in WHOLE_CONVERSATION:
            await stoke.text(body, sender)
    await linked(stoke)
    await stoke.text(f"LINK {A_CODE}", SECOND)
    await code(stoke)
    await stoke.close_survey()
    await retention(stoke.database, stoke.keys, RetentionPolicy(), stoke.now + 31 * DAY, apply=True)
    for table in ("contact", "link_code", "link_try"):
        assert await stoke.column(f"SELECT COUNT(*) FROM {table}") == [0]
    assert await flags(stoke, tmp_path) == [(True, "0"), (True, "1")]


async def test_the_row_that_the_simulator_shows_is_the_exported_one_of_joined_phones_too(
    stoke: Town, tmp_path: Path
) -> None:
    for sender in (PHONE, SECOND):
        await stoke.answer_everything(sender)
    await linked(stoke)
    rows = await exported(stoke, tmp_path)
    shown = [await response_row(stoke.database, "stoke", row["response_id"], now=stoke.now) for row in rows]
    assert shown == rows
    assert [(row["duplicate_group"], row["is_primary"]) for row in rows] == [
        (rows[0]["response_id"], "0"),
        (rows[0]["response_id"], "1"),
    ]
