"""One transaction over many turns, for either engine: keep the messages, open what each needs, decide, write.

Rows are inserted and locked in a fixed order, so that several processes over one PostgreSQL never wait in a circle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from msgspec.structs import replace

from storage import decided
from storage.inbound import KEEP, PUT_OFF, UNHANDLED, as_row
from storage.keys import CURRENT_KEYS, KeyRing
from storage.outbox import REPLY_LEASE_MS
from storage.script import Fetch, Many, Row, Run, Script
from storage.turns import Arrived, ContactRow, ConversationRow, Decide, Decided, Kept, Opened, ReplyRow, TurnFailed

_KEPT_BY_ID = "SELECT id, filed FROM inbound WHERE id IN (SELECT :ids*text) ORDER BY id FOR UPDATE"
_KEPT_BY_NAME = """
    SELECT event_id, id, filed FROM inbound
    WHERE provider = :provider AND account = :account AND event_id IN (SELECT :events*text)
    ORDER BY event_id FOR UPDATE"""

_RENEW = "UPDATE outbox SET lease_until = :until WHERE inbound_id = :inbound AND state = 'replied'"
_REPLIES = """
    SELECT inbound_id, id, position, text, options, state, survey, segments, lease_until, expires_at FROM outbox
    WHERE inbound_id IN (SELECT :inbounds*text) AND text <> '' ORDER BY inbound_id, position"""

_FIND_CONTACTS = "SELECT address_hmac FROM contact WHERE address_hmac IN (SELECT :hmacs*text)"
_NEWEST_STOPS = (
    "SELECT address_hmac, stopped, by, at FROM opt_out WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id"
)
_MAKE_CONTACT = """
    INSERT INTO contact (id, channel, address_encrypted, address_hmac, key_id, our_address, opted_out_at,
        carrier_stopped, test, made_at)
    VALUES (:id, :channel, :blob, :hmac, :key_id, :our_address, :opted_out_at, :carrier_stopped, :test, :made_at)
    ON CONFLICT (address_hmac) DO NOTHING"""
_LOCK_CONTACTS = """
    SELECT address_hmac, id, channel, our_address, language, opted_out_at, current_conversation_id, last_inbound_at,
        hour_began_at, replies_this_hour, idle_text, idle_count, test
    FROM contact WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id FOR UPDATE"""
_CONVERSATIONS = """
    SELECT c.contact_id, c.id, c.survey, c.version, c.respondent_id, c.response_id, c.state, c.ordinal
    FROM conversation c WHERE c.contact_id IN (SELECT :contacts*text) ORDER BY c.id"""
_RECALL = """
    SELECT response_id, question, said FROM answer
    WHERE response_id IN (SELECT :responses*text) AND question IN (SELECT :questions*text)
    ORDER BY response_id, question, revision"""


class Moved(Exception):
    """Another process has changed the keys or erased a contact meanwhile: reload the keys and run the batch again."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a batch needs besides its messages. `is_alone` where nobody else can write meanwhile, as on SQLite."""

    keys: KeyRing
    decide: Decide
    new_id: Callable[[], str]
    recalled_surveys: Callable[[], Mapping[str, tuple[str, ...]]]
    is_alone: bool


@dataclass(slots=True)
class Entrant:
    """One message on its way through a batch. `is_kept` once its row stands in the table."""

    arrived: Arrived
    is_kept: bool = False
    hmacs: list[str] = field(default_factory=list)
    contact: ContactRow | None = None
    conversations: list[ConversationRow] = field(default_factory=list)
    decided: Decided | None = None
    outcome: Kept | TurnFailed | None = None


def take_all(arrivals: Sequence[Arrived], means: Means) -> Script[list[Kept | TurnFailed]]:
    """Take messages in, no two from one address and no two of one name; give what became of each, in order."""
    if tuple(row[0] for row in (yield Fetch(CURRENT_KEYS)).rows) != means.keys.ids:
        raise Moved
    entrants = [Entrant(arrived) for arrived in arrivals]
    new = yield from (_find if means.is_alone else _keep)(entrants)
    if new:
        yield from _find_contacts(new, means)
        recalled = yield from _open(new, means.recalled_surveys())
        for entrant in new:
            _decide(entrant, means.decide, recalled)
        yield from _write(new)
    return [entrant.outcome for entrant in entrants if entrant.outcome is not None]


