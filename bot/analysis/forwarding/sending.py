"""Bringing events to their destinations: at least once, in order for each response, and nothing left out.

A destination that fails rests as a whole, longer each time, and is paused after about three days, with an alarm. One
event that a receiver refuses is tried again by itself, and is then a dead letter; the others go on.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

import structlog
from msgspec import structs

from bot.analysis.forwarding import folder
from bot.analysis.forwarding.allowed import Allowed, ForwardRefused
from bot.analysis.forwarding.folder import Line
from bot.analysis.forwarding.outcome import Failing, Outcome, Refused, Taken, next_try
from bot.analysis.forwarding.passes import Chain, Progress, a_try, behind, chains, one_file
from storage import delivering as store
from storage import destinations
from storage.delivering import Brought, Failed, Item, Left, Work
from storage.destinations import Destination, Kind, Letter, SealedSecrets, Text
from storage.errors import UnknownKey
from storage.events import EventRow
from storage.keys import KeyRing
from storage.script import Database, Script

if TYPE_CHECKING:
    from bot.analysis.forwarding.webhooks import Webhooks

log = structlog.get_logger()

AT_ONCE: Final = 200
"""Events of one pass to a webhook; as many may arrive twice when this process dies."""
IN_A_FILE: Final = 1_000
IN_FLIGHT: Final = 6
"""Responses whose events travel side by side."""
PASS_MS: Final = 10_000
"""In one pass no event sets out later than this, so that a slow receiver holds up nobody else for long."""
LEASE_MS: Final = 60_000
"""More than a pass, a receiver's longest answer and a commit. So long nobody serves what a dead process had."""
FILE_EVERY_MS: Final = 60_000
"""A folder gets a file at most so often, unless a whole one is waiting."""

Render = Callable[[Sequence[EventRow], bool], Awaitable[Mapping[int, bytes]]]
"""Writes events, with masked text or, where told so, raw: the body of each by its number."""


