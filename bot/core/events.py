"""What can happen to a conversation. The desk makes these from what a resident sent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias

from msgspec import Struct, field

from bot.core.commands import CommandKind
from bot.core.reading import Reading


class Circumstances(Struct, frozen=True, gc=False):
    """When and how something came.

    `channel` and `source` are as in the export; `short` asks for the SMS wording. `is_closed` says that the survey
    takes no more answers, `closed_on` since when. `recalled` holds the words of text answers that the survey's logic
    reads. `carrier` is the company whose app carries the words, where that is no telephone network. `sent_at` is when a
    text that reached us late was sent. `language_hint` is what the app or the poster says of its reader's language.
    `is_danger` says that what came speaks of danger.
    """

    at: datetime
    channel: str
    source: str
    short: bool
    is_closed: bool = False
    closed_on: date | None = None
    recalled: Mapping[str, str] = field(default_factory=dict)
    carrier: str = ""
    sent_at: datetime | None = None
    language_hint: str = ""
    is_danger: bool = False


class Began(Struct, frozen=True, gc=False):
    """The resident texted the keyword for the first time, or NEW. `language` is empty unless one was asked for.

    `missing` is a language that was asked for and is not offered. `word` is the campaign's that invited, if one did.
    """

    here: Circumstances
    language: str = ""
    missing: str = ""
    word: str = ""


class Wrote(Struct, frozen=True, gc=False):
    """The resident wrote something that is neither a command nor a keyword.

    `reading` is the exact reading as an answer, where the desk has found one. `is_spoken` says that a voice note came
    which can be kept for a person to write down. `about` is an earlier question that the text quotes.
    """

    here: Circumstances
    text: str
    attachments: int = 0
    reading: Reading | None = None
    is_spoken: bool = False
    about: str = ""


class Tapped(Struct, frozen=True, gc=False):
    """The resident pressed a button; `choice_id` is what we put under it."""

    here: Circumstances
    choice_id: str
    text: str


class Commanded(Struct, frozen=True, gc=False):
    """The resident texted one of the commands. For MYDATA and LINK the argument is what the desk found to say."""

    here: Circumstances
    command: CommandKind
    argument: str = ""
    text: str = ""


class KeywordAgain(Struct, frozen=True, gc=False):
    """The survey's own keyword came again, perhaps with a language: the resident wants the question.

    `missing` is a language that was asked for and is not offered.
    """

    here: Circumstances
    language: str = ""
    missing: str = ""


class PerhapsKeyword(Struct, frozen=True, gc=False):
    """A keyword, this survey's or another's, came while an open question stands: it may be the answer."""

    here: Circumstances
    text: str
    keyword: str


class Stopped(Struct, frozen=True, gc=False):
    """The resident, or the carrier for them, said STOP."""

    here: Circumstances


class Started(Struct, frozen=True, gc=False):
    """The resident said START."""

    here: Circumstances


class Delayed(Struct, frozen=True, gc=False):
    """A text came that cannot be the standing question's answer: sent before that was asked, or after what was lost."""

    here: Circumstances


class Edited(Struct, frozen=True, gc=False):
    """The resident changed a text that they had sent before."""

    here: Circumstances


Event: TypeAlias = (
    Began | Wrote | Tapped | Commanded | KeywordAgain | PerhapsKeyword | Stopped | Started | Delayed | Edited
)
