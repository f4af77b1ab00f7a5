"""The audit log as admins read it: who saw residents' words, took them away, changed the staff, or was refused.

At what a safeguarding lead looked is left out: that a message was flagged is for their role alone.
"""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.accounts import Clock
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages
from bot.web.people import refuse_all_but_admins
from bot.web.visits import Visits
from storage import auditing as store
from storage.script import Database

PAGE = "/staff/audit"
LINES = 50
DAY_MS = 24 * 60 * 60 * 1000
_HIDDEN = "safeguarding"


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """The handler. `add_to` says at which address."""

    database: Database
    visits: Visits
    pages: Pages
    clock: Clock

    def add_to(self, router: APIRouter) -> None:
        """Add the page."""
        router.add_route(PAGE, self.pages.guard(self.show), methods=["GET"], include_in_schema=False)

    async def show(self, request: Request) -> Response:
        """Show a page of lines, the newest first."""
        visit = await self.visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_all_but_admins(visit)
        wanted = request.query_params
        who, action, before = wanted.get("who", ""), wanted.get("action", ""), _number(wanted.get("before", ""))
        found = await self.database.read(partial(store.lines, who, action, before, LINES + 1))
        return self.pages.show(
            "audit.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            lines=[_shown(line) for line in found[:LINES]],
            who=who,
            action=action,
            is_newest=before is None,
            newest=f"{PAGE}?{urlencode({'who': who, 'action': action})}",
            older=_older(who, action, found[LINES - 1].id) if len(found) > LINES else "",
            choices=await self.database.read(store.choices),
            refused=await self.database.read(partial(store.refused_sign_ins, self.clock() - DAY_MS)),
        )


def _shown(line: store.Line) -> dict[str, object]:
    is_hidden = line.action.startswith(_HIDDEN)
    return {"at": line.at, "who": line.who, "action": line.action, "detail": "" if is_hidden else line.detail}


def _older(who: str, action: str, before: int) -> str:
    return f"{PAGE}?{urlencode({'who': who, 'action': action, 'before': before})}"


def _number(text: str) -> int | None:
    """Read the line before which to begin; anything else begins at the newest."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
