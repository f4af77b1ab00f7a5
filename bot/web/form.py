"""A survey on the web for whoever wants no texts: `/s/<survey>`, without an account, a name or a script.

The browser holds one random secret, and nothing else leads to what was answered.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.core import form
from bot.core.phrases import Phrase
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing
from bot.core.window import Window, first_day
from bot.service.forms import WEB, Beginning, Forms, Led, NotOpen, Sheet, TooManyBegun, TooManyCodes
from bot.web.cookie_secrets import fingerprint, new_secret, secret_for
from bot.web.pages import Pages
from bot.web.question_pages import (
    ANSWER_LIMIT,
    SECRET,
    Place,
    QuestionPages,
    language_of,
    languages_of,
    secret_of,
    spoken,
)
from bot.web.security import TurnedAway, own_form, set_cookie
from storage.campaigns import CampaignRow
from storage.entries import RESUME_MS, Holder

COOKIE = "earshot_form"
SPOKEN = "earshot_form_language"
"""The cookie of the language that answers were begun in: it stays where they are gone on with on another phone."""
_TOLD = {str(each.name).lower(): each for each in (Phrase.CODE_WRONG, Phrase.CODE_WAIT)}
LONGEST_WORD = 60


def form_routes(forms: Forms, pages: Pages, clock: Callable[[], int], public_base_url: str) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = SurveyForm(forms, pages, clock, public_base_url)
    router = APIRouter()
    for path, method, handler in (
        ("/s/{survey}", "GET", desk.open),
        ("/s/{survey}", "POST", desk.start),
        ("/s/{survey}/q/{question}", "GET", desk.show),
        ("/s/{survey}/q/{question}", "POST", desk.take),
        ("/s/{survey}/done", "GET", desk.done),
        ("/s/{survey}/code", "GET", desk.show_code),
        ("/s/{survey}/code", "POST", desk.give_code),
        ("/s/{survey}/go-on", "GET", desk.go_back),
        ("/s/{survey}/go-on", "POST", desk.go_on),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class SurveyForm:
    """The handlers behind form_routes."""

    def __init__(self, forms: Forms, pages: Pages, clock: Callable[[], int], public_base_url: str) -> None:
        self._forms = forms
        self._pages = pages
        self._clock = clock
        self._public_base_url = public_base_url
        self._questions = QuestionPages(forms, pages)

    async def open(self, request: Request) -> Response:
        """Say who asks, offer every language, and start; or go on with what was begun in this browser."""
        listing = self._listing(request)
        asked = {name: request.query_params.get(name, "")[:LONGEST_WORD] for name in ("lang", "c", "new", "told")}
        return await self._opening(request, listing, asked, await self._forms.sheet(self._place(request).holder))

    async def start(self, request: Request) -> Response:
        """Begin, once for each page that was opened, and lead to the first question."""
        listing = self._listing(request)
        posted = await own_form(request, self._public_base_url, ANSWER_LIMIT)
        secret = secret_of(posted)
        beginning = await self._beginning(listing, posted, secret)
        try:
            await self._forms.begin(beginning)
        except NotOpen:
            return self._to_opening(request, posted)
        except TooManyBegun:
            return self._too_many(request, listing, posted)
        return await self._lead_on(request, secret)

    async def show(self, request: Request) -> Response:
        """Show a question."""
        self._listing(request)
        told = request.query_params.get("told", "")
        shown = await self._questions.show(self._place(request), request.path_params["question"], told)
        return shown or self._to_opening(request)

    async def take(self, request: Request) -> Response:
        """Take an answer."""
        listing = self._listing(request)
        posted = await own_form(request, self._public_base_url, ANSWER_LIMIT)
        taken = await self._questions.take(self._place(request), request.path_params["question"], posted)
        if taken is None:
            return self._to_opening(request)
        wanted = posted.get("lang", "") or request.cookies.get(SPOKEN, "")
        language = language_of(listing.questionnaire, wanted) if wanted else ""
        return self._hand(request, taken, request.cookies[COOKIE], language)  # for a week after the last page

    async def done(self, request: Request) -> Response:
        """Thank."""
        self._listing(request)
        again = f"{_base(request)}?{urlencode({'new': 1})}"
        return await self._questions.done(self._place(request), again=again) or self._to_opening(request)

    async def give_code(self, request: Request) -> Response:
        """Give a code with which the answers can be gone on with on another phone, and lead to its page."""
        self._listing(request)
        await own_form(request, self._public_base_url, ANSWER_LIMIT)
        if not await self._forms.give_code(self._place(request).holder, request.cookies.get(COOKIE, "")):
            return self._to_opening(request)
        return RedirectResponse(f"{_base(request)}/code", 303)

    async def show_code(self, request: Request) -> Response:
        """Show the code that was given, as often as it is looked at, until somebody has gone on by it."""
        self._listing(request)
        place = self._place(request)
        code = await self._forms.code(place.holder, request.cookies.get(COOKIE, ""))
        sheet = await self._forms.sheet(place.holder)
        if sheet is None:
            return self._to_opening(request)
        if not code:
            return RedirectResponse(place.at(sheet.state.standing), 303)
        words = spoken(self._forms, sheet.questionnaire, sheet.language)
        where = f"{self._public_base_url}{_base(request)}"
        onwards = place.at(sheet.state.standing)
        return self._pages.show("form_code.html", 200, **words, code=code, onwards=onwards, where=where)

    async def go_back(self, request: Request) -> Response:
        """Lead whoever reloads what a code became to the opening."""
        self._listing(request)
        return self._to_opening(request)

    async def go_on(self, request: Request) -> Response:
        """Go on by a code, from this form or from a text message."""
        listing = self._listing(request)
        posted = await own_form(request, self._public_base_url, ANSWER_LIMIT)
        has_entry = await self._forms.sheet(self._place(request).holder) is not None
        own = request.cookies[COOKIE] if has_entry else secret_of(posted)
        code = "".join(posted.get("code", "")[:LONGEST_WORD].split()).upper().removeprefix("LINK")
        brought = secret_for(secret_of(posted), code)
        try:
            led = await self._forms.go_on(code, await self._beginning(listing, posted, own), fingerprint(brought))
        except TooManyCodes:
            return self._to_opening(request, posted, Phrase.CODE_WAIT)
        except NotOpen:
            return self._to_opening(request, posted)
        except TooManyBegun:
            return self._too_many(request, listing, posted)
        if led is Led.NOWHERE:
            return self._to_opening(request, posted, Phrase.CODE_WRONG)
        return await self._lead_on(request, brought if led is Led.BROUGHT else own)

    # -- the opening --------------------------------------------------------------------------------------------------

    async def _opening(
        self, request: Request, listing: Listing, asked: Mapping[str, str], sheet: Sheet | None
    ) -> Response:
        questionnaire, window = listing.questionnaire, self._forms.window(listing)
        before = sheet.language if sheet is not None else request.cookies.get(SPOKEN, "")
        language = language_of(questionnaire, asked.get("lang", "") or before)
        words = spoken(self._forms, questionnaire, language)
        links = languages_of(questionnaire, language, asked, _base(request))
        if window is not Window.OPEN:
            said = [_not_open(listing, questionnaire, language, window)]
            return self._pages.show("form_closed.html", 200, **words, said=said, languages=links)
        word, problem = asked.get("c", ""), _TOLD.get(asked.get("told", ""))
        campaign, is_invited = await self._invited(listing, word)
        first, *rest = form.introduction(questionnaire, language, self._forms.here(listing.survey, WEB))
        once, is_held = await self._once(request)
        response = self._pages.show(
            "form_opening.html",
            200,
            **words,
            **self._begun_here(request, sheet if not asked.get("new") else None),
            is_elsewhere=sheet is None and SPOKEN in request.cookies,
            languages=links,
            who=first,
            rest=rest,
            action=_base(request),
            is_chosen=bool(asked.get("lang")),
            word=word,
            is_over=campaign is not None and not is_invited,
            once=once,
            problem=questionnaire.say(problem, language) if problem else "",
        )
        return response if is_held else self._hand(request, response, once)

    async def _once(self, request: Request) -> tuple[str, bool]:
        """Return the secret to begin with, and whether the browser holds another that leads to answers.

        Else it holds this one from now on: whoever loses the connection at Start, and opens the survey anew, finds
        what was begun.
        """
        held = request.cookies.get(COOKIE, "")
        if not SECRET.fullmatch(held):
            return new_secret(), False
        if await self._forms.sheet(self._place(request).holder) is not None:
            return new_secret(), True
        is_used = await self._forms.sheet(Holder(request.path_params["survey"], fingerprint(held))) is not None
        return (new_secret() if is_used else held), False

    def _begun_here(self, request: Request, sheet: Sheet | None) -> Mapping[str, str]:
        """Return where to go on with what was begun in this browser; where to change it, once all is answered."""
        if sheet is None:
            return {"onwards": "", "change": ""}
        place, standing = self._place(request), sheet.state.standing
        last = form.last_page(sheet.questionnaire, sheet.state, sheet.here)
        return {"onwards": place.at(standing) if standing else "", "change": place.at(last) if not standing else ""}

    def _hand(self, request: Request, response: Response, secret: str, language: str = "") -> Response:
        for name, value in ((COOKIE, secret), (SPOKEN, language)):
            if value:
                set_cookie(response, name, value, _base(request), self._public_base_url, RESUME_MS // 1000)
        return response

    async def _invited(self, listing: Listing, word: str) -> tuple[CampaignRow | None, bool]:
        """Find the campaign whose word was brought along, and say whether it invites to this survey now."""
        campaign = await self._forms.campaign(word) if word else None
        is_own = campaign is not None and campaign.survey == listing.survey
        return campaign, campaign is not None and is_own and self._forms.invites(campaign)

    async def _beginning(self, listing: Listing, posted: Mapping[str, str], secret: str) -> Beginning:
        campaign, is_invited = await self._invited(listing, posted.get("c", "")[:LONGEST_WORD])
        return Beginning(
            survey=listing.survey,
            language=language_of(listing.questionnaire, posted.get("lang", "")),
            is_chosen=posted.get("chosen") == "1",
            secret_hash=fingerprint(secret),
            campaign=campaign.id if campaign is not None and is_invited else "",
        )

    async def _lead_on(self, request: Request, secret: str) -> Response:
        """Hand the browser its secret, and lead to where its entry stands."""
        place = self._place(request, secret)
        sheet = await self._forms.sheet(place.holder)
        response = RedirectResponse(place.at(sheet.state.standing) if sheet is not None else _base(request), 303)
        return self._hand(request, response, secret, sheet.language if sheet is not None else "")

    def _too_many(self, request: Request, listing: Listing, posted: Mapping[str, str]) -> Response:
        """Ask to wait, and lead back to the opening as it was."""
        questionnaire = listing.questionnaire
        language = language_of(questionnaire, posted.get("lang", ""))
        words = spoken(self._forms, questionnaire, language)
        again = self._to_opening(request, posted).headers["location"]
        said = [questionnaire.say(Phrase.MANY_START, language)]
        return self._pages.show("form_closed.html", 429, **words, said=said, languages=[], again=again)

    def _listing(self, request: Request) -> Listing:
        listing = self._forms.listing(request.path_params["survey"])
        if listing is None:
            raise TurnedAway(404, "There is no such survey", "Look at the address again: one letter may be wrong.")
        return listing

    def _place(self, request: Request, secret: str = "") -> Place:
        secret = secret or request.cookies.get(COOKIE, "")
        since = self._clock() - RESUME_MS
        hashed = fingerprint(secret) if secret else ""
        return Place(_base(request), Holder(request.path_params["survey"], hashed, since=since))

    def _to_opening(
        self, request: Request, posted: Mapping[str, str] | None = None, told: Phrase | None = None
    ) -> Response:
        """Lead to the opening, in the language and with the campaign's word that it had; `told` is what is amiss."""
        kept = {name: (posted or {}).get(name, "")[:LONGEST_WORD] for name in ("lang", "c")}
        kept["lang"] *= posted is not None and posted.get("chosen") == "1"
        asked = {name: value for name, value in {**kept, "told": told.name.lower() if told else ""}.items() if value}
        return RedirectResponse(f"{_base(request)}?{urlencode(asked)}" if asked else _base(request), 303)


def _base(request: Request) -> str:
    return f"/s/{quote(request.path_params['survey'], safe='')}"


def _not_open(listing: Listing, questionnaire: Questionnaire, language: str, window: Window) -> str:
    if window is Window.NOT_YET and listing.opens_at is not None:
        return questionnaire.say(Phrase.OPENS_ON_PAGE, language, date=first_day(listing.opens_at))
    if listing.closed_on is not None:
        return questionnaire.say(Phrase.CLOSED_ON, language, date=listing.closed_on)
    return questionnaire.say(Phrase.CLOSED, language)
