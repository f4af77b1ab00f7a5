"""The campaign pages: a worker's own campaigns, making one, and one campaign's live totals, links and poster.

A worker sees the campaigns that they made, their totals never hidden. No resident's words and no numbers are here.
"""

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.tallies import NOTHING_YET, activities
from bot.outreach.campaigns import CampaignRefused, CampaignState, Numbers, change, create, missing_settings
from bot.outreach.closing import close_on
from bot.surveys.insisted import INSISTED
from bot.web.accounts import Clock, Door, Role, Visit
from bot.web.campaign_form import CampaignForm, Problem, placed
from bot.web.campaign_page import CampaignPage
from bot.web.campaign_reading import PAGE, CampaignReading, Survey, refuse_strangers, sees, title_of
from bot.web.campaign_sight import channel_name, listed, written
from bot.web.pages import Pages
from bot.web.security import TurnedAway, form_token
from bot.web.visits import Visits
from storage import campaigns as store
from storage.installation import is_demo
from storage.script import Database


def campaign_routes(
    database: Database, numbers: Numbers, pages: Pages, clock: Clock, public_base_url: str
) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    visits, reading = Visits(Door(database, clock), public_base_url), CampaignReading(database, numbers)
    desk = CampaignDesk(database, reading, pages, clock, visits)
    router = APIRouter()
    for path, method, handler in (
        (PAGE, "GET", desk.list),
        (f"{PAGE}/new", "GET", desk.ask),
        (f"{PAGE}/new", "POST", desk.make),
        (f"{PAGE}/closing", "POST", desk.close_on),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    CampaignPage(database, reading, pages, clock, visits).add_to(router)
    return router


class CampaignDesk:
    """The handlers behind campaign_routes."""

    def __init__(
        self, database: Database, reading: CampaignReading, pages: Pages, clock: Clock, visits: Visits
    ) -> None:
        self._database = database
        self._reading = reading
        self._pages = pages
        self._clock = clock
        self._visits = visits

    async def list(self, request: Request) -> Response:
        """List the campaigns: a worker's own, everybody's for those who see the whole survey."""
        visit = await self._visit(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        include_test = await self._database.read(is_demo)
        heard = await self._database.read(lambda: activities(include_test))
        titles = {each.id: title_of(each) for each in await self._reading.definitions()}
        rows = [row for row in await self._database.read(store.every) if sees(visit, row)]
        now = self._clock()
        return self._pages.show(
            "campaigns.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            campaigns=[
                listed(row, titles.get(row.survey, row.survey), heard.get(row.id, NOTHING_YET), now) for row in rows
            ],
        )

    async def ask(self, request: Request) -> Response:
        """Show the form for a new campaign, of the survey that was published last or of the one asked for."""
        visit = await self._visit(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        survey = await self._reading.survey(request.query_params.get("survey"))
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Publish one on the server first: survey publish FILE")
        form = CampaignForm.blank(survey.definition, survey.drafts, self._reading.channels())
        return await self._form_page(visit, survey, form, [])

    async def make(self, request: Request) -> Response:
        """Make a campaign, and start it if that was asked for. Refused, the form comes back as it was typed."""
        visit, form = await self._visits.signed_in_form(request)
        refuse_strangers(visit)
        survey = await self._reading.survey(form.get("survey", ""))
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Go back to the campaigns and begin again.")
        typed = CampaignForm.read(form, survey.definition.languages, self._reading.channels())
        problems = typed.problems()
        if problems:
            return await self._form_page(visit, survey, typed, problems)
        who = visit.member.name
        try:
            made = await create(self._database, typed.wanted(survey.definition.id), who, self._clock())
            if typed.is_to_run:
                await change(self._database, made.id, CampaignState.RUNNING, who, self._clock())
        except CampaignRefused as refused:
            return await self._form_page(visit, survey, typed, placed(refused.problems))
        return RedirectResponse(f"{PAGE}/{made.id}?done=made", 303)

    async def close_on(self, request: Request) -> Response:
        """Set a survey's last day, without which nobody is invited to it. For admins."""
        visit, form = await self._visits.signed_in_form(request)
        if visit.role is not Role.ADMIN:
            raise TurnedAway(403, "Only an admin sets the day on which a survey closes", "Ask one of them.")
        survey = await self._reading.survey(form.get("survey", ""))
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Go back to the campaigns and begin again.")
        try:
            await close_on(
                self._database, survey.definition.id, form.get("closes", ""), visit.member.name, self._clock()
            )
        except CampaignRefused as refused:
            blank = CampaignForm.blank(survey.definition, survey.drafts, self._reading.channels())
            return await self._form_page(visit, survey, blank, [Problem("closes", text) for text in refused.problems])
        return RedirectResponse(f"{PAGE}/new?survey={quote(survey.definition.id)}", 303)

    async def _visit(self, request: Request) -> Visit | None:
        visit = await self._visits.of(request)
        if visit is not None:
            refuse_strangers(visit)
        return visit

    async def _form_page(
        self, visit: Visit, survey: Survey, form: CampaignForm, problems: Sequence[Problem]
    ) -> Response:
        definitions = await self._reading.definitions()
        return self._pages.show(
            "campaign_new.html",
            422 if problems else 200,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            survey=survey,
            title=title_of(survey.definition),
            others=[(each.id, title_of(each)) for each in definitions if each.id != survey.definition.id],
            form=form,
            problems=problems,
            may_close=visit.role is Role.ADMIN and not survey.definition.closes,
            missing=[f"{INSISTED[name]} ({name})" for name in missing_settings(survey.definition)],
            wrong={each.field: {"text": each.text} for each in reversed(problems) if each.field},
            channels=[(each, channel_name(each)) for each in self._reading.channels()],
            languages=[(each.code, written(each), each.code in survey.drafts) for each in survey.definition.languages],
        )
