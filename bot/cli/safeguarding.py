"""From settings to safeguarding: the numbers that residents are told, and the ways in which the lead is."""

from collections.abc import Callable
from pathlib import Path

from bot.cli.compose import Refusal, Service, now
from bot.service.alerting import AlertWay, Email, MailServer, Security, Webhook
from bot.service.clock import Job
from bot.service.danger_files import DangerFileUnreadable, load_numbers
from bot.service.safeguarding import PAGE, Alerts
from bot.settings import Settings

ALERT_SECONDS = 15.0


def numbers_file(settings: Settings) -> Path | None:
    """Say where the help numbers stand; None where no file is named."""
    return Path(settings.safeguarding_numbers) if settings.safeguarding_numbers else None


def help_numbers(settings: Settings) -> tuple[str, ...]:
    """Read what residents are told. Raises Refusal where the file cannot be used: no wrong number may go out."""
    try:
        return tuple(number.say for number in load_numbers(numbers_file(settings)) if number.checked_on is not None)
    except DangerFileUnreadable as unreadable:
        raise Refusal(f"SAFEGUARDING_NUMBERS: {unreadable}") from None


def alert_ways(settings: Settings) -> list[AlertWay]:
    """Make the ways in which the lead is told."""
    ways: list[AlertWay] = []
    if settings.safeguarding_email:
        server = MailServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=Security(settings.smtp_security),
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            sender=settings.smtp_from,
        )
        ways.append(Email(server, settings.safeguarding_email))
    if settings.safeguarding_webhook:
        ways.append(Webhook(settings.safeguarding_webhook))
    return ways


def alerts_job(settings: Settings, service: Service, ran: Callable[[str], None]) -> Job:
    """Make the clock's job that tells the lead."""
    alerts = Alerts(
        service.database,
        alert_ways(settings),
        link=f"{settings.public_base_url}{PAGE}",
        remind_hours=settings.safeguarding_remind_hours,
        now=now,
    )

    async def run() -> None:
        await alerts.send_due()
        ran("alerts")

    return Job("alerts", ALERT_SECONDS, run)
