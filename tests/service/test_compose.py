"""The clock that `serve` runs by: however its sender fails or is woken, it rests between two passes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.cli.compose import OUTBOX_REST_SECONDS, OUTBOX_SECONDS, Service, clock_of, service_of, wording
from bot.core.hours import SendingHours
from bot.service.library import Library
from bot.service.outbox import Outbox
from channels.base import Outage
from storage.keys import KeyRing
from storage.script import Database
from tests.playing import shipped
from tests.service.sending import Time

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])


class CountedOutbox(Outbox):
    """An outbox that notes when each pass began. In each it sets `wake`, as a turn does, and may fail."""

    def __init__(self, service: Service, passes: int, error: Exception | None, wake: asyncio.Event) -> None:
        super().__init__(
            service.database,
            service.keys,
            {},
            owner="counted",
            now=Time().now,
            hours=SendingHours(),
            chance=lambda: 0.0,
        )
        self._passes = passes
        self._error = error
        self._wake = wake
        self.began: list[float] = []
        self.is_enough = asyncio.Event()

    async def send_due(self, limit: int = 500) -> int:
        self.began.append(asyncio.get_running_loop().time())
        if len(self.began) == self._passes:
            self.is_enough.set()
        self._wake.set()
        if self._error is not None:
            raise self._error
        return await super().send_due(limit)


@pytest.fixture
async def service(database: Database, keys: KeyRing) -> AsyncIterator[Service]:
    async with service_of(database, keys, {}, wording()) as running:
        yield running


async def pauses(service: Service, outbox: CountedOutbox) -> list[float]:
    """Let the clock run until the outbox has made some passes; give the seconds between them."""
    clock = clock_of(replace(service, outbox=outbox), {}, lambda name: None)
    clock.start()
    async with asyncio.timeout(30):
        await outbox.is_enough.wait()
    await clock.stop()
    return [after - before for before, after in zip(outbox.began, outbox.began[1:], strict=False)]


@pytest.mark.parametrize("error", [None, Outage("Twilio is down"), ValueError("a bug")], ids=["busy", "outage", "bug"])
async def test_a_sender_that_is_woken_without_end_rests_between_its_passes(
    service: Service, error: Exception | None, database_url: str
) -> None:
    outbox = CountedOutbox(service, 5, error, service.inbox.has_queued)
    assert OUTBOX_REST_SECONDS <= min(await pauses(service, outbox)) < OUTBOX_SECONDS


@pytest.mark.parametrize("error", [None, Outage("Twilio is down")], ids=["idle", "outage"])
async def test_a_sender_that_nobody_wakes_looks_only_now_and_then(
    service: Service, error: Exception | None, database_url: str
) -> None:
    outbox = CountedOutbox(service, 2, error, asyncio.Event())
    assert min(await pauses(service, outbox)) >= OUTBOX_SECONDS


def test_help_leads_to_the_surveys_own_page(database: Database) -> None:
    said = replace(wording(), reached_by={"sms": "SMS 07700 900999", "web": "https://bot.example/s/{survey}"})
    ready = Library(database, said).ready(shipped(), ())
    assert ready.reached_by == {"sms": "SMS 07700 900999", "web": f"https://bot.example/s/{shipped().id}"}
