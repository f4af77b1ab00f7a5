"""Writes refusals into the audit log: another role's page, a forged form, a link that is over. No page forgets to."""

from functools import partial

from fastapi import Request

from bot.web.accounts import NOBODY, Clock, Door
from bot.web.security import TurnedAway
from bot.web.visits import COOKIE
from storage.script import Database
from storage.staff import REFUSED, note

AUDITED = (403, 410)
WINDOW_MS = 10 * 60_000
"""One line for the same refusal within this time: whoever knocks again and again must not fill the log, nor keep the
database busy."""


class Refusals:
    """Notes who was turned away from where. `clock` gives epoch milliseconds UTC."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._door = Door(database, clock)
        self._noted: dict[tuple[str, str], int] = {}

    async def note(self, request: Request, refusal: TurnedAway) -> None:
        """Note a refusal that matters."""
        if refusal.status not in AUDITED:
            return
        visit = await self._door.visit(request.cookies.get(COOKIE, ""))
        who = visit.member.name if visit is not None else NOBODY
        detail, now = f"{request.method} {_place(request)}: {refusal.title}", self._clock()
        if now < self._noted.get((who, detail), 0) + WINDOW_MS:
            return
        self._noted[who, detail] = now
        await self._database.run(partial(note, now, who, REFUSED, detail))


def _place(request: Request) -> str:
    """Name the page, and not what stands in its address: that may be the secret of a link."""
    names = {str(value): f"{{{name}}}" for name, value in request.path_params.items()}
    return "/".join(names.get(part, part) for part in request.scope["path"].split("/"))
