"""What reviewers have read and corrected so far, as a poster needs to know it."""

from dataclasses import dataclass

from bot.core.phrases import Phrases
from bot.core.survey import SurveyDefinition
from bot.service.catalogues import load_catalogues, phrases_of
from bot.service.reviewing import corrected, sentences_now, standing
from storage.script import Database


@dataclass(frozen=True, slots=True)
class Proofs:
    """A survey's languages that nobody has read through yet, and the bot's sentences with every correction."""

    drafts: frozenset[str]
    phrases: Phrases


async def proofs_of(database: Database, definition: SurveyDefinition) -> Proofs:
    """Read how far the languages of a survey are reviewed now."""
    every, kept = await sentences_now(database)
    unread = (code for code in definition.draft_languages if not standing(code, every.get(code, []), kept).is_read)
    catalogues = (corrected(each, kept.corrections.get(each.language, {})) for each in load_catalogues())
    return Proofs(frozenset(unread), phrases_of(catalogues))
