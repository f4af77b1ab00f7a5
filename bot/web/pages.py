"""Pages: the jinja environment, the headers every page carries, and the files that go with them.

GOV.UK's components without its branding: no crown, no GDS Transport, the council's own name and colours.
"""

import functools
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.core.window import LONDON
from bot.web.security import TurnedAway, refuse_odd_address

STATIC = Path(__file__).parent / "static"
STATIC_URL = "/static"

# No inline script or style anywhere, so nothing that slips into a page can run.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Under no-referrer a browser posts `Origin: null`, and on plain http Origin is all that tells us a form is ours.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}

Handler = Callable[[Request], Awaitable[Response]]
Refused = Callable[[Request, TurnedAway], Awaitable[None]]


class Pages:
    """Writes pages for one council."""

    def __init__(self, council: str, refused: Refused | None = None) -> None:
        """`council` stands in every page's header. `refused` hears of everyone who is turned away."""
        self._council = council
        self._refused = refused

    def show(self, template: str, status: int = 200, **content: object) -> HTMLResponse:
        """Write one page."""
        return HTMLResponse(_environment().get_template(template).render({"council": self._council} | content), status)

    def guard(self, handler: Handler) -> Handler:
        """Wrap a page's handler: the headers on every response, and a readable page for whoever is turned away."""

        @functools.wraps(handler)
        async def guarded(request: Request) -> Response:
            try:
                refuse_odd_address(request)
                response = await handler(request)
            except TurnedAway as refusal:
                if self._refused is not None:
                    await self._refused(request, refusal)
                back = "/staff" if request.scope["path"].startswith("/staff") else ""
                response = self.show("turned_away.html", refusal.status, refusal=refusal, back=back)
            for name, value in PAGE_HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded


@functools.cache
def _environment() -> Environment:
    """Make the environment that every page is written in; it compiles each template once."""
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("bot.web"), PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static_url"] = static_url
    environment.filters.update(named=_named, when=when, as_channel=channel_name)
    return environment


_ENTERED = {"web": "Web form", "assisted": "With a helper", "paper": "On paper", "phone": "By phone call"}


def _named(code: str) -> str:
    """Write a stored code for a person: `sms` as SMS, `not_reached` as Not reached."""
    words = code.replace("_", " ")
    return {"sms": "SMS", "whatsapp": "WhatsApp"}.get(code, words[:1].upper() + words[1:])


def channel_name(channel: str) -> str:
    """Write a channel for a person; a simulated one by the app that it looks like."""
    known = {"sms": "SMS", "whatsapp": "WhatsApp", "telegram": "Telegram"} | _ENTERED
    _, _, look = channel.partition("simulator-")
    return known.get(channel) or (f"Simulated {known.get(look, look)}" if look else channel.capitalize())


def when(at: int) -> str:
    """Write a moment (epoch milliseconds UTC) as a clock on the council's wall shows it."""
    moment = datetime.fromtimestamp(at / 1000, LONDON)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


class StaticWithHeaders(StaticFiles):
    """Style sheets and scripts. A URL with its file's hash in `v` never changes, so a browser may keep it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        is_versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        return response


def static_files() -> StaticFiles:
    """Return the application that serves what the pages need, to be mounted at STATIC_URL."""
    return StaticWithHeaders(directory=STATIC)


@functools.cache
def static_url(name: str) -> str:
    """Return the address of one static file, with its hash."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"{STATIC_URL}/{name}?v={digest[:12]}"
