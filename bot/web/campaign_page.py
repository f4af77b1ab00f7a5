"""One campaign's page: its word, links and poster, the buttons that start and end it, and its live totals."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.tallies import breakdowns, tally
from bot.core.survey import SurveyDefinition
from bot.outreach.campaigns import (
    CampaignRefused,
    CampaignState,
    Numbers,
    change,
    links,
    refuse_ended,
    starts,
    state_at,
)
from bot.outreach.poster import SIZES, PosterRefused, Size, poster
from bot.outreach.poster_words import has_draft
from bot.web.accounts import Role, Visit
from bot.web.campaign_reading import PAGE, CampaignWork, may_change, title_of
from bot.web.campaign_sight import TotalsSight, language_name, standing, totals_sight
from bot.web.charts import in_words
from bot.web.cookie_secrets import form_token
from bot.web.pages import channel_name
from bot.web.security import TurnedAway
from storage.campaigns import CampaignRow
from storage.installation import is_demo
from storage.staff import note

_STEPS = {
    "start": (CampaignState.RUNNING, "It runs: whoever texts its word is asked the survey."),
    "pause": (CampaignState.PAUSED, "Paused: its word begins nothing new. Whoever has begun goes on."),
    "resume": (CampaignState.RUNNING, "It runs again."),
    "end": (CampaignState.ENDED, "Ended: its word begins nothing any more. Whoever has begun goes on."),
}
_SAID = {step: said for step, (_, said) in _STEPS.items()} | {
    "changed": "Changed. The poster and the links are new too."
}
_OFFERED = {
    CampaignState.DRAFT: (("start", "Start it"),),
    CampaignState.RUNNING: (("pause", "Pause it"),),
    CampaignState.PAUSED: (("resume", "Let it run again"),),
    CampaignState.ENDED: (),
}


@dataclass(frozen=True)
class CampaignPage(CampaignWork):
    """The handlers of one campaign's page."""

    # A poster takes a core for a second or more; several at once would starve residents' turns.
    _one_at_a_time: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    # However many pages are open, one of them counts at a time.
    _counting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def add_to(self, router: APIRouter) -> None:
        """Put the handlers at their addresses."""
        for path, method, handler in (
            (f"{PAGE}/{{campaign}}", "GET", self.show),
            (f"{PAGE}/{{campaign}}", "POST", self.step),
            (f"{PAGE}/{{campaign}}/totals", "GET", self.totals),
            (f"{PAGE}/{{campaign}}/poster/{{size}}", "GET", self.poster),
        ):
            router.add_route(path, self.pages.guard(handler), methods=[method], include_in_schema=False)

    async def show(self, request: Request) -> Response:
        """Show one campaign."""
        visit = await self.visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        row = await self.reading.campaign(visit, request.path_params["campaign"])
        return await self._campaign_page(visit, row, done=request.query_params.get("done", ""))

    async def step(self, request: Request) -> Response:
        """Start, pause, resume or end a campaign."""
        visit, form = await self.visits.signed_in_form(request)
        row = await self.reading.campaign(visit, request.path_params["campaign"])
        if not may_change(visit, row):
            raise TurnedAway(403, "This campaign is somebody else’s", "An admin, or whoever made it, can change it.")
        do = form.get("do", "")
        if do not in _STEPS:
            raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        try:
            await change(self.database, row.id, _STEPS[do][0], visit.member.name, self.clock())
        except CampaignRefused as refused:
            return await self._campaign_page(visit, row, problems=refused.problems)
        await self.changed()
        return RedirectResponse(f"{PAGE}/{row.id}?done={do}", 303)

    async def totals(self, request: Request) -> Response:
        """Give the part of a campaign's page that changes, for a page that is open."""
        visit = await self.visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        row = await self.reading.campaign(visit, request.path_params["campaign"])
        survey = next(each for each in await self.reading.definitions() if each.id == row.survey)
        return self.pages.show("campaign_totals.html", totals=await self._count(row, survey), campaign=row)

    async def poster(self, request: Request) -> Response:
        """Write the poster as a PDF. It stands in the audit log."""
        visit = await self.visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        row = await self.reading.campaign(visit, request.path_params["campaign"])
        size: Size | None = next((each for each in SIZES if each == request.path_params["size"]), None)
        survey = await self.reading.survey(row.survey)
        if size is None or survey is None:
            raise TurnedAway(404, "There is no such poster", "Go back to the campaign and choose A4 or A5.")
        proofs = survey.proofs
        draw = partial(
            poster,
            row,
            survey.definition,
            self.reading.numbers,
            size=size,
            drafts=proofs.drafts,
            phrases=proofs.phrases,
        )
        now = self.clock()
        try:
            refuse_ended(row, now, await self.reading.over(now))
            async with self._one_at_a_time:
                written = await asyncio.to_thread(draw)
        except (CampaignRefused, PosterRefused) as refused:
            return await self._campaign_page(visit, row, problems=refused.problems)
        await self.database.run(partial(note, now, visit.member.name, "poster taken", f"{row.id} {size}"))
        headers = {"Content-Disposition": f'attachment; filename="{row.id}-{size}.pdf"'}
        return Response(written, media_type="application/pdf", headers=headers)

    async def _campaign_page(
        self, visit: Visit, row: CampaignRow, *, done: str = "", problems: Sequence[str] = ()
    ) -> Response:
        survey = await self.reading.survey(row.survey)
        assert survey is not None, "a campaign's survey stays published"
        now = self.clock()
        over = await self.reading.over(now)
        state = state_at(row, now, over)
        said = "Made. " if done == "made" else _SAID.get(done, "")
        if done == "made":
            said += _STEPS["start"][1] if state is CampaignState.RUNNING else "It does not run yet: start it below."
        return self.pages.show(
            "campaign.html",
            422 if problems else 200,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            campaign=row,
            title=title_of(survey.definition),
            state=standing(row, now, over),
            is_over=state is CampaignState.ENDED,
            steps=_OFFERED[state] if may_change(visit, row) else (),
            may_end=state is not CampaignState.ENDED and may_change(visit, row),
            may_help=visit.role in (Role.WORKER, Role.ADMIN),
            runs=state is CampaignState.RUNNING,
            days=_days(row),
            links=[(channel_name(name), link) for name, link in links(row, self.reading.numbers).items()],
            reached=_reached(row, self.reading.numbers),
            starts=starts(survey.definition, row),
            drafts=[
                language_name(each.code)
                for each in survey.definition.languages
                if each.code in row.languages and has_draft(each.code, survey.drafts)
            ],
            said=said,
            problems=problems,
            totals=await self._count(row, survey.definition),
        )

    async def _count(self, row: CampaignRow, definition: SurveyDefinition) -> TotalsSight:
        include_test, now = await self.database.read(is_demo), self.clock()
        async with self._counting:
            counted = await self.database.read(partial(tally, row.survey, row.id, include_test=include_test, now=now))
            about_you = await self.database.read(
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
