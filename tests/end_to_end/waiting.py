"""Waits for what another process will do, and for no longer than it may take."""

import asyncio
from collections.abc import Callable

SECONDS = 30.0
_LOOK_AGAIN = 0.02


async def until(holds: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    """Return as soon as it holds. Raises TimeoutError after so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(_LOOK_AGAIN)
