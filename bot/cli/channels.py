"""From settings to channels: which are on, how each is made, and what to configure at its provider."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bot.cli.compose import Refusal, Service, now
from bot.core.window import Window, first_day
from bot.service.clock import Job
from bot.service.letters import cannot_be_written
from bot.service.polling import Polling
from bot.settings import Settings
from channels.base import Channel
from channels.notify import NotifyChannel
from channels.sms import SmsChannel
from channels.telegram import TelegramChannel
from channels.twilio_channel import Account
from channels.whatsapp import WhatsAppChannel

RETRIES = "#rc=5&rp=all"
"""Twilio's connection overrides: try five times, whatever failed (its default is once, on a failed connection)."""

ARRANGED_SECONDS = 3600.0
"""Telegram is told again where to post to so often: somebody may have changed it."""
RETRY_SECONDS = 5.0


@dataclass(slots=True)
class Providers:
    """The channels that are on, by name.

    `senders` has our address at each provider that can be listed. `telegram` is in `channels` too: it is to be told at
    every start where it posts to, or is polled.
    """

    channels: dict[str, Channel] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)
    telegram: TelegramChannel | None = None


def providers_of(settings: Settings) -> Providers:
    """Make every channel whose settings are there. Raises Refusal where PUBLIC_BASE_URL is missing."""
    made = Providers()
    if settings.has_sms:
        made.channels["sms"] = sms_channel(settings)
        made.senders["sms"] = settings.twilio_sms_from
    if settings.has_whatsapp:
        made.channels["whatsapp"] = whatsapp_channel(settings)
        made.senders["whatsapp"] = _as_whatsapp(settings.twilio_whatsapp_from)
    if settings.has_notify:
        notify = notify_channel(settings)
        made.channels["notify"] = notify
        made.senders["notify"] = notify.service_id
    if settings.has_telegram:
        made.telegram = telegram_channel(settings)
        made.channels["telegram"] = made.telegram
    return made


def sms_channel(settings: Settings) -> SmsChannel:
    """Make the SMS channel out of its settings. Raises Refusal where PUBLIC_BASE_URL is missing."""
    return SmsChannel(
        reply="inline" if settings.twilio_reply == "inline" else "rest", **_account(settings, settings.twilio_sms_from)
    )


def whatsapp_channel(settings: Settings) -> WhatsAppChannel:
    """Make the WhatsApp channel out of its settings. Raises Refusal where PUBLIC_BASE_URL is missing."""
    return WhatsAppChannel(
        template=settings.twilio_whatsapp_template, **_account(settings, _as_whatsapp(settings.twilio_whatsapp_from))
    )


def _account(settings: Settings, sender: str) -> Account:
    return {
        "account_sid": settings.twilio_account_sid,
        "auth_token": settings.twilio_auth_token.get_secret_value(),
        "auth_token_secondary": settings.twilio_auth_token_secondary.get_secret_value(),
        "sender": sender,
        "public_base_url": _public(settings, "Twilio reaches this server; it is signed over"),
        "api_base_url": settings.twilio_api_base_url,
        "clock": now,
    }


def notify_channel(settings: Settings) -> NotifyChannel:
    """Make the channel of SMS through GOV.UK Notify out of its settings."""
    return NotifyChannel(
        api_key=settings.notify_api_key.get_secret_value(),
        callback_token=settings.notify_callback_token.get_secret_value(),
        template_id=settings.notify_template_id,
        api_base_url=settings.notify_api_base_url,
        clock=now,
    )


def telegram_channel(settings: Settings) -> TelegramChannel:
    """Make the Telegram channel out of its settings. Raises Refusal where it needs PUBLIC_BASE_URL and has none."""
    if settings.telegram_mode == "webhook":
        _public(settings, "Telegram reaches this server; or set TELEGRAM_MODE to polling")
    return TelegramChannel(
        token=settings.telegram_bot_token.get_secret_value(),
        webhook_secret=settings.telegram_webhook_secret.get_secret_value(),
        api_base_url=settings.telegram_api_base_url,
        clock=now,
    )


