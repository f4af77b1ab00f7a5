"""The fake is trusted by many tests, so two clients not of ours try what it claims about Telegram."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import telegram as python_telegram_bot
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, Forbidden, RetryAfter
from telegram.request import HTTPXRequest

from tests.channels.telegrams import RESIDENT, SECRET, WEBHOOK, noon
from tests.fakes.telegram import TOKEN, FakeTelegram, Refuse


@asynccontextmanager
async def aiogram_bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(telegram.url)))
    try:
        yield bot
    finally:
        await bot.session.close()


@asynccontextmanager
async def ptb_bot(telegram: FakeTelegram) -> AsyncIterator[python_telegram_bot.Bot]:
    requests = [HTTPXRequest(httpx_kwargs={"trust_env": False}) for _ in range(2)]
    bot = python_telegram_bot.Bot(
        TOKEN, base_url=f"{telegram.url}/bot", request=requests[0], get_updates_request=requests[1]
    )
    async with bot:
        yield bot


async def test_aiogram_sends_polls_and_answers_a_tap() -> None:
    async with FakeTelegram(now=noon) as telegram, aiogram_bot(telegram) as bot:
        assert (await bot.get_me()).username == "example_bot"
        await telegram.write(RESIDENT, "/start STOKE")
        (update,) = await bot.get_updates(timeout=0)
        assert update.message is not None
        assert (update.message.text, update.message.chat.id) == ("/start STOKE", RESIDENT)
        buttons = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="m.1.1")]])
        sent = await bot.send_message(RESIDENT, "Safe? 1/9", reply_markup=buttons)
        await telegram.tap(RESIDENT, "Yes")
        (tap,) = await bot.get_updates(offset=update.update_id + 1)
        assert tap.callback_query is not None
        assert tap.callback_query.data == "m.1.1"
        assert await tap.callback_query.answer().as_(bot) is True
        with pytest.raises(TelegramBadRequest, match="query is too old"):
            await bot.answer_callback_query(tap.callback_query.id)
        edited = await bot.edit_message_reply_markup(chat_id=RESIDENT, message_id=sent.message_id)
        assert getattr(edited, "reply_markup", "none") is None
        with pytest.raises(TelegramBadRequest, match="message is not modified"):
            await bot.edit_message_reply_markup(chat_id=RESIDENT, message_id=sent.message_id)


async def test_aiogram_understands_refusals_and_the_webhook() -> None:
    async with FakeTelegram(now=noon) as telegram, aiogram_bot(telegram) as bot:
        await telegram.write(RESIDENT, "hello")
        await telegram.block(RESIDENT)
        with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
            await bot.send_message(RESIDENT, "Hello?")
        telegram.fail_next(Refuse(429, "Too Many Requests: retry after 7", 7))
        with pytest.raises(TelegramRetryAfter) as refusal:
            await bot.send_message(RESIDENT, "Hello?")
        assert refusal.value.retry_after == 7
        await bot.set_webhook(WEBHOOK, secret_token=SECRET, allowed_updates=["message"])
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.allowed_updates) == (WEBHOOK, 2, ["message"])
        with pytest.raises(TelegramConflictError, match="webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook(drop_pending_updates=True)
        assert await bot.get_updates() == []


async def test_python_telegram_bot_sends_polls_and_answers_a_tap() -> None:
    async with FakeTelegram(now=noon) as telegram, ptb_bot(telegram) as bot:
        assert bot.username == "example_bot"
        await telegram.write(RESIDENT, "/start STOKE")
        (update,) = await bot.get_updates()
        assert update.message is not None
        assert (update.message.text, update.message.chat.id) == ("/start STOKE", RESIDENT)
        buttons = python_telegram_bot.InlineKeyboardMarkup(
            [[python_telegram_bot.InlineKeyboardButton("Yes", callback_data="m.1.1")]]
        )
        sent = await bot.send_message(RESIDENT, "Safe? 1/9", reply_markup=buttons)
        await telegram.tap(RESIDENT, "Yes")
        (tap,) = await bot.get_updates(offset=update.update_id + 1)
        assert tap.callback_query is not None
        assert tap.callback_query.data == "m.1.1"
        assert await tap.callback_query.answer()
        with pytest.raises(BadRequest, match="Query is too old"):
            await tap.callback_query.answer()
        await bot.edit_message_reply_markup(RESIDENT, sent.message_id)
        assert telegram.buttons(RESIDENT) == []


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # of its own retry_after
async def test_python_telegram_bot_understands_refusals_and_the_webhook() -> None:
    async with FakeTelegram(now=noon) as telegram, ptb_bot(telegram) as bot:
        await telegram.write(RESIDENT, "hello")
        await telegram.block(RESIDENT)
        with pytest.raises(Forbidden, match="blocked by the user"):
            await bot.send_message(RESIDENT, "Hello?")
        telegram.fail_next(Refuse(429, "Too Many Requests: retry after 7", 7))
        with pytest.raises(RetryAfter, match="Retry in 7 seconds"):
            await bot.send_message(RESIDENT, "Hello?")
        await bot.set_webhook(WEBHOOK, secret_token=SECRET, allowed_updates=["message"])
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.allowed_updates) == (WEBHOOK, 2, ("message",))
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook(drop_pending_updates=True)
        assert await bot.get_updates() == ()
