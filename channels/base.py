"""The contract between Earshot and a channel: what comes in, what goes out, and what a channel can do.

A channel turns a provider's request into `Inbound` messages and an `Outbound` message into the provider's call. It
never reads the database and never decides what is said.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field


class Kind(StrEnum):
    """What arrived."""

    TEXT = "text"
    CHOICE = "choice"
    MEDIA = "media"
    OPT_OUT = "opt_out"  # the carrier has seen STOP and already answered it
    OPT_IN = "opt_in"
    HELP = "help"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    START = "start"  # pressed Start on a link that brought a code along: `text` is the code
    EDITED = "edited"  # changed a message that was sent before; `text` has the new words
    UNSUPPORTED = "unsupported"
    PART = "part"  # another piece, without words, of what a message before it began: kept, and that one is answered


class Arrival(StrEnum):
    """By which way a message came; the same message by another way is the same message."""

    WEBHOOK = "webhook"
    POLL = "poll"
    RECONCILED = "reconciled"
    SIMULATED = "simulated"


class Sender(StrEnum):
    """What kind of address wrote. Short codes and alphanumeric senders are never answered: nobody reads there."""

    PERSON = "person"
    SHORT_CODE = "short_code"
    ALPHANUMERIC = "alphanumeric"


class Inbound(Struct, frozen=True, gc=False):
    """One message as a channel heard it. `fields` keeps the provider's other fields, without names, places, addresses.

    `address` is opaque text of at most 140 characters. `at` is when we received it, epoch milliseconds UTC; so is
    `provider_at`, where the provider says. `(provider, account, event_id)` names the message for ever. `voice` is the
    provider's own reference to a voice note, by which it can be downloaded later. `waits` says that the sender's app
    waits for the channel to `acknowledge` it.
    """

    channel: str
    provider: str
    account: str
    event_id: str
    kind: Kind
    address: str
    our_address: str
    text: str
    at: int
    aliases: tuple[str, ...] = ()
    choice_id: str = ""
    reply_to: str = ""
    media: tuple[str, ...] = ()  # MIME types
    provider_at: int | None = None
    language_hint: str = ""
    sender: Sender = Sender.PERSON
    arrival: Arrival = Arrival.WEBHOOK
    fields: Mapping[str, str] = field(default_factory=dict)
    voice: str = ""
    waits: bool = False

    def __repr__(self) -> str:
        """Name the message, never its words or its sender."""
        return f"Inbound({self.channel} {self.event_id} {self.kind})"


class Option(Struct, frozen=True, gc=False):
    """One option under a message. `id` is at most 40 bytes of ASCII; `label` is what a resident reads."""

    id: str
    label: str


class Outbound(Struct, frozen=True, gc=False):
    """One message to send. `id` is ours and travels in the status callback; `options` go last, in order.

    `text` already ends with the question; a channel without buttons writes each option on its own line below it.
    `opener` is what stands on the button that opens the options as a list, where the channel has one; empty, its own.
    `expires_at` is epoch milliseconds UTC, after which the message must no longer be sent. `is_outside_window` says
    that the channel's reply window has passed: then only the approved `template` may go out, the provider's id of it.
    """

    id: str
    address: str
    our_address: str
    text: str
    options: tuple[Option, ...] = ()
    purpose: str = "reply"
    idempotency_key: str = ""
    expires_at: int | None = None
    template: str = ""
    is_outside_window: bool = False
    opener: str = ""

    def __repr__(self) -> str:
        """Name the message, never its words or whom it is for."""
        return f"Outbound({self.id} {self.purpose})"


Carries: TypeAlias = Callable[[str], bool]
"""Whether a character arrives as it was written, or at least without its accent."""


class Capabilities(Struct, frozen=True, gc=False):
    """What a channel can do, as data. Nothing outside `channels/` asks for a channel's name instead.

    `short_wording` asks for the survey's short labels. `pace` is messages a second and sender, `pace_per_address` the
    same for each resident (0: no limit of its own). `reply_window` is seconds in which we may write freely (None:
    always). `stores_buttons` says that the provider keeps a text with buttons. `cost_unit` is `segment`, `template` or
    empty. `source` is the export's word for what comes this way; `carrier` the company whose app carries the words, if
    it is no telephone network; `is_test` marks rows of no resident. `voice_notes` says that residents can send them,
    and that it is one of `VoiceNotes`. `carries` tells which characters get through (None: all); others are refused.
    """

    max_text: int
    short_wording: bool = False
    max_buttons: int = 0
    max_list_rows: int = 0
    max_label: int = 0
    reply_window: int | None = None
    template_outside_window: bool = False
    can_start_conversation: bool = False
    delivery_receipts: bool = False
    read_receipts: bool = False
    inline_reply: bool = False
    can_be_listed: bool = False
    stores_buttons: bool = False
    pace: float = 1.0
    pace_per_address: float = 0.0
    cost_unit: str = ""
    source: str = "sms"
    carrier: str = ""
    is_test: bool = False
    voice_notes: bool = False
    carries: Carries | None = None


class Problem(StrEnum):
    """Why a send was refused, as what to do about it."""

    OPTED_OUT = "opted_out"  # mark the address, cancel what is queued
    BAD_ADDRESS = "bad_address"  # this address can never be reached
    CONFIGURATION = "configuration"  # our settings or account: stop the campaign, tell a person
    BLOCKED = "blocked"  # the carrier refused it: never by ourselves again
    UNREACHABLE = "unreachable"  # the phone is off: one later try
    EXPIRED = "expired"
    TOO_FAST = "too_fast"
    OUTSIDE_WINDOW = "outside_window"
    UNKNOWN = "unknown"  # no table entry: treated as permanent


class Accepted(Struct, frozen=True, gc=False):
    """The provider has it, under its own id. It is never sent again."""

    provider_id: str


class Rejected(Struct, frozen=True, gc=False):
    """The provider did not take it. `code` is the provider's own, kept for the operator."""

    problem: Problem
    code: str


