"""One transaction that turns what a person heard in a voice note into an answer of its conversation.

The contact is locked as a turn would lock it, so that nothing the resident writes meanwhile comes in between.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from storage.decided import write_later
from storage.script import Fetch, Script
from storage.turns import AnswerRow, ConversationState
from storage.voice import GivenAnswer, newest_answer, settle

_NOTE = """
    SELECT v.contact_id, v.response_id, v.question, v.channel, v.received_at, v.became, i.filed
    FROM voice_note v JOIN inbound i ON i.id = v.id WHERE v.id = :id"""
_LOCK = "SELECT id FROM contact WHERE id = :contact FOR UPDATE"
_CONVERSATION = """
    SELECT c.id, c.survey, c.version, c.state, r.source, r.last_inbound_at
    FROM conversation c JOIN response r ON r.id = c.response_id WHERE c.response_id = :response"""
_RECALL = """
    SELECT question, said FROM answer
    WHERE response_id = :response AND question IN (SELECT :questions*text) AND said IS NOT NULL
    ORDER BY question, revision"""
LATE = "late"


class Spoken(Struct, frozen=True):
    """What the decision needs: the note, the conversation as it stands, and the answer that the question has.

    `recalled` holds the latest words of text questions that the survey's logic reads.
    """

    question: str
    channel: str
    source: str
    received_at: int
    is_late: bool
    conversation_id: str
    response_id: str
    survey: str
    version: str
    state: str
    given: GivenAnswer | None
    recalled: Mapping[str, str] = field(default_factory=dict)


class Verdict(StrEnum):
    """What became of a voice note, or why nothing did."""

    ANSWERED = "answered"
    REFUSED = "refused"
    UNPARSED = "unparsed"
    LEFT = "left"  # a person left it as it was
    UNCLEAR = "unclear"  # no clear answer, and an earlier answer stands: nothing was written
    ANSWERED_SINCE = "answered_since"  # the resident has answered by their own hand
    NOT_ASKED = "not_asked"  # the question no longer applies to this resident
    GONE = "gone"  # erased, past its date, or seen to by somebody else


class Written(Struct, frozen=True):
    """The decision: what to write; `state` is None where there is nothing to be written."""

    verdict: Verdict
    state: ConversationState | None = None
    answers: tuple[AnswerRow, ...] = ()


Decide = Callable[[Spoken], Written]
"""Pure. Runs inside the transaction."""


class Hand(Struct, frozen=True):
    """At whose hands something is done: their id and their name."""

    staff_id: str
    name: str


def transcribe(
    note_id: str, decide: Decide, hand: Hand, now: int, recalled: Mapping[str, tuple[str, ...]]
) -> Script[Verdict]:
    """Write down what was said in a voice note, once; say what became of it.

    `recalled` are the text questions that each survey's logic reads. Raises what `decide` raises.
    """
    spoken = yield from _open(note_id, recalled)
    if spoken is None:
        return Verdict.GONE
    written = decide(spoken)
    if written.state is None:
        return written.verdict
    row = (yield Fetch(_CONVERSATION, {"response": spoken.response_id})).first
    assert row is not None
    if not (yield from settle(note_id, written.verdict, hand.staff_id, hand.name, now)):
        return Verdict.GONE  # somebody has left it as it is meanwhile
    is_answer = written.verdict is not Verdict.UNPARSED
    filed = LATE if spoken.is_late else "answer" if is_answer else "unparsed"
    yield from write_later(written.state, written.answers, note_id, filed, row[-1], now)
    return written.verdict


def leave(note_id: str, hand: Hand, now: int) -> Script[Verdict]:
    """Leave a voice note as it is: it holds no answer, or the resident's own stays."""
    is_left = yield from settle(note_id, Verdict.LEFT, hand.staff_id, hand.name, now)
    return Verdict.LEFT if is_left else Verdict.GONE


def _open(note_id: str, recalled: Mapping[str, tuple[str, ...]]) -> Script[Spoken | None]:
    note = (yield Fetch(_NOTE, {"id": note_id})).first
    if note is None:
        return None
    yield Fetch(_LOCK, {"contact": note[0]})
    # Again, now that nobody else can see to it.
    note = (yield Fetch(_NOTE, {"id": note_id})).first
    if note is None or note[5]:
        return None
    _, response_id, question, channel, received_at, _, filed = note
    row = (yield Fetch(_CONVERSATION, {"response": response_id})).first
    if row is None:
        return None
    conversation_id, survey, version, state, source, _ = row
    wanted = {"response": response_id, "questions": list(recalled.get(survey, ()))}
    words = {name: said for name, said in (yield Fetch(_RECALL, wanted)).rows}
    given = yield from newest_answer(response_id, question)
    return Spoken(
        question=question,
        channel=channel,
        source=source,
        received_at=received_at,
        is_late=filed == LATE,
        conversation_id=conversation_id,
        response_id=response_id,
        survey=survey,
        version=version,
        state=state,
        given=given,
        recalled=words,
    )
