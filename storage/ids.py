"""Ids in the order of time, so that new rows stand at the end of their index (RFC 9562, UUID version 7)."""

import os
import threading
import time
from random import Random


class TimeOrderedIds:
    """Makes UUIDv7 text, each greater than the last one of this process. Safe to call from several threads.

    An id is a name and never a secret: whoever guesses one learns nothing and can do nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._bits = Random(os.urandom(32)).getrandbits  # noqa: S311 - only to differ from other processes' ids

    def __call__(self) -> str:
        """Return a new id: 32 hex digits."""
        with self._lock:
            # 48 bits of milliseconds and 12 of their fraction; a tie takes the next fraction.
            self._last = ticks = max((time.time_ns() << 12) // 1_000_000, self._last + 1)
            random = self._bits(62)
        return f"{ticks >> 12:012x}7{ticks & 0xFFF:03x}{0x8000000000000000 | random:016x}"
