"""Passwords of staff: argon2id, as long as three words, and a check that takes as long for a name nobody has."""

import asyncio
import functools

import argon2

from bot.web.cookie_secrets import new_secret
from storage.staff import StaffMember

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
GUESSED_FIRST = "That password is among the first that anybody would try. Three words that do not belong together do"
_TRIED_FIRST = (
    "password",
    "passw0rd",
    "qwerty",
    "letmein",
    "welcome",
    "admin",
    "council",
    "stoke",
    "earshot",
    "123456",
)
_FEWEST_LETTERS = 5


def is_long_enough(password: str) -> bool:
    """Say whether a new password is neither too short nor endless."""
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD


def is_guessed_first(password: str, name: str) -> bool:
    """Say whether it is among what anybody would try first: little but such words, or the person's own name.

    The National Cyber Security Centre advises to refuse these, and to ask for nothing else (Password administration).
    """
    rest = password.casefold()
    for word in (name.casefold(), *_TRIED_FIRST):
        rest = rest.replace(word, "") if word else rest
    return len({letter for letter in rest if letter.isalnum()}) < _FEWEST_LETTERS


async def hashed(password: str) -> str:
    """Hash a new password, in a thread: it takes its time on purpose."""
    return await asyncio.to_thread(_hasher().hash, password)


class Passwords:
    """Checks passwords and PINs: of those that come to this one, one at a time. Every router has one of its own."""

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
