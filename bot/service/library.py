"""The published surveys as the running service holds them: read from storage, and made ready once.

They are read again when another process publishes or closes one, or changes a campaign.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.danger import Watch
from bot.core.desk import Desk
from bot.core.invitation import Invitation
from bot.core.listening import Listener
from bot.core.phrases import Phrases
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing
from bot.core.survey import Language, SurveyDefinition
from bot.core.window import closed_by_hand
from bot.core.words import Words
from bot.service.catalogues import Catalogue, phrases_of
from bot.service.invitations import invitation_of
from bot.service.reviewing import corrected, of_a_survey, of_the_bot, standing
from storage import campaigns, reviews, surveys
from storage.reviews import Reviews
from storage.script import Database


@dataclass(frozen=True, slots=True)
class Wording:
    """What the bot speaks with: its phrases, and the word tables it reads with, by conversation language.

    `words[""]` serves a language that has no table. `drafts_allowed` are draft languages that may be offered; `every`
    offers all of them, as the demo and the terminal chat do. `listener` hears which language free text is in, `watch`
    what speaks of danger. `reached_by` says for each source where a survey is answered by it; `{survey}` is its id.
    """

    phrases: Phrases
    words: Mapping[str, Words]
    drafts_allowed: frozenset[str] = frozenset()
    every: bool = False
    catalogues: Sequence[Catalogue] = ()
    listener: Listener | None = None
    watch: Watch | None = None
    reviews: Reviews = field(default_factory=Reviews)
    reached_by: Mapping[str, str] = field(default_factory=dict)

    def offered(self, definition: SurveyDefinition) -> tuple[Language, ...]:
        """Return the languages of a survey that residents may be offered; the default language always is."""
        drafts = frozenset() if self.every else frozenset(definition.draft_languages) - self.drafts_allowed
        drafts = frozenset(code for code in drafts if not self.is_read(definition, code))
        return tuple(
            language
            for language in definition.languages
            if language.code not in drafts or language.code == definition.default_language
        )

    def is_read(self, definition: SurveyDefinition, language: str) -> bool:
        """Say whether somebody has read every sentence of a survey, and every one of the bot's own, in a language."""
        said = [one for each in self.catalogues if each.language == language for one in of_the_bot(each)]
        return standing(language, [*said, *of_a_survey(definition, language)], self.reviews).is_read

    def reviewed(self, reviews: Reviews) -> "Wording":
        """Return the same with what people have read, and with their corrections.

        A catalogue that is still a draft is used only where its language may be offered; else the bot says English.
        """
        every = tuple(corrected(each, reviews.corrections.get(each.language, {})) for each in self.catalogues)
        said = [
            each
            for each in every
            if each.reviewed
            or self.every
            or each.language in self.drafts_allowed
            or standing(each.language, of_the_bot(each), reviews).is_read
        ]
        return replace(self, phrases=phrases_of(said), catalogues=every, reviews=reviews)


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
        self._invited: tuple[campaigns.Stamp, ...] = ()
        self._invitations: tuple[Invitation, ...] = ()
        self._read: reviews.Stamp = (0, 0)
        self._loading = asyncio.Lock()
        self._versions: dict[tuple[str, str], Questionnaire] = {}
        self.desk = self.desk_over(())

    @property
    def phrases(self) -> Phrases:
        """The bot's own sentences."""
        return self._wording.phrases

    @property
    def watch(self) -> Watch | None:
        """What looks for danger in texts; None where nobody is to be told."""
        return self._wording.watch

    @property
    def invitations(self) -> tuple[Invitation, ...]:
        """Every campaign there ever was."""
        return self._invitations

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

    def is_draft(self, definition: SurveyDefinition, language: str) -> bool:
        """Say whether a language of a survey is a draft that nobody has read."""
        return language in definition.draft_languages and not self._wording.is_read(definition, language)

    def questionnaire(self, survey: str, version: str) -> Questionnaire:
        """Return a version made ready. Raises UnknownVersion."""
        try:
            return self._versions[survey, version]
        except KeyError:
            raise UnknownVersion(f"survey {survey} version {version} is not loaded") from None

    async def load(self) -> bool:
        """Read what was published or closed since the last time, and which campaigns changed; say whether any did.

        When this returns, all that was committed before it was called is known here.
        """
        async with self._loading:  # one that began to read before must not put its older view in place of a newer
            return await self._load()

    async def _load(self) -> bool:
        stamp = await self._database.read(surveys.stamps)
        invited = await self._database.read(campaigns.stamp)
        read = await self._database.read(reviews.stamp)
        if (stamp, invited, read) == (self._stamp, self._invited, self._read):
            return False
        is_reread = read != self._read
        accepted = await self._database.read(reviews.read) if is_reread else self._wording.reviews
        published = await self._database.read(surveys.every_version)
        invitations = tuple(map(invitation_of, await self._database.read(campaigns.every)))
        if is_reread:
            self._wording = self._wording.reviewed(accepted)
        versions = {} if is_reread else dict(self._versions)
        for row in published:
            if (row.survey, row.version) not in versions:
                definition = SurveyDefinition.from_json(row.definition)
                versions[row.survey, row.version] = self.ready(definition, self._wording.offered(definition))
        listings = [
            Listing(versions[row.survey, row.version], closed_by_hand(row.closed_at))
            for row in published
            if row.is_current
        ]
        self._versions, self._invitations = versions, invitations
        self.desk = self.desk_over(listings)
        self._stamp, self._invited, self._read = stamp, invited, read
        return True

    def ready(self, definition: SurveyDefinition, offered: Sequence[Language]) -> Questionnaire:
        """Make a version ready to be conducted in these languages."""
        wording = self._wording
        reached_by = {source: where.format(survey=definition.id) for source, where in wording.reached_by.items()}
        return Questionnaire(definition, wording.phrases, wording.words, offered, wording.listener, reached_by)

    def desk_over(self, listings: Sequence[Listing]) -> Desk:
        """Open a desk over these surveys, and the campaigns that invite to them."""
        wording = self._wording
        return Desk(listings, wording.phrases, wording.words[""], watch=self.watch, invitations=self._invitations)
