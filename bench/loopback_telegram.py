"""A lean Telegram on loopback: what a bot under load calls of the Bot API, by hand, so that it costs a driver little.

It refuses what Telegram refuses of those calls, and remembers each refusal: none may come up in a run. The project's
whole fake is `tests/fakes/telegram.py`; it is too slow to stand beside a load.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import parse_qsl

BOT_ID = "4200000001"
TOKEN = f"{BOT_ID}:AAExampleExampleExampleExampleExample"
MOST_TEXT = 4096
"""UTF-16 units; core.telegram.org/bots/api#sendmessage."""

_REQUEST = re.compile(rb"POST /bot([^/ ]+)/(\w+) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Refusal(Exception):
    """A call that Telegram would answer with this status."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


class LoopbackTelegram:
    """Takes the bot's calls. `chats` are those that have written, which alone may be written to."""

    def __init__(self) -> None:
        self.url = ""
        self.chats: set[int] = set()
        self.newest: dict[int, str] = {}
        """The text of the newest message in each chat."""
        self.sent = 0
        self.refusals: list[str] = []
        self._awaited: dict[int, asyncio.Future[str]] = {}

    def next_in(self, chat_id: int) -> "asyncio.Future[str]":
        """Wait for the next message in a chat. One at a time for each."""
        awaited = self._awaited[chat_id] = asyncio.get_running_loop().create_future()
        return awaited

    def answer(self, head: bytes, body: bytes) -> bytes:
        """Answer one request of the bot's."""
        try:
            status, said = 200, {"ok": True, "result": self._result(head, body)}
        except Refusal as refusal:
            self.refusals.append(str(refusal))
            status, said = refusal.status, {"ok": False, "error_code": refusal.status, "description": str(refusal)}
        content = json.dumps(said).encode()
        lines = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        return lines.encode() + content

    def _result(self, head: bytes, body: bytes) -> object:
        asked = _REQUEST.match(head)
        if asked is None or asked[1].decode() != TOKEN:
            raise Refusal(401, "Unauthorized")
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        match asked[2].lower():
            case b"sendmessage":
                return self._send_message(fields)
            case b"editmessagereplymarkup":
                chat_id = self._chat_of(fields)
                return _message(int(fields.get("message_id", "0")), chat_id, self.newest.get(chat_id, ""))
            case b"setwebhook":
                return True
            case other:
                raise Refusal(404, f"Not Found: method {other.decode()}")

    def _send_message(self, fields: dict[str, str]) -> object:
        chat_id, text = self._chat_of(fields), fields.get("text", "")
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) > MOST_TEXT * 2:
            raise Refusal(400, "Bad Request: message is too long")
        self.sent += 1
        self.newest[chat_id] = text
        awaited = self._awaited.pop(chat_id, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(text)
        return _message(self.sent, chat_id, text)

    def _chat_of(self, fields: dict[str, str]) -> int:
        chat_id = int(fields.get("chat_id", "0"))
        if chat_id not in self.chats:
            raise Refusal(400, "Bad Request: chat not found")
        return chat_id


def _message(message_id: int, chat_id: int, text: str) -> dict[str, object]:
    chat = {"id": chat_id, "type": "private"}
    return {"message_id": message_id, "date": int(time.time()), "chat": chat, "text": text}


class _Line(asyncio.Protocol):
    """One connection of the bot's, which may ask again and again."""

    def __init__(self, telegram: LoopbackTelegram) -> None:
        self._telegram = telegram
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        assert self._transport is not None
        self._unread += data
        while True:
            head, found, body = self._unread.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length is not None else 0
            if not found or len(body) < size:
                return
            self._unread = body[size:]
            self._transport.write(self._telegram.answer(head, body[:size]))


@asynccontextmanager
async def loopback_telegram() -> AsyncIterator[LoopbackTelegram]:
    """Run one until the block is left. A refusal fails the run then, if nothing else has."""
    telegram = LoopbackTelegram()
    server = await asyncio.get_running_loop().create_server(lambda: _Line(telegram), "127.0.0.1", 0)
    telegram.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield telegram
    finally:
        server.close()
    if telegram.refusals:
        raise AssertionError(f"the loopback Telegram refused {len(telegram.refusals)} calls: {telegram.refusals[0]}")
