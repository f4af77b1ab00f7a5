"""Finds contact details in free text: e-mail addresses, full postcodes, phone numbers.

Every finder takes the text with its digits and signs written in ASCII, and looks at each piece of it a bounded number
of times, however the text is made.
"""

import re
from collections.abc import Iterator

from bot.analysis.span import Span

PHONE = "[phone]"
EMAIL = "[email]"
POSTCODE = "[postcode]"

# E-mail. Beside the usual shape, "name at gmail.com" and "name @ gmail.com", for the domains that residents have: with
# any domain, "see you @ hanley.park" would go too. Another domain is sure where at or dot stands in brackets, and
# where the dot is a word and the name before it, or a word before that, shows that this is an address: "look at stoke
# dot gov dot uk" is none.
_MAIL_DOMAIN = "(?:gmail|googlemail|hotmail|outlook|yahoo|ymail|rocketmail|icloud|protonmail|mail)"
_DOT = r"(?:\s?\.\s?|\s?[(\[]dot[)\]]\s?|\sdot\s)"
_LOCAL = (
    r"(?<![\w.+'-])(?P<local>[\w.+'-]{1,64}"
    r"(?:(?:\s(?:dot|underscore|dash)\s|\s?[(\[]dot[)\]]\s?)[\w.+'-]{1,64}){0,2})"
)
_TOP = r"(?:co|com|net|org|me|info|gov|ac|uk|eu|pl|ro|de|io)(?!\w)"
_WRITTEN = re.compile(r"(?<![\w.+'-])[\w.+'-]++@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[^\W\d_]{2,63}")
_SPELT = re.compile(
    rf"{_LOCAL}(?:(?P<sign>\s?@\s?)|\sat\s|(?P<sure>\s?[(\[]at[)\]]\s?))"
    rf"(?:(?P<known>{_MAIL_DOMAIN}{_DOT}(?:com|co{_DOT}uk|net|org|me)(?!\w))"
    rf"|[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,2}}?(?P<dot>{_DOT}){_TOP}(?:{_DOT}uk(?!\w))?)",
    re.IGNORECASE,
)
_HAS_AT = re.compile(r"@|\bat\b", re.IGNORECASE)
_MAIL_WORDS = re.compile(r"\b(?:e-?mail(?!\])|contact|write to|reach)\b[^\n]{0,20}\Z", re.IGNORECASE)
_MAIL_WORDS_WITHIN = 32
_NOBODYS = frozenset({"us", "them", "me", "him", "her", "you", "it"})
# "look @ stoke . gov . uk" is a page to look at.
_SURE_TOP = re.compile(r"(?:com|net|org|uk)\Z", re.IGNORECASE)
_NO_LOCALS = _NOBODYS | frozenset(
    """
    all am and apply are available be been book check details find found go going here how i info is join live look
    looked looking meet more now on online or out page read register saw see seen sign site start stop that there this
    today tomorrow up visit was we website were work works
    """.split()  # noqa: SIM905 - a column of words reads better so
)


def emails(plain: str) -> Iterator[Span]:
    """Find e-mail addresses, also with at and dot spelt out where it is sure that they are one."""
    if not _HAS_AT.search(plain):
        return
    if "@" in plain:
        yield from (Span(*match.span(), EMAIL) for match in _WRITTEN.finditer(plain))
    for match in _SPELT.finditer(plain):
        is_spelt = match["dot"] and match["dot"].strip() != "."
        if match["known"] or match["sure"] or _is_spaced(match) or (is_spelt and _is_address(plain, match)):
            yield Span(*match.span(), EMAIL)


def _is_spaced(match: re.Match[str]) -> bool:
    """Say whether it is "ann @ example . org": a dot with a space before it ends no sentence."""
    is_spaced = match["sign"] and re.match(r"\s\.", match["dot"] or "")
    return bool(is_spaced and _SURE_TOP.search(match[0])) and match["local"].lower() not in _NO_LOCALS


def _is_address(plain: str, match: re.Match[str]) -> bool:
    if match["local"].lower() in _NOBODYS:
        return False
    if re.search(r"[\d._]| (?:dot|underscore|dash) ", match["local"]):
        return True
    return _MAIL_WORDS.search(plain, max(0, match.start() - _MAIL_WORDS_WITHIN), match.start()) is not None


