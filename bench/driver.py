"""Many residents texting at once, every reply checked, with little CPU of its own: it shares the server's machine."""

import asyncio
import random
import resource
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bench.serving import Server, memory_mb
from bench.walk import Step, is_right
from bench.wire import Connection, TextWriter

RESIDENTS_EACH = 16
"""So many residents take turns on one line: a person's next text comes long after the reply to the last."""


class WrongReply(AssertionError):
    """A resident was shown something else than the question that had to come. No figure of such a run counts."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of load measured. Times are milliseconds; CPU is the server's, and the driver's.

    `memory_mb` is all that is in memory (RSS, MiB), the database's mapped pages too; `own_memory_mb` is without them.
    """

    turns: int
    turns_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_turn: float
    driver_cpu_ms_per_turn: float
    memory_mb: float
    own_memory_mb: float


@dataclass(slots=True)
class _Resident:
    number: str
    steps: Sequence[Step]
    at: int = 0


class Crowd:
    """Residents without end, each new one with a number that nobody has had. Numbers begin with +999: no country."""

    def __init__(self, ways: Sequence[Sequence[Step]], chance: random.Random) -> None:
        self._ways = ways
        self._chance = chance
        self._numbers = chance.randrange(10**6) * 10**6
        self._sids = chance.getrandbits(60) << 64
        self._write = TextWriter()

    def arrive(self) -> _Resident:
        """Let somebody new take part."""
        self._numbers += 1
        return _Resident(f"+999{self._numbers:011d}", self._chance.choice(self._ways))

    def text(self, resident: _Resident) -> bytes:
        """Write the signed request by which this resident's next text comes in."""
        self._sids += 1
        return self._write(f"SM{self._sids:032x}", resident.number, resident.steps[resident.at].text)


async def drive(server: Server, crowd: Crowd, concurrency: int, seconds: float) -> Load:
    """Keep so many texts in flight for so long. Raises WrongReply."""
    people = deque(crowd.arrive() for _ in range(concurrency * RESIDENTS_EACH))
    lines = [Connection(server.port) for _ in range(concurrency)]
    took: list[float] = []
    cpu, own = server.cpu_seconds(), _own_cpu()
    began = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as together:
            for line in lines:
                together.create_task(_keep_texting(line, crowd, people, began + seconds, took))
    finally:
        for line in lines:
            line.close()
    wall = time.perf_counter() - began
    cuts = statistics.quantiles(took, n=100)
    return Load(
        turns=len(took),
        turns_per_second=round(len(took) / wall, 1),
        p50_ms=round(cuts[49] * 1000, 2),
        p99_ms=round(cuts[98] * 1000, 2),
        cpu_ms_per_turn=round((server.cpu_seconds() - cpu) / len(took) * 1000, 4),
        driver_cpu_ms_per_turn=round((_own_cpu() - own) / len(took) * 1000, 4),
        memory_mb=round(memory_mb(server.pid, "VmRSS"), 1),
        own_memory_mb=round(memory_mb(server.pid, "RssAnon"), 1),
    )


async def _keep_texting(
    line: Connection, crowd: Crowd, people: deque[_Resident], until: float, took: list[float]
) -> None:
    while (began := time.perf_counter()) < until:
        resident = people.popleft()
        reply = await line.post(crowd.text(resident))
        took.append(time.perf_counter() - began)
        step = resident.steps[resident.at]
        if reply.status != 200 or not is_right(step, reply.text):
            raise WrongReply(f"HTTP {reply.status}; text {resident.at} wanted {step.shows!r}, got {reply.text!r}")
        resident.at += 1
        people.append(resident if resident.at < len(resident.steps) else crowd.arrive())


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
