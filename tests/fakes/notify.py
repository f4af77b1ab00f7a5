"""A strict, stateful GOV.UK Notify on loopback: its API for texts, its callbacks, its limits, and its bad days.

    async with FakeNotify(app=asgi_app) as notify:
        channel = NotifyChannel(api_key=notify.api_key, callback_token=notify.callback_token,
                                api_base_url=notify.url, template_id=TEMPLATE_ID, clock=...)
        turn = await notify.text("+447700900123", "STOKE")    # the callback, with its bearer token and its retries
        again = await notify.redeliver(turn.id)               # the same id once more
        notify.fail_next(Refuse(429, "RateLimitError"), Hang())  # what the next API requests meet
        await notify.report(id, "delivered")                  # a delivery receipt
        assert notify.phone("+447700900123") == [...]         # what the resident's phone shows

It follows docs.notifications.service.gov.uk/rest-api.html, and where that is silent what Notify's own open code does
(alphagov/notifications-api): errors as JSON, schemas without room for more, tokens of at most 30 seconds, characters
that become question marks, smoke-test numbers that are accepted and kept nowhere.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
from aiohttp import web

from tests.fakes import loopback
from tests.fakes.notify_rules import NotifyError, as_sent, check_token, check_uuid, validation
from tests.fakes.twilio import Drop, Garble, Hang

SERVICE_ID = "26785a09-ab16-4eb0-8407-a37497a57506"
SECRET = "3d844edf-8d35-48ac-975b-e847b4f122b0"
API_KEY = f"made_up_key-{SERVICE_ID}-{SECRET}"
CALLBACK_TOKEN = "a-callback-token-for-tests"
TEMPLATE_ID = "f33517ff-2a88-4f6e-b855-c550268ce08a"
NUMBER = "07700900999"
PAGE = 250
LONGEST = 918
CALLBACK_TRIES = 6
_SMOKE_TEST = frozenset({"+447700900000", "+447700900111", "+447700900222"})
_FIELDS = frozenset({"phone_number", "template_id", "personalisation", "reference", "sms_sender_id", "scheduled_for"})
_FILTERS = frozenset({"reference", "status", "template_type", "include_jobs", "older_than"})


@dataclass(frozen=True)
class Refuse:
    """Answer with an error of this kind and do nothing; without a kind, with a gateway's page."""

    status: int
    error: str = ""
    message: str = "made up"


Fault = Refuse | Hang | Drop | Garble


@dataclass(frozen=True)
class Turn:
    """One callback: how often it was tried, and the last HTTP status."""

    id: str
    status: int
    attempts: int


@dataclass
class Text:
    """One text that was sent."""

    id: str
    receiver: str
    body: str
    created_at: datetime
    reference: str | None = None
    status: str = "created"


