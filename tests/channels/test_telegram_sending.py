"""Sending through the Bot API, over loopback HTTP against the strict fake: what goes out, and each way it can end."""

import asyncio
import json
import socket
from datetime import timedelta

import pytest
from msgspec.structs import replace

from channels.base import Accepted, Option, Outage, Problem, Rejected, RetryAfter, SendResult, Unknown
from channels.telegram_layout import MAX_BUTTONS, MAX_LABEL
from tests.channels.telegrams import MESSAGE, RESIDENT, fields_of, message, noon, posted, talking, telegram_channel
from tests.channels.webhooks import NOON
from tests.fakes.telegram import Fault, Garble, Refuse
from tests.fakes.twilio import Drop, Hang


async def test_a_message_is_sent_as_plain_text_with_a_button_for_each_option() -> None:
    async with talking() as (telegram, channel):
        result = await channel.send(replace(MESSAGE, text="Is *this* <b>safe</b>? https://stoke.example 1/9"))
        (sent,) = telegram.sent(RESIDENT)
        assert result == Accepted(str(sent.id))
        assert fields_of(telegram, "sendMessage") == [
            {
                "chat_id": str(RESIDENT),
                "text": "Is *this* <b>safe</b>? https://stoke.example 1/9",
                "link_preview_options": json.dumps({"is_disabled": True}),
                "reply_markup": json.dumps(
                    {
                        "inline_keyboard": [
                            [{"text": "Yes", "callback_data": "m.1.1"}],
                            [{"text": "No", "callback_data": "m.1.2"}],
                        ]
                    }
                ),
            }
        ]


async def test_a_label_too_long_for_a_button_is_cut_and_numbered_like_its_line() -> None:
    long = "White: English, Welsh, Scottish, Northern Irish or British"
    async with talking() as (telegram, channel):
        await channel.send(replace(MESSAGE, options=(Option("m.1.1", "Asian or Asian British"), Option("m.1.2", long))))
        assert telegram.phone(RESIDENT) == [f"Do you feel safe? 1/9\n1 Asian or Asian British\n2 {long}"]
        assert telegram.buttons(RESIDENT) == ["1 Asian or Asian British", "2 White: English, Welsh, Scottish, Nort…"]
        assert max(len(label) for label in telegram.buttons(RESIDENT)) <= MAX_LABEL


async def test_more_options_than_buttons_are_numbered_lines_alone() -> None:
    options = tuple(Option(f"m.1.{n}", f"Ward {n}") for n in range(MAX_BUTTONS + 1))
    async with talking() as (telegram, channel):
        await channel.send(replace(MESSAGE, options=options))
        assert telegram.phone(RESIDENT)[0].endswith("\n11 Ward 10")
        assert telegram.buttons(RESIDENT) == []


async def test_a_long_text_goes_in_numbered_parts_with_the_buttons_under_the_last() -> None:
    # Each picture is two UTF-16 units: 2,100 of them are over the limit that 4,096 letters are not.
    text = "🌳 is good. " * 500
    async with talking() as (telegram, channel):
        result = await channel.send(replace(MESSAGE, text=text + "Safe? 1/9"))
        first, last = telegram.sent(RESIDENT)
        assert (first.body["text"][:8], last.body["text"][:8]) == ("1 of 2: ", "2 of 2: ")
        assert (first.buttons, [button["text"] for button in last.buttons]) == ([], ["Yes", "No"])
        assert result == Accepted(str(last.id))


async def test_a_long_text_of_which_only_the_first_part_was_taken_is_unknown() -> None:
    async with talking() as (telegram, channel):
        telegram.fail_next(
            Garble(200, b'{"ok": true, "result": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}}'),
            Refuse(429, retry_after=7),
        )
        assert isinstance(await channel.send(replace(MESSAGE, text="This is a sentence. " * 300)), Unknown)


async def test_of_a_long_text_nothing_more_is_sent_once_the_first_part_is_refused() -> None:
    async with talking() as (telegram, channel):
        telegram.fail_next(Refuse(429, retry_after=7))
        assert await channel.send(replace(MESSAGE, text="This is a sentence. " * 300)) == RetryAfter(7.0)
        assert telegram.phone(RESIDENT) == []


async def test_an_expired_message_is_not_sent() -> None:
    async with talking() as (telegram, channel):
        assert await channel.send(replace(MESSAGE, expires_at=NOON)) == Rejected(Problem.EXPIRED, "")
        assert telegram.requests == []


