"""The campaign pages: a worker's own campaigns, making one, and one campaign's live totals, links and poster.

A worker sees the campaigns that they made, their totals never hidden. No resident's words and no numbers are here.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.tallies import NOTHING_YET, activities
from bot.outreach.campaigns import CampaignRefused, Numbers, create, faults, missing_settings
from bot.outreach.closing import close_on
from bot.outreach.publishing import PublicationRefused
from bot.surveys.insisted import INSISTED, unreachable_contact
from bot.web.accounts import Clock, Door, Role, Visit
from bot.web.campaign_change import CampaignChange
from bot.web.campaign_form import CampaignForm, Problem, placed
from bot.web.campaign_page import CampaignPage
from bot.web.campaign_reading import PAGE, CampaignReading, CampaignWork, Survey, refuse_strangers, sees, title_of
from bot.web.campaign_sight import listed, written
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages, channel_name
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage import campaigns as store
from storage.installation import is_demo
from storage.script import Database


async def _nobody_waits() -> None:
    """Tell nobody: the process that converses looks for itself."""


def campaign_routes(
    database: Database,
    numbers: Numbers,
    pages: Pages,
    clock: Clock,
    public_base_url: str,
    changed: Callable[[], Awaitable[object]] = _nobody_waits,
) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us.

    `changed` runs when a campaign or a survey has changed, before the page says so: from then on its word works here.
    """
    visits, reading = Visits(Door(database, clock), public_base_url), CampaignReading(database, numbers)
    desk = CampaignDesk(database, reading, pages, clock, visits, changed)
    router = APIRouter()
    for path, method, handler in (
        (PAGE, "GET", desk.list),
        (f"{PAGE}/new", "GET", desk.ask),
        (f"{PAGE}/new", "POST", desk.make),
        (f"{PAGE}/closing", "POST", desk.close_on),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    CampaignPage(database, reading, pages, clock, visits, changed).add_to(router)
    CampaignChange(database, reading, pages, clock, visits, changed).add_to(router)
    return router


class CampaignDesk(CampaignWork):
    """The handlers behind campaign_routes."""

    async def list(self, request: Request) -> Response:
        """List the campaigns: a worker's own, everybody's for those who see the whole survey."""
        visit = await self._visit(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        include_test = await self.database.read(is_demo)
        heard = await self.database.read(lambda: activities(include_test))
        titles = {each.id: title_of(each) for each in await self.reading.definitions()}
        rows = [row for row in await self.database.read(store.every) if sees(visit, row)]
        now = self.clock()
        over = await self.reading.over(now)
        return self.pages.show(
            "campaigns.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            campaigns=[
                listed(row, titles.get(row.survey, row.survey), heard.get(row.id, NOTHING_YET), now, over)
                for row in rows
            ],
        )

    async def ask(self, request: Request) -> Response:
        """Show the form for a new campaign: of the survey asked for, else of the newest that can take one."""
        visit = await self._visit(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        wanted = request.query_params.get("survey")
        if wanted is None:
            inviting = await self.reading.inviting(self.clock())
            wanted = next((each.id for each in await self.reading.definitions() if each.id in inviting), None)
        survey = await self.reading.survey(wanted)
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Ask whoever runs the server to publish one first.")
        form = CampaignForm.blank(survey.definition, survey.drafts, self.reading.channels())
        return await self._form_page(visit, survey, form, [])

    async def make(self, request: Request) -> Response:
        """Make a campaign, and start it if that was asked for. Refused, the form comes back as it was typed."""
        visit, form = await self.visits.signed_in_form(request)
        refuse_strangers(visit)
        survey = await self.reading.survey(form.get("survey", ""))
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Go back to the campaigns and begin again.")
        typed = CampaignForm.read(form, survey.definition.languages, self.reading.channels())
        wanted, who = typed.wanted(survey.definition.id), visit.member.name
        problems = typed.problems()
        if problems:  # all at once: what only the whole server knows to be wrong as well
            problems += placed(await faults(self.database, wanted, self.clock()))
            return await self._form_page(visit, survey, typed, problems)
        try:
            made = await create(self.database, wanted, who, self.clock(), is_to_run=typed.is_to_run, once=True)
        except CampaignRefused as refused:
            return await self._form_page(visit, survey, typed, placed(refused.problems))
        await self.changed()
        return RedirectResponse(f"{PAGE}/{made.id}?done=made", 303)

    async def close_on(self, request: Request) -> Response:
        """Set a survey's last day, without which nobody is invited to it. For admins."""
        visit, form = await self.visits.signed_in_form(request)
        if visit.role is not Role.ADMIN:
            raise TurnedAway(403, "Only an admin sets the day on which a survey closes", "Ask one of them.")
        survey = await self.reading.survey(form.get("survey", ""))
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Go back to the campaigns and begin again.")
        try:
            await close_on(self.database, survey.definition.id, form.get("closes", ""), visit.member.name, self.clock())
        except PublicationRefused as refused:
            blank = CampaignForm.blank(survey.definition, survey.drafts, self.reading.channels())
            return await self._form_page(visit, survey, blank, [Problem("closes", str(refused))])
        await self.changed()
        return RedirectResponse(f"{PAGE}/new?survey={quote(survey.definition.id)}", 303)

    async def _visit(self, request: Request) -> Visit | None:
        visit = await self.visits.of(request)
        if visit is not None:
            refuse_strangers(visit)
        return visit

    async def _form_page(
        self, visit: Visit, survey: Survey, form: CampaignForm, problems: Sequence[Problem]
    ) -> Response:
        definitions, now = await self.reading.definitions(), self.clock()
        missing, over = missing_settings(survey.definition), await self.reading.over(now)
        return self.pages.show(
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
            may_close=visit.role is Role.ADMIN and not survey.definition.closes and survey.definition.id not in over,
            is_open=survey.definition.id in await self.reading.inviting(now),
            is_over=survey.definition.id in over,
            missing=[f"{INSISTED[name]} ({name})" for name in missing],
            lacks_day_alone=missing == ("closes",),
            unreachable=unreachable_contact(survey.definition),
            wrong={each.field: {"text": each.text} for each in reversed(problems) if each.field},
            channels=[(each, channel_name(each)) for each in self.reading.channels()],
            languages=[(each.code, written(each), each.code in survey.drafts) for each in survey.definition.languages],
        )
