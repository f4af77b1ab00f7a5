"""A Telegram channel and the fake it speaks to, updates as Telegram posts them, and a bot that only listens."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2

from channels.base import Inbound, Option, Outbound, Refused, Request
from channels.telegram import TelegramChannel
from tests.channels.webhooks import NOON
from tests.fakes.telegram import TOKEN, FakeTelegram

SECRET = "example-secret_1"
WEBHOOK = "https://bot.example/channels/telegram"
BOT_ID = TOKEN.split(":")[0]
RESIDENT = 5_700_900_123
"""No phone number: Telegram's ids are numbers of their own."""
MESSAGE = Outbound(
    id="0190-a",
    address=str(RESIDENT),
    our_address=BOT_ID,
    text="Do you feel safe? 1/9",
    options=(Option("m.1.1", "Yes"), Option("m.1.2", "No")),
)


def noon() -> datetime:
    """Say that it is 1 January 2026, 12:00 UTC."""
    return datetime.fromtimestamp(NOON / 1000, UTC)


def telegram_channel(
    *,
    token: str = TOKEN,
    webhook_secret: str = SECRET,
    api_base_url: str = "",
    timeout: float = 15.0,
    poll_seconds: int = 0,
    clock: Callable[[], int] = lambda: NOON,
) -> TelegramChannel:
    """Set a channel up for the fake's bot."""
    return TelegramChannel(
        token=token,
        webhook_secret=webhook_secret,
        api_base_url=api_base_url,
        timeout=timeout,
        poll_seconds=poll_seconds,
        clock=clock,
    )


@asynccontextmanager
async def talking(
    *, token: str = TOKEN, seconds: float = 15.0, poll_seconds: int = 0
) -> AsyncIterator[tuple[FakeTelegram, TelegramChannel]]:
    """Give a fake in which a resident has pressed Start, and a channel that speaks to it."""
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, started=True)
        channel = telegram_channel(token=token, api_base_url=telegram.url, timeout=seconds, poll_seconds=poll_seconds)
        try:
            yield telegram, channel
        finally:
            await channel.close()


def fields_of(telegram: FakeTelegram, method: str) -> list[dict[str, str]]:
    """Give the fields of every call of a method."""
    return [fields for name, fields in telegram.requests if name == method]


async def call(telegram: FakeTelegram, method: str, **fields: Any) -> tuple[int, str]:
    """Call a method as a form; give the status and what Telegram says to it."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{telegram.url}/bot{TOKEN}/{method}", data=fields)
    return response.status_code, response.json().get("description", "")


def posted(update: Mapping[str, Any], secret: str | None = SECRET) -> Request:
    """Make the request that Telegram would post."""
    headers = {"content-type": "application/json"}
    if secret is not None:
        headers["x-telegram-bot-api-secret-token"] = secret
    return Request("/channels/telegram", headers, json.dumps(update).encode(), at=NOON)


def message(update_id: int = 12, *, chat_type: str = "private", **content: Any) -> dict[str, Any]:
    """Write an update with a message of a resident's, names and all."""
    chat_id = RESIDENT if chat_type == "private" else -1_001_234_567_890
    sender = {
        "id": RESIDENT,
        "is_bot": False,
        "first_name": "Zofia",
        "username": "zofia_example",
        "language_code": "pl",
    }
    return {
        "update_id": update_id,
        "message": {
            "message_id": 3,
            "from": sender,
            "chat": {"id": chat_id, "type": chat_type, "first_name": "Zofia", "username": "zofia_example"},
            "date": NOON // 1000 - 5,
            **content,
        },
    }


class Listener:
    """An ASGI app that keeps what a channel hears; it can be broken for the next few requests."""

    def __init__(self, channel: TelegramChannel) -> None:
        self.channel = channel
        self.heard: list[Inbound] = []
        self.broken_for = 0

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, body = self._respond(Request(scope["path"], headers, (await receive())["body"], at=NOON))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    def _respond(self, request: Request) -> tuple[int, bytes]:
        if self.broken_for:
            self.broken_for -= 1
            return 500, b""
        try:
            self.heard += self.channel.receive(request)
        except Refused as refusal:
            return refusal.status, b""
        return 200, self.channel.answer(()).body
