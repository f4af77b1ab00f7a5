"""Residents who text the real server, each reply checked, by the provider's own rule for trying again."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from bench.walk import Step, is_right, walk
from bench.wire import Connection, HungUp, Reply, encode, incoming, request, sign, text_request

TRIES = 200


def new_sid(chance: random.Random) -> str:
    """Make a message id like Twilio's."""
    return f"SM{UUID(int=chance.getrandbits(128)).hex}"


async def send(connection: Connection, sid: str, sender: str, text: str) -> Reply:
    """Let a resident text us once."""
    return await connection.post(text_request(sid, sender, text))


def forged(sid: str, sender: str, text: str) -> bytes:
    """Write a text that somebody signed without knowing the token."""
    fields = incoming(sid, sender, text)
    return request(encode(fields), sign(fields | {"Body": f"{text}?"}))


async def at_once() -> object:
    """Wait for nothing before the next try."""


@dataclass
class Resident:
    """One phone and its way through the survey, over one server or several in turn."""

    number: str
    steps: Sequence[Step]
    chance: random.Random
    ports: Sequence[int]
    until_up: Callable[[], Awaitable[object]] = at_once
    repeats: float = 0.0
    forgeries: float = 0.0
    on_turn: Callable[[], None] = lambda: None
    met: Counter[str] = field(default_factory=Counter)

    async def answer_everything(self) -> None:
        """Go from the keyword to the thanks. Fails at the first reply that is not the one to expect."""
        connections = [Connection(port) for port in self.ports]
        try:
            for turn, step in enumerate(self.steps):
                await self._answer(connections[turn % len(connections)], turn, step)
        finally:
            for connection in connections:
                connection.close()

    async def say(self, sid: str, step: Step) -> None:
        """Send one text until it is answered, over a line of its own. Fails if the reply is not the one to expect."""
        connection = Connection(self.ports[0])
        try:
            reply = await self._until_answered(connection, sid, step.text)
        finally:
            connection.close()
        assert is_right(step, reply.text), (self.number, step, reply.text)

    async def _answer(self, connection: Connection, turn: int, step: Step) -> None:
        if self.chance.random() < self.forgeries:
            await self._forge(connection, step)
        sid = new_sid(self.chance)
        reply = await self._until_answered(connection, sid, step.text)
        assert is_right(step, reply.text), (self.number, turn, step, reply.text)
        self.on_turn()
        if self.chance.random() < self.repeats:
            again = await self._until_answered(connection, sid, step.text)
            assert again.body == reply.body, (self.number, turn, again.text)
            self.met["repeated"] += 1

    async def _until_answered(self, connection: Connection, sid: str, text: str) -> Reply:
        """Do as the provider does: the same message again until somebody says 200."""
        for _ in range(TRIES):
            try:
                reply = await send(connection, sid, self.number, text)
            except HungUp:
                self.met["hung up"] += 1
                await self.until_up()
                continue
            if reply.status == 200:
                return reply
            assert reply.status >= 500, reply
            await self.until_up()
        raise AssertionError(f"{TRIES} tries, and {sid} was never taken in")

    async def _forge(self, connection: Connection, step: Step) -> None:
        """Pretend to be this resident: refused, or not heard at all while the server is down."""
        try:
            reply = await connection.post(forged(new_sid(self.chance), self.number, step.text))
        except HungUp:
            await self.until_up()
            return
        assert reply.status == 403, reply
        self.met["forged"] += 1


async def everybody_answers(residents: Sequence[Resident]) -> Counter[str]:
    """Let them all answer at the same time; say what they met with."""
    async with asyncio.TaskGroup() as together:
        for resident in residents:
            together.create_task(resident.answer_everything())
    return sum((resident.met for resident in residents), Counter())


def make_residents(count: int, seed: int, *ports: int, **habits: object) -> list[Resident]:
    """Make residents in Ofcom's drama range, each with a way and a fate of its own."""
    return [
        Resident(
            f"+447700900{n:03d}",
            walk(random.Random(f"{seed}, way {n}")),
            random.Random(f"{seed}, fate {n}"),
            ports,
            **habits,  # type: ignore[arg-type]  # the fields of Resident
        )
        for n in range(count)
    ]


class Walker(Protocol):
    """Whoever goes a way through the survey."""

    @property
    def steps(self) -> Sequence[Step]:
        """What is texted, and what must be shown and exported of it."""
        ...


def assert_exported(rows: Sequence[Mapping[str, str]], residents: Sequence[Walker]) -> None:
    """Hold the export against what was texted: a whole row for each resident, exact, and no other row."""
    assert {row["status"] for row in rows} == {"complete"}
    found = Counter(tuple(row[name] for name in columns(residents[0].steps)) for row in rows)
    assert found == Counter(tuple(expected_cells(resident.steps).values()) for resident in residents)


def columns(steps: Sequence[Step]) -> list[str]:
    """Name the export's columns that a whole way through fills."""
    return list(expected_cells(steps))


def expected_cells(steps: Sequence[Step]) -> dict[str, str]:
    """Return the cells that the export must show of a whole way through, with their states."""
    cells = {step.column: step.value for step in steps if step.column}
    return cells | {f"{column}__state": "answered" for column in cells}
