"""The outbox at work: claim what is due, send it, write down what came of it.

The rule: on disk as `sending` before the network call, and never sent again unless it is certain that it was not sent
or our written policy says so. `bot.service.looking` settles what stayed unknown.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

import structlog

from bot.core.hours import SendingHours
from bot.service.keyboards import Sent
from bot.service.options import read_opener, read_options
from bot.service.receipts import decide
from bot.service.refusals import after_refusal
from channels.base import Accepted, Channel, Outbound, Problem, Rejected, RetryAfter, SendResult, Unknown
from storage import claiming, receipts, settling
from storage.claiming import Claim, Claimed, Pace
from storage.keys import KeyRing
from storage.outbox import REPLY, Priority, State
from storage.script import Database, Script
from storage.settling import Ended, Hold, Later, Lost, Settlement, Took, Upshot
from storage.sole import SoleSender
from storage.stops import Consent, ledger

log = structlog.get_logger()

IN_FLIGHT = 32
SETTLED_AT_ONCE = 100
SEND_SECONDS = 20.0
"""The longest that one send may take; a claim is handed back rather than begun with less than this left."""

LEASE_MS = 30_000
"""How long a claim lasts. While it does, its contact hears nothing else: so long a crash may silence a resident."""

FIRST_LOOK_MS = 10_000
REPLY_IS_PROMPT_MS = 30 * 60_000
"""An older reply is no direct answer any more, and waits for the sending hours (invariant 14)."""

BACKOFF_MS = 2_000
LONGEST_BACKOFF_MS = 15 * 60_000
STALE_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep has done."""

    expired: int
    lapsed: int
    receipts: int


