"""The staff page for voice notes: what waits, its sound, and a form for what was said. No address is ever shown.

Only whoever may download answers may listen: a voice says more about a person than its words.
"""

import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.masking import mask
from bot.service.transcribing import Note, Transcribing
from bot.service.voice import VoiceBox
from bot.web.accounts import Clock, Door, Visit
from bot.web.cookie_secrets import form_token
from bot.web.pages import Pages, when
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage.script import Database
from storage.transcribing import Hand, Verdict

PAGE = "/staff/voice"
LONGEST_FORM = 128 * 1024
"""Bytes of a posted form: a letter of some scripts takes nine, and a voice note can be minutes long."""
LONGEST_TEXT = 10_000

_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})").fullmatch

# What the page says once something was done, and what in place of it.
_DONE = {
    Verdict.ANSWERED: "Written down, and kept as the answer.",
    Verdict.REFUSED: "Written down: the resident would rather not say.",
    Verdict.UNPARSED: "Written down. It is not clearly one of the answers, so the words are kept and nothing chosen.",
    Verdict.LEFT: "Left as it is. The voice note is no longer in the list.",
}
_NOT_DONE = {
    Verdict.UNCLEAR: "This is not clearly one of the answers, and the resident’s earlier answer stays. Nothing was "
    "written. Correct what you typed, or leave it.",
    Verdict.ANSWERED_SINCE: "The resident has answered by hand since. Their answer stays: leave the voice note.",
    Verdict.NOT_ASKED: "After the resident’s other answers this question is not asked any more: leave the voice note.",
}
_EMPTY = "Type what was said, or choose Leave it"
_TOO_LONG = f"Shorten the text to {LONGEST_TEXT:,} characters"


def voice_routes(
    database: Database, box: VoiceBox, transcribing: Transcribing, pages: Pages, clock: Clock, public_base_url: str
) -> APIRouter:
    """Make the page. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us."""
    desk = VoiceDesk(Visits(Door(database, clock), public_base_url), box, transcribing, pages)
    router = APIRouter()
    for path, method, handler in (
        (PAGE, "GET", desk.show),
        (f"{PAGE}/{{note}}/recording", "GET", desk.play),
        (f"{PAGE}/{{note}}", "POST", desk.settle),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class VoiceDesk:
    """The handlers behind voice_routes."""

    def __init__(self, visits: Visits, box: VoiceBox, transcribing: Transcribing, pages: Pages) -> None:
        self._visits = visits
        self._box = box
        self._transcribing = transcribing
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """List what waits to be written down."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        _refuse_workers(visit)
        done = request.query_params.get("done", "")
        return await self._page(visit, said=_DONE[Verdict(done)] if done in list(_DONE) else "")

    async def play(self, request: Request) -> Response:
        """Give the sound, whole or in part as players ask for it. It is in the audit log before a byte leaves."""
        visit = await self._visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        _refuse_workers(visit)
        asked = _RANGE(request.headers.get("range", ""))
        begins = int(asked[1]) if asked else 0
        recording = await self._box.hear(request.path_params["note"], _hand(visit))
        if recording is None:
            raise TurnedAway(404, "That voice note is gone", "Its date has passed, or its sender has removed it.")
        headers = {"Accept-Ranges": "bytes", "Content-Disposition": "inline"}
        size = len(recording.content)
        if asked is None:
            return Response(recording.content, 200, headers, recording.media_type)
        last = min(int(asked[2]) if asked[2] else size - 1, size - 1)
        if begins > last:
            return Response(b"", 416, {"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {begins}-{last}/{size}"
        return Response(recording.content[begins : last + 1], 206, headers, recording.media_type)

    async def settle(self, request: Request) -> Response:
        """Take what was said as the answer, or leave the voice note as it is."""
        visit, form = await self._visits.signed_in_form(request, LONGEST_FORM)
        _refuse_workers(visit)
        note_id, text = request.path_params["note"], form.get("text", "").replace("\r\n", "\n").strip()
        if form.get("do") == "leave":
            verdict = await self._transcribing.leave(note_id, _hand(visit))
        elif not text or len(text) > LONGEST_TEXT:
            return await self._page(visit, 422, problem=_TOO_LONG if text else _EMPTY, about=note_id, text=text)
        else:
            verdict = await self._transcribing.write(note_id, text, _hand(visit))
        if verdict is Verdict.GONE:
            raise TurnedAway(410, "That voice note is gone", "Somebody has seen to it, or its sender has removed it.")
        if verdict in _NOT_DONE:
            return await self._page(visit, 409, problem=_NOT_DONE[verdict], about=note_id, text=text)
        return RedirectResponse(f"{PAGE}?done={verdict}", 303)

    async def _page(
        self, visit: Visit, status: int = 200, *, said: str = "", problem: str = "", about: str = "", text: str = ""
    ) -> Response:
        desk = await self._transcribing.waiting()
        await self._transcribing.note_words_seen(desk, _hand(visit))
        return self._pages.show(
            "voice.html",
            status,
            visit=visit,
            token=form_token(visit.secret),
            page=PAGE,
            count=desk.count,
            notes=[_shown(note) for note in desk.notes],
            said=said,
            problem=problem,
            about=about,
            text=text,
        )


def _refuse_workers(visit: Visit) -> None:
    if not visit.role.may_download:
        raise TurnedAway(403, "You may not listen to voice notes", "Ask an analyst to write them down.")


def _hand(visit: Visit) -> Hand:
    return Hand(visit.member.id, visit.member.name)


def _shown(note: Note) -> dict[str, object]:
    """Lay one voice note out for the page; what the resident wrote is masked, as wherever it leaves."""
    return {
        "id": note.id,
        "survey": note.survey,
        "question": note.question,
        "language": note.language,
        "channel": note.channel,
        "came": when(note.received_at),
        "long": _long(note.seconds),
        "is_here": note.is_here,
        "problem": note.problem,
        "until": when(note.keep_until)[:-6] if note.keep_until is not None else "",
        "answered_since": None if note.answered_since is None else mask(note.answered_since),
    }


def _long(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
