"""Masks what identifies a person in the words that leave (invariant 5): phone numbers, e-mail addresses, postcodes.

A rule can know a number by its shape, so these are masked wherever they stand, in any script's digits. It cannot know
a name: names are masked only where the writer introduces one ("my name is ...", "regards, ..."), and a name without
such words ("ask Parveen next door") stays. Nor are these found: street addresses, a local number without its area
code, a foreign number of nine digits or fewer without its country code, an address at a mail domain spelt out
otherwise than "name at gmail.com". Whoever publishes free text reads it first.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

PHONE = "[phone]"
EMAIL = "[email]"
POSTCODE = "[postcode]"
NAME = "[name]"


def mask(text: str) -> str:
    """Replace phone numbers, e-mail addresses, full postcodes and introduced names by what they are.

    Never touches a bare @word, a year, a date, a price, 999 or an outward code (ST1). Masking twice changes nothing.
    """
    # What stood beside a masked piece may show itself only then, so look again until nothing is found. Each round
    # takes away digits, at signs or a name, so the rounds come to an end.
    while (has_cue := _has_cue(text)) or _HAS_DIGIT_OR_AT.search(text):
        masked = _mask_once(text, has_cue=has_cue)
        if masked == text:
            break
        text = masked
    return text


def _has_cue(text: str) -> bool:
    lowered = text.lower()
    for cue in _CUES:  # noqa: SIM110 - twice as fast as any(), once for each answer of an export
        if cue in lowered:
            return True
    return False


def _mask_once(text: str, *, has_cue: bool) -> str:
    pieces = []
    done = 0
    for span in _find(_plain(text), has_cue=has_cue):
        pieces += [text[done : span.start], span.mark]
        done = span.end
    return "".join([*pieces, text[done:]])


class _Span(NamedTuple):
    start: int
    end: int
    mark: str


def _find(plain: str, *, has_cue: bool) -> list[_Span]:
    """Find what to mask, in order and without overlaps; where two overlap, the kind looked for first."""
    spans = [*_emails(plain)] if has_cue or "@" in plain else []
    spans += [*_phones(plain), *_postcodes(plain)]
    spans += [*_names(plain)] if has_cue else []
    kept: list[_Span] = []
    for span in spans:
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)


def _plain(text: str) -> str:
    """Write every script's digits, and full-width letters and signs, as ASCII, each in its own place."""
    return text if text.isascii() else "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if "！" <= character <= "～":
        return chr(ord(character) - 0xFEE0)
    return character


# E-mail. Beside the usual shape, "name at gmail.com" and "name @ gmail.com", for the domains that residents have: with
# any domain, "see you @ hanley.park" would go too.
_MAIL_DOMAIN = "(?:gmail|googlemail|hotmail|outlook|yahoo|ymail|rocketmail|icloud|protonmail|mail)"
_EMAIL = re.compile(
    r"(?<![\w.+'-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}"
    rf"|(?<![\w.+'-])[\w.+'-]+\s?(?:@|\bat\b|\(at\)|\[at\])\s?{_MAIL_DOMAIN}\s?(?:\.|\bdot\b)\s?(?:com|co\.uk|net|org|me)\b",
    re.IGNORECASE,
)


def _emails(plain: str) -> Iterator[_Span]:
    for match in _EMAIL.finditer(plain):
        yield _Span(*match.span(), EMAIL)


# Postcodes, of the areas that Royal Mail has: "NO5 3FT" is no place.
_AREA = (
    r"(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]|JE|K[ATWY]"
    r"|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB"
    r"|W[ACDFNRSV]?|YO|ZE)"
)
_INWARD = re.compile(r"\d[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2}(?!\w)")
_OUTWARD = re.compile(
    rf"(?<!\w)(?:{_AREA}\d[A-Z\d]?|GIR)(?P<between>[\s\u200b\u2060\ufeff]{{0,3}}-?\s?)\Z", re.IGNORECASE
)
_LONGEST_OUTWARD = 9
_ORDINAL = re.compile(r"1st|2nd|3rd|\dth")


def _postcodes(plain: str) -> Iterator[_Span]:
    for inward in _INWARD.finditer(plain):
        start = inward.start()
        outward = _OUTWARD.search(plain, max(0, start - _LONGEST_OUTWARD), start)
        # "ST1 1st of May" is a date, "ST1 1ST" a postcode.
        if outward and not (outward["between"] and _ORDINAL.fullmatch(inward[0])):
            yield _Span(outward.start(), inward.end(), POSTCODE)


# Phone numbers. `_GAP` is what people put between the digits.
_GAP_CHARACTER = r"[\s().·‐-―−\u200b-\u200f\u202a-\u202e\u2060\ufeff-]"
_GAP = _GAP_CHARACTER + "{0,3}"
# Dialling codes that residents' families have, for numbers written without a plus.
_COUNTRY = r"(?:44|353|92|91|880|93|94|977|98|964|963|962|966|971|90|48|40|420|421|370|371|359|36|380|351|34|33|39|49)"
# Neither inside a longer number, nor the pence of a price, nor a price.
_BEFORE = r"(?<![\d£$€])(?<!\d[.,])"
_AFTER = r"(?![.,]?\d)"
_ABROAD = rf"(?:(?<![\d+])\+|{_BEFORE}00)"
_DATE = r"\d{1,2}[.-]\d{1,2}[.-](?:19|20)\d\d\b"


