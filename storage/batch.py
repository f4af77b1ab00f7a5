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
from storage.script import Fetch, Many, Row, Run, Script
from storage.turns import Arrived, ContactRow, ConversationRow, Decide, Decided, Kept, Opened, ReplyRow, TurnFailed

# How long an inline reply may stay without a receipt before the provider is asked about it.
LEASE_MS = 120_000

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
class Desk:
    """What a batch needs besides its messages. `is_alone` where nobody else can write meanwhile, as on SQLite."""

    keys: KeyRing
    decide: Decide
    new_id: Callable[[], str]
    recalled_surveys: Callable[[], Mapping[str, tuple[str, ...]]]
    is_alone: bool


@dataclass(slots=True)
class Turn:
    """One message on its way through a batch. `is_kept` once its row stands in the table."""

    arrived: Arrived
    is_kept: bool = False
    hmacs: list[str] = field(default_factory=list)
    contact: ContactRow | None = None
    conversations: list[ConversationRow] = field(default_factory=list)
    decided: Decided | None = None
    outcome: Kept | TurnFailed | None = None


def take_all(arrivals: Sequence[Arrived], desk: Desk) -> Script[list[Kept | TurnFailed]]:
    """Take messages in, no two from one address and no two of one name; give what became of each, in order."""
    if tuple(row[0] for row in (yield Fetch(CURRENT_KEYS)).rows) != desk.keys.ids:
        raise Moved
    turns = [Turn(arrived) for arrived in arrivals]
    new = yield from (_find if desk.is_alone else _keep)(turns)
    if new:
        yield from _find_contacts(new, desk)
        recalled = yield from _open(new, desk.recalled_surveys())
        for turn in new:
            _decide(turn, desk.decide, recalled)
        yield from _write(new)
    return [turn.outcome for turn in turns if turn.outcome is not None]


def _find(turns: list[Turn]) -> Script[list[Turn]]:
    """Look whether messages are kept already; give those to be run, whose rows are written with what they gave."""
    filed = yield from _filed_by_name(turns)
    return (yield from _to_be_run(turns, filed))


def _keep(turns: list[Turn]) -> Script[list[Turn]]:
    """Store each message once, before any other process can; give the turns that are to be run."""
    turns_by_name = sorted(turns, key=_by_name)
    yield Many(KEEP, [as_row(turn.arrived) for turn in turns_by_name])
    there = yield Fetch(_KEPT_BY_ID, {"ids": [turn.arrived.id for turn in turns]})
    filed: dict[str, str] = dict(there.rows)
    strangers = [turn for turn in turns_by_name if turn.arrived.id not in filed]
    filed |= yield from _filed_by_name(strangers)
    for turn in turns:
        turn.is_kept = True
    return (yield from _to_be_run(turns, filed))


def _filed_by_name(turns: list[Turn]) -> Script[dict[str, str]]:
    """Find messages by their names; such a turn takes over the id under which its message is kept."""
    filed: dict[str, str] = {}
    for (provider, account), group in groupby(sorted(turns, key=_by_name), lambda turn: _name(turn.arrived)[:2]):
        by_event = {turn.arrived.event_id: turn for turn in group}
        params = {"provider": provider, "account": account, "events": list(by_event)}
        for event_id, inbound_id, state in (yield Fetch(_KEPT_BY_NAME, params)).rows:
            turn = by_event[event_id]
            turn.arrived = replace(turn.arrived, id=inbound_id)
            turn.is_kept = True
            filed[inbound_id] = state
    return filed


def _to_be_run(turns: list[Turn], filed: Mapping[str, str]) -> Script[list[Turn]]:
    """Part the new from the repeats, which are answered as they were."""
    new = [turn for turn in turns if filed.get(turn.arrived.id, UNHANDLED) == UNHANDLED]
    if len(new) < len(turns):
        yield from _repeat([turn for turn in turns if filed.get(turn.arrived.id, UNHANDLED) != UNHANDLED])
    return new


def _by_name(turn: Turn) -> tuple[str, str, str]:
    return _name(turn.arrived)


def _name(arrived: Arrived) -> tuple[str, str, str]:
    return (arrived.provider, arrived.account, arrived.event_id)


def _repeat(turns: list[Turn]) -> Script[None]:
    """Give the stored replies again; those still waiting for a receipt wait from now."""
    yield Many(
        _RENEW,
        [{"inbound": turn.arrived.id, "until": turn.arrived.received_at + LEASE_MS} for turn in turns],
    )
    replies: dict[str, list[ReplyRow]] = {turn.arrived.id: [] for turn in turns}
    for inbound_id, *row in (yield Fetch(_REPLIES, {"inbounds": list(replies)})).rows:
        replies[inbound_id].append(ReplyRow(*row))
    for turn in turns:
        turn.outcome = Kept(turn.arrived.id, tuple(replies[turn.arrived.id]), repeated=True)


