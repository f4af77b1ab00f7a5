"""The letters: can each channel write what the published surveys say, in every language they offer."""

from collections.abc import Iterator, Mapping

from bot.core.phrases import Phrases
from bot.core.survey import SurveyDefinition
from bot.service.doctor.finding import Finding, problem, warning
from bot.service.letters import cannot_be_written, characters_lost
from channels.base import Carries, Channel
from storage import surveys
from storage.script import Database


async def examine_letters(database: Database, channels: Mapping[str, Channel], phrases: Phrases) -> list[Finding]:
    """Hold the current version of every survey that is not closed by hand against each channel that is on."""
    limited = {name: each.capabilities.carries for name, each in channels.items() if each.capabilities.carries}
    rows = await database.read(surveys.every_version) if limited else []
    definitions = [SurveyDefinition.from_json(row.definition) for row in rows if row.is_current and not row.closed_at]
    return [
        finding
        for name, carries in limited.items()
        for definition in definitions
        for finding in _of_survey(definition, phrases, name, carries)
    ]


def _of_survey(definition: SurveyDefinition, phrases: Phrases, channel: str, carries: Carries) -> Iterator[Finding]:
    lost = characters_lost(definition, definition.default_language, carries)
    if lost:
        yield problem(
            f"Survey {definition.id} has characters that {channel} cannot carry: {' '.join(lost)} A text with one of "
            "them is not sent. Take them out of the survey file, or give a short wording without them, and publish."
        )
    names = [language.name for language in cannot_be_written(definition, phrases, carries)]
    if names:
        yield warning(
            f"Survey {definition.id} is not offered by {channel} in {', '.join(names)}: their letters do not get "
            "through. Residents who write so are answered in the survey's default language. Have another channel "
            "beside it, such as SMS by Twilio."
        )
