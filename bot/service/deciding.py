"""From storage's rows to the desk and back: what a turn found, what the core said, what is to be written.

Pure but for the ids it is given; it runs inside the transaction, on SQLite in the writer's thread.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from msgspec import json
from msgspec.structs import replace

from bot.core.effects import Filed, Linking, NoteLanguage, NoteOptIn, Record, Say
from bot.core.message import Heard, Message
from bot.core.sitting import Outcome, Person, Thread
from bot.core.state import State
from bot.core.window import moment
from bot.service.answer_rows import Given, answer_rows
from bot.service.happened import what_happened
from bot.service.letters import as_written, with_names_that_get_through
from bot.service.library import Library
from bot.service.link_codes import LinkCodes
from bot.service.options import write_options
from channels.base import Channel, Kind, Option, Outbound
from channels.layout import with_numbered_options
from storage.inbound import HINT_FIELD
from storage.outbox import REPLY_LEASE_MS
from storage.outbox import State as Stage
from storage.replaying import KeptMessage
from storage.turns import (
    AnswerRow,
    Arrived,
    ContactRow,
    ConversationState,
    Decided,
    NewResponse,
    Opened,
    OptInRow,
    ReplyRow,
)
from storage.voice import VOICE_FIELD

REPLY_EXPIRES_MS = 48 * 3600 * 1000
"""A reply that could not be delivered for so long answers nothing any more."""

MACHINE = "machine"
"""The stored kind of whatever a short code or an alphanumeric sender wrote: kept, and never answered."""

SAID_AT_ONCE = frozenset((Stage.REPLIED.value, Stage.SUPERSEDED.value, Stage.SIMULATED.value))
"""States of a reply that goes out in the answer to its message, and again on a repeat."""

_HEARD = {
    Kind.OPT_OUT.value: Heard.CARRIER_STOP,
    Kind.OPT_IN.value: Heard.CARRIER_START,
    Kind.HELP.value: Heard.CARRIER_HELP,
    Kind.CHOICE.value: Heard.TAP,
    Kind.START.value: Heard.LINK,
    Kind.EDITED.value: Heard.EDITED,
    # Who blocks us wants silence, and cannot be told so. Unblocking is not START: nobody asked for texts by it.
    Kind.BLOCKED.value: Heard.CARRIER_STOP,
    Kind.UNBLOCKED.value: Heard.NOTICE,
    Kind.PART.value: Heard.NOTICE,
}
LATE_MS = 60_000
"""A text is as late as one fetched after an outage once it was on its way for so long; less is the clocks'."""


class LaidOut(NamedTuple):
    """A message as a channel writes it: its text, its buttons as JSON text, and what it costs in segments."""

    text: str
    options: str
    segments: int


