"""Where residents reach us, by the settings: what stands in links and on posters."""

from bot.outreach.campaigns import Numbers
from bot.settings import Settings

DEMO_NUMBER = "+447700900999"
"""What a demo prints: Ofcom keeps it for drama, so it is nobody's."""


def numbers_of(settings: Settings, *, is_demo: bool = False) -> Numbers:
    """Read the numbers. A Messaging Service is none: what it sends from is named in PRINTED_SMS_NUMBER.

    A demo has no provider; its links and posters show a number that reaches nobody, so that there is something to see.
    """
    if is_demo:
        return Numbers(sms=settings.printed_sms_number or DEMO_NUMBER, base_url=settings.public_base_url.rstrip("/"))
    is_sms_on = settings.has_sms or settings.has_notify
    return Numbers(
        sms=(settings.printed_sms_number or _number(settings.twilio_sms_from)) if is_sms_on else "",
        whatsapp=_number(settings.twilio_whatsapp_from),
        telegram=settings.telegram_bot_name if settings.has_telegram else "",
        base_url=settings.public_base_url.rstrip("/"),
    )


def _number(sender: str) -> str:
    return sender if sender.startswith("+") else ""
