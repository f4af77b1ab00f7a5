"""From settings to running parts: the one place where everything is put together."""

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from threading import Thread

import structlog

from bot.core.danger import Watch
from bot.core.hours import SendingHours
from bot.core.listening import Listener
from bot.core.phrases import Phrases
from bot.service.catalogues import load_catalogues
from bot.service.clock import Clock, Job
from bot.service.danger_files import load_danger
from bot.service.discarding import Discarding
from bot.service.hearing import Hearing
from bot.service.inbox import Inbox
from bot.service.keyboards import Keyboards
from bot.service.library import Library, Wording
from bot.service.looking import Looking
from bot.service.outbox import Outbox
from bot.service.receipts import Receipts
from bot.service.reconcile import fetch_missed
from bot.service.voice import VoiceBox
from bot.service.word_files import load_words
from bot.settings import Settings
from channels.base import Channel
from channels.looks import LOOKS, SMS, Look
from channels.simulator import SimulatorChannel
from storage.database import open_database
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.reviews import Reviews
from storage.script import Database
from storage.scrubbing import scrub
from storage.staff import TERMINAL

log = structlog.get_logger()

LIBRARY_SECONDS = 2.0
OUTBOX_SECONDS = 1.0
# Under load every turn wakes the sender, which may send some 30 messages a second at most: it need not look more often.
OUTBOX_REST_SECONDS = 0.05
KEYBOARDS_SECONDS = 60.0
SWEEP_SECONDS = 5.0
RECONCILE_SECONDS = 180.0
RERUN_SECONDS = 30.0
SCRUB_SECONDS = 60.0
VOICE_SECONDS = 15.0
DISCARD_SECONDS = 600.0


class Refusal(Exception):
    """A command cannot be carried out. The message says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that runs while the server does."""

    database: Database
    keys: KeyRing
    channels: Mapping[str, Channel]
    library: Library
    inbox: Inbox
    outbox: Outbox
    looking: Looking
    receipts: Receipts
    voice: VoiceBox
    keyboards: Keyboards
    discarding: Discarding


def now() -> int:
    """Return the time, in epoch milliseconds UTC."""
    return time.time_ns() // 1_000_000


def by_terminal() -> str:
    """Name whoever runs a command, as the audit log does: the machine's own name of them, or their number."""
    try:
        return f"{TERMINAL} {getpass.getuser()}"
    except (KeyError, OSError):  # a container may run under a number that no name belongs to
        return f"{TERMINAL} {os.getuid()}"


def wording(
    *,
    drafts_allowed: frozenset[str] = frozenset(),
    every: bool = False,
    numbers: Sequence[str] = (),
    listener: Listener | None = None,
) -> Wording:
    """Load what the bot speaks and reads with. `numbers` are where help is to be had, for whoever speaks of danger."""
    tables = load_words()
    by_language = {table.language: (table, *(t for t in tables if t is not table)) for table in tables}
    watch = Watch(load_danger(), numbers)
    said = Wording(Phrases(), {"": tuple(tables), **by_language}, drafts_allowed, every, load_catalogues())
    return replace(said, listener=listener, watch=watch).reviewed(Reviews())


def hearing() -> Hearing:
    """Make the listener of a server, and load its lists and models aside, so that no resident waits for them."""
    made = Hearing()
    Thread(target=made.warm_up, name="languages", daemon=True).start()
    return made


def stop_phrases() -> frozenset[str]:
    """Return every word by which residents stop us: no choice of a survey may be one."""
    return frozenset(phrase for table in load_words() for phrase in table.stop)


def simulator_channel(look: Look = SMS) -> SimulatorChannel:
    """Make the channel of the browser simulator and the terminal chat, as one app shows it."""
    return SimulatorChannel("simulator" if look is SMS else f"simulator-{look.name}", look)


def simulator_channels() -> dict[str, SimulatorChannel]:
    """Make the simulator's channel for every app, by its name. The first stands in for SMS."""
    return {channel.name: channel for channel in map(simulator_channel, LOOKS)}


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    """Open the database, migrated, and close it at the end."""
    database = await open_database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


