"""The pages for messages that the bot could not handle: a list without words, and one message with its answers."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.masking import mask
from bot.service.unread import UnreadMessages
from bot.web.accounts import Visit
from bot.web.campaign_sight import language_name
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages, channel_name, when
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage.unread import Settled

PAGE = "/staff/unread"
_SAID = {
    "done": "Your answer is on its way.",
    "left": "Noted: it needs no answer.",
    Settled.STOPPED: "Nothing was sent: whoever wrote it has texted STOP since.",
    Settled.ALREADY: "Somebody else has seen to it, or it is gone.",
}
_CHOOSE = "Choose an answer"


class UnreadDesk:
    """The handlers. Whoever may take the answers away may read here, masked as an export is."""

    def __init__(self, unread: UnreadMessages, pages: Pages, visits: Visits) -> None:
        self._unread = unread
        self._pages = pages
        self._visits = visits

    def add_to(self, router: APIRouter) -> None:
        """Put the handlers at their addresses."""
        for path, method, handler in (
            (PAGE, "GET", self.list),
            (f"{PAGE}/{{message}}", "GET", self.show),
            (f"{PAGE}/{{message}}", "POST", self.see_to),
        ):
            router.add_route(path, self._pages.guard(handler), methods=[method], include_in_schema=False)

    async def list(self, request: Request) -> Response:
        """List what waits, without a word of it."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        _refuse_others(visit)
        count, messages = await self._unread.waiting()
        titles = await self._unread.titles()
        done = request.query_params.get("done", "")
        return self._pages.show(
            "unread.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            count=count,
            messages=[
                (
                    each.id,
                    when(each.received_at),
                    channel_name(each.channel),
                    titles.get(each.survey) or each.survey,
                    each.messages,
                )
                for each in messages
            ],
            said=_SAID.get(done, ""),
            was_done=done in ("done", "left"),
        )

    async def show(self, request: Request) -> Response:
        """Show one message, with its words. The look stands in the audit log."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        _refuse_others(visit)
        return await self._page(visit, request.path_params["message"])

    async def see_to(self, request: Request) -> Response:
        """Answer a message by a template, or note that it needs no answer."""
        visit, form = await self._visits.signed_in_form(request)
        _refuse_others(visit)
        message, who = request.path_params["message"], visit.member.name
        match form.get("do", ""):
            case "answer" if not form.get("reply"):
                return await self._page(visit, message, problem=_CHOOSE)
            case "answer":
                became = await self._unread.answer(message, form["reply"], who)
                if became is None:
                    return await self._page(visit, message, problem="This answer cannot be sent. Choose another")
            case "leave":
                became = await self._unread.leave(message, who)
            case _:
                raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        done = "left" if form["do"] == "leave" and became is Settled.DONE else str(became)
        return RedirectResponse(f"{PAGE}?done={done}", 303)

    async def _page(self, visit: Visit, message_id: str, *, problem: str = "") -> Response:
        opened = await self._unread.open(message_id, visit.member.name)
        if opened is None:
            raise TurnedAway(
                404, "This message does not wait any more", "Somebody has seen to it. Go back to the list."
            )
        found, titles = opened.message, await self._unread.titles()
        return self._pages.show(
            "unread_one.html",
            422 if problem else 200,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            id=found.id,
            words=[mask(each) for each in found.words],
            came=when(found.received_at),
            channel=channel_name(found.channel),
            survey=titles.get(found.survey) or found.survey,
            question=opened.question,
            language=language_name(found.language),
            is_english=found.language in ("", "en"),
            was_failure=found.filed == "unhandled",
            replies=opened.replies,
            why_not=opened.why_not,
            problem=problem,
        )


def _refuse_others(visit: Visit) -> None:
    if not visit.role.may_download:
        raise TurnedAway(403, "This page is not for you", "Only analysts and admins may open it.")
