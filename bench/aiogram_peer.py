"""The peer: the same survey as an ordinary aiogram bot, with aiogram's own FSM in Redis. It imports nothing of Earshot.

One state for each question, the answers in the FSM's data, updates by aiogram's own aiohttp webhook with the secret
token. A 200 goes out once the handler is done (aiogram's default answers first, and loses what was in hand when it
dies). It checks no repeats, knows no commands and keeps no messages: less work than Earshot does.

    python -m bench.aiogram_peer PORT SURVEY.json REDIS_URL API_URL SECRET TOKEN response|send
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TypedDict

import uvloop
from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.methods import SendMessage
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

WEBHOOK = "/channels/telegram"
THANKS = "Thank you. That was the last question."


class Question(TypedDict):
    """One question: its name, its whole text, the codes to choose from in order (none: words), and its buttons."""

    name: str
    text: str
    codes: list[str]
    most: int
    buttons: list[str]


class Survey:
    """Asks the questions one after the other."""

    def __init__(self, questions: list[Question], *, sends: bool) -> None:
        """Answer in the webhook's response, or with a `sendMessage` of its own where it `sends`."""
        self._questions = questions
        self._sends = sends
        names = [question["name"] for question in questions]
        self.states = type("Survey", (StatesGroup,), {name: State() for name in names})
        self._order: list[State] = [getattr(self.states, name) for name in names]
        self._place = {state.state: place for place, state in enumerate(self._order)}
        self._keyboards = [_keyboard(question["buttons"]) for question in questions]

    async def begin(self, message: Message, state: FSMContext) -> SendMessage | None:
        """Ask the first question."""
        await state.set_state(self._order[0])
        return await self._ask(message, 0)

    async def answer(self, message: Message, state: FSMContext, raw_state: str) -> SendMessage | None:
        """Keep an answer and ask the next question, or the same again."""
        place = self._place[raw_state]
        value = _read(self._questions[place], message.text or "")
        if value is None:
            return await self._ask(message, place)
        await state.update_data({self._questions[place]["name"]: value})
        place += 1
        await state.set_state(self._order[place] if place < len(self._order) else None)
        return await self._ask(message, place)

    async def _ask(self, message: Message, place: int) -> SendMessage | None:
        if place < len(self._questions):
            reply = message.answer(self._questions[place]["text"], reply_markup=self._keyboards[place])
        else:
            reply = message.answer(THANKS)
        if not self._sends:
            return reply
        await reply
        return None


def _read(question: Question, text: str) -> str | None:
    """Read words as they are, and numbers as the codes that they stand for."""
    if not question["codes"]:
        return text
    numbers = text.split()
    if not 0 < len(numbers) <= question["most"]:
        return None
    if not all(number.isdecimal() and 0 < int(number) <= len(question["codes"]) for number in numbers):
        return None
    return " ".join(question["codes"][int(number) - 1] for number in numbers)


def _keyboard(labels: list[str]) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(text=label, callback_data=str(n))] for n, label in enumerate(labels, 1)]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


async def _ready(request: web.Request) -> web.Response:
    return web.Response()


async def serve(port: int, survey: Survey, redis_url: str, bot: Bot, secret: str) -> None:
    """Answer updates until told to stop."""
    router = Router()
    router.message(CommandStart())(survey.begin)
    router.message(StateFilter(survey.states))(survey.answer)
    dispatcher = Dispatcher(storage=RedisStorage.from_url(redis_url))
    dispatcher.include_router(router)
    application = web.Application()
    application.router.add_get("/readyz", _ready)
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=secret).register(
        application, WEBHOOK
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await stopped.wait()
    await runner.cleanup()
    await dispatcher.storage.close()


async def main(arguments: list[str]) -> None:
    """Read the arguments (see the module), of which the questions are the file's content, and serve."""
    port, questions, redis_url, api_url, secret, token, reply = arguments
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api_url)))
    survey = Survey(json.loads(questions), sends=reply == "send")
    await serve(int(port), survey, redis_url, bot, secret)


if __name__ == "__main__":
    port, path, *others = sys.argv[1:]
    uvloop.run(main([port, Path(path).read_text(encoding="utf-8"), *others]))
