"""Messages that the bot could not handle: a person of the council reads one and answers it by a template.

The reply goes through the outbox like every other: once, within the channel's window, and never after STOP.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.core.survey import SurveyDefinition, wording
from bot.core.window import Window, closed_by_hand, window
from channels.base import Channel
from storage import surveys, unread
from storage.ids import TimeOrderedIds
from storage.installation import is_demo
from storage.outbox import REPLY, NewMessage, Priority
from storage.script import Database, Script
from storage.unread import Listed, Settled, Unread, Which

FILE = Path(__file__).parents[1] / "words" / "by_hand" / "en.toml"
EXPIRES_MS = 48 * 3_600_000
"""A reply that could not be delivered for so long answers nothing any more."""


@dataclass(frozen=True, slots=True)
class HandReply:
    """One sentence that may be sent: its name, what staff call it, and what the resident reads."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """One message, and what may be answered to it. `why_not` says to a person why nothing can be, empty if it can."""

    message: Unread
    question: str
    replies: Sequence[HandReply]
    why_not: str


class UnreadMessages:
    """What waits for a person of the council. Every look at words and every answer is in the audit log.

    `channels` are those that are on; `now` gives epoch milliseconds UTC. Trials are shown in a demo's database alone.
    """

    def __init__(self, database: Database, channels: Mapping[str, Channel], *, now: Callable[[], int]) -> None:
        self._database = database
        self._channels = channels
        self._now = now
        self._new_id = TimeOrderedIds()
        self._replies = load_hand_replies()

    async def waiting(self) -> tuple[int, Sequence[Listed]]:
        """Count what waits, and list the oldest, without a word of what was written."""

        def script() -> Script[tuple[int, list[Listed]]]:
            which, _ = yield from self._which()
            return (yield from unread.waiting(which))

        return await self._database.read(script)

    async def titles(self) -> Mapping[str, str]:
        """Return what the surveys whose messages wait are called, each by its id."""

        def script() -> Script[Mapping[str, SurveyDefinition]]:
            _, definitions = yield from self._which()
            return definitions

        definitions = (await self._database.read(script)).values()
        return {each.id: wording(each.title, each.default_language, each.default_language) for each in definitions}

    async def open(self, message_id: str, who: str) -> Opened | None:
        """Open one, with its words; None where it does not wait any more."""

        def script() -> Script[Opened | None]:
            which, definitions = yield from self._which()
            found = yield from unread.open_one(message_id, which, who)
            return self._opened(found, definitions.get(found.survey)) if found is not None else None

        return await self._database.run(script)

    async def answer(self, message_id: str, reply: str, who: str) -> Settled | None:
        """Answer one by the template of that name; None where this message may not be answered by it."""

        def script() -> Script[Settled | None]:
            which, definitions = yield from self._which()
            found = yield from unread.read_one(message_id, which)
            if found is None:
                return Settled.ALREADY
            opened = self._opened(found, definitions.get(found.survey))
            chosen = next((each for each in opened.replies if each.name == reply), None)
            if found.opted_out_at is not None:
                return Settled.STOPPED
            if chosen is None or opened.why_not:
                return None
            message = self._message(found, chosen.text, which.now)
            return (yield from unread.answer(message, reply, message_id, which, who))

        return await self._database.run(script)

    async def leave(self, message_id: str, who: str) -> Settled:
        """Note that one needs no answer."""

        def script() -> Script[Settled]:
            which, _ = yield from self._which()
            return (yield from unread.leave(message_id, which, who))

        return await self._database.run(script)

    def _which(self) -> Script[tuple[Which, Mapping[str, SurveyDefinition]]]:
        """Say which messages wait: those of surveys that are not over, and those that belong to none."""
        now = self._now()
        at = datetime.fromtimestamp(now / 1000, UTC)
        definitions: dict[str, SurveyDefinition] = {}
        for row in (yield from surveys.every_version()):
            definition = SurveyDefinition.from_json(row.definition) if row.is_current else None
            if definition and window(definition, closed_by_hand(row.closed_at), at) is not Window.CLOSED:
                definitions[row.survey] = definition
        include_test = yield from is_demo()
        return Which(list(definitions), now, include_test), definitions

    def _opened(self, found: Unread, definition: SurveyDefinition | None) -> Opened:
        default = definition.default_language if definition else ""
        contact = wording(definition.contact, default, default) if definition else ""
        replies = [
            HandReply(each.name, each.title, each.text.replace("{contact}", contact))
            for each in self._replies
            if contact or "{contact}" not in each.text
        ]
        asked = (
            next((each for each in definition.questions if each.name == found.question), None) if definition else None
        )
        question = wording(asked.label, default, default) if asked else ""
        return Opened(found, question, replies, self._why_not(found))

    def _why_not(self, found: Unread) -> str:
        if found.contact_id is None:
            return "It is not known any more who wrote this."
        if found.opted_out_at is not None:
            return "Whoever wrote this has texted STOP since. Nothing may be sent to them."
        if found.channel not in self._channels:
            return "The channel by which it came is not on here."
        if self._until(found) <= self._now():
            return "It is too long ago: this channel lets nobody answer freely any more."
        return ""

    def _until(self, found: Unread) -> int:
        """Say until when this may be answered: the channel's window, counted from when the resident last wrote."""
        seconds = self._channels[found.channel].capabilities.reply_window
        if seconds is None:
            return self._now() + EXPIRES_MS
        return min((found.last_inbound_at or found.received_at) + seconds * 1000, self._now() + EXPIRES_MS)

    def _message(self, found: Unread, text: str, now: int) -> NewMessage:
        assert found.contact_id is not None
        return NewMessage(
            id=self._new_id(),
            contact_id=found.contact_id,
            channel=found.channel,
            our_address=found.our_address,
            purpose=REPLY,
            priority=Priority.REPLY,
            text=text,
            made_at=now,
            not_before=now,
            survey=found.survey,
            expires_at=self._until(found),
            idempotency_key=f"by hand {found.id}",
            segments=self._channels[found.channel].segments(text),
            test=found.test,
        )


def load_hand_replies(path: Path = FILE) -> Sequence[HandReply]:
    """Read the sentences that staff may send."""
    return [HandReply(**each) for each in tomllib.loads(path.read_text(encoding="utf-8"))["reply"]]
