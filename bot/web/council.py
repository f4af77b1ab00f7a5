"""The council's page: the whole survey in totals, and who is missing. For those who may take the answers away."""

import asyncio
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.population import comparisons
from bot.analysis.tallies import breakdowns, tally
from bot.core.language_names import name_in_english
from bot.core.survey import SurveyDefinition
from bot.outreach.campaigns import Numbers
from bot.service.unread import UnreadMessages
from bot.web.accounts import Clock, Door, Visit
from bot.web.campaign_reading import CampaignReading, Survey, title_of
from bot.web.campaign_sight import language_name
from bot.web.cookie_secrets import form_token
from bot.web.council_sight import CouncilSight, council_sight
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.unread import UnreadDesk
from bot.web.visits import Visits
from storage import campaigns as store
from storage import reviews
from storage.installation import is_demo
from storage.script import Database
from storage.voice import open_notes

PAGE = "/staff/council"


def council_routes(
    database: Database, unread: UnreadMessages, pages: Pages, clock: Clock, public_base_url: str
) -> APIRouter:
    """Make the council's pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    visits = Visits(Door(database, clock), public_base_url)
    desk = CouncilDesk(database, unread, pages, clock, visits)
    router = APIRouter()
    for path, method, handler in ((PAGE, "GET", desk.show), (f"{PAGE}/totals", "GET", desk.totals)):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    UnreadDesk(unread, pages, visits).add_to(router)
    return router


class CouncilDesk:
    """The handlers behind council_routes."""

    def __init__(self, database: Database, unread: UnreadMessages, pages: Pages, clock: Clock, visits: Visits) -> None:
        self._database = database
        self._unread = unread
        self._pages = pages
        self._clock = clock
        self._visits = visits
        self._reading = CampaignReading(database, Numbers())
        # However many pages are open, one of them counts at a time.
        self._counting = asyncio.Semaphore(1)

    async def show(self, request: Request) -> Response:
        """Show a survey, the one published last where none is named."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        survey = await self._survey(visit, request)
        definition = survey.definition
        include_test, now = await self._database.read(is_demo), self._clock()
        wishes = await self._database.read(lambda: reviews.wishes(definition.id, include_test))
        waiting, _ = await self._unread.waiting()
        voice_notes, _ = await self._database.read(lambda: open_notes(now, include_test=include_test))
        return self._pages.show(
            "council.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            id=definition.id,
            title=title_of(definition),
            others=[
                (each.id, title_of(each)) for each in await self._reading.definitions() if each.id != definition.id
            ],
            wishes=[(name_in_english(code), wished) for code, wished in wishes.items()],
            drafts=[language_name(each.code) for each in definition.languages if each.code in survey.drafts],
            waiting=waiting,
            voice_notes=voice_notes,
            sight=await self._count(definition),
        )

    async def totals(self, request: Request) -> Response:
        """Give the part of the page that changes, for a page that is open."""
        visit = await self._visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        refuse_workers(visit)
        wanted = request.query_params.get("survey")
        definition = next((each for each in await self._reading.definitions() if each.id == wanted), None)
        if definition is None:
            raise TurnedAway(404, "There is no such survey", "Go back to the staff page.")
        return self._pages.show("council_totals.html", sight=await self._count(definition))

    async def _survey(self, visit: Visit, request: Request) -> Survey:
        refuse_workers(visit)
        survey = await self._reading.survey(request.query_params.get("survey"))
        if survey is None:
            raise TurnedAway(404, "There is no such survey", "Publish one on the server first: survey publish FILE")
        return survey

    async def _count(self, definition: SurveyDefinition) -> CouncilSight:
        include_test, now = await self._database.read(is_demo), self._clock()
        asked, read = definition.id, self._database.read
        async with self._counting:
            counted = await read(partial(tally, asked, None, include_test=include_test, now=now))
            compared = await read(partial(comparisons, asked, include_test=include_test, now=now))
            about_you = await read(partial(breakdowns, asked, None, include_test=include_test, now=now))
            rows = await read(partial(store.of_survey, asked))
        return council_sight(counted, compared, about_you, rows, definition, now)


def refuse_workers(visit: Visit) -> None:
    """Turn away who may not see the whole survey. Raises TurnedAway."""
    if not visit.role.may_download:
        raise TurnedAway(403, "This page is not for you", "Only analysts and admins may open it.")