# Postcodes, of the areas that Royal Mail has: "NO5 3FT" is no place.
_AREA = (
    r"(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]|JE|K[ATWY]"
    r"|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB"
    r"|W[ACDFNRSV]?|YO|ZE)"
)
_LETTER_INWARD = "[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]"
_INWARD = re.compile(rf"\d{_LETTER_INWARD}{{2}}(?!\w)")
_OUTWARD = re.compile(
    rf"(?<!\w)(?P<area>{_AREA}\d[A-Z\d]?|GIR)"
    r"(?:(?P<between>[\s\u200b\u2060\ufeff]{0,3}-?\s?)|(?P<stop>\s{0,2}[,.;:/_–—]\s{0,2}))\Z",
    re.IGNORECASE,
)
_LONGEST_OUTWARD = 12
_ORDINAL = re.compile(r"1st|2nd|3rd|\dth")
# "S T 4 1 H H", every sign apart. Areas of one letter are left: "B 1 2 A B" may be anything.
_GAPS = r"[\s.-]{1,3}"
_APART = re.compile(
    rf"(?<!\w)[A-Z]{_GAPS}[A-Z]{_GAPS}\d{_GAPS}(?:[A-Z\d]{_GAPS})?\d{_GAPS}{_LETTER_INWARD}{_GAPS}{_LETTER_INWARD}"
    r"(?!\w)",
    re.IGNORECASE,
)
_WHOLE_AREA = re.compile(_AREA, re.IGNORECASE)
_TOGETHER = re.compile(rf"{_AREA}\d[A-Z\d]?\d[A-Z]{{2}}", re.IGNORECASE)
# "ST 4 1HH", but not "give me 4 2hr slots".
_AREA_APART = re.compile(
    r"(?<!\w)(?P<area>[A-Z]{2})\s{1,3}\d[A-Z\d]?(?:\s{1,3}|\s{0,2}[,.;:/_–—-]\s{0,2})\Z", re.IGNORECASE
)
_WORD_AREAS = frozenset(
    {*("al", "co", "de", "ex", "ha", "la", "le", "me", "ne"), *("pa", "pe", "po", "se", "so", "ta")}
)
# What a digit and two letters may be that begin something new: "in ST4, 2nd", "off the M6, 3ft", "ST4, 2be fair".
_BEGINS_ANEW = re.compile(
    r"\d(?:st|nd|rd|th|an|as|at|ba|bd|be|bn|br|by|dr|ft|gb|he|hp|hr|hz|lb|ln|pp|pt|sq|tb|up|us|we|ya|yr)", re.IGNORECASE
)


def postcodes(plain: str) -> Iterator[Span]:
    """Find full postcodes; an outward code (ST1) names no home and stays."""
    for inward in _INWARD.finditer(plain):
        start = inward.start()
        before = max(0, start - _LONGEST_OUTWARD), start
        outward = _OUTWARD.search(plain, *before)
        if outward and _is_postcode(outward, inward[0]):
            yield Span(outward.start(), inward.end(), POSTCODE)
        spaced = None if outward else _AREA_APART.search(plain, *before)
        if spaced and _is_spaced_postcode(spaced, inward[0]):
            yield Span(spaced.start(), inward.end(), POSTCODE)
    for apart in _APART.finditer(plain):
        if _TOGETHER.fullmatch(re.sub(_GAPS, "", apart[0])):
            yield Span(*apart.span(), POSTCODE)


def _is_postcode(outward: re.Match[str], inward: str) -> bool:
    if outward["stop"] is None:
        # "ST1 1st of May" is a date, "ST1 1ST" a postcode.
        return not (outward["between"] and _ORDINAL.fullmatch(inward))
    # "ST4, 1HH". In small letters only areas of two are sure: "n1, 2ab" may be two of a list.
    is_sure = outward["area"][1].isalpha() or (outward["area"] + inward).isupper()
    return is_sure and not _BEGINS_ANEW.fullmatch(inward)


def _is_spaced_postcode(outward: re.Match[str], inward: str) -> bool:
    is_area = _WHOLE_AREA.fullmatch(outward["area"]) and outward["area"].lower() not in _WORD_AREAS
    return bool(is_area) and not _BEGINS_ANEW.fullmatch(inward)


# Phone numbers. `_GAP` is what people put between the digits.
_GAP_CHARACTER = r"[\s().·‐-―−\u200b-\u200f\u202a-\u202e\u2060\ufeff-]"
_GAP = _GAP_CHARACTER + "{0,3}"
# Dialling codes that residents' families have, for numbers written without a plus.
_COUNTRY = r"(?:44|353|92|91|880|93|94|977|98|964|963|962|966|971|90|48|40|420|421|370|371|359|36|380|351|34|33|39|49)"
# Neither inside a longer number, nor the pence of a price, nor a price.
# A comma parts a list, "07700 900123,07700 900124", where no thousands can follow.
_NEXT_IN_LIST = r"0\d{4}|0\d{2,3}[\s-]"
_BEFORE = rf"(?<![\d£$€])(?<!\d\.)(?:(?<!\d,)|(?<=\d{{3}},)(?={_NEXT_IN_LIST}))"
_AFTER = rf"(?!\.?\d)(?!,(?!{_NEXT_IN_LIST})\d)"
_ABROAD = rf"(?:(?<![\d+])\+|{_BEFORE}00)"
_DATE = r"(?:\d{1,2}[.-])?\d{1,2}[.-](?:19|20)\d\d\b"
_AGES = r"0\s?[-–]\s?\d\d?[\s,]"


