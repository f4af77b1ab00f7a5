"""Answers that are given page by page: one transaction for each page, on the web or with a helper.

`bot.core.form` says what a page means; here it gets its entry, and what it decided is written down.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from bot.core import form
from bot.core.events import Circumstances
from bot.core.form import Became, Posted, Taken
from bot.core.invitation import CampaignState
from bot.core.questionnaire import Questionnaire
from bot.core.sitting import Listing, Thread
from bot.core.state import State
from bot.core.window import Window, moment
from bot.service.answer_rows import Given, answer_rows
from bot.service.danger_on_pages import Calm, PageWatch
from bot.service.deciding import state_row
from bot.service.happened import what_happened
from bot.service.invitations import invitation_of
from bot.service.library import Library, UnknownVersion
from bot.service.link_codes import code_from
from storage import campaigns, entries, flagging, links, staff
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

    `is_chosen` says that somebody chose the language, and did not just begin in the one that the page came in.
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


class TooManyBegun(Exception):
    """More began this survey on the web within a minute than people do. Nothing was begun; waiting helps."""


class TooManyCodes(Exception):
    """Too many wrong codes were tried in the last minutes. Waiting helps."""


class Led(StrEnum):
    """Where a code led."""

    BROUGHT = "brought"  # to an entry, which is in another hand now
    JOINED = "joined"  # to somebody who texts, and the entry of the beginning's secret is theirs now
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One entry, ready to be shown: its survey version, its state and when it is looked at.

    `calm` is where help is, for whoever has just written of danger.
    """

    entry: EntryRow
    questionnaire: Questionnaire
    state: State
    here: Circumstances
    calm: Calm | None = None

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
        self._watch = PageWatch(library, keys, self._new_id)
        self._now = now
        self._test = test

    def listing(self, survey: str) -> Listing | None:
        """Return a survey as it is offered now; None where there is none of that name."""
        return self._library.desk.listings.get(survey)

    def window(self, listing: Listing) -> Window:
        """Say whether a survey takes answers now."""
        return listing.window(moment(self._now()))

    def is_draft(self, questionnaire: Questionnaire, language: str) -> bool:
        """Say whether a language of a survey is a draft that nobody has read."""
        return self._library.is_draft(questionnaire.definition, language)

    def here(self, survey: str, source: str) -> Circumstances:
        """Say when and how somebody answers."""
        at, listing = moment(self._now()), self.listing(survey)
        is_closed = listing is None or listing.window(at) is Window.CLOSED
        closed_on = listing.closed_on if is_closed and listing is not None else None
        return Circumstances(at, source, source, short=False, is_closed=is_closed, closed_on=closed_on)

    async def campaign(self, id_or_word: str) -> CampaignRow | None:
        """Find a campaign by its id or its word."""
        return await self._database.read(partial(campaigns.named, id_or_word))

    def invites(self, campaign: CampaignRow) -> bool:
        """Say whether a campaign invites now."""
        return invitation_of(campaign).window(moment(self._now())) is Window.OPEN

    def has_ended(self, campaign: CampaignRow) -> bool:
        """Say whether a campaign is over, which is for good."""
        return invitation_of(campaign).state_at(moment(self._now())) is CampaignState.ENDED

    async def begin(self, beginning: Beginning) -> str:
        """Begin a response, or find the one that this very page began already; return its entry's id.

        Raises NotOpen and TooManyBegun.
        """
        return await self._database.run(lambda: self._begin(beginning))

    async def sheet(self, holder: Holder) -> Sheet | None:
        """Find an entry; None where the holder has none."""

        def read() -> Script[Sheet | None]:
            entry = yield from entries.find(holder)
            return None if entry is None else (yield from self._sheet(entry))

        return await self._with_every_version(lambda: self._database.read(read))

    async def take(self, holder: Holder, posted: Posted) -> tuple[Sheet, Taken] | None:
        """Take one posted page: when this returns, its answer is on disk. None where the holder has no entry.

        What speaks of danger is flagged in the same transaction.
        """
        is_danger = self._watch.hears(posted)

        def run() -> Script[tuple[Sheet, Taken] | None]:
            entry = yield from entries.find(holder, and_hold=True)
            if entry is None:
                return None
            sheet = yield from self._sheet(entry, posted.question)
            taken, at, flagged = Taken(Became.OTHER_ANSWERS, sheet.state), self._now(), None
            if posted.mark == sheet.mark:
                taken = form.take(sheet.questionnaire, sheet.state, sheet.here, posted)
            if is_danger:
                flagged = yield from self._watch.flag(entry, sheet.questionnaire, posted, taken.became, at)
            if taken.state is not sheet.state:
                message_id = flagged.message_id if flagged else None
                yield from self._write(entry, sheet.questionnaire, taken, at, sheet.state, message_id)
            calm = self._watch.calm(taken.state.language) if flagged and flagged.calms else sheet.calm
            return Sheet(entry, sheet.questionnaire, taken.state, sheet.here, calm), taken

        return await self._with_every_version(lambda: self._database.run(run))

    async def speak(self, holder: Holder, language: str) -> Sheet | None:
        """Go on in another language; None where the holder has no entry."""

        def run() -> Script[Sheet | None]:
            entry = yield from entries.find(holder, and_hold=True)
            if entry is None:
                return None
            sheet = yield from self._sheet(entry)
            taken = form.speak(sheet.questionnaire, sheet.state, language)
            if taken.became is Became.SAME or sheet.here.is_closed:
                return sheet
            yield from self._write(entry, sheet.questionnaire, taken, self._now(), sheet.state)
            calm = self._watch.calm(language) if sheet.calm else None
            return Sheet(entry, sheet.questionnaire, taken.state, sheet.here, calm)

        return await self._with_every_version(lambda: self._database.run(run))

    async def give_code(self, holder: Holder, secret: str) -> str:
        """Give the code of a browser's secret, by which its entry can be gone on with elsewhere until that is done.

        The same every time; empty where the holder has no entry.
        """
        code = code_from(secret)

        def run() -> Script[str]:
            entry = yield from entries.find(holder, and_hold=True)
            if entry is None:
                return ""
            yield from entries.give_code(entry.id, self._keys.lookup(_RESUME, code), self._now())
            return code

        return await self._database.run(run)

    async def code(self, holder: Holder, secret: str) -> str:
        """Return the code that was given for the entry and is not used yet; empty where there is none."""
        code = code_from(secret)
        is_given = await self._database.read(partial(entries.has_code, holder, self._keys.lookups(_RESUME, code)))
        return code if is_given else ""

    async def go_on(self, code: str, beginning: Beginning, handed_to: str) -> Led:
        """Go on by a code.

        A code from here brings its entry under the secret whose hash is `handed_to`, which must belong to this code and
        page alone: the beginning's own may have another entry. One that was texted (LINK) joins the beginning's entry,
        begun now if there is none, to the person who texts. Raises TooManyCodes, NotOpen and TooManyBegun.
        """
        known = self._keys.ids
        led = await self._go_on(code, beginning, handed_to)
        if led is not Led.NOWHERE:
            return led
        await self._keys.reload(self._database)  # another process may have made new keys, and a code by them
        return led if self._keys.ids == known else await self._go_on(code, beginning, handed_to)

    async def _go_on(self, code: str, beginning: Beginning, handed_to: str) -> Led:
        at, survey = self._now(), beginning.survey
        whose = self._keys.lookup(_RESUME, f"survey {survey}")

        def run() -> Script[Led | None]:
            if not (yield from entries.may_try(whose, at)):
                return None
            hmacs = self._keys.lookups(_RESUME, code)
            if (yield from entries.take_over(survey, hmacs, handed_to, at - entries.RESUME_MS)):
                return Led.BROUGHT
            if (yield from self._join(code, beginning)):
                return Led.JOINED
            yield from entries.count_try(whose, at)
            return Led.NOWHERE

        led = await self._database.run(run)
        if led is None:
            raise TooManyCodes
        return led

    def _join(self, code: str, beginning: Beginning) -> Script[bool]:
        """Join the entry to the person that a texted code leads to, and begin one where there is none."""
        hmacs = self._keys.lookups(links.CODE, code)
        if not (yield from links.leads(hmacs, self._now(), test=self._test)):
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
        if beginning.source == WEB and not (yield from entries.may_begin(beginning.survey, self._now())):
            raise TooManyBegun(beginning.survey)
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
        yield from self._write(new.row, questionnaire, taken, new.at, before=None)
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
        here, state = self.here(entry.survey, entry.source), State.from_json(entry.state)
        was_calmed = yield from flagging.page_was_calmed(entry.response_id, entry.updated_at)
        calm = self._watch.calm(state.language) if was_calmed else None
        return Sheet(entry, questionnaire, state, replace(here, recalled=said), calm)

    def _write(
        self,
        entry: EntryRow,
        questionnaire: Questionnaire,
        taken: Taken,
        at: int,
        before: State | None,
        inbound_id: str | None = None,
    ) -> Script[None]:
        thread = Thread(entry.id, questionnaire, taken.state)
        given = Given(entry.channel, "assisted" if entry.entered_by else WEB, "full", at)
        rows = [row for record in taken.records for row in answer_rows(record, thread, entry.response_id, given)]
        event = what_happened(before, taken.state, is_answered=bool(rows))
        yield from entries.write(state_row(thread, entry.id, entry.response_id, event), rows, at, inbound_id)

    async def _with_every_version(self, run: Callable[[], Awaitable[T]]) -> T:
        """Run; read the surveys again where an entry is pinned to a version that this process has not read yet."""
        try:
            return await run()
        except UnknownVersion:
            await self._library.load()
            return await run()
