"""Passwords of staff: argon2id, as long as three words, and a check that takes as long for a name nobody has."""

import asyncio
import functools

import argon2

from bot.web.security import new_secret
from storage.staff import StaffMember

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256


def is_long_enough(password: str) -> bool:
    """Say whether a new password is neither too short nor endless. Its letters are the person's own affair."""
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD


async def hashed(password: str) -> str:
    """Hash a new password, in a thread: it takes its time on purpose."""
    return await asyncio.to_thread(_hasher().hash, password)


class Passwords:
    """Checks passwords, one at a time."""

    def __init__(self) -> None:
        # One check takes 64 MB and all its core's time on purpose; more at once would starve residents' turns.
        self._one_at_a_time = asyncio.Semaphore(1)

    async def match(self, member: StaffMember | None, password: str) -> bool:
        """Say whether this is the member's password. It takes as long when there is no such member."""
        kept = (member.password_hash if member is not None else "") or _nobodys_hash()
        return await self.is_right(kept, password) and member is not None

    async def is_right(self, kept: str, password: str) -> bool:
        """Say whether a password, or the PIN of a volunteer's link, is the one that was hashed."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(_matches, kept, password[: LONGEST_PASSWORD + 1])


@functools.cache
def _hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher()  # argon2id, 64 MiB: the second recommendation of RFC 9106


@functools.cache
def _nobodys_hash() -> str:
    return _hasher().hash(new_secret())


def _matches(kept: str, password: str) -> bool:
    try:
        return _hasher().verify(kept, password)
    except argon2.exceptions.VerificationError:
        return False
