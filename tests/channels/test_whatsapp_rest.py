"""Sending WhatsApp messages and listing them by REST, over real loopback HTTP against the strict fake."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from channels.base import (
    Accepted,
    Arrival,
    Inbound,
    Kind,
    Option,
    Outage,
    Outbound,
    Problem,
    Rejected,
    RetryAfter,
    SendResult,
    Status,
    Unknown,
)
from channels.whatsapp import WhatsAppChannel
from tests.channels.webhooks import NOON, Bot, sms_channel, whatsapp_channel
from tests.fakes.twilio import AUTH_TOKEN, NUMBER, SERVICE_SID, Drop, Fault, Garble, Hang, Refuse
from tests.fakes.twilio_content import Shown
from tests.fakes.twilio_whatsapp import WHATSAPP_SENDER, FakeWhatsApp

RESIDENT = "whatsapp:+447700900123"
USER_ID = "whatsapp:GB.1502576394655843"
QUESTION = "Do you feel safe? 1/9"
YES_NO = (Option("a1.0.0", "Yes"), Option("a1.0.1", "No"))
MESSAGE = Outbound(id="0190-a", address=RESIDENT, our_address=WHATSAPP_SENDER, text=QUESTION, options=YES_NO)
PLAIN = replace(MESSAGE, options=())
IN_WORDS = f"{QUESTION}\n1 Yes\n2 No"


@asynccontextmanager
async def sending(
    twilio: FakeWhatsApp, *, sender: str = WHATSAPP_SENDER, auth_token: str = AUTH_TOKEN, seconds: float = 15.0
) -> AsyncIterator[WhatsAppChannel]:
    channel = whatsapp_channel(sender=sender, auth_token=auth_token, api_base_url=twilio.url, timeout=seconds)
    try:
        yield channel
    finally:
        await channel.close()


def asked_of(twilio: FakeWhatsApp) -> list[str]:
    """Say what was asked of which API, in order."""
    return [f"{method} {path.rsplit('/')[-1]}" for method, path, _ in twilio.requests]


async def test_two_options_are_buttons_on_the_phone() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        result = await channel.send(MESSAGE)
        assert result == Accepted(twilio.messages[0].sid)
        assert twilio.screen(RESIDENT) == [Shown(QUESTION, buttons=(("a1.0.0", "Yes"), ("a1.0.1", "No")))]
        assert twilio.requests[-1][2] == {
            "To": RESIDENT,
            "From": WHATSAPP_SENDER,
            "ContentSid": twilio.content.kept[0].sid,
            "StatusCallback": "https://bot.example/channels/whatsapp/status?o=0190-a",
            "ValidityPeriod": "14400",
        }


async def test_five_options_are_a_list_on_the_phone() -> None:
    options = tuple(Option(f"a1.3.{n}", label) for n, label in enumerate(("One", "Two", "Three", "Four", "Five")))
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        await channel.send(replace(MESSAGE, options=options))
        (shown,) = twilio.screen(RESIDENT)
        assert shown.rows == tuple((option.id, option.label) for option in options)


async def test_more_options_and_bare_texts_need_no_content() -> None:
    options = tuple(Option(f"a1.3.{n}", f"Ward {n}") for n in range(11))
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        await channel.send(replace(MESSAGE, options=options))
        await channel.send(PLAIN)
        assert [shown.text[-11:] for shown in twilio.screen(RESIDENT)] == ["\n11 Ward 10", "l safe? 1/9"]
        assert asked_of(twilio) == ["POST Messages.json"] * 2


async def test_the_same_question_is_made_once_however_often_it_is_asked() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        for id in ("a", "b", "c"):
            await channel.send(replace(MESSAGE, id=id))
        assert asked_of(twilio) == ["GET Content", "POST Content", *["POST Messages.json"] * 3]


async def test_after_a_restart_the_question_is_found_again() -> None:
    async with FakeWhatsApp() as twilio:
        for _ in range(2):
            async with sending(twilio) as channel:
                await channel.send(MESSAGE)
        assert len(twilio.content.kept) == 1


async def test_a_messaging_service_sends_instead_of_a_number() -> None:
    services = {SERVICE_SID: ("+447700900999", WHATSAPP_SENDER)}
    async with FakeWhatsApp(services=services) as twilio, sending(twilio, sender=SERVICE_SID) as channel:
        assert isinstance(await channel.send(MESSAGE), Accepted)
        fields = twilio.requests[-1][2]
        assert (fields["MessagingServiceSid"], "From" in fields) == (SERVICE_SID, False)


async def test_an_expired_message_is_not_sent() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        assert await channel.send(replace(MESSAGE, expires_at=NOON)) == Rejected(Problem.EXPIRED, "")
        assert twilio.requests == []


async def test_a_long_text_goes_in_numbered_parts() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        result = await channel.send(replace(MESSAGE, text="This is a sentence. " * 100))
        assert [shown.text[:8] for shown in twilio.screen(RESIDENT)] == ["1 of 2: ", "2 of 2: "]
        assert twilio.screen(RESIDENT)[1].text.endswith("\n1 Yes\n2 No")
        assert result == Accepted(twilio.messages[0].sid)


# The window of 24 hours


async def test_outside_the_window_only_the_template_goes_out() -> None:
    async with FakeWhatsApp(app=Bot(whatsapp_channel())) as twilio, sending(twilio) as channel:
        template = twilio.approve("The survey is open. Text YES to begin.")
        result = await channel.send(replace(MESSAGE, is_outside_window=True, template=template))
        await twilio.deliver()
        assert isinstance(result, Accepted)
        assert [shown.text for shown in twilio.screen(RESIDENT)] == ["The survey is open. Text YES to begin."]


async def test_a_template_that_is_not_there_is_a_fault_of_the_settings() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        result = await channel.send(replace(MESSAGE, is_outside_window=True, template=f"HX{'0' * 32}"))
        assert result == Rejected(Problem.CONFIGURATION, "21655")
        assert twilio.messages == []


async def test_outside_the_window_without_a_template_twilio_is_not_even_asked() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        result = await channel.send(replace(MESSAGE, is_outside_window=True))
        assert result == Rejected(Problem.OUTSIDE_WINDOW, "")
        assert twilio.requests == []


async def test_a_window_that_closed_unnoticed_is_reported_afterwards() -> None:
    channel = whatsapp_channel()
    bot = Bot(channel)
    async with FakeWhatsApp(app=bot) as twilio, sending(twilio) as sender:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC) - timedelta(hours=24)
        await twilio.text(RESIDENT, "STOKE")
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        result = await sender.send(MESSAGE)
        await twilio.deliver()
    assert isinstance(result, Accepted)
    assert [(one.status, one.problem) for one in bot.receipts] == [
        (Status.SENT, None),
        (Status.FAILED, Problem.OUTSIDE_WINDOW),
    ]
    assert bot.receipts[-1].code == "63016"


# What can go wrong


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        pytest.param(Refuse(429, 20429, retry_after="7"), RetryAfter(7.0), id="too fast, and Twilio says how long"),
        pytest.param(Refuse(400, 63018), RetryAfter(600), id="too fast for WhatsApp"),
        pytest.param(Refuse(400, 63017), RetryAfter(600), id="too fast for the account"),
        pytest.param(Refuse(400, 21610), Rejected(Problem.OPTED_OUT, "21610"), id="the resident has texted STOP"),
        pytest.param(Refuse(400, 63003), Rejected(Problem.BAD_ADDRESS, "63003"), id="not on WhatsApp"),
        pytest.param(Refuse(400, 63016), Rejected(Problem.OUTSIDE_WINDOW, "63016"), id="outside the window, at once"),
        pytest.param(Refuse(400, 63007), Rejected(Problem.CONFIGURATION, "63007"), id="not our sender"),
        pytest.param(Refuse(400, 98765), Rejected(Problem.UNKNOWN, "98765"), id="a code nobody knows"),
        pytest.param(Refuse(503), Unknown("HTTP 503"), id="Twilio is overloaded"),
        pytest.param(Drop(accept=True), Unknown("ServerDisconnectedError"), id="dropped after it was taken"),
        pytest.param(Garble(), Unknown("the answer could not be read"), id="no JSON"),
    ],
)
async def test_each_way_a_send_can_end_has_its_outcome(fault: Fault, outcome: SendResult) -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        await channel.send(replace(MESSAGE, id="before"))  # the buttons are made
        before = len(twilio.requests)
        twilio.fail_next(fault)
        assert await channel.send(MESSAGE) == outcome
        assert len(twilio.requests) == before + 1  # never a second POST by itself


async def test_a_send_that_is_not_answered_in_time_is_unknown() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio, seconds=0.2) as channel:
        twilio.fail_next(Hang(accept=True))
        assert isinstance(await channel.send(PLAIN), Unknown)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Refuse(500)], id="the list of content breaks"),
        pytest.param([Refuse(429)], id="too many lists"),
        pytest.param([Drop(), Drop()], id="the list is dropped twice, for a GET is tried again"),
        pytest.param([Garble()], id="the list is no JSON"),
    ],
)
async def test_when_content_cannot_be_listed_the_options_go_as_numbered_lines(faults: list[Fault]) -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        twilio.fail_next(*faults)
        assert isinstance(await channel.send(MESSAGE), Accepted)
        assert twilio.screen(RESIDENT) == [Shown(IN_WORDS)]


async def test_a_content_object_that_was_deleted_is_made_again_for_the_next_message() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        await channel.send(replace(MESSAGE, id="before"))
        twilio.content.kept.clear()
        assert isinstance(await channel.send(MESSAGE), Accepted)
        await channel.send(replace(MESSAGE, id="after"))
        texts = [(shown.text, len(shown.buttons)) for shown in twilio.screen(RESIDENT)]
        assert texts == [(QUESTION, 2), (IN_WORDS, 0), (QUESTION, 2)]


async def test_where_twilio_sends_no_content_all_questions_have_numbered_lines() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        await channel.send(replace(MESSAGE, id="before"))
        twilio.fail_next(Refuse(400, 21671))  # the Ireland region
        await channel.send(MESSAGE)
        await channel.send(replace(MESSAGE, id="after"))
        assert [len(shown.buttons) for shown in twilio.screen(RESIDENT)] == [2, 0, 0]
        assert asked_of(twilio)[-3:] == ["POST Messages.json"] * 3


async def test_a_wrong_token_is_a_fault_of_the_settings() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio, auth_token="wrong") as channel:
        assert await channel.send(MESSAGE) == Rejected(Problem.CONFIGURATION, "20003")


# Both ways


async def test_a_tap_comes_back_as_the_option_that_was_tapped() -> None:
    channel = whatsapp_channel()
    bot = Bot(channel)
    async with FakeWhatsApp(app=bot) as twilio, sending(twilio) as sender:
        twilio.user_ids[RESIDENT] = USER_ID
        started = await twilio.text(RESIDENT, "STOKE")
        await sender.send(MESSAGE)
        turn = await twilio.tap(RESIDENT, "No")
        await twilio.redeliver(turn.sid)
        await twilio.deliver()
        assert await twilio.read(twilio.messages[1].sid) == 204
    assert (started.status, started.replies) == (200, [])
    assert [(one.kind, one.choice_id, one.text) for one in bot.heard] == [
        (Kind.TEXT, "", "STOKE"),
        (Kind.CHOICE, "a1.0.1", "No"),
        (Kind.CHOICE, "a1.0.1", "No"),
    ]
    assert bot.heard[1].event_id == bot.heard[2].event_id == turn.sid
    assert bot.heard[1].reply_to == twilio.messages[1].sid
    assert {one.aliases for one in bot.heard} == {(USER_ID,)}
    assert [one.status for one in bot.receipts] == [Status.SENT, Status.DELIVERED, Status.READ]
    assert {one.outbox_id for one in bot.receipts} == {"0190-a"}


async def test_a_resident_without_a_number_is_answered_at_their_id() -> None:
    channel = whatsapp_channel()
    bot = Bot(channel)
    async with FakeWhatsApp(app=bot) as twilio, sending(twilio) as sender:
        await twilio.text(USER_ID, "STOKE")
        assert isinstance(await sender.send(replace(MESSAGE, address=bot.heard[0].address)), Accepted)
        await twilio.deliver()
        assert [shown.text for shown in twilio.screen(USER_ID)] == [QUESTION]


def _seen(found: Inbound) -> tuple[str, str, str, Arrival]:
    return found.event_id, found.address, found.text, found.arrival


async def test_what_was_lost_while_we_were_away_is_found_and_no_sms_among_it() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        first = twilio.lose(RESIDENT, "Tak ✅")
        twilio.lose("+447700900123", "an SMS")
        second = twilio.lose(USER_ID, "hello")
        found = await channel.received_since(WHATSAPP_SENDER, NOON)
    assert [_seen(one) for one in found] == [
        (first, RESIDENT, "Tak ✅", Arrival.RECONCILED),
        (second, USER_ID, "hello", Arrival.RECONCILED),
    ]


async def test_of_a_service_only_whatsapp_is_listed() -> None:
    services = {SERVICE_SID: (WHATSAPP_SENDER, NUMBER)}
    async with FakeWhatsApp(services=services) as twilio, sending(twilio, sender=SERVICE_SID) as channel:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        await channel.send(PLAIN)
        sms = sms_channel(sender=SERVICE_SID, api_base_url=twilio.url)
        assert isinstance(await sms.send(replace(PLAIN, address="+447700900123")), Accepted)
        await sms.close()
        twilio.lose("+447700900123", "an SMS to the same service")
        assert await channel.received_since(SERVICE_SID, NOON) == ()
        (listed,) = await channel.sent_since(WHATSAPP_SENDER, NOON)
        assert (listed.address, listed.text) == (RESIDENT, QUESTION)


async def test_what_was_sent_is_listed_under_the_text_that_it_was_laid_out_with() -> None:
    labels = [Option("a1.0.0", "Yes, in the daytime and at night"), Option("a1.0.1", "No")]
    numbered = replace(MESSAGE, id="b", options=tuple(labels))
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        twilio.now = lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        for message in (MESSAGE, numbered):
            await channel.send(message)
        twilio.fail_next(Refuse(400, 21655))
        await channel.send(MESSAGE)  # as numbered lines, because its buttons are gone
        listed = [(one.provider_id, one.text) for one in await channel.sent_since(WHATSAPP_SENDER, NOON)]
        buttons, numbers, in_words = (message.sid for message in twilio.messages)
    assert (buttons, channel.lay_out(MESSAGE)) in listed
    assert (numbers, channel.lay_out(numbered)) in listed
    assert (in_words, channel.lay_out(MESSAGE)) in listed
    assert (in_words, IN_WORDS) in listed


async def test_a_list_that_cannot_be_had_is_an_outage_that_says_why() -> None:
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        for ask in (channel.received_since, channel.sent_since):
            twilio.fail_next(Refuse(401, 20003))
            with pytest.raises(Outage, match="TWILIO_AUTH_TOKEN"):
                await ask(WHATSAPP_SENDER, NOON)


async def test_no_number_no_words_and_no_secret_are_logged_or_shown(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    async with FakeWhatsApp() as twilio, sending(twilio) as channel:
        twilio.fail_next(Refuse(500))
        for fault in (None, Refuse(400, 63003), Refuse(500), Garble()):
            if fault:
                twilio.fail_next(fault)
            shown.append(repr(await channel.send(MESSAGE)))
        shown += [repr(channel), repr(MESSAGE), json.dumps([one.name for one in twilio.content.kept])]
    seen = caplog.text + "".join(shown) + "".join(capsys.readouterr())
    assert "buttons_not_made" in seen
    assert not [secret for secret in (RESIDENT[10:], "feel safe", AUTH_TOKEN) if secret in seen]
