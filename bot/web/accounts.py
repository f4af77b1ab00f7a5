"""Staff accounts: adding a person, signing in by password or one-time link, and the session that follows.

The rule: whose role sees residents' words gets in by password and one-time code, or by a link from the server's own
terminal. A right password alone opens the page that asks for the code, and nothing else.
"""

import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from bot.web.cookie_secrets import fingerprint, new_secret
from bot.web.passwords import (
    GUESSED_FIRST,
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    Passwords,
    hashed,
    is_guessed_first,
    is_long_enough,
)
from storage import staff as store
from storage.script import Database
from storage.staff import Secret, StaffMember

SESSION_SECONDS = 12 * 60 * 60
HALF_SESSION_SECONDS = 10 * 60
LINK_SECONDS = 15 * 60
WINDOW_SECONDS = 15 * 60
TRIES_PER_NAME = 10
TRIES_OVERALL = 100
"""Within one window, passwords and codes alike."""
UNKNOWN_NAME = "unknown name"
NOBODY = "nobody signed in"
VOLUNTEER = "volunteer"
RESERVED = frozenset((store.TERMINAL, UNKNOWN_NAME, NOBODY, "api_token", "earshot", "system"))
"""Names are what the audit log and a campaign know somebody by. With one of these a person would be taken for what has
no account; so they would with one that begins with VOLUNTEER, or with TERMINAL and a space."""

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

    @property
    def needs_codes(self) -> bool:
        """Whether a password alone is too little: this role sees residents' words, or who may see them."""
        return self is not Role.WORKER

    @property
    def may_oversee(self) -> bool:
        """Whether this role sees who the staff are and what they did."""
        return self is Role.ADMIN


class StaffRefused(Exception):
    """An account that cannot be made. The message says why and what to do."""


class TooManyTries(Exception):
    """Too many sign-ins were tried in the last minutes, for this name or altogether. Waiting helps."""


class NoCodesYet(Exception):
    """A right password, of a role that needs one-time codes too and has none: only a one-time link lets them in."""


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """A signed-in person and the secret of their session. `by_link` says that it began with a one-time link."""

    member: StaffMember
    secret: str
    by_link: bool = False

    @property
    def role(self) -> Role:
        """What they may do."""
        return Role(self.member.role)

    @property
    def lacks(self) -> str:
        """What they must set to sign in without a link; empty where they have it all."""
        needs_codes = self.role.needs_codes and self.member.codes_since is None
        missing = (("a password", not self.member.password_hash), ("one-time codes", needs_codes))
        return " and ".join(what for what, is_missing in missing if is_missing)


@dataclass(frozen=True, slots=True, repr=False)
class HalfWay:
    """Somebody whose password was right and whose code is still to come. It opens nothing else."""

    member: StaffMember
    secret: str


async def create_staff(
    database: Database, name: str, role: str, password: str | None, now: int, who: str = store.TERMINAL
) -> str:
    """Add a member of staff and return their id. Without a password they sign in by one-time links.

    `who` adds them, for the audit log. Raises StaffRefused for a taken, empty, too long or reserved name, an unknown
    role, or a password that is too short, too long or guessed first.
    """
    name = sign_in_name(name)
    if not name or len(name) > 80:
        raise StaffRefused("a name needs between 1 and 80 characters")
    if name in RESERVED or name.startswith((VOLUNTEER, f"{store.TERMINAL} ")):
        raise StaffRefused(f"{name!r} stands for something else in the audit log: choose another name")
    if role not in list(Role):
        raise StaffRefused(f"there is no role {role!r}: choose {', '.join(Role)}")
    if password is not None and not is_long_enough(password):
        raise StaffRefused(
            f"a password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: three words do well"
        )
    if password is not None and is_guessed_first(password, name):
        raise StaffRefused(GUESSED_FIRST)
    password_hash = await hashed(password) if password is not None else ""
    member = StaffMember(uuid.uuid4().hex, name, role, password_hash)
    if not await database.run(partial(store.add_staff, member, now, who)):
        raise StaffRefused(f"there is already someone called {name!r}: choose another name")
    there = await database.read(partial(store.staff_named, name))
    return there.id if there is not None else member.id


async def one_time_sign_in(database: Database, staff_id: str, now: int, who: str = store.TERMINAL) -> str:
    """Make a one-time sign-in and return its token, for `/staff/sign-in/<token>`; it holds for 15 minutes.

    `who` makes it, for the audit log.
    """
    token = new_secret()
    link = Secret(fingerprint(token), store.SIGN_IN, now, now + LINK_SECONDS * 1000)
    await database.run(partial(store.keep_sign_in, staff_id, link, who))
    return token