@pytest.mark.parametrize("address", ["", "+447700900123", "@zofia_example"])
async def test_an_address_that_is_no_chat_is_never_asked_for(address: str) -> None:
    async with talking() as (telegram, channel):
        assert await channel.send(replace(MESSAGE, address=address)) == Rejected(Problem.BAD_ADDRESS, "")
        assert telegram.requests == []


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        pytest.param(Refuse(429, "Too Many Requests: retry after 7", 7), RetryAfter(7.0), id="too fast"),
        pytest.param(Refuse(429, "Too Many Requests"), RetryAfter(1.0), id="too fast, and nobody says how long"),
        pytest.param(
            Refuse(403, "Forbidden: bot was blocked by the user"),
            Rejected(Problem.OPTED_OUT, "403 bot was blocked by the user"),
            id="blocked",
        ),
        pytest.param(
            Refuse(403, "Forbidden: user is deactivated"),
            Rejected(Problem.BAD_ADDRESS, "403 user is deactivated"),
            id="gone",
        ),
        pytest.param(Refuse(403, "Forbidden: told by 2027"), Rejected(Problem.OPTED_OUT, "403"), id="another 403"),
        pytest.param(
            Refuse(400, "Bad Request: chat not found"),
            Rejected(Problem.BAD_ADDRESS, "400 chat not found"),
            id="no chat",
        ),
        pytest.param(Refuse(400, "Bad Request: BUTTON_DATA_INVALID"), Rejected(Problem.UNKNOWN, "400"), id="our fault"),
        pytest.param(Refuse(401, "Unauthorized"), Rejected(Problem.CONFIGURATION, "401"), id="the wrong token"),
        pytest.param(Refuse(404, "Not Found"), Rejected(Problem.CONFIGURATION, "404"), id="no token"),
        pytest.param(Refuse(409, "Conflict"), Rejected(Problem.CONFIGURATION, "409"), id="a conflict"),
        pytest.param(Refuse(413, "Request Entity Too Large"), Rejected(Problem.UNKNOWN, "413"), id="too large"),
        pytest.param(Refuse(500, "Internal Server Error"), Unknown("Telegram failed"), id="Telegram breaks"),
        pytest.param(Refuse(500, "restarting"), Unknown("Telegram restarts"), id="Telegram restarts"),
        pytest.param(Refuse(418, "a teapot"), Unknown("the answer could not be read"), id="a status nobody knows"),
        pytest.param(Garble(), Unknown("the answer could not be read"), id="a gateway's page"),
        pytest.param(Garble(200, b"{}"), Unknown("the answer could not be read"), id="JSON of another shape"),
        pytest.param(Garble(200, b"\xff"), Unknown("the answer could not be read"), id="no text at all"),
        pytest.param(
            Garble(307, b"", "/bot4200000001:AAother/sendMessage"),
            Unknown("the answer could not be read"),
            id="somebody redirects",
        ),
        pytest.param(Drop(), Unknown("ServerDisconnectedError"), id="dropped before it was taken"),
        pytest.param(Drop(accept=True), Unknown("ServerDisconnectedError"), id="dropped after it was taken"),
    ],
)
async def test_each_way_a_send_can_end_has_its_outcome(fault: Fault, outcome: SendResult) -> None:
    async with talking() as (telegram, channel):
        telegram.fail_next(fault)
        assert await channel.send(MESSAGE) == outcome
        assert len(telegram.requests) == 1  # never a second time by itself


@pytest.mark.parametrize("accept", [True, False], ids=["taken", "not taken"])
async def test_a_send_that_is_not_answered_in_time_is_unknown(accept: bool) -> None:
    async with talking(seconds=0.3) as (telegram, channel):
        telegram.fail_next(Hang(accept))
        assert isinstance(await channel.send(MESSAGE), Unknown)
        assert len(telegram.requests) == 1


async def test_nothing_was_sent_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    channel = telegram_channel(api_base_url=f"http://127.0.0.1:{port}")
    assert isinstance(await channel.send(MESSAGE), RetryAfter)
    await channel.close()


async def test_a_wrong_token_is_a_fault_of_the_settings() -> None:
    async with talking(token="4200000001:AAanother") as (_, channel):
        assert await channel.send(MESSAGE) == Rejected(Problem.CONFIGURATION, "401")
        with pytest.raises(Outage, match="TELEGRAM_BOT_TOKEN"):
            await channel.poll("")


async def test_a_resident_who_has_blocked_us_is_never_written_to() -> None:
    async with talking() as (telegram, channel):
        await telegram.block(RESIDENT)
        assert await channel.send(MESSAGE) == Rejected(Problem.OPTED_OUT, "403 bot was blocked by the user")
        await telegram.unblock(RESIDENT)
        assert isinstance(await channel.send(MESSAGE), Accepted)


async def test_many_sends_at_once_each_get_their_own_answer() -> None:
    async with talking() as (telegram, channel):
        chats = range(RESIDENT, RESIDENT + 50)
        for chat in chats:
            telegram.chat(chat, started=True)
        results = await asyncio.gather(*(channel.send(replace(MESSAGE, address=str(chat))) for chat in chats))
        assert results == [Accepted(str(telegram.sent(chat)[0].id)) for chat in chats]


async def test_sending_works_again_after_closing() -> None:
    async with talking() as (_, channel):
        await channel.send(MESSAGE)
        await channel.close()
        assert isinstance(await channel.send(MESSAGE), Accepted)


@pytest.mark.parametrize(
    ("ahead", "ours"),
    [
        pytest.param(0, 0, id="right"),
        pytest.param(90, 90, id="ahead"),
        pytest.param(-90, -90, id="behind"),
        pytest.param(2_000_000, 0, id="so far off that it is Telegram's date that is odd"),
    ],
)
async def test_what_telegram_dates_is_dated_by_our_clock_once_both_are_compared(ahead: int, ours: int) -> None:
    async with talking() as (telegram, channel):
        telegram.now = lambda: noon() - timedelta(seconds=ahead)
        await channel.send(MESSAGE)
        (heard,) = channel.receive(posted(message(text="Yes", date=NOON // 1000 - 100)))
        assert heard.provider_at == pytest.approx(NOON + (ours - 100) * 1000, abs=1_000)
