"""The application: webhooks beside FastAPI, which serves health, metrics and the pages."""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.metrics import CONTENT_TYPE, Metrics
from bot.web.pages import STATIC_URL, static_files

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
) -> Application:
    """Put the application together."""
    pages = FastAPI(title="Earshot", docs_url=None, redoc_url=None, openapi_url=None)
    pages.include_router(_health(metrics, is_ready))
    for router in routers:
        pages.include_router(router)
    pages.mount(STATIC_URL, static_files())
    return Application(webhooks, pages)


def _health(metrics: Metrics, is_ready: IsReady) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        """Say that the process answers."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> PlainTextResponse:
        """Say whether messages can be taken in: the database answers."""
        ready = await is_ready()
        return PlainTextResponse("ready\n" if ready else "the database does not answer\n", 200 if ready else 503)

    @router.get("/metrics")
    async def show_metrics() -> Response:
        """Give the counters in Prometheus' format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router