class Outbox:
    """Sends what is due. Several, in several processes, may share one database; `owner` tells them apart.

    `now` gives epoch milliseconds UTC, `chance` a number in [0, 1). With `test` it serves the simulator's messages and
    no others. `on_sent` hears of each message that its provider took, before that is on disk.
    """

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        channels: Mapping[str, Channel],
        *,
        owner: str,
        now: Callable[[], int],
        hours: SendingHours,
        chance: Callable[[], float] = random.random,
        test: bool = False,
        on_sent: Callable[[Sent], None] = lambda sent: None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._channels = channels
        self._paces = {name: _pace(channel) for name, channel in channels.items()}
        self._owner = owner
        self._now = now
        self._hours = hours
        self._chance = chance
        self._test = test
        self._on_sent = on_sent
        self._sole = SoleSender(database)
        self._has_taken_over = False

    async def send_due(self, limit: int = 500) -> int:
        """Make one pass: claim up to `limit` messages, send them, settle them. Give how many were claimed.

        At most once each: what is not settled for whatever reason becomes `unknown` when its lease ends. None where
        another process sends over the same SQLite file.
        """
        if not await self._may_send():
            return 0
        claim = self._claim(self._now(), limit)
        senders = await self._database.read(lambda: claiming.due_senders(claim, self._paces))
        if not senders:
            return 0
        claimed = await self._database.run(lambda: claiming.claim(claim, senders))
        await self._send_all(claimed)
        return len(claimed)

    async def sweep(self) -> Swept:
        """Tidy up after time: expire what comes too late, take back what a dead claimant held, apply early receipts."""
        await self._may_send()
        now = self._now()
        stale = await self._database.read(lambda: settling.stale(now, STALE_AT_ONCE))
        expired = lapsed = applied = 0
        if stale.expired:
            expired = await self._database.run(lambda: settling.expire(stale.expired, now))
        if stale.lapsed:
            lapsed = await self._database.run(lambda: settling.lapse(stale.lapsed, now))
            log.warning("sends_left_by_a_dead_claimant", outbox_ids=stale.lapsed)
        if await self._database.read(receipts.any_waiting):
            applied = await self._database.run(lambda: receipts.apply_waiting(decide, STALE_AT_ONCE))
        return Swept(expired, lapsed, applied)

    async def _may_send(self) -> bool:
        """Say whether this process may send. The first time that it is the only one, it takes back what the dead left.

        They may have sent it, so it is looked for (`bot.service.looking`); at once, instead of when its lease ends.
        """
        if not self._sole.take():
            return False
        if self._sole.is_sole and not self._has_taken_over:
            now = self._now()
            lapsed = await self._database.run(lambda: settling.lapse_all_but(self._owner, now))
            self._has_taken_over = True
            if lapsed:
                log.warning("sends_left_by_a_dead_process", messages=lapsed)
        return True

    def _claim(self, now: int, limit: int) -> Claim:
        is_open = self._hours.is_open(datetime.fromtimestamp(now / 1000, UTC))
        return Claim(
            owner=self._owner,
            now=now,
            lease_until=now + LEASE_MS,
            limit=limit,
            channels=tuple(self._channels),
            up_to=Priority.CAMPAIGN if is_open else Priority.REPLY,
            made_since=0 if is_open else now - REPLY_IS_PROMPT_MS,
            test=self._test,
        )

    async def _send_all(self, claimed: Sequence[Claimed]) -> None:
        addresses, settlements = await self._addresses(claimed)
        limiter = asyncio.Semaphore(IN_FLIGHT)
        sending = [
            asyncio.create_task(self._send(message, addresses[message.id], limiter))
            for message in claimed
            if message.id in addresses
        ]
        try:
            for done in asyncio.as_completed(sending):
                settlements.append(await done)
                if len(settlements) >= SETTLED_AT_ONCE:
                    await self._settle(settlements)
                    settlements = []
        finally:
            for task in sending:
                task.cancel()
            if settlements:
                await self._settle(settlements)

    async def _addresses(self, claimed: Sequence[Claimed]) -> tuple[dict[str, str], list[Settlement]]:
        """Decrypt where each message goes, and sort out those that may not go there."""
        if not {message.key_id for message in claimed} <= set(self._keys.ids):
            await self._keys.reload(self._database)
        addresses: dict[str, str] = {}
        refused: list[Settlement] = []
        for message in claimed:
            try:
                addresses[message.id] = self._keys.decrypt(
                    message.address_encrypted, message.contact_id, message.key_id
                )
            except Exception as error:  # one unreadable row must not hold up the others
                log.error("address_unreadable", outbox_id=message.id, error=type(error).__name__)
                refused.append((_hold(message), Ended(Problem.CONFIGURATION, "address_unreadable")))
        for message in await self._without_consent([m for m in claimed if m.purpose != REPLY], addresses):
            addresses.pop(message.id)
            refused.append((_hold(message), Ended("", "no_opt_in", State.CANCELLED)))
        return addresses, refused

    async def _without_consent(self, unasked: Sequence[Claimed], addresses: Mapping[str, str]) -> list[Claimed]:
        lookups = {m.id: self._keys.lookups(m.channel, addresses[m.id]) for m in unasked if m.id in addresses}
        if not lookups:
            return []
        every = sorted({hmac for hmacs in lookups.values() for hmac in hmacs})
        said: dict[str, list[Consent]] = {}
        for entry in await self._database.read(lambda: ledger(every)):
            said.setdefault(entry.address_hmac, []).append(entry)
        return [
            message
            for message in unasked
            if message.id in lookups
            and not _consents([entry for hmac in lookups[message.id] for entry in said.get(hmac, ())], message.survey)
        ]

    async def _send(self, message: Claimed, address: str, limiter: asyncio.Semaphore) -> Settlement:
        async with limiter:
            if self._now() > message.lease_until - SEND_SECONDS * 1000:
                return _hold(message), Later(self._now(), was_tried=False)  # its turn came too late
            result = await self._try(message, address)
            if isinstance(result, Accepted):
                self._on_sent(Sent(message.id, message.contact_id, message.channel, address))
            return _hold(message), self._upshot(message, result)

    async def _try(self, message: Claimed, address: str) -> SendResult:
        outbound = Outbound(
            id=message.id,
            address=address,
            our_address=message.our_address,
            text=message.text,
            options=read_options(message.options),
            purpose=message.purpose,
            idempotency_key=message.idempotency_key,
            expires_at=message.expires_at,
            is_outside_window=self._is_outside_window(message),
            opener=read_opener(message.options),
        )
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._channels[message.channel].send(outbound)
        except Exception as error:  # whatever broke, the message may be on its way
            log.warning("send_broke", outbox_id=message.id, error=type(error).__name__)
            return Unknown(type(error).__name__)

    def _is_outside_window(self, message: Claimed) -> bool:
        """Say whether it is so long since this person wrote that the channel lets nothing but its template through."""
        window = self._channels[message.channel].capabilities.reply_window
        return window is not None and self._now() - (message.last_inbound_at or 0) >= window * 1000

    def _upshot(self, message: Claimed, result: SendResult) -> Upshot:
        now = self._now()
        match result:
            case Accepted(provider_id):
                return Took(provider_id)
            case Rejected(problem, code):
                level = log.error if problem is Problem.CONFIGURATION else log.warning
                level("send_refused", outbox_id=message.id, problem=problem, code=code)
                return after_refusal(problem, code, message.problem, now, is_reply=message.purpose == REPLY)
            case RetryAfter(seconds):
                return Later(now + self._backoff(seconds, message.attempts))
            case Unknown(reason):
                log.warning("send_outcome_unknown", outbox_id=message.id, reason=reason)
                return Lost(reason, now + FIRST_LOOK_MS)
            case _:
                assert_never(result)

    def _backoff(self, seconds: float, attempts: int) -> int:
        """Wait as long as the provider asks and twice as long each time, with up to half as much again by chance."""
        doubled = min(BACKOFF_MS * 2 ** min(attempts - 1, 20), LONGEST_BACKOFF_MS)
        return int(max(seconds * 1000, doubled) * (1 + self._chance() / 2))

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        now = self._now()
        await self._database.run(lambda: _settle_and_apply(self._owner, settlements, now))


def _settle_and_apply(owner: str, settlements: Sequence[Settlement], now: int) -> Script[None]:
    yield from settling.settle(owner, settlements, now)
    provider_ids = [outcome.provider_id for _, outcome in settlements if isinstance(outcome, Took)]
    if provider_ids:
        yield from receipts.apply_waiting(decide, STALE_AT_ONCE, provider_ids)


def _hold(message: Claimed) -> Hold:
    return Hold(message.id, message.attempts)


def _pace(channel: Channel) -> Pace:
    can = channel.capabilities
    apart_ms = int(1000 / can.pace_per_address) if can.pace_per_address else 0
    return Pace(can.pace, burst=max(1.0, can.pace), apart_ms=apart_ms)


def _consents(entries: Sequence[Consent], survey: str) -> bool:
    """Say whether the newest word on this survey is yes, and the newest on being texted at all is not STOP."""
    stops = [entry for entry in entries if entry.is_stop]
    opt_ins = [entry for entry in entries if not entry.is_stop and entry.survey in ("", survey)]
    latest_stop = max(stops, key=lambda entry: entry.at, default=None)
    latest_opt_in = max(opt_ins, key=lambda entry: entry.at, default=None)
    return latest_opt_in is not None and latest_opt_in.given and (latest_stop is None or latest_stop.given)
