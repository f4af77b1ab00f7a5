"""Kills the server with -9 at random moments of a conversation, starts it again, and notes what it had in its hands."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from bench.serving import Server
from bot.service.outbox import LEASE_MS
from storage.keys import KeyRing
from storage.script import Database, Fetch, Run, Script
from tests.fakes.twilio import Hang


async def nothing_else() -> None:
    """Leave everything as it is while the server is down."""


def without_warning() -> None:
    """Let nothing tell that death is near."""


class Reaper:
    """Kills the server at random moments, told by how many turns were answered, and starts it again each time.

    `turns` is how many there will be, `just_before` happens some milliseconds before each death, and `while_down`
    between death and start.
    """

    def __init__(
        self,
        server: Server,
        chance: random.Random,
        *,
        turns: int,
        kills: int,
        just_before: Callable[[], None] = without_warning,
        while_down: Callable[[], Awaitable[None]] = nothing_else,
    ) -> None:
        self._server = server
        self._chance = chance
        self._just_before = just_before
        self._while_down = while_down
        self._deaths = sorted(chance.sample(range(turns // 20, turns - turns // 10), kills))
        self._answered = 0
        self._is_up = asyncio.Event()
        self._is_up.set()
        self._killing: asyncio.Task[None] | None = None
        self.kills = 0

    def note_turn(self) -> None:
        """Count an acknowledged turn; at the chosen ones, death is on its way."""
        self._answered += 1
        if self._deaths and self._answered >= self._deaths[0] and self._is_up.is_set():
            self._deaths.pop(0)
            self._is_up.clear()
            self._killing = asyncio.create_task(self._kill())

    def until_up(self) -> Awaitable[object]:
        """Wait until the server runs again."""
        return self._is_up.wait()

    async def finish(self) -> None:
        """Pass on what went wrong in killing."""
        if self._killing is not None:
            await self._killing

    async def _kill(self) -> None:
        self._just_before()
        # Anywhere between taking a text in and answering it: the load goes on meanwhile.
        await asyncio.sleep(self._chance.uniform(0, 0.03))
        await self._server.kill()
        self.kills += 1
        await self._while_down()
        await self._server.start()
        self._is_up.set()


class LeftInHand:
    """Notes what a dead server was sending: nobody can know whether the provider took it."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys
        self._left: list[tuple[str, str]] = []

    async def note(self) -> None:
        """Note it, and let as much time go by as a claim lasts, so that the next server finds it at its start."""
        self._left += await self._database.run(_sending)
        await self._database.run(_let_leases_end)

    def times(self, channel: str, address: str, seen: str) -> int:
        """Say how often this message was in a dead server's hands. The phone may show options below its text."""
        hmacs = self._keys.lookups(channel, address)
        return sum(hmac in hmacs and seen.startswith(text) for hmac, text in self._left)

    def __len__(self) -> int:
        """Count them all."""
        return len(self._left)


class Provider(Protocol):
    """A fake provider whose next answers can be spoiled."""

    def fail_next(self, *faults: Hang) -> None:
        """Spoil the next answers."""
        ...

    def fail_no_more(self) -> None:
        """Spoil no more."""
        ...


def reaper_in_mid_send(
    server: Server, provider: Provider, left: LeftInHand, chance: random.Random, *, turns: int, kills: int
) -> Reaper:
    """Make a reaper that likes a server best while it sends, and notes in `left` what was in its hands.

    What the provider is asked next before each death it does, but its answer comes too late for this server.
    """

    async def while_down() -> None:
        provider.fail_no_more()
        await left.note()

    return Reaper(
        server,
        chance,
        turns=turns,
        kills=kills,
        just_before=lambda: provider.fail_next(Hang(accept=True)),
        while_down=while_down,
    )


def _sending() -> Script[list[tuple[str, str]]]:
    found = yield Fetch(
        """
        SELECT contact.address_hmac, outbox.text FROM outbox JOIN contact ON contact.id = outbox.contact_id
        WHERE outbox.state = 'sending'
        """
    )
    return [(hmac, text) for hmac, text in found.rows]


def _let_leases_end() -> Script[None]:
    yield Run("UPDATE outbox SET lease_until = lease_until - :lease WHERE state = 'sending'", {"lease": LEASE_MS})