class RetryAfter(Struct, frozen=True, gc=False):
    """The provider refused for now and nothing was sent: the same message again after so many seconds."""

    seconds: float


class Unknown(Struct, frozen=True, gc=False):
    """Nobody knows whether it was sent (a timeout, a 5xx, a dropped connection). Never sent again blindly."""

    reason: str


SendResult: TypeAlias = Accepted | Rejected | RetryAfter | Unknown


class Status(StrEnum):
    """Delivery, in the order in which it can only go forwards."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    READ = "read"


STATUS_RANK: Mapping[Status, int] = {
    Status.ACCEPTED: 0,
    Status.QUEUED: 1,
    Status.SENDING: 2,
    Status.SENT: 3,
    Status.FAILED: 4,
    Status.UNDELIVERED: 4,
    Status.DELIVERED: 5,
    Status.READ: 6,
}
"""A status replaces one of a lower rank only: a late `failed` never hides a `delivered`."""


class Receipt(Struct, frozen=True, gc=False):
    """One delivery report. `outbox_id` is ours, from the callback address, and may be empty."""

    channel: str
    provider: str
    provider_id: str
    outbox_id: str
    status: Status
    code: str
    problem: Problem | None
    at: int
    fields: Mapping[str, str] = field(default_factory=dict)


class Listed(Struct, frozen=True, gc=False):
    """One outbound message that the provider says it has, found when reconciling.

    `outbox_id` is ours, where the provider keeps it with the message; then nothing else need be compared.
    """

    provider_id: str
    address: str
    text: str
    status: Status
    code: str
    created_at: int
    outbox_id: str = ""

    def __repr__(self) -> str:
        """Name the message, never its words or whom it is for."""
        return f"Listed({self.provider_id} {self.status})"


class Request(Struct, frozen=True, gc=False):
    """One HTTP request as it arrived. `path` has the query string; header names are lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: int

    def __repr__(self) -> str:
        """Say what it is, never what it holds."""
        return "Request()"


