"""British postcodes, read only as far as their area: "st6 5ab" is ST6. The rest is not needed and is not kept."""

import re

_FULL = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})")
_AREA = re.compile(r"([A-Z]{1,2}) ?(\d[A-Z\d]?)")
_MISTYPED = re.compile(r"([A-Z]{1,2})([\dOIL])([A-Z\d]?) ?([\dOIL])([A-Z]{2})")
_TO_DIGIT = str.maketrans("OIL", "011")


def read_postcode_area(text: str) -> str | None:
    """Return the area (outward code) of a whole message that is a postcode or an area, in capitals; else None.

    O and I typed for 0 and 1 are mended where a full postcode must have a digit. "ST1 4" could be a sector of ST1 or
    ST14 with a stray space, so it is neither.
    """
    written = " ".join(text.upper().replace("-", " ").split()).strip(" .,!;:()\"'")
    if full := _FULL.fullmatch(written):
        return full[1]
    if area := _AREA.fullmatch(written):
        return area[1] + area[2]
    mistyped = _MISTYPED.fullmatch(written)
    if mistyped and any(letter.isdecimal() for letter in written):
        return mistyped[1] + mistyped[2].translate(_TO_DIGIT) + mistyped[3]
    return None
