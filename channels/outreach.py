"""Which phone numbers a campaign may write to first: United Kingdom mobiles, and no others.

Twilio does not refuse a British landline; the carrier reads the text out by voice, at its price
(twilio.com/en/guidelines/gb/sms). Personal numbers (070) and pagers (076) look like mobiles and cost more. Jersey,
Guernsey and the Isle of Man share the ranges but not the law under which a council here asks.
"""

import re
from typing import Final

_UK: Final = "+44"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
# Ofcom keeps 07700 900000 to 900999 for drama and tests; no phone answers there, and every directory calls it invalid.
_DRAMA = re.compile(r"\+447700900\d{3}")


def refuse_for_outreach(address: str) -> str | None:
    """Say why a campaign may not write to this address, in words for the person who imported it; None if it may.

    The address must be E.164 text, as `+447700900123`. This asks for numbering plans only, not for consent.
    """
    if _DRAMA.fullmatch(address):
        return None
    if not _E164.fullmatch(address):
        return "not a full phone number; write it as +44 and the number without its first 0"
    if not address.startswith(_UK):
        return "not a United Kingdom number"
    return _refuse_uk_number(address)


def _refuse_uk_number(address: str) -> str | None:
    # Here, not above: the tables cost 75 ms and some megabytes, and a server that only answers never needs them.
    import phonenumbers

    number = phonenumbers.parse(address)
    if not phonenumbers.is_valid_number(number):
        return "not a number that exists in the United Kingdom"
    match phonenumbers.number_type(number):
        case phonenumbers.PhoneNumberType.MOBILE:
            # 07924 is shared with the Isle of Man and counts as ours: better that than leave out who lives here.
            if phonenumbers.region_code_for_number(number) == "GB":
                return None
            return "a mobile of Jersey, Guernsey or the Isle of Man, not of the United Kingdom"
        case phonenumbers.PhoneNumberType.PERSONAL_NUMBER:
            return "a personal number (070), which costs the sender more"
        case phonenumbers.PhoneNumberType.PAGER:
            return "a pager, which nobody can answer from"
        case _:
            return "not a mobile; a text to a landline is read out by voice"
