"""Everything that one address gave: to read it for its owner, and to remove it at staff's hands.

An address is named by its look-ups alone (`KeyRing.lookups`, for every channel and spelling it may stand under).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.answers import given
from storage.erasure import HAS, erase_contact
from storage.events import Happened, record
from storage.script import Fetch, Script
from storage.staff import note

# By its own address, or by one that the provider has named as the same sender's.
_IS_MEANT = """(address_hmac IN (SELECT :hmacs*text)
    OR id IN (SELECT a.contact_id FROM contact_alias a WHERE a.address_hmac IN (SELECT :hmacs*text)))"""
_CONTACTS = f"SELECT id FROM contact WHERE {_IS_MEANT} ORDER BY id FOR UPDATE"  # noqa: S608 - our own text
_ANSWERS = f"""
    SELECT COUNT(*) FROM (SELECT DISTINCT a.response_id, a.question FROM answer a
        WHERE a.response_id IN (SELECT h.response_id FROM ({HAS}) h) AND {given("a")}) q"""  # noqa: S608 - our own text
_TEXTS = """
    SELECT (SELECT COUNT(*) FROM inbound WHERE contact_id = :contact)
        + (SELECT COUNT(*) FROM outbox WHERE contact_id = :contact)"""


@dataclass(frozen=True, slots=True)
class Removed:
    """How much was removed: contacts, answered questions, texts in and out."""

    contacts: int
    answers: int
    texts: int


def channels() -> Script[list[str]]:
    """Name every channel on which anybody was ever known."""
    found = yield Fetch(
        "SELECT channel FROM contact UNION SELECT channel FROM opt_in UNION SELECT channel FROM opt_out ORDER BY 1"
    )
    return [row[0] for row in found.rows]


def erase(hmacs: Sequence[str], who: str, now: int) -> Script[Removed]:
    """Remove all that these look-ups lead to, as the resident's own DELETE does, and note how much in the audit log.

    Nothing changes, and nothing is noted, when they lead to nobody.
    """
    contacts = answers = texts = 0
    happened: list[Happened] = []
    for (contact_id,) in (yield Fetch(_CONTACTS, {"hmacs": list(hmacs)})).rows:
        contact = {"contact": contact_id}
        contacts += 1
        answers += yield from _number(Fetch(_ANSWERS, contact))
        texts += yield from _number(Fetch(_TEXTS, contact))
        happened += yield from erase_contact(contact_id, now)
    if contacts:
        yield from note(now, who, "erase", f"{contacts} contacts, {answers} answers, {texts} texts")
    yield from record(happened)
    return Removed(contacts, answers, texts)


def _number(fetch: Fetch) -> Script[int]:
    found = yield fetch
    assert found.first is not None
    return int(found.first[0])


@dataclass(frozen=True, slots=True)
class ContactHeld:
    """One address on one channel. Times are epoch milliseconds UTC, here and below.

    `is_joined` says that its person has joined another address to it; never which.
    """

    id: str
    channel: str
    address_encrypted: bytes
    key_id: int
    language: str
    opted_out_at: int | None
    last_inbound_at: int | None
    made_at: int
    is_joined: bool


@dataclass(frozen=True, slots=True)
class AliasHeld:
    """Another address of a contact on the same channel, encrypted for that contact."""

    contact_id: str
    address_encrypted: bytes
    key_id: int


@dataclass(frozen=True, slots=True)
class ResponseHeld:
    """One response that came from a contact, or from pages joined to it. `person_id` tells who share a phone apart.

    `campaign` is the name of the one that invited them, if one did.
    """

    id: str
    contact_id: str
    person_id: str
    survey: str
    version: str
    language: str
    started_at: int
    last_answer_at: int | None
    completed_at: int | None
    stopped_at: int | None
    campaign: str


@dataclass(frozen=True, slots=True)
class AnswerHeld:
    """One revision of one answer; a multiple answer is one for each chosen code. `wording` is `full` or `sms`."""

    response_id: str
    question: str
    revision: int
    state: str
    code: str | None
    number: float | None
    said: str | None
    language: str
    version: str
    wording: str
    answered_at: int


@dataclass(frozen=True, slots=True)
class TextIn:
    """One message from a contact. `fields` is what else the provider sent, as JSON text."""

    contact_id: str
    response_id: str | None
    kind: str
    text: str
    choice_id: str
    media: str
    fields: str
    provider_id: str
    filed: str
    received_at: int


@dataclass(frozen=True, slots=True, repr=False)
class VoiceNoteHeld:
    """One voice note from a contact. `content` is None where it is not here; `became` is empty until it was seen to."""

    id: str
    contact_id: str
    response_id: str
    question: str
    received_at: int
    media_type: str
    content: bytes | None
    key_id: int | None
    keep_until: int | None
    transcribed_at: int | None
    became: str


@dataclass(frozen=True, slots=True)
class TextOut:
    """One message to a contact, and the response of the text that it answers."""

    id: str
    contact_id: str
    response_id: str | None
    purpose: str
    text: str
    state: str
    status: str | None
    provider_id: str | None
    made_at: int


@dataclass(frozen=True, slots=True)
class ReceiptHeld:
    """One delivery report of a message."""

    outbox_id: str
    status: str
    code: str
    received_at: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of a ledger: an opt-in given or taken back, a STOP or a START."""

    channel: str
    survey: str
    purpose: str
    given: bool
    by: str
    wording: str
    language: str
    at: int


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """Everything, each kind in the order in which it came."""

    contacts: Sequence[ContactHeld]
    aliases: Sequence[AliasHeld]
    responses: Sequence[ResponseHeld]
    answers: Sequence[AnswerHeld]
    texts_in: Sequence[TextIn]
    voice_notes: Sequence[VoiceNoteHeld]
    texts_out: Sequence[TextOut]
    receipts: Sequence[ReceiptHeld]
    opt_ins: Sequence[LedgerEntry]
    opt_outs: Sequence[LedgerEntry]


