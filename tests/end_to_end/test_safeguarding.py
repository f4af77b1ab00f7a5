"""The real server: somebody speaks of danger, the server is killed, and the lead is told all the same."""

import asyncio
import json
from pathlib import Path

import pytest

from bench.serving import MAIN, Server, environment, free_port
from bench.wire import ACCOUNT, NUMBER, TOKEN
from tests.end_to_end.commands import exported
from tests.end_to_end.waiting import until
from tests.fakes.twilio_account import FakeTwilioAccount

RESIDENT = "+447700900413"
DANGER = "My husband hits me"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def server(settings: dict[str, str], folder: Path) -> Server:
    folder.mkdir(exist_ok=True)
    port = free_port()
    return Server((MAIN, "serve", "--port", str(port)), settings, folder, port)


async def test_the_lead_is_told_after_a_kill_and_nothing_else_says_a_word(published: str, tmp_path: Path) -> None:
    told: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        told.append(await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])))
        writer.write(b"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    numbers = tmp_path / "help-numbers.toml"
    numbers.write_text('[[number]]\nsay = "Adult care 01632 960000"\nchecked_on = 2026-01-01\n', encoding="utf-8")
    lead = await asyncio.start_server(take, "127.0.0.1", 0)
    async with lead, FakeTwilioAccount(account_sid=ACCOUNT, auth_token=TOKEN, numbers=(NUMBER,)) as twilio:
        settings = environment(
            published,
            TWILIO_API_BASE_URL=twilio.url,
            SAFEGUARDING_WEBHOOK=f"http://127.0.0.1:{lead.sockets[0].getsockname()[1]}/",
            SAFEGUARDING_NUMBERS=str(numbers),
        )
        first = server(settings, tmp_path / "first")
        await first.start()
        twilio.target = f"http://127.0.0.1:{first.port}"
        await twilio.text(RESIDENT, "STOKE")
        turn = await twilio.text(RESIDENT, DANGER)
        assert "call 999. Other help: Adult care 01632 960000." in turn.replies[0]
        await first.kill()

        second = server(settings, tmp_path / "second")
        await second.start()
        await until(lambda: bool(told))
        assert (await second.stop()) == 0
        alert = json.loads(told[0])
        assert alert["link"] == f"{settings['PUBLIC_BASE_URL']}/staff/safeguarding"
        said = (alert["text"] + first.errors + second.errors).casefold()
        assert [word for word in ("husband", RESIDENT[3:], "flag", "danger") if word in said] == []
        (row,) = await exported(published, tmp_path)
        assert [name for name in row if "flag" in name or "danger" in name] == []
