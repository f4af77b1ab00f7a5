"""Somebody else's webhook on loopback: takes events as Standard Webhooks says, and has its bad days.

    async with FakeReceiver(clock) as receiver:
        receiver.secrets = [secret]               # checked by the package `standardwebhooks`
        receiver.fail_next(Answer(503), Hang())   # what the next requests meet
        receiver.answer = lambda event: Answer(422) if event["seq"] == 3 else None   # ... or always
        receiver.is_down = True                   # hangs up on everybody
        receiver.gathers = asyncio.Barrier(3)     # answers nobody before three are there
        assert receiver.seqs == [1, 2, 3]         # what it has taken, in the order of its coming

What it does not believe, because a signature is wrong or too old, it answers with 401.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.fakes import loopback
from tests.fakes.twilio import Hang

TOLERANCE_SECONDS = 300


@dataclass(frozen=True)
class Answer:
    """Take nothing, and answer so."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HangUpAfter:
    """Take it, and hang up without a word: the sender cannot know."""


Fault = Answer | Hang | HangUpAfter


@dataclass(frozen=True)
class Taken:
    """One event as it came."""

    id: str
    at: int
    body: dict[str, Any]


@dataclass
class FakeReceiver:
    """See the module. Without a `clock` (epoch milliseconds) the time is the real one."""

    clock: Callable[[], int] | None = None
    secrets: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    letters: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    """What came, as it came: body and headers."""
    refused: list[str] = field(default_factory=list)
    is_down: bool = False
    answer: Callable[[dict[str, Any]], Fault | None] = lambda event: None
    on_request: Callable[[], None] = lambda: None
    requests: int = 0
    gathers: asyncio.Barrier | None = None
    _faults: deque[Fault] = field(default_factory=deque)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> "FakeReceiver":
        api = web.Application()
        api.router.add_post("/{path:.*}", self._post)
        api.router.add_get("/{path:.*}", self._get)
        self._runner, self.url = await loopback.serve(api)
        return self

    async def __aexit__(self, *problem: object) -> None:
        self._released.set()
        await self._runner.cleanup()

    def fail_next(self, *faults: Fault) -> None:
        """Spoil the next requests."""
        self._faults.extend(faults)

    def fail_no_more(self) -> None:
        """Spoil none."""
        self._faults.clear()

    @property
    def seqs(self) -> list[int]:
        """The numbers of the events it has taken, in the order of their coming."""
        return [each.body["seq"] for each in self.taken]

    async def until_asked(self) -> None:
        """Wait until there is a first request."""
        await self._asked.wait()

    async def _get(self, request: web.Request) -> web.Response:
        self.refused.append("GET")
        return web.Response(status=200)

    async def _post(self, request: web.Request) -> web.Response:
        self.requests += 1
        content = await request.read()
        if self.gathers is not None:
            await self.gathers.wait()
        self.letters.append((content, dict(request.headers)))
        self.on_request()
        self._asked.set()
        event = json.loads(content)
        fault = self._faults.popleft() if self._faults else self.answer(event)
        if self.is_down:
            return _hang_up(request)
        match fault:
            case Answer(status, headers):
                return web.Response(status=status, headers=dict(headers))
            case Hang():
                await self._released.wait()
                return web.Response(status=503)
            case _:
                return self._take(request, content, event, is_silent=fault is not None)

    def _take(self, request: web.Request, content: bytes, event: dict[str, Any], *, is_silent: bool) -> web.Response:
        headers = dict(request.headers)
        try:
            for secret in self.secrets:
                self._believer(secret).verify(content, headers)
        except WebhookVerificationError as doubt:
            self.refused.append(str(doubt))
            return web.Response(status=401)
        self.taken.append(Taken(headers["webhook-id"], int(headers["webhook-timestamp"]), event))
        return _hang_up(request) if is_silent else web.Response(status=204)

    def _believer(self, secret: str) -> Webhook:
        return Webhook(secret) if self.clock is None else _AtTime(secret, self.clock)


class _AtTime(Webhook):
    """The package's own check of the signature, at another time than now."""

    def __init__(self, secret: str, clock: Callable[[], int]) -> None:
        super().__init__(secret)
        self._clock = clock

    def _Webhook__verify_timestamp(self, header: str) -> datetime:  # noqa: N802 - the name Python gives it
        if abs(int(header) - self._clock() / 1000) > TOLERANCE_SECONDS:
            raise WebhookVerificationError("Message timestamp too old or too new")
        return datetime.fromtimestamp(int(header), tz=UTC)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