class Decider:
    """Decides turns for the channels and surveys of one process."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        library: Library,
        *,
        new_id: Callable[[], str],
        random_id: Callable[[], str],
    ) -> None:
        self._channels = channels
        self._libraries = {name: as_written(library, each.capabilities.carries) for name, each in channels.items()}
        self._new_id = new_id
        self._random_id = random_id
        self.link_codes = LinkCodes(lambda: library.desk.words)
        # Every resident gets the same questions.
        self._lay_out = lru_cache(maxsize=1_024)(self._lay_out_anew)

    def is_test(self, channel: str) -> bool:
        """Whether what comes by a channel is only a trial."""
        return self._channels[channel].capabilities.is_test

    def decide(self, opened: Opened) -> Decided:
        """Decide one turn. Raises UnknownVersion when a conversation is pinned to a version not loaded yet."""
        arrived, contact = opened.arrived, opened.contact
        library = self._libraries[arrived.channel]
        threads = [
            Thread(
                row.id,
                library.questionnaire(row.survey, row.version),
                State.from_json(row.state),
                row.respondent_id,
            )
            for row in opened.conversations
        ]
        channel = self._channels[arrived.channel]
        recalled = _recalled(opened)
        voice = _voice(arrived, channel)
        message = message_of(
            arrived, channel, recalled, is_spoken=bool(voice), new_code=self.link_codes.next, is_led=opened.is_led
        )
        if opened.quoted[1]:
            message = replace(message, quoted=opened.quoted)
        outcome = library.desk.receive(_person(contact), threads, message)
        begun = self._begun(opened, outcome, channel)
        ids = {new: (row.conversation_id, row.response_id) for new, row in begun.items()}
        ids |= {row.id: (row.id, row.response_id) for row in opened.conversations}
        before = {thread.key: thread.state for thread in threads}
        return Decided(
            filed=str(outcome.filed),
            contact=_contact(contact, outcome, ids, arrived),
            survey=outcome.survey,
            response_id=ids[outcome.thread][1] if outcome.thread else None,
            question=outcome.question,
            begun=tuple(begun.values()),
            states=_states(outcome, ids, before),
            answers=_answers(outcome, ids, before, arrived, channel),
            replies=self._replies(outcome, arrived, channel),
            opt_ins=_opt_ins(outcome),
            opt_out=outcome.opt_out,
            opt_out_by=outcome.opt_out_by,
            erase=outcome.erases,
            # Kept with whatever response there is, unless the bot has just asked for words instead.
            voice=voice if outcome.thread and not outcome.person.is_stopped and not _is_turned_down(outcome) else "",
            link_code=self.link_codes.take() if outcome.linking is Linking.OFFERS else "",
            joins=outcome.linking is Linking.JOINS,
            is_danger=outcome.is_danger,
            calms=outcome.calms,
            wishes=_wishes(outcome),
        )

    def _begun(self, opened: Opened, outcome: Outcome, channel: Channel) -> dict[str, NewResponse]:
        """Name what this turn begins. The same phone is the same person, until NEW says that it is another."""
        people = {row.respondent_id for row in opened.conversations}
        threads = {thread.key: thread for thread in outcome.changed}
        begun = {}
        for key in outcome.begun:
            definition = threads[key].questionnaire.definition
            same_person = threads[key].respondent in people
            begun[key] = NewResponse(
                conversation_id=self._new_id(),
                response_id=self._random_id(),
                respondent_id=threads[key].respondent if same_person else self._random_id(),
                respondent_is_new=not same_person,
                survey=definition.id,
                version=definition.version,
                source=channel.capabilities.source,
                campaign=threads[key].state.campaign,
                started_at=opened.arrived.received_at,
                ordinal=sum(row.survey == definition.id for row in opened.conversations) + 1,
                test=opened.arrived.test,
            )
        return begun

    def _replies(self, outcome: Outcome, arrived: Arrived, channel: Channel) -> tuple[ReplyRow, ...]:
        return tuple(self._reply(say, place, outcome, arrived, channel) for place, say in enumerate(outcome.says))

    def _lay_out_anew(self, name: str, say: Say) -> LaidOut:
        channel = self._channels[name]
        can = channel.capabilities
        text = with_names_that_get_through(say.text, can.carries)
        offered = tuple(Option(option.id, option.label) for option in say.options)
        if say.takes_several or (say.is_own and can.stores_buttons):
            text, offered = with_numbered_options(text, offered), ()
        written = channel.lay_out(Outbound("", "", "", text, offered))
        has_buttons = 0 < len(offered) <= max(can.max_buttons, can.max_list_rows)
        opener = say.opener if len(offered) > can.max_buttons else ""
        buttons = write_options(offered if has_buttons else (), opener)
        return LaidOut(written, buttons, channel.segments(written))

    def _reply(self, say: Say, place: int, outcome: Outcome, arrived: Arrived, channel: Channel) -> ReplyRow:
        can = channel.capabilities
        laid_out = self._lay_out(arrived.channel, say)
        goes_inline = can.inline_reply and arrived.arrival != "reconciled"
        at_once = Stage.SIMULATED if can.is_test else Stage.REPLIED
        later = Stage.SENT_ONCE if outcome.erases else Stage.QUEUED
        return ReplyRow(
            id=self._new_id(),
            position=place,
            text=laid_out.text,
            options=laid_out.options,
            state=str(at_once if goes_inline else later),
            survey=outcome.survey,
            segments=laid_out.segments,
            lease_until=arrived.received_at + REPLY_LEASE_MS if goes_inline else None,
            expires_at=arrived.received_at + REPLY_EXPIRES_MS,
            question=say.question,
        )


def _person(contact: ContactRow) -> Person:
    began = contact.hour_began_at
    return Person(
        is_stopped=contact.opted_out_at is not None,
        stopped_at=moment(contact.opted_out_at) if contact.opted_out_at is not None else None,
        current=contact.current_conversation_id or "",
        language=contact.language,
        hour_began=moment(began) if began is not None else None,
        replies=contact.replies_this_hour,
        idle_text=contact.idle_text,
        idle_count=contact.idle_count,
        calmed_at=moment(contact.calmed_at) if contact.calmed_at is not None else None,
    )


def message_of(
    arrived: Arrived | KeptMessage,
    channel: Channel,
    recalled: Mapping[str, Mapping[str, str]],
    *,
    is_spoken: bool = False,
    new_code: str = "",
    is_led: bool = False,
) -> Message:
    """Make the desk's message out of what is stored of one."""
    can = channel.capabilities
    return Message(
        at=moment(arrived.received_at),
        heard=_HEARD.get(arrived.kind, Heard.TEXT),
        text=arrived.text,
        channel=arrived.channel,
        source=can.source,
        carrier=can.carrier,
        short=can.short_wording,
        choice_id=arrived.choice_id,
        attachments=1 if arrived.kind == Kind.UNSUPPORTED else len(arrived.media.split()),
        is_answerable=arrived.kind != MACHINE,
        is_spoken=is_spoken,
        sent_at=_sent_at(arrived),
        recalled=recalled,
        new_code=new_code,
        is_led=is_led,
        language_hint=_hint(arrived.fields),
    )


