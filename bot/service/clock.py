"""The clock: runs the jobs that main hands it, each every so often, until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.service.suppression import LedgerProblem
from channels.base import Outage
from storage.errors import Unavailable, WrongSecret
from storage.turns import Busy

log = structlog.get_logger()

_OURS = (Outage, LedgerProblem, Unavailable, Busy, WrongSecret)
"""Errors whose text is our own: it says what is wrong, and holds nothing that a resident wrote."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again. `every_seconds` is the pause after it has ended, so it never overlaps itself.

    `wake` ends the pause early whenever it is set. `is_cut_short` is for what only waits: a stop does not wait for it.
    Between two runs lie `rest_seconds` at the least, however often it is woken.
    """

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[object]]
    wake: asyncio.Event | None = None
    is_cut_short: bool = False
    rest_seconds: float = 0.0


class Clock:
    """Runs jobs side by side. A job that raises is logged, by name and kind of error, and runs again."""

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        grace_seconds: float = 35.0,
    ) -> None:
        """Take the jobs. `grace_seconds` is how long a running job may still take once `stop` is called."""
        self._jobs = tuple(jobs)
        self._sleep = sleep
        self._grace = grace_seconds
        self._stopping = asyncio.Event()
        self._running: tuple[asyncio.Task[None], ...] = ()

    def start(self) -> None:
        """Run every job now, and from then on every so often."""
        self._running = tuple(asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs)

    async def stop(self) -> None:
        """Begin nothing more, and wait for what is running; what takes longer than the grace is cancelled."""
        self._stopping.set()
        if not self._running:
            return
        for job, task in zip(self._jobs, self._running, strict=True):
            if job.is_cut_short:
                task.cancel()
        _, late = await asyncio.wait(self._running, timeout=self._grace)
        for task in late:
            log.warning("job_cancelled", job=task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _repeat(self, job: Job) -> None:
        while not self._stopping.is_set():
            try:
                await job.run()
            except Exception as error:
                reason = {"reason": str(error)} if isinstance(error, _OURS) else {}
                log.error("job_failed", job=job.name, error=type(error).__name__, **reason)
            await self._pause(job)

    async def _pause(self, job: Job) -> None:
        if job.rest_seconds:
            await self._until_the_first_of(self._sleep(job.rest_seconds))
        if job.wake is None:
            await self._until_the_first_of(self._sleep(job.every_seconds))
        else:
            await self._until_the_first_of(self._sleep(job.every_seconds), job.wake.wait())
            job.wake.clear()

    async def _until_the_first_of(self, *ends: Awaitable[object]) -> None:
        """Wait for one of these, or for the stop."""
        waits = {asyncio.ensure_future(end) for end in (*ends, self._stopping.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
