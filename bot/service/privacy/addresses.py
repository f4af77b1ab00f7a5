"""From an address as a person types it to every look-up under which it may be kept."""

import re

from storage import subject
from storage.keys import KeyRing
from storage.script import Database

_WHATSAPP = "whatsapp:"
# The 0 or + is lost where a cell was taken for a number.
_SPREADSHEET_MOBILE = re.compile(r"(?:44)?(7\d{9})")


def spellings(typed: str) -> tuple[str, ...]:
    """Write a typed address in every way in which a channel may have kept it.

    What begins with 0 or + is a phone number, a British one unless it says otherwise ("07700 900123", "0044 7700...");
    so is a British mobile as spreadsheets leave it ("447700900123", "7700 900123"). Everything else is an opaque id
    and stays as it is.
    """
    plain = typed.strip()
    bare = plain[len(_WHATSAPP) :].strip() if plain.lower().startswith(_WHATSAPP) else plain
    if found := _SPREADSHEET_MOBILE.fullmatch(re.sub(r"[\s().-]", "", bare)):
        bare = f"+44{found[1]}"
    if not bare.startswith(("0", "+", "(0")):
        return (plain,) if bare == plain else (_WHATSAPP + bare, bare)
    number = _e164(bare)
    return tuple(dict.fromkeys((number, _WHATSAPP + number, bare)))


def _e164(text: str) -> str:
    # Here, not above: the tables cost 75 ms and some megabytes, and a server that only answers never needs them.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


async def lookups(database: Database, keys: KeyRing, typed: str) -> list[str]:
    """Give every look-up of an address: on each channel that anybody is known on, under every key there ever was."""
    await keys.reload(database)
    channels = await database.read(subject.channels)
    return [hmac for channel in channels for spelling in spellings(typed) for hmac in keys.lookups(channel, spelling)]
