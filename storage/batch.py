"""One transaction over many turns, for either engine: keep the messages, open what each needs, decide, write.

Rows are inserted and locked in a fixed order, so that several processes over one PostgreSQL never wait in a circle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from msgspec.structs import replace

from storage import aliases, decided, links
from storage.events import record
from storage.flagging import Hears, flag_failed
from storage.inbound import KEEP, PUT_OFF, UNHANDLED, as_row
from storage.keys import CURRENT_KEYS, KeyRing
from storage.outbox import REPLY_LEASE_MS
from storage.script import Fetch, Many, Row, Run, Script
from storage.turns import (
    Arrived,
    ContactRow,
    ConversationRow,
    Decide,
    Decided,
    Kept,
    LinkCodeIn,
    Opened,
    ReplyRow,
    TurnFailed,
)

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
        hour_began_at, replies_this_hour, idle_text, idle_count, calmed_at, test
    FROM contact WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id FOR UPDATE"""
_STOPPED = "SELECT id, opted_out_at FROM contact WHERE id IN (SELECT :contacts*text)"
_CONVERSATIONS = """
    SELECT c.contact_id, c.id, c.survey, c.version, c.respondent_id, c.response_id, c.state, c.ordinal
    FROM conversation c WHERE c.contact_id IN (SELECT :contacts*text) ORDER BY c.id"""
_QUOTED = """
    SELECT contact_id, provider_id, survey, question FROM outbox
    WHERE provider_id IN (SELECT :quoted*text) AND contact_id IN (SELECT :contacts*text) AND question <> ''"""
_RECALL = """
    SELECT response_id, question, said FROM answer
    WHERE response_id IN (SELECT :responses*text) AND question IN (SELECT :questions*text)
    ORDER BY response_id, question, revision"""


class Moved(Exception):
    """Another process has changed the keys or erased a contact meanwhile: reload the keys and run the batch again."""


class OneSender(Exception):
    """Two messages of one batch turned out to be from one contact, by different addresses: run them one by one."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a batch needs besides its messages. `is_alone` where nobody else can write meanwhile, as on SQLite."""

    keys: KeyRing
    decide: Decide
    new_id: Callable[[], str]
    recalled_surveys: Callable[[], Mapping[str, tuple[str, ...]]]
    link_code_in: LinkCodeIn
    is_alone: bool
    hears: Hears


@dataclass(slots=True)
class Entrant:
    """One message on its way through a batch. `is_kept` once its row stands in the table.

    `hmacs` are the look-ups of the address that wrote, `others` those of its aliases. `own` is the look-up of the
    contact's own address, under which the ledgers know it. `led_to` is the contact whose link code it brings.
    """

    arrived: Arrived
    is_kept: bool = False
    hmacs: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    own: str = ""
    led_to: str = ""
    quoted: tuple[str, str] = ("", "")
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
        yield from _follow_codes(new, means)
        yield from _find_quoted(new)
        recalled = yield from _open(new, means.recalled_surveys())
        for entrant in new:
            _decide(entrant, means.decide, recalled)
        yield from _write(new, means)
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
    """Find or make each sender's contact, and lock it. Only strangers and aliases cost a statement more."""
    for entrant in entrants:
        arrived = entrant.arrived
        entrant.hmacs = means.keys.lookups(arrived.channel, arrived.address)
        entrant.own = entrant.hmacs[0]
        entrant.others = [hmac for alias in arrived.aliases for hmac in means.keys.lookups(arrived.channel, alias)]
    every = [hmac for entrant in entrants for hmac in entrant.hmacs]
    known = yield Fetch(_LOCK_CONTACTS if means.is_alone else _FIND_CONTACTS, {"hmacs": every})
    there = {row[0] for row in known.rows}
    made: set[str] = set()
    unknown = [entrant for entrant in entrants if there.isdisjoint(entrant.hmacs)]
    if unknown:
        strangers = yield from _recognise(unknown)
        if strangers:
            made = yield from _make_contacts(strangers, means)
    # Where nobody else writes, what was found holds good, and only what was unknown is looked up again.
    found = list(known.rows) if means.is_alone else []
    wanted = [entrant.own for entrant in unknown] + ([] if means.is_alone else every)
    if wanted:
        found += (yield Fetch(_LOCK_CONTACTS, {"hmacs": wanted})).rows
    contacts = {row[0]: row[1:] for row in found}
    for entrant in entrants:
        row = next((contacts[hmac] for hmac in (*entrant.hmacs, entrant.own) if hmac in contacts), None)
        if row is None:
            raise Moved
        entrant.contact = _contact(row, is_new=row[0] in made)
    if unknown and len({entrant.contact.id for entrant in entrants if entrant.contact}) < len(entrants):
        raise OneSender
    yield from _record_aliases(entrants, means)


def _recognise(unknown: list[Entrant]) -> Script[list[Entrant]]:
    """Know again by an alias who writes from an address that no contact has; give those whom nobody knows."""
    wanted = [hmac for entrant in unknown for hmac in (*entrant.hmacs, *entrant.others)]
    own = yield from aliases.leads_to(wanted)
    strangers = []
    for entrant in unknown:
        hmac = next((own[hmac] for hmac in (*entrant.hmacs, *entrant.others) if hmac in own), None)
        if hmac is None:
            strangers.append(entrant)
        else:
            entrant.own = hmac
    return strangers


