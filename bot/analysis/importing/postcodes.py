"""Full postcodes where the survey asks for an area: by a rule of the map, such as `"ST4*"`, and never by a guess.

A rule is a whole area (ST), district (ST4) or sector (ST4 2), so that `ST1*` is never taken for ST10.
"""

import re
from typing import Final

STAR: Final = "*"
_POSTCODE: Final = re.compile(r"([a-z]{1,2})(\d[a-z\d]?)(?: ?(\d)([a-z]{2})| (\d))?")
_AREA: Final = re.compile(r"[a-z]{1,2}(?:\d[a-z\d]?(?: \d)?)?")


def areas_of(text: str) -> tuple[str, ...]:
    """Give the sector, the district and the area of a postcode or of its beginning; none for any other text.

    `text` and what comes back are in small letters, with single spaces.
    """
    found = _POSTCODE.fullmatch(text)
    if found is None:
        return ()
    area, district = found[1], found[1] + found[2]
    sector = found[3] or found[5]
    return (f"{district} {sector}", district, area) if sector else (district, area)


def district_of(text: str) -> str:
    """Give the district of a full postcode, such as `ST4`; empty for anything else."""
    found = _POSTCODE.fullmatch(" ".join(text.lower().split()))
    return (found[1] + found[2]).upper() if found is not None and found[4] else ""


def area_of_rule(label: str) -> str:
    """Give what a rule such as `st4*` is for; empty for a label that is no rule."""
    area = label.removesuffix(STAR).rstrip()
    return area if label.endswith(STAR) and _AREA.fullmatch(area) else ""