def _find(entrants: list[Entrant]) -> Script[list[Entrant]]:
    """Look whether messages are kept already; give those to be run, whose rows are written with what they gave."""
    filed = yield from _filed_by_name(entrants)
    return (yield from _to_be_run(entrants, filed))


def _keep(entrants: list[Entrant]) -> Script[list[Entrant]]:
    """Store each message once, before any other process can; give those that are to be run."""
    by_name = sorted(entrants, key=_by_name)
    yield Many(KEEP, [as_row(entrant.arrived) for entrant in by_name])
    there = yield Fetch(_KEPT_BY_ID, {"ids": [entrant.arrived.id for entrant in entrants]})
    filed: dict[str, str] = dict(there.rows)
    strangers = [entrant for entrant in by_name if entrant.arrived.id not in filed]
    filed |= yield from _filed_by_name(strangers)
    for entrant in entrants:
        entrant.is_kept = True
    return (yield from _to_be_run(entrants, filed))


def _filed_by_name(entrants: list[Entrant]) -> Script[dict[str, str]]:
    """Find messages by their names; such an entrant takes over the id under which its message is kept."""
    filed: dict[str, str] = {}
    for (provider, account), group in groupby(
        sorted(entrants, key=_by_name), lambda entrant: _name(entrant.arrived)[:2]
    ):
        by_event = {entrant.arrived.event_id: entrant for entrant in group}
        params = {"provider": provider, "account": account, "events": list(by_event)}
        for event_id, inbound_id, state in (yield Fetch(_KEPT_BY_NAME, params)).rows:
            entrant = by_event[event_id]
            entrant.arrived = replace(entrant.arrived, id=inbound_id)
            entrant.is_kept = True
            filed[inbound_id] = state
    return filed


def _to_be_run(entrants: list[Entrant], filed: Mapping[str, str]) -> Script[list[Entrant]]:
    """Part the new from the repeats, which are answered as they were."""
    new = [entrant for entrant in entrants if filed.get(entrant.arrived.id, UNHANDLED) == UNHANDLED]
    if len(new) < len(entrants):
        yield from _repeat([entrant for entrant in entrants if filed.get(entrant.arrived.id, UNHANDLED) != UNHANDLED])
    return new


def _by_name(entrant: Entrant) -> tuple[str, str, str]:
    return _name(entrant.arrived)


def _name(arrived: Arrived) -> tuple[str, str, str]:
    return (arrived.provider, arrived.account, arrived.event_id)


def _repeat(entrants: list[Entrant]) -> Script[None]:
    """Give the stored replies again; those still waiting for a receipt wait from now."""
    yield Many(
        _RENEW,
        [
            {"inbound": entrant.arrived.id, "until": entrant.arrived.received_at + REPLY_LEASE_MS}
            for entrant in entrants
        ],
    )
    replies: dict[str, list[ReplyRow]] = {entrant.arrived.id: [] for entrant in entrants}
    for inbound_id, *row in (yield Fetch(_REPLIES, {"inbounds": list(replies)})).rows:
        replies[inbound_id].append(ReplyRow(*row))
    for entrant in entrants:
        entrant.outcome = Kept(entrant.arrived.id, tuple(replies[entrant.arrived.id]), repeated=True)


def _find_contacts(entrants: list[Entrant], means: Means) -> Script[None]:
    """Find or make each sender's contact, and lock it."""
    for entrant in entrants:
        entrant.hmacs = means.keys.lookups(entrant.arrived.channel, entrant.arrived.address)
    every = {"hmacs": [hmac for entrant in entrants for hmac in entrant.hmacs]}
    known = yield Fetch(_LOCK_CONTACTS if means.is_alone else _FIND_CONTACTS, every)
    there = {row[0] for row in known.rows}
    made: set[str] = set()
    strangers = [entrant for entrant in entrants if there.isdisjoint(entrant.hmacs)]
    if strangers:
        made = yield from _make_contacts(strangers, means)
    if strangers or not means.is_alone:
        known = yield Fetch(_LOCK_CONTACTS, every)
    contacts = {row[0]: row[1:] for row in known.rows}
    for entrant in entrants:
        row = next((contacts[hmac] for hmac in entrant.hmacs if hmac in contacts), None)
        if row is None:
            raise Moved
        entrant.contact = _contact(row, is_new=row[0] in made)


