"""What every channel keeps to, whichever it is. A new channel adds one line to `CHANNELS`."""

import pytest

from channels.base import Channel, Option, Outbound, Refused, Request
from channels.simulator import SimulatorChannel
from tests.channels.notifying import notify_channel
from tests.channels.telegrams import telegram_channel
from tests.channels.webhooks import NOON, sms_channel, whatsapp_channel

CHANNELS = [
    pytest.param(sms_channel, id="sms"),
    pytest.param(whatsapp_channel, id="whatsapp"),
    pytest.param(notify_channel, id="notify"),
    pytest.param(telegram_channel, id="telegram"),
    pytest.param(SimulatorChannel, id="simulator"),
]

type_checked: list[type[Channel]] = [
    type(sms_channel()),
    type(whatsapp_channel()),
    type(notify_channel()),
    type(telegram_channel()),
    SimulatorChannel,
]

MESSAGE = Outbound("0190-a", "+447700900123", "+447700900999", "Safe? 1/9", (Option("y", "Yes"), Option("n", "No")))


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> Channel:
    built: Channel = request.param()
    return built


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a=1&a=2", b"[]", b"null"], ids=repr)
def test_a_request_that_cannot_be_read_is_refused_and_never_breaks(channel: Channel, body: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        channel.receive(Request("/", {}, body, at=NOON))
    assert refusal.value.status in (400, 403)


def test_an_answer_without_messages_is_still_an_answer(channel: Channel) -> None:
    answer = channel.answer(())
    assert answer.body or not channel.capabilities.inline_reply
    assert answer.media_type


def test_an_inline_reply_has_the_options_in_order_and_a_channel_without_says_nothing_inline(channel: Channel) -> None:
    body = channel.answer((MESSAGE,)).body.decode()
    if channel.capabilities.inline_reply:
        assert 0 < body.index("Safe?") < body.index("Yes") < body.index("No")
    else:
        assert body == channel.answer(()).body.decode()  # or the outbox would say it a second time


def test_a_text_is_laid_out_within_what_the_channel_can_carry(channel: Channel) -> None:
    assert 0 < len(channel.lay_out(MESSAGE)) <= channel.capabilities.max_text


def test_only_what_is_charged_by_the_text_has_segments(channel: Channel) -> None:
    assert (channel.segments("x" * 161) == 2) == (channel.capabilities.cost_unit == "segment")


async def test_closing_twice_does_no_harm(channel: Channel) -> None:
    await channel.close()
    await channel.close()
