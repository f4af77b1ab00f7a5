"""What `doctor` sees of providers that are set up right, and of each way to be wrong."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.core.phrases import Phrases
from bot.service.doctor import (
    Finding,
    advanced_opt_out,
    examine_notify,
    examine_signature,
    examine_telegram,
    examine_twilio,
)
from bot.service.doctor.finding import Level
from channels.base import Inbound, Kind, Request
from channels.sms import SmsChannel
from channels.telegram import TelegramChannel
from tests.channels.webhooks import BASE, sms_channel, whatsapp_channel
from tests.fakes import notify as notify_fake
from tests.fakes.notify import FakeNotify
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID, Drop, Garble, Refuse
from tests.fakes.twilio_account import FakeTwilioAccount
from tests.service.findings import levels, said
from tests.service.sending import WEDNESDAY_NOON

NOW = WEDNESDAY_NOON
WANTED = f"{BASE}/channels/sms#rc=5&rp=all"
WHATSAPP = "whatsapp:+447700900500"
WANTED_BY_WHATSAPP = f"{BASE}/channels/whatsapp#rc=5&rp=all"
RIGHT_SENDER = {"callback_url": WANTED_BY_WHATSAPP, "fallback_url": WANTED_BY_WHATSAPP}
RIGHT_NUMBER = {"sms_url": WANTED, "sms_fallback_url": WANTED}
RIGHT_SERVICE = {"inbound_request_url": WANTED, "fallback_url": WANTED, "validity_period": 14_400}


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilioAccount]:
    twilio = FakeTwilioAccount()
    twilio.set_number(NUMBER, **RIGHT_NUMBER)
    twilio.set_service(SERVICE_SID, **RIGHT_SERVICE)
    async with twilio:
        yield twilio


async def ask(twilio: FakeTwilioAccount, sender: str = NUMBER, token: str = AUTH_TOKEN) -> list[Finding]:
    return await examine_twilio(ACCOUNT_SID, token, twilio.url, {sender: WANTED})


@pytest.mark.parametrize("sender", [NUMBER, SERVICE_SID], ids=["a number", "a Messaging Service"])
async def test_a_twilio_that_is_set_up_right_is_all_well(twilio: FakeTwilioAccount, sender: str) -> None:
    found = await ask(twilio, sender)
    assert levels(found) == {Level.OK}
    assert "clock agrees" in said(found, Level.OK)
    assert {method for method, _, _ in twilio.requests} == {"GET"}


async def test_a_service_whose_numbers_have_their_own_addresses_is_looked_at_there(twilio: FakeTwilioAccount) -> None:
    twilio.set_service(SERVICE_SID, use_inbound_webhook_on_number=True, validity_period=14_400)
    assert levels(await ask(twilio, SERVICE_SID)) == {Level.OK}
    twilio.set_number(NUMBER)
    assert f"at the number {NUMBER}: texts go to https://demo.twilio.com" in said(
        await ask(twilio, SERVICE_SID), Level.PROBLEM
    )


NUMBERS: list[tuple[str, dict[str, Any], Level, str]] = [
    ("as it was bought", {}, Level.PROBLEM, "texts go to https://demo.twilio.com"),
    ("no address", {"sms_url": ""}, Level.PROBLEM, "no text reaches us"),
    ("another channel's address", {"sms_url": f"{BASE}/channels/whatsapp#rc=5&rp=all"}, Level.PROBLEM, "texts go to"),
    ("GET", RIGHT_NUMBER | {"sms_method": "GET"}, Level.PROBLEM, "POST alone"),
    ("an App that overrules it", RIGHT_NUMBER | {"sms_application_sid": "AP1"}, Level.PROBLEM, "TwiML App (AP1)"),
    ("no retries", RIGHT_NUMBER | {"sms_url": f"{BASE}/channels/sms"}, Level.WARNING, "retry settings"),
    ("one retry", RIGHT_NUMBER | {"sms_url": f"{BASE}/channels/sms#rc=1&rp=all"}, Level.WARNING, "retry settings"),
    (
        "retries for some",
        RIGHT_NUMBER | {"sms_url": f"{BASE}/channels/sms#rc=5&rp=ct"},
        Level.WARNING,
        "retry settings",
    ),
    ("no fallback", RIGHT_NUMBER | {"sms_fallback_url": ""}, Level.WARNING, "there is no fallback"),
    ("a fallback elsewhere", RIGHT_NUMBER | {"sms_fallback_url": "https://x.example/"}, Level.PROBLEM, "x.example"),
]


@pytest.mark.parametrize(("settings", "level", "text"), [row[1:] for row in NUMBERS], ids=[row[0] for row in NUMBERS])
async def test_a_number_whose_texts_do_not_reach_us_surely(
    twilio: FakeTwilioAccount, settings: dict[str, Any], level: Level, text: str
) -> None:
    twilio.set_number(NUMBER, **settings)
    assert text in said(await ask(twilio), level)


SERVICES: list[tuple[str, dict[str, Any], Level, str]] = [
    ("inbound is off", {}, Level.PROBLEM, "drops every text that comes in"),
    (
        "posted elsewhere",
        {"inbound_request_url": "https://x.example/a"},
        Level.PROBLEM,
        "texts go to https://x.example",
    ),
    ("no fallback", RIGHT_SERVICE | {"fallback_url": None}, Level.WARNING, "there is no fallback"),
    ("ten hours", RIGHT_SERVICE | {"validity_period": 36_000}, Level.WARNING, "10 hours late"),
    ("any number answers", RIGHT_SERVICE | {"sticky_sender": False}, Level.WARNING, "Sticky Sender"),
]


@pytest.mark.parametrize(("settings", "level", "text"), [row[1:] for row in SERVICES], ids=[row[0] for row in SERVICES])
async def test_a_service_that_is_not_set_up_right(
    twilio: FakeTwilioAccount, settings: dict[str, Any], level: Level, text: str
) -> None:
    twilio.set_service(SERVICE_SID, **settings)
    assert text in said(await ask(twilio, SERVICE_SID), level)


async def ask_whatsapp(twilio: FakeTwilioAccount) -> list[Finding]:
    return await examine_twilio(ACCOUNT_SID, AUTH_TOKEN, twilio.url, {WHATSAPP: WANTED_BY_WHATSAPP})


@pytest.mark.parametrize(
    "more",
    [{}, {"status": "ONLINE:UPDATING"}, {"status_callback_url": f"{BASE}/channels/whatsapp/status"}],
    ids=["online", "while its profile changes", "with our own status callback"],
)
async def test_a_whatsapp_sender_that_is_set_up_right_is_all_well(
    twilio: FakeTwilioAccount, more: dict[str, str]
) -> None:
    twilio.set_sender("whatsapp:+447700900501")
    twilio.set_sender(WHATSAPP, **{**RIGHT_SENDER, **more})
    found = await ask_whatsapp(twilio)
    assert levels(found) == {Level.OK}
    assert f"{WHATSAPP} reaches us, with retries" in said(found, Level.OK)


SENDERS: list[tuple[str, dict[str, Any], Level, str]] = [
    ("no address", {"callback_url": ""}, Level.PROBLEM, "no text reaches us"),
    ("the SMS address", {"callback_url": WANTED}, Level.PROBLEM, f"texts go to {BASE}/channels/sms. Write"),
    ("GET", {"callback_method": "GET"}, Level.PROBLEM, "POST alone"),
    ("no retries", {"callback_url": f"{BASE}/channels/whatsapp"}, Level.WARNING, "retry settings"),
    ("no fallback", {"fallback_url": ""}, Level.WARNING, "there is no fallback"),
    ("a fallback elsewhere", {"fallback_url": "https://x.example/"}, Level.PROBLEM, "x.example"),
    ("reports elsewhere", {"status_callback_url": "https://x.example/r"}, Level.WARNING, "x.example/r is none of ours"),
    ("offline", {"status": "OFFLINE"}, Level.PROBLEM, "as OFFLINE"),
]


@pytest.mark.parametrize(("settings", "level", "text"), [row[1:] for row in SENDERS], ids=[row[0] for row in SENDERS])
async def test_a_whatsapp_sender_that_is_not_set_up_right(
    twilio: FakeTwilioAccount, settings: dict[str, Any], level: Level, text: str
) -> None:
    twilio.set_sender(WHATSAPP, **{**RIGHT_SENDER, **settings})
    found = await ask_whatsapp(twilio)
    assert text in said(found, level)
    assert [each.level for each in found].count(Level.OK) == 2, "the account and the clock alone are well"


async def test_a_whatsapp_sender_of_another_account_is_a_problem(twilio: FakeTwilioAccount) -> None:
    twilio.set_sender("whatsapp:+447700900501", **RIGHT_SENDER)
    assert f"no WhatsApp sender {WHATSAPP}" in said(await ask_whatsapp(twilio), Level.PROBLEM)


async def test_a_name_or_nothing_in_the_pool_is_a_problem(twilio: FakeTwilioAccount) -> None:
    twilio.alpha_senders = ("STOKECC",)
    twilio.services = {SERVICE_SID: ()}
    found = said(await ask(twilio, SERVICE_SID), Level.PROBLEM)
    assert "STOKECC, and nobody can reply to a name" in found
    assert "no number to send from" in found


@pytest.mark.parametrize(
    ("sender", "text"),
    [("+447700900111", "no number +447700900111"), ("MG" + "9" * 32, "no Messaging Service")],
    ids=["a number", "a Messaging Service"],
)
async def test_a_sender_of_another_account_is_a_problem(twilio: FakeTwilioAccount, sender: str, text: str) -> None:
    assert text in said(await ask(twilio, sender), Level.PROBLEM)


async def test_an_account_that_cannot_send_is_a_problem(twilio: FakeTwilioAccount) -> None:
    twilio.status, twilio.type = "suspended", "Trial"
    found = said(await ask(twilio), Level.PROBLEM)
    assert "suspended" in found
    assert "on trial" in found


async def test_a_wrong_token_is_named_and_not_shown(twilio: FakeTwilioAccount) -> None:
    (found,) = await ask(twilio, token="not the token")
    assert "TWILIO_AUTH_TOKEN" in found.text
    assert "not the token" not in found.text


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Refuse(429), "too many requests"),
        (Refuse(503), "HTTP 503"),
        (Drop(), "cannot be reached"),
        (Garble(), "could not be read"),
    ],
    ids=["too fast", "an outage", "no answer", "no JSON"],
)
async def test_a_twilio_that_cannot_be_asked_is_a_problem_of_its_own(
    twilio: FakeTwilioAccount, fault: Refuse | Drop | Garble, text: str
) -> None:
    twilio.fail_next(fault, fault)  # a dropped connection is tried once more
    (found,) = await ask(twilio)
    assert found.level is Level.PROBLEM
    assert text in found.text
    assert "--offline" in found.text


@pytest.mark.parametrize(
    ("ahead", "level", "text"),
    [
        (-120, Level.PROBLEM, "seconds ahead"),
        (120, Level.PROBLEM, "seconds behind"),
        (12, Level.WARNING, "seconds behind"),
    ],
    ids=["far ahead", "far behind", "a little behind"],
)
async def test_a_clock_that_is_off_is_seen(twilio: FakeTwilioAccount, ahead: float, level: Level, text: str) -> None:
    twilio.clock_ahead = ahead
    assert text in said(await ask(twilio), level)


async def test_our_own_check_of_signatures_is_tried_on_both_channels() -> None:
    for channel in (sms_channel(), whatsapp_channel()):
        assert examine_signature(channel, ACCOUNT_SID, AUTH_TOKEN, BASE).level is Level.OK
        assert examine_signature(channel, ACCOUNT_SID, "another token", BASE).level is Level.PROBLEM
        assert examine_signature(channel, ACCOUNT_SID, AUTH_TOKEN, "https://x.example").level is Level.PROBLEM


class Credulous(SmsChannel):
    """A channel that believes whoever calls."""

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        return (Inbound("sms", "twilio", ACCOUNT_SID, "SM1", Kind.TEXT, "+447700900000", NUMBER, "?", NOW),)


def test_a_channel_that_believes_a_forged_text_is_a_problem() -> None:
    credulous = Credulous(
        account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, sender=NUMBER, public_base_url=BASE, clock=lambda: NOW
    )
    assert examine_signature(credulous, ACCOUNT_SID, AUTH_TOKEN, BASE).level is Level.PROBLEM


async def test_what_to_paste_into_advanced_opt_out_says_what_the_bot_says() -> None:
    text = "\n".join(advanced_opt_out(Phrases()))
    for words in ("Text DELETE to remove them, START to come back", "Welcome back", "text SKIP, BACK"):
        assert words in text


async def notify_with(templates: dict[str, str], template_id: str = "", **how: Any) -> list[Finding]:
    async with FakeNotify(**how) as notify:
        notify.templates = templates
        return await examine_notify(notify_fake.API_KEY, template_id, notify.url)


async def test_a_notify_that_is_set_up_right_is_all_well() -> None:
    assert levels(await notify_with({"one": "Hello", "two": "((message))"})) == {Level.OK}
    assert levels(await notify_with({"two": "((message))"}, "two")) == {Level.OK}


@pytest.mark.parametrize(
    ("templates", "template_id", "text"),
    [
        ({"one": "Dear ((name)), ((message))"}, "", "has no text message template"),
        ({}, "", "has no text message template"),
        ({"one": "Hello", "two": "((message))"}, "one", "NOTIFY_TEMPLATE_ID"),
        ({"two": "((message))"}, "gone", "NOTIFY_TEMPLATE_ID"),
    ],
    ids=["one that says more", "none", "the wrong one is named", "one is named that is not there"],
)
async def test_notify_without_the_template_is_a_problem(templates: dict[str, str], template_id: str, text: str) -> None:
    assert text in said(await notify_with(templates, template_id), Level.PROBLEM)


async def test_a_key_that_notify_refuses_is_a_problem_also_by_the_clock() -> None:
    (found,) = await notify_with({}, clock_ahead=90.0)
    assert "NOTIFY_API_KEY" in found.text
    assert "clock" in found.text
    async with FakeNotify() as notify:
        notify.fail_next(notify_fake.Refuse(503))
        (found,) = await examine_notify(notify_fake.API_KEY, "", notify.url)
        assert "--offline" in found.text


async def test_telegrams_own_account_of_the_bot_is_given() -> None:
    async with FakeTelegram() as telegram:
        channel = TelegramChannel(
            token=telegram.token, webhook_secret="made-up", api_base_url=telegram.url, clock=lambda: NOW
        )
        address = f"{BASE}/channels/telegram"
        assert "start `serve`" in said(await examine_telegram(channel, address), Level.PROBLEM)
        await channel.subscribe(address)
        assert levels(await examine_telegram(channel, address)) == {Level.OK}
        await channel.close()
    channel = TelegramChannel(
        token=telegram.token, webhook_secret="made-up", api_base_url="http://127.0.0.1:9", clock=lambda: NOW
    )
    assert "--offline" in said(await examine_telegram(channel, address), Level.PROBLEM)
    await channel.close()
