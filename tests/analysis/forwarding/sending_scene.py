"""A survey with events in a real database, a receiver on loopback, and senders whose clock a test turns forward."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from bot.analysis.forwarding.allowed import Allowed
from bot.analysis.forwarding.destinations import Destinations
from bot.analysis.forwarding.sending import Render, Sender
from bot.analysis.forwarding.webhooks import Webhooks
from storage import destinations, events
from storage.destinations import Standing, Text
from storage.events import EventRow, EventType, Happened
from storage.keys import KeyRing
from storage.script import Database, Fetch, Many, Script
from tests.analysis.filling import STOKE, Response, keep, publish
from tests.fakes.receiver import FakeReceiver
from tests.web.scripted import Clock

WHO = "a test"
PATIENCE = 15.0
"""Seconds that a receiver may take: many, for the machine of a test may be busy."""
HOUR_MS = 3_600_000
HOW_OFTEN = 10
"""So often is something tried in three days."""


async def render(rows: Sequence[EventRow], raw: bool) -> Mapping[int, bytes]:
    """Write events with what these tests look at."""
    return {row.seq: _body(row, raw) for row in rows}


def _body(row: EventRow, raw: bool) -> bytes:
    told = {"type": row.type, "id": row.id, "seq": row.seq, "response": row.subject, "revision": row.revision}
    return json.dumps({**told, "raw": raw}).encode()


@dataclass
class Scene:
    """See the module."""

    database: Database
    keys: KeyRing
    receiver: FakeReceiver
    clock: Clock
    allowed: Allowed
    webhooks: list[Webhooks] = field(default_factory=list)
    secret: str = ""

    @property
    def operator(self) -> Destinations:
        return Destinations(self.database, who=WHO, now=self.clock)

    def sender(
        self,
        owner: str = "one",
        allowed: Allowed | None = None,
        database: Database | None = None,
        render: Render = render,
        patience: float = PATIENCE,
    ) -> Sender:
        self.webhooks.append(Webhooks(seconds=patience))
        return Sender(
            database or self.database,
            self.keys,
            render,
            allowed or self.allowed,
            owner=owner,
            now=self.clock,
            chance=lambda: 0.5,
            webhooks=self.webhooks[-1],
        )

    async def add(self, name: str = "council", target: str = "", text: Text = Text.MASKED) -> None:
        """Add a destination, which the receiver believes."""
        where = target or f"{self.receiver.url}/events"
        _, secret = await self.operator.add(name, "stoke", where, text, self.allowed, self.keys)
        if secret:
            self.receiver.secrets = [secret]

    async def happen(self, *responses: str, type: EventType = EventType.UPDATED) -> None:
        """Let something happen to these responses, one after the other: what can, in one transaction."""
        revision = 99 if type is EventType.WITHDRAWN else 0
        turns: list[dict[str, Happened]] = [{}]
        for response in responses:
            if response in turns[-1]:
                turns.append({})
            turns[-1][response] = Happened(
                type=type, survey="stoke", subject=response, at=self.clock(), test=False, revision=revision
            )
        for turn in turns:
            await self.database.run(partial(events.record, [*turn.values()]))

    async def happen_often(self, times: int, *responses: str, survey: str = "stoke") -> None:
        """Let something happen to these responses in turn, again and again, as many turns would have written it."""
        rows = [
            {"id": f"{response}-{time}", "survey": survey, "response": response, "revision": time}
            for time in range(1, times + 1)
            for response in responses
        ]
        await self.database.run(partial(_write, rows))

    async def standing(self, name: str = "council") -> Standing:
        return next(each for each in await self.database.read(destinations.standings) if each.destination.name == name)

    async def live_through(self, hours: float, sender: Sender) -> None:
        """Let the clock of the service run so long: every try comes when it is due."""
        until = self.clock.now + round(hours * HOUR_MS)
        while self.clock.now < until:
            await sender.send_all_due()
            self.clock.now = min([until, *(at for at in await self._next() if at > self.clock.now)])
        await sender.send_all_due()

    async def _next(self) -> list[int]:
        def script() -> Script[list[int]]:
            at = yield Fetch("SELECT next_at FROM destination UNION SELECT next_at FROM delivery")
            return [row[0] for row in at.rows if row[0] is not None]

        return await self.database.read(script)


@asynccontextmanager
async def a_scene(database: Database, keys: KeyRing, responses: int = 4) -> AsyncIterator[Scene]:
    """Publish the survey with responses `r1`, `r2` ... and a `trial`, and open a receiver for their events."""
    clock = Clock()
    async with FakeReceiver(clock) as receiver:
        await database.run(publish(STOKE))
        there = [Response(f"r{number}") for number in range(1, responses + 1)]
        await database.run(keep(*there, Response("trial", test=True)))
        scene = Scene(database, keys, receiver, clock, Allowed.read(receiver.url))
        yield scene
        for each in scene.webhooks:
            await each.close()


def _write(rows: Sequence[dict[str, object]]) -> Script[None]:
    yield Many(
        "INSERT INTO event (id, type, at, survey, subject, revision) VALUES (:id, 'response.updated', 0, :survey,"
        " :response, :revision)",
        rows,
    )


async def everybody(scene: Scene, times: int = 3) -> int:
    """Let something happen to every response, again and again; give how many events there are."""
    await scene.happen(*["r1", "r2", "r3", "r4"] * times)
    return 4 * times


def by_response(receiver: FakeReceiver) -> dict[str, list[int]]:
    """List the numbers of the events of each response, each where it came first."""
    found: dict[str, list[int]] = {}
    for each in receiver.taken:
        seqs = found.setdefault(each.body["response"], [])
        if each.body["seq"] not in seqs:
            seqs.append(each.body["seq"])
    return found
