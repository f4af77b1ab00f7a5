"""Who may post a form, and how it is read. The rule: never trust what a page sends."""

from enum import StrEnum
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from fastapi import Request, Response

FORM_LIMIT = 16 * 1024
"""Bytes of a posted form. The longest text a simulated phone sends is 1,600 characters."""
NUL = "\0"
"""No text on PostgreSQL holds it, and no keyboard types it."""


class TurnedAway(Exception):
    """A request that a page will not serve. `title` and `message` are for the person, and name no secret."""

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.message = message


class PostedFrom(StrEnum):
    """Where a posted form says that it comes from."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNSAID = "unsaid"  # no browser: every browser of the last years sends at least one of the two headers


def posted_from(request: Request, public_base_url: str) -> PostedFrom:
    """Read where a form was posted from.

    Sec-Fetch-Site is sent over https and to localhost only; a phone on a church hall's plain http sends Origin.
    Source: OWASP's CSRF Prevention Cheat Sheet, "Fetch Metadata" and "Verifying Origin With Standard Headers".
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return PostedFrom.OURS if site in ("same-origin", "none") else PostedFrom.FOREIGN
    origin = request.headers.get("origin")
    if origin is None:
        return PostedFrom.UNSAID
    ours = {urlsplit(public_base_url).netloc, request.headers.get("host", "")} - {""}
    return PostedFrom.OURS if urlsplit(origin).netloc in ours else PostedFrom.FOREIGN


async def read_form(request: Request, limit: int = FORM_LIMIT) -> dict[str, str]:
    """Read a posted form, the last value of a name winning. Raises TurnedAway over `limit` or when unreadable."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TurnedAway(413, "That is too long", "Send a shorter text.")
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.") from error
    if any(NUL in name + value for name, value in form.items()):
        raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
    return form


async def own_form(request: Request, public_base_url: str, limit: int = FORM_LIMIT) -> dict[str, str]:
    """Read a form that was posted from our own pages. Raises TurnedAway."""
    refuse_foreign(request, public_base_url)
    return await read_form(request, limit)


def refuse_foreign(request: Request, public_base_url: str) -> None:
    """Turn away what was not posted from our own pages. Raises TurnedAway."""
    if posted_from(request, public_base_url) is not PostedFrom.OURS:
        raise TurnedAway(403, "That did not come from this site", "Open our own page and try again.")


def refuse_odd_address(request: Request) -> None:
    """Turn away whoever asks with a letter that no database of ours keeps. Raises TurnedAway."""
    if NUL in request.scope["path"] or NUL in unquote_plus(request.scope["query_string"].decode("latin-1")):
        raise TurnedAway(400, "That address could not be read", "Go back to the page and try again.")


def set_cookie(response: Response, name: str, secret: str, path: str, public_base_url: str, seconds: int) -> None:
    """Hand the browser a secret that no script can read and no other site can send."""
    response.set_cookie(
        name,
        secret,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite="lax",
        secure=urlsplit(public_base_url).scheme == "https",
    )
