"""Write what turns decided: one statement per table over a whole batch."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from storage import aliases, flagging, links, voice
from storage.erasure import erase_contact
from storage.events import Happened, record
from storage.inbound import FILE, KEEP_FILED, WIPE, as_filed
from storage.outbox import Priority, State
from storage.script import Fetch, Many, Run, Script
from storage.turns import AnswerRow, Arrived, ConversationState, Decided

_SUPERSEDE = """
    UPDATE outbox SET state = 'superseded', settled_at = :at
    WHERE contact_id IN (SELECT :contacts*text) AND purpose = 'reply' AND (state = 'unknown'
        OR (state = 'queued' AND contact_id IN (SELECT :answered*text))
        OR (state = 'replied' AND contact_id IN (SELECT :waiting*text)))"""
_CANCEL = """
    UPDATE outbox SET state = 'cancelled', settled_at = :at
    WHERE contact_id IN (SELECT :contacts*text) AND purpose <> 'reply' AND state = 'queued'"""

# Who begins first on a contact that was joined to another is the person who joined it.
_RESPONDENT = """
    INSERT INTO respondent (id, made_at, person_id)
    VALUES (:id, :at, (SELECT c.person_id FROM contact c WHERE c.id = :contact
        AND NOT EXISTS (SELECT 1 FROM conversation v WHERE v.contact_id = c.id)))"""
_RESPONSE = """
    INSERT INTO response (id, respondent_id, survey, version, source, channel, campaign, started_at, test)
    VALUES (:response_id, :respondent_id, :survey, :version, :source, :channel, :campaign, :started_at, :test)"""
_CONVERSATION = """
    INSERT INTO conversation (id, contact_id, survey, version, respondent_id, response_id, state, updated_at, ordinal)
    VALUES (:conversation_id, :contact, :survey, :version, :respondent_id, :response_id, '', :at, :ordinal)"""
_CONTACT = """
    UPDATE contact SET our_address = :our_address, language = :language, opted_out_at = :opted_out_at,
        current_conversation_id = :current_conversation_id, last_inbound_at = :last_inbound_at,
        hour_began_at = :hour_began_at, replies_this_hour = :replies_this_hour,
        idle_text = :idle_text, idle_count = :idle_count
    WHERE id = :id"""
_CARRIER = "UPDATE contact SET carrier_stopped = :stopped WHERE id = :id"
_STATE = "UPDATE conversation SET state = :state, updated_at = :at WHERE id = :conversation_id"
SHOWN = """
    UPDATE response SET language = :language, language_source = :language_source,
        language_confidence = :language_confidence, last_answer_at = :last_answer_at,
        completed_at = :completed_at, stopped_at = :stopped_at, core_answered = :core_answered,
        core_applicable = :core_applicable, late = late OR :late, last_inbound_at = :at,
        revision = revision + CASE WHEN :event = '' THEN 0 ELSE 1 END
    WHERE id = :response_id"""
_NEWEST_WORDS = """
    SELECT said FROM answer WHERE response_id = :response_id AND question = :question ORDER BY revision DESC LIMIT 1"""
ANSWER = """
    INSERT INTO answer (response_id, question, item, revision, state, value_code, value_number, said, lang, channel,
        input, rule, confidence, wording, version, asked_at, answered_at, late, inbound_id)
    VALUES (:response_id, :question, :item, :revision, :state, :value_code, :value_number, :said, :lang, :channel,
        :input, :rule, :confidence, :wording, :version, :asked_at, :answered_at, :late, :inbound_id)"""
_OPT_IN = """
    INSERT INTO opt_in (address_hmac, channel, survey, purpose, given, wording, language, at)
    VALUES (:hmac, :channel, :survey, :purpose, :given, :wording, :language, :at)"""
_OPT_OUT = "INSERT INTO opt_out (address_hmac, channel, stopped, by, at) VALUES (:hmac, :channel, :stopped, :by, :at)"
_REPLY = """
    INSERT INTO outbox (id, contact_id, inbound_id, position, channel, our_address, purpose, priority, text, options,
        survey, state, not_before, expires_at, lease_until, segments, made_at, test, question)
    VALUES (:id, :contact, :inbound, :position, :channel, :our_address, 'reply', :priority, :text, :options,
        :survey, :state, :at, :expires_at, :lease_until, :segments, :at, :test, :question)"""
_WISH = """
    INSERT INTO language_wish (survey, language, channel, at, test) VALUES (:survey, :language, :channel, :at, :test)"""


class Result(Struct, frozen=True, gc=False):
    """One turn's decision, with whom it is for. `hmac` is the contact's look-up for the ledgers.

    `is_kept` says that the message's own row is written already.
    """

    arrived: Arrived
    contact_id: str
    hmac: str
    decided: Decided
    is_kept: bool


def write(results: list[Result]) -> Script[list[Happened]]:
    """Write every decision; give what happened by it, for `events.record` to write last, as raised already.

    Raises what the engine raises, for the whole batch.
    """
    if not results:
        return []
    staying = [result for result in results if not result.decided.erase]
    yield from _settle_older_replies(results)
    yield from _begin(staying)
    yield from _move_on(staying)
    yield from _answers(staying)
    yield from _ledgers(results)
    yield from _many(_WISH, (row for result in staying if result.decided.wishes for row in _wishes(result)))
    happened = [happening for result in staying for happening in _happened(result)]
    for result in results:
        if result.decided.erase:
            happened += yield from erase_contact(result.contact_id, result.arrived.received_at)
    filed = [(result.is_kept, as_filed(result.arrived, result.contact_id, result.decided)) for result in results]
    yield from _many(KEEP_FILED, (row for is_kept, row in filed if not is_kept))
    yield from _many(FILE, (row for is_kept, row in filed if is_kept))
    yield from _many(WIPE, ({"id": r.arrived.id} for r in results if r.is_kept and r.decided.erase))
    yield from _many(_REPLY, (row for result in results for row in _replies(result)))
    yield from _many(voice.WAITS, (_voice_note(result) for result in staying if result.decided.voice))
    yield from _flags([result for result in staying if result.decided.is_danger])
    return happened


def write_later(
    state: ConversationState, answers: Iterable[AnswerRow], inbound_id: str, filed: str, at: int, now: int
) -> Script[None]:
    """Write what came of a message whose own turn is long past. `at` is when its sender last wrote, and stays so."""
    yield Run(_STATE, asdict(state) | {"at": at})
    yield Run(SHOWN, asdict(state) | {"at": at})
    for answer in answers:
        yield Run(ANSWER, (yield from _answer(answer, inbound_id)))
    yield Run("UPDATE inbound SET filed = :filed WHERE id = :id", {"filed": filed, "id": inbound_id})
    yield from record(told(state, now), raises=False)


def told(state: ConversationState, at: int) -> list[Happened]:
    """Give what happened to a state's response, as `events.record` writes it: nothing or one thing."""
    return [Happened(state.event, state.response_id, at)] if state.event else []


