"""What the campaign pages read: surveys with their drafts, and campaigns that the visitor may see."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.core.survey import SurveyDefinition, wording
from bot.outreach.campaigns import Numbers, over_at
from bot.outreach.drawing_up import survey_problems
from bot.outreach.proofreading import Proofs, proofs_of
from bot.web.accounts import Clock, Role, Visit
from bot.web.pages import Pages
from bot.web.security import TurnedAway
from bot.web.visits import Visits
from storage import campaigns as store
from storage import surveys
from storage.campaigns import CampaignRow
from storage.script import Database

PAGE = "/staff/campaigns"


@dataclass(frozen=True, slots=True)
class Survey:
    """A published survey, and what people have read and corrected of its languages."""

    definition: SurveyDefinition
    proofs: Proofs

    @property
    def drafts(self) -> frozenset[str]:
        """The codes of its languages that nobody has read yet."""
        return self.proofs.drafts


class CampaignReading:
    """Reads for the campaign pages. `numbers` are where residents reach us."""

    def __init__(self, database: Database, numbers: Numbers) -> None:
        self._database = database
        self.numbers = numbers

    async def campaign(self, visit: Visit, name: str) -> CampaignRow:
        """Find a campaign that this visitor may see. Raises TurnedAway."""
        row = await self._database.read(partial(store.named, name))
        if row is None:
            raise TurnedAway(404, "There is no such campaign", "Go back to the list of campaigns.")
        if not sees(visit, row):
            raise TurnedAway(403, "This campaign is somebody else’s", "You see the campaigns that you made.")
        return row

    async def definitions(self) -> Sequence[SurveyDefinition]:
        """Read the current version of every survey, the one published last first."""
        versions = await self._database.read(surveys.every_version)
        return [SurveyDefinition.from_json(row.definition) for row in reversed(versions) if row.is_current]

    async def survey(self, wanted: str | None) -> Survey | None:
        """Find a survey by its id, the newest where none is named."""
        found = [each for each in await self.definitions() if wanted in (None, each.id)]
        if not found:
            return None
        return Survey(found[0], await proofs_of(self._database, found[0]))

    async def inviting(self, now: int) -> frozenset[str]:
        """Name the surveys to which residents can be invited. `now` is epoch milliseconds UTC."""
        versions = await self._database.read(surveys.every_version)
        known = {row.survey for row in versions}
        return frozenset(survey for survey in known if not survey_problems(survey, versions, now))

    async def over(self, now: int) -> frozenset[str]:
        """Name the surveys that take no answers any more. `now` is epoch milliseconds UTC."""
        return over_at(await self._database.read(surveys.every_version), now)

    def channels(self) -> Sequence[str]:
        """Name the channels by which residents can reach us here."""
        on = self.numbers
        every = {"sms": on.sms, "whatsapp": on.whatsapp, "telegram": on.telegram, "web": on.base_url}
        return [name for name, reached in every.items() if reached]


@dataclass(frozen=True)
class CampaignWork:
    """What the campaign pages work with. `changed` runs when a campaign or survey changed, before a page says so."""

    database: Database
    reading: CampaignReading
    pages: Pages
    clock: Clock
    visits: Visits
    changed: Callable[[], Awaitable[object]]


def sees(visit: Visit, row: CampaignRow) -> bool:
    """Say whether a visitor may see a campaign: those who see the whole survey may, and whoever made it."""
    return visit.role.may_download or (visit.role is Role.WORKER and row.made_by == visit.member.name)


def may_change(visit: Visit, row: CampaignRow) -> bool:
    """Say whether a visitor may start, pause and end a campaign: an admin may, and whoever made it."""
    return visit.role is Role.ADMIN or (sees(visit, row) and row.made_by == visit.member.name)


def refuse_strangers(visit: Visit) -> None:
    """Turn away whose role has nothing to do with campaigns. Raises TurnedAway."""
    if not (visit.role.may_download or visit.role is Role.WORKER):
        raise TurnedAway(403, "This page is not for you", "Campaigns are for workers, analysts and admins.")


def title_of(definition: SurveyDefinition) -> str:
    """Return a survey's title in its own language."""
    return wording(definition.title, definition.default_language, definition.default_language) or definition.id
