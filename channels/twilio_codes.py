"""What Twilio's error codes mean for us, as data: whether to stop, to tell a person, or to try once more.

Twilio warns that codes are not for programs and may change, so a code that is not here is `UNKNOWN` and permanent:
a message too few is mended by a person, a message too many is not. Source: twilio.com/docs/api/errors/<code>.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from channels.base import Problem

_MINUTES: Final = 60
_HOURS: Final = 3600


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code asks of us. `retry_after` is in seconds: when one more try makes sense; None, never by ourselves."""

    problem: Problem
    retry_after: int | None = None


_STOPPED = Meaning(Problem.OPTED_OUT)
_NO_SUCH_PHONE = Meaning(Problem.BAD_ADDRESS)
_OUR_SETTINGS = Meaning(Problem.CONFIGURATION)
_REFUSED_BY_CARRIER = Meaning(Problem.BLOCKED)
_SLOW_DOWN = Meaning(Problem.TOO_FAST, 10 * _MINUTES)

MEANINGS: Final[Mapping[str, Meaning]] = {
    "21610": _STOPPED,  # the resident texted STOP to this sender
    "63014": _STOPPED,  # the resident has blocked us on WhatsApp
    "21211": _NO_SUCH_PHONE,  # To is no phone number
    "21614": _NO_SUCH_PHONE,  # To is not a mobile
    "21635": _NO_SUCH_PHONE,  # To is a landline
    "30005": _NO_SUCH_PHONE,  # unknown handset
    "30006": _NO_SUCH_PHONE,  # landline or unreachable carrier
    "63003": _NO_SUCH_PHONE,  # no WhatsApp at this address
    "63024": _NO_SUCH_PHONE,  # not on WhatsApp, or its app is too old
    "20003": _OUR_SETTINGS,  # wrong account sid or token
    "20404": _OUR_SETTINGS,  # wrong address of the API, or account
    "21212": _OUR_SETTINGS,  # From is no phone number
    "21408": _OUR_SETTINGS,  # the country is not permitted in the console
    "21602": _OUR_SETTINGS,  # no text
    "21603": _OUR_SETTINGS,  # no sender
    "21606": _OUR_SETTINGS,  # the sender is not ours or cannot send SMS
    "21608": _OUR_SETTINGS,  # a trial account writes to verified numbers only
    "21609": _OUR_SETTINGS,  # the status callback is no address
    "21612": _OUR_SETTINGS,  # no route from this sender to that number
    "21617": _OUR_SETTINGS,  # longer than 1,600 characters
    "21655": _OUR_SETTINGS,  # the template is not there, or another account's
    "21656": _OUR_SETTINGS,  # the template wants values, or others
    "21671": _OUR_SETTINGS,  # no templates or buttons in Twilio's Ireland region
    "30002": _OUR_SETTINGS,  # the account is suspended
    "30034": _OUR_SETTINGS,  # unregistered sender (United States)
    "63002": _OUR_SETTINGS,  # WhatsApp does not know the sender
    "63007": _OUR_SETTINGS,  # the WhatsApp sender is not ours, or not approved yet
    "63008": _OUR_SETTINGS,  # the WhatsApp sender is not set up
    "63020": _OUR_SETTINGS,  # Meta's invitation to Twilio is not accepted
    "63021": _OUR_SETTINGS,  # WhatsApp rejects what the message holds
    "63027": _OUR_SETTINGS,  # no such template in this language
    "63028": _OUR_SETTINGS,  # the template wants other values
    "63038": _OUR_SETTINGS,  # the account's daily limit
    "30004": _REFUSED_BY_CARRIER,  # blocked
    "30007": _REFUSED_BY_CARRIER,  # filtered
    "63013": _REFUSED_BY_CARRIER,  # against WhatsApp's policy
    "63049": _REFUSED_BY_CARRIER,  # Meta holds marketing back from this person
    "63032": _REFUSED_BY_CARRIER,  # WhatsApp lets no business write to this person just now
    "30003": Meaning(Problem.UNREACHABLE, 4 * _HOURS),  # the phone is off or out of reach
    "30008": Meaning(Problem.UNREACHABLE, 15 * _MINUTES),  # the carrier gave no reason
    "63012": Meaning(Problem.UNREACHABLE, 15 * _MINUTES),  # WhatsApp itself had a fault
    "30036": Meaning(Problem.EXPIRED),  # the validity period ran out before it was sent
    "20429": _SLOW_DOWN,  # too many requests
    "21611": _SLOW_DOWN,  # the sender's queue is full
    "30001": _SLOW_DOWN,  # the same, found later
    "63017": _SLOW_DOWN,  # WhatsApp's rate
    "63018": _SLOW_DOWN,  # the WhatsApp sender's rate
    "63016": Meaning(Problem.OUTSIDE_WINDOW),  # WhatsApp: only a template may be sent now
}

_NOT_IN_THE_TABLE: Final = Meaning(Problem.UNKNOWN)


def meaning(code: str) -> Meaning:
    """Say what a code asks of us; a code that is not in the table is unknown and permanent."""
    return MEANINGS.get(code, _NOT_IN_THE_TABLE)
