"""Where residents reach us, by the settings: what stands in links and on posters."""

from bot.outreach.campaigns import Numbers
from bot.outreach.poster import as_dialled
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


def reached_by(settings: Settings) -> dict[str, str]:
    """Write where residents can answer, by source, as HELP names it. `{survey}` stands for the survey's id."""
    numbers = numbers_of(settings)
    every = {
        "sms": f"SMS {as_dialled(numbers.sms)}" if numbers.sms else "",
        "whatsapp": f"WhatsApp {as_dialled(numbers.whatsapp)}" if numbers.whatsapp else "",
        "telegram": f"Telegram @{numbers.telegram.removeprefix('@')}" if numbers.telegram else "",
        "web": f"{numbers.base_url}/s/{{survey}}" if numbers.base_url.startswith("https://") else "",
    }
    return {source: where for source, where in every.items() if where}


def _number(sender: str) -> str:
    return sender if sender.startswith("+") else ""