def _digits(fewest: int, most: int) -> str:
    return rf"(?:{_GAP}\d){{{fewest},{most}}}"


_PHONE = re.compile(
    "|".join(
        [
            # +44 (0)7700 900123 and 0044 7700 900123: ten digits after the code, or nine.
            rf"{_ABROAD}{_GAP}44{_GAP}(?:0{_GAP})?[1-9]{_digits(8, 9)}{_AFTER}",
            # Any other country's.
            rf"{_ABROAD}{_GAP}[1-9]{_digits(7, 13)}{_AFTER}",
            # 07700 900123, (01782) 234 234, 0 7 7 0 0 ... ; but neither 0.1234567891 nor 0 1 2 3 nor ages nor a date.
            rf"{_BEFORE}\(?(?!{_DATE})(?!{_AGES})(?!0\D1\D2\D3)0(?!\.){_GAP}[1-9]{_digits(8, 9)}{_AFTER}",
            rf"{_BEFORE}(?<!/)\(?0[1-9]\d{{1,3}}\)?\s?/\s?\d{{3}}\s?\d{{3,4}}(?!/){_AFTER}",
            # 92 300 1234567, 44 7700 900 123, 48 601 234 567: a known code and a shape that lists seldom have.
            rf"{_BEFORE}{_COUNTRY}[\s-](?=(?:\d{{1,13}}[\s-]){{0,2}}\d{{5}})(?:\d[\s-]?){{8,10}}\d{_AFTER}",
            rf"{_BEFORE}{_COUNTRY}[\s-]\d{{3,4}}[\s-]\d{{3}}[\s-]\d{{3,4}}{_AFTER}",
            # 7700 900123: a mobile without its nought.
            rf"{_BEFORE}7\d{{3}}[\s-]?\d{{3}}[\s-]?\d{{3}}{_AFTER}",
            rf"{_BEFORE}7\d{{4}}[\s-]\d{{5}}{_AFTER}",
            # Any ten digits or more in one: no year, house number or price is so long.
            rf"{_BEFORE}\d{{10,16}}{_AFTER}",
        ]
    )
)

# Where a number can be at all, so that the many shapes above are tried in few places.
_BETWEEN = rf"(?:[+/]|{_GAP_CHARACTER})"
_RUN = re.compile(rf"[+(]{{0,3}}\d{_BETWEEN}*+(?:\d{_BETWEEN}*+){{6,}}+")


def phones(plain: str) -> Iterator[Span]:
    """Find phone numbers written in digits: UK ones in any spelling, others with a country's code."""
    for run in _RUN.finditer(plain):
        for match in _PHONE.finditer(plain, *run.span()):
            yield Span(*match.span(), PHONE)


# Numbers said rather than written: "oh seven seven double oh, nine hundred, one two three".
_WORTH = {
    **{"oh": "0", "o": "0", "zero": "0", "nought": "0", "naught": "0", "one": "1", "two": "2", "three": "3"},
    **{"four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "hundred": "00"},
}
_TIMES = {"double": 2, "treble": 3, "triple": 3}
_SAID = rf"(?:{'|'.join([*_WORTH, *_TIMES])}|\d{{1,11}})(?!\w)"
_SAID_RUN = re.compile(rf"(?<![\w£$€]){_SAID}(?:[\s,.-]{{1,3}}{_SAID})++", re.IGNORECASE)
_LONGEST = 11


def said_phones(plain: str) -> Iterator[Span]:
    """Find UK phone numbers of which some digits are words; eleven digits from a nought on, and no count 0 1 2 3."""
    for run in _SAID_RUN.finditer(plain):
        digits = _said_digits(plain, run)
        first = 0
        while first <= len(digits) - _LONGEST:
            number = digits[first : first + _LONGEST]
            written = "".join(digit for digit, _, _ in number)
            start, end = number[0][1], number[-1][2]
            is_whole = first == 0 or digits[first - 1][2] <= start
            if is_whole and _UK.match(written) and _LETTER.search(plain, start, end):
                yield Span(start, end, PHONE)
                first += _LONGEST
            else:
                first += 1


_LETTER = re.compile(r"[^\W\d_]")
_UK = re.compile(r"(?!01234)0[1-37-9]\d{9}")


def _said_digits(plain: str, run: re.Match[str]) -> list[tuple[str, int, int]]:
    """Write every digit of a run with the place of the words that gave it."""
    found: list[tuple[str, int, int]] = []
    times, since = 1, None
    for word in re.finditer(r"\w+", plain[run.start() : run.end()]):
        start, end = run.start() + word.start(), run.start() + word.end()
        start = start if since is None else since
        if word[0].lower() in _TIMES:
            times, since = _TIMES[word[0].lower()], start
            continue
        digits = _WORTH.get(word[0].lower(), word[0]) * times
        found += [(digit, start, end) for digit in digits]
        times, since = 1, None
    return found
