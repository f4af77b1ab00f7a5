"""Who is at the staff pages: the session behind a cookie, and forms that are really theirs."""

from collections.abc import Mapping

from fastapi import Request, Response

from bot.web.accounts import Door, HalfWay, Visit
from bot.web.cookie_secrets import is_form_token
from bot.web.security import FORM_LIMIT, TurnedAway, own_form, refuse_foreign, set_cookie

COOKIE = "earshot_staff"


class Visits:
    """Knows who visits. `public_base_url` is where browsers reach us."""

    def __init__(self, door: Door, public_base_url: str) -> None:
        self._door = door
        self._public_base_url = public_base_url

    async def of(self, request: Request) -> Visit | None:
        """Find whose session the request belongs to, if it still holds."""
        return await self._door.visit(request.cookies.get(COOKIE, ""))

    async def own_form(self, request: Request, limit: int = FORM_LIMIT) -> dict[str, str]:
        """Read a form that was posted from our own pages. Raises TurnedAway."""
        return await own_form(request, self._public_base_url, limit)

    async def signed_in_form(self, request: Request, limit: int = FORM_LIMIT) -> tuple[Visit, dict[str, str]]:
        """Read a form that carries the token of the visitor's own session. Raises TurnedAway."""
        form = await self.own_form(request, limit)
        visit = await self.of(request)
        if visit is None:
            raise _signed_out()
        check_token(form, visit.secret)
        return visit, form

    async def signed_in(self, request: Request) -> Visit:
        """Find who posts from our own pages, before anything of it is read. Its token is still to be checked.

        Raises TurnedAway.
        """
        refuse_foreign(request, self._public_base_url)
        visit = await self.of(request)
        if visit is None:
            raise _signed_out()
        return visit

    async def half_way(self, request: Request) -> HalfWay | None:
        """Find who has given a right password and still owes a code."""
        return await self._door.half_way(request.cookies.get(COOKIE, ""))

    async def half_way_form(self, request: Request) -> tuple[HalfWay, dict[str, str]]:
        """Read a form of somebody who is half way in. Raises TurnedAway."""
        form = await self.own_form(request)
        half = await self.half_way(request)
        if half is None:
            raise TurnedAway(403, "You waited too long", "Sign in again: a code must follow within 10 minutes.")
        check_token(form, half.secret)
        return half, form

    def let_in(self, response: Response, secret: str, seconds: int) -> Response:
        """Hand the browser the secret of a session."""
        set_cookie(response, COOKIE, secret, "/staff", self._public_base_url, seconds)
        return response

    @staticmethod
    def let_out(response: Response) -> Response:
        """Take the secret of an ended session from the browser, which would else come with it once more."""
        response.delete_cookie(COOKIE, path="/staff")
        return response


def check_token(form: Mapping[str, str], secret: str) -> None:
    """Turn away a form without the token of its session. Raises TurnedAway."""
    if not is_form_token(form.get("token", ""), secret):
        raise TurnedAway(403, "That page is out of date", "Open the staff page and try again.")


def _signed_out() -> TurnedAway:
    return TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
