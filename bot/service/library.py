"""The published surveys as the running service holds them: read from storage, and made ready once.

They are read again when another process publishes or closes one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.desk import Desk
from bot.core.listening import Listener
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing
from bot.core.survey import Language, SurveyDefinition
from bot.core.window import closed_by_hand
from bot.core.words import Words
from storage import surveys
from storage.script import Database


@dataclass(frozen=True, slots=True)
class Wording:
    """What the bot speaks with: its phrases, and the word tables it reads with, by conversation language.

    `words[""]` serves a language that has no table. `drafts_allowed` are draft languages that may be offered; `every`
    offers all of them, as the demo and the terminal chat do. `listener` hears which language free text is in.
    """

    phrases: Phrases
    words: Mapping[str, Words]
    drafts_allowed: frozenset[str] = frozenset()
    every: bool = False
    listener: Listener | None = None

    def offered(self, definition: SurveyDefinition) -> tuple[Language, ...]:
        """Return the languages of a survey that residents may be offered; the default language always is."""
        drafts = frozenset() if self.every else frozenset(definition.draft_languages) - self.drafts_allowed
        return tuple(
            language
            for language in definition.languages
            if language.code not in drafts or language.code == definition.default_language
        )


class UnknownVersion(LookupError):
    """A conversation is pinned to a version that this process has not read yet. Reloading the library helps."""


class Library:
    """Every published version, and the desk over the current ones.

    `load` swaps in the versions first, then the desk that needs them.
    """

    def __init__(self, database: Database, wording: Wording) -> None:
        self._database = database
        self._wording = wording
        self._stamp: tuple[surveys.Stamp, ...] = ()
        self._versions: dict[tuple[str, str], Questionnaire] = {}
        self.desk = Desk((), wording.phrases, wording.words[""])

    @property
    def recalled(self) -> dict[str, tuple[str, ...]]:
        """The text questions whose words each survey's logic reads."""
        found: dict[str, tuple[str, ...]] = {}
        for (survey, _), questionnaire in self._versions.items():
            names = questionnaire.definition.words_recalled
            if names:
                found[survey] = tuple(dict.fromkeys((*found.get(survey, ()), *names)))
        return found

    @property
    def definitions(self) -> Sequence[SurveyDefinition]:
        """The current version of every survey."""
        return [listing.questionnaire.definition for listing in self.desk.listings.values()]

    def questionnaire(self, survey: str, version: str) -> Questionnaire:
        """Return a version made ready. Raises UnknownVersion."""
        try:
            return self._versions[survey, version]
        except KeyError:
            raise UnknownVersion(f"survey {survey} version {version} is not loaded") from None

    async def load(self) -> bool:
        """Read what was published or closed since the last time; say whether anything was."""
        stamp = await self._database.read(surveys.stamps)
        if stamp == self._stamp:
            return False
        published = await self._database.read(surveys.every_version)
        versions = dict(self._versions)
        for row in published:
            if (row.survey, row.version) not in versions:
                versions[row.survey, row.version] = self._ready(SurveyDefinition.from_json(row.definition))
        listings = [
            Listing(versions[row.survey, row.version], closed_by_hand(row.closed_at))
            for row in published
            if row.is_current
        ]
        self._versions = versions
        self.desk = Desk(listings, self._wording.phrases, self._wording.words[""])
        self._stamp = stamp
        return True

    def _ready(self, definition: SurveyDefinition) -> Questionnaire:
        wording = self._wording
        return Questionnaire(definition, wording.phrases, wording.words, wording.offered(definition), wording.listener)
