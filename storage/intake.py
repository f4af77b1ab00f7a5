"""The hot path: take messages in, many in one transaction.

There is no timer: what waits when the writer is free and the event loop has gone round a few times goes. At most one
batch runs at a time, so a person's messages are taken in the order in which they arrived.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag

from storage import batch
from storage.batch import Means, Moved
from storage.errors import Unavailable, UnknownKey
from storage.flagging import Hears
from storage.keys import KeyRing
from storage.script import Database, Fetch, Row, Script
from storage.turns import Arrived, Busy, Decide, Kept, LinkCodeIn, TurnFailed

BATCH = 512
# So many times the event loop goes round before a batch is picked: the last one's replies go out first, and what comes
# in meanwhile goes along. A batch costs as much as several turns, and a busy loop slows down the writing of it.
ROUNDS = 4
QUEUE_LIMIT = 4_096
# A message that has just come in may still be on its way through another process.
RERUN_AFTER_MS = 30_000
_TRIES = 5

_UNHANDLED = """
    SELECT i.id, i.provider, i.account, i.event_id, i.channel, c.address_encrypted, c.id, c.key_id, i.our_address,
        i.kind, i.text, i.choice_id, i.reply_to, i.media, i.fields, i.provider_at, i.received_at, i.test
    FROM inbound i JOIN contact c ON c.id = i.contact_id
    WHERE i.filed = 'unhandled' AND i.received_at < :before
        AND (i.received_at > :after_at OR (i.received_at = :after_at AND i.id > :after_id))
    ORDER BY i.received_at, i.id LIMIT :limit"""

Fate = Kept | TurnFailed | Exception
"""What became of one message."""

Passed = Callable[[Arrived, Kept], Awaitable[None]]
"""What is done with a message whose turn has passed at last."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrived: Arrived
    future: "asyncio.Future[Kept]"


