"""A strict, stateful Twilio on loopback: its REST API for messages, its webhooks, its STOP list, and its bad days.

    async with FakeTwilio(numbers=("+447700900999",), app=asgi_app) as twilio:
        channel = SmsChannel(account_sid=twilio.account_sid, auth_token=twilio.auth_token,
                             api_base_url=twilio.url, public_base_url=twilio.public_base_url, ...)
        turn = await twilio.text("+447700900123", "STOKE")    # signed webhook; turn.replies holds the texts
        again = await twilio.redeliver(turn.sid)              # the same MessageSid, as a retry or a fallback does
        twilio.fail_next(Refuse(429, retry_after=2), Hang())  # what the next API requests meet
        await twilio.report(sid, "delivered")                 # a signed status callback, in any order, any number
        assert twilio.phone("+447700900123") == [...]         # what the resident's phone shows

Webhooks go to `app` (any ASGI app) or, with `target="http://127.0.0.1:8000"`, over HTTP; they are signed for
`public_base_url` either way. Leaving the block fails the test if any API request broke Twilio's own OpenAPI
description; without that file (see EARSHOT_SHARED_DATA) `spec_checked` is False and only this module's rules hold.
"""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlencode, urljoin, urlsplit
from uuid import uuid4

import httpx2
from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.fakes import loopback
from tests.fakes.twilio_messages import (
    ApiError,
    Message,
    TwimlProblem,
    as_json,
    check_new_message,
    new_sid,
    read_twiml,
    select,
)
from tests.fakes.twilio_spec import OpenApiCheck

ACCOUNT_SID = "AC" + "0" * 32
SERVICE_SID = "MG" + "0" * 32
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
NUMBER = "+447700900999"

