"""Campaigns: making one, starting, pausing and ending it, and the links by which residents join it.

Everything that is wrong with a campaign is said at once, and every change stands in the audit log.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from bot.core.invitation import CampaignState
from bot.core.language_names import NAMES, names_of
from bot.core.survey import SurveyDefinition
from bot.outreach.drawing_up import CHANNELS, CampaignRefused, Wanted, draw_up, survey_problems
from bot.service.invitations import invitation_of
from bot.service.word_files import load_words
from bot.surveys.insisted import missing_settings
from storage import campaigns as store
from storage import installation, surveys
from storage.campaigns import CampaignRow
from storage.script import Database, Script
from storage.staff import note

__all__ = [
    "CHANNELS",
    "CampaignRefused",
    "CampaignState",
    "Numbers",
    "Wanted",
    "change",
    "create",
    "links",
    "missing_settings",
    "starts",
    "state_at",
]

_FROM: dict[CampaignState, tuple[CampaignState, ...]] = {
    CampaignState.RUNNING: (CampaignState.DRAFT, CampaignState.PAUSED),
    CampaignState.PAUSED: (CampaignState.RUNNING,),
    CampaignState.ENDED: (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED),
}
_DONE = {CampaignState.RUNNING: "started", CampaignState.PAUSED: "paused", CampaignState.ENDED: "ended"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where residents reach us: two numbers in E.164, the Telegram bot's name, this server's address. Empty is off."""

    sms: str = ""
    whatsapp: str = ""
    telegram: str = ""
    base_url: str = ""


async def create(database: Database, wanted: Wanted, who: str, now: int) -> CampaignRow:
    """Make a campaign, as a draft. `who` is the staff name, or `terminal`; `now` is epoch milliseconds UTC.

    Every process knows its word once `Library.load` has run there, which the clock does every two seconds. Raises
    CampaignRefused with everything that stands against it; then nothing is kept.
    """
    words = load_words()

    def script() -> Script[CampaignRow]:
        yield surveys.ALONE  # no survey takes the word between the look and the commit
        versions = yield from surveys.every_version()
        campaigns = yield from store.every()
        is_demo = yield from installation.is_demo()
        row = draw_up(wanted, versions, campaigns, words, now)
        row = replace(row, made_by=who, test=is_demo)
        added = yield from store.add(row)
        assert added, "the word was free"
        yield from note(now, who, "campaign made", f"{row.id}: {row.name}")
        return row

    return await database.run(script)


async def change(database: Database, id: str, state: CampaignState, who: str, now: int) -> CampaignRow:
    """Start, pause, resume or end a campaign, found by its id or keyword. Raises CampaignRefused.

    It begins nobody's conversation from the next look of the clock on; those that run go on.
    """

    def script() -> Script[CampaignRow]:
        row = yield from store.held(id)
        if row is None:
            raise CampaignRefused(f"There is no campaign {id!r}. See: campaign list")
        problems = _why_not(row, state, now)
        if state is CampaignState.RUNNING and not problems:
            versions = yield from surveys.every_version()
            problems = survey_problems(row.survey, versions, now)
        if problems:
            raise CampaignRefused(*problems)
        yield from store.change_state(row.id, state, now)
        yield from note(now, who, f"campaign {_DONE[state]}", f"{row.id}: {row.name}")
        return replace(row, state=state.value, changed_at=now)

    return await database.run(script)


def state_at(campaign: CampaignRow, now: int) -> CampaignState:
    """Say how a campaign stands: after its last day it has ended by itself. `now` is epoch milliseconds UTC."""
    return invitation_of(campaign).state_at(_moment(now))


def links(campaign: CampaignRow, numbers: Numbers, language_word: str = "") -> dict[str, str]:
    """Give the address that joins a campaign on each of its channels that is on; `language_word` as in `starts`.

    `sms:NUMBER?&body=` opens the messages app of iOS and of Android with the text written.
    """
    said = f"{campaign.keyword} {language_word}".strip()
    code = next((code for code, names in NAMES.items() if language_word and names.typed == language_word), "")
    web = f"{numbers.base_url}/s/{quote(campaign.survey)}?c={quote(campaign.keyword)}{code and f'&lang={code}'}"
    every = {
        "sms": numbers.sms and f"sms:{numbers.sms}?&body={quote(said)}",
        "whatsapp": numbers.whatsapp and f"https://wa.me/{numbers.whatsapp.removeprefix('+')}?text={quote(said)}",
        # A start code holds letters, digits, _ and - (Telegram, "Deep linking").
        "telegram": numbers.telegram and f"https://t.me/{numbers.telegram}?start={said.replace(' ', '_')}",
        "web": numbers.base_url and web,
    }
    return {name: link for name, link in every.items() if link and name in campaign.channels}


def starts(definition: SurveyDefinition, campaign: CampaignRow) -> list[tuple[str, str]]:
    """List each of a campaign's languages, as it calls itself, with what to text to begin in it: "HALL7 URDU"."""
    called = {language.code: names_of(language.code, language.name) for language in definition.languages}
    return [
        (called[code].own, f"{campaign.keyword} {called[code].typed}" if code != default else campaign.keyword)
        for default in (definition.default_language,)
        for code in campaign.languages
        if code in called
    ]


def _why_not(row: CampaignRow, state: CampaignState, now: int) -> tuple[str, ...]:
    """Say why a campaign cannot become this; nothing if it can."""
    stands = state_at(row, now)
    if stands is CampaignState.ENDED:
        return (f"{row.keyword} has ended, and that is for good. Make a new campaign.",)
    if stands not in _FROM.get(state, ()):
        return (f"{row.keyword} is {stands.value}, so it cannot be {_DONE.get(state, 'made a draft')}.",)
    return ()


def _moment(now: int) -> datetime:
    return datetime.fromtimestamp(now / 1000, UTC)
