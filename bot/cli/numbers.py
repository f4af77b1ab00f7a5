"""Where residents reach us, by the settings: what stands in links and on posters."""

from bot.outreach.campaigns import Numbers
from bot.settings import Settings


def numbers_of(settings: Settings) -> Numbers:
    """Read the numbers. A Messaging Service is none: what it sends from is named in PRINTED_SMS_NUMBER."""
    is_sms_on = settings.has_sms or settings.has_notify
    return Numbers(
        sms=(settings.printed_sms_number or _number(settings.twilio_sms_from)) if is_sms_on else "",
        whatsapp=_number(settings.twilio_whatsapp_from),
        telegram=settings.telegram_bot_name if settings.has_telegram else "",
        base_url=settings.public_base_url.rstrip("/"),
    )


def _number(sender: str) -> str:
    return sender if sender.startswith("+") else ""
