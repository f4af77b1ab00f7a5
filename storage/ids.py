"""Ids in the order of time, so that new rows stand at the end of their index (RFC 9562, UUID version 7)."""

import os
import threading
import time

_POOL = 512  # bytes asked of the operating system at once


class TimeOrderedIds:
    """Makes UUIDv7 text, each greater than the last one of this process. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._random = b""

    def __call__(self) -> str:
        """Return a new id: 32 hex digits."""
        with self._lock:
            if not self._random:
                self._random = os.urandom(_POOL)
            random, self._random = int.from_bytes(self._random[:8], "big"), self._random[8:]
            # 48 bits of milliseconds and 12 of their fraction; a tie takes the next fraction.
            ticks = max((time.time_ns() << 12) // 1_000_000, self._last + 1)
            self._last = ticks
        return f"{ticks >> 12:012x}7{ticks & 0xFFF:03x}{0x8000000000000000 | random >> 2:016x}"
