"""The pages of one-time codes: the one that asks for a code at sign-in, and the one that sets codes up."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.accounts import SESSION_SECONDS, Door, HalfWay, TooManyTries, Visit
from bot.web.codes import Codes
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.staff import CODE, CODES, TOO_MANY_TRIES
from bot.web.visits import Visits

PICTURE = f"{CODES}/picture"
WRONG_CODE = "That code is not right. Wait for the next one, and type its six digits"


@dataclass(frozen=True, slots=True)
class CodeDesk:
    """The handlers. `add_to` says at which addresses."""

    visits: Visits
    door: Door
    codes: Codes
    pages: Pages

    def add_to(self, router: APIRouter) -> None:
        """Add the pages."""
        for path, method, handler in (
            (CODE, "GET", self.ask),
            (CODE, "POST", self.check),
            (CODES, "GET", self.show),
            (CODES, "POST", self.take_up),
            (PICTURE, "GET", self.picture),
        ):
            router.add_route(path, self.pages.guard(handler), methods=[method], include_in_schema=False)

    async def ask(self, request: Request) -> Response:
        """Ask for a code, after a right password."""
        half = await self.visits.half_way(request)
        if half is None:
            return RedirectResponse("/staff", 303)
        return self._ask(half)

    async def check(self, request: Request) -> Response:
        """Let somebody in whose code is right."""
        half, form = await self.visits.half_way_form(request)
        try:
            if not await self.codes.is_right(half, form.get("code", "")):
                return self._ask(half, 422, WRONG_CODE)
        except TooManyTries:
            return self._ask(half, 429, TOO_MANY_TRIES)
        return await self._let_in(half)

    async def show(self, request: Request) -> Response:
        """Show how to set codes up."""
        visit = await self.visits.of(request)
        return self._set_up(visit) if visit is not None else RedirectResponse("/staff", 303)

    async def picture(self, request: Request) -> Response:
        """Give the QR code that an authenticator app reads. An address of its own: no page holds inline pictures."""
        visit = await self.visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        return Response(self.codes.offer(visit).picture(), media_type="image/svg+xml")

    async def take_up(self, request: Request) -> Response:
        """Keep the codes once one of them was typed."""
        visit, form = await self.visits.signed_in_form(request)
        problem = await self._password_problem(visit, form)
        if problem:
            return self._set_up(visit, 422, password_problem=problem)
        if not await self.codes.take_up(visit, form.get("code", "")):
            return self._set_up(visit, 422, problem=WRONG_CODE)
        return RedirectResponse("/staff/account?done=codes", 303)

    async def _password_problem(self, visit: Visit, form: dict[str, str]) -> str:
        if not must_give_password(visit):
            return ""
        if not form.get("password"):
            return "Write your present password"
        try:
            is_right = await self.door.is_password(visit, form.get("password", ""))
        except TooManyTries:
            return TOO_MANY_TRIES
        return "" if is_right else "That is not your present password"

    async def _let_in(self, half: HalfWay) -> Response:
        visit = await self.door.by_code(half)
        if visit is None:  # the ten minutes ended just now
            return RedirectResponse("/staff", 303)
        return self.visits.let_in(RedirectResponse("/staff", 303), visit.secret, SESSION_SECONDS)

    def _ask(self, half: HalfWay, status: int = 200, problem: str = "") -> Response:
        return self.pages.show("code.html", status, token=form_token(half.secret), action=CODE, problem=problem)

    def _set_up(self, visit: Visit, status: int = 200, *, problem: str = "", password_problem: str = "") -> Response:
        return self.pages.show(
            "codes.html",
            status,
            visit=visit,
            token=form_token(visit.secret),
            action=CODES,
            picture=PICTURE,
            offer=self.codes.offer(visit),
            needs_password=must_give_password(visit),
            has_codes=visit.member.codes_since is not None,
            problem=problem,
            password_problem=password_problem,
        )


def must_give_password(visit: Visit) -> bool:
    """Say whether to change an account asks for its password: somebody else may sit at a screen left open."""
    return bool(visit.member.password_hash) and not visit.by_link
