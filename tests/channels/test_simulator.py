import json
from typing import Any

import pytest

from channels.base import Accepted, Arrival, Kind, Option, Outbound, Problem, Refused, Rejected, Request
from channels.looks import TELEGRAM
from channels.simulator import SimulatorChannel
from tests.channels.webhooks import NOON

QUESTION = Outbound(
    "0190-a", "phone-1", "simulator", "Safe \u2013 or not? 1/9", (Option("y", "Yes"), Option("n", "No"))
)


def asked(message: object) -> Request:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return Request("/simulator/messages", {}, body, at=NOON)


def shown(channel: SimulatorChannel, *messages: Outbound) -> list[dict[str, Any]]:
    answer = channel.answer(messages)
    assert answer.media_type == "application/json"
    found: list[dict[str, Any]] = json.loads(answer.body)["messages"]
    return found


def test_a_typed_text_is_heard() -> None:
    (heard,) = SimulatorChannel().receive(asked({"address": "phone-1", "text": "Tak ✅", "event_id": "e1"}))
    assert (heard.channel, heard.event_id, heard.kind, heard.address, heard.text, heard.at, heard.arrival) == (
        "simulator",
        "e1",
        Kind.TEXT,
        "phone-1",
        "Tak ✅",
        NOON,
        Arrival.SIMULATED,
    )


def test_a_tapped_button_is_a_choice() -> None:
    (heard,) = SimulatorChannel().receive(asked({"address": "phone-1", "choice": "y", "text": "Yes"}))
    assert (heard.kind, heard.choice_id, heard.text) == (Kind.CHOICE, "y", "Yes")


def test_texts_without_an_id_are_different_texts() -> None:
    channel = SimulatorChannel()
    request = asked({"address": "phone-1", "text": "1"})
    assert channel.receive(request)[0].event_id != channel.receive(request)[0].event_id


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param([1], id="not an object"),
        pytest.param({"text": "hi"}, id="no address"),
        pytest.param({"address": "x" * 141}, id="an address too long"),
        pytest.param({"address": "phone-1", "text": 5}, id="a text that is a number"),
    ],
)
def test_what_cannot_be_read_is_refused(message: object) -> None:
    with pytest.raises(Refused) as refusal:
        SimulatorChannel().receive(asked(message))
    assert refusal.value.status == 400


def test_like_sms_options_are_numbered_lines_and_the_cost_is_shown() -> None:
    (message,) = shown(SimulatorChannel(), QUESTION)
    assert message == {
        "id": "0190-a",
        "text": "Safe - or not? 1/9\n1 Yes\n2 No",
        "opener": "",
        "keys": [],
        "segments": 1,
        "units": 29,
        "encoding": "GSM-7",
    }


def test_like_a_channel_with_buttons_options_are_buttons_and_nothing_is_charged() -> None:
    (message,) = shown(SimulatorChannel("telegram", TELEGRAM), QUESTION)
    assert (message["text"], message["keys"], message["segments"]) == (
        "Safe \u2013 or not? 1/9",
        [{"id": "y", "label": "Yes", "note": ""}, {"id": "n", "label": "No", "note": ""}],
        0,
    )


def test_a_message_too_long_for_the_channel_comes_in_parts_with_the_buttons_below_the_last() -> None:
    long = Outbound("a", "phone-1", "simulator", "It is so. " * 500 + "Safe?", QUESTION.options)
    first, second = SimulatorChannel("telegram", TELEGRAM).shown(long)
    assert (first.text[:8], first.keys) == ("1 of 2: ", ())
    assert (second.text[:8], second.text[-5:], len(second.keys)) == ("2 of 2: ", "Safe?", 2)


def test_nothing_to_say_is_an_empty_list() -> None:
    assert shown(SimulatorChannel()) == []


async def test_what_is_sent_waits_on_that_phone_alone() -> None:
    channel = SimulatorChannel()
    assert isinstance(await channel.send(QUESTION), Accepted)
    assert channel.delivered("phone-1") == (QUESTION,)
    assert channel.delivered("phone-2") == ()
    await channel.close()
    assert channel.delivered("phone-1") == ()


async def test_an_expired_message_is_not_delivered() -> None:
    channel = SimulatorChannel(clock=lambda: NOON)
    late = Outbound("a", "phone-1", "simulator", "Too late", expires_at=NOON)
    assert await channel.send(late) == Rejected(Problem.EXPIRED, "")
    assert channel.delivered("phone-1") == ()


async def test_the_memory_of_a_demo_that_is_left_running_is_bounded() -> None:
    channel = SimulatorChannel()
    for n in range(1001):
        await channel.send(Outbound(str(n), f"phone-{n}", "simulator", "Hi"))
    for n in range(101):
        await channel.send(Outbound(str(n), "phone-1000", "simulator", "Hi"))
    assert (len(channel.delivered("phone-0")), len(channel.delivered("phone-1000"))) == (0, 100)
