"""What the simulator's page remembers: boards of phones, and on each phone a conversation for each app.

It is all in this process's memory and only for showing; the conversations themselves are rows, marked as trials.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.web.security import TurnedAway
from channels.looks import Key

BUBBLES_AT_MOST = 400


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as the phone shows it. `number` names it within its thread.

    `segments` is 0 for the resident's own. `keys` are what can be tapped, in a list behind `opener` if there is one.
    `is_tap` marks a tap of the resident's that their app shows no message for.
    """

    number: int
    is_ours: bool
    text: str
    segments: int = 0
    keys: tuple[Key, ...] = ()
    opener: str = ""
    is_tap: bool = False

    def key(self, key_id: str) -> Key | None:
        """Find a key that still stands below this message."""
        return next((key for key in self.keys if key.id == key_id), None)


@dataclass(slots=True)
class Thread:
    """One phone's conversation by one app, and its export row. `news` are the columns the last message changed.

    `arrived` names the newest message that came by itself.
    """

    bubbles: list[Bubble] = field(default_factory=list)
    segments: int = 0
    row: Mapping[str, str] = field(default_factory=dict)
    news: frozenset[str] = frozenset()
    arrived: str = ""
    _said: int = 0

    @property
    def grown(self) -> list[tuple[str, str]]:
        """The columns of the row that hold something."""
        return [(name, value) for name, value in self.row.items() if value not in ("", "not_reached")]

    @property
    def waiting(self) -> list[tuple[str, str]]:
        """The columns still empty, or of questions not reached."""
        return [(name, value) for name, value in self.row.items() if value in ("", "not_reached")]

    def keep(
        self,
        text: str,
        *,
        is_ours: bool,
        segments: int = 0,
        keys: tuple[Key, ...] = (),
        opener: str = "",
        is_tap: bool = False,
    ) -> None:
        """Add a message; of a very long conversation the oldest go."""
        self._said += 1
        self.bubbles.append(Bubble(self._said, is_ours, text, segments, keys, opener, is_tap))
        self.segments += segments
        del self.bubbles[:-BUBBLES_AT_MOST]

    def keep_row(self, row: Mapping[str, str]) -> None:
        """Take in the export row as it is now."""
        before, self.row = self.row, row
        self.news = frozenset(name for name, value in row.items() if before.get(name) != value)

    def bubble(self, number: str) -> Bubble | None:
        """Find a message by its number."""
        return next((bubble for bubble in self.bubbles if str(bubble.number) == number), None)

    def take_keys(self, number: int) -> None:
        """Take a message's keys away."""
        self.bubbles = [replace(each, keys=()) if each.number == number else each for each in self.bubbles]


@dataclass(slots=True)
class Handset:
    """One resident's phone. `look` names the app that is open; each app has a thread of its own."""

    number: int
    address: str
    language: str
    look: str
    threads: dict[str, Thread] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def thread(self) -> Thread:
        """The conversation in the app that is open."""
        return self.threads.setdefault(self.look, Thread())

    @property
    def written_address(self) -> str:
        """The number as people write it: 07700 900001."""
        national = "0" + self.address.removeprefix("+44")
        return f"{national[:5]} {national[5:]}"


@dataclass(slots=True)
class Board:
    """One browser's phones. `name` tells a script whether the page it holds is still of this board."""

    name: str
    handsets: list[Handset] = field(default_factory=list)
    shown: int = 1

    def handset(self, number: str) -> Handset:
        """Find a phone by the number on the page. Raises TurnedAway for one that is not there."""
        for handset in self.handsets:
            if str(handset.number) == number:
                return handset
        raise TurnedAway(404, "There is no such phone", "The simulator was started anew. Open it again.")
