"""A campaign as the desk knows it: the word that invites residents to a survey, and when that word begins one."""

from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from bot.core.reading.normalise import key
from bot.core.window import Window, london_day


class CampaignState(StrEnum):
    """What somebody last did with a campaign. ENDED is for good."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class Invitation(Struct, frozen=True, gc=False):
    """One campaign's word. `first_day` and `last_day` are days in London, and None where there is no such day."""

    word: str
    survey: str
    campaign: str
    state: CampaignState = CampaignState.RUNNING
    first_day: date | None = None
    last_day: date | None = None

    def state_at(self, at: datetime) -> CampaignState:
        """Say how it stands at a moment: after its last day it has ended by itself."""
        is_past = self.last_day is not None and london_day(at) > self.last_day
        return CampaignState.ENDED if is_past else self.state

    def window(self, at: datetime) -> Window:
        """Say whether its word begins anything at a moment: OPEN alone does, and after CLOSED it never will again."""
        state = self.state_at(at)
        if state is CampaignState.ENDED:
            return Window.CLOSED
        is_early = self.first_day is not None and london_day(at) < self.first_day
        return Window.OPEN if state is CampaignState.RUNNING and not is_early else Window.NOT_YET


class Invited:
    """Every word that begins a survey: the surveys' own, and those of campaigns. A survey's own goes first."""

    def __init__(self, invitations: Iterable[Invitation], own: Mapping[str, str], surveys: Container[str]) -> None:
        """Take the words of surveys, with the survey of each; an invitation to a survey not among these is left out."""
        taken = set(map(key, own))
        known = [one for one in invitations if one.survey in surveys and key(one.word) not in taken]
        self._by_word = {key(one.word): one for one in known}
        self.words = {**own, **{one.word: one.survey for one in known}}

    def by(self, word: str) -> Invitation | None:
        """Return the invitation whose word this is, as `key` writes it; None for a survey's own."""
        return self._by_word.get(word)

    def still(self, campaign: str, at: datetime) -> Invitation | None:
        """Return a campaign's invitation while it invites people; None for one that does not, or for none."""
        invites = (one for one in self._by_word.values() if one.campaign == campaign and one.window(at) is Window.OPEN)
        return next(invites, None)
