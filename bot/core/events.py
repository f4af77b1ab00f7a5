"""What can happen to a conversation. The desk makes these from what a resident sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.core.commands import CommandKind
from bot.core.reading import Reading
from bot.core.value import value


@value
class Circumstances:
    """When and how something came.

    `channel` and `source` are as in the export; `short` asks for the SMS wording. `is_closed` says that the survey
    takes no more answers, `closed_on` in words. `recalled` holds the words of text answers that the survey's logic
    reads. `sent_at` is when a text that reached us late was sent.
    """

    at: datetime
    channel: str
    source: str
    short: bool
    is_closed: bool = False
    closed_on: str = ""
    recalled: Mapping[str, str] = field(default_factory=dict)
    sent_at: datetime | None = None


@value
class Began:
    """The resident texted the keyword for the first time, or NEW. `language` is empty unless one was asked for."""

    here: Circumstances
    language: str = ""


@value
class Wrote:
    """The resident wrote something that is neither a command nor a keyword.

    `reading` is the exact reading as an answer, where the desk has found one.
    """

    here: Circumstances
    text: str
    attachments: int = 0
    reading: Reading | None = None


@value
class Tapped:
    """The resident pressed a button; `choice_id` is what we put under it."""

    here: Circumstances
    choice_id: str
    text: str


@value
class Commanded:
    """The resident texted one of the commands. For MYDATA the argument is what the desk found to say."""

    here: Circumstances
    command: CommandKind
    argument: str = ""
    text: str = ""


@value
class KeywordAgain:
    """The survey's own keyword came again, perhaps with a language: the resident wants the question."""

    here: Circumstances
    language: str = ""


@dataclass(frozen=True, slots=True)
class PerhapsKeyword:
    """A keyword, this survey's or another's, came while an open question stands: it may be the answer."""

    here: Circumstances
    text: str
    keyword: str


@value
class Stopped:
    """The resident, or the carrier for them, said STOP."""

    here: Circumstances


@value
class Started:
    """The resident said START."""

    here: Circumstances


@value
class Delayed:
    """A text reached us that was sent before the standing question was asked: it cannot be its answer."""

    here: Circumstances


Event: TypeAlias = Began | Wrote | Tapped | Commanded | KeywordAgain | PerhapsKeyword | Stopped | Started | Delayed
