"""The page of one's own account: the password, one-time codes, and where one is signed in."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.accounts import Clock, Door, TooManyTries, Visit
from bot.web.audit import AuditDesk
from bot.web.code_pages import CodeDesk, must_give_password
from bot.web.codes import Codes
from bot.web.cookie_secrets import fingerprint, form_token
from bot.web.pages import Pages
from bot.web.passwords import (
    GUESSED_FIRST,
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    hashed,
    is_guessed_first,
    is_long_enough,
)
from bot.web.people import PeopleDesk
from bot.web.security import TurnedAway
from bot.web.staff import CODES, TOO_MANY_TRIES
from bot.web.visits import Visits
from storage import staff_account as store
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import LINK_SESSION

PAGE = "/staff/account"
_DONE = {
    "password": "Your password is set. You are signed out everywhere else.",
    "codes": "Your one-time codes are set up.",
    "ended": "That session is ended.",
}


def account_routes(database: Database, keys: KeyRing, pages: Pages, clock: Clock, public_base_url: str) -> APIRouter:
    """Make the pages of accounts: codes, one's own account, the staff, the audit log.

    `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us.
    """
    door = Door(database, clock)
    visits, router = Visits(door, public_base_url), APIRouter()
    account = AccountDesk(database, visits, door, pages, clock)
    for method, handler in (("GET", account.show), ("POST", account.act)):
        router.add_route(PAGE, pages.guard(handler), methods=[method], include_in_schema=False)
    CodeDesk(visits, door, Codes(database, keys, clock), pages).add_to(router)
    PeopleDesk(database, visits, pages, clock).add_to(router)
    AuditDesk(database, visits, pages, clock).add_to(router)
    return router


class AccountDesk:
    """The handlers of one's own account."""

    def __init__(self, database: Database, visits: Visits, door: Door, pages: Pages, clock: Clock) -> None:
        self._database = database
        self._visits = visits
        self._door = door
        self._pages = pages
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """Show what somebody has, and what they still need to sign in without a link."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        return await self._page(visit, said=_DONE.get(request.query_params.get("done", ""), ""))

    async def act(self, request: Request) -> Response:
        """Set the password, or end sessions."""
        visit, form = await self._visits.signed_in_form(request)
        match form.get("do", ""):
            case "password":
                return await self._set_password(visit, form)
            case "end":
                hash_, now = form.get("session", ""), self._clock()
                await self._database.run(lambda: store.end_own_session(visit.member, hash_, now))
                return RedirectResponse(f"{PAGE}?done=ended", 303)
            case "end-all":
                now = self._clock()
                await self._database.run(lambda: store.end_sessions(visit.member, now, visit.member.name))
                return self._visits.let_out(RedirectResponse("/staff", 303))
            case _:
                raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")

    async def _set_password(self, visit: Visit, form: dict[str, str]) -> Response:
        new = form.get("new", "")
        if not is_long_enough(new):
            problem = f"Your new password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: three words do"
            return await self._page(visit, 422, problem=problem, about="new")
        if is_guessed_first(new, visit.member.name):
            return await self._page(visit, 422, problem=GUESSED_FIRST, about="new")
        if must_give_password(visit) and not form.get("password"):
            return await self._page(visit, 422, problem="Write your present password", about="password")
        try:
            if must_give_password(visit) and not await self._door.is_password(visit, form.get("password", "")):
                return await self._page(visit, 422, problem="That is not your present password", about="password")
        except TooManyTries:
            return await self._page(visit, 429, problem=TOO_MANY_TRIES, about="password")
        kept, now, password_hash = fingerprint(visit.secret), self._clock(), await hashed(new)
        await self._database.run(lambda: store.set_password(visit.member, password_hash, kept, now))
        return RedirectResponse(f"{PAGE}?done=password", 303)

    async def _page(
        self, visit: Visit, status: int = 200, *, said: str = "", problem: str = "", about: str = ""
    ) -> Response:
        now = self._clock()
        sessions = await self._database.read(lambda: store.open_sessions(visit.member.id, now))
        here = fingerprint(visit.secret)
        return self._pages.show(
            "account.html",
            status,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            codes_page=CODES,
            needs_password=must_give_password(visit),
            sessions=[
                {
                    "id": each.secret_hash,
                    "is_here": each.secret_hash == here,
                    "way": "by link" if each.purpose == LINK_SESSION else "by password",
                    "begun": each.made_at,
                    "until": each.expires_at,
                }
                for each in sessions
            ],
            said=said,
            problem=problem,
            about=about,
        )
