"""A running server and one resident on Telegram, polled and by webhook."""

import asyncio
from pathlib import Path

from storage import surveys
from storage.script import Database
from tests.end_to_end.test_kill_telegram import PARKS, bot
from tests.end_to_end.waiting import until

RESIDENT = 5_700_900_123
SECONDS = 60.0


async def test_a_typed_answer_is_answered_and_the_buttons_above_it_go(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    await database.run(lambda: surveys.publish(PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json(), 0))
    mode = "webhook" if database.is_postgres else "polling"
    async with asyncio.timeout(SECONDS), bot(mode, database_url, tmp_path / "server") as (_, telegram):
        await telegram.write(RESIDENT, "PARKS")
        await until(lambda: len(telegram.sent(RESIDENT)) == 1)
        assert telegram.buttons(RESIDENT) == ["Yes", "No"]
        await telegram.write(RESIDENT, "yes")
        await until(lambda: [bool(sent.buttons) for sent in telegram.sent(RESIDENT)] == [False, True])
