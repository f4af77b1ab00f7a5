"""A strict, stateful Telegram on loopback: its Bot API for texts and buttons, its updates, and its bad days.

    async with FakeTelegram(app=asgi_app) as telegram:
        channel = TelegramChannel(token=telegram.token, webhook_secret=SECRET, api_base_url=telegram.url, ...)
        await channel.subscribe("https://bot.example/channels/telegram")  # else updates wait to be polled
        came = await telegram.write(RESIDENT, "hello")       # posted with the secret, and again until it is taken
        await telegram.speak(RESIDENT, voice_note(12))       # a voice note, which can be downloaded
        await telegram.tap(RESIDENT, "Agree")                # a button under the newest message that has it
        telegram.fail_next(Refuse(429, retry_after=2), Hang())  # what the next calls meet
        assert telegram.phone(RESIDENT) == [...]             # what the resident's app shows of ours

Webhooks go to `app` (any ASGI app) or, with `target="http://127.0.0.1:8000"`, over HTTP. Leaving the block fails the
test if a call, an answer or an update broke Telegram's own description; without that file (see EARSHOT_SHARED_DATA)
`spec_checked` is False and only the rules written here hold.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import httpx2
from aiohttp import web

from tests.fakes import loopback
from tests.fakes.telegram_chats import Chat, Chats, Fields, Sent
from tests.fakes.telegram_queue import Refusal, UpdateQueue, Waiting
from tests.fakes.telegram_spec import BotApiCheck
from tests.fakes.twilio import Drop, Hang

TOKEN = "4200000001:AAExampleExampleExampleExampleExample"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
LARGEST_FILE = 20 * 1024 * 1024
_RESULTS = {
    "getfile": "File",
    "getme": "User",
    "getupdates": "Array of Update",
    "getwebhookinfo": "WebhookInfo",
    "sendmessage": "Message",
    "editmessagereplymarkup": "Message",
}


@dataclass(frozen=True)
class Refuse:
    """Answer with an error and do nothing."""

    status: int
    description: str = "Refused by the test"
    retry_after: int | None = None


@dataclass(frozen=True)
class Garble:
    """Do what was asked, then answer with this instead of JSON, as a gateway does."""

    status: int = 502
    body: bytes = b"<html><h1>502 Bad Gateway</h1></html>"
    location: str = ""


Fault = Refuse | Hang | Drop | Garble


@dataclass(frozen=True)
class Came:
    """One update: how often the webhook was tried and its last HTTP status (0 while it waits to be polled)."""

    update_id: int
    attempts: int = 0
    status: int = 0


async def at_once() -> object:
    """Wait for nothing."""


@dataclass
class FakeTelegram:
    """See the module: `async with FakeTelegram(...) as telegram`."""

    token: str = TOKEN
    public_base_url: str = "https://bot.example"
    app: Callable[..., Any] | None = None
    target: str = ""
    tries: int = 3  # of a webhook, before an update is left waiting for `deliver`
    between_tries: Callable[[], Awaitable[object]] = at_once  # what Telegram waits for before it posts again
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    can_join_groups: bool = False
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # method, fields
    complaints: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)  # by file id
    url: str = ""

    async def __aenter__(self) -> "FakeTelegram":
        bot = {"id": int(self.token.split(":")[0]), "is_bot": True, "first_name": "Example", "username": "example_bot"}
        self.chats = Chats(bot, lambda: self.now())
        self.queue = UpdateQueue(lambda: self.now())
        self.webhook: dict[str, Any] = {"url": ""}
        self._secret = ""
        self._faults: deque[Fault] = deque()
        self._closing = asyncio.Event()
        self._spec = BotApiCheck()
        self.spec_checked = self._spec.available
        self._web = loopback.caller(self.app)
        api = web.Application()
        api.router.add_route("*", "/bot{token}/{method}", self._serve)
        api.router.add_route("GET", "/file/bot{token}/{path:.+}", self._serve_file)
        self._runner, self.url = await loopback.serve(api)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.queue.interrupt("the fake is closing")
        await self._web.aclose()
        await self._runner.cleanup()
        if error is None and self.complaints:
            raise AssertionError("what Telegram's description does not know:\n" + "\n".join(self.complaints))

    # What residents do

    async def write(self, chat_id: int, text: str, **extra: Any) -> Came:
        """Let a resident write; the first message starts the bot, as the app's Start button does."""
        return await self.send(chat_id, text=text, **extra)

    async def send(self, chat_id: int, **content: Any) -> Came:
        """Let a resident send anything: `voice={...}`, `photo=[...]`, `reply_to_message={...}`."""
        chat = self.chat(chat_id)
        chat.started = True
        sender = content.pop("sender", self.chats.user(chat_id))
        return await self.update("message", self.chats.keep(chat, sender, content).body)

    async def speak(self, chat_id: int, sound: bytes, **extra: Any) -> Came:
        """Let a resident send a voice note."""
        file_id = f"AwACAgQAAxkBAAIB{len(self.files):06}"
        self.files[file_id] = sound
        voice = {
            "file_id": file_id,
            "file_unique_id": f"AgAD{len(self.files)}",
            "duration": 1,
            "mime_type": "audio/ogg",
        }
        return await self.send(chat_id, voice=voice | {"file_size": len(sound)}, **extra)

    async def edit(self, chat_id: int, message_id: int, **content: Any) -> Came:
        """Let a resident change what they have sent."""
        found = self.chats.message(chat_id, message_id)
        assert found is not None
        found.body |= content | {"edit_date": self.chats.seconds()}
        return await self.update("edited_message", found.body)

    async def tap(self, chat_id: int, label: str, message_id: int = 0, *, inaccessible: bool = False) -> Came:
        """Let a resident tap a button, under the newest message that shows it or under the one named."""
        for sent in reversed(self.sent(chat_id)):
            for button in sent.buttons:
                if button["text"] == label and message_id in (0, sent.id):
                    query = self.chats.tap(sent, button["callback_data"], inaccessible=inaccessible)
                    return await self.update("callback_query", query)
        raise AssertionError(f"no message in this chat shows a button {label!r}")

    async def block(self, chat_id: int) -> Came:
        """Let a resident block the bot."""
        chat = self.chat(chat_id)
        chat.blocked = True
        return await self.update("my_chat_member", self.chats.membership(chat, chat_id, "member", "kicked"))

    async def unblock(self, chat_id: int) -> Came:
        """Let a resident unblock the bot."""
        chat = self.chat(chat_id)
        chat.blocked, chat.started = False, True
        return await self.update("my_chat_member", self.chats.membership(chat, chat_id, "kicked", "member"))

    async def put_into_group(self, group_id: int, by: int, kind: str = "supergroup") -> Came:
        """Let somebody put the bot into a group or channel."""
        group = self.chats.chats.setdefault(group_id, Chat(group_id, kind))
        return await self.update("my_chat_member", self.chats.membership(group, by, "left", "member"))

    async def update(self, kind: str, body: Mapping[str, Any]) -> Came:
        """Let any update happen. It is posted at once where there is a webhook, and waits where there is none."""
        # As it is now: a later edit must not change an update that waits.
        one = self.queue.put(kind, json.loads(json.dumps(body)))
        if one is None:
            return Came(0)
        self.complaints += self._spec.of_value("Update", one.update, f"update {one.id}")
        return await self._post_until_taken(one) if self.webhook["url"] else Came(one.id)

    async def deliver(self) -> list[Came]:
        """Post all that waits once more: what a webhook has refused, or what came before there was one."""
        return [await self._post_until_taken(one) for one in list(self.queue.head())]

    async def redeliver(self, update: Mapping[str, Any]) -> int:
        """Post an update that was taken before, as Telegram does when our 200 was lost; give the HTTP status."""
        return await self._post(update)

    def fail_next(self, *faults: Fault) -> None:
        """Meet the next calls with these, one each."""
        self._faults.extend(faults)

    def fail_no_more(self) -> None:
        """Forget the faults that no call has met."""
        self._faults.clear()

    def chat(self, chat_id: int, **how: Any) -> Chat:
        """Find or make a resident's private chat; `how` sets its fields, such as `language="pl"`."""
        chat = self.chats.chats.setdefault(chat_id, Chat(chat_id))
        for name, value in how.items():
            setattr(chat, name, value)
        return chat

    def sent(self, chat_id: int) -> list[Sent]:
        """Give the bot's messages in a chat, oldest first."""
        return [one for one in self.chats.messages if one.chat.id == chat_id and one.by_bot]

    def phone(self, chat_id: int) -> list[str]:
        """Give the texts that the bot has sent to a chat, oldest first."""
        return [one.body["text"] for one in self.sent(chat_id)]

    def buttons(self, chat_id: int) -> list[str]:
        """Give the labels under the bot's newest message."""
        return [button["text"] for button in self.sent(chat_id)[-1].buttons]

    # Webhooks

    async def _post_until_taken(self, one: Waiting) -> Came:
        for attempt in range(1, self.tries + 1):
            status = await self._post(one.update)
            if 200 <= status < 300:
                self.queue.done(one)
                return Came(one.id, attempt, status)
            self.webhook |= {
                "last_error_date": self.chats.seconds(),
                "last_error_message": f"Wrong response from the webhook: {status}",
            }
            await self.between_tries()
        return Came(one.id, self.tries, status)

    async def _post(self, update: Mapping[str, Any]) -> int:
        address = str(self.webhook["url"])
        to = self.target + address.removeprefix(self.public_base_url) if self.target else address
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._secret
        try:
            response = await self._web.post(to, content=json.dumps(update).encode(), headers=headers)
        except httpx2.TransportError:
            return 599
        if response.content:
            self.complaints.append("the webhook answered with a body: a call made there has no result")
        return response.status_code

    # The Bot API

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        fields = await _fields_of(request)
        method = request.match_info["method"]
        self.requests.append((method, fields))
        fault = self._faults.popleft() if self._faults else None
        if isinstance(fault, Hang | Drop) and not fault.accept:
            return await self._fail(request, fault)
        try:
            if isinstance(fault, Refuse):
                raise Refusal(fault.status, fault.description, fault.retry_after)
            result = await self._call(request.match_info["token"], method, fields)
        except Refusal as refusal:
            return web.json_response(refusal.as_json(), status=refusal.status)
        if isinstance(fault, Hang | Drop):
            return await self._fail(request, fault)
        if isinstance(fault, Garble):
            headers = {"Location": fault.location} if fault.location else {}
            return web.Response(body=fault.body, status=fault.status, headers=headers, content_type="text/html")
        return web.json_response({"ok": True, "result": result})

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(("file", {"path": request.match_info["path"]}))
        fault = self._faults.popleft() if self._faults else None
        if isinstance(fault, Hang | Drop):
            return await self._fail(request, fault)
        if isinstance(fault, Refuse | Garble):
            return web.Response(status=fault.status)
        found = self.files.get(request.match_info["path"].removeprefix("voice/").removesuffix(".oga"))
        if request.match_info["token"] != self.token or found is None:
            return web.json_response(Refusal(404, "Not Found").as_json(), status=404)
        return web.Response(body=found, content_type="application/octet-stream")

    async def _get_file(self, fields: Fields) -> object:
        file_id = fields.get("file_id", "")
        if file_id not in self.files:
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(self.files[file_id])
        if size > LARGEST_FILE:
            raise Refusal(400, "Bad Request: file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"AgAD{file_id[-6:]}",
            "file_size": size,
            "file_path": f"voice/{file_id}.oga",
        }

    async def _fail(self, request: web.Request, fault: Hang | Drop) -> web.StreamResponse:
        if isinstance(fault, Hang):
            await self._closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _call(self, token: str, method: str, fields: Fields) -> object:
        if token != self.token:
            raise Refusal(401, "Unauthorized")
        methods: Mapping[str, Callable[[Fields], Awaitable[object]]] = {
            "getfile": self._get_file,
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
        }
        in_chats: Mapping[str, Callable[[Fields], object]] = {
            "sendmessage": self.chats.send_message,
            "editmessagereplymarkup": self.chats.edit_message_reply_markup,
            "answercallbackquery": self.chats.answer_callback_query,
            "leavechat": self.chats.leave_chat,
        }
        name = method.lower()
        self.complaints += self._spec.of_call(method, fields)
        if name in methods:
            result = await methods[name](fields)
        elif name in in_chats:
            result = in_chats[name](fields)
        else:
            raise Refusal(404, "Not Found")
        self.complaints += self._spec.of_value(_RESULTS.get(name, "Boolean"), result, f"answer to {method}")
        return result

    async def _get_me(self, fields: Fields) -> object:
        asked = {"can_join_groups": self.can_join_groups, "can_read_all_group_messages": False}
        return dict(self.chats.bot) | asked | {"supports_inline_queries": False}

    async def _get_updates(self, fields: Fields) -> object:
        if self.webhook["url"]:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        self._remember_allowed(fields)
        limit = min(max(int(fields.get("limit", "100")), 1), 100)
        return await self.queue.poll(int(fields.get("offset", "0")), limit, float(fields.get("timeout", "0")))

    async def _set_webhook(self, fields: Fields) -> object:
        url, secret = fields.get("url", ""), fields.get("secret_token", "")
        if url and not url.startswith("https://"):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.fullmatch(secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        self.queue.interrupt("terminated by setWebhook request")
        self._remember_allowed(fields)
        self._drop_pending(fields)
        self._secret = secret
        self.webhook = {"url": url}
        return True

    async def _delete_webhook(self, fields: Fields) -> object:
        self._drop_pending(fields)
        self._secret = ""
        self.webhook = {"url": ""}
        return True

    async def _get_webhook_info(self, fields: Fields) -> object:
        about = {"has_custom_certificate": False, "pending_update_count": len(self.queue.head())}
        allowed = {"allowed_updates": list(self.queue.allowed)} if self.queue.allowed else {}
        return self.webhook | about | allowed

    def _remember_allowed(self, fields: Fields) -> None:
        if "allowed_updates" in fields:
            self.queue.allowed = tuple(json.loads(fields["allowed_updates"]))

    def _drop_pending(self, fields: Fields) -> None:
        if fields.get("drop_pending_updates", "").lower() == "true":
            self.queue.waiting.clear()


async def _fields_of(request: web.Request) -> dict[str, str]:
    """Read what was asked, however it was sent: in the address, as a form of either kind, or as JSON."""
    fields = dict(request.query)
    if request.content_type == "application/json":
        fields |= {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in (await request.json()).items()
        }
    else:
        fields |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return fields
