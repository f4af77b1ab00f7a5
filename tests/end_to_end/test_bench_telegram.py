"""Every Telegram turn that the benchmark counts was really answered, by Earshot and by its peer."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.chats import PATH, AtTelegram, Chats, InTheReply, OnDisk, Proof, update_request
from bench.driver import WrongReply, drive
from bench.loopback_telegram import BOT_ID, TOKEN, LoopbackTelegram, loopback_telegram
from bench.pace import PER_SECOND, keep_pace
from bench.redis_server import redis_program
from bench.seed import seed
from bench.serving import Server, environment, free_port, memory_mb
from bench.telegram import PeerReply, chats, earshot, peer, questions
from bench.walk import walk
from bench.wire import Connection
from channels.base import Arrival, Kind
from channels.telegram_clock import Clocks
from channels.telegram_updates import UpdateReader

needs_redis = pytest.mark.skipif(
    redis_program() is None, reason="install redis-server (Debian's package) to run the peer"
)
CHAT = 4_200_000_123
SAME_QUESTION_EVER = f'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n{questions()[0]["text"]}\r\n--b--\r\n'
A_BOT_THAT_SAYS = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Bot(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = sys.argv[3].encode()
        self.send_response(int(sys.argv[2]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Bot).serve_forever()
"""


@asynccontextmanager
async def bot_that_says(status: int, body: str, folder: Path) -> AsyncIterator[Server]:
    """Run a bot that answers every update with the same."""
    port = free_port()
    server = Server(("-c", A_BOT_THAT_SAYS, str(port), str(status), body), environment(""), folder, port)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


async def status_of(server: Server, request: bytes) -> int:
    """Post once, and give the HTTP status."""
    connection = Connection(server.port)
    try:
        return (await connection.post(request)).status
    finally:
        connection.close()


def append_only_file(folder: Path) -> bytes:
    """Read what Redis has written down."""
    return b"".join(file.read_bytes() for file in folder.rglob("*.aof"))


async def test_earshot_s_turns_are_on_disk_and_its_questions_reach_telegram(tmp_path: Path) -> None:
    database, other = tmp_path / "asked.db", tmp_path / "other.db"
    for path in (database, other):
        await seed(f"sqlite:///{path}", 1)
    async with loopback_telegram() as telegram, earshot(tmp_path, database, telegram) as server:
        whole = await keep_pace(server, chats(telegram, AtTelegram(telegram)), telegram, 1.0)
        assert whole.turns == PER_SECOND
        assert telegram.sent == whole.turns
        assert (await drive(server, chats(telegram, OnDisk(database)), 8, 0.5)).turns > 8
        with pytest.raises(WrongReply, match="on disk is ''"):
            await drive(server, chats(telegram, OnDisk(other)), 8, 0.5)
        assert await status_of(server, update_request(1, CHAT, "1", secret="wrong")) == 403


@needs_redis
@pytest.mark.parametrize("reply", PeerReply)
async def test_the_peer_s_turns_are_right_and_in_redis_s_file(reply: PeerReply, tmp_path: Path) -> None:
    async with loopback_telegram() as telegram, peer(tmp_path, telegram, reply) as server:
        proof: Proof = InTheReply() if reply is PeerReply.IN_RESPONSE else AtTelegram(telegram)
        crowd = chats(telegram, proof)
        load = await drive(server, crowd, 8, 1.0)
        assert load.turns > 8
        assert telegram.sent == (load.turns if reply is PeerReply.SENT else 0)
        assert await status_of(server, update_request(1, CHAT, "1", secret="wrong")) == 401
        if reply is PeerReply.SENT:
            assert (await keep_pace(server, crowd, telegram, 1.0)).turns == PER_SECOND
        kept = append_only_file(tmp_path)
        assert all(f"fsm:{r.number}:{r.number}:state".encode() in kept for r in crowd.here if r.at)
        assert server.memory_mb("VmRSS") > memory_mb(server.pid, "VmRSS"), "its Redis counts too"


