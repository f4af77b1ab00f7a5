"""The clock runs every job again and again, whatever one of them does."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.service.clock import Clock, Job
from bot.service.suppression import LedgerProblem
from channels.base import Outage
from storage.errors import Unavailable
from storage.turns import Busy


class Turned:
    """A clock that somebody turns: whoever sleeps wakes when enough seconds have gone by."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self.sleepers.append((self.seconds + seconds, event))
        await event.wait()

    async def turn(self, seconds: float) -> None:
        await settle()
        self.seconds += seconds
        for until, event in self.sleepers:
            if until <= self.seconds:
                event.set()
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_each_job_runs_at_once_and_then_at_its_own_pace() -> None:
    ran: list[str] = []
    time = Turned()

    async def often() -> None:
        ran.append("often")

    async def seldom() -> None:
        ran.append("seldom")

    clock = Clock([Job("often", 1, often), Job("seldom", 3, seldom)], sleep=time.sleep)
    clock.start()
    for _ in range(3):
        await time.turn(1)
    assert (ran.count("often"), ran.count("seldom")) == (4, 2)
    await clock.stop()


async def test_a_job_that_raises_is_logged_without_its_words_and_runs_again() -> None:
    runs = 0
    time = Turned()

    async def fails() -> None:
        nonlocal runs
        runs += 1
        raise ValueError("+447700900123 said something")

    clock = Clock([Job("fails", 1, fails)], sleep=time.sleep)
    with capture_logs() as logs:
        clock.start()
        await time.turn(1)
        await time.turn(1)
    assert runs == 3
    assert logs == [{"event": "job_failed", "job": "fails", "error": "ValueError", "log_level": "error"}] * 3
    await clock.stop()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Outage("Telegram does not know the bot: check TELEGRAM_BOT_TOKEN"), id="a provider"),
        pytest.param(LedgerProblem("stops.jsonl is full. Name another file in SUPPRESSION_LEDGER."), id="the ledger"),
        pytest.param(Unavailable("SQLite cannot be used just now: database or disk is full."), id="the database"),
        pytest.param(Busy("1000 writes are waiting for the database."), id="too much at once"),
    ],
)
async def test_what_can_be_mended_is_logged_with_what_to_do(error: Exception) -> None:
    async def fails() -> None:
        raise error

    clock = Clock([Job("fails", 1, fails)], sleep=Turned().sleep)
    with capture_logs() as logs:
        clock.start()
        await settle()
    (entry,) = logs
    assert (entry["event"], entry["error"], entry["reason"]) == ("job_failed", type(error).__name__, str(error))
    await clock.stop()


async def test_a_slow_job_never_overlaps_itself_nor_holds_up_another() -> None:
    running = most = quick_runs = 0
    time = Turned()
    gate = asyncio.Event()

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    async def quick() -> None:
        nonlocal quick_runs
        quick_runs += 1

    clock = Clock([Job("slow", 1, slow), Job("quick", 1, quick)], sleep=time.sleep)
    clock.start()
    for _ in range(5):
        await time.turn(1)
    assert (most, quick_runs) == (1, 6)
    gate.set()
    await clock.stop()


async def test_stopping_lets_a_running_job_finish_and_begins_no_other() -> None:
    finished = 0
    time = Turned()
    gate = asyncio.Event()

    async def slow() -> None:
        nonlocal finished
        await gate.wait()
        finished += 1

    clock = Clock([Job("slow", 1, slow)], sleep=time.sleep)
    clock.start()
    await settle()
    stopping = asyncio.create_task(clock.stop())
    await settle()
    assert not stopping.done()
    gate.set()
    await stopping
    await time.turn(10)
    assert finished == 1


async def test_a_job_that_will_not_end_is_cancelled_after_the_grace() -> None:
    cancelled = False

    async def endless() -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    clock = Clock([Job("endless", 1, endless)], sleep=Turned().sleep, grace_seconds=0)
    clock.start()
    await settle()
    await clock.stop()
    assert cancelled


async def test_a_clock_that_never_started_stops() -> None:
    await Clock([]).stop()


async def test_a_job_that_is_woken_does_not_wait_for_its_time() -> None:
    ran: list[str] = []
    time, wake = Turned(), asyncio.Event()

    async def send() -> None:
        ran.append("send")

    clock = Clock([Job("send", 60, send, wake)], sleep=time.sleep)
    clock.start()
    await settle()
    wake.set()
    await settle()
    assert ran == ["send"] * 2
    assert not wake.is_set()
    await clock.stop()


async def test_a_stop_does_not_wait_for_a_job_that_only_waits() -> None:
    begun = asyncio.Event()

    async def poll() -> None:
        begun.set()
        await asyncio.Event().wait()

    clock = Clock([Job("poll", 1, poll, is_cut_short=True)], grace_seconds=3600)
    clock.start()
    await begun.wait()
    with capture_logs() as logs:
        await clock.stop()
    assert logs == []


async def test_a_job_that_is_woken_again_and_again_rests_between_its_runs() -> None:
    runs = 0
    time = Turned()
    wake = asyncio.Event()

    async def woken() -> None:
        nonlocal runs
        runs += 1

    clock = Clock([Job("woken", 10, woken, wake, rest_seconds=1)], sleep=time.sleep)
    clock.start()
    await settle()
    for _ in range(5):
        wake.set()
        await settle()
    assert runs == 1
    await time.turn(1)
    assert runs == 2
    await time.turn(1)
    await time.turn(9)
    assert runs == 2
    await time.turn(1)
    assert runs == 3
    await clock.stop()