@dataclass
class FakeNotify:
    """See the module: `async with FakeNotify(...) as notify`. What was sent is in `texts`, what came in `received`."""

    api_key: str = API_KEY
    callback_token: str = CALLBACK_TOKEN
    number: str = NUMBER
    templates: dict[str, str] = field(default_factory=lambda: {TEMPLATE_ID: "((message))"})
    team: frozenset[str] | None = None  # in trial mode, the only numbers that may be texted
    sends_abroad: bool = False
    per_minute: int = 3000
    per_day: int = 250_000
    clock_ahead: float = 0.0  # seconds by which Notify's clock is before the client's
    app: Callable[..., Any] | None = None
    target: str = "https://bot.example"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    texts: list[Text] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # method, path, JSON or query
    connections: set[object] = field(default_factory=set)
    url: str = ""

    async def __aenter__(self) -> "FakeNotify":
        self._faults: deque[Fault] = deque()
        self._closing = asyncio.Event()
        api = web.Application()
        api.router.add_route("*", "/{path:.*}", self._serve)
        self._runner, self.url = await loopback.serve(api)
        return self

    async def __aexit__(self, *ended: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    # What a test does

    async def text(self, sender: str, words: str) -> Turn:
        """Let a resident text the service, and call the service's callback."""
        return await self.redeliver(self.lose(sender, words))

    def lose(self, sender: str, words: str) -> str:
        """Let a resident text the service while its callback cannot be reached: the text is on the list alone."""
        self.received.append(
            {
                "id": str(uuid4()),
                "created_at": _written(self.now()),
                "service_id": SERVICE_ID,
                "notify_number": self.number,
                "user_number": sender.removeprefix("+"),
                "content": words,
            }
        )
        return self.received[-1]["id"]

    async def redeliver(self, text_id: str) -> Turn:
        """Call the callback for a text that came, again after a 5xx, a 429 or no answer, and after no other answer."""
        text = next(each for each in self.received if each["id"] == text_id)
        body = {
            "id": text["id"],
            "source_number": text["user_number"],
            "destination_number": text["notify_number"],
            "message": text["content"],
            "date_received": text["created_at"],
        }
        status, attempts = 599, 0
        while (status >= 500 or status == 429) and attempts < CALLBACK_TRIES:
            status = await self._call_back("/channels/notify", body)
            attempts += 1
        return Turn(text_id, status, attempts)

    async def report(self, text_id: str, status: str) -> int:
        """Send one delivery receipt and give the HTTP status of the answer. Order and repeats are the test's."""
        text = next(each for each in self.texts if each.id == text_id)
        text.status = status
        receipt = {
            "id": text.id, "reference": text.reference, "to": text.receiver, "status": status,
            "created_at": _written(text.created_at), "completed_at": _written(self.now()),
            "sent_at": _written(text.created_at), "notification_type": "sms", "template_id": TEMPLATE_ID,
            "template_version": 1,
        }  # fmt: skip
        return await self._call_back("/channels/notify/status", receipt)

    def fail_next(self, *faults: Fault) -> None:
        """Meet the next API requests with these, one each."""
        self._faults.extend(faults)

    def phone(self, number: str) -> list[str]:
        """Give the texts that this phone was sent, oldest first."""
        return [text.body for text in self.texts if text.receiver == number]

    async def _call_back(self, path: str, body: Mapping[str, object]) -> int:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.callback_token}"}
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False) if self.app else None
        try:
            async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=5) as caller:
                answer = await caller.post(self.target + path, content=json.dumps(body).encode(), headers=headers)
        except httpx2.TransportError:
            return 599
        return answer.status_code

    # The API

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        said = json.loads(body) if body else dict(request.query)
        self.requests.append((request.method, request.path, said))
        self.connections.add(request.transport)
        fault = self._faults.popleft() if self._faults else None
        if isinstance(fault, Hang | Drop) and not fault.accept:
            return await self._fail(request, fault)
        try:
            if isinstance(fault, Refuse):
                if not fault.error:
                    headers = {"Location": f"{self.url}{request.path}"} if fault.status < 400 else {}
                    return web.Response(status=fault.status, body=b"<html>gateway</html>", headers=headers)
                raise NotifyError(fault.status, fault.error, fault.message)
            check_token(request.headers.get("Authorization"), SERVICE_ID, SECRET, self.clock_ahead)
            status, answer = self._answer(request.method, request.path, said)
        except NotifyError as error:
            return web.json_response(error.as_json(), status=error.status)
        if isinstance(fault, Hang | Drop):
            return await self._fail(request, fault)
        if isinstance(fault, Garble):
            return web.Response(body=fault.body, status=status, content_type="text/html")
        return web.json_response(answer, status=status)

    async def _fail(self, request: web.Request, fault: Hang | Drop) -> web.StreamResponse:
        if isinstance(fault, Hang):
            await self._closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _answer(self, method: str, path: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        match method, path.strip("/").split("/"):
            case "POST", ["v2", "notifications", "sms"]:
                return 201, self._send(said)
            case "GET", ["v2", "notifications"]:
                return 200, self._sent_page(said)
            case "GET", ["v2", "notifications", wanted]:
                if found := [self._as_json(text) for text in self.texts if text.id == wanted]:
                    return 200, found[0]
            case "GET", ["v2", "received-text-messages"]:
                return 200, self._received_page(said)
            case "GET", ["v2", "templates"]:
                every = [{"id": id, "type": "sms", "name": "any", "body": body} for id, body in self.templates.items()]
                return 200, {"templates": every}
        raise NotifyError(404, "NoResultFound", "No result found")

    def _send(self, form: dict[str, Any]) -> dict[str, Any]:
        self._check_limits()
        template = self._check_form(form)
        receiver = form["phone_number"]
        if self.team is not None and receiver not in self.team:
            raise NotifyError(400, "BadRequestError", "Can’t send to this recipient when service is in trial mode")
        if not receiver.startswith("+44") and not self.sends_abroad:
            raise NotifyError(400, "BadRequestError", "Cannot send to international mobile numbers")
        body = as_sent(template, form.get("personalisation", {}))
        length = len(body.encode("utf-16-le")) // 2
        if not 0 < length <= LONGEST:
            raise NotifyError(
                400, "BadRequestError", "Your message is too long." if length else "Your message is empty."
            )
        text = Text(str(uuid4()), receiver, body, self.now(), form.get("reference"))
        if receiver not in _SMOKE_TEST:
            self.texts.append(text)
        return {
            "id": text.id, "reference": text.reference, "uri": f"{self.url}/v2/notifications/{text.id}",
            "content": {"body": body, "from_number": self.number}, "scheduled_for": None,
            "template": {"id": form["template_id"], "version": 1, "uri": f"{self.url}/templates"},
        }  # fmt: skip

    def _check_limits(self) -> None:
        now = self.now()
        if sum(text.created_at > now - timedelta(minutes=1) for text in self.texts) >= self.per_minute:
            message = f"Exceeded rate limit for key type LIVE of {self.per_minute} requests per 60 seconds"
            raise NotifyError(429, "RateLimitError", message)
        if sum(text.created_at.date() == now.date() for text in self.texts) >= self.per_day:
            raise NotifyError(429, "TooManyRequestsError", f"Exceeded send limits (sms: {self.per_day}) for today")

    def _check_form(self, form: dict[str, Any]) -> str:
        """Hold the form against Notify's schema, and give the template's words."""
        for name in ("phone_number", "template_id"):
            if name not in form:
                raise validation(f"{name} is a required property")
        if extra := form.keys() - _FIELDS:
            raise validation(f"Additional properties are not allowed ({', '.join(sorted(extra))} was unexpected)")
        check_uuid("template_id", form["template_id"])
        if not re.fullmatch(r"\+?[\d\s()-]+", form["phone_number"]):
            raise validation("phone_number Must not contain letters or symbols")
        if not re.fullmatch(r"\+(447\d{9}|(?!44)\d{8,15})", form["phone_number"]):
            raise validation("phone_number Not enough digits")
        if not isinstance(form.get("personalisation", {}), dict):
            raise validation(f"personalisation {form['personalisation']} is not of type object")
        if len(form.get("reference", "")) > 1000:
            raise validation(f"reference {form['reference']} is too long")
        if form["template_id"] not in self.templates:
            raise NotifyError(400, "BadRequestError", "Template not found")
        return self.templates[form["template_id"]]

    def _sent_page(self, query: dict[str, str]) -> dict[str, Any]:
        if extra := query.keys() - _FILTERS:
            raise validation(f"Additional properties are not allowed ({', '.join(sorted(extra))} was unexpected)")
        if query.get("template_type", "sms") not in ("sms", "email", "letter"):
            raise validation("template_type is not one of [sms, email, letter]")
        wanted = [text for text in self.texts if query.get("reference") in (None, text.reference)]
        page = _page([self._as_json(text) for text in wanted], query)
        return {"notifications": page, "links": self._links("notifications", page)}

    def _received_page(self, query: dict[str, str]) -> dict[str, Any]:
        if query.keys() - {"older_than"}:
            raise validation("Additional properties are not allowed")
        page = _page(self.received, query)
        return {"received_text_messages": page, "links": self._links("received-text-messages", page)}

    def _links(self, what: str, page: list[dict[str, Any]]) -> dict[str, str]:
        here = f"{self.url}/v2/{what}"
        return {"current": here} | ({"next": f"{here}?older_than={page[-1]['id']}"} if page else {})

    def _as_json(self, text: Text) -> dict[str, Any]:
        empty = ("email_address", "subject", "postcode", "scheduled_for", "created_by_name", "postage")
        return {
            **dict.fromkeys((*empty, *[f"line_{n}" for n in range(1, 7)])),
            "id": text.id, "reference": text.reference, "phone_number": text.receiver, "type": "sms",
            "status": text.status, "body": text.body, "created_at": _written(text.created_at),
            "sent_at": _written(text.created_at), "completed_at": None, "cost_in_pounds": 0.024,
            "is_cost_data_ready": True, "template": {"id": TEMPLATE_ID, "version": 1, "uri": "/v2/template"},
        }  # fmt: skip


def _page(rows: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give the next rows, newest first; none if what they should be older than is not known."""
    mark = query.get("older_than")
    if mark is None:
        return rows[::-1][:PAGE]
    UUID(mark)
    place = next((place for place, row in enumerate(rows) if row["id"] == mark), 0)
    return rows[:place][::-1][:PAGE]


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