def _find_contacts(turns: list[Turn], desk: Desk) -> Script[None]:
    """Find or make each sender's contact, and lock it."""
    for turn in turns:
        turn.hmacs = desk.keys.lookups(turn.arrived.channel, turn.arrived.address)
    every = {"hmacs": [hmac for turn in turns for hmac in turn.hmacs]}
    known = yield Fetch(_LOCK_CONTACTS if desk.is_alone else _FIND_CONTACTS, every)
    there = {row[0] for row in known.rows}
    made: set[str] = set()
    strangers = [turn for turn in turns if there.isdisjoint(turn.hmacs)]
    if strangers:
        made = yield from _make_contacts(strangers, desk)
    if strangers or not desk.is_alone:
        known = yield Fetch(_LOCK_CONTACTS, every)
    contacts = {row[0]: row[1:] for row in known.rows}
    for turn in turns:
        row = next((contacts[hmac] for hmac in turn.hmacs if hmac in contacts), None)
        if row is None:
            raise Moved
        turn.contact = _contact(row, is_new=row[0] in made)


def _contact(row: Row, is_new: bool) -> ContactRow:
    *columns, test = row
    return ContactRow(*columns, bool(test), is_new)  # type: ignore[call-arg]  # the order of _LOCK_CONTACTS


def _make_contacts(turns: list[Turn], desk: Desk) -> Script[set[str]]:
    """Make contacts for addresses never seen, or erased: then STOP still holds, by the ledger."""
    stops = yield Fetch(_NEWEST_STOPS, {"hmacs": [hmac for turn in turns for hmac in turn.hmacs]})
    rows = []
    for turn in sorted(turns, key=lambda turn: turn.hmacs[0]):
        arrived = turn.arrived
        stopped, by, at = next((row[1:] for row in reversed(stops.rows) if row[0] in turn.hmacs), (False, "", None))
        contact_id = desk.new_id()
        rows.append(
            {
                "id": contact_id,
                "channel": arrived.channel,
                "blob": desk.keys.encrypt(arrived.address, contact_id),
                "hmac": turn.hmacs[0],
                "key_id": desk.keys.current_key_id,
                "our_address": arrived.our_address,
                "opted_out_at": at if stopped else None,
                "carrier_stopped": bool(stopped) and by == "carrier",
                "test": arrived.test,
                "made_at": arrived.received_at,
            }
        )
    yield Many(_MAKE_CONTACT, rows)
    return {str(row["id"]) for row in rows}


def _open(turns: list[Turn], surveys: Mapping[str, tuple[str, ...]]) -> Script[dict[tuple[str, str], str]]:
    """Load every conversation of these contacts, oldest first, and the words that a survey's logic reads."""
    by_contact = {turn.contact.id: turn for turn in turns if turn.contact is not None}
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


def _decide(turn: Turn, decide: Decide, recalled: Mapping[tuple[str, str], str]) -> None:
    assert turn.contact is not None
    if recalled:
        own = {conversation.response_id for conversation in turn.conversations}
        recalled = {key: said for key, said in recalled.items() if key[0] in own}
    try:
        turn.decided = decide(Opened(turn.arrived, turn.contact, tuple(turn.conversations), recalled))
    except Exception as error:  # whatever it is, the message stays on disk, and its neighbours go on
        turn.outcome = TurnFailed(f"The turn of inbound {turn.arrived.id} raised {type(error).__name__}.")
        turn.outcome.__cause__ = error
    else:
        turn.outcome = Kept(turn.arrived.id, turn.decided.replies, repeated=False)


def _write(turns: list[Turn]) -> Script[None]:
    failed = [turn for turn in turns if turn.decided is None]
    if failed:
        yield Many(KEEP, [as_row(turn.arrived) for turn in failed if not turn.is_kept])
        yield Many(PUT_OFF, [{"id": t.arrived.id, "contact": t.contact.id} for t in failed if t.contact])
    yield from decided.write(
        [
            decided.Result(turn.arrived, turn.contact.id, turn.hmacs[0], turn.decided, turn.is_kept)
            for turn in turns
            if turn.decided and turn.contact
        ]
    )


def keep_unhandled(arrived: Arrived, desk: Desk) -> Script[None]:
    """Keep one message whose turn cannot be written, with its contact, so that it can be run again."""
    turn = Turn(arrived)
    for new in (yield from _keep([turn])):
        yield from _find_contacts([new], desk)
        assert new.contact is not None
        yield Run(PUT_OFF, {"id": new.arrived.id, "contact": new.contact.id})


def keep_alone(arrived: Arrived) -> Script[None]:
    """Keep one message and nothing else: the last resort before refusing it."""
    yield from _keep([Turn(arrived)])
