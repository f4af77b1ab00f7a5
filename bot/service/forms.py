"""Answers that are given page by page: one transaction for each page, on the web or with a helper.

`bot.core.form` says what a page means; here it gets its entry, and what it decided is written down.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from bot.core import form
from bot.core.events import Circumstances
from bot.core.form import Became, Posted, Taken
from bot.core.invitation import CampaignState, Invitation
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing, Thread
from bot.core.state import State
from bot.core.window import Window
from bot.service.answer_rows import Given, answer_rows
from bot.service.deciding import state_row
from bot.service.library import Library, UnknownVersion
from bot.service.link_codes import new_code
from storage import campaigns, entries, links, staff
from storage.campaigns import CampaignRow
from storage.entries import EntryRow, Holder, NewEntry
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Script

T = TypeVar("T")
WEB: Final = "web"
_RESUME: Final = "form code"
"""A code is found by its HMAC, as an address is: this stands where the channel's name does."""


class Source(StrEnum):
    """How answers came to whoever enters them for somebody."""

    ASSISTED = "assisted"
    PAPER = "paper"
    PHONE = "phone"


class Beginning(Struct, frozen=True, gc=False):
    """Somebody begins to answer. `secret_hash` is of what the page carried, so that a page sent twice begins once.

    `campaign` is the id of the one that they come by, or empty. `entered_by` is who enters it for a resident.
    """

    survey: str
    language: str
    is_chosen: bool
    secret_hash: str
    source: str = WEB
    campaign: str = ""
    entered_by: str = ""


class NotOpen(Exception):
    """The survey does not take answers now, or is not there. Nothing was begun."""


class TooManyCodes(Exception):
    """Too many wrong codes were tried in the last minutes. Waiting helps."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One entry, ready to be shown: its survey version, its state and when it is looked at."""

    entry: EntryRow
    questionnaire: Questionnaire
    state: State
    here: Circumstances

    @property
    def language(self) -> str:
        """The language it is answered in."""
        return self.state.language

    @property
    def mark(self) -> str:
        """What its pages carry to say whose they are: the version, and which entry."""
        return f"{form.mark(self.questionnaire)}.{self.entry.id[-8:]}"

    def page(self, question: str = "") -> form.Page | None:
        """Return the page of a question that was put, or of the standing one."""
        return form.page(self.questionnaire, self.state, self.here, question)


