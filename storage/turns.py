"""The hot path's own records: what a turn brings to storage, what it finds there, and what it leaves.

A turn is one inbound message. `storage.intake` runs many turns in one transaction (group commit): it keeps the
messages, opens what each needs, calls `Decide` for each, and writes what was decided.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct, field


def storable(text: str) -> str:
    """Put a sign in place of NUL: no database of ours keeps one, and no phone can type one."""
    return text.replace("\x00", "\ufffd")


class Arrived(Struct, frozen=True, gc=False):
    """One inbound message as it will be kept. `id` is ours and new; the message's name is provider, account, event_id.

    `fields` and `media` are JSON text. `address` is the resident's, in the clear: it is encrypted on the way in. So are
    `aliases`, the sender's other addresses on the channel.
    """

    id: str
    provider: str
    account: str
    event_id: str
    channel: str
    address: str
    our_address: str
    kind: str
    text: str
    choice_id: str
    reply_to: str
    media: str
    fields: str
    arrival: str
    provider_at: int | None
    received_at: int
    test: bool
    aliases: tuple[str, ...] = ()

    @property
    def said_at(self) -> int:
        """When it was said: when it came, or of one fetched later from the provider's list, when it was sent."""
        is_fetched = self.arrival == "reconciled" and self.provider_at is not None
        return min(self.provider_at or 0, self.received_at) if is_fetched else self.received_at

    def __repr__(self) -> str:
        """Name the message, never its words or its sender."""
        return f"Arrived({self.channel} {self.event_id})"


class ContactRow(Struct, frozen=True, gc=False):
    """The contact as it stands (or as it was just made: `is_new`)."""

    id: str
    channel: str
    our_address: str
    language: str
    opted_out_at: int | None
    current_conversation_id: str | None
    last_inbound_at: int | None
    hour_began_at: int | None
    replies_this_hour: int
    idle_text: str
    idle_count: int
    calmed_at: int | None
    test: bool
    is_new: bool = False


class ConversationRow(Struct, frozen=True, gc=False):
    """One conversation of the contact. `state` is the core's, as JSON text."""

    id: str
    survey: str
    version: str
    respondent_id: str
    response_id: str
    state: str
    ordinal: int


class Opened(Struct, frozen=True, gc=False):
    """What a turn finds: the contact and every conversation it has, oldest first.

    `recalled` holds the latest words of text questions that a survey's own logic reads (see
    `SurveyDefinition.words_recalled`), by response id and question; storage fills it for the surveys it was told of.
    `is_led` says that the link code which the message brings leads to another contact. `quoted` is the survey and the
    question of our message that this one is a reply to.
    """

    arrived: Arrived
    contact: ContactRow
    conversations: tuple[ConversationRow, ...]
    recalled: Mapping[tuple[str, str], str] = field(default_factory=dict)
    is_led: bool = False
    quoted: tuple[str, str] = ("", "")


class NewResponse(Struct, frozen=True, gc=False):
    """A response, and its conversation, that this turn begins. `respondent_is_new` makes the respondent too."""

    conversation_id: str
    response_id: str
    respondent_id: str
    respondent_is_new: bool
    survey: str
    version: str
    source: str
    campaign: str
    started_at: int
    ordinal: int
    test: bool


class ConversationState(Struct, frozen=True, gc=False):
    """A conversation's state after the turn, and what its response shows of it.

    `event` is what happened to the response by it (`storage.events.EventType`), empty where nothing of it changed.
    """

    conversation_id: str
    response_id: str
    state: str
    language: str
    language_source: str
    language_confidence: float
    last_answer_at: int | None
    completed_at: int | None
    stopped_at: int | None
    core_answered: int
    core_applicable: int
    late: bool
    event: str = ""


class AnswerRow(Struct, frozen=True, gc=False):
    """One row of `answer`. With `join` the words are put below the latest revision's words, as a new revision."""

    response_id: str
    question: str
    item: str
    revision: int
    state: str
    value_code: str | None
    value_number: float | None
    said: str | None
    lang: str
    channel: str
    input: str
    rule: str
    confidence: float | None
    wording: str
    version: str
    asked_at: int | None
    answered_at: int
    late: bool
    join: bool = False


class ReplyRow(Struct, frozen=True, gc=False):
    """One message to put in the outbox in answer. `options` is JSON text; `state` is one of `storage.outbox.State`.

    `question` is the one that it puts, if it puts one.
    """

    id: str
    position: int
    text: str
    options: str
    state: str
    survey: str
    segments: int
    lease_until: int | None
    expires_at: int | None
    question: str = ""


class OptInRow(Struct, frozen=True, gc=False):
    """One entry for the opt-in ledger."""

    survey: str
    purpose: str
    given: bool
    wording: str
    language: str


class Decided(Struct, frozen=True, gc=False):
    """Everything one turn leaves, written in its own transaction with the message itself.

    `filed` is the message's place in the reconciliation report. `opt_out` is True for STOP, False for START, None for
    neither; `opt_out_by` is `text` or `carrier`. `erase` removes everything this address ever gave, this message's
    words included; `replies` of such a turn are kept without a contact so that a repeat gets them again. `voice` is the
    provider's reference to a voice note that is to be fetched for a person to write down. `link_code` is a new code by
    which another address can be joined to this one; `joins` joins this one to where its own code led. `wishes` are
    languages that were missed, each with its survey. `is_danger` puts the message into
    the safeguarding queue; `calms` says that its sender is told where to find help.
    """

    filed: str
    contact: ContactRow
    survey: str = ""
    response_id: str | None = None
    question: str = ""
    begun: tuple[NewResponse, ...] = ()
    states: tuple[ConversationState, ...] = ()
    answers: tuple[AnswerRow, ...] = ()
    replies: tuple[ReplyRow, ...] = ()
    opt_ins: tuple[OptInRow, ...] = ()
    opt_out: bool | None = None
    opt_out_by: str = "text"
    erase: bool = False
    voice: str = ""
    link_code: str = ""
    joins: bool = False
    wishes: tuple[tuple[str, str], ...] = ()
    is_danger: bool = False
    calms: bool = False


class Kept(Struct, frozen=True, gc=False):
    """What the caller hears once the transaction is on disk: the replies, and whether the message was a repeat."""

    inbound_id: str
    replies: tuple[ReplyRow, ...]
    repeated: bool


Decide = Callable[[Opened], Decided]
"""Pure. May raise: then the message alone is kept as `unhandled` and its caller gets the error."""


LinkCodeIn = Callable[[Arrived], str]
"""Read the link code that a message brings; empty for nearly all."""


class TurnFailed(Exception):
    """The turn raised. Its message is on disk as `unhandled`; a redelivery or the clock runs it again."""


class Busy(Exception):
    """The queue is full: nothing was kept, and the provider should ask again (HTTP 503)."""
