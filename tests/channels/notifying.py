"""A Notify channel for the fake's service, and what the tests of it share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from channels.base import Option, Outbound
from channels.notify import NotifyChannel
from tests.channels.webhooks import NOON
from tests.fakes.notify import API_KEY, CALLBACK_TOKEN, SERVICE_ID, TEMPLATE_ID, FakeNotify

SERVICE = SERVICE_ID
OURS = "+447700900999"
RESIDENT = "+447700900123"
OTHER = "+447700900124"
MESSAGE = Outbound(
    id="0190a",
    address=RESIDENT,
    our_address=OURS,
    text="Do you feel safe? 1/9",
    options=(Option("y", "Yes"), Option("n", "No")),
)


def notify_channel(
    api_base_url: str = "",
    *,
    api_key: str = API_KEY,
    template_id: str = TEMPLATE_ID,
    timeout: float = 15.0,
    clock: Callable[[], int] = lambda: NOON,
) -> NotifyChannel:
    """Set a channel up for the fake's service. Without an address of its own it is never asked to send."""
    return NotifyChannel(
        api_key=api_key,
        callback_token=CALLBACK_TOKEN,
        template_id=template_id,
        api_base_url=api_base_url,
        timeout=timeout,
        clock=clock,
    )


@asynccontextmanager
async def sending(
    notify: FakeNotify, *, api_key: str = API_KEY, template_id: str = TEMPLATE_ID, seconds: float = 10.0
) -> AsyncIterator[NotifyChannel]:
    """Give a channel that talks to the fake, and close it."""
    channel = notify_channel(notify.url, api_key=api_key, template_id=template_id, timeout=seconds)
    try:
        yield channel
    finally:
        await channel.close()
