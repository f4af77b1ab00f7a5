"""Replies to a question for a number: in digits or words, with a unit or a polite word, never out of a sentence."""

import re
from decimal import Decimal

from bot.core.reading.lexicon import is_refusal
from bot.core.reading.normalise import repair_digits, tokens
from bot.core.reading.readings import CONFIDENCE, NOT_CLEAR, Declined, Number, Rule, Unclear, Why
from bot.core.reading.wrapping import Tokens, drop_leading, drop_trailing, unwrap
from bot.core.words import WordTable

_AMOUNT = re.compile(r"(?<![\d.,])-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|[.]\d+)(?![\d.,]*\d)")
_ANY_DIGITS = re.compile(r"\d+")
_GROUPED = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_APPROXIMATE = re.compile(r"[<>~+*%=]")
_RANGE = re.compile(r"\d\s*-\s*\d")
_DIGITS = 9
"""More digits than this are a telephone number, not an amount."""


def number_in_words(core: Tokens, lexicon: WordTable) -> int | None:
    """Read "four", "twenty four" and "douăzeci și patru"; never a sum of words in a sentence."""
    phrase = " ".join(core)
    if phrase in lexicon.numbers:
        return lexicon.numbers[phrase]
    if len(core) == 3 and core[1] in lexicon.and_:
        core = (core[0], core[2])
    if len(core) != 2 or any(word not in lexicon.numbers for word in core):
        return None
    tens, ones = (lexicon.numbers[word] for word in core)
    return tens + ones if tens in range(20, 100, 10) and ones in range(1, 10) else None


def read_plain_number(text: str, *, whole: bool) -> Number | None:
    """Read a text that is a number and nothing else."""
    if not re.fullmatch(r"-?\d+" if whole else r"-?\d+(?:\.\d+)?", text) or len(text) > _DIGITS:
        return None
    return Number(Decimal(text), Rule.NUMBER, 1.0)


def read_amount(folded: str, lexicon: WordTable, *, whole: bool, wording: str) -> Number | Declined | Unclear:
    """Read a reply to a question for a number. `whole` for a whole one; `wording` is the question's, folded."""
    said = tokens(folded)
    if is_refusal(lexicon, said, unwrap(said, lexicon.before, lexicon.after)):
        return Declined(Rule.MEANING)
    if "?" in folded:
        return Unclear((), Why.ASKS)
    if _APPROXIMATE.search(folded):
        return Unclear((), Why.NOT_A_NUMBER)
    folded = repair_digits(folded)
    found = list(_AMOUNT.finditer(folded))
    if len(found) != 1 or len(_ANY_DIGITS.findall(folded)) > len(_ANY_DIGITS.findall(found[0][0])):
        return _none_or_several(folded, lexicon)
    amount = found[0]
    minus, lead = _minus(tokens(folded[: amount.start()].replace("£", " ")), lexicon)
    if lead and drop_leading((*lead, "0"), lexicon.before | lexicon.amount_before | lexicon.age_before) != ("0",):
        return Unclear((), Why.NOT_A_NUMBER)
    if not _is_unit(tokens(folded[amount.end() :]), lexicon, wording):
        return Unclear((), Why.NOT_A_NUMBER)
    value = _value(amount[0], whole=whole)
    if value is None:
        return Unclear((), Why.NOT_A_NUMBER)
    is_bare = folded.strip(" .,!") == amount[0]
    return Number(-value if minus else value, Rule.NUMBER if is_bare else Rule.AMOUNT, 1.0 if is_bare else 0.98)


def _minus(lead: Tokens, lexicon: WordTable) -> tuple[bool, Tokens]:
    return (True, lead[:-1]) if lead and lead[-1] in lexicon.minus else (False, lead)


def _is_unit(tail: Tokens, lexicon: WordTable, wording: str) -> bool:
    """Say whether what follows the number is only a unit or politeness.

    Years need no naming in the question; any other unit does, so that "6 months" is never taken as six years.
    """
    rest = drop_trailing(("0", *tail), lexicon.after | lexicon.amount_after)[1:]
    if not rest:
        return True
    if " ".join(rest) in lexicon.years:
        asked = set(tokens(wording))
        return not asked or bool(asked & _words_of(lexicon.years)) or not asked & _words_of(lexicon.other_units)
    return len(rest) == 1 and len(rest[0]) > 2 and rest[0] in tokens(wording)


def _words_of(phrases: frozenset[str]) -> set[str]:
    return {word for phrase in phrases for word in phrase.split()}


def _value(text: str, *, whole: bool) -> Decimal | None:
    """Read the digits. A comma before exactly three digits groups thousands, on a question for a whole number."""
    if sum(letter.isdecimal() for letter in text) > _DIGITS:
        return None
    if _GROUPED.fullmatch(text):
        return Decimal(text.replace(",", "")) if whole and "." not in text else None
    value = Decimal(text.replace(",", "") if "." in text else text.replace(",", "."))
    return value if not whole or value == value.to_integral_value() else None


def _none_or_several(folded: str, lexicon: WordTable) -> Number | Unclear:
    if _ANY_DIGITS.search(folded):
        return Unclear((), Why.RANGE if _RANGE.search(folded) else Why.SEVERAL)
    core = unwrap(tokens(folded), lexicon.before | lexicon.age_before | lexicon.amount_before, lexicon.after)
    minus, core = (True, core[1:]) if core and core[0] in lexicon.minus else (False, core)
    core = drop_trailing(core, lexicon.years)
    value = number_in_words(core, lexicon)
    if value is None:
        return Unclear((), Why.NOT_A_NUMBER) if core else NOT_CLEAR
    return Number(Decimal(-value if minus else value), Rule.NUMBER_WORD, CONFIDENCE[Rule.NUMBER_WORD])
