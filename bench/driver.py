"""Many residents texting at once, every reply checked, with little CPU of its own: it shares the server's machine."""

import asyncio
import random
import resource
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.serving import Server
from bench.walk import Step, is_right
from bench.wire import Connection, Reply, TextWriter

RESIDENTS_EACH = 4
"""So many residents take turns on one line: a person's next text comes well after the reply to the last."""


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
class Resident:
    """Somebody on their way through the survey. `newest` is the provider's id of what they wrote last."""

    number: str
    steps: Sequence[Step]
    at: int = 0
    newest: str = ""

    @property
    def step(self) -> Step:
        """Where they stand: what they write, and what must be shown then."""
        return self.steps[self.at]


class Crowd(Protocol):
    """Residents without end, who know what they must be shown. `here` are those on their way, from run to run."""

    here: deque[Resident]

    def arrive(self) -> Resident:
        """Let somebody new take part."""
        ...

    def text(self, resident: Resident) -> bytes:
        """Write the request by which this resident's next text comes in."""
        ...

    def check(self, resident: Resident, reply: Reply) -> None:
        """Hold the reply against what had to come. Raises WrongReply."""
        ...

    def confirm(self) -> None:
        """Prove, after a run, what the replies alone could not. Raises WrongReply."""
        ...


class Texters:
    """They text by SMS, each new one from a number that nobody has had. Numbers begin with +999: no country."""

    def __init__(self, ways: Sequence[Sequence[Step]], chance: random.Random) -> None:
        self.here: deque[Resident] = deque()
        self._ways = ways
        self._chance = chance
        self._numbers = chance.randrange(10**6) * 10**6
        self._sids = chance.getrandbits(60) << 64
        self._write = TextWriter()

    def arrive(self) -> Resident:
        """Let somebody new take part."""
        self._numbers += 1
        return Resident(f"+999{self._numbers:011d}", self._chance.choice(self._ways))

    def text(self, resident: Resident) -> bytes:
        """Write the signed request by which this resident's next text comes in."""
        self._sids += 1
        resident.newest = f"SM{self._sids:032x}"
        return self._write(resident.newest, resident.number, resident.step.text)

    def check(self, resident: Resident, reply: Reply) -> None:
        """Read the TwiML: it must show the next question whole. Raises WrongReply."""
        if reply.status != 200 or not is_right(resident.step, reply.text):
            raise wrong(resident, reply.status, reply.text)

    def confirm(self) -> None:
        """Have nothing to add: the reply was the proof."""


def wrong(resident: Resident, status: int, shown: str) -> WrongReply:
    """Say what a resident was shown instead of what had to come."""
    return WrongReply(f"HTTP {status}; text {resident.at} wanted {resident.step.shows!r}, got {shown!r}")


async def drive(server: Server, crowd: Crowd, concurrency: int, seconds: float) -> Load:
    """Keep so many texts in flight for so long. Raises WrongReply, in a group of exceptions or alone."""
    gather(crowd, concurrency * RESIDENTS_EACH)
    lines = [Connection(server.port) for _ in range(concurrency)]
    took: list[float] = []
    cpu, own = server.cpu_seconds(), own_cpu()
    began = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as together:
            for line in lines:
                together.create_task(_keep_texting(line, crowd, began + seconds, took))
    finally:
        for line in lines:
            line.close()
    load = measured(server, took, time.perf_counter() - began, server.cpu_seconds() - cpu, own_cpu() - own)
    crowd.confirm()
    return load


def measured(server: Server, took: Sequence[float], wall: float, cpu: float, own: float) -> Load:
    """Write down a run: what each turn took, and what the whole run took of time and of both ends' CPU, in seconds."""
    cuts = statistics.quantiles(took, n=100)
    return Load(
        turns=len(took),
        turns_per_second=round(len(took) / wall, 1),
        p50_ms=round(cuts[49] * 1000, 2),
        p99_ms=round(cuts[98] * 1000, 2),
        cpu_ms_per_turn=round(cpu / len(took) * 1000, 4),
        driver_cpu_ms_per_turn=round(own / len(took) * 1000, 4),
        memory_mb=round(server.memory_mb("VmRSS"), 1),
        own_memory_mb=round(server.memory_mb("RssAnon"), 1),
    )


def gather(crowd: Crowd, count: int) -> None:
    """See that so many are on their way.

    Those who come together leave early, each after another text. So later every text is as frequent as any other: an
    opening costs another time than an answer, and no run may have more of them than the next.
    """
    for number in range(len(crowd.here), count):
        resident = crowd.arrive()
        resident.steps = resident.steps[: 1 + number % len(resident.steps)]
        crowd.here.append(resident)


async def _keep_texting(line: Connection, crowd: Crowd, until: float, took: list[float]) -> None:
    while (began := time.perf_counter()) < until:
        resident = crowd.here.popleft()
        reply = await line.post(crowd.text(resident))
        took.append(time.perf_counter() - began)
        crowd.check(resident, reply)
        resident.at += 1
        crowd.here.append(resident if resident.at < len(resident.steps) else crowd.arrive())


def own_cpu() -> float:
    """Read the CPU time that this process has used so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
