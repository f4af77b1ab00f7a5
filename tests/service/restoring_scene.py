"""What the tests of backup and restore share: a council's whole service over one database, and a phone company."""

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.cli.compose import wording
from bot.core.hours import SendingHours
from bot.service.inbox import Inbox
from bot.service.library import Library
from bot.service.looking import Looking
from bot.service.outbox import Outbox
from bot.service.receipts import Receipts
from bot.service.resuming import resume
from bot.service.suppression import Keeper
from bot.web.app import Application, build
from bot.web.metrics import Metrics
from bot.web.webhooks import Webhooks
from channels.sms import SmsChannel
from storage import surveys
from storage.database import open_database
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.outbox import REPLY, NewMessage, Priority, enqueue
from storage.script import Database, Fetch, Row, Script
from tests.conftest import SECRET
from tests.fakes.twilio import NUMBER, FakeTwilio
from tests.service.privacy_scene import SURVEY
from tests.service.sending import MINUTE, Time, sms

AMINA, BEN, CASS = "+447700900301", "+447700900302", "+447700900303"


@dataclass
class Service:
    """Everything that runs over one database, as `serve` puts it together."""

    database: Database
    keys: KeyRing
    time: Time
    channel: SmsChannel
    inbox: Inbox
    outbox: Outbox
    looking: Looking
    keeper: Keeper
    app: Application = field(init=False)

    async def resume(self) -> bool:
        """Do what `serve` does before it listens."""
        await self.keeper.catch_up()

        async def no_wait(seconds: float) -> None:
            self.time.go_on(int(seconds * 1000))

        return await resume(
            self.database,
            self.keys,
            {"sms": self.channel},
            {"sms": NUMBER},
            self.inbox.handle,
            now=self.time.now,
            new_id=TimeOrderedIds(),
            sleep=no_wait,
        )

    async def run_for(self, minutes: int) -> None:
        """Let the clock's jobs run, each minute once."""
        for _ in range(minutes):
            self.time.go_on(MINUTE)
            await self.outbox.sweep()
            await self.looking.look()
            await self.outbox.send_due()
            await self.keeper.keep()

    async def rows(self, sql: str, **params: object) -> list[Row]:
        def script() -> Script[list[Row]]:
            return list((yield Fetch(sql, params)).rows)

        return await self.database.read(script)

    async def answers(self) -> list[Row]:
        """Give every answer in an order of its own, without ids and times."""
        return sorted(await self.rows("SELECT question, item, revision, state, value_code, said FROM answer"), key=str)

    async def is_stopped(self, number: str) -> bool:
        found = await self.rows(
            "SELECT opted_out_at FROM contact WHERE address_hmac = :hmac", hmac=self.keys.lookup("sms", number)
        )
        return bool(found) and found[0][0] is not None


@asynccontextmanager
async def phone_company(time: Time, services: list[Service]) -> AsyncIterator[FakeTwilio]:
    """Run a Twilio whose webhooks reach the newest of these services; without one, none."""

    async def app(scope: MutableMapping[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await services[-1].app(scope, receive, send)

    async with FakeTwilio(now=time.as_datetime, app=app) as twilio:
        yield twilio


@asynccontextmanager
async def service(url: str, twilio: FakeTwilio, time: Time, ledger: Path) -> AsyncIterator[Service]:
    """Run a service over a database, the survey published."""
    database = await open_database(url)
    try:
        keys = await KeyRing.open(database, SECRET)
        if not await database.read(surveys.every_version):
            await database.run(
                lambda: surveys.publish(SURVEY.id, SURVEY.version, SURVEY.hash, SURVEY.to_json(), time.now())
            )
        library = Library(database, wording())
        await library.load()
        channel = sms(twilio, time)
        channels = {"sms": channel}
        inbox = Inbox(database, keys, channels, library, new_id=TimeOrderedIds())
        running = Service(
            database,
            keys,
            time,
            channel,
            inbox,
            Outbox(database, keys, channels, owner="test", now=time.now, hours=SendingHours(), chance=lambda: 0.0),
            Looking(database, keys, channels, now=time.now),
            Keeper(database, ledger, now=time.now),
        )
        metrics = Metrics()
        webhooks = Webhooks(channels, inbox, Receipts(database).keep, metrics, time.now)
        running.app = build(webhooks, (), metrics, _is_ready)
        try:
            yield running
        finally:
            await inbox.close()
            await channel.close()
    finally:
        await database.close()


async def _is_ready() -> bool:
    return True


async def text(twilio: FakeTwilio, time: Time, sender: str, *bodies: str) -> list[str]:
    """Let a resident text, a minute apart; give what the phone was sent for each."""
    replies = []
    for body in bodies:
        time.go_on(MINUTE)
        turn = await twilio.text(sender, body)
        assert turn.status == 200
        replies += turn.replies
    return replies


async def queue(there: Service, contact: str, text: str, not_before: int) -> None:
    """Put a reply in the queue, due at a time."""
    message = NewMessage(
        id=f"id {text}",
        contact_id=contact,
        channel="sms",
        our_address=NUMBER,
        purpose=REPLY,
        priority=Priority.REPLY,
        text=text,
        made_at=there.time.now(),
        not_before=not_before,
    )
    assert await there.database.run(lambda: enqueue([message])) == 1
