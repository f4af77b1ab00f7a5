"""The page of the staff, for admins: who may sign in, ending their sessions, shutting them out."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.accounts import Clock, Visit
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage import staff_account as store
from storage.script import Database

PAGE = "/staff/people"
_DONE = {"ended": "They are signed out everywhere.", "shut-out": "They are signed out and cannot sign in any more."}


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """The handlers. `add_to` says at which addresses."""

    database: Database
    visits: Visits
    pages: Pages
    clock: Clock

    def add_to(self, router: APIRouter) -> None:
        """Add the pages."""
        for method, handler in (("GET", self.show), ("POST", self.act)):
            router.add_route(PAGE, self.pages.guard(handler), methods=[method], include_in_schema=False)

    async def show(self, request: Request) -> Response:
        """List the staff."""
        visit = await self.visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_all_but_admins(visit)
        people = await self.database.read(partial(store.everyone, self.clock()))
        return self.pages.show(
            "people.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            people=people,
            said=_DONE.get(request.query_params.get("done", ""), ""),
        )

    async def act(self, request: Request) -> Response:
        """End somebody's sessions, or shut them out."""
        visit, form = await self.visits.signed_in_form(request)
        refuse_all_but_admins(visit)
        now, who = self.clock(), visit.member.name
        people = await self.database.read(partial(store.everyone, now))
        member = next((each.member for each in people if each.member.id == form.get("person")), None)
        if member is None:
            raise TurnedAway(404, "There is nobody like that", "Go back to the list of staff.")
        match form.get("do", ""):
            case "end":
                await self.database.run(partial(store.end_sessions, member, now, who))
                done = "ended"
            case "shut-out":
                shut = partial(store.shut_out, member, now, who, may_be_last_admin=False)
                if not await self.database.run(shut):
                    raise TurnedAway(
                        409,
                        f"{member.name} could not be shut out",
                        "The last admin must stay, or nobody could see to the staff. Somebody else may also have done "
                        "it just now. Nothing was changed.",
                    )
                done = "shut-out"
            case _:
                raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        return RedirectResponse(f"{PAGE}?done={done}", 303)


def refuse_all_but_admins(visit: Visit) -> None:
    """Turn everyone else away. Raises TurnedAway."""
    if not visit.role.may_oversee:
        raise TurnedAway(403, "This page is not for you", "Only admins may open it. Nothing was shown or changed.")
