"""Small talk, and what machines say: texts that answer no question."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, tokens
from bot.core.reading.signature import unsigned
from bot.core.reading.wrapping import drop_trailing, either, unwrap
from bot.core.words import Words, WordTable


class Noise(StrEnum):
    """What a text is, if it is no answer."""

    GREETING = "greeting"
    THANKS = "thanks"
    WHO_IS_THIS = "who_is_this"
    AUTO_REPLY = "auto_reply"
    REACTION = "reaction"
    EMPTY = "empty"
    WRONG_NUMBER = "wrong_number"
    LATER = "later"


NEVER_AN_ANSWER = frozenset({Noise.AUTO_REPLY, Noise.REACTION, Noise.EMPTY})
"""What cannot answer an open question either. "Thanks" can, and "wrong number" may be what they say of 101."""

_QUOTED = re.compile(r'(?P<verb>[^"]{1,40}?)\s*"')
_REACTED = re.compile(r'(?:reacted\s+\S{1,12}|[^\w\s"]{1,8})\s+to\s*"')
_REMOVED = re.compile(r'removed\s+\S{1,12}\s+from\s*"')
_LONGEST = 200


def find_noise(text: str, words: Words) -> Noise | None:
    """Say which kind of no-answer the whole message is, or None. On an open question only `NEVER_AN_ANSWER` counts."""
    text = unsigned(text, words)
    folded = fold(text)
    said = tokens(folded)
    if not said:
        return Noise.EMPTY
    lex = lexicon(words)
    if _is_reaction(folded, lex):
        return Noise.REACTION
    if _is_automatic(" ".join(said), lex):
        return Noise.AUTO_REPLY
    if len(text) > _LONGEST:
        return None
    talk, after = _small_talk(lex), either(lex.after, lex.polite)
    forms = (said, drop_trailing(said, after), unwrap(said, lex.before, after))
    return next((noise for form in forms if (noise := talk.get(" ".join(form)))), None)


@cache
def _small_talk(lex: WordTable) -> Mapping[str, Noise]:
    """Return every phrase of small talk with what it is; the first kind that has it decides."""
    kinds = (
        (Noise.LATER, lex.later),
        (Noise.WRONG_NUMBER, lex.wrong_number),
        (Noise.WHO_IS_THIS, lex.who_is_this),
        (Noise.GREETING, lex.greetings),
        (Noise.THANKS, lex.thanks),
    )
    return {phrase: noise for noise, phrases in kinds for phrase in phrases}


def _is_reaction(folded: str, lex: WordTable) -> bool:
    """Know an iPhone's or Android's text for a tap on a message: a verb, then the message in quotation marks."""
    if _REACTED.match(folded) or _REMOVED.match(folded):
        return True
    quoted = _QUOTED.match(folded)
    verb = " ".join(tokens(quoted["verb"])) if quoted else " ".join(tokens(folded))
    return verb in lex.reactions if quoted else verb in lex.reactions and len(verb.split()) > 1


def _is_automatic(phrase: str, lex: WordTable) -> bool:
    return f"{phrase} ".startswith(_automatic_beginnings(lex))


@cache
def _automatic_beginnings(lex: WordTable) -> tuple[str, ...]:
    return tuple(f"{known} " for known in lex.auto_replies)