# Twilio's default keywords (docs/messaging/tutorials/advanced-opt-out); each answers by itself.
_STOP = frozenset(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"))
_START = frozenset(("START", "UNSTOP", "YES"))
_HELP = frozenset(("HELP", "INFO"))
_AUTO_REPLIES = {
    "STOP": "You have successfully been unsubscribed. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


@dataclass(frozen=True)
class Refuse:
    """Answer with an HTTP error and do nothing."""

    status: int
    code: int | None = None
    retry_after: str | None = None


@dataclass(frozen=True)
class Hang:
    """Never answer. With `accept`, the message is taken all the same."""

    accept: bool = False


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer. With `accept`, the message is taken all the same."""

    accept: bool = False


@dataclass(frozen=True)
class Garble:
    """Do what was asked, then answer with this instead of JSON."""

    body: bytes = b"<html>gateway</html>"


Fault = Refuse | Hang | Drop | Garble


@dataclass(frozen=True)
class Turn:
    """One webhook delivery: how often it was tried, the last HTTP status, and what the resident was sent back."""

    sid: str
    status: int
    attempts: int
    replies: list[str]
    sids: list[str]
    errors: list[str]


@dataclass
class FakeTwilio:
    """See the module: `async with FakeTwilio(...) as twilio`. Messages live in `messages`, oldest first."""

    account_sid: str = ACCOUNT_SID
    auth_token: str = AUTH_TOKEN
    numbers: tuple[str, ...] = (NUMBER,)
    services: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {SERVICE_SID: (NUMBER,)})
    public_base_url: str = "https://bot.example"
    webhook_path: str = "/channels/sms"  # may end in Twilio's connection overrides, as #rc=2&rp=all
    app: Callable[..., Any] | None = None
    target: str = ""
    advanced_opt_out: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    messages: list[Message] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, form or query
    complaints: list[str] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    url: str = ""

    async def __aenter__(self) -> "FakeTwilio":
        self._faults: deque[Fault] = deque()
        self._closing = asyncio.Event()
        self._spec = OpenApiCheck()
        self.spec_checked = self._spec.available
        self._web = loopback.caller(self.app)
        api = web.Application()
        for path in self._paths():
            api.router.add_route("*", path, self._serve)
        self._runner, self.url = await loopback.serve(api)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self._web.aclose()
        await self._runner.cleanup()
        if error is None and self.complaints:
            raise AssertionError("requests that Twilio would not understand:\n" + "\n".join(self.complaints))

    # What a test does

    async def text(self, sender: str, body: str, to: str = "", media: tuple[str, ...] = (), **extra: str) -> Turn:
        """Let a resident text us: store it as Twilio does, keep its STOP list, call our webhook."""
        ours = to or self.numbers[0]
        message = Message(
            sid=new_sid("MM" if media else "SM"), direction="inbound", sender=sender, receiver=ours, body=body,
            status="received", created_at=self.now(), media=media, service_sid=self._service_of(ours),
        )  # fmt: skip
        message.sent_at = message.created_at
        keyword = self._keep_stop_list(sender, body)
        if keyword:
            self._store_reply(message, _AUTO_REPLIES[keyword], "")
        message.opt_out_type = keyword if self.advanced_opt_out else ""
        self.messages.append(message)
        return await self._call_webhook(message, extra)

    async def redeliver(self, sid: str) -> Turn:
        """Call the webhook again for a text that came before: a retry, a fallback, a replay."""
        return await self._call_webhook(self.message(sid), {})

    def lose(self, sender: str, body: str) -> str:
        """Let a resident text us while our webhook cannot be reached at all: the text is in the list alone."""
        now = self.now()
        message = Message(
            sid=new_sid("SM"), direction="inbound", sender=sender, receiver=self.numbers[0], body=body,
            status="received", created_at=now, sent_at=now, service_sid=self._service_of(self.numbers[0]),
        )  # fmt: skip
        self.messages.append(message)
        return message.sid

    async def report(self, sid: str, status: str, code: str = "", **extra: str) -> int:
        """Send one status callback and give the HTTP status of the answer. Order and repeats are the test's."""
        message = self.message(sid)
        message.status, message.error_code = status, int(code) if code else None
        if not message.callback:
            raise AssertionError(f"{sid} was sent without a status callback")
        form = {
            "AccountSid": self.account_sid, "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid,
            "SmsStatus": status, "MessageStatus": status, "To": message.receiver, "From": message.sender,
        }  # fmt: skip
        if code:
            form["ErrorCode"] = code
        response, _ = await self._post(message.callback, form | extra, {})
        return response.status_code

    def fail_next(self, *faults: Fault) -> None:
        """Meet the next API requests with these, one each."""
        self._faults.extend(faults)

    def fail_no_more(self) -> None:
        """Forget the faults that no request has met."""
        self._faults.clear()

    def message(self, sid: str) -> Message:
        """Find one message by its sid."""
        return next(message for message in self.messages if message.sid == sid)

    def phone(self, number: str) -> list[str]:
        """Give the texts that this phone was sent, oldest first, Twilio's own replies too."""
        return [message.body for message in self.messages if message.receiver == number]

    def sids(self, number: str) -> list[str]:
        """Give the sids of what this phone was sent, oldest first."""
        return [message.sid for message in self.messages if message.receiver == number]

    # Webhooks

    async def _call_webhook(self, message: Message, extra: Mapping[str, str]) -> Turn:
        address, fragment = urldefrag(self._webhook_for(message))
        overrides = {name: values[0] for name, values in parse_qs(fragment).items()}
        headers = {"I-Twilio-Idempotency-Token": str(uuid4())}
        form = message.as_webhook_form(self.account_sid) | dict(extra)
        attempts = int(overrides.get("rc", "1")) + 1
        again_on = set(overrides.get("rp", "ct").split(","))
        for attempt in range(1, attempts + 1):
            response, failure = await self._post(address, form, headers)
            if not failure or not ({failure, "all"} & again_on) or attempt == attempts:
                break
        if failure:
            return Turn(message.sid, response.status_code, attempt, [], [], ["11200"])
        return self._take_replies(message, response, attempt)

    def _webhook_for(self, message: Message) -> str:
        """Give the address of the webhook that hears this message, with its connection overrides."""
        return urljoin(self.public_base_url, self.webhook_path)

    def _take_replies(self, message: Message, response: httpx2.Response, attempts: int) -> Turn:
        turn = Turn(message.sid, response.status_code, attempts, [], [], [])
        try:
            verbs = read_twiml(response.headers.get("content-type", ""), response.content)
        except TwimlProblem as problem:
            turn.errors.append(str(problem))
            self.complaints.append(f"reply to {message.sid}: TwiML error {problem}")
            return turn
        for body, callback in verbs:
            if message.sender in self.blocked:
                turn.errors.append("21610")
                continue
            absolute = urljoin(self._webhook_for(message), callback) if callback else ""
            turn.sids.append(self._store_reply(message, body, absolute))
            turn.replies.append(body)
        return turn

    async def _post(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[httpx2.Response, str]:
        """Post a signed form; give the response and, if it failed, Twilio's name for how: ct, rt, 4xx or 5xx."""
        signature = RequestValidator(self.auth_token).compute_signature(address, dict(form))
        to = self.target + address.removeprefix(self.public_base_url) if self.target else address
        try:
            response = await self._web.post(
                to,
                content=urlencode(form).encode(),
                headers={
                    **headers,
                    "X-Twilio-Signature": signature,
                    "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                    "User-Agent": "TwilioProxy/1.1",
                },
            )
        except httpx2.ConnectError:
            return httpx2.Response(502), "ct"
        except httpx2.TransportError:
            return httpx2.Response(502), "rt"
        return response, "" if response.status_code < 400 else f"{response.status_code // 100}xx"

    def _keep_stop_list(self, sender: str, body: str) -> str:
        word = body.strip().upper()
        if word in _STOP:
            self.blocked.add(sender)
            return "STOP"
        if word in _START and sender in self.blocked:
            self.blocked.discard(sender)
            return "START"
        return "HELP" if word in _HELP else ""

    def _store_reply(self, message: Message, body: str, callback: str) -> str:
        now = self.now()
        reply = Message(
            sid=new_sid("SM"), direction="outbound-reply", sender=message.receiver, receiver=message.sender, body=body,
            status="queued", created_at=now, sent_at=now, callback=callback, service_sid=message.service_sid,
        )  # fmt: skip
        self.messages.append(reply)
        return reply.sid

    def _service_of(self, number: str) -> str:
        return next((sid for sid, pool in self.services.items() if number in pool), "")

    # The REST API

    def _paths(self) -> tuple[str, ...]:
        messages = "/2010-04-01/Accounts/{account}/Messages"
        return f"{messages}.json", f"{messages}/{{sid}}.json"

    def _spec_for(self, path: str) -> OpenApiCheck:
        """Give the description that requests to this path must keep to."""
        return self._spec

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        is_form = request.content_type == "application/x-www-form-urlencoded" and request.method == "POST"
        pairs = parse_qs(body.decode() if is_form else request.query_string, keep_blank_values=True)
        fields = {name: values[0] for name, values in pairs.items()}
        self.requests.append((request.method, request.path, fields))
        self.complaints += self._spec_for(request.path).complaints(
            request.method, request.path, dict(request.query), body, request.content_type
        )
        fault = self._faults.popleft() if self._faults else None
        match fault:
            case Refuse(status, code, retry_after):
                headers = {"Retry-After": retry_after} if retry_after else {}
                return web.json_response(ApiError(status, code or status).as_json(), status=status, headers=headers)
            case Hang(accept=False) | Drop(accept=False):
                return await self._fail(request, fault)
        try:
            answer = self._answer(request, fields, body)
        except ApiError as error:
            return web.json_response(error.as_json(), status=error.status)
        if isinstance(fault, Hang | Drop):
            return await self._fail(request, fault)
        if isinstance(fault, Garble):
            return web.Response(body=fault.body, status=answer.status, content_type="text/html")
        return answer

    async def _fail(self, request: web.Request, fault: Hang | Drop) -> web.StreamResponse:
        if isinstance(fault, Hang):
            await self._closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _answer(self, request: web.Request, fields: dict[str, str], body: bytes) -> web.Response:
        self._check_password(request)
        if request.match_info["account"] != self.account_sid:
            raise ApiError(404, 20404)
        sid = request.match_info.get("sid")
        match request.method, sid:
            case "POST", None:
                return web.json_response(as_json(self._create(fields), self.account_sid), status=201)
            case "GET", None:
                return web.json_response(self._list(request, fields))
            case "GET", str() if any(message.sid == sid for message in self.messages):
                return web.json_response(as_json(self.message(sid), self.account_sid))
        raise ApiError(404, 20404)

    def _check_password(self, request: web.Request) -> None:
        credentials = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {credentials}":
            raise ApiError(401, 20003)

    def _create(self, fields: Mapping[str, str]) -> Message:
        service_sid = fields.get("MessagingServiceSid", "")
        check_new_message(fields, self.numbers, self.services)
        # Any number of the pool: here the last, so that nobody relies on its being the one that was texted.
        sender = fields.get("From") or self.services[service_sid][-1]
        if fields["To"] in self.blocked:
            raise ApiError(400, 21610)
        message = Message(
            sid=new_sid("SM"), direction="outbound-api", sender=sender, receiver=fields["To"], body=fields["Body"],
            status="accepted" if service_sid else "queued", created_at=self.now(),
            callback=fields.get("StatusCallback", ""), service_sid=service_sid or self._service_of(sender),
        )  # fmt: skip
        self.messages.append(message)
        return message

    def _list(self, request: web.Request, fields: Mapping[str, str]) -> dict[str, object]:
        found = select(self.messages, fields)
        token = fields.get("PageToken", "")
        if token:
            found = found[[message.sid for message in found].index(token.removeprefix("PA")) + 1 :]
        size = min(int(fields.get("PageSize", "50")), 1000)
        page, number = found[:size], int(fields.get("Page", "0"))
        more = {
            **fields,
            "PageSize": str(size),
            "Page": str(number + 1),
            "PageToken": f"PA{page[-1].sid}" if page else "",
        }
        here = urlsplit(str(request.url)).path
        return {
            "first_page_uri": f"{here}?PageSize={size}&Page=0",
            "next_page_uri": f"{here}?{urlencode(more)}" if len(found) > size else None,
            "previous_page_uri": None,
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(len(page) - 1, 0),
            "uri": f"{here}?PageSize={size}&Page={number}",
            "messages": [as_json(message, self.account_sid) for message in page],
        }
