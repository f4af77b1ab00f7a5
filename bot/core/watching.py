"""Flags what speaks of danger, and says where help is: the same words whatever was written, and once a day."""

from datetime import timedelta

from msgspec.structs import replace

from bot.core.danger import Watch
from bot.core.message import Heard, Message
from bot.core.sitting import Sitting

CALM_FOR = timedelta(days=1)
"""Who was told where to find help is not told again within this."""


def marked(watch: Watch | None, message: Message) -> Message:
    """Look at one message, by whatever way it came, before anything is made of it. A tap holds our own words."""
    if watch is None or message.heard not in (Heard.TEXT, Heard.EDITED) or not watch.hears(message.text):
        return message
    return replace(message, is_danger=True)


def watch_over(watch: Watch | None, sitting: Sitting, message: Message, language: str) -> None:
    """Flag a marked message, whatever became of it. `language` is where none was chosen."""
    if watch is None or not message.is_danger:
        return
    calmed_at = sitting.person.calmed_at
    is_calmed = calmed_at is not None and sitting.at - calmed_at < CALM_FOR
    sitting.flag("" if is_calmed else watch.calm(sitting.language(language)))
