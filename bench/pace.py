"""Whole turns at a pace that Telegram bears: from the update until the next question is in the resident's chat."""

import asyncio
import time
from collections.abc import Sequence

from bench.driver import Crowd, Load, measured, own_cpu, wrong
from bench.loopback_telegram import LoopbackTelegram
from bench.serving import Server
from bench.wire import Connection

PER_SECOND = 20
"""Updates a second. A bot may send 30 messages a second in all: core.telegram.org/bots/faq."""
RESIDENTS = 64
"""So many take turns, so that each hears from the bot every three seconds; it may write to one chat once a second."""
SECONDS = 20.0
"""How long a question may take by default. After that the turn was dropped, and the run fails."""


async def keep_pace(
    server: Server, crowd: Crowd, telegram: LoopbackTelegram, seconds: float, *, patience: float = SECONDS
) -> Load:
    """Post so many updates a second for so long. Raises WrongReply, in a group of exceptions."""
    turns = max(2, int(PER_SECOND * seconds))
    lines = [Connection(server.port) for _ in range(min(RESIDENTS, turns))]
    took: list[float] = []
    cpu, own, began = server.cpu_seconds(), own_cpu(), time.perf_counter()
    try:
        async with asyncio.TaskGroup() as together:
            for place, line in enumerate(lines):
                due = [began + number / PER_SECOND for number in range(place, turns, RESIDENTS)]
                together.create_task(_take_turns(line, crowd, telegram, due, took, patience))
    finally:
        for line in lines:
            line.close()
    return measured(server, took, time.perf_counter() - began, server.cpu_seconds() - cpu, own_cpu() - own)


async def _take_turns(
    line: Connection, crowd: Crowd, telegram: LoopbackTelegram, due: Sequence[float], took: list[float], patience: float
) -> None:
    resident = crowd.arrive()
    for when in due:
        await asyncio.sleep(max(0.0, when - time.perf_counter()))
        began = time.perf_counter()
        asked = telegram.next_in(int(resident.number))
        reply = await line.post(crowd.text(resident))
        try:
            async with asyncio.timeout(patience):
                await asked
        except TimeoutError:
            raise wrong(resident, reply.status, "") from None
        took.append(time.perf_counter() - began)
        crowd.check(resident, reply)
        resident.at += 1
        if resident.at == len(resident.steps):
            resident = crowd.arrive()
