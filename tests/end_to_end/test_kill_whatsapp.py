"""kill -9 in the middle of residents answering on WhatsApp: nothing lost, nothing handled or sent twice.

Twilio keeps a list of what it took, so a message that was in a dead server's hands is found there, or sent once.
"""

import asyncio
import random
from pathlib import Path

import pytest

from bench.serving import SECRET, serving
from bench.walk import shipped
from storage.keys import KeyRing
from storage.script import Database
from tests.end_to_end.chatting import Chatter, WhatsAppApp, came_twice, everybody_chats, walk_in_app
from tests.end_to_end.counting import answers, filed, revised, untold
from tests.end_to_end.reaping import LeftInHand, reaper_in_mid_send
from tests.end_to_end.residents import assert_exported
from tests.fakes.twilio_whatsapp import WHATSAPP_SENDER, FakeWhatsApp

RESIDENTS = 16
TURNS = 13
KILLS = 2
SEED = 20261124
SECONDS = 90.0


# One engine, for the time it takes: kill -9 over both is in test_kill and test_kill_telegram.
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_killed_again_and_again_no_message_is_lost_and_none_handled_twice(
    published: str, database: Database, tmp_path: Path
) -> None:
    left = LeftInHand(database, await KeyRing.open(database, SECRET))
    async with asyncio.timeout(SECONDS), FakeWhatsApp() as twilio:
        settings = {
            "TWILIO_WHATSAPP_FROM": WHATSAPP_SENDER.removeprefix("whatsapp:"),
            "TWILIO_API_BASE_URL": twilio.url,
        }
        async with serving(published, tmp_path / "server", **settings) as server:
            twilio.target = f"http://127.0.0.1:{server.port}"
            turns = RESIDENTS * TURNS
            reaper = reaper_in_mid_send(server, twilio, left, random.Random(SEED), turns=turns, kills=KILLS)
            everybody = [
                Chatter(
                    WhatsAppApp(twilio, f"whatsapp:+447700900{n:03d}", reaper.until_up),
                    walk_in_app(shipped(), "whatsapp", random.Random(f"{SEED}, way {n}")),
                    reaper.until_up,
                    reaper.note_turn,
                )
                for n in range(100, 100 + RESIDENTS)
            ]
            met = await everybody_chats(everybody)
            await reaper.finish()
    assert reaper.kills == KILLS

    assert_exported(await answers(database, shipped().id, tmp_path), everybody)
    commands = RESIDENTS + met["asked again"]
    assert await filed(database) == {"command": commands, "answer": RESIDENTS * (TURNS - 1)}
    assert await revised(database) == 0
    assert await untold(database) == []
    assert {chatter.app.address: came_twice(chatter.app) for chatter in everybody if came_twice(chatter.app)} == {}
