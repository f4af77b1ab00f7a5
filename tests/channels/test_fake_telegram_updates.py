"""The fake's updates: how long each waits, what confirms it, and how a webhook gets it, as at Telegram."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.channels.telegrams import RESIDENT, SECRET, WEBHOOK, Listener, call, noon, telegram_channel
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_spec import SPEC


async def updates(telegram: FakeTelegram, **fields: Any) -> list[int]:
    """Poll; give the ids that came."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{telegram.url}/bot{TOKEN}/getUpdates", data=fields)
    return [update["update_id"] for update in response.json()["result"]]


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


@pytest.mark.skipif(not SPEC.exists(), reason=f"{SPEC} is not on this machine")
async def test_an_update_that_telegram_could_not_send_fails_the_test_that_made_it() -> None:
    async def break_it() -> None:
        async with FakeTelegram(now=noon) as telegram:
            await telegram.send(RESIDENT, voice={"duration": 7})

    with pytest.raises(AssertionError, match="Voice without file_id"):
        await break_it()
