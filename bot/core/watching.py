"""Flags what speaks of danger, and says where help is: the same words whatever was written, and once a day."""

from datetime import timedelta

from bot.core.danger import Watch
from bot.core.sitting import Sitting

CALM_FOR = timedelta(days=1)
"""Who was told where to find help is not told again within this."""


def watch_over(watch: Watch | None, sitting: Sitting, text: str, language: str) -> None:
    """Look at one text, by whatever way it came and whatever became of it. `language` is where none was chosen."""
    if watch is None or not watch.hears(text):
        return
    calmed_at = sitting.person.calmed_at
    is_calmed = calmed_at is not None and sitting.at - calmed_at < CALM_FOR
    sitting.flag("" if is_calmed else watch.calm(sitting.language(language)))
