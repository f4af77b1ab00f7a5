"""What the outbox tests share: a real database, the real SMS channel, the strict fake Twilio, and a clock to turn."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bot.core.hours import SendingHours
from bot.service.looking import Looking
from bot.service.outbox import Outbox
from bot.service.receipts import Receipts
from channels.base import Channel, Request
from channels.sms import SmsChannel
from storage.keys import KeyRing
from storage.outbox import REPLY, NewMessage, Priority, enqueue
from storage.script import Database, Fetch, Params, Rows, Run, Script
from tests.fakes.twilio import NUMBER, SERVICE_SID, FakeTwilio

RESIDENT = "+447700900123"
NEIGHBOUR = "+447700900124"
OURS = NUMBER
WEDNESDAY_NOON = int(datetime(2026, 1, 14, 12, tzinfo=UTC).timestamp() * 1000)
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


@dataclass
class Time:
    """A clock that stands still until it is told."""

    ms: int = WEDNESDAY_NOON

    def now(self) -> int:
        return self.ms

    def as_datetime(self) -> datetime:
        return datetime.fromtimestamp(self.ms / 1000, UTC)

    def go_on(self, ms: int) -> None:
        self.ms += ms


@dataclass
class Office:
    """Everything that sends, over one database."""

    database: Database
    keys: KeyRing
    time: Time
    channels: Mapping[str, Channel]
    owner: str = "first"
    hours: SendingHours = field(default_factory=SendingHours)

    def __post_init__(self) -> None:
        self.outbox = Outbox(
            self.database,
            self.keys,
            self.channels,
            owner=self.owner,
            now=self.time.now,
            hours=self.hours,
            chance=lambda: 0.0,
        )
        self.looking = Looking(self.database, self.keys, self.channels, now=self.time.now)
        self.receipts = Receipts(self.database)

    async def contact(self, number: str = RESIDENT, channel: str = "sms") -> str:
        contact_id = uuid4().hex
        await self.change(
            """
            INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, our_address, made_at)
            VALUES (:id, :channel, :blob, :hmac, :key_id, :ours, :at)
            """,
            {
                "id": contact_id,
                "channel": channel,
                "blob": self.keys.encrypt(number, contact_id),
                "hmac": self.keys.lookup(channel, number),
                "key_id": self.keys.current_key_id,
                "ours": OURS,
                "at": self.time.now(),
            },
        )
        return contact_id

    async def queue(self, contact_id: str, text: str, purpose: str = REPLY, **more: Any) -> str:
        message = NewMessage(
            id=more.pop("id", None) or uuid4().hex,
            contact_id=contact_id,
            channel=more.pop("channel", "sms"),
            our_address=more.pop("our_address", OURS),
            purpose=purpose,
            priority=Priority.REPLY if purpose == REPLY else Priority.CAMPAIGN,
            text=text,
            made_at=self.time.now(),
            not_before=more.pop("not_before", self.time.now()),
            **more,
        )
        assert await self.database.run(lambda: enqueue([message])) == 1
        return message.id

    async def replied(
        self, contact_id: str, text: str, channel: str = "sms", at: int | None = None, our_address: str = OURS
    ) -> str:
        """Leave the outbox as an inbound turn does that answered in the HTTP response."""
        outbox_id, inbound_id = uuid4().hex, uuid4().hex
        at = self.time.now() if at is None else at
        await self.hear(contact_id, inbound_id, at, channel)
        await self.change(
            """
            INSERT INTO outbox (id, contact_id, inbound_id, channel, our_address, purpose, priority, text, state,
                                not_before, lease_until, made_at, test)
            VALUES (:id, :contact, :inbound, :channel, :ours, 'reply', 0, :text, 'replied', :at, :lease, :at, FALSE)
            """,
            {
                "id": outbox_id, "contact": contact_id, "inbound": inbound_id, "channel": channel,
                "ours": our_address, "text": text, "at": at, "lease": at + 120_000,
            },
        )  # fmt: skip
        return outbox_id

    async def hear(self, contact_id: str, inbound_id: str, at: int, channel: str = "sms") -> None:
        await self.change(
            """
            INSERT INTO inbound (id, provider, account, event_id, contact_id, channel, kind, text, arrival,
                                 received_at, filed)
            VALUES (:id, 'twilio', 'AC', :id, :contact, :channel, 'text', '1', 'webhook', :at, 'answer')
            """,
            {"id": inbound_id, "contact": contact_id, "channel": channel, "at": at},
        )

    async def opt_in(self, number: str, *, survey: str = "", given: bool = True, at: int | None = None) -> None:
        await self.change(
            """
            INSERT INTO opt_in (address_hmac, channel, survey, purpose, given, at)
            VALUES (:hmac, 'sms', :survey, 'survey', :given, :at)
            """,
            {
                "hmac": self.keys.lookup("sms", number), "survey": survey, "given": given,
                "at": self.time.now() if at is None else at,
            },
        )  # fmt: skip

    async def stop(self, contact_id: str, *, carrier: bool = False) -> None:
        await self.change(
            "UPDATE contact SET opted_out_at = :at, carrier_stopped = :carrier WHERE id = :id",
            {"at": self.time.now(), "carrier": carrier, "id": contact_id},
        )

    async def change(self, sql: str, params: Params) -> None:
        def script() -> Script[None]:
            yield Run(sql, params)

        await self.database.run(script)

    async def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        def script() -> Script[Rows]:
            return (yield Fetch(sql, params or {}))

        return [tuple(row) for row in (await self.database.read(script)).rows]

    async def column(self, name: str, outbox_id: str) -> Any:
        return (await self.fetch(f"SELECT {name} FROM outbox WHERE id = :id", {"id": outbox_id}))[0][0]

    async def state(self, outbox_id: str) -> str:
        return str(await self.column("state", outbox_id))


def sms(twilio: FakeTwilio, time: Time, timeout_seconds: float = 5.0, sender: str = OURS) -> SmsChannel:
    return SmsChannel(
        account_sid=twilio.account_sid,
        auth_token=twilio.auth_token,
        sender=sender,
        public_base_url=twilio.public_base_url,
        clock=time.now,
        api_base_url=twilio.url,
        timeout=timeout_seconds,
    )


@asynccontextmanager
async def sms_office(
    database: Database,
    keys: KeyRing,
    timeout_seconds: float = 5.0,
    *,
    sender: str = OURS,
    pool: tuple[str, ...] = (OURS,),
) -> AsyncIterator[tuple[Office, FakeTwilio]]:
    """Open an office whose SMS go to a fake Twilio, and whose delivery reports come back from it.

    `pool` holds the numbers of the account, all of them in its one Messaging Service.
    """
    time = Time()
    offices: list[Office] = []
    twilio = FakeTwilio(numbers=pool, services={SERVICE_SID: pool}, now=time.as_datetime, app=status_app(offices))
    async with twilio:
        channel = sms(twilio, time, timeout_seconds, sender)
        office = Office(database, keys, time, {"sms": channel})
        offices.append(office)
        try:
            yield office, twilio
        finally:
            await channel.close()


def status_app(offices: list[Office]) -> Callable[..., Awaitable[None]]:
    """Take delivery reports as the web layer does: raw body, signature by the channel, then keep."""

    async def app(scope: Mapping[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        (office,) = offices
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        path = f"{scope['path']}?{scope['query_string'].decode()}"
        for receipt in office.channels["sms"].receipts(Request(path, headers, body, office.time.now())):
            await office.receipts.keep(receipt)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app
