"""Fetch what the provider received for us and we never heard of: an outage of ours loses no answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from channels.base import Channel, Inbound, Outage
from storage import heard
from storage.script import Database
from storage.turns import Busy, TurnFailed

log = structlog.get_logger()

OVERLAP_MS = 5 * 60_000
"""Asked for again each time: a provider's list may show a message some time after it came."""

A_DAY_MS = 24 * 3_600_000
"""How far back is asked once our clock was set back: nobody knows how wrong it was until then."""

CLOCKS_DIFFER_MS = 60_000
"""Another process that asks the same provider may have a clock so far ahead of ours."""

TakeIn = Callable[[Inbound], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one look showed: how many were missing and taken in, and whether everything until now is heard."""

    taken_in: int
    complete: bool


async def fetch_missed(
    database: Database, channel: Channel, our_address: str, take_in: TakeIn, *, now: Callable[[], int]
) -> Fetched:
    """Take in, oldest first, every message that the provider has and we do not. Run at start and every few minutes.

    The time until which we have heard moves on only once all of them are on disk, so nothing is passed over; that each
    counts once is the unique key's doing. An outage of the provider is logged, and asked about again next time.
    The first time ever, listening begins a few minutes ago: what the number received before Earshot is not ours. Where
    that time lies ahead of our clock, the clock was set back, and a whole day is asked for.
    """
    asked_at = now()
    heard_until = await database.run(lambda: heard.begin_hearing(our_address, asked_at))
    was_set_back = heard_until > asked_at + CLOCKS_DIFFER_MS
    since = asked_at - A_DAY_MS if was_set_back else heard_until
    try:
        listed = await channel.received_since(our_address, since - OVERLAP_MS)
    except Outage as outage:
        log.warning("provider_cannot_be_asked", channel=channel.name, reason=str(outage))
        return Fetched(0, complete=False)
    taken_in = 0
    complete = True
    for inbound in await _missing(database, listed):
        try:
            await take_in(inbound)
        except TurnFailed:
            log.error("missed_message_kept_unhandled", event_id=inbound.event_id)  # on disk; it is run again
        except Busy:
            log.warning("too_busy_to_reconcile", channel=channel.name)
            return Fetched(taken_in, complete=False)
        except Exception as error:  # one that cannot be taken in must not keep the others out
            log.error("missed_message_not_taken_in", event_id=inbound.event_id, error=type(error).__name__)
            complete = False
            continue
        taken_in += 1
    if complete:
        await database.run(lambda: heard.advance(our_address, asked_at))
    if taken_in:
        log.info("missed_messages_taken_in", channel=channel.name, count=taken_in)
    return Fetched(taken_in, complete)


async def _missing(database: Database, listed: tuple[Inbound, ...]) -> list[Inbound]:
    """Leave out what we have: taking it in again would send its reply again."""
    missing: list[Inbound] = []
    for provider, account in sorted({(inbound.provider, inbound.account) for inbound in listed}):
        messages = {i.event_id: i for i in listed if (i.provider, i.account) == (provider, account)}
        known = await database.read(partial(heard.known_events, provider, account, tuple(messages)))
        missing += [inbound for event_id, inbound in messages.items() if event_id not in known]
    return sorted(missing, key=_when)


def _when(inbound: Inbound) -> int:
    return inbound.at if inbound.provider_at is None else inbound.provider_at
