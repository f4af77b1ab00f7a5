"""Answering with somebody's help: a worker reads out, enters, and hands the phone over for the questions about you.

No name is asked for, and no answer is ever shown again. What a volunteer does by a link goes the same way.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.core import form
from bot.core.sitting import Listing
from bot.core.window import Window
from bot.service.forms import Beginning, Forms, NotOpen, Source
from bot.web.accounts import Clock, Door, Role, Visit
from bot.web.cookie_secrets import fingerprint, form_token, new_secret
from bot.web.pages import Pages
from bot.web.passwords import hashed
from bot.web.question_pages import (
    ANSWER_LIMIT,
    Place,
    QuestionPages,
    language_of,
    languages_of,
    secret_of,
    spoken,
)
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage import volunteers
from storage.campaigns import CampaignRow
from storage.entries import RESUME_MS, Holder
from storage.script import Database
from storage.volunteers import VolunteerLink

PAGE = "/staff/assisted"
HOURS = 4
MOST_HOURS = 72
LONGEST_NAME = 60
SOURCES = (
    (Source.ASSISTED, "They tell me their answers, here and now"),
    (Source.PAPER, "From a paper form"),
    (Source.PHONE, "They tell me their answers on the phone"),
)


@dataclass(frozen=True, slots=True)
class Helper:
    """Who enters answers for a campaign, from where, and what their forms carry; whether with an account."""

    campaign: CampaignRow
    who: str
    base: str
    token: str = ""
    is_staff: bool = False

    def place(self, entry: str, since: int) -> Place:
        """Return where the pages of one of their entries stand."""
        holder = Holder(survey=self.campaign.survey, id=entry, entered_by=self.who, since=since)
        base = f"{self.base}/e/{quote(entry, safe='')}"
        return Place(base, holder, self.campaign.name, leave=self.base, token=self.token, is_staff=self.is_staff)


class Assistance:
    """The pages that every helper has: the declaration, and one question on each."""

    def __init__(self, forms: Forms, pages: Pages, clock: Clock) -> None:
        self._forms = forms
        self._pages = pages
        self._clock = clock
        self._questions = QuestionPages(forms, pages)

    def opening(
        self,
        helper: Helper,
        wanted: str,
        problems: Sequence[tuple[str, str]] = (),
        source: str = "",
        more: Mapping[str, object] | None = None,
    ) -> Response:
        """Show what is read out before the first question, in the resident's language.

        Where nothing can be entered now, staff still see (`more`) which volunteers have links. Raises TurnedAway.
        """
        listing = self.listing(helper.campaign)
        if listing is None and more is not None:
            campaign, is_over = helper.campaign, self._forms.has_ended(helper.campaign)
            about = {"campaign": campaign, "is_over": is_over, "base": helper.base, "token": helper.token}
            return self._pages.show("assisted_over.html", 409, **about, **more)
        if listing is None:
            raise _not_now()
        questionnaire = listing.questionnaire
        language = language_of(questionnaire, wanted)
        here = self._forms.here(listing.survey, Source.ASSISTED)
        words = spoken(self._forms, questionnaire, language)
        return self._pages.show(
            "assisted.html",
            422 if problems else 200,
            say=words["say"],
            council=words["council"],
            tongue=words["tongue"],
            is_draft=words["is_draft"],
            language=language,
            direction=form.direction(language),
            languages=languages_of(questionnaire, language, {}, helper.base),
            is_chosen=bool(wanted),
            campaign=helper.campaign,
            said=form.introduction(questionnaire, language, here),
            sources=SOURCES,
            source=source or Source.ASSISTED,
            problems=[{"text": text, "href": href} for href, text in problems],
            wrong=dict(problems),
            base=helper.base,
            token=helper.token,
            once=new_secret(),
            **(more or {}),
        )

    async def begin(self, helper: Helper, posted: dict[str, str], more: Mapping[str, object] | None = None) -> Response:
        """Begin an entry, once for each page that was opened, if the declaration was heard."""
        if self.listing(helper.campaign) is None:
            raise _not_now()
        is_chosen, source = posted.get("chosen") == "1", posted.get("source", "")
        wanted = posted.get("lang", "") if is_chosen else ""
        problems = []
        if source not in list(Source):
            problems.append(("#source", "Choose how the answers come to you"))
        if posted.get("heard") != "yes":
            problems.append(("#heard", "Read it out, or see that they have read it, and tick the box"))
        if problems:
            return self.opening(helper, wanted, problems, source, more)
        beginning = Beginning(
            survey=helper.campaign.survey,
            language=wanted,
            is_chosen=is_chosen,
            secret_hash=fingerprint(secret_of(posted)),
            source=source,
            campaign=helper.campaign.id,
            entered_by=helper.who,
        )
        try:
            entry = await self._forms.begin(beginning)
        except NotOpen:
            raise _not_now() from None
        place = helper.place(entry, 0)
        sheet = await self._forms.sheet(place.holder)
        return RedirectResponse(place.at(sheet.state.standing) if sheet is not None else helper.base, 303)

    async def show(self, helper: Helper, request: Request) -> Response:
        """Show a question."""
        told = request.query_params.get("told", "")
        shown = await self._questions.show(self._place(helper, request), request.path_params["question"], told)
        return self._or_gone(shown)

    async def take(self, helper: Helper, request: Request, posted: dict[str, str]) -> Response:
        """Take an answer."""
        question = request.path_params["question"]
        return self._or_gone(await self._questions.take(self._place(helper, request), question, posted))

    async def done(self, helper: Helper, request: Request) -> Response:
        """Thank, and offer to enter another."""
        return self._or_gone(await self._questions.done(self._place(helper, request)))

    async def campaign(self, id: str) -> CampaignRow | None:
        """Find a campaign by its id."""
        found = await self._forms.campaign(id)
        return found if found is not None and found.id == id else None

    def _place(self, helper: Helper, request: Request) -> Place:
        return helper.place(request.path_params["entry"], self._clock() - RESUME_MS)

    def listing(self, campaign: CampaignRow) -> Listing | None:
        """Find the survey, if the campaign invites and the survey is open."""
        listing = self._forms.listing(campaign.survey)
        if listing is None or self._forms.window(listing) is not Window.OPEN or not self._forms.invites(campaign):
            return None
        return listing

    def _or_gone(self, response: Response | None) -> Response:
        if response is None:
            raise TurnedAway(404, "There is no such answer to enter", "It may be another's, or over a week old.")
        return response


def _not_now() -> TurnedAway:
    return TurnedAway(
        409,
        "No answers can be entered now",
        "The campaign does not run today, or its survey is not open. Start the campaign first, or ask whoever runs it.",
    )


def assisted_routes(database: Database, forms: Forms, pages: Pages, clock: Clock, public_base_url: str) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    visits = Visits(Door(database, clock), public_base_url)
    desk = AssistedDesk(database, visits, Assistance(forms, pages, clock), clock, public_base_url)
    router = APIRouter()
    for path, method, handler in (
        (f"{PAGE}/{{campaign}}", "GET", desk.open),
        (f"{PAGE}/{{campaign}}", "POST", desk.begin),
        (f"{PAGE}/{{campaign}}/links", "POST", desk.link),
        (f"{PAGE}/{{campaign}}/e/{{entry}}/q/{{question}}", "GET", desk.show),
        (f"{PAGE}/{{campaign}}/e/{{entry}}/q/{{question}}", "POST", desk.take),
        (f"{PAGE}/{{campaign}}/e/{{entry}}/done", "GET", desk.done),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class AssistedDesk:
    """The handlers behind assisted_routes: a worker's own campaigns, and an admin's every one."""

    def __init__(
        self, database: Database, visits: Visits, assistance: Assistance, clock: Clock, public_base_url: str
    ) -> None:
        self._database = database
        self._visits = visits
        self._assistance = assistance
        self._clock = clock
        self._public_base_url = public_base_url

    async def open(self, request: Request) -> Response:
        """Show what is read out, and the links that volunteers have."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        helper = await self._helper(request, visit)
        more = await self._more(visit, helper)
        return self._assistance.opening(helper, request.query_params.get("lang", ""), more=more)

    async def begin(self, request: Request) -> Response:
        """Begin an entry."""
        visit, posted = await self._visits.signed_in_form(request)
        helper = await self._helper(request, visit)
        return await self._assistance.begin(helper, posted, await self._more(visit, helper))

    async def show(self, request: Request) -> Response:
        """Show a question of an entry."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        return await self._assistance.show(await self._helper(request, visit), request)

    async def take(self, request: Request) -> Response:
        """Take an answer."""
        visit, posted = await self._visits.signed_in_form(request, ANSWER_LIMIT)
        return await self._assistance.take(await self._helper(request, visit), request, posted)

    async def done(self, request: Request) -> Response:
        """Thank, and offer to enter another."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        return await self._assistance.done(await self._helper(request, visit), request)

    async def link(self, request: Request) -> Response:
        """Make a link for a volunteer and show it with its PIN, once; or end one at once."""
        visit, posted = await self._visits.signed_in_form(request)
        helper = await self._helper(request, visit)
        if posted.get("do") == "end":
            ended = posted.get("link", "")
            who, campaign = visit.member.name, helper.campaign.id
            await self._database.run(partial(volunteers.end, ended, campaign, self._clock(), who))
            return RedirectResponse(helper.base, 303)
        name, hours = " ".join(posted.get("name", "").split()), posted.get("hours", "")
        problems = []
        if not name or len(name) > LONGEST_NAME:
            problems.append(("#name", f"Write a name for the link, of at most {LONGEST_NAME} characters"))
        if not (hours.isascii() and hours.isdecimal() and len(hours) < 4 and 1 <= int(hours) <= MOST_HOURS):
            problems.append(("#hours", f"Write for how many hours it holds, 1 to {MOST_HOURS}"))
        more = await self._more(visit, helper) | {"name": name[:LONGEST_NAME], "hours": hours[:3]}
        if problems or self._assistance.listing(helper.campaign) is None:
            return self._assistance.opening(helper, "", problems, more=more)
        made = await self._make(visit, helper, name, int(hours))
        return self._assistance.opening(helper, "", more=await self._more(visit, helper) | {"made": made})

    async def _make(self, visit: Visit, helper: Helper, name: str, hours: int) -> dict[str, str]:
        token, pin, now = new_secret(), f"{secrets.randbelow(1_000_000):06}", self._clock()
        link = VolunteerLink(
            secret_hash=fingerprint(token),
            campaign_id=helper.campaign.id,
            name=name,
            pin_hash=await hashed(pin),
            tries=0,
            made_by=visit.member.name,
            made_at=now,
            expires_at=now + hours * 3_600_000,
        )
        await self._database.run(partial(volunteers.add, link))
        return {"url": f"{self._public_base_url}/v/{token}", "pin": f"{pin[:3]} {pin[3:]}", "name": name}

    async def _more(self, visit: Visit, helper: Helper) -> dict[str, object]:
        links = await self._database.read(partial(volunteers.of_campaign, helper.campaign.id, self._clock()))
        return {"visit": visit, "links": links, "hours": HOURS}

    async def _helper(self, request: Request, visit: Visit) -> Helper:
        """Find the campaign, if it is the visitor's own. Raises TurnedAway."""
        if visit.role not in (Role.WORKER, Role.ADMIN):
            raise TurnedAway(403, "This page is not for you", "Only workers and admins enter answers.")
        campaign = await self._assistance.campaign(request.path_params["campaign"])
        if campaign is None:
            raise TurnedAway(404, "There is no such campaign", "Go back to the campaigns and choose one.")
        if visit.role is Role.WORKER and campaign.made_by != visit.member.name:
            raise TurnedAway(403, "That campaign is not yours", "Ask whoever made it for a volunteer's link.")
        base = f"{PAGE}/{quote(campaign.id, safe='')}"
        return Helper(campaign, visit.member.name, base, form_token(visit.secret), is_staff=True)
