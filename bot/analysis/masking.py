"""Masks what identifies a person in the words that leave (invariant 5); what a resident wrote stays as it was.

A rule can know a number by its shape, so phone numbers, e-mail addresses, full postcodes, National Insurance, NHS and
card numbers and vehicle marks are masked wherever they stand, in any script's digits. It cannot know a name: names are
masked only where the writer introduces one ("my name is ...", "regards, ..."), and a name without such words ("ask
Parveen next door") stays. Street addresses are masked where a house number stands before the name of a road. Nor are
these found: a local number without its area code, a foreign number of nine digits or fewer without its country code.
Whoever publishes free text reads it first.
"""

import re
import unicodedata
from collections.abc import Iterator

from bot.analysis.contact_details import emails, phones, postcodes, said_phones
from bot.analysis.personal_numbers import cards, nhs_numbers, ni_numbers, vehicles
from bot.analysis.span import Span
from bot.analysis.street_addresses import addresses

NAME = "[name]"
NUMBER = "[number]"

# What stood beside a masked piece may show itself only then, so a text is looked at again until nothing is found.
# Nobody's opinion hides more in each other than this; such a text loses every digit that is left, so that a text made
# to keep the program busy is done in a bounded number of looks.
_LOOKS = 8


def mask(text: str) -> str:
    """Replace what identifies a person by what it is, such as `[phone]`.

    Never touches a bare @word, a year, a date, a price, 999 or an outward code (ST1). Masking twice changes nothing.
    """
    looks = 0
    while (has_cue := _has_cue(text)) or _HAS_DIGIT_OR_AT.search(text):
        masked = _mask_once(text, has_cue=has_cue)
        if masked == text:
            break
        looks += 1
        text = masked if looks < _LOOKS else _DIGITS_OR_AT.sub(NUMBER, masked)
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


def _find(plain: str, *, has_cue: bool) -> list[Span]:
    """Find what to mask, in order and without overlaps; where two overlap, the kind looked for first."""
    spans = [*emails(plain)] if has_cue or "@" in plain else []
    spans += _with_digits(plain, len(_DIGIT.findall(plain)))
    spans += [*said_phones(plain), *_names(plain)] if has_cue else []
    if len(spans) < 2:
        return spans
    taken = bytearray(len(plain))
    kept = []
    for span in spans:
        if taken.find(1, span.start, span.end) < 0:
            kept.append(span)
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
    return sorted(kept)


def _with_digits(plain: str, digits: int) -> Iterator[Span]:
    """Find what has digits, looking only for kinds for which the text has enough of them."""
    if digits >= 10:
        yield from nhs_numbers(plain)
        yield from cards(plain)
    if digits >= 6:
        yield from ni_numbers(plain)
    if digits >= 8:
        yield from phones(plain)
    if digits >= 2:
        yield from postcodes(plain)
        yield from vehicles(plain)
    if digits:
        yield from addresses(plain)


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


# Names, where the writer says that one follows. After "my name is" small letters count too, for many texts have
# no others; elsewhere only capitals do: "call me old-fashioned" is an opinion.
_ANY = r"[^\W\d_][^\W\d_'’-]{0,40}(?:['’-][^\W\d_]{1,40}){0,3}"
_CAPITAL = r"(?-i:(?=[^\W\d_a-zà-öø-ÿ]))" + _ANY
_INTRODUCED = re.compile(
    rf"\b(?:my (?:full )?name(?:['’]?s| is| iz)|mera naam|nazywam si[eę]|mam na imi[eę]|m[aă] numesc)\s{{1,9}}"
    rf"(?P<any>{_ANY}(?:\s{{1,9}}{_ANY}){{0,2}})"
    rf"|\b(?:i am|i['’]?m) called\s{{1,9}}(?P<called>{_CAPITAL}(?:\s{{1,9}}{_CAPITAL}){{0,2}})"
    rf"|\bcall me\s{{1,9}}(?P<call>{_CAPITAL}(?:\s{{1,9}}{_CAPITAL})?)"
    # "This is Hanley Park" is a place: a cue must follow.
    rf"|\bthis is\s{{1,9}}(?P<this>{_CAPITAL}(?:\s{{1,9}}{_CAPITAL}){{1,2}})"
    rf"(?=\s{{1,9}}(?:speaking|writing|texting|calling)\b)"
    rf"|\b(?:regards|signed|yours (?:sincerely|faithfully|truly))[,:\s]{{1,9}}"
    rf"(?P<sign>{_CAPITAL}(?:\.?\s{{1,9}}{_CAPITAL}){{0,2}})(?=\W{{0,20}}$)",
    re.IGNORECASE,
)
_NOT_A_NAME = frozenset(
    """
    a about after again all already also always am an and anonymous any anything are around as at because been
    before being but by call can common contact council did do does email for foreign from getting going had hai has
    have he her here his how i if im important in irrelevant is it its just known like live lives living me mine
    miss mobile mr mrs ms mud my never no none not nothing now number of old on or our phone please private ring she
    since so still tel text that the their there they this to too unimportant until very was we went were what
    whatsapp when where which who why will with would you your
    """.split()  # noqa: SIM905 - a column of words reads better so
)


def _names(plain: str) -> Iterator[Span]:
    for match in _INTRODUCED.finditer(plain):
        group = match.lastgroup
        assert group is not None, "every alternative names its group"
        start = end = match.start(group)
        for word in re.finditer(r"\S+", match[group]):
            if word[0].lower() in _NOT_A_NAME:
                break
            end = start + word.end()
        if end > start:
            yield Span(start, end, NAME)


# Most answers hold none of these, and are done with here: a name, a number said aloud or a spelt-out e-mail address has
# one of the cues.
_DIGIT = re.compile(r"\d")
_HAS_DIGIT_OR_AT = re.compile(r"[\d@＠]")
_DIGITS_OR_AT = re.compile(r"[\d@＠]++")
_CUES = (
    *("name", "naam", "nazywam", "mam na im", "numesc", "call", "this is", "regards", "signed", "yours"),
    *("mail", "yahoo", "outlook", "icloud", " dot ", "(at)", "[at]", "seven", "zero", "nought", "oh "),
)
