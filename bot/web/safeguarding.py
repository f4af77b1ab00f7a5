"""The safeguarding pages: what waits to be looked at, and one message with what can be done about it.

For the safeguarding role alone. The list has no words; opening one shows them and ends its alerts. Everything done here
stands in the audit log. Nowhere else does any page, file or address say that a message was flagged.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.service.safeguarding import PAGE, Safeguarding
from bot.web.accounts import Clock, Door, Visit
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages, when
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage.safeguarding import Flag, Listed, Outcome
from storage.script import Database
from storage.transcribing import Hand

LONGEST_NOTE = 4_000
_TIME_DIGITS = 14
OUTCOMES = {
    Outcome.PASSED_ON: "Passed on to those whose task it is",
    Outcome.CONTACTED: "Somebody has spoken to the resident",
    Outcome.NO_DANGER: "Read, and nothing more is needed",
    Outcome.CANNOT_ACT: "Nothing can be done: the words or the sender are gone",
}
_DONE = {
    "acknowledged": "You see to this. The others of your role can read that.",
    "taken": "Somebody sees to this already: their name stands below.",
    "closed": "Written down.",
    "asked": "Asked for. Another person with your role must grant it.",
    "granted": "Granted. Whoever holds your role may look at the address for a day.",
}


def safeguarding_routes(
    database: Database, queue: Safeguarding, pages: Pages, clock: Clock, public_base_url: str
) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = SafeguardingDesk(Visits(Door(database, clock), public_base_url), queue, pages)
    router = APIRouter()
    for path, method, handler in (
        (PAGE, "GET", desk.show),
        (f"{PAGE}/{{flag}}", "GET", desk.open),
        (f"{PAGE}/{{flag}}", "POST", desk.act),
        (f"{PAGE}/{{flag}}/address", "POST", desk.look_up),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class SafeguardingDesk:
    """The handlers behind safeguarding_routes."""

    def __init__(self, visits: Visits, queue: Safeguarding, pages: Pages) -> None:
        self._visits = visits
        self._queue = queue
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """List what was flagged, without a word of it."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        _refuse_others(visit)
        queue = await self._queue.queue(_hand(visit))
        return self._pages.show(
            "safeguarding.html",
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            count=queue.open,
            flags=[_listed(flag) for flag in queue.flags],
        )

    async def open(self, request: Request) -> Response:
        """Show one, with its words. That is its opening: the lead is not told of it again."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        _refuse_others(visit)
        return await self._page(visit, request.path_params["flag"], said=request.query_params.get("done", ""))

    async def act(self, request: Request) -> Response:
        """Do one of the things that the page offers."""
        visit, form = await self._visits.signed_in_form(request)
        _refuse_others(visit)
        flag_id, hand = request.path_params["flag"], _hand(visit)
        match form.get("do", ""):
            case "acknowledge":
                done = "acknowledged" if await self._queue.acknowledge(flag_id, hand) else "taken"
            case "close":
                outcome, note = form.get("outcome", ""), form.get("note", "").strip()
                if outcome not in list(Outcome) or not note or len(note) > LONGEST_NOTE:
                    problem = "Choose what came of it, and write a note of what you decided and why"
                    return await self._page(visit, flag_id, 422, problem=problem, outcome=outcome, note=note)
                seen = _moment(form, "seen")
                if not await self._queue.conclude(flag_id, Outcome(outcome), note, hand, seen=seen):
                    problem = "Somebody has written something down since you opened this. Read it, then write yours"
                    return await self._page(visit, flag_id, 409, problem=problem, outcome=outcome, note=note)
                done = "closed"
            case "ask":
                reason = form.get("reason", "").strip()
                if not reason or len(reason) > LONGEST_NOTE:
                    return await self._page(visit, flag_id, 422, asking_problem="Write why the address is needed")
                await self._queue.ask(flag_id, reason, hand)
                done = "asked"
            case "grant":
                if not await self._queue.grant(flag_id, hand, seen=_moment(form, "asked") or 0):
                    why = "Whoever asks and whoever grants are two people, and what is asked for may have changed."
                    raise TurnedAway(403, "You cannot grant this", f"{why} Open the message again.")
                done = "granted"
            case _:
                raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        return RedirectResponse(f"{PAGE}/{flag_id}?done={done}", 303)

    async def look_up(self, request: Request) -> Response:
        """Show the address that was asked for and granted. A form, so that it stands in no address and no history."""
        visit, _ = await self._visits.signed_in_form(request)
        _refuse_others(visit)
        flag_id = request.path_params["flag"]
        address = await self._queue.address(flag_id, _hand(visit))
        if not address:
            raise TurnedAway(
                410, "There is no address to see", "Nobody has granted it, a day has passed, or it is gone."
            )
        return await self._page(visit, flag_id, address=address)

    async def _page(
        self,
        visit: Visit,
        flag_id: str,
        status: int = 200,
        *,
        said: str = "",
        problem: str = "",
        asking_problem: str = "",
        outcome: str = "",
        note: str = "",
        address: str = "",
    ) -> Response:
        flag = await self._queue.open(flag_id, _hand(visit))
        if flag is None:
            raise TurnedAway(404, "There is no such message", "Go back to the list.")
        return self._pages.show(
            "safeguarding_flag.html",
            status,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            flag=_opened(flag),
            outcomes=OUTCOMES,
            said=_DONE.get(said, ""),
            problem=problem,
            asking_problem=asking_problem,
            outcome=outcome or flag.outcome,
            note=note or flag.note,
            address=address,
            may_grant=flag.asked_at is not None and flag.granted_at is None and flag.asked_by != visit.member.id,
        )


def _refuse_others(visit: Visit) -> None:
    if not visit.role.may_safeguard:
        raise TurnedAway(403, "This page is not for you", "Only those with the role safeguarding may open it.")


def _moment(form: Mapping[str, str], name: str) -> int | None:
    """Read what the page showed when it was opened, a time in milliseconds; None for nothing."""
    written = form.get(name, "")
    # As many digits as a time has until the year 5138: a longer number is no time, and fits in no column.
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= _TIME_DIGITS else None


def _hand(visit: Visit) -> Hand:
    return Hand(visit.member.id, visit.member.name)


def _listed(flag: Listed) -> dict[str, object]:
    steps = (
        (flag.closed_at is not None, OUTCOMES[Outcome(flag.outcome)] if flag.outcome else ""),
        (flag.is_asking, "Somebody asks for the address"),
        (flag.acknowledged_at is not None, "Somebody sees to it"),
        (flag.opened_at is not None, "Opened"),
    )
    return {
        "id": flag.id,
        "came": when(flag.flagged_at),
        "channel": flag.channel,
        "survey": flag.survey,
        "stands": next((said for holds, said in steps if holds), "Nobody has opened it"),
        "is_new": flag.opened_at is None,
    }


def _opened(flag: Flag) -> dict[str, object]:
    return {
        "id": flag.id,
        "came": when(flag.received_at),
        "channel": flag.channel,
        "survey": flag.survey,
        "language": flag.language,
        "words": flag.words,
        "is_erased": flag.filed == "erased",
        "is_spoken": flag.is_spoken,
        "was_calmed": flag.was_calmed,
        "is_stopped": flag.is_stopped,
        "can_be_found": flag.can_be_found,
        "is_page": flag.is_page,
        "entered_by": flag.entered_by,
        "campaign": flag.campaign,
        "seen_to": _by(flag.acknowledged_name, flag.acknowledged_at),
        "asked": _by(flag.asked_name, flag.asked_at),
        "asked_at": flag.asked_at,
        "reason": flag.reason,
        "is_granted": flag.granted_at is not None,
        "closed": _by(flag.closed_name, flag.closed_at),
        "closed_at": flag.closed_at,
        "outcome": OUTCOMES[Outcome(flag.outcome)] if flag.outcome else "",
        "note": flag.note,
    }


def _by(name: str, at: int | None) -> str:
    """Write who did something, and when; empty while nobody has."""
    return "" if at is None else f"{name or 'somebody who has left'}, {when(at)}"
