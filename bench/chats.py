"""Residents who write to a Telegram bot, and the three ways to prove that each was shown the next question."""

import json
import random
import re
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from bench.driver import Resident, WrongReply, wrong
from bench.loopback_telegram import BOT_ID, LoopbackTelegram
from bench.walk import Step, is_right
from bench.wire import Reply

SECRET = "loopback-secret"  # noqa: S105 - made up, for servers on loopback
PATH = "/channels/telegram"
_LOOKED_UP_AT_ONCE = 500
_REPLIES = """
    SELECT i.event_id, o.text FROM inbound i JOIN outbox o ON o.inbound_id = i.id
    WHERE i.provider = 'telegram' AND i.account = ? AND i.event_id IN ({}) ORDER BY o.position
"""
_TEXT_PART = re.compile(rb'name="text"\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', re.DOTALL)


class Proof(Protocol):
    """How it is known what a resident was shown."""

    def check(self, resident: Resident, reply: Reply) -> None:
        """Hold what is there once the 200 came against what had to come. Raises WrongReply."""
        ...

    def confirm(self) -> None:
        """Prove, after a run, the rest. Raises WrongReply."""
        ...


class Chats:
    """Residents without end, each in a private chat that nobody has had; one update is one message of one of them."""

    def __init__(
        self, ways: Sequence[Sequence[Step]], chance: random.Random, telegram: LoopbackTelegram, proof: Proof
    ) -> None:
        self.here: deque[Resident] = deque()
        self._ways = ways
        self._chance = chance
        self._telegram = telegram
        self._chats = chance.randrange(10**6) * 10**6
        self._updates = chance.randrange(10**9)
        self.check = proof.check
        self.confirm = proof.confirm

    def arrive(self) -> Resident:
        """Let somebody new start the bot."""
        self._chats += 1
        self._telegram.chats.add(self._chats)
        return Resident(str(self._chats), self._chance.choice(self._ways))

    def text(self, resident: Resident) -> bytes:
        """Write the request by which Telegram posts this resident's next message, with the secret token."""
        self._updates += 1
        resident.newest = str(self._updates)
        return update_request(self._updates, int(resident.number), resident.step.text)


def update_request(update_id: int, chat_id: int, text: str, secret: str = SECRET) -> bytes:
    """Write the request by which one message comes in."""
    person = f'"id":{chat_id},"first_name":"R","last_name":"Resident","username":"r{chat_id}"'
    is_command = text.startswith("/")
    length = len(text.partition(" ")[0])
    entities = f',"entities":[{{"offset":0,"length":{length},"type":"bot_command"}}]' if is_command else ""
    body = (
        f'{{"update_id":{update_id},"message":{{"message_id":{update_id},"from":{{{person},"is_bot":false,'
        f'"language_code":"en"}},"chat":{{{person},"type":"private"}},"date":{int(time.time())},'
        f'"text":{json.dumps(text)}{entities}}}}}'
    ).encode()
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: bot.example\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class InTheReply:
    """The next question stands in the webhook's own 200, as a call of `sendMessage` in a multipart form."""

    def check(self, resident: Resident, reply: Reply) -> None:
        """Read the form. Raises WrongReply."""
        found = _TEXT_PART.search(reply.body)
        shown = found[1].decode() if found else ""
        if reply.status != 200 or not is_right(resident.step, shown):
            raise wrong(resident, reply.status, shown)

    def confirm(self) -> None:
        """Have nothing to add."""


class AtTelegram:
    """The next question has reached the loopback Telegram by the time that the turn is counted."""

    def __init__(self, telegram: LoopbackTelegram) -> None:
        self._telegram = telegram

    def check(self, resident: Resident, reply: Reply) -> None:
        """Read the newest message in the chat. Raises WrongReply."""
        shown = self._telegram.newest.get(int(resident.number), "")
        if reply.status != 200 or not is_right(resident.step, shown):
            raise wrong(resident, reply.status, shown)

    def confirm(self) -> None:
        """Have nothing to add."""


class OnDisk:
    """The next question is on disk in Earshot's outbox, as the reply to exactly this update."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._promised: dict[str, Step] = {}

    def check(self, resident: Resident, reply: Reply) -> None:
        """Believe the 200 for now, and remember what must be found. Raises WrongReply."""
        if reply.status != 200:
            raise wrong(resident, reply.status, "")
        self._promised[resident.newest] = resident.step

    def confirm(self) -> None:
        """Look every counted update up in the database, on a connection that only reads. Raises WrongReply."""
        promised, self._promised = self._promised, {}
        kept = dict(self._kept(list(promised)))
        for update_id, step in promised.items():
            shown = kept.get(update_id, "")
            if not is_right(step, shown):
                raise WrongReply(f"update {update_id} wanted {step.shows!r}, and on disk is {shown!r}")

    def _kept(self, update_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            for first in range(0, len(update_ids), _LOOKED_UP_AT_ONCE):
                some = update_ids[first : first + _LOOKED_UP_AT_ONCE]
                yield from connection.execute(_REPLIES.format(",".join("?" * len(some))), (BOT_ID, *some))
