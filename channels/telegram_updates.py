"""Reads one Telegram update: what a resident wrote, tapped or sent, and nothing of who they are.

Names, usernames, places and phone numbers are never read: no structure here has a field for them. What the fields mean
stands at core.telegram.org/bots/api#update.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Raw, Struct, json

from channels.base import Arrival, Inbound, Kind, Sender
from channels.telegram_clock import Clocks

ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")
"""What we ask Telegram to send; it sends nothing else. To ask for less is to know less."""

# An edit is heard, kept, and answered; it is no answer to the question that stands now.
_EDITED: Final = Kind.EDITED
_PRIVATE: Final = "private"
_ALBUMS: Final = 1_000
_UNNAMED_TYPE: Final = "application/octet-stream"

_is_media_type = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII).fullmatch
_is_language_tag = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}").fullmatch
_start = re.compile(r"/start(?:@\w+)? ([A-Za-z0-9_-]{1,64})").fullmatch

# Telegram's own notes between the messages of a private chat. Nobody said anything, so nobody is answered.
_NOTES: Final = frozenset(
    (
        *("pinned_message", "message_auto_delete_timer_changed", "write_access_allowed", "chat_background_set"),
        *("forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened"),
        *("gift", "unique_gift", "gift_upgrade_sent", "boost_added", "connected_website", "checklist_tasks_done"),
        *("checklist_tasks_added", "poll_option_added", "poll_option_deleted", "proximity_alert_triggered"),
    )
)
# The more telling name first: Telegram repeats an animation as a document and a venue as a location.
_MEDIA: Final = (
    ("voice", "audio/ogg"),
    ("live_photo", "image/jpeg"),
    ("photo", "image/jpeg"),
    ("sticker", "image/webp"),
    ("animation", "video/mp4"),
    ("video", "video/mp4"),
    ("video_note", "video/mp4"),
    ("audio", "audio/mpeg"),
    ("document", _UNNAMED_TYPE),
    ("venue", "application/geo+json"),
    ("location", "application/geo+json"),
    ("contact", "text/vcard"),
)


class _Chat(Struct, frozen=True):
    id: int
    type: str


class _User(Struct, frozen=True):
    is_bot: bool = False
    language_code: str = ""


class _Seen(Struct, frozen=True):
    """Something that is there, and of which nothing is read."""


class _File(Struct, frozen=True):
    mime_type: str = ""
    file_id: str = ""


class _Reference(Struct, frozen=True):
    message_id: int


class _Button(Struct, frozen=True):
    text: str = ""
    callback_data: str = ""


class _Keyboard(Struct, frozen=True):
    inline_keyboard: tuple[tuple[_Button, ...], ...] = ()


class _Message(Struct, frozen=True, rename={"sender": "from"}):
    message_id: int
    chat: _Chat
    date: int = 0
    edit_date: int = 0
    sender: _User = _User()
    text: str = ""
    caption: str = ""
    media_group_id: str = ""
    reply_to_message: _Reference | None = None
    reply_markup: _Keyboard = _Keyboard()
    voice: _File | None = None
    audio: _File | None = None
    video: _File | None = None
    video_note: _File | None = None
    animation: _File | None = None
    document: _File | None = None
    sticker: _File | None = None
    live_photo: _File | None = None
    photo: tuple[_Seen, ...] = ()
    venue: _Seen | None = None
    location: _Seen | None = None
    contact: _Seen | None = None


class _Tap(Struct, frozen=True, rename={"sender": "from"}):
    id: str
    sender: _User
    data: str = ""
    message: _Message | None = None


class _Member(Struct, frozen=True):
    status: str


class _Membership(Struct, frozen=True, rename={"sender": "from"}):
    chat: _Chat
    sender: _User
    date: int
    new_chat_member: _Member


class _Update(Struct, frozen=True):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Tap | None = None
    my_chat_member: _Membership | None = None


class _Came(NamedTuple):
    """Under which id, when and by which way an update came."""

    event_id: str
    at: int
    arrival: Arrival


class TapInbound(Inbound, frozen=True, gc=False):
    """A tap, with what ends its spinner. That stays in memory: a callback id begins with the resident's own id.

    (Its upper 32 bits: compare the numbers in github.com/php-telegram-bot/core/issues/1377.)
    """

    callback_id: str = ""
    message_id: int = 0


_decode_update = json.Decoder(_Update).decode
_decode_names = json.Decoder(dict[str, Raw]).decode


class UpdateReader:
    """Turns the updates of one bot into messages."""

    def __init__(self, channel: str, bot_id: str, clocks: Clocks) -> None:
        self._channel = channel
        self._bot_id = bot_id
        self._clocks = clocks
        self._albums: dict[str, int] = {}
        """The first piece of each album that came of late, by the album's id."""

    def read(self, body: bytes, at: int, arrival: Arrival) -> tuple[Inbound, ...]:
        """Read one update: one message, or none if it is not for us. Raises ValueError."""
        try:
            update = _decode_update(body)
        except RecursionError:
            raise ValueError("the update is nested too deep") from None
        came = _Came(str(update.update_id), at, arrival)
        found: Inbound | None = None
        if update.message is not None:
            found = self._said(came, update.message, body)
        elif update.callback_query is not None:
            found = self._tapped(came, update.callback_query)
        elif update.edited_message is not None:
            found = self._edited(came, update.edited_message)
        elif update.my_chat_member is not None:
            found = self._joined_or_left(came, update.my_chat_member)
        return () if found is None else (found,)

    def _said(self, came: _Came, message: _Message, body: bytes) -> Inbound | None:
        if message.chat.type != _PRIVATE:
            return None
        media = "" if message.text else _media_type(message)
        started = _start(message.text)
        payload = started[1] if started else ""
        if message.text:
            kind = Kind.START if payload else Kind.TEXT
        elif media:
            kind = Kind.PART if self._is_further_piece(message) else Kind.MEDIA
        elif _NOTES.isdisjoint(_decode_names(_decode_names(body)["message"])):
            kind = Kind.UNSUPPORTED
        else:
            return None
        return self._inbound(
            came,
            kind,
            message.chat,
            message.sender,
            text=payload or message.text or message.caption,
            provider_at=self._clocks.ours(message.date),
            reply_to=str(message.reply_to_message.message_id) if message.reply_to_message else "",
            media=(media,) if media else (),
            fields={"message_id": str(message.message_id)},
            voice=message.voice.file_id if message.voice is not None and kind is Kind.MEDIA else "",
        )

    def _is_further_piece(self, message: _Message) -> bool:
        """Say whether this is a later piece of an album, and has no words of its own: one album gets one answer.

        Telegram sends each picture as a message. Who reads the first is not remembered beyond this process, so at
        worst each process answers once.
        """
        if not message.media_group_id:
            return False
        if len(self._albums) >= _ALBUMS and message.media_group_id not in self._albums:
            del self._albums[next(iter(self._albums))]
        first = self._albums.setdefault(message.media_group_id, message.message_id)
        return first != message.message_id and not message.caption

    def _edited(self, came: _Came, message: _Message) -> Inbound | None:
        """Read an edit. One without words is none of a resident's doing: a live location that moves, say."""
        text = message.text or message.caption
        if message.chat.type != _PRIVATE or not text:
            return None
        return self._inbound(
            came,
            _EDITED,
            message.chat,
            message.sender,
            text=text,
            provider_at=self._clocks.ours(message.edit_date or message.date),
            reply_to=str(message.message_id),
            fields={"edited_message_id": str(message.message_id)},
        )

    def _tapped(self, came: _Came, tap: _Tap) -> Inbound | None:
        """Read a tap. Telegram does not say when it was; an old message comes without its buttons, so without words."""
        under = tap.message
        if under is None or under.chat.type != _PRIVATE or not tap.data:
            return None
        buttons = [button for row in under.reply_markup.inline_keyboard for button in row]
        return TapInbound(
            channel=self._channel,
            provider="telegram",
            account=self._bot_id,
            event_id=came.event_id,
            kind=Kind.CHOICE,
            address=str(under.chat.id),
            our_address=self._bot_id,
            text=next((button.text for button in buttons if button.callback_data == tap.data), ""),
            at=came.at,
            choice_id=tap.data,
            reply_to=str(under.message_id),
            language_hint=_language_of(tap.sender),
            sender=_kind_of(tap.sender),
            arrival=came.arrival,
            waits=True,
            callback_id=tap.id,
            message_id=under.message_id,
        )

    def _joined_or_left(self, came: _Came, change: _Membership) -> Inbound | None:
        """Read that a resident blocked or unblocked us, or that somebody has put us into a group."""
        now, is_private = change.new_chat_member.status, change.chat.type == _PRIVATE
        if is_private and now in ("kicked", "member"):
            kind = Kind.BLOCKED if now == "kicked" else Kind.UNBLOCKED
        elif not is_private and now in ("member", "administrator", "restricted"):
            kind = Kind.UNSUPPORTED
        else:
            return None
        fields = {} if is_private else {"chat": change.chat.type}
        return self._inbound(
            came, kind, change.chat, change.sender, provider_at=self._clocks.ours(change.date), fields=fields
        )

    def _inbound(
        self,
        came: _Came,
        kind: Kind,
        chat: _Chat,
        sender: _User,
        *,
        text: str = "",
        provider_at: int | None,
        reply_to: str = "",
        media: tuple[str, ...] = (),
        fields: Mapping[str, str],
        voice: str = "",
    ) -> Inbound:
        return Inbound(
            channel=self._channel,
            provider="telegram",
            account=self._bot_id,
            event_id=came.event_id,
            kind=kind,
            address=str(chat.id),
            our_address=self._bot_id,
            text=text,
            at=came.at,
            reply_to=reply_to,
            media=media,
            provider_at=provider_at,
            language_hint=_language_of(sender),
            # A group is kept as a sender where nobody reads, so that it is never answered like a person.
            sender=_kind_of(sender) if chat.type == _PRIVATE else Sender.ALPHANUMERIC,
            arrival=came.arrival,
            fields=fields,
            voice=voice,
            waits=bool(fields.get("chat")),
        )


def _media_type(message: _Message) -> str:
    """Name what came as a MIME type; empty if nothing did."""
    for name, usual in _MEDIA:
        part = getattr(message, name)
        if part:
            # The sender's own app writes the type, so it is believed only if it looks like one.
            said = part.mime_type if isinstance(part, _File) else ""
            return said if _is_media_type(said) else usual
    return ""


def _language_of(user: _User) -> str:
    return user.language_code if _is_language_tag(user.language_code) else ""


def _kind_of(user: _User) -> Sender:
    """Tell people from bots, with which we would talk for ever."""
    return Sender.ALPHANUMERIC if user.is_bot else Sender.PERSON
