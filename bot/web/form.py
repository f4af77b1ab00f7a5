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
from bot.service.forms import WEB, Beginning, Forms, NotOpen, Sheet, TooManyCodes
from bot.web.pages import Pages
from bot.web.question_pages import Desk, QuestionPages, language_of, languages_of, own_form, secret_of, spoken
from bot.web.security import TurnedAway, fingerprint, new_secret, set_cookie
from storage.entries import RESUME_MS, Holder

COOKIE = "earshot_form"
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
        ("/s/{survey}/code", "POST", desk.give_code),
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
        asked = {name: request.query_params.get(name, "")[:LONGEST_WORD] for name in ("lang", "c", "new")}
        sheet = await self._forms.sheet(self._desk(request).holder)
        return await self._opening(request, listing, asked, sheet if not asked["new"] else None)

    async def start(self, request: Request) -> Response:
        """Begin, once for each page that was opened, and lead to the first question."""
        listing = self._listing(request)
        posted = await own_form(request, self._public_base_url)
        secret = secret_of(posted)
        beginning = await self._beginning(listing, posted, secret)
        try:
            await self._forms.begin(beginning)
        except NotOpen:
            return await self._opening(request, listing, posted, None)
        return await self._lead_on(request, listing, secret)

    async def show(self, request: Request) -> Response:
        """Show a question."""
        self._listing(request)
        told = request.query_params.get("told", "")
        shown = await self._questions.show(self._desk(request), request.path_params["question"], told)
        return shown or self._to_opening(request)

    async def take(self, request: Request) -> Response:
        """Take an answer."""
        self._listing(request)
        posted = await own_form(request, self._public_base_url)
        taken = await self._questions.take(self._desk(request), request.path_params["question"], posted)
        return taken or self._to_opening(request)

    async def done(self, request: Request) -> Response:
        """Thank."""
        self._listing(request)
        again = f"{_base(request)}?{urlencode({'new': 1})}"
        return await self._questions.done(self._desk(request), again=again) or self._to_opening(request)

    async def give_code(self, request: Request) -> Response:
        """Show a code with which the answers can be gone on with on another phone."""
        self._listing(request)
        await own_form(request, self._public_base_url)
        desk = self._desk(request)
        code = await self._forms.code(desk.holder)
        sheet = await self._forms.sheet(desk.holder)
        if not code or sheet is None:
            return self._to_opening(request)
        words = spoken(self._forms, sheet.questionnaire, sheet.language)
        return self._pages.show("form_code.html", 200, **words, code=code, onwards=desk.at(sheet.state.standing))

    async def go_on(self, request: Request) -> Response:
        """Go on by a code, from this form or from a text message."""
        listing = self._listing(request)
        posted = await own_form(request, self._public_base_url)
        held = request.cookies.get(COOKIE, "")
        has_entry = await self._forms.sheet(self._desk(request).holder) is not None
        secret = held if has_entry else secret_of(posted)
        code = "".join(posted.get("code", "")[:LONGEST_WORD].split()).upper().removeprefix("LINK")
        try:
            if await self._forms.go_on(code, await self._beginning(listing, posted, secret)):
                return await self._lead_on(request, listing, secret)
            problem = Phrase.CODE_WRONG
        except TooManyCodes:
            problem = Phrase.CODE_WAIT
        except NotOpen:
            return await self._opening(request, listing, posted, None)
        return await self._opening(request, listing, posted, None, problem)

    # -- the opening --------------------------------------------------------------------------------------------------

    async def _opening(
        self,
        request: Request,
        listing: Listing,
        asked: Mapping[str, str],
        sheet: Sheet | None,
        problem: Phrase | None = None,
    ) -> Response:
        questionnaire, window = listing.questionnaire, self._forms.window(listing)
        language = language_of(questionnaire, asked.get("lang", ""))
        words = spoken(self._forms, questionnaire, language)
        links = languages_of(questionnaire, language, asked, _base(request))
        if window is not Window.OPEN:
            said = [_not_open(listing, questionnaire, language, window)]
            return self._pages.show("form_closed.html", 200, **words, said=said, languages=links)
        word = asked.get("c", "")
        campaign = await self._forms.campaign(word) if word else None
        is_invited = campaign is not None and campaign.survey == listing.survey and self._forms.invites(campaign)
        first, *rest = form.introduction(questionnaire, language, self._forms.here(listing.survey, WEB))
        response = self._pages.show(
            "form_opening.html",
            422 if problem else 200,
            **words,
            languages=links,
            who=first,
            rest=rest,
            action=_base(request),
            is_chosen=bool(asked.get("lang")),
            word=word,
            is_over=campaign is not None and not is_invited,
            once=new_secret(),
            onwards=self._desk(request).at(sheet.state.standing) if sheet is not None else "",
            problem=questionnaire.say(problem, language) if problem else "",
            code=asked.get("code", "")[:LONGEST_WORD],
        )
        return response

    async def _beginning(self, listing: Listing, posted: Mapping[str, str], secret: str) -> Beginning:
        word = posted.get("c", "")[:LONGEST_WORD]
        campaign = await self._forms.campaign(word) if word else None
        is_invited = campaign is not None and campaign.survey == listing.survey and self._forms.invites(campaign)
        return Beginning(
            survey=listing.survey,
            language=language_of(listing.questionnaire, posted.get("lang", "")),
            is_chosen=posted.get("chosen") == "1",
            secret_hash=fingerprint(secret),
            campaign=campaign.id if campaign is not None and is_invited else "",
        )

    async def _lead_on(self, request: Request, listing: Listing, secret: str) -> Response:
        """Hand the browser its secret, and lead to where its entry stands."""
        desk = self._desk(request, secret)
        sheet = await self._forms.sheet(desk.holder)
        response = RedirectResponse(desk.at(sheet.state.standing) if sheet is not None else _base(request), 303)
        path = _base(request)
        set_cookie(response, COOKIE, secret, path, self._public_base_url, RESUME_MS // 1000)
        return response

    def _listing(self, request: Request) -> Listing:
        listing = self._forms.listing(request.path_params["survey"])
        if listing is None:
            raise TurnedAway(404, "There is no such survey", "Look at the address again: one letter may be wrong.")
        return listing

    def _desk(self, request: Request, secret: str = "") -> Desk:
        secret = secret or request.cookies.get(COOKIE, "")
        since = self._clock() - RESUME_MS
        hashed = fingerprint(secret) if secret else ""
        return Desk(_base(request), Holder(request.path_params["survey"], hashed, since=since))

    def _to_opening(self, request: Request) -> Response:
        """Lead to the opening: this browser holds no answers, or too old ones."""
        return RedirectResponse(_base(request), 303)


def _base(request: Request) -> str:
    return f"/s/{quote(request.path_params['survey'], safe='')}"


def _not_open(listing: Listing, questionnaire: Questionnaire, language: str, window: Window) -> str:
    if window is Window.NOT_YET and listing.opens_at is not None:
        return questionnaire.say(Phrase.OPENS_ON_PAGE, language, date=first_day(listing.opens_at))
    if listing.closed_on is not None:
        return questionnaire.say(Phrase.CLOSED_ON, language, date=listing.closed_on)
    return questionnaire.say(Phrase.CLOSED, language)
