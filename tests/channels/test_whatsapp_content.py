"""Content objects: made once, found again, and never in the way of a message."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.base import Option, Outage
from channels.twilio_rest import TwilioRest
from channels.whatsapp_content import REST_MS, ContentRefused, Contents, as_types, name_of
from channels.whatsapp_layout import Buttons, Picker, arrange
from tests.channels.webhooks import NOON
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, Drop, Garble, Hang, Refuse
from tests.fakes.twilio_whatsapp import FakeWhatsApp


def question(text: str, *labels: str) -> Buttons | Picker:
    layout = arrange(text, [Option(f"a1.0.{n}", label) for n, label in enumerate(labels)])
    assert isinstance(layout, Buttons | Picker)
    return layout


SAFE = question("Do you feel safe? 1/9", "Yes", "No")
WARD = question("Which ward? 2/9", "Bentilee", "Burslem", "Hanley", "Tunstall")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@asynccontextmanager
async def contents(twilio: FakeWhatsApp, clock: Clock | None = None, seconds: float = 5.0) -> AsyncIterator[Contents]:
    rest = TwilioRest(ACCOUNT_SID, AUTH_TOKEN, twilio.url)

    async def connected() -> TwilioRest:
        return rest

    try:
        yield Contents(connected, clock or Clock(), seconds)
    finally:
        await rest.close()


def made(twilio: FakeWhatsApp) -> int:
    return sum(asked[:2] == ("POST", "/v1/Content") for asked in twilio.requests)


def test_buttons_are_written_as_quick_replies_with_their_ids() -> None:
    assert as_types(SAFE) == {
        "twilio/quick-reply": {
            "body": "Do you feel safe? 1/9",
            "actions": [
                {"type": "QUICK_REPLY", "title": "Yes", "id": "a1.0.0"},
                {"type": "QUICK_REPLY", "title": "No", "id": "a1.0.1"},
            ],
        }
    }


def test_a_list_is_written_as_a_list_picker_without_empty_descriptions() -> None:
    assert as_types(question("Since when? 2/9", "2026", "2025", "2024", "Before 2024, when I was not here")) == {
        "twilio/list-picker": {
            "body": "Since when? 2/9\n1 2026\n2 2025\n3 2024\n4 Before 2024, when I was not here",
            "button": "Choose",
            "items": [
                {"id": "a1.0.0", "item": "1", "description": "2026"},
                {"id": "a1.0.1", "item": "2", "description": "2025"},
                {"id": "a1.0.2", "item": "3", "description": "2024"},
                {"id": "a1.0.3", "item": "4", "description": "Before 2024, when I was not here"},
            ],
        }
    }
    assert "description" not in json.dumps(as_types(WARD))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(question("Do you feel safe? 2/9", "Yes", "No"), id="another text"),
        pytest.param(question("Do you feel safe? 1/9", "Yes", "Not"), id="another label"),
        pytest.param(question("Do you feel safe? 1/9", "Yes", "No", "Maybe"), id="one button more"),
        pytest.param(question("Do you feel safe? 1/9", "No", "Yes"), id="another order"),
    ],
)
def test_another_message_has_another_name(other: Buttons | Picker) -> None:
    assert name_of(as_types(other)) != name_of(as_types(SAFE))
    assert name_of(as_types(SAFE)) == name_of(as_types(question("Do you feel safe? 1/9", "Yes", "No")))


async def test_many_messages_at_once_wait_for_one_object() -> None:
    async with FakeWhatsApp() as twilio, contents(twilio) as known:
        ids = await asyncio.gather(*(known.id_of(layout) for layout in (SAFE, WARD) * 10))
        assert ids == [twilio.content.kept[0].sid, twilio.content.kept[1].sid] * 10
        assert made(twilio) == 2


async def test_what_another_process_made_is_found_however_long_the_list() -> None:
    async with FakeWhatsApp() as twilio:
        async with contents(twilio) as first:
            ours = await first.id_of(SAFE)
        rest = TwilioRest(ACCOUNT_SID, AUTH_TOKEN, twilio.url)
        for n in range(1200):
            other = {"friendly_name": f"another's {n}", "language": "en", "types": as_types(SAFE)}
            twilio.content.create(json.dumps(other).encode())
        twilio.content.kept.append(twilio.content.kept.pop(0))
        assert await rest.contents("earshot-") == {name_of(as_types(SAFE)): ours}
        await rest.close()
        async with contents(twilio) as second:
            assert await second.id_of(SAFE) == ours


async def test_a_refused_object_is_not_asked_for_again() -> None:
    clock = Clock()
    async with FakeWhatsApp() as twilio, contents(twilio, clock) as known:
        await known.id_of(WARD)
        twilio.fail_next(Refuse(400, 20001))
        assert await known.id_of(SAFE) == ""
        clock.now += REST_MS
        assert await known.id_of(SAFE) == ""
        assert made(twilio) == 2


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refuse(429, retry_after="1"), id="too many requests"),
        pytest.param(Refuse(503), id="Twilio is overloaded"),
        pytest.param(Drop(), id="dropped"),
        pytest.param(Garble(b"{}"), id="no id"),
    ],
)
async def test_after_a_failure_twilio_has_a_minute_of_peace(fault: Refuse | Drop | Garble) -> None:
    clock = Clock()
    async with FakeWhatsApp() as twilio, contents(twilio, clock) as known:
        await known.id_of(WARD)
        twilio.fail_next(fault)
        assert await known.id_of(SAFE) == ""
        asked = len(twilio.requests)
        clock.now += REST_MS - 1
        assert await known.id_of(SAFE) == ""
        assert await known.id_of(WARD) == twilio.content.kept[0].sid  # what is known needs nobody
        assert len(twilio.requests) == asked
        clock.now += 1
        assert await known.id_of(SAFE) == twilio.content.kept[-1].sid


async def test_messages_wait_for_a_silent_twilio_once_and_not_for_long() -> None:
    async with FakeWhatsApp() as twilio, contents(twilio, seconds=0.1) as known:
        twilio.fail_next(Hang())
        async with asyncio.timeout(2):
            assert await asyncio.gather(*(known.id_of(layout) for layout in (SAFE, WARD) * 10)) == [""] * 20
        assert len(twilio.requests) == 1


async def test_an_object_that_is_gone_is_made_anew_and_one_that_is_refused_is_not() -> None:
    async with FakeWhatsApp() as twilio, contents(twilio) as known:
        first = await known.id_of(SAFE)
        known.forget(SAFE)
        second = await known.id_of(SAFE)
        known.give_up(SAFE)
        assert await known.id_of(SAFE) == ""
        assert [content.sid for content in twilio.content.kept] == [first, second]


async def test_the_rest_client_says_whether_asking_again_makes_sense() -> None:
    async with FakeWhatsApp() as twilio:
        rest = TwilioRest(ACCOUNT_SID, AUTH_TOKEN, twilio.url, timeout=0.2)
        twilio.fail_next(Refuse(400, 20001))
        with pytest.raises(ContentRefused, match="20001"):
            await rest.create_content("earshot-a", "en", as_types(SAFE))
        for fault in (Refuse(500), Refuse(429), Drop(), Hang(), Garble(), Garble(b"{}")):
            twilio.fail_next(fault)
            with pytest.raises(Outage, match="Content"):
                await rest.create_content("earshot-a", "en", as_types(SAFE))
        await rest.close()
