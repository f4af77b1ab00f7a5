"""The fake Telegram's chats: who has started, blocked or left, which messages stand where, and what the API refuses.

The words of the refusals are Telegram's own: clients tell them apart by nothing else.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from channels.segments import utf_16_units
from tests.fakes.telegram_queue import Refusal

NAMES = ("Zofia", "Example", "zofia_example")
"""First name, last name and username of every resident: nothing of ours may ever hold one."""

LONGEST_TEXT = 4096
MOST_BUTTONS = 100
_ANSWERED_WITHIN = timedelta(seconds=15)

Fields = Mapping[str, str]


@dataclass
class Chat:
    """One chat of the bot's. A private one has the id of its resident."""

    id: int
    kind: str = "private"
    language: str = ""
    started: bool = False
    blocked: bool = False
    deactivated: bool = False
    is_member: bool = True

    def as_json(self) -> dict[str, Any]:
        if self.kind != "private":
            return {"id": self.id, "type": self.kind, "title": "Example residents"}
        first, last, username = NAMES
        return {"id": self.id, "type": "private", "first_name": first, "last_name": last, "username": username}


@dataclass
class Sent:
    """One message in a chat, as JSON; `by_bot` says whose it is."""

    chat: Chat
    by_bot: bool
    body: dict[str, Any]

    @property
    def id(self) -> int:
        number: int = self.body["message_id"]
        return number

    @property
    def buttons(self) -> list[dict[str, str]]:
        return [button for row in self.body.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


@dataclass
class Chats:
    """Everything that stands in the chats of one bot. Ids are never used again."""

    bot: Mapping[str, Any]
    now: Callable[[], datetime]
    chats: dict[int, Chat] = field(default_factory=dict)
    messages: list[Sent] = field(default_factory=list)
    spinning: dict[str, datetime] = field(default_factory=dict)
    """Taps that no answer has ended yet, by callback id."""
    last_message_id: int = 0
    last_callback: int = 0

    # What residents do

    def user(self, chat_id: int, *, is_bot: bool = False) -> dict[str, Any]:
        first, last, username = NAMES
        user: dict[str, Any] = {"id": chat_id, "is_bot": is_bot, "first_name": first, "last_name": last}
        user["username"] = username
        language = self.chats[chat_id].language if chat_id in self.chats else ""
        return user | ({"language_code": language} if language else {})

    def keep(self, chat: Chat, sender: Mapping[str, Any], content: Mapping[str, Any]) -> Sent:
        """Let a message stand in a chat."""
        self.last_message_id += 1
        body = {
            "message_id": self.last_message_id,
            "from": dict(sender),
            "chat": chat.as_json(),
            "date": self.seconds(),
            **content,
        }
        sent = Sent(chat, sender["id"] == self.bot["id"], body)
        self.messages.append(sent)
        return sent

    def tap(self, under: Sent, data: str, *, inaccessible: bool) -> dict[str, Any]:
        """Write a callback query. Its number begins with the resident's own id, as in life."""
        self.last_callback += 1
        callback_id = str((under.chat.id << 32) + self.last_callback)
        self.spinning[callback_id] = self.now()
        gone = {"message_id": under.id, "chat": under.chat.as_json(), "date": 0}
        return {
            "id": callback_id,
            "from": self.user(under.chat.id),
            "chat_instance": "-3742",
            "message": gone if inaccessible else under.body,
            "data": data,
        }

    def membership(self, chat: Chat, by: int, before: str, after: str) -> dict[str, Any]:
        """Write that the bot's standing in a chat has changed."""

        def member(status: str) -> dict[str, Any]:
            return {"status": status, "user": dict(self.bot)} | ({"until_date": 0} if status == "kicked" else {})

        return {
            "chat": chat.as_json(),
            "from": self.user(by),
            "date": self.seconds(),
            "old_chat_member": member(before),
            "new_chat_member": member(after),
        }

    def seconds(self) -> int:
        return int(self.now().timestamp())

    def message(self, chat_id: int, message_id: int) -> Sent | None:
        return next((one for one in self.messages if (one.chat.id, one.id) == (chat_id, message_id)), None)

    # What the bot may do

    def send_message(self, fields: Fields) -> dict[str, Any]:
        chat = self._reachable(fields)
        text = fields.get("text", "")
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        if not text.strip():
            raise Refusal(400, "Bad Request: text must be non-empty")
        if utf_16_units(text) > LONGEST_TEXT:
            raise Refusal(400, "Bad Request: message is too long")
        markup = _keyboard(fields.get("reply_markup", ""))
        return self.keep(chat, self.bot, {"text": text} | ({"reply_markup": markup} if markup else {})).body

    def edit_message_reply_markup(self, fields: Fields) -> dict[str, Any]:
        chat = self._reachable(fields)
        number = fields.get("message_id", "")
        found = self.message(chat.id, int(number)) if number.isdecimal() else None
        if found is None:
            raise Refusal(400, "Bad Request: message to edit not found")
        if not found.by_bot:
            raise Refusal(400, "Bad Request: message can't be edited")
        markup = _keyboard(fields.get("reply_markup", ""))
        if markup == found.body.get("reply_markup", {}):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        found.body.pop("reply_markup", None)
        found.body |= {"edit_date": self.seconds()} | ({"reply_markup": markup} if markup else {})
        return found.body

    def answer_callback_query(self, fields: Fields) -> bool:
        since = self.spinning.pop(fields.get("callback_query_id", ""), None)
        if since is None or self.now() - since > _ANSWERED_WITHIN:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(fields.get("text", "")) > 200:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        return True

    def leave_chat(self, fields: Fields) -> bool:
        chat = self._reachable(fields)
        if chat.kind == "private":
            raise Refusal(400, "Bad Request: chat member status can't be changed in private chats")
        chat.is_member = False
        return True

    def _reachable(self, fields: Fields) -> Chat:
        """Find the chat that is meant, if the bot may act there."""
        wanted = fields.get("chat_id", "")
        if not wanted:
            raise Refusal(400, "Bad Request: chat_id is empty")
        chat = self.chats.get(int(wanted)) if wanted.lstrip("-").isdecimal() else None
        if chat is None:
            raise Refusal(400, "Bad Request: chat not found")
        for description, is_so in (
            ("user is deactivated", chat.deactivated),
            ("bot was blocked by the user", chat.blocked),
            ("bot was kicked from the supergroup chat", not chat.is_member),
            ("bot can't initiate conversation with a user", chat.kind == "private" and not chat.started),
        ):
            if is_so:
                raise Refusal(403, f"Forbidden: {description}")
        return chat


def _keyboard(markup: str) -> dict[str, Any]:
    """Read a reply_markup; an empty one is none. Raises Refusal as Telegram does."""
    if not markup:
        return {}
    try:
        read = json.loads(markup)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Refusal(400, "Bad Request: can't parse reply keyboard markup JSON object")
    rows = read.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refusal(400, 'Bad Request: field "inline_keyboard" must be of type Array')
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check_button(button)
    if len(buttons) > MOST_BUTTONS:
        raise Refusal(400, "Bad Request: reply markup is too long")
    return read if buttons else {}


def _check_button(button: object) -> None:
    if not isinstance(button, dict):
        raise Refusal(400, "Bad Request: can't parse inline keyboard button: expected an Object")
    if not isinstance(button.get("text"), str) or not button["text"]:
        raise Refusal(400, 'Bad Request: can\'t parse inline keyboard button: field "text" must be of type String')
    if set(button) == {"text"}:
        raise Refusal(
            400,
            "Bad Request: can't parse inline keyboard button: Text buttons are not allowed in the inline keyboard",
        )
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
