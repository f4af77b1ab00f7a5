"""The fake Twilio with the account around its messages: numbers, Messaging Services and how they are set up.

    async with FakeTwilioAccount() as twilio:
        twilio.set_number(NUMBER, sms_url="https://bot.example/channels/sms")
        twilio.set_service(SERVICE_SID, inbound_request_url=None)
        twilio.set_sender("whatsapp:+447700900500", callback_url="https://bot.example/channels/whatsapp")
        twilio.clock_ahead = 60                                # seconds, in the Date header

Everything here is read only, as it is for `doctor`: another method than GET is refused, and so is a query that Twilio
does not know. The fields and their defaults are those of twilio-oai's descriptions of api.v2010 and messaging (v1, v2).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_messages import ApiError
from tests.fakes.twilio_spec import OpenApiCheck

_ACCOUNT = "/2010-04-01/Accounts/{account}.json"
_NUMBERS = "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json"
_SERVICE = "/v1/Services/{service}"
_SENDERS = "/v2/Channels/Senders"
_QUERIES = {
    _SENDERS: frozenset({"Channel", "PageSize", "Page", "PageToken"}),
    _ACCOUNT: frozenset[str](),
    _NUMBERS: frozenset({"PhoneNumber", "FriendlyName", "Beta", "Origin", "PageSize", "Page", "PageToken"}),
    _SERVICE: frozenset[str](),
    f"{_SERVICE}/PhoneNumbers": frozenset({"PageSize", "Page", "PageToken"}),
    f"{_SERVICE}/AlphaSenders": frozenset({"PageSize", "Page", "PageToken"}),
}
_NUMBER_AS_BOUGHT: dict[str, Any] = {
    "sms_url": "https://demo.twilio.com/welcome/sms/reply",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
    "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
}
_SENDER_AS_MADE: dict[str, Any] = {
    "callback_url": "",
    "callback_method": "POST",
    "fallback_url": "",
    "fallback_method": "POST",
    "status_callback_url": "",
    "status_callback_method": "POST",
}
_SERVICE_AS_MADE: dict[str, Any] = {
    "inbound_request_url": None,
    "inbound_method": "POST",
    "fallback_url": None,
    "fallback_method": "POST",
    "use_inbound_webhook_on_number": False,
    "validity_period": 36_000,
    "sticky_sender": True,
    "smart_encoding": True,
}


class _NoDescription(OpenApiCheck):
    """What is not in the description at hand is held to the rules of this module instead."""

    def __init__(self) -> None:
        self.available = False

    def complaints(self, *request: object) -> list[str]:
        return []


@dataclass
class FakeTwilioAccount(FakeTwilio):
    """See the module."""

    status: str = "active"
    type: str = "Full"
    alpha_senders: tuple[str, ...] = ()
    clock_ahead: float = 0.0
    number_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    service_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    senders: list[dict[str, Any]] = field(default_factory=list)

    async def __aenter__(self) -> "FakeTwilioAccount":
        await super().__aenter__()
        return self

    def set_number(self, number: str, **settings: object) -> None:
        """Set a number up, in the words of the API."""
        self.number_settings[number] = settings

    def set_service(self, sid: str, **settings: object) -> None:
        """Set a Messaging Service up, in the words of the API."""
        self.service_settings[sid] = settings

    def set_sender(self, sender: str, status: str = "ONLINE", **webhook: object) -> None:
        """Set a WhatsApp sender up, in the words of the API."""
        self.senders = [each for each in self.senders if each["sender_id"] != sender]
        settings = {"webhook": _SENDER_AS_MADE | webhook, "configuration": {"waba_id": "1"}, "offline_reasons": None}
        self.senders.append({"sid": f"XE{len(self.senders):032d}", "sender_id": sender, "status": status, **settings})

    def _paths(self) -> tuple[str, ...]:
        return (*super()._paths(), *_QUERIES)

    def _spec_for(self, path: str) -> OpenApiCheck:
        return super()._spec_for(path) if "/Messages" in path else _NoDescription()

    def _answer(self, request: web.Request, fields: dict[str, str], body: bytes) -> web.Response:
        path = request.match_info.route.resource.canonical if request.match_info.route.resource else ""
        if path not in _QUERIES:
            return super()._answer(request, fields, body)
        self._check_password(request)
        if request.method != "GET" or body:
            self.complaints.append(f"{request.method} {request.path}: this fake is read only")
        if unknown := set(request.query) - _QUERIES[path]:
            self.complaints.append(f"{request.method} {request.path}: Twilio knows no {', '.join(sorted(unknown))}")
        date = format_datetime(self.now() + timedelta(seconds=self.clock_ahead), usegmt=True)
        return web.json_response(self._resource(path, request), headers={"Date": date})

    def _resource(self, path: str, request: web.Request) -> dict[str, Any]:
        if request.match_info.get("account", self.account_sid) != self.account_sid:
            raise ApiError(404, 20404)
        match path:
            case "/2010-04-01/Accounts/{account}.json":
                return {"sid": self.account_sid, "status": self.status, "type": self.type, "auth_token": "hidden"}
            case "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json":
                wanted = request.query.get("PhoneNumber", "")
                numbers = [self._number(number) for number in self.numbers if wanted in number]
                return {"incoming_phone_numbers": numbers, "page": 0, "page_size": 50, "next_page_uri": None}
            case "/v2/Channels/Senders":
                if request.query.get("Channel") != "whatsapp":
                    raise ApiError(400, 20001)
                return {"senders": self.senders, "meta": {"key": "senders", "page": 0, "next_page_url": None}}
        sid = request.match_info["service"]
        if sid not in self.services:
            raise ApiError(404, 20404)
        match path.rpartition("/")[2]:
            case "PhoneNumbers":
                return {"phone_numbers": [{"phone_number": number} for number in self.services[sid]], "meta": {}}
            case "AlphaSenders":
                return {"alpha_senders": [{"alpha_sender": name} for name in self.alpha_senders], "meta": {}}
        return {"sid": sid, **_SERVICE_AS_MADE, **self.service_settings.get(sid, {})}

    def _number(self, number: str) -> dict[str, Any]:
        return {"phone_number": number, **_NUMBER_AS_BOUGHT, **self.number_settings.get(number, {})}