@pytest.mark.parametrize(
    ("status", "body", "looks"),
    [
        (200, "{}", "in the reply"),
        (200, SAME_QUESTION_EVER, "in the reply"),
        (500, SAME_QUESTION_EVER, "in the reply"),
        (200, "{}", "at Telegram"),
        (503, "", "on disk"),
    ],
    ids=["drops updates", "forgets answers", "fails", "never sends", "is too busy"],
)
async def test_a_bot_that_cheats_is_found_out(status: int, body: str, looks: str, tmp_path: Path) -> None:
    async with loopback_telegram() as telegram, bot_that_says(status, body, tmp_path) as server:
        proofs: dict[str, Proof] = {
            "in the reply": InTheReply(),
            "at Telegram": AtTelegram(telegram),
            "on disk": OnDisk(tmp_path / "nothing.db"),
        }
        with pytest.raises(ExceptionGroup) as failed:
            await drive(server, chats(telegram, proofs[looks]), 4, 0.5)
    assert failed.group_contains(WrongReply)


async def test_a_question_that_never_reaches_telegram_fails_a_run_of_whole_turns(tmp_path: Path) -> None:
    async with loopback_telegram() as telegram, bot_that_says(200, "{}", tmp_path) as server:
        with pytest.raises(ExceptionGroup) as failed:
            await keep_pace(server, chats(telegram, AtTelegram(telegram)), telegram, 0.2, patience=0.1)
    assert failed.group_contains(WrongReply)


@pytest.mark.parametrize("text", ["1 3", 'He said "no" \\ and {left}', "ça va? £5\n👋🏽"])
def test_an_update_is_read_as_it_was_meant(text: str) -> None:
    head, _, body = update_request(7, CHAT, text).partition(b"\r\n\r\n")
    assert head.startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
    (read,) = UpdateReader("telegram", BOT_ID, Clocks(lambda: 0)).read(body, 0, Arrival.WEBHOOK)
    assert (read.event_id, read.address, read.kind, read.text) == ("7", str(CHAT), Kind.TEXT, text)


def test_the_first_update_of_a_resident_starts_the_bot() -> None:
    telegram = LoopbackTelegram()
    crowd = Chats([walk(random.Random(1), "telegram")], random.Random(2), telegram, InTheReply())
    resident = crowd.arrive()
    update = json.loads(crowd.text(resident).partition(b"\r\n\r\n")[2])
    assert telegram.chats == {update["message"]["chat"]["id"]}
    assert update["message"]["text"] == "/start STOKE"
    assert update["message"]["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        (f"/bot{TOKEN}/sendMessage", f"chat_id={CHAT}&text=1%2F8+Hello", 200),
        (f"/bot{TOKEN}/sendMessage", "chat_id=5&text=Hello", 400),
        (f"/bot{TOKEN}/sendMessage", f"chat_id={CHAT}&text=", 400),
        (f"/bot{TOKEN}/sendMessage", f"chat_id={CHAT}&text={'x' * 4097}", 400),
        ("/bot1:other/sendMessage", f"chat_id={CHAT}&text=Hello", 401),
        (f"/bot{TOKEN}/sendVideo", f"chat_id={CHAT}", 404),
    ],
    ids=["a good call", "a chat that never wrote", "no text", "too long", "another's token", "another method"],
)
async def test_the_loopback_telegram_refuses_what_telegram_refuses(address: str, body: str, status: int) -> None:
    telegram = LoopbackTelegram()
    telegram.chats.add(CHAT)
    answer = telegram.answer(f"POST {address} HTTP/1.1\r\n".encode(), body.encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert len(telegram.refusals) == (status != 200)
    assert telegram.newest == ({CHAT: "1/8 Hello"} if status == 200 else {})


async def test_a_refused_call_fails_the_run() -> None:
    with pytest.raises(AssertionError, match="refused 1 calls: Bad Request: chat not found"):
        async with loopback_telegram() as telegram:
            telegram.answer(f"POST /bot{TOKEN}/sendMessage HTTP/1.1\r\n".encode(), b"chat_id=5&text=Hello")
