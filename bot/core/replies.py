"""Small readings that belong to no question: yes or no to the bot itself, and our own text coming back."""

import zlib
from datetime import date
from enum import StrEnum
from functools import lru_cache

from bot.core.limits import SECOND_THOUGHT_WORDS
from bot.core.reading import Asked, Chosen, Option, Rule, Unclear, read_reply, unsigned
from bot.core.survey import QuestionType
from bot.core.words import Words

_OPTIONS = (Option("yes", 1, ("Yes",)), Option("no", 2, ("No",)))
_RULES = (Rule.LABEL, Rule.YES_NO)


class Consent(StrEnum):
    """What a text says to a question of the bot's own."""

    YES = "yes"
    NO = "no"
    PERHAPS = "perhaps"
    NEITHER = "neither"


def read_consent(text: str, words: Words, today: date) -> Consent:
    """Read a yes or a no, in words alone: a number is the answer to a survey question that still stands.

    A few words with a yes or a no among them ("yes delete it") are PERHAPS: to be asked again, never guessed.
    """
    match read_reply(Asked(QuestionType.SELECT_ONE, _OPTIONS, None, today), text, words):
        case Chosen((code,), rule) if rule in _RULES:
            return Consent(code)
        case Unclear(candidates) if candidates and len(unsigned(text, words).split()) <= SECOND_THOUGHT_WORDS:
            return Consent.PERHAPS
        case _:
            return Consent.NEITHER


def fingerprint(text: str) -> str:
    """Return a mark by which the same text is known again, whatever its spaces and capitals. Not a secret."""
    return f"{zlib.crc32(''.join(text.split()).casefold().encode('utf-8', 'replace')):08x}"


@lru_cache(maxsize=256)
def own_fingerprint(text: str) -> str:
    """Return the same mark for a text of our own, which many residents get."""
    return fingerprint(text)
