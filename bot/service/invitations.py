"""From a campaign as storage keeps it to the invitation that the desk knows."""

from datetime import date

from bot.core.invitation import CampaignState, Invitation
from storage.campaigns import CampaignRow


def invitation_of(row: CampaignRow) -> Invitation:
    """Write a campaign as the desk knows it."""
    return Invitation(
        word=row.keyword,
        survey=row.survey,
        campaign=row.id,
        state=CampaignState(row.state),
        first_day=_day(row.starts_on),
        last_day=_day(row.ends_on),
    )


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None
