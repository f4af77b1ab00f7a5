"""The fake Twilio with WhatsApp: windows of 24 hours, templates, buttons and lists, taps, people without a number.

    async with FakeWhatsApp(app=asgi_app) as twilio:
        await twilio.text(RESIDENT, "STOKE")                  # signed webhook, as WhatsApp's look; opens the window
        twilio.screen(RESIDENT)[-1].buttons                   # what the phone shows
        await twilio.tap(RESIDENT, "Yes")                     # a button or a row of the newest message that has it
        await twilio.deliver()                                # what was sent arrives, or fails later as 63016 does
        await twilio.read(sid)                                # two blue ticks
        await twilio.speak(RESIDENT, voice_note(12))          # a voice note, which can be downloaded
        template = twilio.approve("Your survey is open.")     # may be sent outside the window

It is an SMS fake all the same: what does not begin with `whatsapp:` goes the way it goes there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin

from aiohttp import web

from tests.fakes.twilio import FakeTwilio, Turn
from tests.fakes.twilio_content import PATHS, Content, ContentStore, Shown
from tests.fakes.twilio_media import PATHS as MEDIA_PATHS
from tests.fakes.twilio_media import MediaStore, Medium
from tests.fakes.twilio_messages import ApiError, Message, new_sid
from tests.fakes.twilio_spec import CONTENT_SPEC, SHARED_DATA, OpenApiCheck

WHATSAPP_SENDER = "whatsapp:+447700900999"
WINDOW = timedelta(hours=24)

_ADDRESS = re.compile(r"whatsapp:(\+[1-9]\d{6,14}|[A-Z]{2}\.[0-9A-Za-z]{1,128})")
# Where a file is fetched from answers with the file, which is not in Twilio's description.
_UNDESCRIBED = OpenApiCheck(SHARED_DATA / "none")
_PLACES = ("City", "State", "Zip", "Country")


@dataclass
class WhatsAppMessage(Message):
    """One WhatsApp message: `shown` is what a phone shows of ours, `extra` what Twilio posts of theirs."""

    shown: Shown | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    def as_webhook_form(self, account_sid: str) -> dict[str, str]:
        """Write the form that Twilio posts, without the places that only SMS has."""
        form = super().as_webhook_form(account_sid)
        places = {f"{end}{place}" for end in ("From", "To") for place in _PLACES}
        return {name: value for name, value in form.items() if name not in places} | dict(self.extra)


@dataclass
class FakeWhatsApp(FakeTwilio):
    """See the module. `user_ids` is Meta's id of a resident by their phone's address, sent beside it."""

    whatsapp_senders: tuple[str, ...] = (WHATSAPP_SENDER,)
    whatsapp_path: str = "/channels/whatsapp"
    user_ids: dict[str, str] = field(default_factory=dict)
    content: ContentStore = field(default_factory=ContentStore)
    media: MediaStore = field(default_factory=MediaStore)

    async def __aenter__(self) -> "FakeWhatsApp":
        self._content_spec = OpenApiCheck(CONTENT_SPEC, "https://content.twilio.com")
        self._on_their_way: list[tuple[str, str]] = []  # sid, and the code with which it will fail
        await super().__aenter__()
        return self

    # What a test does

    async def text(self, sender: str, body: str, to: str = "", media: tuple[str, ...] = (), **extra: str) -> Turn:
        """Let a resident write to us. This opens the window of 24 hours."""
        if not sender.startswith("whatsapp:"):
            return await super().text(sender, body, to, media, **extra)
        now = self.now()
        message = WhatsAppMessage(
            sid=new_sid("MM" if media else "SM"), direction="inbound", sender=sender,
            receiver=to or self.whatsapp_senders[0], body=body, status="received", created_at=now, sent_at=now,
            media=media, extra=self._told_of(sender, media) | extra,
        )  # fmt: skip
        self.messages.append(message)
        return await self._call_webhook(message, {})

    def lose(self, sender: str, body: str) -> str:
        """Let a resident write while our webhook cannot be reached at all: the message is in the list alone."""
        sid = super().lose(sender, body)
        if sender.startswith("whatsapp:"):
            self.message(sid).receiver = self.whatsapp_senders[0]
        return sid

    async def speak(self, sender: str, sound: bytes, media_type: str = "audio/ogg", *, is_lost: bool = False) -> str:
        """Let a resident send a voice note, and give its sid; one that is lost is in the list alone."""
        now = self.now()
        message = WhatsAppMessage(
            sid=new_sid("MM"), direction="inbound", sender=sender, receiver=self.whatsapp_senders[0], body="",
            status="received", created_at=now, sent_at=now, media=(media_type,),
            extra=self._told_of(sender, (media_type,)),
        )  # fmt: skip
        self.messages.append(message)
        self.media.kept.append(Medium(message.sid, media_type, sound))
        if not is_lost:
            await self._call_webhook(message, {})
        return message.sid

    async def tap(self, sender: str, title: str) -> Turn:
        """Let a resident tap a button or pick a row, of the newest message that has it."""
        for message in reversed(self.messages):
            shown = message.shown if isinstance(message, WhatsAppMessage) and message.receiver == sender else None
            for tapped_id, tapped in (*(shown.buttons if shown else ()), *(shown.rows if shown else ())):
                if tapped == title and shown:
                    names = ("ButtonPayload", "ButtonText") if shown.buttons else ("ListId", "ListTitle")
                    extra = dict(zip(names, (tapped_id, title), strict=True)) | {
                        "MessageType": "interactive",
                        "OriginalRepliedMessageSid": message.sid,
                        "OriginalRepliedMessageSender": message.sender,
                    }
                    return await self.text(sender, title, "", (), **extra)
        raise AssertionError(f"no message on this phone has {title!r} to tap")

    async def deliver(self) -> None:
        """Let what was sent by REST arrive, with its reports; what may not arrive fails only now."""
        due, self._on_their_way = self._on_their_way, []
        for sid, code in due:
            for status in ("sent", "failed") if code else ("sent", "delivered"):
                await self.report(sid, status, code if status == "failed" else "", ChannelPrefix="whatsapp")

    async def read(self, sid: str) -> int:
        """Report that the resident has opened the message."""
        return await self.report(sid, "read", ChannelPrefix="whatsapp", EventType="READ")

    def approve(self, body: str) -> str:
        """Make a template that Meta has approved, and give its sid."""
        made = Content(new_sid("HX"), "template", "en", {"twilio/text": {"body": body}}, {}, approved=True)
        self.content.kept.append(made)
        return made.sid

    def screen(self, address: str) -> list[Shown]:
        """Give what this phone shows of ours, oldest first, but for what failed."""
        return [
            message.shown
            for message in self.messages
            if isinstance(message, WhatsAppMessage) and message.shown and message.receiver == address
            if message.status != "failed"
        ]

    # Webhooks

    def _told_of(self, sender: str, media: tuple[str, ...]) -> dict[str, str]:
        number = sender.removeprefix("whatsapp:+")
        return {
            "ProfileName": "Zofia \N{SUNFLOWER}",
            "WaId": number if number.isdecimal() else "",
            "MessageType": media[0].partition("/")[0] if media else "text",
            "Forwarded": "false",
            "FrequentlyForwarded": "false",
            "ReferralNumMedia": "0",
            "ExternalUserId": self.user_ids.get(sender, "" if number.isdecimal() else sender),
            "ChannelMetadata": json.dumps({"type": "whatsapp", "data": {"context": {"ProfileName": "Zofia"}}}),
        }

    def _webhook_for(self, message: Message) -> str:
        if message.sender.startswith("whatsapp:"):
            return urljoin(self.public_base_url, self.whatsapp_path)
        return super()._webhook_for(message)

    # The REST API

    def _paths(self) -> tuple[str, ...]:
        return *super()._paths(), *PATHS, *MEDIA_PATHS

    def _spec_for(self, path: str) -> OpenApiCheck:
        is_file = "/Media/" in path and not path.endswith(".json")
        if is_file or path.startswith("/elsewhere/"):
            return _UNDESCRIBED
        return self._content_spec if path.startswith("/v1/") else super()._spec_for(path)

    def _answer(self, request: web.Request, fields: dict[str, str], body: bytes) -> web.Response:
        if request.path.startswith("/elsewhere/"):
            return self.media.download(request)
        if "/Media" in request.path:
            self._check_password(request)
            answer = self.media.answer(request, self.account_sid)
            self.complaints += self.media.complaints
            self.media.complaints.clear()
            return answer
        if not request.path.startswith("/v1/"):
            return super()._answer(request, fields, body)
        self._check_password(request)
        sid = request.match_info.get("sid")
        match request.method, sid:
            case "POST", None:
                made = self.content.create(body)
                return web.json_response(made.as_json(self.account_sid, self.url), status=201)
            case "GET", None:
                return web.json_response(self.content.page(fields, self.account_sid, self.url))
            case "GET", str():
                found = self.content.find(sid, ApiError(404, 20404))
                return web.json_response(found.as_json(self.account_sid, self.url))
        raise ApiError(405, 20004)

    def _create(self, fields: Mapping[str, str]) -> Message:
        receiver, sender = fields.get("To", ""), fields.get("From", "")
        if not receiver.startswith("whatsapp:"):
            return super()._create(fields)
        service_sid = fields.get("MessagingServiceSid", "")
        self._check(fields)
        sender = sender or next(one for one in self.services[service_sid] if one in self.whatsapp_senders)
        content, shown = self._shown(fields)
        message = WhatsAppMessage(
            sid=new_sid("SM"), direction="outbound-api", sender=sender, receiver=self._known_as(receiver),
            body=shown.text, status="accepted" if service_sid else "queued", created_at=self.now(),
            callback=fields.get("StatusCallback", ""), service_sid=service_sid, shown=shown,
        )  # fmt: skip
        self.messages.append(message)
        self._on_their_way.append((message.sid, self._fate(message, content)))
        return message

    def _check(self, fields: Mapping[str, str]) -> None:
        """Refuse what Twilio refuses at once, with its codes. Raises ApiError."""
        service_sid, sender = fields.get("MessagingServiceSid", ""), fields.get("From", "")
        body, content_sid = fields.get("Body", ""), fields.get("ContentSid", "")
        validity = fields.get("ValidityPeriod", "36000")
        pool = self.services.get(service_sid, ())
        for code, wrong in (
            (21211, not _ADDRESS.fullmatch(fields["To"]) or len(fields["To"]) > 140),
            (21603, not service_sid and not sender),
            (21910, bool(sender) and not sender.startswith("whatsapp:")),
            (63007, bool(sender) and sender not in self.whatsapp_senders),
            (60727, bool(service_sid) and not set(pool) & set(self.whatsapp_senders)),
            (21602, not body and not content_sid),
            (21617, len(body) > 1600),
            (21654, "ContentVariables" in fields and not content_sid),
            (21609, not fields.get("StatusCallback", "https://").startswith(("http://", "https://"))),
            (20001, bool(body) and bool(content_sid)),
            (20001, not validity.isdecimal() or not 1 <= int(validity) <= 36000),
        ):
            if wrong:
                raise ApiError(400, code)

    def _shown(self, fields: Mapping[str, str]) -> tuple[Content | None, Shown]:
        content_sid = fields.get("ContentSid", "")
        if not content_sid:
            return None, Shown(fields["Body"])
        content = self.content.find(content_sid, ApiError(400, 21655))
        return content, content.shown(json.loads(fields.get("ContentVariables", "{}")))

    def _fate(self, message: WhatsAppMessage, content: Content | None) -> str:
        """Give the code with which this message will fail on its way, or nothing."""
        if not self._window_is_open(message):
            return "" if content and content.can_open_a_conversation else "63016"
        too_many = message.shown is not None and len(message.shown.buttons) > 3
        return "63021" if too_many and not (content and content.approved) else ""

    def _window_is_open(self, message: WhatsAppMessage) -> bool:
        return any(
            one.direction == "inbound"
            and (one.sender, one.receiver) == (message.receiver, message.sender)
            and message.created_at - one.created_at < WINDOW
            for one in self.messages
        )

    def _known_as(self, address: str) -> str:
        """Give the phone's address where Twilio knows it, for it names a resident by the phone if it can."""
        return next((phone for phone, user_id in self.user_ids.items() if user_id == address), address)
