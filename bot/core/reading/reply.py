"""The two readings of a reply: exactly (before commands are looked for) and, after them, with more good will."""

from functools import lru_cache
from typing import assert_never

import msgspec

from bot.core.reading.amounts import read_amount, read_plain_number
from bot.core.reading.choice import after_no, is_hedged, label_of, number_of, read_one
from bot.core.reading.dates import read_date, read_plain_date
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, normalise, repair_digits, tokens
from bot.core.reading.offer import counted, held
from bot.core.reading.phrase import read_exact_phrase
from bot.core.reading.readings import (
    NOT_CLEAR,
    Asked,
    Chosen,
    Dated,
    Number,
    Option,
    Reading,
    Rule,
    Unclear,
    Why,
    Words,
    chosen,
)
from bot.core.reading.scheme import SCHEMES, Scheme, scheme
from bot.core.reading.several import read_numbers, read_several
from bot.core.reading.signature import unsigned
from bot.core.reading.tongues import near, own_spelling, tongues_of
from bot.core.survey import QuestionType
from bot.core.words import Words as WordTables

_EXACT_RULES = frozenset({Rule.LABEL, Rule.YES_NO, Rule.NUMBER_WORD, Rule.ORDINAL, Rule.LETTER})
_EXACT_LONGEST = 3
_ELSEWHERE = 0.9
"""How sure a reading in another language or another spelling is, at most."""
_LONGEST = 4000
"""Letters of a reply that are looked at; no clear answer is near as long."""


def read_exactly(asked: Asked, text: str, words: WordTables) -> Chosen | Number | Dated | None:
    """Read a text that is, whole, one answer and can be nothing else; None for any other.

    It is asked before commands are looked for, so it takes only numbers, labels and their letters, ordinals and plain
    yes or no, never a slip, a start of a word or a polite phrase.
    """
    exact = _read_exactly(asked, text, words)
    is_clear = not asked.offered or exact == read_reply(asked, text, words)
    return exact if is_clear else None


def _read_exactly(asked: Asked, text: str, words: WordTables) -> Chosen | Number | Dated | None:
    text = unsigned(text, words)
    match asked.type:
        case QuestionType.SELECT_ONE:
            return _choose_exactly(_near_scheme(asked.options, words), text)
        case QuestionType.SELECT_MULTIPLE:
            options = _near_scheme(asked.options, words)
            return read_numbers(options, text, asked.most) or _choose_exactly(options, text)
        case QuestionType.INTEGER | QuestionType.DECIMAL:
            return read_plain_number(fold(text[:_LONGEST]), whole=asked.type is QuestionType.INTEGER)
        case QuestionType.DATE:
            return read_plain_date(fold(text[:_LONGEST]))
        case QuestionType.TEXT | QuestionType.NOTE | QuestionType.CALCULATE:
            return None
        case _ as never:
            assert_never(never)


@lru_cache(SCHEMES)
def _near_scheme(options: tuple[Option, ...], words: WordTables) -> Scheme:
    """Return the scheme in the near languages by one look-up: most replies need no other."""
    return scheme(options, near(words))


def _choose_exactly(options: Scheme, text: str) -> Chosen | None:
    bare = text.strip()
    if bare.isascii() and bare.isdecimal():  # most replies: the shortest way
        number = number_of(bare)
        return None if number in options.equals or number not in options.numbers else _number(options, number)
    folded = fold(text[:_LONGEST])
    name = normalise(folded)
    if "?" in folded:
        return None
    if code := label_of(options, folded):
        return chosen(Rule.LABEL, code)
    said = tokens(name)
    if not said or is_hedged(folded) or len(said) > _EXACT_LONGEST:
        is_plain = said and not is_hedged(folded) and not after_no(options, folded)
        return _labelled(options, " ".join(said)) if is_plain else None
    if said[-1].isdecimal() and all(mark in options.lexicon.number_before for mark in said[:-1]):
        number = number_of(said[-1])
        says_no = options.no != "" and any(mark in options.lexicon.no for mark in said[:-1])
        is_doubtful = says_no or (number in options.equals and len(said) == 1)
        return None if is_doubtful or number not in options.numbers else _number(options, number)
    if " ".join(said) in options.lexicon.thanks:  # "ok thanks" is no yes
        return None
    if after_no(options, folded):
        return None
    found = read_exact_phrase(options, said) if not any(token[0].isdecimal() for token in said) else None
    return found if isinstance(found, Chosen) and found.rule in _EXACT_RULES else None


