"""Words that a survey file may not use, because Earshot or the carrier already answers them."""

from typing import Final

STOP_WORDS: Final = frozenset(
    {"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "OPT OUT", "REVOKE"}
)
"""What the carrier takes as "send me nothing more", whole message (Twilio's default opt-out words, 2025)."""

COMMANDS: Final = frozenset(
    {"START", "UNSTOP", "HELP", "INFO", "MORE", "SKIP", "BACK", "CHANGE", "LANGUAGE", "NEW", "PRIVACY", "MYDATA"}
    | {"DELETE", "LINK", "YES", "NO"}
)
"""Residents' commands, and the two words that answer a question: no survey's keyword may be one of them."""


def is_stop_word(text: str, also: frozenset[str] = frozenset()) -> bool:
    """Say whether a text as a whole message would silence the sender. `also` are STOP words of other languages."""
    plain = " ".join(text.strip(" .!?,;:\"'").split())
    return plain.upper() in STOP_WORDS or plain.casefold() in {word.casefold() for word in also}
