"""A process that died while it sent: what it held is looked for soon, never sent blindly, and nobody waits for long."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.service.outbox import LEASE_MS
from channels.base import Outbound
from storage import claiming, settling
from storage.claiming import Claim, Claimed, Pace
from storage.keys import KeyRing
from storage.script import Database
from storage.sole import SoleSender, lock_of
from storage.sqlite import SqliteDatabase
from tests.fakes.twilio import FakeTwilio
from tests.service.sending import MINUTE, OURS, RESIDENT, SECOND, Office, sms_office

World = tuple[Office, FakeTwilio]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])


@pytest.fixture
async def world(database: Database, keys: KeyRing) -> AsyncIterator[World]:
    async with sms_office(database, keys) as both:
        yield both


async def claimed_by_the_dead(office: Office, owner: str = "killed") -> Claimed:
    """Claim the one message that is due, as a process that died before it could settle it."""
    claim = Claim(owner, office.time.now(), office.time.now() + LEASE_MS, 10, ("sms",))
    (claimed,) = await office.database.run(lambda: claiming.claim(claim, {OURS: Pace(10, 10)}))
    return claimed


@pytest.mark.parametrize("was_sent", [pytest.param(False, id="before the call"), pytest.param(True, id="after it")])
async def test_a_claimant_killed_around_the_call_neither_loses_nor_doubles(world: World, was_sent: bool) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    claimed = await claimed_by_the_dead(office)
    if was_sent:
        await office.channels["sms"].send(Outbound(claimed.id, RESIDENT, OURS, claimed.text))
    successor = Office(office.database, office.keys, office.time, office.channels, owner="second")
    if office.database.is_postgres:  # nobody knows of a process on another machine that it is dead
        await successor.outbox.sweep()
        assert await successor.state(sent) == "sending"
        office.time.go_on(LEASE_MS)
    await successor.outbox.sweep()
    assert await successor.state(sent) == "unknown"
    for _ in range(2):
        await successor.looking.look()
        office.time.go_on(MINUTE)
    await successor.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Do you feel safe?"]
    assert await successor.state(sent) == "accepted"


async def test_a_crash_leaves_nobody_without_the_reply_for_much_longer_than_a_minute(world: World) -> None:
    office, twilio = world
    await office.queue(await office.contact(), "Do you feel safe?")
    await claimed_by_the_dead(office)
    for _ in range(66):
        office.time.go_on(SECOND)
        await office.outbox.sweep()
        await office.looking.look()
        await office.outbox.send_due()
    assert twilio.phone(RESIDENT) == ["Do you feel safe?"]


@pytest.mark.parametrize("seconds", [59, 60], ids=["just before a minute", "after a minute"])
async def test_the_list_is_asked_again_before_a_lost_message_is_sent_once_more(world: World, seconds: int) -> None:
    office, twilio = world
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    await claimed_by_the_dead(office)
    office.time.go_on(LEASE_MS)
    await office.outbox.sweep()
    assert [await office.looking.look(), await office.state(sent)] == [1, "unknown"]
    office.time.go_on(seconds * SECOND - LEASE_MS)
    assert await office.looking.look() == (seconds == 60)
    assert await office.state(sent) == ("queued" if seconds == 60 else "unknown")
    assert {method for method, _, _ in twilio.requests} == {"GET"}


@ON_SQLITE
async def test_over_one_sqlite_file_one_process_sends_and_the_next_takes_over(world: World, database_url: str) -> None:
    office, twilio = world
    second = Office(office.database, office.keys, office.time, office.channels, owner="second")
    await office.outbox.send_due()
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    assert [await second.outbox.send_due(), await second.state(sent)] == [0, "queued"]
    claimed = await claimed_by_the_dead(office)
    assert (await second.outbox.sweep()).lapsed == 0, "who holds the lock may be sending this moment"
    assert await second.state(claimed.id) == "sending"
    del office.outbox
    await second.outbox.send_due()
    assert await second.state(claimed.id) == "unknown"
    await office.queue(await office.contact("+447700900555"), "Hello")
    assert await second.outbox.send_due() == 1
    assert twilio.phone("+447700900555") == ["Hello"]


@ON_SQLITE
async def test_what_is_being_sent_is_not_taken_for_a_dead_process_s(world: World, database_url: str) -> None:
    office, _ = world
    await office.outbox.send_due()
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    await claimed_by_the_dead(office)
    await office.outbox.sweep()
    assert await office.state(sent) == "sending", "it is taken over once, at the start"


async def test_taking_over_leaves_what_this_process_is_sending_itself(world: World) -> None:
    """Two regular tasks may take over at once, and one of them begin to send before the other is done."""
    office, _ = world
    left = await office.queue(await office.contact(), "Do you feel safe?")
    await claimed_by_the_dead(office)
    ours = await office.queue(await office.contact("+447700900555"), "Hello")
    await claimed_by_the_dead(office, office.owner)
    assert await office.database.run(lambda: settling.lapse_all_but(office.owner, office.time.now())) == 1
    assert [await office.state(left), await office.state(ours)] == ["unknown", "sending"]


_HOLDS_THE_LOCK = """
import fcntl, os, sys, time
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@ON_SQLITE
def test_the_right_to_send_ends_with_a_killed_process(database: Database, database_url: str) -> None:
    assert isinstance(database, SqliteDatabase)
    holder = subprocess.Popen([sys.executable, "-c", _HOLDS_THE_LOCK, lock_of(database.path)], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        sole = SoleSender(database)
        assert [sole.take(), sole.is_sole] == [False, False]
        os.kill(holder.pid, signal.SIGKILL)
    assert [sole.take(), sole.is_sole] == [True, True]


@ON_SQLITE
async def test_where_no_lock_can_be_had_the_leases_alone_keep_senders_apart(world: World, database_url: str) -> None:
    office, twilio = world
    assert isinstance(office.database, SqliteDatabase)
    lock_of(office.database.path).mkdir()  # what stands there cannot be opened to write
    sent = await office.queue(await office.contact(), "Do you feel safe?")
    await claimed_by_the_dead(office)
    await office.outbox.sweep()
    assert await office.state(sent) == "sending"
    await office.queue(await office.contact("+447700900555"), "Hello")
    assert await office.outbox.send_due() == 1
    assert twilio.phone("+447700900555") == ["Hello"]


def test_the_lock_stands_beside_the_database() -> None:
    assert lock_of(Path("/srv/earshot.db")) == Path("/srv/earshot.db-sending")