class Answer(Struct, frozen=True, gc=False):
    """The HTTP body that carries an inline reply."""

    body: bytes
    media_type: str

    def __repr__(self) -> str:
        """Say what it is, never what it holds."""
        return f"Answer({self.media_type})"


class Refused(Exception):
    """A request that is not to be believed or cannot be read. The message says why, and holds no content of it.

    `status` is the HTTP answer: 403 for a wrong or missing signature, 400 for a body that cannot be read.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Channel(Protocol):
    """One channel. Every method is safe to call again; `send` alone has an effect outside."""

    name: str
    capabilities: Capabilities

    def receive(self, request: Request) -> tuple[Inbound, ...]:
        """Check the signature and read the messages. Raises Refused."""
        ...

    def receipts(self, request: Request) -> tuple[Receipt, ...]:
        """Check the signature and read the delivery reports. Raises Refused."""
        ...

    def answer(self, messages: tuple[Outbound, ...]) -> Answer:
        """Write the inline reply; with no messages, the provider's "nothing to say"."""
        ...

    def lay_out(self, outbound: Outbound) -> str:
        """Write the text as the resident will see it, with options as numbered lines where there are no buttons."""
        ...

    def segments(self, text: str) -> int:
        """Count what the text costs in `capabilities.cost_unit`; 0 where nothing is charged by the text."""
        ...

    async def send(self, outbound: Outbound) -> SendResult:
        """Send one message through the provider's API, once."""
        ...

    async def received_since(self, our_address: str, since: int) -> tuple[Inbound, ...]:
        """List what the provider received for us since then (epoch milliseconds), oldest first. May raise Outage."""
        ...

    async def sent_since(self, our_address: str, since: int) -> tuple[Listed, ...]:
        """List what the provider has of ours since then, newest first. May raise Outage."""
        ...

    async def acknowledge(self, inbound: Inbound) -> None:
        """Do what the resident's app waits for once the message is on disk: end a tap's spinner, take buttons away.

        Called for what `waits`. Nothing that matters hangs on it: it is done at most once; a failure is only logged.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Polled(Protocol):
    """A channel that can be asked for what came in, where no webhook can reach us."""

    async def poll(self, after: str) -> tuple[tuple[Inbound, ...], str]:
        """Wait for messages that came after a mark (empty: from the oldest kept); give them and the next mark.

        Asking with a mark tells the provider that everything before it may be forgotten, so it is asked only when that
        is on disk. Raises Outage.
        """
        ...


SOUND = "audio/"
"""How the MIME type of everything begins that can be listened to."""


class Recording(Struct, frozen=True, gc=False):
    """A voice note as the provider gave it. `media_type` is one of ours, told by the content; `seconds` where known."""

    media_type: str
    content: bytes
    seconds: int | None = None

    def __repr__(self) -> str:
        """Say what it is, never what it holds."""
        return f"Recording({self.media_type}, {len(self.content)} bytes)"


@runtime_checkable
class VoiceNotes(Protocol):
    """A channel by which residents can send voice notes."""

    async def download(self, reference: str) -> Recording:
        """Download the voice note of an `Inbound.voice`. Raises RecordingGone, or Outage where a later try helps."""
        ...


@runtime_checkable
class KeepsMedia(Protocol):
    """A channel whose provider keeps what came with a message until it is told to delete it."""

    async def discard(self, event_id: str) -> None:
        """Delete what still lies there of the message with this `Inbound.event_id`. Raises Outage."""
        ...


@runtime_checkable
class StandingButtons(Protocol):
    """A channel whose buttons stand under a message until they are taken away."""

    async def take_buttons(self, address: str, provider_id: str) -> None:
        """Take the buttons off a message of ours, where there still are any. Raises Outage."""
        ...


class RecordingGone(Exception):
    """A voice note that cannot be had, now or later. The message says why to a person, and names nobody."""


class Outage(Exception):
    """The provider could not be asked just now. Trying again later helps."""
