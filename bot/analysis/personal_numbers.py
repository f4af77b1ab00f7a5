"""Finds the numbers that stand for one person: National Insurance, NHS and card numbers, vehicle registration marks.

Every one has a check or a shape that chance seldom meets. Where it has neither (a mark in small letters, a National
Insurance number without its last letter), a word that names it must stand before.
"""

import re
from collections.abc import Iterator

from bot.analysis.span import Span

NI_NUMBER = "[ni number]"
NHS_NUMBER = "[nhs number]"
CARD = "[card]"
VEHICLE = "[vehicle]"

# How far before a number the word that names it may stand.
_NEAR = 40


def _is_named(plain: str, at: int, words: re.Pattern[str]) -> bool:
    return words.search(plain, max(0, at - _NEAR), at) is not None


# National Insurance numbers, by HMRC's own rule (manual NIM39110): which letters begin one, and A to D at the end.
_NI = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)(?P<prefix>[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])"
    r"(?P<gap>[\s.-]?)\d\d[\s.-]?\d\d[\s.-]?\d\d(?P<suffix>[\s.-]?[A-D])?(?!\w)",
    re.IGNORECASE,
)
_SIX_DIGITS = re.compile(r"\d\d[\s.-]?\d\d[\s.-]?\d\d")
_NI_WORDS = re.compile(r"\b(?:ni|nino|n\.i|national insurance|insurance n)\b", re.IGNORECASE)
# "buses at 10 20 30 a day"
_SHORT_WORDS = frozenset("AM AN AS AT BE BY EH HA HE LA MA ME MY OH OR OX PA PM SH WE YE".split())  # noqa: SIM905 - a row of words


def ni_numbers(plain: str) -> Iterator[Span]:
    """Find National Insurance numbers; one without its last letter only where it is named."""
    if not _SIX_DIGITS.search(plain):
        return
    for match in _NI.finditer(plain):
        is_a_word = match["gap"] and match["prefix"].upper() in _SHORT_WORDS
        if (match["suffix"] and not is_a_word) or _is_named(plain, match.start(), _NI_WORDS):
            yield Span(*match.span(), NI_NUMBER)


_NHS = re.compile(r"(?<![\d£$€+])(?<!\d[.,])[1-9]\d\d(?P<gap>[\s.-]?)\d{3}(?P=gap)\d{4}(?![.,]?\d)")
_NHS_WORDS = re.compile(r"\bnhs\b(?!\snumber\])", re.IGNORECASE)


def nhs_numbers(plain: str) -> Iterator[Span]:
    """Find NHS numbers: ten digits, of which the last checks the others.

    Ten digits that begin with 7, in one, are rather a mobile without its nought, unless NHS stands before.
    """
    for match in _NHS.finditer(plain):
        digits = _digits(match[0])
        may_be_mobile = digits[0] == 7 and not match["gap"] and not _is_named(plain, match.start(), _NHS_WORDS)
        if not may_be_mobile and _nhs_checks(digits):
            yield Span(*match.span(), NHS_NUMBER)


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdecimal()]


def _nhs_checks(digits: list[int]) -> bool:
    """Check by the NHS Data Dictionary: weights 10 to 2, modulus 11, and a check of 10 is never given out."""
    weighed = sum(digit * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True))
    return len(set(digits)) > 1 and (11 - weighed % 11) % 11 == digits[9]


# As printed on cards: four and four, or American Express's 4-6-5, or all in one.
_CARD = re.compile(
    r"(?<![\d£$€+])(?<!\d[.,])[2-6](?:\d{3}(?P<gap>[\s.-])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?:(?P=gap)\d{3})?"
    r"|\d{3}(?P<amex>[\s.-])\d{6}(?P=amex)\d{4,5}|\d{12,18})(?![.,]?\d)"
)
_YEARS = re.compile(r"(?:(?:19|20)\d\d\D?){4}")


def cards(plain: str) -> Iterator[Span]:
    """Find payment card numbers: 13 to 19 digits as printed on cards, whose last digit checks (Luhn, ISO/IEC 7812)."""
    for match in _CARD.finditer(plain):
        if _luhn_checks(_digits(match[0])) and not _YEARS.fullmatch(match[0]):
            yield Span(*match.span(), CARD)


def _luhn_checks(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


# Vehicle marks (DVLA INF104): AB12 CDE since 2001, A123 BCD before; ABC 123D, older still, only where it is named.
_MARK = re.compile(
    r"(?<!\w)(?:(?P<current>[A-HJ-PR-Y][A-HJ-PR-Y](?:0[2-9]|[1-7]\d)(?P<gap>[\s-]?)(?P<last>[A-HJ-PR-Z]{3}))"
    r"|(?P<prefix>(?P<year>[A-HJ-NPR-TV-Y])(?P<number>\d{1,3})[\s-]?(?P<after>[A-HJ-PR-Z]{3}))"
    r"|(?P<suffix>[A-HJ-PR-Z]{3}[\s-]?\d{1,3}[A-HJ-NPR-TV-Y]))(?!\w)",
    re.IGNORECASE,
)
_DIGIT_AT_LETTER = re.compile(r"\d(?:[A-Za-z]|(?<=[A-Za-z]\d))")
_MARK_WORDS = re.compile(
    r"\b(?:reg|regs|registration|registered|plates?|cars?|vans?|lorry|taxi|vehicle(?!\])|motorbike|driver)\b",
    re.IGNORECASE,
)
# "ST10 AND ST6", "A50 JCT": three letters that stand after a district or a road and belong to neither.
_THREE_LETTERS = frozenset(
    """
    ACE AGE AGO ALL AND ANY APR ARE ASB ATM AUG BAD BBC BIG BME BOY BUS BUT CAN CAR DAY DEC DID DVD DWP END ESL
    ETC FAR FEB FEW FOR FRI GBP GET GOT GPS HAD HAS HER HIM HIS HMO HOW HRS ISH ITS JAB JAN JCT JOB JUL JUN KMH KPH LBS
    LET LOT MAN MAR MAY MEN MIN MON MPH MPS NEW NHS NOT NOV NOW OCT OFF OLD ONE OUR OUT OWN PAY PCS PER PPL PUB PUT
    SAT SAW SAY SEC SEE SEP SHE SUN THE THU TOO TUE TWO USA USE VAN VIA VIP WAS WAY WED WHO WHY YDS YES YET YOU YRS
    """.split()  # noqa: SIM905 - a column of words reads better so
)


def vehicles(plain: str) -> Iterator[Span]:
    """Find vehicle registration marks; in small letters, or where it could be a road, only one that is named."""
    if not _DIGIT_AT_LETTER.search(plain):
        return
    for match in _MARK.finditer(plain):
        if _is_sure(match, is_named=_is_named(plain, match.start(), _MARK_WORDS)):
            yield Span(*match.span(), VEHICLE)


def _is_sure(match: re.Match[str], *, is_named: bool) -> bool:
    last = match["last"] or match["after"]
    if last and last.upper() in _THREE_LETTERS:
        return False
    if match["suffix"]:
        return is_named and match["suffix"][:3].upper() not in _THREE_LETTERS
    if is_named:
        return True
    # A, B and M with a number are roads; one letter and up to two digits may be a district: "N1 NHS".
    is_plain_prefix = match["prefix"] and len(match["number"]) == 3 and match["year"] not in "ABM"
    return match[0].isupper() and bool(match["current"] or is_plain_prefix)
