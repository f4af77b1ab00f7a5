"""Turns by Telegram, beside the same survey as an aiogram bot with its FSM in Redis, by the same driver in one run.

A turn is one update, posted with the secret token, whose 200 comes when everything that it changed is on disk. A whole
turn goes on until the next question has reached Telegram; those are run at a pace that Telegram bears.
"""

import json
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.chats import SECRET, AtTelegram, Chats, InTheReply, OnDisk, Proof
from bench.driver import Load, drive
from bench.loopback_telegram import TOKEN, LoopbackTelegram, loopback_telegram
from bench.pace import PER_SECOND, keep_pace
from bench.redis_server import redis_program, redis_server
from bench.serving import MAIN, Server, environment, free_port, serving
from bench.turns import CONCURRENT, WARM_UP_SECONDS, WAYS, Measured, Target
from bench.walk import asked, shown, walk
from bot.core.survey import QuestionType

EARSHOT = "earshot"
MOST_CHOSEN = 3


class PeerReply(StrEnum):
    """How the aiogram bot replies: in the webhook's response, or by a call of `sendMessage` before it."""

    IN_RESPONSE = "response"
    SENT = "send"


def name_of(reply: PeerReply) -> str:
    """Name the peer in a table."""
    return f"aiogram + Redis, reply {'in its 200' if reply is PeerReply.IN_RESPONSE else 'by sendMessage'}"


@dataclass(frozen=True, slots=True)
class Whole:
    """One run of whole turns at Telegram's pace."""

    server: str
    round: int
    load: Load

    @property
    def case(self) -> tuple[str, str]:
        """Name what was measured, and how much at once."""
        return f"{self.server}, whole turns", f"{PER_SECOND}/s"


async def measure(folder: Path, database: Path, *, rounds: int, seconds: float) -> AsyncGenerator[Measured | Whole]:
    """Measure in rounds, every server once in each. Without a redis-server there is no peer.

    Whole turns come first: afterwards Earshot has thousands of replies to send, 30 a second.
    """
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(loopback_telegram())
        servers = {EARSHOT: await stack.enter_async_context(earshot(folder, database, telegram))}
        for reply in PeerReply if redis_program() else ():
            servers[name_of(reply)] = await stack.enter_async_context(peer(folder, telegram, reply))
        async for whole in _measure_whole(servers, telegram, rounds=rounds, seconds=seconds):
            yield whole
        proofs: dict[str, Proof] = {
            EARSHOT: OnDisk(database),
            name_of(PeerReply.IN_RESPONSE): InTheReply(),
            name_of(PeerReply.SENT): AtTelegram(telegram),
        }
        targets = [Target(name, 0, server, chats(telegram, proofs[name])) for name, server in servers.items()]
        for target in targets:
            await drive(target.server, target.crowd, max(CONCURRENT), WARM_UP_SECONDS)
        for number in range(1, rounds + 1):
            for concurrency in CONCURRENT:
                for target in targets:
                    load = await drive(target.server, target.crowd, concurrency, seconds)
                    yield Measured(target.name, target.answers, concurrency, number, load)


async def _measure_whole(
    servers: dict[str, Server], telegram: LoopbackTelegram, *, rounds: int, seconds: float
) -> AsyncGenerator[Whole]:
    sending = {name: server for name, server in servers.items() if name != name_of(PeerReply.IN_RESPONSE)}
    crowds = {name: chats(telegram, AtTelegram(telegram)) for name in sending}
    for number in range(rounds + 1):
        for name, server in sending.items():
            load = await keep_pace(server, crowds[name], telegram, seconds)
            if number:  # the first round warms up: aiogram is imported and connected when something is first sent
                yield Whole(name, number, load)


def chats(telegram: LoopbackTelegram, proof: Proof) -> Chats:
    """Gather residents who answer the whole shipped survey by Telegram."""
    chance = random.Random()
    return Chats([walk(chance, "telegram") for _ in range(WAYS)], chance, telegram, proof)


@asynccontextmanager
async def earshot(folder: Path, database: Path, telegram: LoopbackTelegram) -> AsyncIterator[Server]:
    """Run the real server over a database, with Telegram as its only channel."""
    settings = dict.fromkeys((name for name in environment("") if name.startswith("TWILIO_")), "") | {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_BASE_URL": telegram.url,
    }
    async with serving(f"sqlite:///{database}", folder / "serve-telegram", **settings) as server:
        yield server


@asynccontextmanager
async def peer(folder: Path, telegram: LoopbackTelegram, reply: PeerReply) -> AsyncIterator[Server]:
    """Run the peer with a Redis of its own, whose CPU and memory count as the peer's."""
    own = folder / f"aiogram-{reply}"
    async with redis_server(own) as (redis_port, redis_pid):
        survey = own / "survey.json"
        survey.write_text(json.dumps(questions()), encoding="utf-8")
        port, redis_url = free_port(), f"redis://127.0.0.1:{redis_port}/0"
        command = ("-m", "bench.aiogram_peer", str(port), survey, redis_url, telegram.url, SECRET, TOKEN, reply)
        settings = environment("", PYTHONPATH=str(MAIN.parent))
        server = Server(command, settings, own, port, beside=(redis_pid,))
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


def questions() -> list[dict[str, object]]:
    """Write the survey for the peer: the same questions in the same words, with the same buttons."""
    return [
        {
            "name": question.name,
            "text": text,
            "codes": [choice.name for choice in question.choices],
            "most": MOST_CHOSEN if question.type is QuestionType.SELECT_MULTIPLE else 1,
            "buttons": [choice.label["en"] for choice in question.choices]
            if question.type is QuestionType.SELECT_ONE
            else [],
        }
        for question, text in zip(asked("telegram"), shown("telegram"), strict=True)
    ]