class Sender:
    """Serves every destination. Several, in several processes, may share one database; `owner` tells them apart.

    `now` gives epoch milliseconds UTC, `chance` a number in [0, 1).
    """

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        render: Render,
        allowed: Allowed,
        *,
        owner: str,
        now: Callable[[], int],
        chance: Callable[[], float] = random.random,
        webhooks: "Webhooks | None" = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._render = render
        self._allowed = allowed
        self._owner = owner
        self._now = now
        self._chance = chance
        self._webhooks = webhooks

    async def close(self) -> None:
        """Hang up."""
        if self._webhooks is not None:
            await self._webhooks.close()

    async def send_all_due(self) -> None:
        """Make passes until nothing is due, or for some seconds."""
        until = self._now() + PASS_MS
        while await self.send_due() and self._now() < until:
            pass

    async def send_due(self) -> int:
        """Make one pass to every destination that is due, side by side; give how many may have more to come."""
        now = self._now()
        waiting = await self._database.read(partial(self._with_work, now))
        passes = await asyncio.gather(*(self._serve(each.id) for each in waiting), return_exceptions=True)
        for result in passes:
            if isinstance(result, BaseException):
                raise result
        return sum(map(bool, passes))

    def _with_work(self, now: int) -> Script[list[Destination]]:
        found = []
        for each in (yield from store.due(self._owner, now)):
            if (yield from store.has_work(each, now)):
                found.append(each)
        return found

    async def _serve(self, destination_id: str) -> bool:
        """Make one pass to one destination; say whether there may be more to bring."""
        now = self._now()
        taking = partial(store.take, destination_id, self._owner, now, now + LEASE_MS)
        destination = await self._database.run(taking)
        if destination is None:
            return False
        brought = await self._bring(destination)
        settling = partial(store.settle, destination.id, self._owner, brought, self._now())
        if not await self._database.run(settling):
            log.warning("forwarding_was_taken_over", destination=destination.name)
            return False
        self._tell(destination, brought)
        has_moved = brought.seq > destination.seq or bool(brought.delivered) or bool(brought.left)
        return has_moved and brought.failed is None and brought.rest_until is None

    async def _bring(self, destination: Destination) -> Brought:
        try:
            return await self._bring_work(destination, self._allowed.kind_of(destination.target))
        except ForwardRefused as refusal:
            failing = Failing(str(refusal))
        except Exception as error:  # whatever broke, the other destinations go on, and somebody sees it here
            log.error("forwarding_broke", destination=destination.name, error=type(error).__name__)
            failing = Failing(f"Earshot itself failed ({type(error).__name__}): report this")
        return Brought(destination.seq, (), (), self._failed(destination.failures, failing))

    async def _bring_work(self, destination: Destination, kind: Kind) -> Brought:
        is_folder = kind is Kind.FOLDER
        most = IN_A_FILE if is_folder else AT_ONCE
        work = await self._database.read(partial(store.work, destination, self._now(), most))
        if not work.items:
            return Brought(work.seen_to, (), [behind(event) for event in work.behind], was_tried=False)
        if is_folder:
            work = one_file(destination, work)
        elif destination.failures:
            work = a_try(destination, work)
        bodies = await self._bodies(destination, [item.event for item in work.items])
        progress = Progress(self._now() + PASS_MS)
        bring = self._drop if is_folder else self._post
        await bring(destination, chains(work, bodies, progress), bodies, progress)
        brought = self._sum_up(destination, work, progress)
        if is_folder and len(work.items) < IN_A_FILE:
            brought = structs.replace(brought, rest_until=self._now() + FILE_EVERY_MS)
        return brought

    async def _bodies(self, destination: Destination, events: Sequence[EventRow]) -> Mapping[int, bytes]:
        """Write the events. One that cannot be written is left out, and holds up no other."""
        is_raw = destination.text is Text.RAW
        try:
            return await self._render(events, is_raw)
        except Exception as error:
            log.error("event_unwritable", destination=destination.name, error=type(error).__name__)
        written: dict[int, bytes] = {}
        for event in events:
            with suppress(Exception):
                written |= await self._render([event], is_raw)
        return written

    def _tell(self, destination: Destination, brought: Brought) -> None:
        if brought.failed is not None:
            level = log.error if brought.failed.next_at is None else log.warning
            level("forwarding_fails", destination=destination.name, problem=brought.failed.problem)
        for each in brought.left:
            if each.state is Letter.DEAD:
                log.error("forwarding_dead_letter", destination=destination.name, seq=each.seq, problem=each.problem)

    async def _drop(
        self, destination: Destination, ways: Sequence[Chain], bodies: Mapping[int, bytes], progress: Progress
    ) -> None:
        """Bring everything in one file."""
        lines = sorted((Line(item.event.seq, bodies[item.event.seq]) for chain in ways for item in chain), key=_seq)
        match await asyncio.to_thread(folder.drop, destination, lines):
            case Taken():
                progress.taken.update(line.seq for line in lines)
            case Failing() as failing:
                progress.failing = failing
            case other:
                assert_never(other)

    async def _post(
        self, destination: Destination, ways: Sequence[Chain], bodies: Mapping[int, bytes], progress: Progress
    ) -> None:
        """Bring event by event, the chains of some responses side by side."""
        if self._webhooks is None:
            from bot.analysis.forwarding.webhooks import Webhooks  # only now: a server without one need not load it

            self._webhooks = Webhooks()
        post = partial(self._webhooks.post, destination.target, secrets=await self._secrets(destination))
        waiting = deque(ways)

        async def bring_chains() -> None:
            while waiting:
                await self._bring_chain(waiting.popleft(), bodies, post, progress)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(IN_FLIGHT, len(waiting))):
                group.create_task(bring_chains())

    async def _bring_chain(
        self, chain: Chain, bodies: Mapping[int, bytes], post: Callable[..., Awaitable[Outcome]], progress: Progress
    ) -> None:
        """Bring one response's events, one after the other, as far as they are taken."""
        for item in chain:
            if not progress.goes_on(self._now()):
                return
            seq = item.event.seq
            match await post(event_id=item.event.id, body=bodies[seq], at=self._now()):
                case Taken():
                    progress.taken.add(seq)
                case Refused(problem):
                    progress.refused[seq] = problem
                    if self._next_try(item) is not None:
                        return
                case Failing() as failing:
                    progress.fail(item, failing)
                    return
                case other:
                    assert_never(other)

    def _sum_up(self, destination: Destination, work: Work, progress: Progress) -> Brought:
        """Say what is settled: all that is new up to the last event that was taken or refused, and what is left."""
        is_done = progress.goes_on(self._now())
        progress.blame_the_event()
        tried = progress.taken | progress.refused.keys()
        new = [item.event.seq for item in work.items if item.is_new and item.event.seq in tried]
        seq = work.seen_to if is_done else max(new, default=destination.seq)
        refused = [item for item in work.items if item.event.seq in progress.refused]
        left = [self._refused(item, progress.refused[item.event.seq]) for item in refused]
        untried = [item.event for item in work.items if item.is_new and item.event.seq not in tried]
        left += [behind(event) for event in (*untried, *work.behind) if event.seq <= seq]
        failures = 0 if progress.taken else destination.failures
        failed = None if progress.failing is None else self._failed(failures, progress.failing)
        return Brought(seq, sorted(progress.taken), left, failed)

    def _refused(self, item: Item, problem: str) -> Left:
        next_at = self._next_try(item)
        state = Letter.DEAD if next_at is None else Letter.WAITING
        return Left(item.event.seq, item.event.subject, item.attempts + 1, next_at, problem, state)

    def _next_try(self, item: Item) -> int | None:
        return next_try(item.attempts + 1, self._now(), self._chance())

    def _failed(self, failures: int, failing: Failing) -> Failed:
        rest = failing.rest_ms
        next_at = None if failing.is_gone else next_try(failures + 1, self._now(), self._chance(), rest)
        return Failed(failing.problem, next_at)

    async def _secrets(self, destination: Destination) -> list[bytes]:
        """Open what signs: the secret, and while it is changed the one before it too."""
        try:
            return self._opened(destination, await self._database.read(partial(destinations.secrets, destination.id)))
        except UnknownKey:  # another process has made new keys
            await self._keys.reload(self._database)
            return self._opened(destination, await self._database.read(partial(destinations.secrets, destination.id)))

    def _opened(self, destination: Destination, sealed: SealedSecrets | None) -> list[bytes]:
        if sealed is None:
            raise LookupError("a webhook without a secret")
        is_changing = sealed.previous_until is not None and self._now() < sealed.previous_until
        blobs = [sealed.secret, *([sealed.previous] if sealed.previous is not None and is_changing else [])]
        return [self._keys.unseal_signing(blob, destination.id, sealed.key_id) for blob in blobs]


def _seq(line: Line) -> int:
    return line.seq
