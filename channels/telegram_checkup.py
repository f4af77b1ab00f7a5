"""What Telegram knows of our bot, held against what it should: in plain words, for the operator."""

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from channels.telegram_updates import ALLOWED_UPDATES

_MANY_WAITING: Final = 100
_RECENT_MS: Final = 3_600_000
# The only ports to which Telegram posts (core.telegram.org/bots/api#setwebhook).
_PORTS: Final = (None, 443, 80, 88, 8443)


class Standing(Struct, frozen=True):
    """What Telegram says of the bot and its webhook. `last_error_at` is epoch milliseconds UTC.

    `webhook_url` is empty while the bot is polled; `waiting` counts updates that nobody has taken yet.
    """

    username: str
    can_join_groups: bool
    reads_groups: bool
    webhook_url: str
    waiting: int
    last_error_at: int | None
    last_error: str
    allowed_updates: tuple[str, ...]


def problems(standing: Standing, webhook_url: str, now: int) -> tuple[str, ...]:
    """Say what is wrong and what to do, one sentence each; nothing where all is well.

    `webhook_url` is where Telegram should post to, empty where the bot is polled; `now` is epoch milliseconds UTC.
    """
    found = _of_polling(standing) if not webhook_url else _of_webhook(standing, webhook_url, now)
    if standing.waiting > _MANY_WAITING:
        found.append(f"{standing.waiting} messages wait at Telegram, which forgets them after 24 hours.")
    if standing.can_join_groups:
        found.append("Anybody can put the bot into a group: turn that off at @BotFather (/setjoingroups, Disable).")
    if standing.reads_groups:
        found.append("The bot may read whole groups: turn privacy mode on at @BotFather (/setprivacy, Enable).")
    return tuple(found)


def _of_polling(standing: Standing) -> list[str]:
    if not standing.webhook_url:
        return []
    return ["The bot has a webhook, so it cannot be polled: remove the webhook, or set TELEGRAM_MODE=webhook."]


def _of_webhook(standing: Standing, webhook_url: str, now: int) -> list[str]:
    found = []
    address = urlsplit(webhook_url)
    if address.scheme != "https" or address.port not in _PORTS:
        found.append("Telegram posts to https addresses on port 443, 80, 88 or 8443 only: set PUBLIC_BASE_URL so.")
    if not standing.webhook_url:
        return [*found, "Telegram knows no address to post to: start `serve`, which sets it."]
    if standing.webhook_url != webhook_url:
        # Only the host: some bots' addresses hold their token.
        found.append(f"Telegram posts elsewhere, to {urlsplit(standing.webhook_url).hostname}: start `serve` again.")
    missing = [kind for kind in ALLOWED_UPDATES if kind not in standing.allowed_updates]
    if standing.allowed_updates and missing:
        found.append(f"Telegram does not send {', '.join(missing)}: start `serve` again.")
    if standing.last_error_at is not None and standing.last_error_at > now - _RECENT_MS:
        found.append(f"Telegram could not post to us within the last hour: {standing.last_error}.")
    return found
