"""The bare durable limit: a signed text in, an answer and a reply on disk, and no bot. Nothing durable can be faster.

Bare ASGI on uvicorn and SQLite with group commit: what waits when the last COMMIT ended goes in one transaction. One
look-up and one `executemany` a table; FULL synchronous, as Earshot has it. BARE_DATABASE names the file.
"""

import asyncio
import hmac
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from bench.wire import sign

QUESTIONS = 12
AT_ONCE = 64

_TABLES = """
    CREATE TABLE IF NOT EXISTS inbound (sid TEXT PRIMARY KEY, reply INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS conversation (sender TEXT PRIMARY KEY, at INTEGER NOT NULL, lang TEXT, updated REAL)
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS answer (id INTEGER PRIMARY KEY, sender TEXT NOT NULL, question INTEGER NOT NULL,
        said TEXT NOT NULL, answered REAL NOT NULL, UNIQUE (sender, question));
    CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL,
        made REAL NOT NULL, done INTEGER NOT NULL DEFAULT 0);"""
_MARKS = ",".join("?" * AT_ONCE)
_SEEN = f"SELECT sid, reply FROM inbound WHERE sid IN ({_MARKS})"  # noqa: S608 - question marks alone
_STANDS = f"SELECT sender, at FROM conversation WHERE sender IN ({_MARKS})"  # noqa: S608
_KEEP = "INSERT INTO inbound VALUES (?, ?) ON CONFLICT DO NOTHING"
_MOVE = (
    "INSERT INTO conversation VALUES (?, ?, 'en', ?) "
    "ON CONFLICT (sender) DO UPDATE SET at = excluded.at, updated = excluded.updated"
)
_ANSWER = "INSERT INTO answer (sender, question, said, answered) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_REPLY = "INSERT INTO outbox (kind, payload, made) VALUES ('reply', ?, ?)"

Turn = tuple[str, str, str, "asyncio.Future[int]"]


def shown(at: int) -> str:
    """Write what is shown after so many answers."""
    if at == QUESTIONS:
        return "Thank you for taking part."
    return (
        f"{at + 1}/{QUESTIONS} How strongly do you agree that people here get on well? Reply 1-5 or in your own words"
    )


_BODIES = [
    f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{shown(at)}</Message></Response>'.encode()
    for at in range(QUESTIONS + 1)
]
_HEADERS = [[(b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode())] for body in _BODIES]


class Store:
    """One connection: statements run on the event loop, COMMIT (the fsync) in one thread."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32768", "mmap_size = 268435456"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_TABLES)
        self._committing = ThreadPoolExecutor(1)
        self._waiting: list[Turn] = []
        self._working: asyncio.Task[None] | None = None

    def take(self, sid: str, sender: str, said: str) -> "asyncio.Future[int]":
        """Take one text in; the future is done once it is on disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._waiting.append((sid, sender, said, future))
        if self._working is None or self._working.done():
            self._working = loop.create_task(self._work())
        return future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            replies = self._write(batch)
            await loop.run_in_executor(self._committing, self._connection.execute, "COMMIT")
            for (_, _, _, future), reply in zip(batch, replies, strict=True):
                if not future.done():
                    future.set_result(reply)

    def _write(self, batch: list[Turn]) -> list[int]:
        ask, many, now = self._connection.execute, self._connection.executemany, time.time()
        ask("BEGIN IMMEDIATE")
        nothing = [""] * (AT_ONCE - len(batch))  # one statement of one width stays prepared
        seen: dict[str, int] = dict(ask(_SEEN, [turn[0] for turn in batch] + nothing))
        stands: dict[str, int] = dict(ask(_STANDS, [turn[1] for turn in batch] + nothing))
        kept, moved, answers, outgoing, replies = [], {}, [], [], []
        for sid, sender, said, _ in batch:
            if sid not in seen:
                at = stands.get(sender, -1)
                if 0 <= at < QUESTIONS:
                    answers.append((sender, at, said, now))
                seen[sid] = stands[sender] = at = min(at + 1, QUESTIONS)
                outgoing.append((f'{{"to":"{sender}","question":{at}}}', now))
                moved[sender] = (sender, at, now)
                kept.append((sid, at))
            replies.append(seen[sid])
        many(_KEEP, kept)
        many(_MOVE, moved.values())
        many(_ANSWER, answers)
        many(_REPLY, outgoing)
        return replies


_store: Store | None = None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request: 200 for a signed text that is on disk, 403 for any other post."""
    global _store
    if scope["type"] != "http":
        raise RuntimeError(f"the bare limit serves http alone, not {scope['type']}")
    if _store is None:
        _store = Store(os.environ["BARE_DATABASE"])
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, reply = 200, 0
    if scope["method"] == "POST":
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        signature = dict(scope["headers"]).get(b"x-twilio-signature", b"").decode()
        if hmac.compare_digest(sign(fields), signature):
            reply = await _store.take(fields["MessageSid"], fields["From"], fields["Body"])
        else:
            status = 403
    await send({"type": "http.response.start", "status": status, "headers": _HEADERS[reply]})
    await send({"type": "http.response.body", "body": _BODIES[reply]})