def _many(sql: str, rows: Iterable[Mapping[str, Any]]) -> Script[None]:
    rows = list(rows)
    if rows:
        yield Many(sql, rows)


def _settle_older_replies(results: list[Result]) -> Script[None]:
    """Settle what waits: who writes again needs no older reply, and who says STOP gets no campaign message.

    But a message that is not answered replaces nothing that is still to be sent: the question would never come. What
    went out in the answer to its own text may wait for its receipt, unless a reply in the queue would wait behind it;
    `looks.supersede` sees to the rest.
    """
    at = max(result.arrived.received_at for result in results)
    answered = [r.contact_id for r in results if r.decided.replies or r.decided.opt_out or r.decided.erase]
    waiting = [r.contact_id for r in results if any(reply.state == State.QUEUED for reply in r.decided.replies)]
    everybody = [result.contact_id for result in results]
    yield Run(_SUPERSEDE, {"contacts": everybody, "answered": answered, "waiting": waiting, "at": at})
    stopped = [result.contact_id for result in results if result.decided.opt_out]
    if stopped:
        yield Run(_CANCEL, {"contacts": stopped, "at": at})


def _begin(results: list[Result]) -> Script[None]:
    begun = [(result, new) for result in results for new in result.decided.begun]
    if not begun:
        return
    yield from _many(
        _RESPONDENT,
        (
            {"id": new.respondent_id, "at": new.started_at, "contact": result.contact_id}
            for result, new in begun
            if new.respondent_is_new
        ),
    )
    rows = [
        asdict(new)
        | {"contact": result.contact_id, "channel": result.arrived.channel, "at": result.arrived.received_at}
        for result, new in begun
    ]
    yield Many(_RESPONSE, rows)
    yield Many(_CONVERSATION, rows)


