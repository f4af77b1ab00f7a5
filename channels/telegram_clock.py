"""How far our clock and Telegram's are apart: times of both are compared, so they must be of one clock."""

from collections.abc import Callable
from typing import Final

_A_DAY: Final = 86_400_000  # a clock so wrong speaks to nobody over HTTPS: then it is the date that is odd


class Clocks:
    """Learns from each message that Telegram takes, and dates. Until the first, the clocks count as equal."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """Take our clock, in epoch milliseconds UTC."""
        self.now = clock
        self._ahead = 0

    def learn(self, asked_at: int, dated: int, answered_at: int) -> None:
        """Compare: asked and answered by our clock (milliseconds), dated in between by Telegram's (whole seconds)."""
        earliest, latest = dated * 1000, dated * 1000 + 999
        ahead = max(asked_at - latest, 0) or min(answered_at - earliest, 0)
        self._ahead = ahead if abs(ahead) < _A_DAY else 0

    def ours(self, seconds: int) -> int | None:
        """Say what our clock showed, in milliseconds, at one of Telegram's times.

        None for no time, and for one that no clock shows: the message is no worse for it.
        """
        return seconds * 1000 + self._ahead if 0 < seconds < 2**32 else None
