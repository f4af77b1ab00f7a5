"""Every provider's fake in the same words, so that one contract test can go over all of them.

A new channel adds its `Letterbox` (what its provider posts to us) and its `Provider` (what it does with what we send).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from channels.base import Channel, Option, Outbound, Request
from channels.telegram import TOKEN_HEADER
from tests.channels import notifying, telegrams
from tests.channels.test_notify_callbacks import RECEIVED
from tests.channels.test_notify_callbacks import posted as notify_posted
from tests.channels.test_sms_webhook import FORM as SMS_FORM
from tests.channels.test_whatsapp_webhook import FORM as WHATSAPP_FORM
from tests.channels.webhooks import signed, sms_channel, whatsapp_channel
from tests.fakes import notify as notify_fake
from tests.fakes import telegram as telegram_fake
from tests.fakes import twilio as twilio_fake
from tests.fakes.notify import FakeNotify
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import AUTH_TOKEN, Drop, FakeTwilio, Garble, Hang
from tests.fakes.twilio_whatsapp import FakeWhatsApp

TEXT = "Do you feel safe? 1/9"
RESIDENT = "+447700900123"
ANYTHING = {"SomethingNew": "x"}
WORDS = {"Body": "Safer crossings"}
"""Words that no id and no place in memory can hold by chance."""


@dataclass(frozen=True)
class Letterbox:
    """What one provider posts. `genuine` is one text; the others are told by their names."""

    channel: Channel
    genuine: Request
    with_more: Request
    """The same text, with a field that nobody has heard of."""
    unknown: Request
    """Rightly signed, and nothing that we know."""
    forged: tuple[Request, ...]


def _sms() -> Letterbox:
    path = "/channels/sms"
    return Letterbox(
        sms_channel(),
        signed(path, SMS_FORM | WORDS),
        signed(path, SMS_FORM | WORDS | ANYTHING),
        signed(path, {"AccountSid": SMS_FORM["AccountSid"], **ANYTHING}),
        _forgeries(signed(path, SMS_FORM), "x-twilio-signature", signed(path, SMS_FORM, "another token")),
    )


def _whatsapp() -> Letterbox:
    path = "/channels/whatsapp"
    return Letterbox(
        whatsapp_channel(),
        signed(path, WHATSAPP_FORM | WORDS),
        signed(path, WHATSAPP_FORM | WORDS | ANYTHING),
        signed(path, {"AccountSid": WHATSAPP_FORM["AccountSid"], **ANYTHING}),
        _forgeries(signed(path, WHATSAPP_FORM), "x-twilio-signature", signed(path, WHATSAPP_FORM, "another token")),
    )


def _notify() -> Letterbox:
    return Letterbox(
        notifying.notify_channel(),
        notify_posted(RECEIVED),
        notify_posted(RECEIVED | ANYTHING),
        notify_posted(ANYTHING),
        _forgeries(notify_posted(RECEIVED), "authorization", notify_posted(RECEIVED, "Bearer another-token")),
    )


def _telegram() -> Letterbox:
    update = telegrams.message(text="hello")
    return Letterbox(
        telegrams.telegram_channel(),
        telegrams.posted(update),
        telegrams.posted(update | ANYTHING),
        telegrams.posted({"update_id": 13, **ANYTHING}),
        _forgeries(telegrams.posted(update), TOKEN_HEADER, telegrams.posted(update, "another-secret")),
    )


def _forgeries(genuine: Request, header: str, by_another: Request) -> tuple[Request, ...]:
    """Make calls of somebody who does not know the secret: with none, an empty one, another's, and no letters."""
    others = {name: value for name, value in genuine.headers.items() if name != header}
    bad = [others, others | {header: ""}, others | {header: "\u00e9\u00e9"}]
    return (by_another, *[Request(genuine.path, headers, genuine.body, genuine.at) for headers in bad])


LETTERBOXES: dict[str, Callable[[], Letterbox]] = {
    "sms": _sms,
    "whatsapp": _whatsapp,
    "notify": _notify,
    "telegram": _telegram,
}

Fault = Hang | Drop | Garble | twilio_fake.Refuse | notify_fake.Refuse | telegram_fake.Refuse | telegram_fake.Garble


@dataclass
class Provider:
    """One provider's fake behind one channel of ours.

    `shown` gives what the resident's phone shows, `choices` the ids of what can be tapped there. `too_fast` is its 429,
    `fails` its 5xx. `stop` puts the resident on its own STOP list, where it keeps one.
    """

    channel: Channel
    message: Outbound
    fail_next: Callable[..., None]
    too_fast: Fault
    fails: Fault
    shown: Callable[[], Sequence[str]]
    choices: Callable[[], Sequence[str]]
    secrets: tuple[str, ...]
    stop: Callable[[], None] | None = None
    fails_oddly: tuple[Fault, ...] = field(default=(Garble(),))


