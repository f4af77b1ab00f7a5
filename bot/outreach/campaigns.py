"""Campaigns: making one, starting, pausing and ending it, and the links by which residents join it.

Everything that is wrong with a campaign is said at once, and every change stands in the audit log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from bot.core.invitation import CampaignState
from bot.core.language_names import NAMES, names_of
from bot.core.survey import SurveyDefinition
from bot.core.window import Window, closed_by_hand, moment, window
from bot.outreach.drawing_up import CHANNELS, CampaignRefused, Wanted, draw_up, survey_problems
from bot.service.invitations import invitation_of
from bot.service.word_files import load_words
from bot.surveys.insisted import missing_settings
from storage import campaigns as store
from storage import installation, surveys
from storage.campaigns import CampaignRow
from storage.script import Database, Script
from storage.staff import note
from storage.surveys import VersionRow

__all__ = [
    "CHANNELS",
    "CampaignRefused",
    "CampaignState",
    "Numbers",
    "Wanted",
    "change",
    "create",
    "faults",
    "links",
    "missing_settings",
    "over_at",
    "refuse_ended",
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


PRESSED_AGAIN_MS = 10 * 60_000
"""Whoever asks for the very same campaign within this has pressed the button twice."""


async def create(
    database: Database, wanted: Wanted, who: str, now: int, *, is_to_run: bool = False, once: bool = False
) -> CampaignRow:
    """Make a campaign, as a draft or to run. `who` is the staff name, or `terminal`; `now` is epoch milliseconds UTC.

    Every process knows its word once `Library.load` has run there, which the clock does every two seconds. With `once`
    the very same, asked for again by the same person, is the one that was just made. Raises CampaignRefused with
    everything that stands against it; then nothing is kept.
    """
    words = load_words()

    def script() -> Script[CampaignRow]:
        yield surveys.ALONE  # no survey takes the word between the look and the commit
        versions = yield from surveys.every_version()
        campaigns = yield from store.every()
        is_demo = yield from installation.is_demo()
        for row in campaigns if once else ():
            if row.made_by == who and now - row.made_at < PRESSED_AGAIN_MS:
                others = [each for each in campaigns if each is not row]
                if _is_same(row, draw_up(wanted, versions, others, words, now)):
                    return row
        state = CampaignState.RUNNING if is_to_run else CampaignState.DRAFT
        row = replace(draw_up(wanted, versions, campaigns, words, now), made_by=who, test=is_demo, state=state.value)
        added = yield from store.add(row)
        assert added, "the word was free"
        yield from note(now, who, "campaign made", f"{row.id}: {row.name}")
        if is_to_run:
            yield from note(now, who, f"campaign {_DONE[state]}", f"{row.id}: {row.name}")
        return row

    return await database.run(script)


async def faults(database: Database, wanted: Wanted, now: int) -> tuple[str, ...]:
    """Say what stands against a campaign, and make none. `now` is epoch milliseconds UTC."""

    def script() -> Script[tuple[str, ...]]:
        try:
            draw_up(wanted, (yield from surveys.every_version()), (yield from store.every()), load_words(), now)
        except CampaignRefused as refused:
            return refused.problems
        return ()

    return await database.read(script)


def refuse_ended(campaign: CampaignRow, now: int, over: Collection[str]) -> None:
    """Raise CampaignRefused for a campaign whose word begins nothing any more: nothing is printed for it."""
    if state_at(campaign, now, over) is CampaignState.ENDED:
        raise CampaignRefused(f"{campaign.keyword} has ended: who texts it is told so. Make a new campaign.")


def _is_same(row: CampaignRow, drawn: CampaignRow) -> bool:
    """Say whether a campaign is what was drawn up now, whatever has been done with it since."""
    since = {"state": row.state, "made_at": row.made_at, "changed_at": row.changed_at}
    return replace(drawn, made_by=row.made_by, test=row.test, **since) == row  # type: ignore[arg-type]


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


def state_at(campaign: CampaignRow, now: int, over: Collection[str] = ()) -> CampaignState:
    """Say how a campaign stands: after its last day, or with its survey, it has ended by itself.

    `now` is epoch milliseconds UTC, `over` are the surveys that are closed (`over_at`).
    """
    return CampaignState.ENDED if campaign.survey in over else invitation_of(campaign).state_at(moment(now))


def over_at(versions: Sequence[VersionRow], now: int) -> frozenset[str]:
    """Name the surveys that take no answers any more, closed by their date or by hand."""
    return frozenset(
        row.survey
        for row in versions
        if row.is_current
        and window(SurveyDefinition.from_json(row.definition), closed_by_hand(row.closed_at), moment(now))
        is Window.CLOSED
    )


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
