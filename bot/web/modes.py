"""The report by mode, as a page and as files, and a look over the answers. For those who may take the answers away."""

import asyncio
import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.columns import UnknownSurvey
from bot.analysis.merging.letters import can_compare
from bot.analysis.merging.looking import TooManyToLookOver, look_over
from bot.analysis.modes.filing import make_report
from bot.analysis.modes.report import Report
from bot.analysis.modes.writing import heading_of, looked, shown_columns, written
from bot.core.window import london_day, moment
from bot.web.accounts import Clock, Door, Visit
from bot.web.cookie_secrets import form_token
from bot.web.council import refuse_workers
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage.installation import is_demo
from storage.keys import KeyRing
from storage.script import Database

FILES = {
    ".html": ("A page (HTML)", "text/html; charset=utf-8"),
    ".csv": ("Every number (CSV)", "text/csv; charset=utf-8"),
    ".md": ("Plain text (Markdown)", "text/markdown; charset=utf-8"),
}

MOST_LOOKED_OVER = 10_000
"""So many responses at most are looked over in the process that also answers residents."""


def mode_routes(database: Database, keys: KeyRing, pages: Pages, clock: Clock, public_base_url: str) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = ModeDesk(database, keys, pages, clock, Visits(Door(database, clock), public_base_url))
    router = APIRouter()
    for path, method, handler in (
        ("/staff/surveys/{survey}/modes", "GET", desk.show),
        ("/staff/surveys/{survey}/modes", "POST", desk.take),
        ("/staff/surveys/{survey}/marks", "POST", desk.look),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class ModeDesk:
    """The handlers behind mode_routes."""

    def __init__(self, database: Database, keys: KeyRing, pages: Pages, clock: Clock, visits: Visits) -> None:
        self._database = database
        self._keys = keys
        self._pages = pages
        self._clock = clock
        self._visits = visits
        # However many ask, one of them counts at a time: residents' turns go on beside it.
        self._counting = asyncio.Semaphore(1)

    async def show(self, request: Request) -> Response:
        """Show the report: with exact counts, or as it may be published."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_workers(visit)
        report = await self._report(visit, request, bool(request.query_params.get("publishable")), "a page")
        return self._pages.show(
            "modes.html",
            visit=visit,
            token=form_token(visit.secret),
            report=report,
            heading=heading_of(report),
            looked=looked(report),
            shown_columns=shown_columns,
            compares=can_compare(),
            files=[(ending, title) for ending, (title, _) in FILES.items()],
        )

    async def take(self, request: Request) -> Response:
        """Hand the report out as a file."""
        visit, form = await self._visits.signed_in_form(request)
        refuse_workers(visit)
        ending = form.get("format", "")
        if ending not in FILES:
            raise TurnedAway(404, "There is no such file", "Go back to the report and choose one from it.")
        is_publishable = form.get("publishable") == "1"
        day = london_day(moment(self._clock())).isoformat()
        survey = re.sub(r"[^A-Za-z0-9._-]", "_", request.path_params["survey"])
        name = f"{survey}-{day}-modes{'-publishable' if is_publishable else ''}{ending}"
        report = await self._report(visit, request, is_publishable, name)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(written(report, ending), headers=headers, media_type=FILES[ending][1])

    async def look(self, request: Request) -> Response:
        """Look over the answers anew, and show the report again."""
        visit, _ = await self._visits.signed_in_form(request)
        refuse_workers(visit)
        survey, who = request.path_params["survey"], visit.member.name
        include_test = await self._database.read(is_demo)
        async with self._counting:
            try:
                await look_over(
                    self._database,
                    self._keys,
                    survey,
                    include_test=include_test,
                    who=who,
                    now=self._clock(),
                    most=MOST_LOOKED_OVER,
                )
            except TooManyToLookOver:
                raise TurnedAway(
                    409,
                    "There are too many answers to look over from here",
                    f"With over {MOST_LOOKED_OVER:,} responses, have whoever runs Earshot run: quality-marks {survey}",
                ) from None
            except UnknownSurvey:
                raise _no_such_survey() from None
        return RedirectResponse(request.url.path.removesuffix("marks") + "modes#marks", 303)

    async def _report(self, visit: Visit, request: Request, is_publishable: bool, to: str) -> Report:
        include_test = await self._database.read(is_demo)
        async with self._counting:
            try:
                return await make_report(
                    self._database,
                    request.path_params["survey"],
                    publishable=is_publishable,
                    include_test=include_test,
                    who=visit.member.name,
                    to=to,
                    now=self._clock(),
                )
            except UnknownSurvey:
                raise _no_such_survey() from None


def _no_such_survey() -> TurnedAway:
    return TurnedAway(404, "There is no such survey", "It may have another name. Go back to the staff page.")
