"""The reading API: the same events as those that are forwarded, and every response as it is now, by cursor.

The rule: nothing without the token, nothing that names anybody, and whoever goes on from `next` misses nothing.
"""

import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.analysis.forwarding.current import current_page
from bot.analysis.forwarding.events import SCHEMAS, Rendering, schema
from storage import events
from storage.destinations import survey_is_there
from storage.ledger import IS_HELD
from storage.script import Database, Fetch, Script
from storage.staff import note_once

MOST: Final = 1_000
USUAL: Final = 100
HOUR_MS: Final = 3_600_000
WHO: Final = "API_TOKEN"
"""Under this name the audit log has what is read by the token."""
_BIGGEST: Final = 2**62
_NO_STORE: Final = {"cache-control": "no-store"}

_OFF: Final = "The reading API is off here. Set API_TOKEN on the server to turn it on."
_UNKNOWN: Final = "Send the API_TOKEN of this server as: Authorization: Bearer TOKEN"
_HELD: Final = "This database was restored from a backup and has not caught up yet. Try again in a minute."
_NO_SURVEY: Final = "No survey of this id was ever published here."
_BEYOND: Final = "`after` is beyond the newest event: a cursor of another database? Begin at 0."
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "No token, or a wrong one."},
    403: {"description": "API_TOKEN is not set on this server."},
    404: {"description": _NO_SURVEY},
    409: {"description": _BEYOND},
    503: {"description": "The database was restored and has not caught up yet."},
}

After = Annotated[int, Query(ge=0, le=_BIGGEST, description="The `next` of the page before; 0 to begin.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Survey = Annotated[
    str, Query(max_length=200, pattern=r"^[^\x00]*$", description="The id of the only survey that is wanted.")
]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def pull_routes(database: Database, token: str, now: Callable[[], int]) -> APIRouter:
    """Make the API. `token` is API_TOKEN, empty where it is not set; `now` gives epoch milliseconds UTC."""
    desk = _Desk(database, token, now)
    router = APIRouter(prefix="/api/v1", tags=["reading"])
    allowed = [Depends(desk.let_in)]
    router.get("/events", dependencies=allowed, responses={200: _page(EVENTS), **_REFUSALS})(desk.events)
    router.get("/responses", dependencies=allowed, responses={200: _page(RESPONSES), **_REFUSALS})(desk.responses)
    router.get("/schemas/{name}/{number}", responses={404: {"description": "There is no such schema."}})(show_schema)
    return router


class _Desk:
    def __init__(self, database: Database, token: str, now: Callable[[], int]) -> None:
        self._database = database
        self._token = token.encode()
        self._now = now
        self._rendering = Rendering(database)
        self._noted: dict[str, int] = {}

    async def let_in(self, given: Bearer) -> None:
        """Refuse whoever has not the token, and everybody while what was restored may have been withdrawn since."""
        if not self._token:
            raise HTTPException(403, _OFF, _NO_STORE)
        if given is None or not hmac.compare_digest(given.credentials.encode("latin-1"), self._token):
            raise HTTPException(401, _UNKNOWN, _NO_STORE | {"www-authenticate": 'Bearer realm="earshot"'})
        if await self._database.read(_is_held):
            raise HTTPException(503, _HELD, _NO_STORE | {"retry-after": "60"})

    async def events(self, after: After = 0, limit: Limit = USUAL, survey: Survey = "") -> Response:
        """Give what happened after a number, oldest first: byte for byte the events that webhooks get.

        Begin at 0 and go on from `next`. With `has_more` there is more now; without it, ask again later.
        """
        await self._refuse_unknown(survey)
        await self._refuse_beyond(after)
        page = await self._rendering.page(after, limit, survey)
        await self._note("events")
        rest = msgspec.json.encode({"next": page.next, "has_more": page.has_more})
        return _json(b'{"events":[' + b",".join(page.bodies) + b"]," + rest[1:])

    async def responses(self, after: After = 0, limit: Limit = USUAL, survey: Survey = "") -> Response:
        """Give the responses that changed after a cursor, each once and as it is now, and those withdrawn.

        Begin at 0 and go on from `next`: replace what you hold of each `response_id`, and delete what was withdrawn.
        `duplicate_group`, `is_primary` and `quality` depend on other responses too, and may change without this one;
        `status` goes from partial to breakoff by time alone.
        """
        await self._refuse_unknown(survey)
        await self._refuse_beyond(after)
        page = await current_page(self._database, after, limit, survey, now=self._now())
        await self._note("responses")
        return _json(msgspec.json.encode(page))

    async def _refuse_unknown(self, survey: str) -> None:
        """Refuse a survey that was never published: a slip of the pen would look like one without an answer."""
        if survey and not await self._database.read(partial(survey_is_there, survey)):
            raise HTTPException(404, _NO_SURVEY, _NO_STORE)

    async def _refuse_beyond(self, after: int) -> None:
        """Refuse a cursor that this database never gave: whoever went on from it would miss what comes."""
        if after > await self._database.read(events.newest):
            raise HTTPException(409, _BEYOND, _NO_STORE)

    async def _note(self, what: str) -> None:
        """Note it in the audit log, once an hour."""
        now = self._now()
        if now - self._noted.get(what, 0) >= HOUR_MS:
            self._noted[what] = now
            await self._database.run(partial(note_once, now, WHO, "pull", what, now - HOUR_MS + 1))


async def show_schema(
    name: Annotated[str, Path(max_length=20)], number: Annotated[int, Path(ge=1, le=1_000)]
) -> Response:
    """Give the JSON Schema (draft 2020-12) that an event names as `earshot/{name}/{number}`. No token is needed."""
    if f"{name}/{number}" not in SCHEMAS:
        raise HTTPException(404, f"There is no such schema. There are: {', '.join(SCHEMAS)}")
    return Response(msgspec.json.encode(schema(f"{name}/{number}")), media_type="application/schema+json")


def _is_held() -> Script[bool]:
    return (yield Fetch(IS_HELD)).first is not None


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers=_NO_STORE)


_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
EVENTS: Final = {"events": _OBJECTS}
RESPONSES: Final = {"responses": _OBJECTS, "withdrawn": _OBJECTS}


def _page(lists: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Describe a page for the OpenAPI document."""
    properties = {**lists, "next": {"type": "integer"}, "has_more": {"type": "boolean"}}
    form = {"type": "object", "required": list(properties), "properties": properties}
    return {"description": "A page.", "content": {"application/json": {"schema": form}}}
