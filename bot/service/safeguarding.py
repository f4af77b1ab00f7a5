"""The safeguarding queue: what the lead is told, and what they do about it. Software flags, a person decides.

Alerts go out at least once: a crash between sending and noting it sends another, and nothing ends them but opening.
"""

from collections.abc import Callable, Sequence

import structlog
from cryptography.exceptions import InvalidTag
from msgspec import Struct

from bot.service.alerting import AlertFailed, AlertWay
from storage import safeguarding
from storage.errors import UnknownKey
from storage.installation import is_demo
from storage.keys import KeyRing
from storage.safeguarding import Flag, Listed, Outcome
from storage.script import Database, Script
from storage.transcribing import Hand

log = structlog.get_logger()

PAGE = "/staff/safeguarding"
HOUR_MS = 60 * 60 * 1000
TRY_AGAIN_MS = 5 * 60 * 1000
"""An alert that did not go out is tried again after this; so is one in whose middle we were killed."""


class Alerts:
    """Tells the lead of what nobody has opened, and again after some hours. One per process; several never both send.

    `now` is epoch milliseconds UTC.
    """

    def __init__(
        self,
        database: Database,
        ways: Sequence[AlertWay],
        *,
        link: str,
        remind_hours: int,
        now: Callable[[], int],
    ) -> None:
        self._database = database
        self._ways = ways
        self._link = link
        self._again_ms = remind_hours * HOUR_MS
        self._now = now

    async def send_due(self) -> bool:
        """Send one alert for all that waits; say whether one went out. A failure is noted for `doctor`, and logged."""
        if not self._ways:
            return False
        now = self._now()
        due = await self._database.run(lambda: safeguarding.claim(now, now + TRY_AGAIN_MS, include_test=False))
        if not due:
            return False
        problems = [problem for way in self._ways if (problem := await self._try(way))]
        if len(problems) == len(self._ways):
            await self._database.run(lambda: safeguarding.not_told(due, "; ".join(problems)))
            return False
        dead = f"{'; '.join(problems)}, though another way went through" if problems else ""
        await self._database.run(lambda: safeguarding.told(due, self._now() + self._again_ms, dead))
        return True

    async def _try(self, way: AlertWay) -> str:
        """Try one way; say what went wrong, or nothing."""
        try:
            await way.send(self._link)
        except AlertFailed as failure:
            log.error("alert not sent", reason=str(failure))
            return str(failure)
        return ""


class Queue(Struct, frozen=True):
    """What the list shows: how many flags have no outcome, and the flags."""

    open: int
    flags: Sequence[Listed]


class Safeguarding:
    """The queue, for those who hold the safeguarding role. Every look and every step is in the audit log.

    The flags of trials are shown in a demo's database alone. `now` is epoch milliseconds UTC.
    """

    def __init__(self, database: Database, keys: KeyRing, *, now: Callable[[], int]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    async def queue(self, hand: Hand) -> Queue:
        """List the flags, without a word of what was written."""
        now = self._now()

        def script() -> Script[Queue]:
            include_test = yield from is_demo()
            return Queue(*(yield from safeguarding.listed(hand, now, include_test=include_test)))

        return await self._database.run(script)

    async def open(self, flag_id: str, hand: Hand) -> Flag | None:
        """Open one flag, with the words; None where there is no such flag."""
        now = self._now()

        def script() -> Script[Flag | None]:
            include_test = yield from is_demo()
            return (yield from safeguarding.open_flag(flag_id, hand, now, include_test=include_test))

        return await self._database.run(script)

    async def acknowledge(self, flag_id: str, hand: Hand) -> bool:
        """Say that somebody sees to it; False where somebody did already."""
        now = self._now()
        return await self._database.run(lambda: safeguarding.acknowledge(flag_id, hand, now))

    async def conclude(self, flag_id: str, outcome: Outcome, note: str, hand: Hand, *, seen: int | None) -> bool:
        """Write down what came of it, with a note; False where there is no such flag, or a newer outcome than `seen`.

        `seen` is when the outcome was written that they had before their eyes; None for none.
        """
        now = self._now()
        return await self._database.run(lambda: safeguarding.conclude(flag_id, outcome, note, hand, now, seen=seen))

    async def ask(self, flag_id: str, reason: str, hand: Hand) -> bool:
        """Ask to see the address that the message came from; somebody else of the role must grant it."""
        now = self._now()
        return await self._database.run(lambda: safeguarding.ask(flag_id, reason, hand, now))

    async def grant(self, flag_id: str, hand: Hand, *, seen: int) -> bool:
        """Grant for a day what was asked for at `seen`; False for whoever asked, and where that is not asked for."""
        now = self._now()
        return await self._database.run(lambda: safeguarding.grant(flag_id, hand, now, seen=seen))

    async def address(self, flag_id: str, hand: Hand) -> str:
        """Give the address, if it is granted and still kept; else nothing."""
        now = self._now()
        sealed = await self._database.run(lambda: safeguarding.address(flag_id, hand, now))
        if sealed is None:
            return ""
        try:
            return self._keys.decrypt(sealed.address_encrypted, sealed.contact_id, sealed.key_id)
        except (UnknownKey, InvalidTag):  # another process has made new keys: the row has changed too
            await self._keys.reload(self._database)
            again = await self._database.run(lambda: safeguarding.address(flag_id, hand, now))
            return self._keys.decrypt(again.address_encrypted, again.contact_id, again.key_id) if again else ""
