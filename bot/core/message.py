"""One message as the desk reads it: what kind of thing a resident sent, how it came, and what is known beside it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class Heard(StrEnum):
    """What kind of thing a resident sent, as the channel understood it."""

    TEXT = "text"
    TAP = "tap"
    CARRIER_STOP = "carrier_stop"
    CARRIER_START = "carrier_start"
    CARRIER_HELP = "carrier_help"
    LINK = "link"  # pressed Start on a link: the text is the code it brought
    EDITED = "edited"  # changed a text that was sent before
    NOTICE = "notice"  # nothing that a person said


class Message(Struct, frozen=True, gc=False):
    """One message as the desk reads it.

    `is_answerable` is False for short codes and alphanumeric senders. `sent_at` is when it was sent, of a text that
    reached us late: fetched after an outage, or run again. `is_spoken` marks a voice note that a person can write down.
    `carrier` is the company whose app carries the words, where that is no telephone network. `new_code` is there to be
    given out if LINK asks for one; `is_led` says that the code in a LINK leads to another address. `language_hint` is
    what the app or the poster says of its reader's language. `quoted` is the survey and the question of our
    message that this one was written under. `is_danger` marks words that a person must read.
    """

    at: datetime
    heard: Heard
    text: str
    channel: str
    source: str
    short: bool
    choice_id: str = ""
    attachments: int = 0
    is_answerable: bool = True
    is_spoken: bool = False
    sent_at: datetime | None = None
    recalled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    new_code: str = ""
    is_led: bool = False
    carrier: str = ""
    language_hint: str = ""
    quoted: tuple[str, str] = ("", "")
    is_danger: bool = False
