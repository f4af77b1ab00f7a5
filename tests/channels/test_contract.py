"""What every channel keeps to, whichever it is. A new channel adds one line to `CHANNELS`."""

import pytest

from channels.base import Channel, Option, Outbound, Refused, Request
from channels.simulator import SimulatorChannel
from tests.channels.webhooks import NOON, sms_channel

CHANNELS = [pytest.param(sms_channel, id="sms"), pytest.param(SimulatorChannel, id="simulator")]

type_checked: list[type[Channel]] = [type(sms_channel()), SimulatorChannel]

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
    assert answer.body
    assert answer.media_type


def test_options_are_there_for_the_resident_in_order(channel: Channel) -> None:
    body = channel.answer((MESSAGE,)).body.decode()
    assert 0 < body.index("Safe?") < body.index("Yes") < body.index("No")


def test_a_text_is_laid_out_within_what_the_channel_can_carry(channel: Channel) -> None:
    assert 0 < len(channel.lay_out(MESSAGE)) <= channel.capabilities.max_text


def test_only_what_is_charged_by_the_text_has_segments(channel: Channel) -> None:
    assert (channel.segments("x" * 161) == 2) == (channel.capabilities.cost_unit == "segment")


async def test_closing_twice_does_no_harm(channel: Channel) -> None:
    await channel.close()
    await channel.close()
