"""The staff pages: sign-in, counts, the reconciliation report and the export. No resident's words are shown here."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from bot.analysis.export import ExportRefused, Format
from bot.web.accounts import HALF_SESSION_SECONDS, SESSION_SECONDS, Clock, Door, HalfWay, Role, TooManyTries, Visit
from bot.web.figures import Figures
from bot.web.pages import Pages
from bot.web.security import TurnedAway, form_token
from bot.web.visits import COOKIE, Visits
from storage.script import Database


@dataclass(frozen=True, slots=True)
class Download:
    """One file that an analyst can take away."""

    form: Format
    ending: str
    media_type: str
    title: str
    purpose: str


CODE = "/staff/code"
"""Where a one-time code is asked for."""
CODES = "/staff/codes"
"""Where one-time codes are set up."""
TOO_MANY_TRIES = "There were too many tries to sign in. Wait 15 minutes, or ask for a one-time sign-in link."
CSV = "text/csv; charset=utf-8"
DOWNLOADS = (
    Download(Format.CSV, ".csv", CSV, "Spreadsheet (CSV)", "one row for each response"),
    Download(Format.LONG_CSV, "-long.csv", CSV, "Long form (CSV)", "one row for each answer"),
    Download(Format.JSONL, ".jsonl", "application/x-ndjson", "JSON Lines", "one response a line, for programs"),
    Download(Format.CODEBOOK, "-codebook.csv", CSV, "Codebook (CSV)", "what every column and code means"),
)


def staff_routes(database: Database, figures: Figures, pages: Pages, clock: Clock, public_base_url: str) -> APIRouter:
    """Make the staff pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = StaffDesk(Door(database, clock), figures, pages, clock, public_base_url)
    router = APIRouter()
    for path, method, handler in (
        ("/staff", "GET", desk.home),
        ("/staff/sign-in", "GET", desk.home),
        ("/staff/sign-in", "POST", desk.sign_in),
        ("/staff/sign-in/{token}", "GET", desk.show_link),
        ("/staff/sign-in/{token}", "POST", desk.use_link),
        ("/staff/sign-out", "POST", desk.sign_out),
        ("/staff/surveys/{survey}/export", "POST", desk.export),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class StaffDesk:
    """The handlers behind staff_routes."""

    def __init__(self, door: Door, figures: Figures, pages: Pages, clock: Clock, public_base_url: str) -> None:
        self._door = door
        self._visits = Visits(door, public_base_url)
        self._figures = figures
        self._pages = pages
        self._clock = clock

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
            downloads=DOWNLOADS if visit.role.may_download else (),
        )

    async def sign_in(self, request: Request) -> Response:
        """Check a name and password. What was wrong is never said: it would tell which names exist."""
        form = await self._visits.own_form(request)
        name = form.get("name", "")
        try:
            visit = await self._door.by_password(name, form.get("password", ""))
        except TooManyTries:
            return self._sign_in_page(429, name, TOO_MANY_TRIES)
        if visit is None:
            return self._sign_in_page(422, name, "That name and password do not belong together.")
        if isinstance(visit, HalfWay):
            ask = RedirectResponse(CODE if visit.member.codes_since is not None else CODES, 303)
            return self._visits.let_in(ask, visit.secret, HALF_SESSION_SECONDS)
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
        response = RedirectResponse("/staff", 303)
        response.delete_cookie(COOKIE, path="/staff")
        return response

    async def export(self, request: Request) -> Response:
        """Write a masked export in a worker thread and stream it. It is in the audit log before a byte leaves."""
        visit, form = await self._visits.signed_in_form(request)
        if not visit.role.may_download:
            raise TurnedAway(403, "You may not download answers", "Ask an analyst for the export.")
        survey = request.path_params["survey"]
        download = next((each for each in DOWNLOADS if each.form == form.get("format")), None)
        if download is None or survey not in [each.id for each in await self._figures.surveys()]:
            raise TurnedAway(404, "There is no such export", "Go back to the staff page and choose one from it.")
        today = datetime.fromtimestamp(self._clock() / 1000, UTC).date().isoformat()
        name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', survey)}-{today}{download.ending}"
        opened = await self._write_export(survey, download.form, name, visit)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_slices(opened), headers=headers, media_type=download.media_type)

    async def _write_export(self, survey: str, form: Format, name: str, visit: Visit) -> BinaryIO:
        """Write it and open it, with its name already gone: whatever happens next, no copy stays behind."""
        with tempfile.TemporaryDirectory(prefix="earshot-export-") as folder:
            out = Path(folder) / name
            try:
                await self._figures.export(survey, form, out, visit.member.name)
            except ExportRefused as refusal:
                raise TurnedAway(503, "The export could not be written", str(refusal)) from refusal
            return await asyncio.to_thread(out.open, "rb")

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


def _slices(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while part := opened.read(64 * 1024):
            yield part
