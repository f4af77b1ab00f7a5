"""What waits for a bot at the fake Telegram, and who may fetch it: one poller, or one webhook, never both."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_KEPT = timedelta(hours=24)
_RENUMBERED_AFTER = timedelta(days=7)
# Sent only where they are asked for by name.
_NOT_BY_DEFAULT = ("chat_member", "message_reaction", "message_reaction_count")
# The server answers an offset beyond this from the head of its queue (tdlib: "Specified from_id is in the future").
_FUTURE = 10


class Refusal(Exception):
    """The Bot API's own "no", with its words."""

    def __init__(self, status: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after

    def as_json(self) -> dict[str, object]:
        body: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


@dataclass
class Waiting:
    """One update that nobody has confirmed."""

    update: dict[str, Any]
    since: datetime

    @property
    def id(self) -> int:
        number: int = self.update["update_id"]
        return number


@dataclass
class UpdateQueue:
    """The updates of one bot, oldest first, kept for a day. `allowed` is empty while nobody has asked for less."""

    now: Callable[[], datetime]
    waiting: list[Waiting] = field(default_factory=list)
    allowed: tuple[str, ...] = ()
    next_id: int = 1000

    def __post_init__(self) -> None:
        self._newest: datetime | None = None
        self._came = asyncio.Event()
        self.is_asked = asyncio.Event()  # set while a poll waits
        self._poller: asyncio.Future[None] | None = None

    def put(self, kind: str, body: dict[str, Any]) -> Waiting | None:
        """Keep an update, unless the bot has asked not to have its kind."""
        wanted = kind in self.allowed if self.allowed else kind not in _NOT_BY_DEFAULT
        if not wanted:
            return None
        now = self.now()
        if self._newest is not None and now - self._newest >= _RENUMBERED_AFTER:
            self.next_id //= 2  # after a silent week the next number is any number, so a lower one too
        self._newest = now
        one = Waiting({"update_id": self.next_id, kind: body}, now)
        self.next_id += 1
        self.waiting.append(one)
        self._came.set()
        return one

    def done(self, one: Waiting) -> None:
        self.waiting.remove(one)

    def head(self) -> list[Waiting]:
        """Give all that is not too old."""
        oldest = self.now() - _KEPT
        self.waiting = [one for one in self.waiting if one.since > oldest]
        return self.waiting

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """Answer getUpdates: confirm what stands before the offset, and wait if nothing is left. Raises Refusal."""
        self.interrupt("terminated by other getUpdates request; make sure that only one bot instance is running")
        poller = self._poller = asyncio.get_running_loop().create_future()
        self._confirm(offset)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.head() and loop.time() < until:
            self._came.clear()
            self.is_asked.set()
            came = asyncio.ensure_future(self._came.wait())
            await asyncio.wait({came, poller}, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            came.cancel()
            if poller.done():
                poller.result()
        self._poller = None
        self.is_asked.clear()
        return [one.update for one in self.head()[:limit]]

    def interrupt(self, reason: str) -> None:
        """End a poll that is under way with a conflict."""
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(Refusal(409, f"Conflict: {reason}"))
        self._poller = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.waiting = self.head()[offset:]
        elif 0 < offset <= self.next_id + _FUTURE:
            self.waiting = [one for one in self.head() if one.id >= offset]
