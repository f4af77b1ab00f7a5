"""Serving a fake provider on loopback, and calling our webhooks from it."""

import socket
from collections.abc import Callable
from typing import Any

import httpx2
from aiohttp import web


async def serve(api: web.Application) -> tuple[web.AppRunner, str]:
    """Serve a fake on a free port of 127.0.0.1; give what to `cleanup` at the end, and its address."""
    runner = web.AppRunner(api, access_log=None, shutdown_timeout=1)
    await runner.setup()
    # Bound and listening before anyone knows the port, so nobody has to wait for it.
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    return runner, f"http://127.0.0.1:{listener.getsockname()[1]}"


def caller(app: Callable[..., Any] | None) -> httpx2.AsyncClient:
    """Make the client by which a fake calls our webhooks: in this process where an ASGI application is given."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False) if app else None
    return httpx2.AsyncClient(transport=transport, trust_env=False, timeout=15)
