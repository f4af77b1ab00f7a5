"""The fake is trusted by many tests, so what it claims about Telegram is tested too, by two clients not of ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import telegram as python_telegram_bot
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, Forbidden, RetryAfter
from telegram.request import HTTPXRequest

from tests.channels.telegrams import RESIDENT, SECRET, WEBHOOK, Listener, noon, telegram_channel
from tests.fakes.telegram import TOKEN, FakeTelegram, Refuse
from tests.fakes.telegram_spec import SPEC

GROUP = -1_001_234_567_890
BUTTON = {"text": "Yes", "callback_data": "m.1.1"}


def keyboard(*buttons: object) -> str:
    return json.dumps({"inline_keyboard": [list(buttons)]})


async def call(telegram: FakeTelegram, method: str, **fields: Any) -> tuple[int, str]:
    """Call a method as a form; give the status and what Telegram says to it."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{telegram.url}/bot{TOKEN}/{method}", data=fields)
    return response.status_code, response.json().get("description", "")


async def updates(telegram: FakeTelegram, **fields: Any) -> list[int]:
    """Poll; give the ids that came."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{telegram.url}/bot{TOKEN}/getUpdates", data=fields)
    return [update["update_id"] for update in response.json()["result"]]


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


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        pytest.param({"text": "x" * 4096}, (200, ""), id="the longest text"),
        pytest.param({"text": "🌳" * 2048}, (200, ""), id="the longest text of pictures"),
        pytest.param({"text": "Hi", "reply_markup": keyboard(BUTTON)}, (200, ""), id="a button"),
        pytest.param({"text": ""}, (400, "Bad Request: message text is empty"), id="no text"),
        pytest.param({"text": " \n"}, (400, "Bad Request: text must be non-empty"), id="white space"),
        pytest.param({"text": "x" * 4097}, (400, "Bad Request: message is too long"), id="too long"),
        pytest.param({"text": "🌳" * 2049}, (400, "Bad Request: message is too long"), id="too many pictures"),
        pytest.param({"text": "Hi", "chat_id": ""}, (400, "Bad Request: chat_id is empty"), id="no chat"),
        pytest.param({"text": "Hi", "chat_id": "7"}, (400, "Bad Request: chat not found"), id="an unknown chat"),
        pytest.param(
            {"text": "Hi", "reply_markup": keyboard(BUTTON | {"callback_data": "ż" * 33})},
            (400, "Bad Request: BUTTON_DATA_INVALID"),
            id="66 bytes under a button",
        ),
        pytest.param(
            {"text": "Hi", "reply_markup": keyboard({"text": "Yes"})},
            (
                400,
                "Bad Request: can't parse inline keyboard button: Text buttons are not allowed in the inline keyboard",
            ),
            id="a button without a purpose",
        ),
        pytest.param(
            {"text": "Hi", "reply_markup": keyboard(*[BUTTON] * 101)},
            (400, "Bad Request: reply markup is too long"),
            id="101 buttons",
        ),
    ],
)
async def test_the_fake_takes_and_refuses_what_telegram_does(fields: dict[str, str], answer: tuple[int, str]) -> None:
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, started=True)
        assert await call(telegram, "sendMessage", **{"chat_id": str(RESIDENT), **fields}) == answer
        assert len(telegram.phone(RESIDENT)) == (answer[0] == 200)


@pytest.mark.parametrize(
    ("markup", "description"),
    [
        pytest.param("{", "Bad Request: can't parse reply keyboard markup JSON object", id="no JSON"),
        pytest.param(
            '{"inline_keyboard": null}',
            'Bad Request: field "inline_keyboard" must be of type Array',
            id="no rows",
        ),
        pytest.param(
            keyboard({"callback_data": "x"}),
            'Bad Request: can\'t parse inline keyboard button: field "text" must be of type String',
            id="a button without a label",
        ),
    ],
)
async def test_a_keyboard_that_breaks_the_description_is_refused_and_fails_the_test(
    markup: str, description: str
) -> None:
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, started=True)
        fields = {"chat_id": str(RESIDENT), "text": "Hi", "reply_markup": markup}
        assert await call(telegram, "sendMessage", **fields) == (400, description)
        assert bool(telegram.complaints) == telegram.spec_checked
        telegram.complaints.clear()


@pytest.mark.parametrize(
    ("how", "description"),
    [
        pytest.param({"blocked": True}, "Forbidden: bot was blocked by the user", id="blocked"),
        pytest.param({"deactivated": True}, "Forbidden: user is deactivated", id="gone"),
        pytest.param({"started": False}, "Forbidden: bot can't initiate conversation with a user", id="never started"),
    ],
)
async def test_nobody_is_written_to_who_does_not_want_it(how: dict[str, bool], description: str) -> None:
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, **{"started": True, **how})
        assert await call(telegram, "sendMessage", chat_id=str(RESIDENT), text="Hi") == (403, description)


async def test_a_wrong_token_and_an_unknown_method_are_refused() -> None:
    async with FakeTelegram() as telegram, httpx2.AsyncClient(trust_env=False) as client:
        guessed = await client.post(f"{telegram.url}/bot4200000001:AAguess/getMe")
        assert (guessed.status_code, guessed.json()["description"]) == (401, "Unauthorized")
        assert await call(telegram, "sendTelegram") == (404, "Not Found")


async def test_a_call_may_come_as_json_or_in_the_address_in_any_case() -> None:
    fields = {"chat_id": RESIDENT, "text": "Hi", "reply_markup": {"inline_keyboard": [[BUTTON]]}}
    async with FakeTelegram(now=noon) as telegram, httpx2.AsyncClient(trust_env=False) as client:
        telegram.chat(RESIDENT, started=True)
        as_json = await client.post(f"{telegram.url}/bot{TOKEN}/SENDMESSAGE", json=fields)
        in_address = await client.get(f"{telegram.url}/bot{TOKEN}/sendmessage?chat_id={RESIDENT}&text=Hi")
        assert (as_json.status_code, in_address.status_code) == (200, 200)
        assert telegram.phone(RESIDENT) == ["Hi", "Hi"]


async def test_an_offset_confirms_what_stands_before_it_and_a_negative_one_all_but_the_last() -> None:
    async with FakeTelegram(now=noon) as telegram:
        first, second, third = [(await telegram.write(RESIDENT, text)).update_id for text in ("a", "b", "c")]
        assert await updates(telegram) == [first, second, third]
        assert await updates(telegram, limit=1) == [first]
        assert await updates(telegram, offset=second) == [second, third]
        assert await updates(telegram, offset=first) == [second, third]
        assert await updates(telegram, offset=-1) == [third]
        assert await updates(telegram, offset=third + 1) == []


async def test_an_offset_far_beyond_the_newest_confirms_nothing() -> None:
    async with FakeTelegram(now=noon) as telegram:
        came = await telegram.write(RESIDENT, "a")
        assert await updates(telegram, offset=came.update_id + 100) == [came.update_id]


async def test_only_the_kinds_last_asked_for_are_kept() -> None:
    async with FakeTelegram(now=noon) as telegram:
        await updates(telegram, allowed_updates=json.dumps(["callback_query"]))
        assert (await telegram.write(RESIDENT, "not asked for")).update_id == 0
        assert await updates(telegram) == []
        await updates(telegram, allowed_updates="[]")
        came = await telegram.write(RESIDENT, "asked for")
        assert await updates(telegram) == [came.update_id]


async def test_an_update_is_kept_for_a_day() -> None:
    async with FakeTelegram(now=noon) as telegram:
        await telegram.write(RESIDENT, "yesterday")
        telegram.now = lambda: noon() + timedelta(hours=24)
        assert await updates(telegram) == []


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param("getUpdates", "terminated by other getUpdates request", id="another poller"),
        pytest.param("setWebhook", "terminated by setWebhook request", id="a webhook"),
    ],
)
async def test_a_poll_is_ended_by_whoever_comes_later(other: str, reason: str) -> None:
    async with FakeTelegram(now=noon) as telegram:
        polling = asyncio.create_task(call(telegram, "getUpdates", timeout=30))
        await telegram.queue.is_asked.wait()
        assert (await call(telegram, other, **({"url": WEBHOOK} if other == "setWebhook" else {})))[0] == 200
        status, description = await polling
    assert (status, description.startswith(f"Conflict: {reason}")) == (409, True)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"url": "http://bot.example"}, "An HTTPS URL must be provided", id="no https"),
        pytest.param({"url": WEBHOOK, "secret_token": "a b"}, "unallowed characters", id="a secret with a space"),
    ],
)
async def test_a_webhook_that_telegram_would_not_call_is_refused(fields: dict[str, str], reason: str) -> None:
    async with FakeTelegram() as telegram:
        status, description = await call(telegram, "setWebhook", **fields)
        assert (status, reason in description, telegram.webhook["url"]) == (400, True, "")


async def test_a_webhook_is_called_again_until_it_takes_the_update() -> None:
    listener = Listener(telegram_channel())
    async with FakeTelegram(app=listener, now=noon) as telegram:
        await call(telegram, "setWebhook", url=WEBHOOK, secret_token=SECRET)
        listener.broken_for = 1
        came = await telegram.write(RESIDENT, "one")
        assert (came.attempts, came.status) == (2, 200)
        listener.broken_for = 3
        came = await telegram.write(RESIDENT, "two")
        assert (came.attempts, came.status, len(telegram.queue.waiting)) == (3, 500, 1)
        assert telegram.webhook["last_error_message"] == "Wrong response from the webhook: 500"
        assert [one.status for one in await telegram.deliver()] == [200]
        assert telegram.queue.waiting == []
    assert [one.text for one in listener.heard] == ["one", "two"]


async def test_a_webhook_without_our_secret_is_not_believed() -> None:
    listener = Listener(telegram_channel())
    async with FakeTelegram(app=listener, now=noon) as telegram:
        await call(telegram, "setWebhook", url=WEBHOOK)
        assert (await telegram.write(RESIDENT, "hello")).status == 403
    assert listener.heard == []


async def test_a_group_can_be_left_and_a_private_chat_cannot() -> None:
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, started=True)
        await telegram.put_into_group(GROUP, RESIDENT)
        assert (await call(telegram, "leaveChat", chat_id=GROUP))[0] == 200
        assert (await call(telegram, "leaveChat", chat_id=GROUP))[0] == 403
        assert (await call(telegram, "leaveChat", chat_id=RESIDENT))[0] == 400


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"message_id": "99"}, "message to edit not found", id="no such message"),
        pytest.param({"message_id": "1"}, "message can't be edited", id="the resident's own"),
    ],
)
async def test_only_our_own_messages_can_be_edited(fields: dict[str, str], reason: str) -> None:
    async with FakeTelegram(now=noon) as telegram:
        await telegram.write(RESIDENT, "hello")
        answer = await call(telegram, "editMessageReplyMarkup", chat_id=RESIDENT, **fields)
    assert answer == (400, f"Bad Request: {reason}")


async def test_a_tap_is_to_be_answered_at_once() -> None:
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, started=True)
        await call(telegram, "sendMessage", chat_id=RESIDENT, text="Hi", reply_markup=keyboard(BUTTON))
        await telegram.tap(RESIDENT, "Yes")
        (callback_id,) = telegram.chats.spinning
        telegram.now = lambda: noon() + timedelta(minutes=1)
        assert (await call(telegram, "answerCallbackQuery", callback_query_id=callback_id))[0] == 400


@pytest.mark.skipif(not SPEC.exists(), reason=f"{SPEC} is not on this machine")
@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        pytest.param({"chat_id": RESIDENT, "text": "Hi", "to": "x"}, "no such field to", id="an unknown field"),
        pytest.param({"chat_id": RESIDENT}, "no text", id="a missing field"),
        pytest.param(
            {"chat_id": RESIDENT, "text": "Hi", "protect_content": "maybe"}, "no Boolean", id="a field of another type"
        ),
        pytest.param(
            {"chat_id": RESIDENT, "text": "Hi", "reply_markup": '{"inline_keyboard": [[{"callback_data": "x"}]]}'},
            "InlineKeyboardButton without text",
            id="a button without a label",
        ),
    ],
)
async def test_a_call_that_breaks_the_description_fails_the_test_that_made_it(
    fields: dict[str, Any], complaint: str
) -> None:
    async def break_it() -> None:
        async with FakeTelegram(now=noon) as telegram:
            telegram.chat(RESIDENT, started=True)
            assert telegram.spec_checked
            await call(telegram, "sendMessage", **fields)

    with pytest.raises(AssertionError, match=complaint):
        await break_it()


@pytest.mark.skipif(not SPEC.exists(), reason=f"{SPEC} is not on this machine")
async def test_an_update_that_telegram_could_not_send_fails_the_test_that_made_it() -> None:
    async def break_it() -> None:
        async with FakeTelegram(now=noon) as telegram:
            await telegram.send(RESIDENT, voice={"duration": 7})

    with pytest.raises(AssertionError, match="Voice without file_id"):
        await break_it()
