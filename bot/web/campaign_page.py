"""One campaign's page: its word, links and poster, the buttons that start and end it, and its live totals."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.tallies import breakdowns, tally
from bot.core.survey import SurveyDefinition
from bot.outreach.campaigns import CampaignRefused, CampaignState, Numbers, change, links, starts, state_at
from bot.outreach.poster import SIZES, PosterRefused, Size, poster
from bot.web.accounts import Clock, Visit
from bot.web.campaign_reading import PAGE, CampaignReading, refuse_strangers, title_of
from bot.web.campaign_sight import TotalsSight, channel_name, language_name, standing, totals_sight
from bot.web.charts import in_words
from bot.web.pages import Pages
from bot.web.security import TurnedAway, form_token
from bot.web.visits import Visits
from storage.campaigns import CampaignRow
from storage.installation import is_demo
from storage.script import Database
from storage.staff import note

_STEPS = {
    "start": (CampaignState.RUNNING, "It runs: whoever texts its word is asked the survey."),
    "pause": (CampaignState.PAUSED, "Paused: its word begins nothing new. Whoever has begun goes on."),
    "resume": (CampaignState.RUNNING, "It runs again."),
    "end": (CampaignState.ENDED, "Ended: its word begins nothing any more. Whoever has begun goes on."),
}
_OFFERED = {
    CampaignState.DRAFT: (("start", "Start it"),),
    CampaignState.RUNNING: (("pause", "Pause it"),),
    CampaignState.PAUSED: (("resume", "Let it run again"),),
    CampaignState.ENDED: (),
}


class CampaignPage:
    """The handlers of one campaign's page."""

    def __init__(
        self, database: Database, reading: CampaignReading, pages: Pages, clock: Clock, visits: Visits
    ) -> None:
        self._database = database
        self._reading = reading
        self._pages = pages
        self._clock = clock
        self._visits = visits
        # A poster takes a core for a second or more; several at once would starve residents' turns.
        self._one_at_a_time = asyncio.Semaphore(1)
        # However many pages are open, one of them counts at a time.
        self._counting = asyncio.Semaphore(1)

    def add_to(self, router: APIRouter) -> None:
        """Put the handlers at their addresses."""
        for path, method, handler in (
            (f"{PAGE}/{{campaign}}", "GET", self.show),
            (f"{PAGE}/{{campaign}}", "POST", self.step),
            (f"{PAGE}/{{campaign}}/totals", "GET", self.totals),
            (f"{PAGE}/{{campaign}}/poster/{{size}}", "GET", self.poster),
        ):
            router.add_route(path, self._pages.guard(handler), methods=[method], include_in_schema=False)

    async def show(self, request: Request) -> Response:
        """Show one campaign."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_strangers(visit)
        row = await self._reading.campaign(visit, request.path_params["campaign"])
        return await self._campaign_page(visit, row, done=request.query_params.get("done", ""))

    async def step(self, request: Request) -> Response:
        """Start, pause, resume or end a campaign."""
        visit, form = await self._visits.signed_in_form(request)
        refuse_strangers(visit)
        row = await self._reading.campaign(visit, request.path_params["campaign"])
        do = form.get("do", "")
        if do not in _STEPS:
            raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        try:
            await change(self._database, row.id, _STEPS[do][0], visit.member.name, self._clock())
        except CampaignRefused as refused:
            return await self._campaign_page(visit, row, problems=refused.problems)
        return RedirectResponse(f"{PAGE}/{row.id}?done={do}", 303)

    async def totals(self, request: Request) -> Response:
        """Give the part of a campaign's page that changes, for a page that is open."""
        visit = await self._visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        refuse_strangers(visit)
        row = await self._reading.campaign(visit, request.path_params["campaign"])
        survey = next(each for each in await self._reading.definitions() if each.id == row.survey)
        return self._pages.show("campaign_totals.html", totals=await self._count(row, survey), campaign=row)

    async def poster(self, request: Request) -> Response:
        """Write the poster as a PDF. It stands in the audit log."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_strangers(visit)
        row = await self._reading.campaign(visit, request.path_params["campaign"])
        size: Size | None = next((each for each in SIZES if each == request.path_params["size"]), None)
        survey = await self._reading.survey(row.survey)
        if size is None or survey is None:
            raise TurnedAway(404, "There is no such poster", "Go back to the campaign and choose A4 or A5.")
        draw = partial(poster, row, survey.definition, self._reading.numbers, size=size, drafts=survey.drafts)
        try:
            async with self._one_at_a_time:
                written = await asyncio.to_thread(draw)
        except PosterRefused as refused:
            return await self._campaign_page(visit, row, problems=refused.problems)
        await self._database.run(partial(note, self._clock(), visit.member.name, "poster taken", f"{row.id} {size}"))
        headers = {"Content-Disposition": f'attachment; filename="{row.id}-{size}.pdf"'}
        return Response(written, media_type="application/pdf", headers=headers)

    async def _campaign_page(
        self, visit: Visit, row: CampaignRow, *, done: str = "", problems: Sequence[str] = ()
    ) -> Response:
        survey = await self._reading.survey(row.survey)
        assert survey is not None, "a campaign's survey stays published"
        state, now = state_at(row, self._clock()), self._clock()
        said = "Made. " if done == "made" else _STEPS[done][1] if done in _STEPS else ""
        if done == "made":
            said += _STEPS["start"][1] if state is CampaignState.RUNNING else "It does not run yet: start it below."
        return self._pages.show(
            "campaign.html",
            422 if problems else 200,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            campaign=row,
            title=title_of(survey.definition),
            state=standing(row, now),
            steps=_OFFERED[state],
            may_end=state is not CampaignState.ENDED,
            days=_days(row),
            links=[(channel_name(name), link) for name, link in links(row, self._reading.numbers).items()],
            reached=_reached(row, self._reading.numbers),
            starts=starts(survey.definition, row),
            drafts=[
                language_name(each.code)
                for each in survey.definition.languages
                if each.code in row.languages and each.code in survey.drafts
            ],
            said=said,
            problems=problems,
            totals=await self._count(row, survey.definition),
        )

    async def _count(self, row: CampaignRow, definition: SurveyDefinition) -> TotalsSight:
        include_test, now = await self._database.read(is_demo), self._clock()
        async with self._counting:
            counted = await self._database.read(partial(tally, row.survey, row.id, include_test=include_test, now=now))
            about_you = await self._database.read(
                partial(breakdowns, row.survey, row.id, include_test=include_test, now=now)
            )
        return totals_sight(counted, about_you, definition, row.target, now)


def _reached(row: CampaignRow, numbers: Numbers) -> Mapping[str, str]:
    every = {"SMS": ("sms", numbers.sms), "WhatsApp": ("whatsapp", numbers.whatsapp)}
    return {said: number for said, (name, number) in every.items() if number and name in row.channels}


def _days(row: CampaignRow) -> str:
    first, last = (in_words(date.fromisoformat(day)) if day else "" for day in (row.starts_on, row.ends_on))
    if first and last:
        return f"{first} to {last}"
    return f"from {first}" if first else f"until {last}" if last else "no fixed days"
