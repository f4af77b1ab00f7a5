"""Amend a campaign: its place, languages, channels, target and last day. Its word and survey stay for good.

So a number that is set up later gets onto the poster, and whoever texts what was printed before is understood as ever.
"""

from dataclasses import fields, replace

from bot.core.invitation import CampaignState
from bot.core.window import london_day, moment
from bot.outreach.campaigns import state_at
from bot.outreach.drawing_up import CampaignRefused, Wanted, draw_up
from bot.service.word_files import load_words
from storage import campaigns as store
from storage import surveys
from storage.campaigns import CampaignRow
from storage.script import Database, Script
from storage.staff import note

AMENDED = ("place", "languages", "channels", "target", "ends_on")


def as_wanted(row: CampaignRow) -> Wanted:
    """Write a campaign as what is wanted of it now, to be changed and handed to `amend`."""
    return Wanted(**{field.name: getattr(row, field.name) for field in fields(Wanted)})


async def amend(database: Database, id: str, wanted: Wanted, who: str, now: int) -> CampaignRow:
    """Make a campaign as it is wanted, in what may change (AMENDED); what else `wanted` holds does not count.

    `who` is the staff name, or `terminal`; `now` is epoch milliseconds UTC. Raises CampaignRefused with everything
    that stands against it; then nothing is changed.
    """
    words = load_words()

    def script() -> Script[CampaignRow]:
        row = yield from store.held(id)
        if row is None:
            raise CampaignRefused(f"There is no campaign {id!r}. See: campaign list")
        if state_at(row, now) is CampaignState.ENDED:
            raise CampaignRefused(f"{row.keyword} has ended, and that is for good. Make a new campaign.")
        # A first day that is past stays, and is no fault.
        first = row.starts_on if row.starts_on >= london_day(moment(now)).isoformat() else ""
        lasting = {name: getattr(row, name) for name in ("survey", "name", "partner", "keyword")}
        others = [each for each in (yield from store.every()) if each.id != row.id]
        versions = yield from surveys.every_version()
        drawn = draw_up(replace(wanted, **lasting, starts_on=first), versions, others, words, now)
        changed = [name for name in AMENDED if getattr(drawn, name) != getattr(row, name)]
        if not changed:
            return row
        amended = replace(row, **{name: getattr(drawn, name) for name in changed}, changed_at=now)
        yield from store.amend(amended)
        what = ", ".join("last day" if name == "ends_on" else name for name in changed)
        yield from note(now, who, "campaign changed", f"{row.id}: {what}")
        return amended

    return await database.run(script)
