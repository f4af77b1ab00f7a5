"""What a survey must say of itself before residents are invited to it: the settings that a campaign insists on."""

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


def missing_settings(definition: SurveyDefinition) -> tuple[str, ...]:
    """Name the settings that a campaign insists on and this survey lacks."""
    return tuple(name for name in INSISTED if getattr(definition, name) in ("", None, {}, ()))
