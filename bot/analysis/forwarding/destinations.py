"""What an operator does with destinations: add one, change its secret, stop it, let it go on, send things again.

The rule: only what FORWARD_TO lists, and everything in the audit log under whoever did it.
"""

import base64
import os
import re
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from bot.analysis.forwarding.allowed import Allowed, ForwardRefused
from storage import destinations as store
from storage.destinations import Destination, Kind, Letter, Standing, State, Text
from storage.errors import UnknownKey
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Script
from storage.staff import note

SECRET_BYTES: Final = 32
"""Standard Webhooks asks for 24 to 64."""
HOUR_MS: Final = 3_600_000
ROTATION_HOURS: Final = 24
"""So long the secret before signs too, unless something else is said."""
END: Final = 2**62
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

T = TypeVar("T")


class Goes(StrEnum):
    """When what is sent again goes."""

    NOTHING = "nothing"
    RESUMED = "resumed"
    NEXT_TRY = "next-try"
    NOW = "now"


class Replayed(Struct, frozen=True):
    """How many events go again, and to which destination, as it stood then."""

    count: int
    destination: Destination

    @property
    def goes(self) -> Goes:
        """When they go: a destination that is paused gets them later, and one that fails with its next try."""
        if not self.count:
            return Goes.NOTHING
        if self.destination.state is State.PAUSED:
            return Goes.RESUMED
        return Goes.NOW if self.destination.failing_since is None else Goes.NEXT_TRY


class Destinations:
    """The destinations of a database. `who` is for the audit log, `now` gives epoch milliseconds UTC."""

    def __init__(self, database: Database, *, who: str, now: Callable[[], int]) -> None:
        self._database = database
        self._who = who
        self._now = now

    async def add(
        self, name: str, survey: str, target: str, text: Text, allowed: Allowed, keys: KeyRing
    ) -> tuple[Destination, str]:
        """Add one; it gets every event there was. Give it with the secret that signs, empty for a folder.

        Raises ForwardRefused.
        """
        kind = allowed.kind_of(target)
        if not _NAME.fullmatch(name):
            raise ForwardRefused(f"{name[:50]} is no name: use up to 40 of a-z, 0-9, - and _.")
        if not await self._database.read(partial(store.survey_is_there, survey)):
            raise ForwardRefused(f"There is no survey {survey[:80]}. `survey list` shows them.")
        if kind is Kind.FOLDER:
            await self._refuse_unusable(target)
        destination = Destination(
            id=TimeOrderedIds()(),
            name=name,
            survey=survey,
            kind=kind,
            target=target,
            text=text,
            state=State.RUNNING,
            made_at=self._now(),
            made_by=self._who,
        )
        secret = os.urandom(SECRET_BYTES) if kind is Kind.WEBHOOK else None
        if not await self._sealing(keys, partial(store.add, destination, secret, keys)):
            raise ForwardRefused(f"There is a destination {name} already. Choose another name, or remove that one.")
        return destination, "" if secret is None else _shown(secret)

    async def _refuse_unusable(self, target: str) -> None:
        if not _is_folder(target):
            raise ForwardRefused(f"There is no folder {target}. Make it, for this user to write to.")
        there = await self._database.read(store.every)
        taken = next((each for each in there if each.kind is Kind.FOLDER and _is_same(each.target, target)), None)
        if taken is not None:
            raise ForwardRefused(f"{taken.name} writes into that folder. Every destination needs a folder of its own.")

    async def standings(self) -> list[Standing]:
        """Say how every destination stands, by name."""
        return await self._database.read(store.standings)

    async def change_secret(self, name: str, hours: int, keys: KeyRing) -> str:
        """Sign with a new secret, and for some hours with the one before it too; give the new one.

        Raises ForwardRefused.
        """
        destination = await self._named(name)
        if destination.kind is not Kind.WEBHOOK:
            raise ForwardRefused(f"{name} is a folder: nothing is signed there.")
        secret, now = os.urandom(SECRET_BYTES), self._now()
        until = now + hours * HOUR_MS
        await self._sealing(
            keys, partial(store.change_secret, destination, secret, keys, until=until, at=now, who=self._who)
        )
        return _shown(secret)

    async def pause(self, name: str) -> bool:
        """Send it nothing until it is resumed: what happens meanwhile waits. False where that is so already.

        Raises ForwardRefused.
        """
        destination = await self._named(name)
        return await self._database.run(partial(store.pause, destination, self._now(), self._who))

    async def resume(self, name: str) -> None:
        """Send to it again from where it stopped, at once. Raises ForwardRefused."""
        destination = await self._named(name)
        await self._database.run(partial(store.resume, destination, self._now(), self._who))

    async def remove(self, name: str) -> None:
        """Forget it, and what waits for it. Raises ForwardRefused."""
        destination = await self._named(name)
        await self._database.run(partial(store.remove, destination, self._now(), self._who))

    async def replay(self, name: str, first: int, last: int | None = None) -> Replayed:
        """Let events go again, by their numbers. Raises ForwardRefused.

        Events that it has not come to yet go anyway and are not counted.
        """
        destination = await self._named(name)
        count, after = 0, first
        while seqs := await self._database.run(
            partial(store.replay, destination, after, END if last is None else last)
        ):
            count, after = count + len(seqs), seqs[-1] + 1
        what = f"{name}, {count} from {first}{'' if last is None else f' to {last}'}"
        await self._database.run(partial(note, self._now(), self._who, "forwarding replayed", what))
        return Replayed(count, destination)

    async def replay_letters(self, name: str, letter: Letter) -> Replayed:
        """Let the dead letters go again, or at once what was refused and waits. Raises ForwardRefused."""
        destination = await self._named(name)
        count = await self._database.run(partial(store.replay_letters, destination, letter, self._now(), self._who))
        return Replayed(count, destination)

    async def _named(self, name: str) -> Destination:
        destination = await self._database.read(partial(store.named, name))
        if destination is None:
            raise ForwardRefused(f"There is no destination {name[:50]}. `forward list` shows them.")
        return destination

    async def _sealing(self, keys: KeyRing, script: Callable[[], Script[T]]) -> T:
        try:
            return await self._database.run(script)
        except UnknownKey:  # another process has made new keys
            await keys.reload(self._database)
            return await self._database.run(script)


def _shown(secret: bytes) -> str:
    """Write a secret as Standard Webhooks does."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def _is_folder(target: str) -> bool:
    return Path(target).is_dir()


def _is_same(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve()
