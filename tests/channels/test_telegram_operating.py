"""The bot as its operator meets it: where its updates go, what is wrong with it, and nothing secret in a log."""

import logging

import pytest

from channels.base import Outage
from tests.channels.telegrams import MESSAGE, RESIDENT, SECRET, WEBHOOK, Listener, noon, talking, telegram_channel
from tests.fakes.telegram import TOKEN, FakeTelegram, Garble, Refuse
from tests.fakes.telegram_chats import NAMES
from tests.fakes.twilio import Drop


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
