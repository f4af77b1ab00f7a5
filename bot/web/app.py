"""The application: webhooks beside FastAPI, which serves health, metrics and the pages."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.metrics import CONTENT_TYPE, Metrics
from bot.web.pages import STATIC_URL, Pages, static_files
from bot.web.security import TurnedAway

log = structlog.get_logger()

FAILED = "Something went wrong here. It has been noted; please try again.\n"

IsReady = Callable[[], Awaitable[bool]]


class Application:
    """Sends `/channels/...` straight to the webhooks, and everything else to FastAPI."""

    def __init__(self, webhooks: ASGIApp, pages: FastAPI) -> None:
        self._webhooks = webhooks
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or the server's start and stop."""
        if scope["type"] == "http" and scope["path"].startswith("/channels/"):
            await self._webhooks(scope, receive, send)
        else:
            await self._show(scope, receive, send)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a page; of a bug, log its kind and the page's name alone, never the address or what went wrong."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.pages(scope, receive, watched)
        except Exception as problem:
            name = getattr(scope.get("endpoint"), "__name__", "unknown")
            log.error("page failed", page=name, problem=type(problem).__name__)
            if not has_begun:
                await PlainTextResponse(FAILED, 500)(scope, receive, send)


def build(
    webhooks: ASGIApp,
    routers: Sequence[APIRouter],
    metrics: Metrics,
    is_ready: IsReady,
    pages: Pages | None = None,
) -> Application:
    """Put the application together. `pages` writes the page for whoever asks for one that is not there."""
    site = FastAPI(title="Earshot", docs_url=None, redoc_url=None, openapi_url=None)
    site.include_router(_health(metrics, is_ready))
    for router in routers:
        site.include_router(router)
    site.mount(STATIC_URL, static_files())
    if pages is not None:
        for status in (404, 405):
            site.add_exception_handler(status, _lost(pages))
    return Application(webhooks, site)


def _lost(pages: Pages) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer a person who asks for no page of ours; a program that asks for none is answered as it expects."""

    async def turn_away(request: Request) -> Response:
        path = request.scope["path"]
        if request.method == "GET" and request.scope.get("endpoint") is not None:
            # Only a form is sent there. A browser that is opened again asks for what it showed last, as a page.
            return RedirectResponse(quote(path.rpartition("/")[0]), 303)
        raise TurnedAway(404, "There is no such page", "Look at the address again: one letter may be wrong.")

    async def answer(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        if request.method not in ("GET", "HEAD") or request.scope["path"].startswith(("/api/", STATIC_URL)):
            return await http_exception_handler(request, problem)
        return await pages.guard(turn_away)(request)

    return answer


def _health(metrics: Metrics, is_ready: IsReady) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> PlainTextResponse:
        """Say that the process answers."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "It does not answer."}})
    async def readyz() -> PlainTextResponse:
        """Say whether messages can be taken in: the database answers."""
        ready = await is_ready()
        return PlainTextResponse(
            "ready\n" if ready else "the database does not answer, or cannot be written\n", 200 if ready else 503
        )

    @router.get("/metrics", response_class=PlainTextResponse)
    async def show_metrics() -> Response:
        """Give the counters in Prometheus' format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router