def _hint(fields: str) -> str:
    """Return what the app says of its reader's language; empty where it says nothing."""
    return json.decode(fields, type=dict[str, str]).get(HINT_FIELD, "") if HINT_FIELD in fields else ""


def _voice(arrived: Arrived, channel: Channel) -> str:
    """Return the provider's reference to a voice note; empty where none came that can be fetched."""
    if arrived.kind != Kind.MEDIA or not arrived.fields or not channel.capabilities.voice_notes:
        return ""
    return json.decode(arrived.fields, type=dict[str, str]).get(VOICE_FIELD, "")


def _is_turned_down(outcome: Outcome) -> bool:
    return bool(outcome.question) and outcome.filed is Filed.NOISE


def _sent_at(arrived: Arrived | KeptMessage) -> datetime | None:
    sent = arrived.provider_at or arrived.received_at
    is_late = arrived.arrival in ("poll", "webhook") and arrived.received_at - sent > LATE_MS
    return moment(sent) if is_late or arrived.arrival == "reconciled" else None


def _recalled(opened: Opened) -> Mapping[str, Mapping[str, str]]:
    if not opened.recalled:
        return {}
    of_response: dict[str, dict[str, str]] = {}
    for (response_id, question), words in opened.recalled.items():
        of_response.setdefault(response_id, {})[question] = words
    return {row.id: of_response.get(row.response_id, {}) for row in opened.conversations}


def _contact(contact: ContactRow, outcome: Outcome, ids: Mapping[str, tuple[str, str]], arrived: Arrived) -> ContactRow:
    person, at = outcome.person, arrived.received_at
    # WhatsApp's window opens when a text is sent, however late it reaches us.
    sent_at = min(at, arrived.provider_at or at)
    current = ids.get(person.current, (None, ""))[0]
    chosen = [t.state.language for t in outcome.changed if t.state.language_source == "chosen"]
    return ContactRow(
        id=contact.id,
        channel=contact.channel,
        our_address=contact.our_address,
        language=chosen[-1] if chosen else contact.language,
        opted_out_at=(contact.opted_out_at or arrived.said_at) if person.is_stopped else None,
        current_conversation_id=current,
        last_inbound_at=max(sent_at, contact.last_inbound_at or 0),
        hour_began_at=int(person.hour_began.timestamp() * 1000) if person.hour_began else None,
        replies_this_hour=person.replies,
        idle_text=person.idle_text,
        idle_count=person.idle_count,
        calmed_at=at if outcome.calms else contact.calmed_at,
        test=contact.test,
        is_new=contact.is_new,
    )


def _states(
    outcome: Outcome, ids: Mapping[str, tuple[str, str]], before: Mapping[str, State]
) -> tuple[ConversationState, ...]:
    answered = {key for key, effect in outcome.effects if isinstance(effect, Record)}
    return tuple(
        state_row(
            thread,
            *ids[thread.key],
            what_happened(before.get(thread.key), thread.state, is_answered=thread.key in answered),
        )
        for thread in outcome.changed
    )


def state_row(thread: Thread, conversation_id: str, response_id: str, event: str) -> ConversationState:
    """Lay out a conversation's state, what its response shows of it, and what happened to that by it."""
    state = thread.state
    return ConversationState(
        conversation_id=conversation_id,
        response_id=response_id,
        state=state.to_json(),
        language=state.language,
        language_source=state.language_source,
        language_confidence=state.language_p,
        last_answer_at=_ms(state.last_answer_at),
        completed_at=_ms(state.completed_at),
        stopped_at=_ms(state.stopped_at),
        core_answered=state.core_answered,
        core_applicable=state.core_applicable,
        late=state.late,
        event=event,
    )


def _answers(
    outcome: Outcome,
    ids: Mapping[str, tuple[str, str]],
    before: Mapping[str, State],
    arrived: Arrived,
    channel: Channel,
) -> tuple[AnswerRow, ...]:
    threads = {thread.key: thread for thread in outcome.changed}
    given = Given(
        arrived.channel,
        "button" if arrived.kind == Kind.CHOICE else "typed",
        "sms" if channel.capabilities.short_wording else "full",
        arrived.received_at,
    )
    return tuple(
        row
        for key, effect in outcome.effects
        if isinstance(effect, Record)
        for row in answer_rows(effect, threads[key], ids[key][1], given, before.get(key))
    )


def _opt_ins(outcome: Outcome) -> tuple[OptInRow, ...]:
    threads = {thread.key: thread for thread in outcome.changed}
    return tuple(
        OptInRow(
            survey=threads[key].survey,
            purpose=effect.purpose,
            given=effect.given,
            wording=effect.wording,
            language=threads[key].state.language,
        )
        for key, effect in outcome.effects
        if isinstance(effect, NoteOptIn)
    )


def _wishes(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    surveys = {thread.key: thread.survey for thread in outcome.changed}
    return tuple((surveys[key], effect.language) for key, effect in outcome.effects if isinstance(effect, NoteLanguage))


def _ms(seconds: int | None) -> int | None:
    return seconds * 1000 if seconds is not None else None
