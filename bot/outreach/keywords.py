"""The word by which a campaign is joined: which words will do, and one that is short and easy where none is given."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import date
from itertools import product

from bot.core.commands import find_command, find_keyword, may_mean_stop
from bot.core.languages import find_missing
from bot.core.noise import find_noise
from bot.core.reading.amounts import number_in_words
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, key, tokens
from bot.core.replies import Consent, read_consent
from bot.core.survey import SurveyDefinition
from bot.core.words import Words

_FORM = re.compile(r"[A-Z][A-Z0-9]{2,11}")
_LONGEST = 12
_EASY_LETTERS = 8
"""Letters of a word that is proposed: more are a nuisance on a keypad with three letters to a key."""
_EASY_DIGITS = "23456789"
"""No 0 and 1, which look like O and I on paper and sound like "oh" and "one" beside a letter."""
_LOOKS = str.maketrans("OIL", "011")
_PLAIN = frozenset(("THE", "AND", "FOR", "OUR", "NEW", "WITH", "FROM"))
_SPARE = ("HALL", "TALK", "HERE")


def tidy(keyword: str) -> str:
    """Write a keyword as it is kept: in capitals, without spaces."""
    return "".join(keyword.split()).upper()


def faults(keyword: str, definition: SurveyDefinition, taken: Collection[str], words: Words) -> tuple[str, ...]:
    """Say why a word will not do, in sentences; nothing if it will.

    `taken` are the keywords of every survey and of every campaign there ever was.
    """
    if not _FORM.fullmatch(keyword):
        return (
            f"The keyword {keyword[:_LONGEST]!r} will not do: take 3 to 12 letters A to Z and digits, a letter first.",
        )
    if key(keyword) in set(map(key, taken)):
        return (f"The keyword {keyword} belongs to a survey or to another campaign already. Choose another.",)
    looks_like = next((other for other in taken if _as_seen(other) == _as_seen(keyword)), None)
    if looks_like is not None:
        return (f"The keyword {keyword} looks like {looks_like.upper()} on a poster. Choose another.",)
    beside = find_keyword(keyword, dict.fromkeys(taken, ""), words)
    if beside is not None and find_missing(beside.rest, words):
        return (f"The keyword {keyword} would be read as {beside.word.upper()} and a language. Choose another.",)
    meaning = _meaning(keyword, definition, words)
    return (f"The keyword {keyword} will not do: it {meaning}. Choose another.",) if meaning else ()


def propose(texts: Collection[str], definition: SurveyDefinition, taken: Collection[str], words: Words) -> str:
    """Find a word for a campaign in what it is called: a place's own name if that will do, or one with a digit."""
    easy = [word for text in texts for word in _easy_words(text)]
    every = (*easy, *_SPARE)
    return next(word for word in _with_digits(every) if not faults(word, definition, taken, words))


def _meaning(keyword: str, definition: SurveyDefinition, words: Words) -> str:
    """Say what a word means to the bot already; empty for nothing."""
    if find_command(keyword, words) is not None or may_mean_stop(keyword, words):
        return "is a command that residents can text at any time"
    if find_missing(keyword, words):
        return "is the name of a language"
    match = find_keyword(keyword, {keyword: ""}, words)
    if match is None or match.rest or find_noise(keyword, words) is not None:
        return "is a word of politeness or small talk, which the bot passes over"
    is_yes_or_no = read_consent(keyword, words, date.min) in (Consent.YES, Consent.NO)
    is_number = number_in_words(tokens(fold(keyword)), lexicon(words)) is not None
    if is_yes_or_no or is_number or key(keyword) in _answers(definition):
        return "would be read as an answer to a question"
    return ""


def _answers(definition: SurveyDefinition) -> frozenset[str]:
    choices = [choice for question in definition.questions for choice in question.choices]
    return frozenset(
        key(label) for choice in choices for label in (choice.name, *choice.label.values(), *choice.sms_label.values())
    )


def _as_seen(keyword: str) -> str:
    return keyword.upper().translate(_LOOKS)


def _easy_words(text: str) -> Iterator[str]:
    letters = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode().upper()
    found = [word for word in re.findall(r"[A-Z]{3,}", letters) if word not in _PLAIN]
    yield from (word for word in found if len(word) <= _EASY_LETTERS)
    yield from (word[:_EASY_LETTERS] for word in found if len(word) > _EASY_LETTERS)


def _with_digits(every: Collection[str]) -> Iterator[str]:
    """Yield each word as it is, then each with one digit, with two, and with three."""
    for size in range(4):
        for digits in product(_EASY_DIGITS, repeat=size):
            yield from (f"{word}{''.join(digits)}" for word in every)
