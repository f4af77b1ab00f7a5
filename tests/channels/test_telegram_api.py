"""Sending, polling and acknowledging through the Bot API, over real loopback HTTP against the strict fake."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog
from msgspec.structs import replace

from channels.base import (
    Accepted,
    Arrival,
    Kind,
    Option,
    Outage,
    Outbound,
    Problem,
    Rejected,
    RetryAfter,
    SendResult,
    Unknown,
)
from channels.telegram import ONLY_IN_PRIVATE, TelegramChannel
from channels.telegram_layout import MAX_BUTTONS, MAX_LABEL
from channels.telegram_updates import ALLOWED_UPDATES
from tests.channels.telegrams import BOT_ID, RESIDENT, SECRET, WEBHOOK, Listener, noon, posted, telegram_channel
from tests.channels.webhooks import NOON
from tests.fakes.telegram import TOKEN, FakeTelegram, Fault, Garble, Refuse
from tests.fakes.telegram_chats import NAMES
from tests.fakes.twilio import Drop, Hang

OTHER = RESIDENT + 1
GROUP = -1_001_234_567_890
MESSAGE = Outbound(
    id="0190-a",
    address=str(RESIDENT),
    our_address=BOT_ID,
    text="Do you feel safe? 1/9",
    options=(Option("m.1.1", "Yes"), Option("m.1.2", "No")),
)


@asynccontextmanager
async def talking(
    *, token: str = TOKEN, seconds: float = 15.0, poll_seconds: int = 0
) -> AsyncIterator[tuple[FakeTelegram, TelegramChannel]]:
    """Give a fake in which a resident has pressed Start, and a channel that speaks to it."""
    async with FakeTelegram(now=noon) as telegram:
        telegram.chat(RESIDENT, started=True)
        channel = telegram_channel(token=token, api_base_url=telegram.url, timeout=seconds, poll_seconds=poll_seconds)
        try:
            yield telegram, channel
        finally:
            await channel.close()


def fields_of(telegram: FakeTelegram, method: str) -> list[dict[str, str]]:
    """Give the fields of every call of a method."""
    return [fields for name, fields in telegram.requests if name == method]


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


async def test_what_waits_is_polled_in_order_and_heard_as_by_webhook() -> None:
    async with talking() as (telegram, channel):
        telegram.chat(RESIDENT, language="pl")
        await telegram.write(RESIDENT, "/start STOKE")
        await telegram.send(OTHER, voice={"file_id": "a", "file_unique_id": "b", "duration": 7})
        await channel.send(MESSAGE)
        await telegram.tap(RESIDENT, "No")
        updates = [one.update for one in telegram.queue.waiting]
        found, mark = await channel.poll("")
    by_webhook = [one for update in updates for one in channel.receive(posted(update))]
    assert [replace(one, arrival=Arrival.WEBHOOK) for one in found] == by_webhook
    assert [(one.arrival, one.kind, one.text) for one in found] == [
        (Arrival.POLL, Kind.START, "STOKE"),
        (Arrival.POLL, Kind.MEDIA, ""),
        (Arrival.POLL, Kind.CHOICE, "No"),
    ]
    assert mark == str(updates[-1]["update_id"] + 1)


async def test_what_is_not_confirmed_comes_again_and_what_is_confirmed_never() -> None:
    async with talking() as (telegram, channel):
        await telegram.write(RESIDENT, "one")
        (first,), mark = await channel.poll("")
        (again,), _ = await channel.poll("")
        assert again == first
        await telegram.write(RESIDENT, "two")
        (second,), mark = await channel.poll(mark)
        assert second.text == "two"
        assert await channel.poll(mark) == ((), "")
        assert telegram.queue.waiting == []


async def test_a_mark_is_let_go_once_nothing_follows_so_a_silent_week_hides_no_message() -> None:
    async with talking() as (telegram, channel):
        await telegram.write(RESIDENT, "before")
        _, mark = await channel.poll("")
        _, mark = await channel.poll(mark)
        telegram.now = lambda: noon() + timedelta(days=8)
        came = await telegram.write(RESIDENT, "after")
        assert came.update_id < 1000  # Telegram has begun anew, lower
        (found,), mark = await channel.poll(mark)
        assert (found.text, mark) == ("after", str(came.update_id + 1))


async def test_numbers_that_begin_anew_lower_are_followed_down() -> None:
    async with talking() as (telegram, channel):
        await telegram.write(RESIDENT, "before")
        telegram.queue.next_id = 7
        await telegram.write(RESIDENT, "after")
        _, mark = await channel.poll("")
        assert mark == "8"


async def test_an_update_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    async with talking() as (telegram, channel):
        await telegram.write(RESIDENT, "before")
        telegram.queue.put("message", {"message_id": "not a number"})
        await telegram.write(RESIDENT, "after")
        with structlog.testing.capture_logs() as logs:
            found, mark = await channel.poll("")
        telegram.complaints.clear()  # it is no update by Telegram's own description either
        assert [one.text for one in found] == ["before", "after"]
        assert await channel.poll(mark) == ((), "")
    assert [(log["event"], log["update_id"]) for log in logs] == [("update cannot be read", 1001)]


async def test_a_poll_waits_until_something_comes() -> None:
    async with talking(poll_seconds=10) as (telegram, channel):
        polling = asyncio.create_task(channel.poll(""))
        await telegram.queue.is_asked.wait()
        await telegram.write(RESIDENT, "at last")
        (found,), _ = await polling
    assert found.text == "at last"
    (fields,) = fields_of(telegram, "getUpdates")
    assert fields == {"limit": "100", "timeout": "10", "allowed_updates": json.dumps(list(ALLOWED_UPDATES))}


async def test_a_poll_may_last_longer_than_another_call() -> None:
    async with talking(seconds=0.2, poll_seconds=1) as (_, channel):
        assert await channel.poll("") == ((), "")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(Refuse(401, "Unauthorized"), "check TELEGRAM_BOT_TOKEN", id="the wrong token"),
        pytest.param(Refuse(409, "Conflict: terminated"), "stop the other program that polls", id="a second poller"),
        pytest.param(Refuse(429, "Too Many Requests", 5), "in 5 seconds", id="too fast"),
        pytest.param(Refuse(500, "Internal Server Error"), "no usable answer", id="Telegram breaks"),
        pytest.param(Garble(), "no usable answer", id="a gateway's page"),
        pytest.param(Garble(200), "could not be read", id="a page that says all is well"),
        pytest.param(
            Garble(200, b'{"ok": true, "result": [{}]}'), "could not be read", id="an update without a number"
        ),
        pytest.param(Drop(), "ServerDisconnectedError", id="dropped"),
    ],
)
async def test_a_poll_that_fails_is_an_outage_that_says_why_and_loses_nothing(fault: Fault, reason: str) -> None:
    async with talking() as (telegram, channel):
        await telegram.write(RESIDENT, "still there")
        telegram.fail_next(fault)
        with pytest.raises(Outage, match=reason):
            await channel.poll("")
        (found,), _ = await channel.poll("")
        assert found.text == "still there"


async def test_a_tap_ends_its_spinner_and_takes_the_buttons_away() -> None:
    async with talking() as (telegram, channel):
        await channel.send(MESSAGE)
        await telegram.tap(RESIDENT, "Yes")
        assert len(telegram.chats.spinning) == 1
        (tap,), _ = await channel.poll("")
        await channel.acknowledge(tap)
        assert (telegram.chats.spinning, telegram.buttons(RESIDENT)) == ({}, [])
        assert telegram.phone(RESIDENT) == ["Do you feel safe? 1/9"]


async def test_a_tap_long_gone_still_loses_its_buttons() -> None:
    async with talking() as (telegram, channel):
        await channel.send(MESSAGE)
        await telegram.tap(RESIDENT, "Yes", inaccessible=True)
        telegram.now = lambda: noon() + timedelta(hours=1)
        (tap,), _ = await channel.poll("")
        with structlog.testing.capture_logs() as logs:
            await channel.acknowledge(tap)
            await channel.acknowledge(tap)
        assert (telegram.buttons(RESIDENT), logs) == ([], [])


@pytest.mark.parametrize("fault", [Drop(), Garble(), Refuse(429, retry_after=3), Refuse(401)], ids=repr)
async def test_an_acknowledgement_that_fails_is_logged_and_stops_nothing(fault: Fault) -> None:
    async with talking() as (telegram, channel):
        await channel.send(MESSAGE)
        await telegram.tap(RESIDENT, "Yes")
        (tap,), _ = await channel.poll("")
        telegram.fail_next(fault)
        with structlog.testing.capture_logs() as logs:
            await channel.acknowledge(tap)
        assert [log["event"] for log in logs] == ["not acknowledged"]
        assert not [secret for secret in (TOKEN, str(RESIDENT)) if secret in repr(logs)]


async def test_a_text_needs_no_acknowledgement() -> None:
    async with talking() as (telegram, channel):
        await telegram.write(RESIDENT, "hello")
        (text,), _ = await channel.poll("")
        telegram.requests.clear()
        await channel.acknowledge(text)
        assert telegram.requests == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        pytest.param("supergroup", [ONLY_IN_PRIVATE], id="a group is told why"),
        pytest.param("channel", [], id="into a channel nothing is posted"),
    ],
)
async def test_a_group_that_takes_us_in_is_left(kind: str, said: list[str]) -> None:
    async with talking() as (telegram, channel):
        await telegram.put_into_group(GROUP, RESIDENT, kind)
        (taken_in,), _ = await channel.poll("")
        await channel.acknowledge(taken_in)
        await channel.acknowledge(taken_in)  # out already: no failure
        assert telegram.phone(GROUP) == said
        assert not telegram.chats.chats[GROUP].is_member


async def test_a_bot_that_is_subscribed_hears_by_webhook_with_its_secret() -> None:
    listener = Listener(telegram_channel())
    async with FakeTelegram(app=listener, now=noon) as telegram:
        channel = telegram_channel(api_base_url=telegram.url)
        await telegram.write(RESIDENT, "before there was a webhook")
        await channel.subscribe(WEBHOOK)
        await telegram.deliver()
        came = await telegram.write(RESIDENT, "hello")
        await telegram.redeliver(listener_update(telegram, RESIDENT, came.update_id))
        assert (came.status, came.attempts) == (200, 1)
        assert [one.text for one in listener.heard] == ["before there was a webhook", "hello", "hello"]
        assert len({one.event_id for one in listener.heard}) == 2
        assert await channel.problems(WEBHOOK) == ()
        with pytest.raises(Outage, match="TELEGRAM_MODE=webhook"):
            await channel.poll("")
        await channel.unsubscribe()
        assert await channel.poll("") == ((), "")
        await channel.close()


def listener_update(telegram: FakeTelegram, chat_id: int, update_id: int) -> dict[str, object]:
    """Write the newest message of a chat as the update that it came in."""
    newest = [one for one in telegram.chats.messages if one.chat.id == chat_id][-1]
    return {"update_id": update_id, "message": newest.body}


async def test_an_address_that_telegram_does_not_take_is_an_outage_that_says_why() -> None:
    async with talking() as (_, channel):
        with pytest.raises(Outage, match="An HTTPS URL must be provided"):
            await channel.subscribe("http://bot.example/channels/telegram")


async def test_what_is_wrong_with_the_bot_is_said_in_plain_words() -> None:
    listener = Listener(telegram_channel())
    async with FakeTelegram(app=listener, now=noon, can_join_groups=True) as telegram:
        channel = telegram_channel(api_base_url=telegram.url)
        assert await channel.problems("") == (
            "Anybody can put the bot into a group: turn that off at @BotFather (/setjoingroups, Disable).",
        )
        telegram.can_join_groups = False
        assert await channel.problems("http://bot.example:9000/") == (
            "Telegram posts to https addresses on port 443, 80, 88 or 8443 only: set PUBLIC_BASE_URL so.",
            "Telegram knows no address to post to: start `serve`, which sets it.",
        )
        await channel.subscribe(WEBHOOK)
        listener.broken_for = 3
        await telegram.write(RESIDENT, "hello")
        telegram.queue.allowed = ("message",)
        telegram.queue.waiting *= 101
        assert await channel.problems("https://other.example/channels/telegram") == (
            "Telegram posts elsewhere, to bot.example: start `serve` again.",
            "Telegram does not send edited_message, callback_query, my_chat_member: start `serve` again.",
            "Telegram could not post to us within the last hour: Wrong response from the webhook: 500.",
            "101 messages wait at Telegram, which forgets them after 24 hours.",
        )
        assert await channel.problems("") == (
            "The bot has a webhook, so it cannot be polled: remove the webhook, or set TELEGRAM_MODE=webhook.",
            "101 messages wait at Telegram, which forgets them after 24 hours.",
        )
        await channel.close()


async def test_no_name_no_words_no_chat_and_no_secret_are_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    async with talking() as (telegram, channel):
        for fault in (
            None,
            Refuse(400, f"Bad Request: {MESSAGE.text}"),
            Refuse(500),
            Refuse(429, "", 5),
            Drop(),
            Garble(),
        ):
            if fault:
                telegram.fail_next(fault)
            shown.append(repr(await channel.send(MESSAGE)))
        for call in (channel.poll(""), channel.problems(""), channel.subscribe(WEBHOOK), channel.unsubscribe()):
            telegram.fail_next(Refuse(500))
            with pytest.raises(Outage) as outage:
                await call
            shown += [repr(outage.value), repr(outage.value.__cause__)]
        shown += [repr(channel), repr(MESSAGE)]
    with pytest.raises(Outage) as outage:
        await channel.poll("")  # nobody listens any more
    await channel.close()
    seen = caplog.text + "".join(shown) + repr(outage.value)
    secrets = (str(RESIDENT), "feel safe", TOKEN, TOKEN.split(":")[1], SECRET, *NAMES)
    assert not [secret for secret in secrets if secret in seen]