def _message(address: str, ours: str) -> Outbound:
    return Outbound(id="0190-a", address=address, our_address=ours, text=TEXT)


def _nothing() -> Sequence[str]:
    return ()


@asynccontextmanager
async def _twilio_sms(seconds: float) -> AsyncIterator[Provider]:
    async with FakeTwilio() as twilio:
        channel = sms_channel(api_base_url=twilio.url, timeout=seconds)
        yield Provider(
            channel,
            _message(RESIDENT, twilio_fake.NUMBER),
            twilio.fail_next,
            twilio_fake.Refuse(429, 20429, retry_after="2"),
            twilio_fake.Refuse(500),
            lambda: twilio.phone(RESIDENT),
            _nothing,
            (AUTH_TOKEN, RESIDENT[1:]),
            lambda: twilio.blocked.add(RESIDENT),
        )
        await channel.close()


@asynccontextmanager
async def _twilio_whatsapp(seconds: float) -> AsyncIterator[Provider]:
    address = f"whatsapp:{RESIDENT}"

    def choices() -> list[str]:
        newest = twilio.screen(address)[-1]
        return [tapped for tapped, _ in (*newest.buttons, *newest.rows)]

    async with FakeWhatsApp() as twilio:
        channel = whatsapp_channel(api_base_url=twilio.url, timeout=seconds)
        yield Provider(
            channel,
            _message(address, twilio.whatsapp_senders[0]),
            twilio.fail_next,
            twilio_fake.Refuse(429, 63018, retry_after="2"),
            twilio_fake.Refuse(500),
            lambda: [_whole(one.text, [title for _, title in (*one.buttons, *one.rows)], one.below)
                     for one in twilio.screen(address)],
            choices,
            (AUTH_TOKEN, RESIDENT[1:]),
            lambda: twilio.fail_next(twilio_fake.Refuse(400, 21610)),  # kept by hand: Twilio hears no STOP on WhatsApp
        )  # fmt: skip
        await channel.close()


@asynccontextmanager
async def _gov_uk_notify(seconds: float) -> AsyncIterator[Provider]:
    async with FakeNotify() as notify, notifying.sending(notify, seconds=seconds) as channel:
        yield Provider(
            channel,
            _message(RESIDENT, notifying.OURS),
            notify.fail_next,
            notify_fake.Refuse(429, "RateLimitError"),
            notify_fake.Refuse(500, "Exception"),
            lambda: notify.phone(RESIDENT),
            _nothing,
            (notify_fake.SECRET, notify_fake.CALLBACK_TOKEN, RESIDENT[1:]),
        )


@asynccontextmanager
async def _telegram_bot(seconds: float) -> AsyncIterator[Provider]:
    resident = telegrams.RESIDENT
    async with FakeTelegram(now=telegrams.noon) as telegram:
        chat = telegram.chat(resident, started=True)
        channel = telegrams.telegram_channel(api_base_url=telegram.url, timeout=seconds)
        yield Provider(
            channel,
            _message(str(resident), telegrams.BOT_ID),
            telegram.fail_next,
            telegram_fake.Refuse(429, "Too Many Requests: retry after 2", retry_after=2),
            telegram_fake.Refuse(500, "Internal Server Error"),
            lambda: [_whole(one.body["text"], [button["text"] for button in one.buttons])
                     for one in telegram.sent(resident)],
            lambda: [button["callback_data"] for button in telegram.sent(resident)[-1].buttons],
            (telegrams.SECRET, telegram.token, telegram.token.partition(":")[2], str(resident)),
            lambda: setattr(chat, "blocked", True),
            (telegram_fake.Garble(),),
        )  # fmt: skip
        await channel.close()


def _whole(text: str, titles: Sequence[str], below: Sequence[str] = ()) -> str:
    """Write down all that a phone shows of a message."""
    return "\n".join([text, *titles, *below])


PROVIDERS: dict[str, Callable[[float], AbstractAsyncContextManager[Provider]]] = {
    "sms": _twilio_sms,
    "whatsapp": _twilio_whatsapp,
    "notify": _gov_uk_notify,
    "telegram": _telegram_bot,
}
"""How each provider is opened, with the seconds after which we give up on an answer."""

HAS_A_STOP_LIST = ("sms", "whatsapp", "telegram")
"""Providers that refuse by themselves whoever has stopped us. Notify knows no STOP: ours alone counts there."""


def options(count: int, label: str) -> tuple[Option, ...]:
    """Make so many options, told apart by their numbers, with ids as long as ids may be."""
    return tuple([Option(f"{n:02}".rjust(40, "m"), f"{label} {n}") for n in range(1, count + 1)])
