"""A small honest conversation for the tests of storage: it counts a person's messages and files each as an answer."""

import itertools
import json

from msgspec.structs import replace

from storage.events import EventType
from storage.intake import Intake
from storage.keys import KeyRing
from storage.outbox import REPLY_LEASE_MS
from storage.script import Database, Fetch, Row, Script
from storage.turns import (
    AnswerRow,
    Arrived,
    ConversationState,
    Decide,
    Decided,
    NewResponse,
    Opened,
    OptInRow,
    ReplyRow,
)

_numbers = itertools.count(1)
MARY = "+447700900001"
JOHN = "+447700900002"
NOON = 1_760_000_000_000


def new_id() -> str:
    """Give an id never given before."""
    return f"id{next(_numbers):08}"


def message(text: str, event_id: str, address: str = MARY, **changes: str | int | bool | tuple[str, ...]) -> Arrived:
    """Make one text message as the service would hand it in."""
    arrived = Arrived(
        id=new_id(),
        provider="twilio",
        account="AC1",
        event_id=event_id,
        channel="sms",
        address=address,
        our_address="+447700900900",
        kind="text",
        text=text,
        choice_id="",
        reply_to="",
        media="[]",
        fields="{}",
        arrival="webhook",
        provider_at=None,
        received_at=NOON,
        test=False,
    )
    return replace(arrived, **changes)


def decide(opened: Opened) -> Decided:
    """Count the message; begin the survey with the first; answer with how many there were.

    STOP, START and DELETE do as they say; BOOM raises; BROKEN decides what no table takes; JOIN adds words to the
    last answer; RECALL replies with the words it was handed.
    """
    arrived, text = opened.arrived, opened.arrived.text
    if text == "BOOM":
        raise ValueError("this turn has a bug")
    if text == "DELETE":
        gone = _reply(opened, "Deleted.")
        return Decided("commands", opened.contact, survey="hello", replies=(gone,), erase=True)
    begun, conversation_id, response_id, count = _where(opened)
    count += 1
    if text in ("STOP", "START"):
        stopped = text == "STOP"
        contact = replace(opened.contact, opted_out_at=arrived.received_at if stopped else None)
        return Decided("commands", contact, replies=(_reply(opened, f"{text} heard."),), opt_out=stopped)
    answer = _answer(arrived, response_id, count)
    if text == "BROKEN":
        answer = replace(answer, response_id="no such response")
    said = opened.recalled.get((response_id, "words"), "?") if text == "RECALL" else str(count)
    language = json.dumps({"count": count})
    state = ConversationState(
        conversation_id,
        response_id,
        language,
        "en",
        "default",
        1.0,
        NOON,
        None,
        None,
        count,
        10,
        late=False,
        event=EventType.STARTED if begun else EventType.UPDATED,
    )
    return Decided(
        "answers",
        replace(opened.contact, current_conversation_id=conversation_id, last_inbound_at=arrived.received_at),
        survey="hello",
        response_id=response_id,
        question=answer.question,
        begun=begun,
        states=(state,),
        answers=(answer,),
        replies=(_reply(opened, f"Reply {said}"),),
        opt_ins=(OptInRow("hello", "survey", True, "texted", "en"),) if begun else (),
    )


def _where(opened: Opened) -> tuple[tuple[NewResponse, ...], str, str, int]:
    if opened.conversations:
        now = opened.conversations[-1]
        return (), now.id, now.response_id, json.loads(now.state)["count"]
    conversation_id, response_id = new_id(), new_id()
    new = NewResponse(
        conversation_id, response_id, new_id(), True, "hello", "1", "sms", "", opened.arrived.received_at, 1, test=False
    )
    return (new,), conversation_id, response_id, 0


def _answer(arrived: Arrived, response_id: str, count: int) -> AnswerRow:
    return AnswerRow(
        response_id=response_id,
        question="words",
        item="",
        revision=count,
        state="answered",
        value_code=None,
        value_number=None,
        said=arrived.text,
        lang="en",
        channel="sms",
        input="typed",
        rule="text",
        confidence=1.0,
        wording="full",
        version="1",
        asked_at=None,
        answered_at=arrived.received_at,
        late=False,
        join=arrived.text.startswith("JOIN"),
    )


def _reply(opened: Opened, text: str) -> ReplyRow:
    if opened.arrived.arrival == "reconciled":  # nobody waits on the line
        return ReplyRow(new_id(), 0, text, "[]", "queued", "hello", 1, None, None)
    until = opened.arrived.received_at + REPLY_LEASE_MS
    return ReplyRow(new_id(), 0, text, "[]", "replied", "hello", 1, until, None)


def make_intake(
    database: Database,
    keys: KeyRing,
    decider: Decide = decide,
    queue_limit: int = 4_096,
    recalled: dict[str, tuple[str, ...]] | None = None,
) -> Intake:
    """Make an intake over `decide`."""
    surveys = recalled or {}
    return Intake(database, keys, decider, new_id=new_id, queue_limit=queue_limit, recalled_surveys=lambda: surveys)


async def rows(database: Database, sql: str, **params: object) -> list[Row]:
    """Read rows."""

    def script() -> Script[list[Row]]:
        return list((yield Fetch(sql, params)).rows)

    return await database.read(script)


async def counts(database: Database) -> dict[str, int]:
    """Count the rows of every table that a turn writes."""
    found = {}
    for table in ("inbound", "contact", "respondent", "response", "conversation", "answer", "outbox", "opt_in"):
        found[table] = (await rows(database, f"SELECT count(*) FROM {table}"))[0][0]
    return found


ONE_TURN = dict.fromkeys(
    ("inbound", "contact", "respondent", "response", "conversation", "answer", "outbox", "opt_in"), 1
)