_HELD_CONTACTS = f"""
    SELECT id, channel, address_encrypted, key_id, language, opted_out_at, last_inbound_at, made_at,
        EXISTS (SELECT 1 FROM contact o WHERE o.person_id = contact.person_id AND o.id <> contact.id)
    FROM contact WHERE {_IS_MEANT} ORDER BY made_at, id"""  # noqa: S608 - our own text
_HELD_ALIASES = """
    SELECT contact_id, address_encrypted, key_id FROM contact_alias
    WHERE contact_id IN (SELECT :contacts*text) ORDER BY made_at, address_hmac"""
_HMACS = """
    SELECT address_hmac FROM contact WHERE id IN (SELECT :contacts*text)
    UNION SELECT address_hmac FROM contact_alias WHERE contact_id IN (SELECT :contacts*text)"""
_HELD_RESPONSES = """
    SELECT r.id, v.contact_id, COALESCE(n.person_id, n.id), r.survey, r.version, r.language, r.started_at,
        r.last_answer_at, r.completed_at, r.stopped_at, COALESCE(c.name, '')
    FROM (SELECT response_id, contact_id FROM conversation WHERE contact_id IN (SELECT :contacts*text)
        UNION SELECT e.response_id, MIN(o.id) FROM contact o JOIN respondent p ON p.person_id = o.person_id
        JOIN response w ON w.respondent_id = p.id JOIN entry e ON e.response_id = w.id
        WHERE o.id IN (SELECT :contacts*text) GROUP BY e.response_id) v
    JOIN response r ON r.id = v.response_id JOIN respondent n ON n.id = r.respondent_id
    LEFT JOIN campaign c ON c.id = r.campaign
    ORDER BY r.started_at, r.id"""
_HELD_ANSWERS = """
    SELECT response_id, question, revision, state, COALESCE(value_code, NULLIF(item, '')), value_number, said, lang,
        version, wording, answered_at
    FROM answer WHERE response_id IN (SELECT :responses*text) ORDER BY id"""
_HELD_TEXTS_IN = """
    SELECT contact_id, response_id, kind, text, choice_id, media, fields, event_id, filed, received_at
    FROM inbound WHERE contact_id IN (SELECT :contacts*text) ORDER BY received_at, id"""
_HELD_VOICE_NOTES = """
    SELECT id, contact_id, response_id, question, received_at, media_type, content, key_id, keep_until, transcribed_at,
        became
    FROM voice_note WHERE contact_id IN (SELECT :contacts*text) ORDER BY received_at, id"""
_HELD_TEXTS_OUT = """
    SELECT o.id, o.contact_id, i.response_id, o.purpose, o.text, o.state, o.status, o.provider_id, o.made_at
    FROM outbox o LEFT JOIN inbound i ON i.id = o.inbound_id
    WHERE o.contact_id IN (SELECT :contacts*text) ORDER BY o.made_at, o.id"""
_HELD_RECEIPTS = """
    SELECT outbox_id, status, code, received_at FROM receipt
    WHERE outbox_id IN (SELECT :outbox*text) ORDER BY received_at, id"""
_HELD_OPT_INS = """
    SELECT channel, survey, purpose, given, '', wording, language, at
    FROM opt_in WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id"""
_HELD_OPT_OUTS = """
    SELECT channel, '', '', NOT stopped, by, '', '', at
    FROM opt_out WHERE address_hmac IN (SELECT :hmacs*text) ORDER BY id"""


def everything(hmacs: Sequence[str]) -> Script[Held]:
    """Read all that these look-ups lead to. Only reads."""
    names = {"hmacs": list(hmacs)}
    contacts = [ContactHeld(*row) for row in (yield Fetch(_HELD_CONTACTS, names)).rows]
    of_contacts = {"contacts": [contact.id for contact in contacts]}
    aliases = [AliasHeld(*row) for row in (yield Fetch(_HELD_ALIASES, of_contacts)).rows]
    names["hmacs"] += [row[0] for row in (yield Fetch(_HMACS, of_contacts)).rows if row[0] not in names["hmacs"]]
    responses = [ResponseHeld(*row) for row in (yield Fetch(_HELD_RESPONSES, of_contacts)).rows]
    answers = yield Fetch(_HELD_ANSWERS, {"responses": [response.id for response in responses]})
    texts_in = yield Fetch(_HELD_TEXTS_IN, of_contacts)
    voice_notes = yield Fetch(_HELD_VOICE_NOTES, of_contacts)
    texts_out = [TextOut(*row) for row in (yield Fetch(_HELD_TEXTS_OUT, of_contacts)).rows]
    receipts = yield Fetch(_HELD_RECEIPTS, {"outbox": [text.id for text in texts_out]})
    opt_ins = yield Fetch(_HELD_OPT_INS, names)
    opt_outs = yield Fetch(_HELD_OPT_OUTS, names)
    return Held(
        contacts,
        aliases,
        responses,
        [AnswerHeld(*row) for row in answers.rows],
        [TextIn(*row) for row in texts_in.rows],
        [VoiceNoteHeld(*row) for row in voice_notes.rows],
        texts_out,
        [ReceiptHeld(*row) for row in receipts.rows],
        [LedgerEntry(*row) for row in opt_ins.rows],
        [LedgerEntry(*row) for row in opt_outs.rows],
    )