def _contact(row: Row, is_new: bool) -> ContactRow:
    *columns, test = row
    return ContactRow(*columns, bool(test), is_new)  # type: ignore[call-arg]  # the order of _LOCK_CONTACTS


def _make_contacts(entrants: list[Entrant], means: Means) -> Script[set[str]]:
    """Make contacts for addresses never seen, or erased: then STOP still holds, by the ledger."""
    stops = yield Fetch(_NEWEST_STOPS, {"hmacs": [hmac for entrant in entrants for hmac in entrant.hmacs]})
    rows = []
    for entrant in sorted(entrants, key=lambda entrant: entrant.hmacs[0]):
        arrived = entrant.arrived
        stopped, by, at = next((row[1:] for row in reversed(stops.rows) if row[0] in entrant.hmacs), (False, "", None))
        contact_id = means.new_id()
        rows.append(
            {
                "id": contact_id,
                "channel": arrived.channel,
                "blob": means.keys.encrypt(arrived.address, contact_id),
                "hmac": entrant.hmacs[0],
                "key_id": means.keys.current_key_id,
                "our_address": arrived.our_address,
                "opted_out_at": at if stopped else None,
                "carrier_stopped": bool(stopped) and by == "carrier",
                "test": arrived.test,
                "made_at": arrived.received_at,
            }
        )
    yield Many(_MAKE_CONTACT, rows)
    return {str(row["id"]) for row in rows}


def _open(entrants: list[Entrant], surveys: Mapping[str, tuple[str, ...]]) -> Script[dict[tuple[str, str], str]]:
    """Load every conversation of these contacts, oldest first, and the words that a survey's logic reads."""
    by_contact = {entrant.contact.id: entrant for entrant in entrants if entrant.contact is not None}
    responses: list[str] = []
    questions: set[str] = set()
    for contact_id, *row in (yield Fetch(_CONVERSATIONS, {"contacts": list(by_contact)})).rows:
        conversation = ConversationRow(*row)
        by_contact[contact_id].conversations.append(conversation)
        if wanted := surveys.get(conversation.survey):
            responses.append(conversation.response_id)
            questions.update(wanted)
    if not responses:
        return {}
    rows = (yield Fetch(_RECALL, {"responses": responses, "questions": sorted(questions)})).rows
    newest = {(response_id, question): said for response_id, question, said in rows}
    return {key: said for key, said in newest.items() if said is not None}


def _decide(entrant: Entrant, decide: Decide, recalled: Mapping[tuple[str, str], str]) -> None:
    assert entrant.contact is not None
    if recalled:
        own = {conversation.response_id for conversation in entrant.conversations}
        recalled = {key: said for key, said in recalled.items() if key[0] in own}
    try:
        entrant.decided = decide(Opened(entrant.arrived, entrant.contact, tuple(entrant.conversations), recalled))
    except Exception as error:  # whatever it is, the message stays on disk, and its neighbours go on
        entrant.outcome = TurnFailed(f"The turn of inbound {entrant.arrived.id} raised {type(error).__name__}.")
        entrant.outcome.__cause__ = error
    else:
        entrant.outcome = Kept(entrant.arrived.id, entrant.decided.replies, repeated=False)


def _write(entrants: list[Entrant]) -> Script[None]:
    failed = [entrant for entrant in entrants if entrant.decided is None]
    if failed:
        yield Many(KEEP, [as_row(entrant.arrived) for entrant in failed if not entrant.is_kept])
        yield Many(PUT_OFF, [{"id": t.arrived.id, "contact": t.contact.id} for t in failed if t.contact])
    yield from decided.write(
        [
            decided.Result(entrant.arrived, entrant.contact.id, entrant.hmacs[0], entrant.decided, entrant.is_kept)
            for entrant in entrants
            if entrant.decided and entrant.contact
        ]
    )


def keep_unhandled(arrived: Arrived, means: Means) -> Script[None]:
    """Keep one message whose turn cannot be written, with its contact, so that it can be run again."""
    entrant = Entrant(arrived)
    for new in (yield from _keep([entrant])):
        yield from _find_contacts([new], means)
        assert new.contact is not None
        yield Run(PUT_OFF, {"id": new.arrived.id, "contact": new.contact.id})


def keep_alone(arrived: Arrived) -> Script[None]:
    """Keep one message and nothing else: the last resort before refusing it."""
    yield from _keep([Entrant(arrived)])
