"""Fetching what waits at Telegram, and acknowledging it: in order, none lost, and every spinner ended."""

import asyncio
import json
from datetime import timedelta

import pytest
import structlog
from msgspec.structs import replace

from channels.base import Arrival, Kind, Outage
from channels.telegram import ONLY_IN_PRIVATE
from channels.telegram_updates import ALLOWED_UPDATES
from tests.channels.telegrams import MESSAGE, RESIDENT, fields_of, noon, posted, talking
from tests.fakes.telegram import TOKEN, Fault, Garble, Refuse
from tests.fakes.twilio import Drop

OTHER = RESIDENT + 1
GROUP = -1_001_234_567_890


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
