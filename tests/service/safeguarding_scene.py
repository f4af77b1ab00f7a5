"""Residents who speak of danger, the lead's queue, and ways to be told that keep what they were given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.core.danger import Watch
from bot.service.alerting import AlertFailed
from bot.service.danger_files import load_danger
from bot.service.safeguarding import Alerts, Safeguarding
from storage.keys import KeyRing
from storage.script import Database
from storage.transcribing import Hand
from tests.service.privacy_scene import Town, town

WATCH = Watch(load_danger(), ("116 123",))
DANGER = "My husband hits me, he said he will kill me"
LINK = "https://earshot.example/staff/safeguarding"
AMINA, BEN = Hand("staff-1", "amina"), Hand("staff-2", "ben")


class Told:
    """A way to tell the lead that keeps every link it was given; it refuses while `problem` is set."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.problem = ""

    async def send(self, link: str) -> None:
        if self.problem:
            raise AlertFailed(self.problem)
        self.links.append(link)


class Watched:
    """One town with its queue and its alerts, all on the town's clock."""

    def __init__(self, running: Town) -> None:
        self.town = running
        self.queue = Safeguarding(running.database, running.keys, now=self.now)
        self.told = Told()
        self.alerts = Alerts(running.database, [self.told], link=LINK, remind_hours=4, now=self.now)

    def now(self) -> int:
        return self.town.now

    def wait(self, *, hours: float = 0, minutes: float = 0) -> None:
        self.town.now += int((hours * 60 + minutes) * 60_000)

    async def flagged(self) -> list[str]:
        """Give the ids of all flags, oldest first."""
        return await self.town.column("SELECT id FROM flag ORDER BY flagged_at, id")

    async def audit(self) -> list[tuple[str, str]]:
        return [(who, action) for who, action in await self.town.rows("SELECT who, action FROM audit ORDER BY id")]


@asynccontextmanager
async def watched(database: Database, keys: KeyRing) -> AsyncIterator[Watched]:
    """Run the server with the phrases that ship."""
    async with town(database, keys, watch=WATCH) as running:
        yield Watched(running)