def _record_aliases(entrants: list[Entrant], means: Means) -> Script[None]:
    """Record every address of a message that is not its contact's own, and join contacts that it shows to be one."""
    met = [
        (entrant.contact.id, entrant.arrived.channel, address, entrant.arrived.received_at)
        for entrant in entrants
        if entrant.arrived.aliases and entrant.contact is not None
        for address in (entrant.arrived.address, *entrant.arrived.aliases)
        if entrant.own not in means.keys.lookups(entrant.arrived.channel, address)
    ]
    if met:
        for contact_id, other_id, at in (yield from aliases.record(met, means.keys)):
            yield from links.join(contact_id, other_id, means.new_id(), at)
        yield from _see_stops(entrants)


def _see_stops(entrants: list[Entrant]) -> Script[None]:
    """Read anew who is on STOP: another address may have brought one, and the turn must neither answer nor undo it."""
    ids = [entrant.contact.id for entrant in entrants if entrant.contact is not None]
    stopped: dict[str, int | None] = dict((yield Fetch(_STOPPED, {"contacts": ids})).rows)
    for entrant in entrants:
        if entrant.contact is not None:
            entrant.contact = replace(entrant.contact, opted_out_at=stopped[entrant.contact.id])


def _contact(row: Row, is_new: bool) -> ContactRow:
    *columns, test = row
    return ContactRow(*columns, bool(test), is_new)  # type: ignore[call-arg]  # the order of _LOCK_CONTACTS


def _make_contacts(entrants: list[Entrant], means: Means) -> Script[set[str]]:
    """Make contacts for addresses never seen, or erased: then STOP still holds, by the ledger."""
    every = [hmac for entrant in entrants for hmac in (*entrant.hmacs, *entrant.others)]
    stops = yield Fetch(_NEWEST_STOPS, {"hmacs": every})
    rows = []
    for entrant in sorted(entrants, key=lambda entrant: entrant.hmacs[0]):
        arrived = entrant.arrived
        known_as = {*entrant.hmacs, *entrant.others}
        stopped, by, at = next((row[1:] for row in reversed(stops.rows) if row[0] in known_as), (False, "", None))
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


def _follow_codes(entrants: list[Entrant], means: Means) -> Script[None]:
    """See where the link codes lead that some messages bring."""
    bringing = {
        entrant.contact.id: (entrant, code)
        for entrant in entrants
        if entrant.contact is not None and (code := means.link_code_in(entrant.arrived))
    }
    if bringing:
        brought = [links.Brought(id, e.own, code, e.arrived.received_at) for id, (e, code) in bringing.items()]
        for contact_id, led_to in (yield from links.lead(brought, means.keys)).items():
            bringing[contact_id][0].led_to = led_to


def _find_quoted(entrants: list[Entrant]) -> Script[None]:
    """See which question's message some messages are a reply to."""
    quoting = {(e.contact.id, e.arrived.reply_to): e for e in entrants if e.contact and e.arrived.reply_to}
    if quoting:
        params = {"contacts": [contact for contact, _ in quoting], "quoted": [name for _, name in quoting]}
        for contact_id, provider_id, survey, question in (yield Fetch(_QUOTED, params)).rows:
            if entrant := quoting.get((contact_id, provider_id)):
                entrant.quoted = (survey, question)


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
        conversations = tuple(entrant.conversations)
        opened = Opened(entrant.arrived, entrant.contact, conversations, recalled, bool(entrant.led_to), entrant.quoted)
        entrant.decided = decide(opened)
    except Exception as error:  # whatever it is, the message stays on disk, and its neighbours go on
        entrant.outcome = TurnFailed(f"The turn of inbound {entrant.arrived.id} raised {type(error).__name__}.")
        entrant.outcome.__cause__ = error
    else:
        entrant.outcome = Kept(entrant.arrived.id, entrant.decided.replies, repeated=False)


def _write(entrants: list[Entrant], means: Means) -> Script[None]:
    failed = [entrant for entrant in entrants if entrant.decided is None]
    if failed:
        yield Many(KEEP, [as_row(entrant.arrived) for entrant in failed if not entrant.is_kept])
        yield Many(PUT_OFF, [{"id": t.arrived.id, "contact": t.contact.id} for t in failed if t.contact])
        yield from flag_failed([entrant.arrived for entrant in failed], means.hears)
    happened = yield from decided.write(
        [
            decided.Result(entrant.arrived, entrant.contact.id, entrant.own, entrant.decided, entrant.is_kept)
            for entrant in entrants
            if entrant.decided and entrant.contact
        ]
    )
    for entrant in entrants:
        if entrant.decided and entrant.contact and (entrant.decided.link_code or entrant.decided.joins):
            yield from _link(entrant.decided, entrant.contact.id, entrant, means)
    yield from record(happened, raises=False)


def _link(decided: Decided, contact_id: str, entrant: Entrant, means: Means) -> Script[None]:
    if decided.link_code:
        yield from links.offer(contact_id, decided.link_code, entrant.arrived.received_at, means.keys)
    if decided.joins and entrant.led_to:
        yield from links.join(contact_id, entrant.led_to, means.new_id(), entrant.arrived.received_at)


def keep_unhandled(arrived: Arrived, means: Means) -> Script[None]:
    """Keep one message whose turn cannot be written, with its contact, so that it can be run again."""
    entrant = Entrant(arrived)
    for new in (yield from _keep([entrant])):
        yield from _find_contacts([new], means)
        assert new.contact is not None
        yield Run(PUT_OFF, {"id": new.arrived.id, "contact": new.contact.id})
        yield from flag_failed([new.arrived], means.hears)


def keep_alone(arrived: Arrived) -> Script[None]:
    """Keep one message and nothing else: the last resort before refusing it."""
    yield from _keep([Entrant(arrived)])
