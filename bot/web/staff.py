"""The staff pages: sign-in, counts, the reconciliation report. No resident's words are shown here."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.web.accounts import (
    HALF_SESSION_SECONDS,
    SESSION_SECONDS,
    Clock,
    Door,
    HalfWay,
    NoCodesYet,
    Role,
    TooManyTries,
)
from bot.web.cookie_secrets import form_token
from bot.web.downloads import DOWNLOADS, Download
from bot.web.exporting import PATIENCE_SECONDS, ExportDesk
from bot.web.figures import Figures
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.visits import COOKIE, Visits
from storage.script import Database

CODE = "/staff/code"
"""Where a one-time code is asked for."""
CODES = "/staff/codes"
"""Where one-time codes are set up."""
NO_CODES_YET = "You have no one-time codes yet. Ask for a new sign-in link, and set them up under your name."
TOO_MANY_TRIES = "There were too many tries to sign in. Wait 15 minutes, or ask for a one-time sign-in link."


def staff_routes(
    database: Database,
    figures: Figures,
    pages: Pages,
    clock: Clock,
    public_base_url: str,
    downloads: Sequence[Download] = DOWNLOADS,
    patience: float = PATIENCE_SECONDS,
) -> APIRouter:
    """Make the staff pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us.

    `downloads` are what an analyst can take away; what takes longer than `patience` seconds shows how far it is.
    """
    desk = StaffDesk(Door(database, clock), figures, pages, clock, public_base_url, downloads)
    router = APIRouter()
    for path, method, handler in (
        ("/staff", "GET", desk.home),
        ("/staff/sign-in", "GET", desk.home),
        ("/staff/sign-in", "POST", desk.sign_in),
        ("/staff/sign-in/{token}", "GET", desk.show_link),
        ("/staff/sign-in/{token}", "POST", desk.use_link),
        ("/staff/sign-out", "POST", desk.sign_out),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    visits = Visits(Door(database, clock), public_base_url)
    ExportDesk(figures, pages, clock, visits, downloads, patience).add_to(router)
    return router


class StaffDesk:
    """The handlers behind staff_routes."""

    def __init__(
        self,
        door: Door,
        figures: Figures,
        pages: Pages,
        clock: Clock,
        public_base_url: str,
        downloads: Sequence[Download],
    ) -> None:
        self._door = door
        self._visits = Visits(door, public_base_url)
        self._figures = figures
        self._pages = pages
        self._clock = clock
        self._downloads = downloads

    async def home(self, request: Request) -> Response:
        """Show a survey's figures to whoever is signed in, and the sign-in form to anyone else."""
        visit = await self._visits.of(request)
        if visit is None:
            return self._sign_in_page(had_session=COOKIE in request.cookies)
        surveys = await self._figures.surveys()
        wanted = request.query_params.get("survey")
        survey = next((each for each in surveys if wanted in (None, each.id)), None)
        if wanted is not None and survey is None:
            raise TurnedAway(404, "There is no such survey", "It may have another name. Go back to the staff page.")
        return self._pages.show(
            "staff.html",
            visit=visit,
            token=form_token(visit.secret),
            surveys=surveys,
            survey=survey,
            figures=await self._figures.of_survey(survey.id) if survey and visit.role is not Role.WORKER else None,
            downloads=self._downloads if visit.role.may_download else (),
        )

    async def sign_in(self, request: Request) -> Response:
        """Check a name and password. What was wrong is never said: it would tell which names exist."""
        form = await self._visits.own_form(request)
        name, password = form.get("name", ""), form.get("password", "")
        if not name.strip() or not password:  # nobody's try
            return self._sign_in_page(422, name, "Write your name and your password.")
        try:
            visit = await self._door.by_password(name, password)
        except TooManyTries:
            return self._sign_in_page(429, name, TOO_MANY_TRIES)
        except NoCodesYet:
            return self._sign_in_page(422, name, NO_CODES_YET)
        if visit is None:
            return self._sign_in_page(422, name, "That name and password do not belong together.")
        if isinstance(visit, HalfWay):
            return self._visits.let_in(RedirectResponse(CODE, 303), visit.secret, HALF_SESSION_SECONDS)
        return self._visits.let_in(RedirectResponse("/staff", 303), visit.secret, SESSION_SECONDS)

    async def show_link(self, request: Request) -> Response:
        """Show a button for a one-time sign-in: only pressing it uses the link, so a link preview does not."""
        if not await self._door.is_open_link(request.path_params["token"]):
            raise _link_is_over()
        return self._pages.show("sign_in_link.html", action=request.url.path)

    async def use_link(self, request: Request) -> Response:
        """Use a one-time sign-in up."""
        await self._visits.own_form(request)
        visit = await self._door.by_link(request.path_params["token"])
        if visit is None:
            raise _link_is_over()
        return self._visits.let_in(RedirectResponse("/staff", 303), visit.secret, SESSION_SECONDS)

    async def sign_out(self, request: Request) -> Response:
        """End the session, here and in the database."""
        visit, _ = await self._visits.signed_in_form(request)
        await self._door.leave(visit)
        return self._visits.let_out(RedirectResponse("/staff", 303))

    def _sign_in_page(
        self, status: int = 200, name: str = "", problem: str = "", *, had_session: bool = False
    ) -> Response:
        return self._pages.show("sign_in.html", status, name=name[:80], problem=problem, had_session=had_session)


def _link_is_over() -> TurnedAway:
    return TurnedAway(
        410,
        "This sign-in link no longer works",
        "A link works once, for 15 minutes. Ask whoever runs the server for a new one.",
    )