class Forms:
    """Begins entries, shows them and takes their pages. `test` marks what is only a trial."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        library: Library,
        *,
        now: Callable[[], int],
        test: bool = False,
    ) -> None:
        self._database = database
        self._keys = keys
        self._library = library
        self._new_id = TimeOrderedIds()
        self._now = now
        self._test = test

    def listing(self, survey: str) -> Listing | None:
        """Return a survey as it is offered now; None where there is none of that name."""
        return self._library.desk.listings.get(survey)

    def window(self, listing: Listing) -> Window:
        """Say whether a survey takes answers now."""
        return listing.window(_moment(self._now()))

    def is_draft(self, questionnaire: Questionnaire, language: str) -> bool:
        """Say whether a language of a survey is a draft that nobody has read."""
        return self._library.is_draft(questionnaire.definition, language)

    def here(self, survey: str, source: str) -> Circumstances:
        """Say when and how somebody answers."""
        at, listing = _moment(self._now()), self.listing(survey)
        is_closed = listing is None or listing.window(at) is Window.CLOSED
        closed_on = listing.closed_on if is_closed and listing is not None else None
        return Circumstances(at, source, source, short=False, is_closed=is_closed, closed_on=closed_on)

    async def campaign(self, id_or_word: str) -> CampaignRow | None:
        """Find a campaign by its id or its word."""
        return await self._database.read(partial(campaigns.named, id_or_word))

    def invites(self, campaign: CampaignRow) -> bool:
        """Say whether a campaign invites now."""
        invitation = Invitation(
            word=campaign.keyword,
            survey=campaign.survey,
            campaign=campaign.id,
            state=CampaignState(campaign.state),
            first_day=date.fromisoformat(campaign.starts_on) if campaign.starts_on else None,
            last_day=date.fromisoformat(campaign.ends_on) if campaign.ends_on else None,
        )
        return invitation.window(_moment(self._now())) is Window.OPEN

    async def begin(self, beginning: Beginning) -> str:
        """Begin a response, or find the one that this very page began already; return its entry's id.

        Raises NotOpen.
        """
        return await self._database.run(lambda: self._begin(beginning))

    async def sheet(self, holder: Holder) -> Sheet | None:
        """Find an entry; None where the holder has none."""

        def read() -> Script[Sheet | None]:
            entry = yield from entries.find(holder)
            return None if entry is None else (yield from self._sheet(entry))

        return await self._with_every_version(lambda: self._database.read(read))

    async def take(self, holder: Holder, posted: Posted) -> tuple[Sheet, Taken] | None:
        """Take one posted page: when this returns, its answer is on disk. None where the holder has no entry."""

        def run() -> Script[tuple[Sheet, Taken] | None]:
            entry = yield from entries.find(holder, and_hold=True)
            if entry is None:
                return None
            sheet = yield from self._sheet(entry, posted.question)
            if posted.mark != sheet.mark:
                return sheet, Taken(Became.OTHER_ANSWERS, sheet.state)
            taken = form.take(sheet.questionnaire, sheet.state, sheet.here, posted)
            if taken.state is not sheet.state:
                yield from self._write(entry, sheet.questionnaire, taken)
            return Sheet(entry, sheet.questionnaire, taken.state, sheet.here), taken

        return await self._with_every_version(lambda: self._database.run(run))

    async def code(self, holder: Holder) -> str:
        """Make a code by which the entry can be gone on with elsewhere; empty where the holder has none."""
        code = new_code()

        def run() -> Script[str]:
            entry = yield from entries.find(holder, and_hold=True)
            if entry is None:
                return ""
            yield from entries.give_code(entry.id, self._keys.lookup(_RESUME, code), self._now())
            return code

        return await self._database.run(run)

    async def go_on(self, code: str, beginning: Beginning) -> bool:
        """Go on by a code, in the browser that now holds the beginning's secret; False where it leads nowhere.

        A code from here brings its entry. One that was texted (LINK) joins this entry, begun now if there is none, to
        the person who texts. Raises TooManyCodes and NotOpen.
        """
        at, survey = self._now(), beginning.survey
        whose = self._keys.lookup(_RESUME, f"survey {survey}")

        def run() -> Script[bool | None]:
            if not (yield from entries.may_try(whose, at)):
                return None
            hmacs = self._keys.lookups(_RESUME, code)
            found = yield from entries.take_over(survey, hmacs, beginning.secret_hash, at - entries.RESUME_MS)
            if found or (yield from self._join(code, beginning)):
                return True
            yield from entries.count_try(whose, at)
            return False

        went = await self._database.run(run)
        if went is None:
            raise TooManyCodes
        return went

    def _join(self, code: str, beginning: Beginning) -> Script[bool]:
        """Join the entry to the person that a texted code leads to, and begin one where there is none."""
        hmacs = self._keys.lookups(links.CODE, code)
        if not (yield from links.leads(hmacs, self._now())):
            return False
        yield from self._begin(beginning)
        entry = yield from entries.find(Holder(beginning.survey, beginning.secret_hash))
        assert entry is not None
        return (yield from links.join_respondent(hmacs, entry.respondent_id, uuid4().hex, self._now()))

    def _begin(self, beginning: Beginning) -> Script[str]:
        holder = Holder(beginning.survey, beginning.secret_hash, entered_by=beginning.entered_by)
        there = yield from entries.find(holder)
        if there is not None:
            return there.id
        listing = self.listing(beginning.survey)
        if listing is None or self.window(listing) is not Window.OPEN:
            raise NotOpen(beginning.survey)
        questionnaire = listing.questionnaire
        offered = {language.code for language in questionnaire.offered}
        is_offered = beginning.language in offered
        language = beginning.language if is_offered else questionnaire.definition.default_language
        here = self.here(beginning.survey, beginning.source)
        taken = form.begin(questionnaire, language, here, is_chosen=beginning.is_chosen and is_offered)
        new = self._new_entry(beginning, questionnaire.definition.version, taken.state.to_json())
        if not (yield from entries.begin(new)):
            there = yield from entries.find(holder)  # the same page came twice at once
            return there.id if there is not None else ""
        entry = EntryRow(
            id=new.id,
            response_id=new.response_id,
            survey=new.survey,
            version=new.version,
            state=new.state,
            entered_by=new.entered_by,
            source=new.source,
            channel=new.channel,
            respondent_id=new.respondent_id,
        )
        yield from self._write(entry, questionnaire, taken)
        if beginning.entered_by:
            yield from staff.note(new.at, new.entered_by, "began an assisted answer", f"{new.source} {new.campaign}")
        return new.id

    def _new_entry(self, beginning: Beginning, version: str, state: str) -> NewEntry:
        return NewEntry(
            id=self._new_id(),
            response_id=uuid4().hex,
            respondent_id=uuid4().hex,
            secret_hash=beginning.secret_hash,
            survey=beginning.survey,
            version=version,
            state=state,
            entered_by=beginning.entered_by,
            source=beginning.source,
            channel=beginning.source,
            campaign=beginning.campaign,
            at=self._now(),
            assisted=bool(beginning.entered_by),
            test=self._test,
        )

    def _sheet(self, entry: EntryRow, question: str = "") -> Script[Sheet]:
        questionnaire = self._library.questionnaire(entry.survey, entry.version)
        recalled = {*questionnaire.definition.words_recalled, question} - {""}
        said = yield from entries.words(entry.response_id, sorted(recalled))
        here = self.here(entry.survey, entry.source)
        return Sheet(entry, questionnaire, State.from_json(entry.state), replace(here, recalled=said))

    def _write(self, entry: EntryRow, questionnaire: Questionnaire, taken: Taken) -> Script[None]:
        at, thread = self._now(), Thread(entry.id, questionnaire, taken.state)
        given = Given(entry.channel, "assisted" if entry.entered_by else WEB, "full", at)
        rows = [row for record in taken.records for row in answer_rows(record, thread, entry.response_id, given)]
        yield from entries.write(state_row(thread, entry.id, entry.response_id), rows, at)

    async def _with_every_version(self, run: Callable[[], Awaitable[T]]) -> T:
        """Run; read the surveys again where an entry is pinned to a version that this process has not read yet."""
        try:
            return await run()
        except UnknownVersion:
            await self._library.load()
            return await run()


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
