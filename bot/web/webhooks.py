"""The providers' webhooks, as plain ASGI: this is the hot path, and a framework's routing costs as much as a turn.

A request is believed only when its channel says so. 200 goes out after the message is on disk, never before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog
from starlette.types import Receive, Scope, Send

from bot.web.metrics import Metrics
from channels.base import Channel, Inbound, Outbound, Receipt, Refused, Request
from storage.errors import Unavailable
from storage.turns import Busy

MAX_BODY = 128 * 1024
"""Bytes. Twilio's largest form is under 16 KiB. Telegram writes letters beyond ASCII as six bytes each, and repeats the
message that is replied to: two of the longest, 4,096 letters of Urdu, are 48 KiB, and their formatting comes on top."""
BODY_SECONDS = 10.0

log = structlog.get_logger()


class TakesMessages(Protocol):
    """What takes messages in: `bot.service.inbox.Inbox`."""

    async def handle(self, inbound: Inbound) -> tuple[Outbound, ...]:
        """Take one message in and return the replies."""
        ...


KeepReceipt = Callable[[Receipt], Awaitable[None]]


class TooLarge(Exception):
    """The body is larger than any message."""


class Webhooks:
    """An ASGI application for `/channels/...`: one path for messages and one for delivery reports per channel."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        inbox: TakesMessages,
        keep_receipt: KeepReceipt,
        metrics: Metrics,
        now: Callable[[], int],
    ) -> None:
        self._inbox = inbox
        self._keep_receipt = keep_receipt
        self._metrics = metrics
        self._now = now
        self._routes: dict[str, tuple[Channel, bool]] = {}
        for name, channel in channels.items():
            self._routes[f"/channels/{name}"] = (channel, False)
            self._routes[f"/channels/{name}/status"] = (channel, True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = self._routes.get(scope["path"])
        if route is None:
            await respond(send, 404, b"There is no such channel here.\n")
            return
        if scope["method"] != "POST":
            await respond(send, 405, b"Providers post here.\n", [(b"allow", b"POST")])
            return
        channel, is_receipt = route
        began = time.perf_counter()
        status = 500
        try:
            request = await _read(scope, receive, self._now())
            if is_receipt:
                for receipt in channel.receipts(request):
                    await self._keep_receipt(receipt)
                status = 204
                await respond(send, 204, b"")
            else:
                replies = [reply for inbound in channel.receive(request) for reply in await self._inbox.handle(inbound)]
                answer = channel.answer(tuple(replies))
                status = 200
                await respond(send, 200, answer.body, [(b"content-type", answer.media_type.encode())])
        except Refused as refusal:
            status = refusal.status
            log.warning("webhook refused", channel=channel.name, status=status, reason=str(refusal))
            await respond(send, status, b"Refused.\n")
        except TooLarge:
            status = 413
            log.warning("webhook refused", channel=channel.name, status=413, reason="the body is over 128 KiB")
            await respond(send, 413, b"Too large.\n", [(b"connection", b"close")])
        except (Busy, Unavailable) as reason:
            status = 503  # the reason is in our words and the engine's own, and holds nothing of the message
            log.warning("webhook put off", channel=channel.name, status=503, reason=str(reason))
            await respond(send, 503, b"Busy.\n", [(b"retry-after", b"1")])
        except Exception as problem:
            # A bug or a failing disk: the provider hears 500, and the message, if kept, runs again (invariant 2).
            log.error("webhook failed", channel=channel.name, problem=type(problem).__name__)
            await respond(send, 500, b"Failed.\n")
        finally:
            self._metrics.webhook(channel.name, "status" if is_receipt else "message", status, began)


async def _read(scope: Scope, receive: Receive, at: int) -> Request:
    """Read the whole request. Raises TooLarge, and Refused for one that ends or dawdles midway."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if int(headers.get("content-length", "0") or "0") > MAX_BODY:
        raise TooLarge
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read_body(receive)
    except TimeoutError:
        raise Refused(408, "the body did not arrive in time") from None
    query = scope["query_string"]
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = f"{raw_path.decode('latin-1')}?{query.decode('latin-1')}" if query else raw_path.decode("latin-1")
    return Request(path=path, headers=headers, body=body, at=at)


async def _read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the caller went away")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise TooLarge
        if not message.get("more_body"):
            return b"".join(parts)


async def respond(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """Send one whole response."""
    every = [*(headers or []), (b"content-length", str(len(body)).encode())]
    if status == 204:
        every = []
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": body})
