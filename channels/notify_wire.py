"""What GOV.UK Notify writes and what it means for us: its JSON, statuses and errors, its numbers, times and letters.

Sources: docs.notifications.service.gov.uk/rest-api.html, and for letters Notify's own code, named below.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from channels.base import Outage, Problem, Status
from channels.segments import GSM_7_BASIC, GSM_7_EXTENSION

Id = Annotated[str, Meta(min_length=1, max_length=140)]


class KeyRefused(Outage):
    """Notify does not know the key, or our clock is off by more than 30 seconds. A person has to put that right."""

    def __init__(self) -> None:
        super().__init__("GOV.UK Notify refused its list: check NOTIFY_API_KEY and this machine's clock")


class ReceivedText(Struct, frozen=True, kw_only=True):
    """One text that Notify received for the service, as its list has it. `received_at` is as Notify writes it."""

    id: Id
    sender: Id = field(name="user_number")
    ours: str = field(name="notify_number")
    text: str = field(name="content")
    received_at: str = field(default="", name="created_at")

    def __repr__(self) -> str:
        """Name the text, never its words or its sender."""
        return f"{type(self).__name__}({self.id})"


class TextCallback(ReceivedText, frozen=True, kw_only=True):
    """The same text as a callback brings it: the same id under other names."""

    sender: Id = field(name="source_number")
    ours: str = field(name="destination_number")
    text: str = field(name="message")
    received_at: str = field(default="", name="date_received")


class ReceiptCallback(Struct, frozen=True):
    """One delivery receipt. Whom the text went to is not even read."""

    id: Id
    status: str
    notification_type: str
    reference: str | None = None


class SentText(Struct, frozen=True):
    """One text that Notify has of ours. `created_at` is as Notify writes it."""

    id: str
    status: str
    reference: str | None = None
    phone_number: str | None = None
    body: str | None = None
    created_at: str = ""

    def __repr__(self) -> str:
        """Name the text, never its words or whom it is for."""
        return f"SentText({self.id})"


STATUSES: Final[Mapping[str, Status]] = {
    "created": Status.QUEUED,
    "sending": Status.SENDING,
    "pending": Status.SENT,
    "sent": Status.SENT,  # to another country: nothing more will be heard
    "delivered": Status.DELIVERED,
    "permanent-failure": Status.UNDELIVERED,
    "temporary-failure": Status.UNDELIVERED,
    "technical-failure": Status.FAILED,
}
"""How far a text has come, in Notify's words."""

FAILURES: Final[Mapping[str, Problem]] = {
    "permanent-failure": Problem.BAD_ADDRESS,  # "remove them from your database", says Notify
    "temporary-failure": Problem.UNREACHABLE,  # the phone was off for 72 hours, or its inbox is full
    "technical-failure": Problem.UNREACHABLE,  # between Notify and the carrier: "you'll have to try sending again"
}

ERRORS: Final[Mapping[str, Problem]] = {
    "AuthError": Problem.CONFIGURATION,  # a wrong or revoked key, or a clock that is off by more than 30 seconds
    "BadRequestError": Problem.CONFIGURATION,  # trial mode, a team-only key, no such template, no right to send
    "InvalidPhoneError": Problem.BAD_ADDRESS,
    "TooManyRequestsError": Problem.CONFIGURATION,  # the service's limit for the day
    "ValidationError": Problem.CONFIGURATION,  # unless it is the number's
}
"""Notify's kinds of error. It asks that programs read the kind and never the message, which may change."""

_NUMBER = re.compile(r"(?:\+|00)?([0-9]{9,15})").fullmatch

_WELSH: Final = "àáâäèéêëìíîïòóôöùúûüẁẃŵẅỳýŷÿÀÁÂÄÈÉÊËÌÍÎÏÒÓÔÖÙÚÛÜẀẂŴẄỲÝŶŸ"
_CARRIED: Final = frozenset(GSM_7_BASIC + GSM_7_EXTENSION + _WELSH) - {"\f"}
_SWAPPED: Final = frozenset("łŁ")


def international(number: str) -> str:
    """Write a number as +447700900123. Notify writes 447700900123 for residents and 07700900123 for the service.

    What is no such number, a short code or a name, stays as it is.
    """
    found = _NUMBER(number.replace(" ", ""))
    if found is None:
        return number
    digits = found[1]
    return f"+44{digits[1:]}" if digits.startswith("0") else f"+{digits}"


def milliseconds(written: str) -> int | None:
    """Read one of Notify's times, which are UTC whether they say so or not; None if it is none that a clock shows."""
    try:
        moment = datetime.fromisoformat(written)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return int(seconds * 1000) if 0 < seconds < 2**32 else None


def is_carried(character: str) -> bool:
    """Whether Notify sends this character, or its letter without the accent, and no question mark.

    It keeps GSM-7 and Welsh letters and takes the accents off others (alphagov/notifications-utils,
    sanitise_text.py). Urdu, Arabic, Bengali, Greek small letters and every emoji become question marks.
    """
    if character in _CARRIED or character in _SWAPPED:
        return True
    base = unicodedata.decomposition(character).split(" ")[0]
    return bool(base) and not base.startswith("<") and chr(int(base, 16)) in _CARRIED
