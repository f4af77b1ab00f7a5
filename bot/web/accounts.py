"""Staff accounts: adding a person, signing in by password or one-time link, and the session that follows."""

import asyncio
import functools
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import argon2

from bot.web.security import fingerprint, new_secret
from storage import staff as store
from storage.script import Database
from storage.staff import Secret, StaffMember

SESSION_SECONDS = 12 * 60 * 60
LINK_SECONDS = 15 * 60
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
WINDOW_SECONDS = 15 * 60
TRIES_PER_NAME = 10
TRIES_OVERALL = 100
"""Within one window. Someone locked out by another's guessing still gets in by a one-time link."""

Clock = Callable[[], int]
"""Epoch milliseconds UTC, now."""


class Role(StrEnum):
    """What a member of staff may do: everyone sees counts; only admins and analysts download an export.

    What speaks of danger is for the safeguarding role alone: not even an admin sees it.
    """

    ADMIN = "admin"
    ANALYST = "analyst"
    WORKER = "worker"
    SAFEGUARDING = "safeguarding"

    @property
    def may_download(self) -> bool:
        """Whether this role may take the answers away."""
        return self in (Role.ADMIN, Role.ANALYST)

    @property
    def may_safeguard(self) -> bool:
        """Whether this role reads what speaks of danger."""
        return self is Role.SAFEGUARDING


class StaffRefused(Exception):
    """An account that cannot be made. The message says why and what to do."""


class TooManyTries(Exception):
    """Too many sign-ins were tried in the last minutes, for this name or altogether. Waiting helps."""


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """A signed-in person and the secret of their session."""

    member: StaffMember
    secret: str

    @property
    def role(self) -> Role:
        """What they may do."""
        return Role(self.member.role)


async def create_staff(database: Database, name: str, role: str, password: str | None, now: int) -> str:
    """Add a member of staff and return their id. Without a password they sign in by one-time links.

    Raises StaffRefused for a taken or empty name, an unknown role, or a password under 12 characters.
    """
    name = sign_in_name(name)
    if not name or len(name) > 80:
        raise StaffRefused("a name needs between 1 and 80 characters")
    if role not in list(Role):
        raise StaffRefused(f"there is no role {role!r}: choose {', '.join(Role)}")
    if password is not None and not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StaffRefused(
            f"a password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: three words do well"
        )
    hashed = await asyncio.to_thread(_hasher().hash, password) if password is not None else ""
    member = StaffMember(uuid.uuid4().hex, name, role, hashed)
    if not await database.run(partial(store.add_staff, member, now)):
        raise StaffRefused(f"there is already someone called {name!r}: choose another name")
    there = await database.read(partial(store.staff_named, name))
    return there.id if there is not None else member.id


async def one_time_sign_in(database: Database, staff_id: str, now: int) -> str:
    """Make a one-time sign-in and return its token, for `/staff/sign-in/<token>`; it holds for 15 minutes."""
    token = new_secret()
    link = Secret(fingerprint(token), store.SIGN_IN, now, now + LINK_SECONDS * 1000)
    await database.run(partial(store.keep_secret, staff_id, link))
    return token


def sign_in_name(name: str) -> str:
    """Write a name as it is kept and looked up, so that `Amina ` and `amina` are one person."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class Door:
    """Lets staff in and out. Every method commits before it returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # One check takes 64 MB and all its core's time on purpose; more at once would starve residents' turns.
        self._one_at_a_time = asyncio.Semaphore(1)

    async def by_password(self, name: str, password: str) -> Visit | None:
        """Sign in, or None when name and password do not belong together. Raises TooManyTries."""
        name, now = sign_in_name(name), self._clock()
        attempt = partial(
            store.count_attempt,
            who=f"name {fingerprint(name)[:12]}",
            at=now,
            since=now - WINDOW_SECONDS * 1000,
            per_name=TRIES_PER_NAME,
            overall=TRIES_OVERALL,
        )
        if not await self._database.run(attempt):
            raise TooManyTries
        member = await self._database.read(partial(store.staff_named, name))
        # An unknown name is checked against a hash too, so that the time taken does not tell which names exist.
        hashed = (member.password_hash if member is not None else "") or _nobodys_hash()
        async with self._one_at_a_time:
            is_right = await asyncio.to_thread(_matches, hashed, password[: LONGEST_PASSWORD + 1])
        if member is None or not is_right:
            return None
        secret, session = self._new_session()
        await self._database.run(partial(store.open_session, member, session))
        return Visit(member, secret)

    async def by_link(self, token: str) -> Visit | None:
        """Use a one-time sign-in up, or None when it is unknown, used or too old."""
        secret, session = self._new_session()
        member = await self._database.run(partial(store.use_sign_in, fingerprint(token), session))
        return Visit(member, secret) if member is not None else None

    async def is_open_link(self, token: str) -> bool:
        """Say whether a one-time sign-in still holds, without using it."""
        link = partial(store.holder, fingerprint(token), store.SIGN_IN, self._clock())
        return await self._database.read(link) is not None

    async def visit(self, secret: str) -> Visit | None:
        """Find the session that a cookie belongs to, if it still holds."""
        if not secret:
            return None
        session = partial(store.holder, fingerprint(secret), store.SESSION, self._clock())
        member = await self._database.read(session)
        return Visit(member, secret) if member is not None else None

    async def leave(self, visit: Visit) -> None:
        """Sign out."""
        await self._database.run(partial(store.end_session, fingerprint(visit.secret), self._clock()))

    def _new_session(self) -> tuple[str, Secret]:
        secret, now = new_secret(), self._clock()
        return secret, Secret(fingerprint(secret), store.SESSION, now, now + SESSION_SECONDS * 1000)


@functools.cache
def _hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher()  # argon2id, 64 MiB: the second recommendation of RFC 9106


@functools.cache
def _nobodys_hash() -> str:
    return _hasher().hash(new_secret())


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except argon2.exceptions.VerificationError:
        return False