async def keys_of(settings: Settings, database: Database) -> KeyRing:
    """Open the keys for addresses. Raises Refusal without SECRET_KEY, WrongSecret with another one."""
    secret = settings.secret_key.get_secret_value()
    if not secret:
        raise Refusal("SECRET_KEY: set it to a secret of at least 16 characters, and keep it: addresses need it.")
    return await KeyRing.open(database, secret, settings.secret_key_previous.get_secret_value() or None)


@asynccontextmanager
async def service_of(
    database: Database, keys: KeyRing, channels: Mapping[str, Channel], said: Wording, *, voice_days: int = 30
) -> AsyncIterator[Service]:
    """Put the service together over an open database, and finish what it accepted at the end.

    `voice_days` is how long a voice note is kept once it is fetched.
    """
    library = Library(database, said)
    await library.load()
    new_id = TimeOrderedIds()
    inbox = Inbox(database, keys, channels, library, new_id=new_id)
    is_test = any(channel.capabilities.is_test for channel in channels.values())
    keyboards = Keyboards(database, channels)
    outbox = Outbox(
        database,
        keys,
        channels,
        owner=f"{os.getpid()}-{new_id()[-8:]}",
        now=now,
        hours=SendingHours(),
        test=is_test,
        on_sent=keyboards.note,
    )
    looking = Looking(database, keys, channels, now=now, test=is_test)
    voice = VoiceBox(database, keys, channels, now=now, keep_days=voice_days)
    try:
        yield Service(
            database,
            keys,
            channels,
            library,
            inbox,
            outbox,
            looking,
            Receipts(database),
            voice,
            keyboards,
            Discarding(database, channels, now=now),
        )
    finally:
        await inbox.close()
        for channel in channels.values():
            await channel.close()


def clock_of(
    service: Service, senders: Mapping[str, str], ran: Callable[[str], None], more: Sequence[Job] = ()
) -> Clock:
    """Make the clock: what runs again and again beside the webhooks. `senders` is our address by channel name.

    `ran` hears the name of each job that has run to its end. `more` are jobs that one channel needs.
    """

    async def load() -> None:
        if await service.library.load():
            log.info("surveys loaded", surveys=len(service.library.definitions))

    async def sweep() -> None:
        await service.outbox.sweep()
        await service.looking.look()

    async def rerun() -> None:
        await service.inbox.rerun_unhandled(now())

    async def scrub_log() -> None:
        # What a resident has had removed must not stand in SQLite's log either.
        await scrub(service.database)

    def job(
        name: str,
        every_seconds: float,
        run: Callable[[], Awaitable[object]],
        wake: asyncio.Event | None = None,
        rest: float = 0.0,
    ) -> Job:
        async def run_and_tell() -> None:
            await run()
            ran(name)

        return Job(name, every_seconds, run_and_tell, wake, rest_seconds=rest)

    return Clock(
        [
            job("surveys", LIBRARY_SECONDS, load),
            job("outbox", OUTBOX_SECONDS, service.outbox.send_due, service.inbox.has_queued, OUTBOX_REST_SECONDS),
            job("keyboards", KEYBOARDS_SECONDS, service.keyboards.take_away, wake=service.keyboards.are_due),
            job("sweep", SWEEP_SECONDS, sweep),
            job("unhandled", RERUN_SECONDS, rerun),
            job("reconcile", RECONCILE_SECONDS, lambda: _fetch(service, senders)),
            job("voice", VOICE_SECONDS, service.voice.fetch_waiting),
            job("discard", DISCARD_SECONDS, service.discarding.discard_stored),
            job("scrub", SCRUB_SECONDS, scrub_log),
            *more,
        ]
    )


async def _fetch(service: Service, senders: Mapping[str, str]) -> None:
    """Take in what came while no webhook could reach us, from every provider that has a list."""
    for name, our_address in senders.items():
        channel = service.channels[name]
        if channel.capabilities.can_be_listed:
            await fetch_missed(service.database, channel, our_address, service.inbox.handle, now=now)