def _number(options: Scheme, number: int) -> Chosen:
    return chosen(Rule.NUMBER, options.numbers[number])


def _labelled(options: Scheme, name: str) -> Chosen | None:
    return chosen(Rule.LABEL, options.names[name]) if name in options.names else None


def read_reply(asked: Asked, text: str, words: WordTables) -> Reading:
    """Read a reply with good will: as one answer if every word of it fits, else as unclear. Never a guess.

    It is read in the conversation's language and English. Where that fails it is read in the language's free spelling,
    then in any other language whose words it is made of; where two of those read it differently, it is unclear.
    """
    reading = _read_kindly(asked, text, words)
    return held(asked, text, words, reading, _read_kindly(counted(asked), text, words)) if asked.offered else reading


def _read_kindly(asked: Asked, text: str, words: WordTables) -> Reading:
    if exact := _read_exactly(asked, text, words):
        return exact
    if asked.type is QuestionType.TEXT:
        return Words(text) if fold(text) else NOT_CLEAR
    folded = fold(", ".join(line for line in unsigned(text, words)[:_LONGEST].splitlines() if line.strip()))
    reading = _read(asked, folded, near(words))
    if not isinstance(reading, Unclear) or reading.why is Why.ASKS:
        return reading
    own = own_spelling(words)
    if own is not None:
        loosely = _read(own.asks(asked), own.spelt(folded), own.tables)
        if not isinstance(loosely, Unclear):
            return _less_sure(loosely)
    return _read_elsewhere(asked, folded, words) or reading


def _read(asked: Asked, folded: str, words: WordTables) -> Reading:
    match asked.type:
        case QuestionType.SELECT_ONE:
            return read_one(scheme(asked.options, words), repair_digits(folded))
        case QuestionType.SELECT_MULTIPLE:
            return read_several(scheme(asked.options, words), repair_digits(folded), asked.most)
        case QuestionType.INTEGER | QuestionType.DECIMAL:
            whole = asked.type is QuestionType.INTEGER
            return read_amount(folded, lexicon(words), whole=whole, wording=fold(asked.wording))
        case QuestionType.DATE:
            return read_date(folded, lexicon(words), asked.today)
        case QuestionType.TEXT | QuestionType.NOTE | QuestionType.CALCULATE:
            return NOT_CLEAR
        case _ as never:
            assert_never(never)


def _read_elsewhere(asked: Asked, folded: str, words: WordTables) -> Reading | None:
    """Read a text in the other languages it may be in; None where none reads it, or two read it differently."""
    found = [
        reading
        for tongue in tongues_of(asked, folded, words)
        if not isinstance(reading := _read(tongue.asks(asked), tongue.spelt(folded), tongue.tables), Unclear)
    ]
    return _less_sure(found[0]) if found and len({_meaning(reading) for reading in found}) == 1 else None


def _meaning(reading: Reading) -> object:
    match reading:
        case Chosen(codes):
            return frozenset(codes)
        case Number(value) | Dated(value):
            return value
        case _:
            return None


def _less_sure(reading: Reading) -> Reading:
    """Lower the confidence of what was not read in the conversation's language as it is spelt."""
    if isinstance(reading, Chosen | Number | Dated):
        return msgspec.structs.replace(reading, confidence=min(reading.confidence, _ELSEWHERE))
    return reading
