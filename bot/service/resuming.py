"""After a restore: hear what was missed, let STOP hold again, and only then let messages go.

The texts that came after the backup are taken in from the provider's list, oldest first, before any new one: a reply
must meet the question that it answers. Where no list is kept, the next text is no answer: it brings the question again.
STOPs and STARTs of the ledger come between the texts as they did, and what somebody has had erased since is not taken
in again. What may have been sent is looked for at the provider before it is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from bot.core.conversation import lose_sight
from bot.core.state import State
from bot.service.reconcile import TakeIn, fetch_missed
from channels.base import Channel, Inbound
from storage import heard, ledger
from storage.keys import KeyRing
from storage.ledger import Entry, Held
from storage.script import Database
from storage.turns import Arrived

log = structlog.get_logger()

ASK_AGAIN_SECONDS: Final = 10.0


async def resume(
    database: Database,
    keys: KeyRing,
    channels: Mapping[str, Channel],
    senders: Mapping[str, str],
    take_in: TakeIn,
    *,
    now: Callable[[], int],
    new_id: Callable[[], str],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> bool:
    """Bring a restored database up to date, waiting for as long as a provider cannot be asked; say whether it was one.

    `senders` is our address by channel name, where the provider keeps a list. Safe to cut short and run again.
    """
    held = await database.read(ledger.held)
    if held is None:
        return False
    log.warning("restored_database_is_held_until_the_provider_has_been_asked", stops_and_starts=len(held.pending))
    weaving = _Weaving(database, keys, held, take_in, new_id)
    listed = {name: ours for name, ours in senders.items() if channels[name].capabilities.can_be_listed}
    heard_until = held.since if held.as_of is None else held.as_of
    for name, ours in listed.items():
        await database.run(lambda ours=ours: heard.begin_hearing(ours, heard_until))  # type: ignore[misc]  # bound
        while not (await fetch_missed(database, channels[name], ours, weaving.take_in, now=now)).complete:
            await sleep(ASK_AGAIN_SECONDS)
    await weaving.finish()
    await database.run(lambda: ledger.release(held.since, now(), tuple(listed), _out_of_sight))
    log.warning("restored_database_is_released", texts_taken_in=weaving.taken_in)
    return True


async def release(database: Database, *, now: int) -> bool:
    """Let a held database go without asking any provider; say whether it was held. STOPs and STARTs hold again.

    No channel's texts since the backup are known then: the next of every conversation brings its question again.
    """
    held = await database.read(ledger.held)
    if held is None:
        return False
    for entry in held.pending:
        await database.run(lambda entry=entry: ledger.apply(entry))  # type: ignore[misc]  # bound
    return await database.run(lambda: ledger.release(held.since, now, (), _out_of_sight))


def _out_of_sight(state: str) -> str:
    return lose_sight(State.from_json(state)).to_json()


class _Weaving:
    """Takes texts in, and lets each STOP and START of the ledger hold before the first text that came after it."""

    def __init__(
        self, database: Database, keys: KeyRing, held: Held, take_in: TakeIn, new_id: Callable[[], str]
    ) -> None:
        self._database = database
        self._keys = keys
        self._take_in = take_in
        self._new_id = new_id
        self._pending: dict[str, list[Entry]] = {}
        for entry in held.pending:
            self._pending.setdefault(entry.hmac, []).append(entry)
        self.taken_in = 0

    async def take_in(self, inbound: Inbound) -> None:
        """Take in one text that the provider has and we have not."""
        at = inbound.at if inbound.provider_at is None else inbound.provider_at
        addresses = (inbound.address, *inbound.aliases)
        hmacs = [hmac for address in addresses for hmac in self._keys.lookups(inbound.channel, address)]
        erased_at = await self._database.read(lambda: ledger.erased_at(hmacs))
        if erased_at is not None and at <= erased_at:
            await self._database.run(lambda: ledger.keep_erased(_wordless(inbound, self._new_id())))
            return
        await self._apply(hmacs, until=at)
        await self._take_in(inbound)
        self.taken_in += 1

    async def finish(self) -> None:
        """Let everything hold that came after the last text."""
        await self._apply(list(self._pending), until=None)

    async def _apply(self, hmacs: list[str], until: int | None) -> None:
        for hmac in hmacs:
            waiting = self._pending.get(hmac, [])
            while waiting and (until is None or waiting[0].at <= until):
                entry = waiting[0]
                await self._database.run(lambda entry=entry: ledger.apply(entry))  # type: ignore[misc]  # bound
                waiting.pop(0)


def _wordless(inbound: Inbound, id: str) -> Arrived:
    return Arrived(
        id=id,
        provider=inbound.provider,
        account=inbound.account,
        event_id=inbound.event_id,
        channel=inbound.channel,
        address="",
        our_address=inbound.our_address,
        kind=inbound.kind.value,
        text="",
        choice_id="",
        reply_to="",
        media="",
        fields="",
        arrival=inbound.arrival.value,
        provider_at=inbound.provider_at,
        received_at=inbound.at,
        test=False,
    )
