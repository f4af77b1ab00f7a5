"""The demo: everything on one machine, by one command, and no word to any provider."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from bench.serving import MAIN, Server, environment, free_port
from bot.analysis.forwarding.allowed import Allowed
from bot.analysis.forwarding.destinations import Destinations
from storage.database import open_database
from storage.destinations import Text
from storage.keys import KeyRing
from storage.script import Run, Script
from tests.end_to_end.commands import SURVEY, run
from tests.end_to_end.waiting import until
from tests.fakes.receiver import FakeReceiver


def sockets_of(pid: int) -> list[str]:
    """List the far ends, in the kernel's hexadecimal, of the TCP connections that a process holds."""
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since the folder was read
            if (found := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))) is not None:
                held.add(found[1])
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[2] for row in rows if row[9] in held and not row[2].endswith(":0000")]


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver() as receiver:
        yield receiver


async def forward(data: Path, receiver: FakeReceiver) -> None:
    """Let a demo's events go to a receiver, as `forward add` does."""
    database = await open_database(f"sqlite:///{data / 'earshot.db'}")
    try:
        keys = await KeyRing.open(database, (data / "secret.key").read_text().strip())
        operator = Destinations(database, who="a test", now=lambda: 0)
        allowed = Allowed.read(receiver.url)
        _, secret = await operator.add("council", SURVEY, receiver.url, Text.MASKED, allowed, keys)
        receiver.secrets = [secret]
    finally:
        await database.close()


async def test_the_demo_shows_its_pages_lets_its_member_of_staff_in_forwards_here_and_calls_nobody(
    tmp_path: Path, receiver: FakeReceiver
) -> None:
    called: list[asyncio.StreamWriter] = []
    provider = await asyncio.start_server(lambda _, writer: called.append(writer), "127.0.0.1", 0)
    # Somebody's real settings stand around it: the demo must not use them.
    twilio = f"http://127.0.0.1:{provider.sockets[0].getsockname()[1]}"
    settings = environment(f"sqlite:///{tmp_path / 'real.db'}", TWILIO_API_BASE_URL=twilio, FORWARD_TO=receiver.url)
    port = free_port()
    demo = Server((MAIN, "demo", "--port", str(port), "--data", "demo-data"), settings, tmp_path, port, "/healthz")
    await demo.start()
    try:
        base = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=base, trust_env=False, headers={"origin": base}) as browser:
            assert (await browser.get("/healthz", headers={"host": "any.example"})).status_code == 200
            assert (await browser.get("/simulator")).status_code == 200
            assert "Signed in as" not in (await browser.get("/staff", follow_redirects=True)).text
            await until(lambda: f" FORWARD_TO={receiver.url}\n" in demo.output)
            await forward(tmp_path / "demo-data", receiver)
            link = re.search(rf"{base}(/staff/sign-in/\S+)", demo.output)
            assert link is not None
            assert (await browser.get(link[1])).status_code == 200
            assert (await browser.post(link[1])).status_code == 303
            assert "Signed in as" in (await browser.get("/staff")).text
            assert (await browser.post(link[1])).status_code != 303  # a link signs in once
            assert (await browser.post("/channels/sms")).status_code == 404
            await until(lambda: {1, 2} <= set(receiver.seqs))  # of two responses: each may come first
            peers = sockets_of(demo.pid)
            assert peers
            assert all(peer.startswith(("0100007F:", "0" * 24 + "0100007F:")) for peer in peers)
    finally:
        assert await demo.stop() == 0
        provider.close()
        await provider.wait_closed()
    assert "Web answers: 40 made-up ones are in it" in demo.output
    assert not called
    assert not (tmp_path / "real.db").exists()


def text_taken_in() -> Script[None]:
    yield Run(
        """INSERT INTO inbound (id, provider, account, event_id, channel, kind, arrival, received_at, filed)
           VALUES ('i1', 'twilio', 'AC1', 'SM1', 'sms', 'text', 'webhook', 1, 'answer')"""
    )


async def test_beside_a_database_with_real_texts_no_demo_leaves_a_key(migrated: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    shutil.copy(migrated, real / "earshot.db")
    database = await open_database(f"sqlite:///{real / 'earshot.db'}")
    await database.run(text_taken_in)
    await database.close()
    done = await run("demo", "--port", "0", "--data", real, settings={}, folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "has taken in real texts" in done.err
    assert {path.name for path in real.iterdir()} == {"earshot.db"}


def test_a_far_end_elsewhere_would_be_seen() -> None:
    """Guard the guard: this process's own connection shows in the list."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as line:
        port = f"{line.getpeername()[1]:04X}"
        assert f"0100007F:{port}" in sockets_of(os.getpid())
