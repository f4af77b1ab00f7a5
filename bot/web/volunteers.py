"""A volunteer's link: a PIN, then entry of answers for one campaign, and nothing else."""

from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.service.forms import Forms
from bot.web.accounts import Clock
from bot.web.assisted import Assistance, Helper
from bot.web.cookie_secrets import fingerprint, form_token, is_form_token, new_secret
from bot.web.pages import Pages
from bot.web.passwords import Passwords
from bot.web.question_pages import ANSWER_LIMIT
from bot.web.security import TurnedAway, own_form, set_cookie
from storage import volunteers
from storage.script import Database
from storage.staff import WRONG_PIN, note
from storage.volunteers import TRIES, VolunteerLink

COOKIE = "earshot_volunteer"


def volunteer_routes(database: Database, forms: Forms, pages: Pages, clock: Clock, public_base_url: str) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = VolunteerDesk(database, Assistance(forms, pages, clock), pages, clock, public_base_url)
    router = APIRouter()
    for path, method, handler in (
        ("/v/{token}", "GET", desk.open),
        ("/v/{token}", "POST", desk.begin),
        ("/v/{token}/pin", "POST", desk.come_in),
        ("/v/{token}/e/{entry}/q/{question}", "GET", desk.show),
        ("/v/{token}/e/{entry}/q/{question}", "POST", desk.take),
        ("/v/{token}/e/{entry}/done", "GET", desk.done),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class VolunteerDesk:
    """The handlers behind volunteer_routes."""

    def __init__(
        self, database: Database, assistance: Assistance, pages: Pages, clock: Clock, public_base_url: str
    ) -> None:
        self._database = database
        self._assistance = assistance
        self._pages = pages
        self._clock = clock
        self._public_base_url = public_base_url
        self._passwords = Passwords()

    async def open(self, request: Request) -> Response:
        """Show what is read out; first of all the PIN's page."""
        helper = await self._helper(request)
        if helper is None:
            return self._pin_page(request)
        return self._assistance.opening(helper, request.query_params.get("lang", ""))

    async def come_in(self, request: Request) -> Response:
        """Take the PIN. Every try but an empty one counts before it is judged, and five wrong ones end the link."""
        posted = await own_form(request, self._public_base_url)
        await self._link(request)
        pin = "".join(posted.get("pin", "").split())
        if not pin:
            return self._pin_page(request, 422, "Write the PIN that you were told")
        hashed, now = fingerprint(request.path_params["token"]), self._clock()
        link = await self._database.run(partial(volunteers.count_try, hashed, now))
        if link is None:
            raise _is_over()
        if not await self._passwords.is_right(link.pin_hash, pin):
            await self._database.run(partial(note, now, link.called, WRONG_PIN, link.campaign_id))
            if link.tries >= TRIES:
                await self._database.run(partial(volunteers.end, hashed, link.campaign_id, now, f"{TRIES} wrong PINs"))
                raise _is_over()
            return self._pin_page(request, 422, f"That is not the PIN. {_left(TRIES - link.tries)}")
        secret = new_secret()
        await self._database.run(partial(volunteers.let_in, fingerprint(secret), link, now))
        response = RedirectResponse(_base(request), 303)
        seconds = (link.expires_at - now) // 1000
        set_cookie(response, COOKIE, secret, _base(request), self._public_base_url, seconds)
        return response

    async def begin(self, request: Request) -> Response:
        """Begin an entry."""
        helper, posted = await self._own_form(request)
        return await self._assistance.begin(helper, posted)

    async def show(self, request: Request) -> Response:
        """Show a question."""
        helper = await self._helper(request)
        return self._pin_page(request) if helper is None else await self._assistance.show(helper, request)

    async def take(self, request: Request) -> Response:
        """Take an answer."""
        helper, posted = await self._own_form(request)
        return await self._assistance.take(helper, request, posted)

    async def done(self, request: Request) -> Response:
        """Thank, and offer to enter another."""
        helper = await self._helper(request)
        return self._pin_page(request) if helper is None else await self._assistance.done(helper, request)

    def _pin_page(self, request: Request, status: int = 200, problem: str = "") -> Response:
        return self._pages.show("volunteer_pin.html", status, action=f"{_base(request)}/pin", problem=problem)

    async def _own_form(self, request: Request) -> tuple[Helper, dict[str, str]]:
        """Read a form that carries the token of the volunteer's own visit. Raises TurnedAway."""
        posted = await own_form(request, self._public_base_url, ANSWER_LIMIT)
        helper = await self._helper(request)
        if helper is None or not is_form_token(posted.get("token", ""), request.cookies.get(COOKIE, "")):
            raise TurnedAway(403, "That page is out of date", "Open the link again and give the PIN.")
        return helper, posted

    async def _link(self, request: Request) -> VolunteerLink:
        """Find the link, if it can be used. Raises TurnedAway."""
        link = await self._database.read(partial(volunteers.named, fingerprint(request.path_params["token"])))
        if link is None or not link.holds(self._clock()):
            raise _is_over()
        return link

    async def _helper(self, request: Request) -> Helper | None:
        """Find who came in by the link in this browser; None where the PIN is still to come. Raises TurnedAway."""
        link = await self._link(request)
        secret = request.cookies.get(COOKIE, "")
        visit = partial(volunteers.visitor, fingerprint(secret), link.secret_hash, self._clock())
        if not secret or await self._database.read(visit) is None:
            return None
        campaign = await self._assistance.campaign(link.campaign_id)
        assert campaign is not None  # the link's row holds it
        return Helper(campaign, link.called, _base(request), form_token(secret))


def _base(request: Request) -> str:
    return f"/v/{quote(request.path_params['token'], safe='')}"


def _left(tries: int) -> str:
    return f"{tries} {'try is' if tries == 1 else 'tries are'} left; then the link ends."


def _is_over() -> TurnedAway:
    return TurnedAway(410, "This link has ended", "Ask whoever gave it to you for a new one. What you entered is kept.")
