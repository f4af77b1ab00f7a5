"""A channel behind the smallest web server that can be written, and requests signed as Twilio signs them."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Literal
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from channels.base import Channel, Inbound, Outbound, Receipt, Refused, Request
from channels.sms import SmsChannel
from channels.whatsapp import WhatsAppChannel
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER
from tests.fakes.twilio_whatsapp import WHATSAPP_SENDER

BASE = "https://bot.example"
NOON = 1_767_268_800_000  # 1 January 2026, 12:00 UTC


def sms_channel(
    *,
    auth_token: str = AUTH_TOKEN,
    auth_token_secondary: str = "",
    sender: str = NUMBER,
    api_base_url: str = "",
    reply: Literal["inline", "rest"] = "inline",
    timeout: float = 15.0,
) -> SmsChannel:
    """Set a channel up for the fake's account."""
    return SmsChannel(
        account_sid=ACCOUNT_SID,
        auth_token=auth_token,
        auth_token_secondary=auth_token_secondary,
        sender=sender,
        public_base_url=BASE,
        api_base_url=api_base_url,
        reply=reply,
        timeout=timeout,
        clock=lambda: NOON,
    )


def whatsapp_channel(
    *,
    auth_token: str = AUTH_TOKEN,
    sender: str = WHATSAPP_SENDER,
    api_base_url: str = "",
    timeout: float = 15.0,
    clock: Callable[[], int] = lambda: NOON,
) -> WhatsAppChannel:
    """Set a WhatsApp channel up for the fake's account."""
    return WhatsAppChannel(
        account_sid=ACCOUNT_SID,
        auth_token=auth_token,
        sender=sender,
        public_base_url=BASE,
        api_base_url=api_base_url,
        timeout=timeout,
        clock=clock,
    )


def signed(path: str, fields: Mapping[str, str], token: str = AUTH_TOKEN) -> Request:
    """Make the request that Twilio would post."""
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": RequestValidator(token).compute_signature(BASE + path, fields),
    }
    return Request(path, headers, urlencode(fields).encode(), at=NOON)


class Bot:
    """An ASGI app that keeps what a channel hears and replies to each text with what `reply` says."""

    def __init__(self, channel: Channel, reply: Callable[[Inbound], tuple[Outbound, ...]] = lambda heard: ()) -> None:
        self.channel = channel
        self.heard: list[Inbound] = []
        self.receipts: list[Receipt] = []
        self.broken_for = 0
        self._reply = reply

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        query = scope["query_string"].decode()
        path = scope["raw_path"].decode() + (f"?{query}" if query else "")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, body, kind = self._respond(Request(path, headers, (await receive())["body"], at=NOON))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": body})

    def _respond(self, request: Request) -> tuple[int, bytes, str]:
        if self.broken_for:
            self.broken_for -= 1
            return 500, b"", "text/plain"
        try:
            if "/status" in request.path:
                self.receipts += self.channel.receipts(request)
                return 204, b"", "text/plain"
            heard = self.channel.receive(request)
        except Refused as refusal:
            return refusal.status, b"", "text/plain"
        self.heard += heard
        answer = self.channel.answer(tuple(out for one in heard for out in self._reply(one)))
        return 200, answer.body, answer.media_type
