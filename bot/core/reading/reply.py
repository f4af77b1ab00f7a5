"""The two readings of a reply: exactly (before commands are looked for) and, after them, with more good will."""

from typing import assert_never

from bot.core.reading.amounts import read_amount, read_plain_number
from bot.core.reading.choice import is_hedged, label_of, number_of, read_one
from bot.core.reading.dates import read_date, read_plain_date
from bot.core.reading.lexicon import lexicon
from bot.core.reading.normalise import fold, normalise, repair_digits, tokens
from bot.core.reading.phrase import read_exact_phrase
from bot.core.reading.readings import (
    NOT_CLEAR,
    Asked,
    Chosen,
    Dated,
    Number,
    Reading,
    Rule,
    Words,
    chosen,
)
from bot.core.reading.scheme import Scheme, scheme
from bot.core.reading.several import read_numbers, read_several
from bot.core.reading.signature import unsigned
from bot.core.survey import QuestionType
from bot.core.words import Words as WordTables

_EXACT_RULES = frozenset({Rule.LABEL, Rule.YES_NO, Rule.NUMBER_WORD, Rule.ORDINAL, Rule.LETTER})
_EXACT_LONGEST = 3
_LONGEST = 4000
"""Letters of a reply that are looked at; no clear answer is near as long."""


def read_exactly(asked: Asked, text: str, words: WordTables) -> Chosen | Number | Dated | None:
    """Read a text that is, whole, one answer and can be nothing else; None for any other.

    It is asked before commands are looked for, so it takes only numbers, labels and their letters, ordinals and plain
    yes or no, never a slip, a start of a word or a polite phrase.
    """
    text = unsigned(text, words)
    match asked.type:
        case QuestionType.SELECT_ONE:
            return _choose_exactly(scheme(asked.options, words), text)
        case QuestionType.SELECT_MULTIPLE:
            options = scheme(asked.options, words)
            return read_numbers(options, text, asked.most) or _choose_exactly(options, text)
        case QuestionType.INTEGER | QuestionType.DECIMAL:
            return read_plain_number(fold(text[:_LONGEST]), whole=asked.type is QuestionType.INTEGER)
        case QuestionType.DATE:
            return read_plain_date(fold(text[:_LONGEST]))
        case QuestionType.TEXT | QuestionType.NOTE | QuestionType.CALCULATE:
            return None
        case _ as never:
            assert_never(never)


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
        return _labelled(options, " ".join(said)) if said and not is_hedged(folded) else None
    if said[-1].isdecimal() and all(mark in options.lexicon.number_before for mark in said[:-1]):
        number = number_of(said[-1])
        says_no = options.no != "" and any(mark in options.lexicon.no for mark in said[:-1])
        is_doubtful = says_no or (number in options.equals and len(said) == 1)
        return None if is_doubtful or number not in options.numbers else _number(options, number)
    if " ".join(said) in options.lexicon.thanks:  # "ok thanks" is no yes
        return None
    found = read_exact_phrase(options, said) if not any(token[0].isdecimal() for token in said) else None
    return found if isinstance(found, Chosen) and found.rule in _EXACT_RULES else None


def _number(options: Scheme, number: int) -> Chosen:
    return chosen(Rule.NUMBER, options.numbers[number])


def _labelled(options: Scheme, name: str) -> Chosen | None:
    return chosen(Rule.LABEL, options.names[name]) if name in options.names else None


def read_reply(asked: Asked, text: str, words: WordTables) -> Reading:
    """Read a reply with good will: as one answer if every word of it fits, else as unclear. Never a guess."""
    if exact := read_exactly(asked, text, words):
        return exact
    lines = fold(", ".join(line for line in unsigned(text, words)[:_LONGEST].splitlines() if line.strip()))
    match asked.type:
        case QuestionType.SELECT_ONE:
            return read_one(scheme(asked.options, words), repair_digits(lines))
        case QuestionType.SELECT_MULTIPLE:
            return read_several(scheme(asked.options, words), repair_digits(lines), asked.most)
        case QuestionType.INTEGER | QuestionType.DECIMAL:
            whole = asked.type is QuestionType.INTEGER
            return read_amount(lines, lexicon(words), whole=whole, wording=fold(asked.wording))
        case QuestionType.DATE:
            return read_date(lines, lexicon(words), asked.today)
        case QuestionType.TEXT:
            return Words(text) if fold(text) else NOT_CLEAR
        case QuestionType.NOTE | QuestionType.CALCULATE:
            return NOT_CLEAR
        case _ as never:
            assert_never(never)
