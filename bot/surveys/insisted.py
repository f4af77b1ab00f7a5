"""What a survey must say of itself before residents are invited to it: the settings that a campaign insists on."""

import re

from bot.core.survey import SurveyDefinition

INSISTED = {
    "organisation": "who asks",
    "privacy_url": "where the privacy notice is",
    "verify_url": "where to check that it is real",
    "contact": "whom to ask",
    "closes": "when it closes",
    "min_age": "from which age on one may answer",
}
"""What residents must be told, by the setting that says it: without these no campaign starts and no poster is made."""


_REACHES = re.compile(
    r"(?:\d[\s().+/-]{0,3}){7}"  # a phone number
    r"|\w@\w+[\w-]*\.\w"  # an e-mail address
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b",  # the postcode of a postal address
    re.IGNORECASE,
)


def missing_settings(definition: SurveyDefinition) -> tuple[str, ...]:
    """Name the settings that a campaign insists on and this survey lacks."""
    return tuple(name for name in INSISTED if getattr(definition, name) in ("", None, {}, ()))


def unreachable_contact(definition: SurveyDefinition) -> str:
    """Say which cells with whom to ask do not tell how to reach them, and what to write; empty where each does.

    HELP gives residents those words, and some of them cannot look a number up.
    """
    default = definition.default_language
    cells = [
        "contact" if code == default else f"contact_{code}"
        for code in dict.fromkeys([default, *(language.code for language in definition.languages)])
        if code in definition.contact and not _REACHES.search(definition.contact[code])
    ]
    if not cells:
        return ""
    hold = f"{', '.join(cells[:-1])} and {cells[-1]} hold" if len(cells) > 1 else f"{cells[0]} holds"
    return (
        f"{hold} no phone number, e-mail address or postal address with its postcode, so HELP does not tell residents "
        "how to reach a person; write one there, such as 'Customer Services, 01632 960000'"
    )
