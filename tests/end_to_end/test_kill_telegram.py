"""kill -9 in the middle of residents answering on Telegram, polled and by webhook.

No update is lost and none handled twice; nobody is led astray; nothing that Telegram took is sent again, unless the
server died before it could write down that Telegram took it.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.serving import SECRET, Server
from bot.core.survey import Choice, QuestionType
from storage import surveys
from storage.keys import KeyRing
from storage.script import Database
from tests.channels.telegrams import SECRET as WEBHOOK_SECRET
from tests.core.small_surveys import AGREEMENT, one, question, survey, words_question
from tests.end_to_end.chatting import Chatter, TelegramApp, came_twice, everybody_chats, walk_in_app
from tests.end_to_end.counting import answers, filed, revised, untold
from tests.end_to_end.reaping import LeftInHand, reaper_in_mid_send
from tests.end_to_end.residents import assert_exported
from tests.end_to_end.waiting import until
from tests.end_to_end.warm import warm_serving
from tests.fakes.telegram import TOKEN, FakeTelegram

MISSING = tuple(Choice(code, {"en": code.title()}) for code in ("benches", "lights", "toilets", "trees"))
# Short, because Telegram lets one message a second into a chat.
PARKS = survey(
    one("use_parks", "Do you use the parks?"),
    one("agree", "The parks are looked after well.", AGREEMENT),
    question("missing", QuestionType.SELECT_MULTIPLE, "What is missing there?", choices=MISSING),
    words_question("better", "What would make them better?"),
)
RESIDENTS = 16
TURNS = len(PARKS.questions) + 1
KILLS = 2
SEED = 20261123
SECONDS = 90.0
PATIENCE = 4.0
FIRST_CHAT = 5_700_900_100
ONLY_TELEGRAM = {
    "TWILIO_ACCOUNT_SID": "",
    "TWILIO_AUTH_TOKEN": "",
    "TWILIO_SMS_FROM": "",
    "TWILIO_API_BASE_URL": "",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
}


@asynccontextmanager
async def bot(mode: str, url: str, folder: Path) -> AsyncIterator[tuple[Server, FakeTelegram]]:
    """Run the server as a bot, and return once Telegram knows where to post to, or has been asked."""
    async with FakeTelegram(tries=20) as telegram:
        settings = {**ONLY_TELEGRAM, "TELEGRAM_MODE": mode, "TELEGRAM_API_BASE_URL": telegram.url}
        async with warm_serving(url, folder, **settings) as server:
            telegram.target = f"http://127.0.0.1:{server.port}"
            await until(lambda: bool(telegram.webhook["url"]) or telegram.queue.is_asked.is_set())
            yield server, telegram


async def test_killed_again_and_again_no_update_is_lost_and_none_handled_twice(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    await database.run(lambda: surveys.publish(PARKS.id, PARKS.version, PARKS.hash, PARKS.to_json(), 0))
    left = LeftInHand(database, await KeyRing.open(database, SECRET))
    # How updates come does not depend on the engine: each engine is tried with one of the two ways.
    mode = "webhook" if database.is_postgres else "polling"
    async with asyncio.timeout(SECONDS), bot(mode, database_url, tmp_path / "server") as (server, telegram):
        turns = RESIDENTS * TURNS
        reaper = reaper_in_mid_send(server, telegram, left, random.Random(SEED), turns=turns, kills=KILLS)
        telegram.between_tries = reaper.until_up
        everybody = [
            Chatter(
                TelegramApp(telegram, FIRST_CHAT + n, PATIENCE),
                walk_in_app(PARKS, "telegram", random.Random(f"{SEED}, way {n}")),
                reaper.until_up,
                reaper.note_turn,
            )
            for n in range(RESIDENTS)
        ]
        met = await everybody_chats(everybody)
        await reaper.finish()
        await until(lambda: not telegram.queue.head())
    assert reaper.kills == KILLS

    assert_exported(await answers(database, PARKS.id, tmp_path), everybody)
    commands = RESIDENTS + met["asked again"]
    assert await filed(database) == {"command": commands, "answer": RESIDENTS * (TURNS - 1)}
    assert await revised(database) == 0
    assert await untold(database) == []
    for chatter in everybody:
        for text, more in came_twice(chatter.app).items():
            assert more <= left.times("telegram", chatter.app.address, text), (chatter.app.address, text)
