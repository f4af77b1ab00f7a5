"""Calls of the fake, one by one: what Telegram takes, what it refuses and how, and what its description forbids."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.channels.telegrams import RESIDENT, call, noon
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_spec import SPEC

GROUP = -1_001_234_567_890
BUTTON = {"text": "Yes", "callback_data": "m.1.1"}


def keyboard(*buttons: object) -> str:
    return json.dumps({"inline_keyboard": [list(buttons)]})


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
