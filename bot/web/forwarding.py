"""The page of the destinations, for admins: what waits, what fails, what is dead; pause, resume, send again."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.forwarding.allowed import ForwardRefused
from bot.analysis.forwarding.destinations import Destinations, Goes, Replayed
from bot.web.accounts import Clock, Door, Visit
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages
from bot.web.people import refuse_all_but_admins
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage import destinations as store
from storage.destinations import Letter
from storage.script import Database

PAGE = "/staff/forwarding"
_LONGEST_NUMBER = 18
_DONE = {
    "pause": "It is paused. What happens meanwhile waits.",
    "resume": "It is sent to again, from where it stopped.",
    "replay-refused": "What it refused goes again at once.",
    "replay-dead": "Its dead letters go again.",
    "replay": "Its events go again from that number on.",
    Goes.RESUMED: "They go again once it is resumed.",
    Goes.NEXT_TRY: "They go again at its next try.",
    Goes.NOTHING: "There was nothing to send again. What it has not come to yet goes anyway.",
}


def forwarding_routes(database: Database, pages: Pages, clock: Clock, public_base_url: str) -> APIRouter:
    """Make the page. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = ForwardingDesk(database, Visits(Door(database, clock), public_base_url), pages, clock)
    router = APIRouter()
    for method, handler in (("GET", desk.show), ("POST", desk.act)):
        router.add_route(PAGE, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


@dataclass(frozen=True, slots=True)
class ForwardingDesk:
    """The handlers behind forwarding_routes."""

    database: Database
    visits: Visits
    pages: Pages
    clock: Clock

    async def show(self, request: Request) -> Response:
        """Show how every destination stands; those that need somebody first."""
        visit = await self.visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_all_but_admins(visit)
        return await self._page(visit, said=_DONE.get(request.query_params.get("done", ""), ""))

    async def act(self, request: Request) -> Response:
        """Do what a button says."""
        visit, form = await self.visits.signed_in_form(request)
        refuse_all_but_admins(visit)
        destinations = Destinations(self.database, who=visit.member.name, now=self.clock)
        name, do = form.get("destination", ""), form.get("do", "")
        first = _number(form.get("from", ""))
        if do == "replay" and first is None:
            return await self._page(visit, 422, problem="Write the number of the first event", about=name)
        try:
            replayed = await _do(destinations, name, do, first)
        except ForwardRefused as refusal:
            raise TurnedAway(409, "That could not be done", str(refusal)) from refusal
        done = do if replayed is None or replayed.goes is Goes.NOW else replayed.goes.value
        return RedirectResponse(f"{PAGE}?done={done}", 303)

    async def _page(
        self, visit: Visit, status: int = 200, *, said: str = "", problem: str = "", about: str = ""
    ) -> Response:
        standings = await self.database.read(store.standings)
        return self.pages.show(
            "forwarding.html",
            status,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            standings=sorted(standings, key=lambda e: (not e.needs_somebody, e.refused is None, e.destination.name)),
            said=said,
            problem=problem,
            about=about,
        )


async def _do(destinations: Destinations, name: str, do: str, first: int | None) -> Replayed | None:
    """Do what a button says; give what goes again by it. Raises ForwardRefused and TurnedAway."""
    match do:
        case "pause":
            await destinations.pause(name)
        case "resume":
            await destinations.resume(name)
        case "replay-refused":
            return await destinations.replay_letters(name, Letter.WAITING)
        case "replay-dead":
            return await destinations.replay_letters(name, Letter.DEAD)
        case "replay" if first is not None:
            return await destinations.replay(name, first)
        case _:
            raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
    return None


def _number(written: str) -> int | None:
    """Read the number of an event: a whole one from 1 on."""
    text = written.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) or None if is_number else None