def telegram_webhook(settings: Settings) -> str:
    """Write the address to which Telegram is to post; empty where it is polled."""
    return f"{settings.public_base_url}/channels/telegram" if settings.telegram_mode == "webhook" else ""


def telegram_job(channel: TelegramChannel, service: Service, settings: Settings, ran: Callable[[str], None]) -> Job:
    """Make the clock's job for Telegram: tell it where to post to, or ask it for messages for ever.

    A failure ends the run; the clock logs it and runs the job again.
    """
    polling = Polling(channel, service.inbox.handle)
    webhook = telegram_webhook(settings)

    async def arrange() -> None:
        if webhook:
            await channel.subscribe(webhook)
            ran("telegram")
            await asyncio.sleep(ARRANGED_SECONDS)
            return
        await channel.unsubscribe()
        while True:
            await polling.once()
            ran("telegram")

    return Job("telegram", RETRY_SECONDS, arrange, is_cut_short=True)


def to_configure(settings: Settings) -> Iterator[str]:
    """Write what is to be set at each provider that is on, with its retry settings, line by line."""
    base = settings.public_base_url or "https://ADDRESS"
    for is_on, name, where in (
        (settings.has_sms, "sms", "for the number or Messaging Service that receives texts"),
        (settings.has_whatsapp, "whatsapp", "for the WhatsApp sender"),
    ):
        if is_on:
            yield f"Set these in Twilio, {where} (method POST):"
            yield f"  A message comes in:  {base}/channels/{name}{RETRIES}"
            yield f"  Primary handler fails (fallback):  {base}/channels/{name}{RETRIES}"
            yield "  Delivery reports need no setting: their address goes with every message."
    if settings.has_notify:
        yield "Set these in GOV.UK Notify, under API integration, Callbacks (bearer token: NOTIFY_CALLBACK_TOKEN):"
        yield f"  Received text messages:  {base}/channels/notify"
        yield f"  Delivery receipts:  {base}/channels/notify/status"
    if settings.has_telegram:
        way = f"posts to {telegram_webhook(settings)}" if telegram_webhook(settings) else "is polled"
        yield f"Telegram needs no setting: the bot {way}, which is arranged at every start."


def how_to_begin(service: Service, at: datetime) -> Iterator[str]:
    """Write how residents begin each survey, and in which of its languages nobody is asked yet."""
    for listing in service.library.desk.listings.values():
        definition = listing.questionnaire.definition
        window = listing.window(at)
        words = " or ".join(definition.keywords) or "(no keyword)"
        if window is Window.CLOSED:
            yield f"Survey {definition.id} is closed."
        elif window is Window.NOT_YET and listing.opens_at is not None:
            yield f"Survey {definition.id} opens on {first_day(listing.opens_at)}. Then residents text {words}."
        else:
            yield f"Survey {definition.id}: residents text {words}."
        offered = {language.code for language in listing.questionnaire.offered}
        drafts = ", ".join(language.name for language in definition.languages if language.code not in offered)
        if drafts:
            yield f"  Not offered in {drafts}: drafts nobody has read. See `review list`, or ALLOW_DRAFT_LANGUAGES."


def left_out(service: Service) -> Iterator[str]:
    """Write which languages of which survey are not offered by a channel, because it cannot carry their letters."""
    for name, channel in service.channels.items():
        carries = channel.capabilities.carries
        if carries is None:
            continue
        for listing in service.library.desk.listings.values():
            definition, offered = listing.questionnaire.definition, listing.questionnaire.offered
            lost = set(cannot_be_written(definition, service.library.phrases, carries))
            names = ", ".join(language.name for language in offered if language in lost)
            if names:
                yield f"Survey {definition.id} is not offered by {name} in {names}: their letters do not get through."


def _public(settings: Settings, why: str) -> str:
    if not settings.public_base_url:
        raise Refusal(f"PUBLIC_BASE_URL: set it to the address at which {why}.")
    return settings.public_base_url


def _as_whatsapp(sender: str) -> str:
    """Write the sender as Twilio names it: a Messaging Service has no scheme."""
    return sender if sender.startswith("MG") else f"whatsapp:{sender}"
