"""Inbound turns: how many, how soon, at what cost, at 1, 16 and 64 texts in flight, beside the bare durable limit."""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import bare_limit
from bench.driver import Crowd, Load, Texters, drive
from bench.serving import MAIN, Server, environment, free_port, serving
from bench.walk import Step, walk

CONCURRENT = (1, 16, 64)
BARE = "bare durable limit"
WAYS = 32
WARM_UP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of load: against which server, over how many stored answers, in which round."""

    server: str
    answers: int
    concurrency: int
    round: int
    load: Load

    @property
    def case(self) -> tuple[str, str]:
        """Name what was measured, and how much at once."""
        name = f"{self.server}, {self.answers:,} answers" if self.answers else self.server
        return name, str(self.concurrency)


@dataclass(frozen=True, slots=True)
class Target:
    """A running server and the residents that it answers."""

    name: str
    answers: int
    server: Server
    crowd: Crowd


async def measure(
    folder: Path, databases: Mapping[int, str], *, rounds: int, seconds: float
) -> AsyncGenerator[Measured]:
    """Measure in rounds, every server once in each, so that a change of the machine's mood meets them all alike.

    `databases` are URLs by how many answers they hold.
    """
    async with AsyncExitStack() as stack:
        targets = [await stack.enter_async_context(bare(folder))]
        for answers, url in databases.items():
            targets.append(await stack.enter_async_context(earshot(folder, answers, url)))
        for target in targets:
            await drive(target.server, target.crowd, max(CONCURRENT), WARM_UP_SECONDS)
        for number in range(1, rounds + 1):
            for concurrency in CONCURRENT:
                for target in targets:
                    load = await drive(target.server, target.crowd, concurrency, seconds)
                    yield Measured(target.name, target.answers, concurrency, number, load)


@asynccontextmanager
async def earshot(folder: Path, answers: int, url: str) -> AsyncIterator[Target]:
    """Run the real server over a database that holds so many answers."""
    chance = random.Random(answers)
    ways = [walk(chance) for _ in range(WAYS)]
    async with serving(url, folder / f"serve-{answers}") as server:
        yield Target("earshot", answers, server, Texters(ways, chance))


@asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[Target]:
    """Run the bare durable limit over a new database."""
    settings = environment("", BARE_DATABASE=str(folder / "bare.db"))
    port = free_port()
    options = ("--port", str(port), "--no-access-log", "--log-level", "warning", "--lifespan", "off")
    command = ("-m", "uvicorn", "--app-dir", MAIN.parent, "bench.bare_limit:app", *options)
    server = Server(command, settings, folder, port)
    await server.start()
    shows = [bare_limit.shown(at) for at in range(bare_limit.QUESTIONS + 1)]
    texts = [step.text for step in walk(random.Random(0))]
    way = tuple(Step(text, show) for text, show in zip(texts, shows, strict=True))
    try:
        yield Target(BARE, 0, server, Texters([way], random.Random(1)))
    finally:
        await server.stop()