def sign_in_name(name: str) -> str:
    """Write a name as it is kept and looked up, so that `Amina ` and `amina` are one person."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class Door:
    """Lets staff in and out. Every method commits before it returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._passwords = Passwords()

    async def by_password(self, name: str, password: str) -> Visit | HalfWay | None:
        """Sign in, or half way where a code is still to come; None when name and password do not belong together.

        Raises TooManyTries, and NoCodesYet where the role needs codes that nobody has set up: whoever has found a
        password out must not enrol a phone of their own with it.
        """
        name = sign_in_name(name)
        member = await self._database.read(partial(store.staff_named, name))
        await self.count_try(f"name {fingerprint(name)[:12]}", member)
        if not await self._passwords.match(member, password):
            await self._note_refusal(member, "wrong password" if member is not None else "")
            return None
        assert member is not None
        if member.codes_since is None:
            if Role(member.role).needs_codes:
                await self._note_refusal(member, "no one-time codes yet")
                raise NoCodesYet
            secret, session = self._secret(store.SESSION, SESSION_SECONDS)
            await self._database.run(partial(store.open_session, member, session, "by password"))
            return Visit(member, secret)
        secret, half = self._secret(store.HALF_SESSION, HALF_SESSION_SECONDS)
        await self._database.run(partial(store.keep_secret, member.id, half))
        return HalfWay(member, secret)

    async def is_password(self, visit: Visit, password: str) -> bool:
        """Say whether that is the visitor's own password. Raises TooManyTries."""
        await self.count_try(f"name {fingerprint(visit.member.name)[:12]}", visit.member)
        if await self._passwords.match(visit.member, password):
            return True
        await self._note_refusal(visit.member, "wrong password, to change their account")
        return False

    async def by_code(self, half: HalfWay) -> Visit | None:
        """Sign in somebody whose code was right too; None when the half session has run out meanwhile."""
        return await self._use_up(half.secret, store.HALF_SESSION, store.SESSION, "by password and code")

    async def refuse_code(self, half: HalfWay) -> None:
        """Note a wrong code."""
        await self._note_refusal(half.member, "wrong code")

    async def by_link(self, token: str) -> Visit | None:
        """Use a one-time sign-in up, or None when it is unknown, used or too old."""
        return await self._use_up(token, store.SIGN_IN, store.LINK_SESSION, "by one-time link")

    async def is_open_link(self, token: str) -> bool:
        """Say whether a one-time sign-in still holds, without using it."""
        return await self._held(token, store.SIGN_IN) is not None

    async def visit(self, secret: str) -> Visit | None:
        """Find the session that a cookie belongs to, if it still holds. One that was ended goes into the audit log."""
        if not secret:
            return None
        held = await self._held(secret, *store.SESSIONS)
        if held is not None:
            return Visit(held.member, secret, by_link=held.purpose == store.LINK_SESSION)
        # Read before anything is written: a made-up cookie must not keep residents' turns waiting.
        name = await self._database.read(partial(store.ended_session, fingerprint(secret)))
        if name is not None:
            since = self._clock() - SESSION_SECONDS * 1000
            why = "a session that was ended"
            await self._database.run(partial(store.note_once, self._clock(), name, store.REFUSED, why, since))
        return None

    async def half_way(self, secret: str) -> HalfWay | None:
        """Find the half session that a cookie belongs to, if it still holds."""
        held = await self._held(secret, store.HALF_SESSION) if secret else None
        return HalfWay(held.member, secret) if held is not None else None

    async def leave(self, visit: Visit) -> None:
        """Sign out."""
        await self._database.run(partial(store.sign_out, visit.member, fingerprint(visit.secret), self._clock()))

    async def count_try(self, who: str, member: StaffMember | None) -> None:
        """Count one try at getting in, before it is judged. Raises TooManyTries.

        Someone locked out by another's guessing still gets in by a one-time link.
        """
        now = self._clock()
        since = now - WINDOW_SECONDS * 1000
        attempt = partial(
            store.count_attempt, who=who, at=now, since=since, per_name=TRIES_PER_NAME, overall=TRIES_OVERALL
        )
        if not await self._database.run(attempt):
            name = member.name if member is not None else UNKNOWN_NAME
            await self._database.run(
                partial(store.note_once, now, name, store.REFUSED_SIGN_IN, "too many tries", since)
            )
            raise TooManyTries

    async def _note_refusal(self, member: StaffMember | None, why: str) -> None:
        # An unknown name is not kept as typed: people type passwords into the wrong box.
        name = member.name if member is not None else UNKNOWN_NAME
        await self._database.run(partial(store.note, self._clock(), name, store.REFUSED_SIGN_IN, why))

    async def _held(self, secret: str, *purposes: str) -> store.Held | None:
        return await self._database.read(partial(store.holder, fingerprint(secret), purposes, self._clock()))

    async def _use_up(self, used: str, purpose: str, into: str, way: str) -> Visit | None:
        secret, session = self._secret(into, SESSION_SECONDS)
        member = await self._database.run(partial(store.use_up, fingerprint(used), purpose, session, way))
        return Visit(member, secret, by_link=into == store.LINK_SESSION) if member is not None else None

    def _secret(self, purpose: str, seconds: int) -> tuple[str, Secret]:
        secret, now = new_secret(), self._clock()
        return secret, Secret(fingerprint(secret), purpose, now, now + seconds * 1000)