def _digits(fewest: int, most: int) -> str:
    return rf"(?:{_GAP}\d){{{fewest},{most}}}"


_PHONE = re.compile(
    "|".join(
        [
            # +44 (0)7700 900123 and 0044 7700 900123: ten digits after the code, or nine.
            rf"{_ABROAD}{_GAP}44{_GAP}(?:0{_GAP})?[1-9]{_digits(8, 9)}{_AFTER}",
            # Any other country's.
            rf"{_ABROAD}{_GAP}[1-9]{_digits(7, 13)}{_AFTER}",
            # 07700 900123, (01782) 234 234, 0 7 7 0 0 ... ; but neither 0.1234567891 nor a scale 0 1 2 3 nor a date.
            rf"{_BEFORE}\(?(?!{_DATE})(?!0\D1\D2\D3)0(?!\.){_GAP}[1-9]{_digits(8, 9)}{_AFTER}",
            rf"{_BEFORE}(?<!/)\(?0[1-9]\d{{1,3}}\)?\s?/\s?\d{{3}}\s?\d{{3,4}}(?!/){_AFTER}",
            # 92 300 1234567, 44 7700 900 123, 48 601 234 567: a known code and a shape that lists seldom have.
            rf"{_BEFORE}{_COUNTRY}[\s-](?=(?:\d+[\s-]){{0,2}}\d{{5}})(?:\d[\s-]?){{8,10}}\d{_AFTER}",
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
_RUN = re.compile(rf"[+(]*\d(?:[+/]|{_GAP_CHARACTER})*(?:\d(?:[+/]|{_GAP_CHARACTER})*){{6,}}")


def _phones(plain: str) -> Iterator[_Span]:
    for run in _RUN.finditer(plain):
        for match in _PHONE.finditer(plain, *run.span()):
            yield _Span(*match.span(), PHONE)


# Names, where the writer says that one follows. After "my name is" small letters count too, for many texts have
# no others; elsewhere only capitals do: "call me old-fashioned" is an opinion.
_ANY = r"[^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)*"
_CAPITAL = r"(?-i:(?=[^\W\d_a-zà-öø-ÿ]))" + _ANY
_INTRODUCED = re.compile(
    rf"\b(?:my (?:full )?name(?:['’]?s| is| iz)|mera naam|nazywam si[eę]|mam na imi[eę]|m[aă] numesc)\s+"
    rf"(?P<any>{_ANY}(?:\s+{_ANY}){{0,2}})"
    rf"|\b(?:i am|i['’]?m) called\s+(?P<called>{_CAPITAL}(?:\s+{_CAPITAL}){{0,2}})"
    rf"|\bcall me\s+(?P<call>{_CAPITAL}(?:\s+{_CAPITAL})?)"
    # "This is Hanley Park" is a place: a cue must follow.
    rf"|\bthis is\s+(?P<this>{_CAPITAL}(?:\s+{_CAPITAL}){{1,2}})(?=\s+(?:speaking|writing|texting|calling)\b)"
    rf"|\b(?:regards|signed|yours (?:sincerely|faithfully|truly))[,:\s]+"
    rf"(?P<sign>{_CAPITAL}(?:\.?\s+{_CAPITAL}){{0,2}})(?=\W*$)",
    re.IGNORECASE,
)
_NOT_A_NAME = frozenset(
    """
    a about after again all already also always am an and any anonymous anything are around as at because been
    before being but by can common council did do does for foreign from getting going had has have hai he her
    here his how i im if important in irrelevant is it its just known like live lives living me mine mr mrs ms
    miss mud my never no none not nothing now of old on or our please private she since so still that the their
    there they this to too unimportant until very was we went were what when where which who why will with would
    you your
    """.split()  # noqa: SIM905 - a column of words reads better so
)


def _names(plain: str) -> Iterator[_Span]:
    for match in _INTRODUCED.finditer(plain):
        group = match.lastgroup
        assert group is not None, "every alternative names its group"
        start = end = match.start(group)
        for word in re.finditer(r"\S+", match[group]):
            if word[0].lower() in _NOT_A_NAME:
                break
            end = start + word.end()
        if end > start:
            yield _Span(start, end, NAME)


# Most answers hold none of these, and are done with here: a name or a spelt-out e-mail address has one of the cues.
_HAS_DIGIT_OR_AT = re.compile(r"[\d@＠]")
_CUES = (
    *("name", "naam", "nazywam", "mam na im", "numesc", "call", "this is", "regards", "signed", "yours"),
    *("mail", "yahoo", "outlook", "icloud"),
)
