"""Counts what a text costs as SMS, exactly as Twilio does, and swaps characters that make it dear for no gain.

One character outside the GSM-7 alphabet makes the whole message UCS-2: 70 units in a single segment instead of 160,
67 instead of 153 in each part of a longer one. The rules are those of Twilio's own calculator
(github.com/TwilioDevEd/message-segment-calculator): a segment is 1,120 bits, a part of several carries 48 bits of
header, and a character as a reader sees it is never torn between two parts.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from channels.graphemes import graphemes

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038 section 6.2.1, the default alphabet, in the standard's order (0x1B is the escape, no character).
GSM_7_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1, the extension table: each costs two septets, the escape and the character.
GSM_7_EXTENSION: Final = "\f^{}\\[~]|€"

_UCS_2_SINGLE, _UCS_2_PART = 70, 67
_GSM_7_SINGLE, _GSM_7_PART = 160, 153

_find_beyond_basic = re.compile(f"[^{re.escape(GSM_7_BASIC)}]").search
_find_beyond_gsm_7 = re.compile(f"[^{re.escape(GSM_7_BASIC + GSM_7_EXTENSION)}]").findall
_EXTENSION: Final = frozenset(GSM_7_EXTENSION)

_PLAIN: Final[dict[str, str]] = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u0060\u00b4\u02b9\u02bc", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022", "-"),
    **dict.fromkeys("\t\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "),
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    # Not the joiners U+200C and U+200D nor the direction marks: Persian, Urdu and emoji are spelt with them.
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    "\u2026": "...",
}
_find_plainable = re.compile(f"[{re.escape(''.join(_PLAIN))}]").search
_PLAIN_TABLE: Final = str.maketrans(_PLAIN)


@dataclass(frozen=True, slots=True)
class Segments:
    """What one text costs. `units` are septets in GSM-7 and UTF-16 units in UCS-2.

    `forced_by` names the characters outside GSM-7, each once, in the order of the text.
    """

    encoding: Encoding
    units: int
    segments: int
    forced_by: tuple[str, ...] = ()


def count(text: str) -> Segments:
    """Count encoding, units and segments of a text, as Twilio bills it. An empty text is one segment."""
    if _find_beyond_basic(text) is None:
        units = len(text)
        return Segments("GSM-7", units, 1 if units <= _GSM_7_SINGLE else -(-units // _GSM_7_PART))
    beyond = _find_beyond_gsm_7(text)
    if not beyond:
        sizes = [2 if character in _EXTENSION else 1 for character in text]
        units = sum(sizes)
        return Segments("GSM-7", units, 1 if units <= _GSM_7_SINGLE else _parts(sizes, _GSM_7_PART))
    units = utf_16_units(text)
    one = units <= _UCS_2_SINGLE
    segments = 1 if one else _parts([_units_of(cluster) for cluster in graphemes(text)], _UCS_2_PART)
    return Segments("UCS-2", units, segments, tuple(dict.fromkeys(beyond)))


def plain(text: str) -> str:
    """Swap typographic quotes, dashes, spaces, the ellipsis and invisible characters for plain ones; never a letter.

    Meaning and words stay as written, so a curly apostrophe from a word processor does not double the price.
    """
    return text if _find_plainable(text) is None else text.translate(_PLAIN_TABLE)


def utf_16_units(text: str) -> int:
    """Count UTF-16 code units, in which UCS-2 messages (and Telegram) measure length."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _units_of(cluster: str) -> int:
    if len(cluster) == 1:
        return 2 if cluster > "\uffff" else 1
    return utf_16_units(cluster)


def _parts(sizes: list[int], room: int) -> int:
    """Count the parts that hold characters of these sizes in order, none torn in two."""
    parts, used = 1, 0
    for size in sizes:
        if used + size > room and used:
            parts, used = parts + 1, 0
        used += size
    return parts