class Intake:
    """Takes messages in and answers each once. One per process and database."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        decide: Decide,
        *,
        new_id: Callable[[], str],
        queue_limit: int = QUEUE_LIMIT,
        recalled_surveys: Callable[[], Mapping[str, tuple[str, ...]]] = dict,
        link_code_in: LinkCodeIn = lambda _: "",
        hears: Hears = lambda _: False,
    ) -> None:
        self._database = database
        is_alone = not database.is_postgres
        self._means = Means(keys, decide, new_id, recalled_surveys, link_code_in, is_alone, hears)
        self._queue_limit = queue_limit
        self._waiting: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None
        self._closed = False
        self._rerun_after = (0, "")

    async def take(self, arrived: Arrived) -> Kept:
        """Take one message in. When this returns, the message, its answers and its replies are on disk.

        Raises TurnFailed when the message is on disk but its turn raised, Busy when the queue is full, and Unavailable
        or the engine's error when nothing was kept.
        """
        if self._closed or len(self._waiting) >= self._queue_limit:
            raise Busy(f"{len(self._waiting)} messages are waiting to be taken in.")
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(arrived, future))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await future

    async def rerun_unhandled(self, limit: int, now: int, passed: Passed | None = None) -> int:
        """Run again up to `limit` messages whose turn failed at least 30 s before `now`; give how many now passed.

        `passed` hears of each of these. Each call goes on behind the last one's, so that a message that never passes
        does not hold up the others.
        A rerun is marked `reconciled`: nobody waits on the line for its reply.
        """
        rows = await self._database.read(lambda: _unhandled(self._rerun_after, now - RERUN_AFTER_MS, limit))
        self._rerun_after = (rows[-1][-2], rows[-1][0]) if len(rows) == limit else (0, "")
        try:
            arrivals = self._readable(rows)
        except UnknownKey:
            await self._means.keys.reload(self._database)
            arrivals = self._readable(rows)
        reruns = (self._rerun(arrived, passed) for arrived in arrivals)
        results = await asyncio.gather(*reruns, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, TurnFailed):
                raise result
        return sum(result is None for result in results)

    async def _rerun(self, arrived: Arrived, passed: Passed | None) -> None:
        kept = await self.take(arrived)
        if passed is not None:
            await passed(arrived, kept)

    async def close(self) -> None:
        """Take no more, and finish what was accepted."""
        self._closed = True
        if self._working is not None:
            await self._working

    def _readable(self, rows: Sequence[Row]) -> list[Arrived]:
        """Leave out a message whose contact cannot be decrypted, so that it does not hold up the others."""
        arrivals = []
        for row in rows:
            with suppress(InvalidTag):
                arrivals.append(self._again(row))
        return arrivals

    def _again(self, row: Row) -> Arrived:
        inbound_id, provider, account, event_id, channel, blob, contact_id, key_id, *rest = row
        our_address, kind, text, choice_id, reply_to, media, fields, provider_at, received_at, test = rest
        return Arrived(
            id=inbound_id,
            provider=provider,
            account=account,
            event_id=event_id,
            channel=channel,
            address=self._means.keys.decrypt(blob, contact_id, key_id),
            our_address=our_address,
            kind=kind,
            text=text,
            choice_id=choice_id,
            reply_to=reply_to,
            media=media,
            fields=fields,
            arrival="reconciled",
            provider_at=provider_at,
            received_at=received_at,
            test=bool(test),
        )

    async def _work(self) -> None:
        while self._waiting:
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            together = self._next_batch()
            fates: list[Fate]
            try:
                fates = await self._take_together([each.arrived for each in together])
            except Exception as error:
                fates = [error] * len(together)
            for each, fate in zip(together, fates, strict=True):
                _tell(each.future, fate)

    def _next_batch(self) -> list[_Waiting]:
        """Pick what can go together: each address once, each message once; the rest waits in its order."""
        together: list[_Waiting] = []
        held_back: list[_Waiting] = []
        seen: set[tuple[str, ...]] = set()
        while self._waiting and len(together) < BATCH:
            each = self._waiting.popleft()
            arrived = each.arrived
            names: list[tuple[str, ...]] = [
                (arrived.channel, arrived.address),
                (arrived.provider, arrived.account, arrived.event_id),
            ]
            names += [(arrived.channel, alias) for alias in arrived.aliases]
            (together if seen.isdisjoint(names) else held_back).append(each)
            seen.update(names)
        self._waiting.extendleft(reversed(held_back))
        return together

    async def _take_together(self, arrivals: list[Arrived]) -> list[Fate]:
        try:
            return list(await self._run(arrivals))
        except (Unavailable, Busy):
            raise  # the engine's trouble, not a message's: trying them singly would only take longer
        except Exception:  # one of them cannot be written: each on its own, so that only that one fails
            return [await self._take_alone(arrived) for arrived in arrivals]

    async def _take_alone(self, arrived: Arrived) -> Fate:
        try:
            return (await self._run([arrived]))[0]
        except Exception as error:
            return await self._keep(arrived, error)

    async def _run(self, arrivals: list[Arrived]) -> list[Kept | TurnFailed]:
        for left in reversed(range(_TRIES)):
            try:
                return await self._database.run(lambda: batch.take_all(arrivals, self._means))
            except Moved:
                if not left:
                    raise
                await self._means.keys.reload(self._database)
        raise AssertionError("the last try returns or raises")

    async def _keep(self, arrived: Arrived, cause: Exception) -> Fate:
        """Keep a message whose turn cannot be written; with its contact if that can be, else alone."""
        for script in (lambda: batch.keep_unhandled(arrived, self._means), lambda: batch.keep_alone(arrived)):
            try:
                await self._database.run(script)
            except Exception as error:
                failure: Exception = error
            else:
                failure = TurnFailed(f"The turn of inbound {arrived.id} could not be written.")
                failure.__cause__ = cause
                break
        return failure


def _unhandled(after: tuple[int, str], before: int, limit: int) -> Script[list[Row]]:
    params = {"after_at": after[0], "after_id": after[1], "before": before, "limit": limit}
    return list((yield Fetch(_UNHANDLED, params)).rows)


def _tell(future: "asyncio.Future[Kept]", fate: Fate) -> None:
    if future.done():
        return  # its caller was cancelled and has gone; the message is taken in all the same
    if isinstance(fate, Kept):
        future.set_result(fate)
    else:
        future.set_exception(fate)