def _move_on(results: list[Result]) -> Script[None]:
    """Update the contacts, the conversations and what their responses show."""
    yield from _many(_CONTACT, (asdict(result.decided.contact) for result in results))
    yield from _many(
        _CARRIER,
        (
            {"id": r.contact_id, "stopped": r.decided.opt_out}
            for r in results
            if r.decided.opt_out is False or (r.decided.opt_out and r.decided.opt_out_by == "carrier")
        ),
    )
    states = [
        asdict(state) | {"at": result.arrived.received_at} for result in results for state in result.decided.states
    ]
    yield from _many(_STATE, states)
    yield from _many(SHOWN, states)


def _answers(results: list[Result]) -> Script[None]:
    rows = []
    for result in results:
        for answer in result.decided.answers:
            rows.append((yield from _answer(answer, result.arrived.id)))
    yield from _many(ANSWER, rows)


def _answer(answer: AnswerRow, inbound_id: str) -> Script[dict[str, Any]]:
    row = asdict(answer) | {"inbound_id": inbound_id}
    if answer.join:
        before = (yield Fetch(_NEWEST_WORDS, row)).first
        if before and before[0]:
            row["said"] = f"{before[0]}\n{answer.said or ''}"
    return row


def _happened(result: Result) -> list[Happened]:
    at = result.arrived.received_at
    return [happening for state in result.decided.states for happening in told(state, at)]


def _voice_note(result: Result) -> dict[str, Any]:
    arrived, decided = result.arrived, result.decided
    return {
        "id": arrived.id,
        "contact": result.contact_id,
        "response": decided.response_id,
        "question": decided.question,
        "channel": arrived.channel,
        "reference": decided.voice,
        "at": arrived.received_at,
        "test": arrived.test,
    }


def _flags(results: list[Result]) -> Script[None]:
    """Keep what a person must read. An address on STOP is only flagged: it is told nothing."""
    yield from _many(flagging.FLAG, (_flag(result) for result in results))
    calmed = [result for result in results if result.decided.calms]
    yield from _many(flagging.CALMED, ({"id": r.contact_id, "at": r.arrived.received_at} for r in calmed))


def _flag(result: Result) -> dict[str, Any]:
    arrived = result.arrived
    return {"id": arrived.id, "at": arrived.received_at, "calmed": result.decided.calms, "test": arrived.test}


def _wishes(result: Result) -> Iterable[dict[str, Any]]:
    arrived = result.arrived
    about = {"channel": arrived.channel, "at": arrived.received_at, "test": arrived.test}
    return ({"survey": survey, "language": language, **about} for survey, language in result.decided.wishes)


def _ledgers(results: list[Result]) -> Script[None]:
    yield from _many(
        _OPT_IN,
        (
            asdict(entry) | {"hmac": r.hmac, "channel": r.arrived.channel, "at": r.arrived.received_at}
            for r in results
            for entry in r.decided.opt_ins
        ),
    )
    stops = [
        {
            "contact": r.contact_id,
            "hmac": r.hmac,
            "channel": r.arrived.channel,
            "stopped": r.decided.opt_out,
            "by": r.decided.opt_out_by,
            "at": r.arrived.said_at,
        }
        for r in results
        if r.decided.opt_out is not None
    ]
    yield from _many(_OPT_OUT, stops)
    yield from _many(aliases.STOPPED_TOO, stops)
    for r in results:
        if r.decided.opt_out:
            yield from links.stop_joined(r.contact_id, r.arrived.said_at)


def _replies(result: Result) -> Iterable[dict[str, Any]]:
    arrived = result.arrived
    for reply in result.decided.replies:
        yield asdict(reply) | {
            "contact": None if result.decided.erase else result.contact_id,
            "inbound": arrived.id,
            "channel": arrived.channel,
            "our_address": arrived.our_address,
            "priority": int(Priority.REPLY),
            "at": arrived.received_at,
            "test": arrived.test,
        }
