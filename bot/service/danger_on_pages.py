"""What is written on a page is looked at as a text is: what speaks of danger goes into the safeguarding queue.

Whatever became of the page; only who skips has taken their words back. Where help is, is said once a day.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bot.core.danger import Watch
from bot.core.effects import Filed
from bot.core.form import Became, Posted
from bot.core.limits import FORM_CHARACTERS
from bot.core.questionnaire import Questionnaire
from bot.core.watching import CALM_FOR
from bot.service.library import Library
from storage import flagging
from storage.entries import EntryRow
from storage.flagging import PageText
from storage.keys import KeyRing
from storage.script import Script

_EVENT: Final = "form words"
"""A page that comes twice is known by a keyed HMAC of what it says: this stands where the channel's name does."""
_FILED = {Became.KEPT: Filed.ANSWER, Became.LATE: Filed.LATE}
_CALM_FOR_MS: Final = int(CALM_FOR.total_seconds() * 1000)


class Calm(Struct, frozen=True):
    """Where help is, and the language in which that is said."""

    text: str
    language: str


class Flagged(Struct, frozen=True):
    """A page that was flagged: its message, and whether its writer is to be told where help is."""

    message_id: str
    calms: bool


class PageWatch:
    """Looks at what is posted, and keeps what a person must read."""

    def __init__(self, library: Library, keys: KeyRing, new_id: Callable[[], str]) -> None:
        self._library = library
        self._keys = keys
        self._new_id = new_id

    def hears(self, posted: Posted) -> bool:
        """Say whether a page speaks of danger. Of one that is far too long the beginning is read: it comes again."""
        watch = self._watch
        return watch is not None and not posted.skips and watch.hears(posted.text[:FORM_CHARACTERS])

    def flag(
        self, entry: EntryRow, questionnaire: Questionnaire, posted: Posted, became: Became, at: int
    ) -> Script[Flagged | None]:
        """Flag a page, in the transaction that takes it; None where these very words were flagged before."""
        known = {question.name for question in questionnaire.definition.questions}
        page = PageText(
            id=self._new_id(),
            event=self._keys.lookup(_EVENT, f"{entry.id} {posted.question} {posted.text}"),
            response=entry.response_id,
            question=posted.question if posted.question in known else "",
            text=posted.text,
            filed=str(_FILED.get(became, Filed.UNPARSED)),
            at=at,
        )
        if not (yield from flagging.keep_page(page)):
            return None
        calms = not (yield from flagging.page_was_calmed(entry.response_id, at - _CALM_FOR_MS))
        yield from flagging.flag_kept(page.id, at, calmed=calms)
        return Flagged(page.id, calms)

    def calm(self, language: str) -> Calm | None:
        """Say where help is, in the language or else in English."""
        watch = self._watch
        return Calm(watch.calm(language, on_page=True), watch.calm_in(language)) if watch is not None else None

    @property
    def _watch(self) -> Watch | None:
        return self._library.watch
