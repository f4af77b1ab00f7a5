"""What every channel keeps to, whichever it is. A new channel adds one line to `CHANNELS`, and its provider's fake.

The simulator has no provider, so it cannot be forged, refused or left without an answer.
"""

import logging
from collections.abc import AsyncIterator

import pytest
import structlog
from msgspec.structs import replace

from channels.base import (
    Accepted,
    Channel,
    Inbound,
    Option,
    Outbound,
    Problem,
    Refused,
    Rejected,
    Request,
    RetryAfter,
    SendResult,
    Unknown,
)
from channels.segments import utf_16_units
from channels.simulator import SimulatorChannel
from tests.channels.notifying import notify_channel
from tests.channels.providers import (
    HAS_A_STOP_LIST,
    LETTERBOXES,
    PROVIDERS,
    TEXT,
    Letterbox,
    Provider,
    options,
)
from tests.channels.telegrams import telegram_channel
from tests.channels.webhooks import NOON, sms_channel, whatsapp_channel
from tests.fakes.twilio import Drop, Hang

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


@pytest.fixture(params=LETTERBOXES.values(), ids=tuple(LETTERBOXES))
def box(request: pytest.FixtureRequest) -> Letterbox:
    """Give what each provider posts to us."""
    made: Letterbox = request.param()
    return made


def test_a_forged_call_is_refused_for_a_message_and_for_a_report(box: Letterbox) -> None:
    for forged in box.forged:
        for read in (box.channel.receive, box.channel.receipts):
            with pytest.raises(Refused) as refusal:
                read(forged)
            assert refusal.value.status == 403


def test_the_same_body_twice_is_the_same_message(box: Letterbox) -> None:
    (first,), (again,) = box.channel.receive(box.genuine), box.channel.receive(box.genuine)
    assert first == again
    assert all((first.provider, first.account, first.event_id, first.text))


def test_a_field_that_is_new_to_us_changes_nothing_that_we_know(box: Letterbox) -> None:
    (known,), (with_more,) = box.channel.receive(box.genuine), box.channel.receive(box.with_more)
    assert replace(with_more, fields=known.fields) == known


def test_a_body_that_is_new_to_us_is_no_message_and_never_a_failure(box: Letterbox) -> None:
    heard: tuple[Inbound, ...] = ()
    status = 400
    try:
        heard = box.channel.receive(box.unknown)
    except Refused as refusal:
        status = refusal.status
    assert (heard, status) == ((), 400)


def test_a_message_and_a_request_show_no_word_and_no_sender(box: Letterbox) -> None:
    (message,) = box.channel.receive(box.genuine)
    seen = repr((message, box.genuine, box.channel))
    assert not [secret for secret in (message.text, message.address, message.address[-9:]) if secret in seen]


@pytest.fixture(params=PROVIDERS.values(), ids=tuple(PROVIDERS))
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Open each provider's fake, with a channel that waits for it as long as it takes."""
    async with request.param(10.0) as opened:
        yield opened


@pytest.fixture(params=PROVIDERS.values(), ids=tuple(PROVIDERS))
async def slow(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Open each provider's fake, with a channel that gives up on it soon."""
    async with request.param(0.4) as opened:
        assert isinstance(await opened.channel.send(opened.message), Accepted)  # what is imported late is there now
        yield opened


async def sent(provider: Provider) -> SendResult:
    return await provider.channel.send(provider.message)


async def test_a_429_sends_nothing_and_asks_for_the_same_message_later(provider: Provider) -> None:
    provider.fail_next(provider.too_fast)
    result = await sent(provider)
    assert isinstance(result, RetryAfter)
    assert result.seconds >= 1
    assert provider.shown() == []
    assert isinstance(await sent(provider), Accepted)
    assert len(provider.shown()) == 1


async def test_after_a_5xx_nobody_knows_and_nothing_is_sent_again_by_itself(provider: Provider) -> None:
    for fault in (provider.fails, *provider.fails_oddly):
        before = len(provider.shown())
        provider.fail_next(fault)
        assert isinstance(await sent(provider), Unknown)
        assert len(provider.shown()) <= before + 1


@pytest.mark.parametrize("fault", [Hang(accept=True), Drop(accept=True)], ids=["no answer comes", "the line breaks"])
async def test_accepted_without_an_answer_is_unknown_and_there_once(slow: Provider, fault: Hang | Drop) -> None:
    slow.fail_next(fault)
    assert isinstance(await sent(slow), Unknown)
    assert len(slow.shown()) == 2


@pytest.mark.parametrize("name", HAS_A_STOP_LIST)
async def test_whoever_has_stopped_us_at_the_provider_is_told_apart_from_a_failure(name: str) -> None:
    async with PROVIDERS[name](10.0) as provider:
        assert provider.stop is not None
        provider.stop()
        result = await sent(provider)
        assert isinstance(result, Rejected)
        assert result.problem is Problem.OPTED_OUT
        assert provider.shown() == []


def test_every_provider_that_keeps_a_stop_list_is_tried() -> None:
    assert set(HAS_A_STOP_LIST) < set(PROVIDERS) == set(LETTERBOXES)


async def test_a_text_that_is_too_long_goes_in_parts_with_nothing_lost(provider: Provider) -> None:
    words = " ".join(f"word{n}." for n in range(1_200))
    result = await provider.channel.send(replace(provider.message, text=words))
    parts = provider.shown()
    assert isinstance(result, Accepted)
    assert len(parts) > 1
    assert all(utf_16_units(part) <= provider.channel.capabilities.max_text for part in parts)
    for n, part in enumerate(parts, 1):
        assert part.startswith(f"{n} of {len(parts)}: ")
    assert " ".join(part.partition(": ")[2] for part in parts) == words


@pytest.mark.parametrize("label", ["Ward", "A ward with a name that is longer than any button can show in one row"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 10, 11, 30])
async def test_however_many_options_there_are_each_is_there_to_read_or_to_tap(
    provider: Provider, count: int, label: str
) -> None:
    offered = options(count, label)
    result = await provider.channel.send(replace(provider.message, options=offered))
    assert isinstance(result, Accepted)
    seen = "\n".join(provider.shown())
    assert TEXT in seen
    assert not [option.label for option in offered if option.label not in seen]
    tapped = list(provider.choices())
    can = provider.channel.capabilities
    assert tapped == ([option.id for option in offered] if 0 < count <= max(can.max_buttons, can.max_list_rows) else [])


async def test_whatever_happens_no_secret_no_number_and_no_word_is_logged_or_shown(
    provider: Provider, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    results: list[SendResult] = []
    with structlog.testing.capture_logs() as logs:
        for fault in (None, provider.too_fast, provider.fails, *provider.fails_oddly, Drop()):
            if fault is not None:
                provider.fail_next(fault)
            results.append(await sent(provider))
    seen = caplog.text + repr((logs, results, provider.channel, provider.message)) + "".join(capsys.readouterr())
    assert not [secret for secret in (*provider.secrets, "feel safe") if secret in seen]
