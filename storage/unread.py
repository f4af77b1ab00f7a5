"""Messages that the bot could not handle, for a person of the council to see to: `inbound` without its `hand_reply`.

What speaks of danger is for the safeguarding role alone and never listed here; nor is a voice note, which has its page.
"""

# ruff: noqa: S608 - what is put into SQL here are this module's own texts

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from storage.outbox import NewMessage, enqueue
from storage.script import Fetch, Run, Script
from storage.staff import note

SHOWN_AT_ONCE = 100
PATIENCE_MS = 5 * 60_000
"""A message whose turn failed is tried again by the clock; only after this does a person look at it."""

# The resident has answered that question since: then nothing is left to do.
_WAITS = """
    (i.filed = 'unparsed' OR (i.filed = 'unhandled' AND i.received_at < :since)) AND i.text <> ''
    AND (i.survey = '' OR i.survey IN (SELECT :surveys*text)) AND (:test OR NOT i.test)
    AND NOT EXISTS (SELECT 1 FROM hand_reply h WHERE h.inbound_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM flag f WHERE f.id = i.id) AND i.provider <> 'web'
    AND NOT EXISTS (SELECT 1 FROM voice_note v WHERE v.id = i.id)
    AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.response_id = i.response_id AND a.question = i.question
        AND a.state = 'answered' AND a.answered_at > i.received_at)"""
# What one resident wrote to one question is seen to together: it was asked again after each, and is answered once.
_TOGETHER = "COALESCE(i.contact_id, i.id), i.survey, i.question"
_COUNT = f"SELECT COUNT(*) FROM (SELECT 1 FROM inbound i WHERE {_WAITS} GROUP BY {_TOGETHER}) AS together"
_LIST = f"""
    SELECT MAX(i.id), MIN(i.received_at), MAX(i.channel), i.survey, COUNT(*) FROM inbound i WHERE {_WAITS}
    GROUP BY {_TOGETHER} ORDER BY 2, 1 LIMIT :most"""
_ONE = f"""
    SELECT i.id, i.received_at, i.channel, i.survey, i.question, i.filed, i.contact_id, i.our_address,
        c.last_inbound_at, c.opted_out_at, COALESCE(r.language, c.language, ''), i.test
    FROM inbound i LEFT JOIN contact c ON c.id = i.contact_id LEFT JOIN response r ON r.id = i.response_id
    WHERE i.id = :id AND {_WAITS}"""
# Ids are in the order of time: what has come since the page was opened is not seen to unread.
_WITH_IT = f"""
    (i.contact_id = :contact OR i.id = :id) AND i.survey = :survey AND i.question = :question AND i.id <= :id
    AND {_WAITS}"""
_WORDS = f"SELECT i.text FROM inbound i WHERE {_WITH_IT} ORDER BY i.received_at, i.id"
_SEEN_TO = f"""
    INSERT INTO hand_reply (inbound_id, template, outbox_id, by, at)
    SELECT i.id, CAST(:template AS TEXT), CAST(:outbox AS TEXT), CAST(:by AS TEXT), CAST(:at AS BIGINT)
    FROM inbound i WHERE {_WITH_IT} ON CONFLICT DO NOTHING"""


class Which(Struct, frozen=True):
    """Which messages: of these open surveys or of none, at a time (epoch milliseconds UTC), with trials or without."""

    surveys: Sequence[str]
    now: int
    include_test: bool

    @property
    def params(self) -> dict[str, object]:
        """The parameters of the conditions."""
        return {"surveys": list(self.surveys), "since": self.now - PATIENCE_MS, "test": self.include_test}


class Listed(Struct, frozen=True):
    """What one resident wrote to one question, as the list shows it: how many messages, no words, nothing of who.

    `id` is the newest, `received_at` when the oldest came.
    """

    id: str
    received_at: int
    channel: str
    survey: str
    messages: int


class Unread(Struct, frozen=True):
    """One message, opened. `words` are its own and, before them, those of the resident's others to the same question.

    `contact_id` is None once its sender is gone; times are epoch milliseconds UTC.
    """

    id: str
    received_at: int
    channel: str
    survey: str
    question: str
    filed: str
    contact_id: str | None
    our_address: str
    last_inbound_at: int | None
    opted_out_at: int | None
    language: str
    test: bool
    words: tuple[str, ...]

    def __repr__(self) -> str:
        """Name the message, never the words."""
        return f"Unread({self.id})"


class Settled(StrEnum):
    """What came of seeing to a message."""

    DONE = "done"
    STOPPED = "stopped"  # its sender has texted STOP: nothing was sent
    ALREADY = "already"  # somebody else was faster, or it is gone


def waiting(which: Which) -> Script[tuple[int, list[Listed]]]:
    """Count what waits for a person, and list the oldest."""
    count = (yield Fetch(_COUNT, which.params)).first
    assert count is not None
    rows = (yield Fetch(_LIST, {**which.params, "most": SHOWN_AT_ONCE})).rows
    return int(count[0]), [Listed(*row) for row in rows]


def open_one(message_id: str, which: Which, who: str) -> Script[Unread | None]:
    """Open one message with its words, which stands in the audit log; None where it does not wait any more."""
    found = yield from read_one(message_id, which)
    if found is not None:
        yield from note(which.now, who, "message read", message_id)
    return found


def read_one(message_id: str, which: Which) -> Script[Unread | None]:
    """Read one message to see to it."""
    row = (yield Fetch(_ONE, {**which.params, "id": message_id})).first
    if row is None:
        return None
    place = {"id": message_id, "survey": row[3], "question": row[4], "contact": row[6]}
    words = yield Fetch(_WORDS, {**which.params, **place})
    return Unread(*(*row[:-1], bool(row[-1]), tuple(text for (text,) in words.rows)))


def answer(message: NewMessage, template: str, inbound_id: str, which: Which, who: str) -> Script[Settled]:
    """Queue a reply to a message and note it, once, unless its sender has texted STOP meanwhile."""
    # An inbound turn locks the contact too: a STOP is either seen here or finds this reply in the queue.
    contact = yield Fetch("SELECT opted_out_at FROM contact WHERE id = :id FOR UPDATE", {"id": message.contact_id})
    found = yield from read_one(inbound_id, which)
    if found is None or contact.first is None:
        return Settled.ALREADY
    if contact.first[0] is not None:
        return Settled.STOPPED
    if not (yield from _see_to(found, template, message.id, which, who)):
        return Settled.ALREADY
    yield from enqueue([message])
    yield from note(which.now, who, "message answered", f"{inbound_id}: {template}")
    return Settled.DONE


def leave(inbound_id: str, which: Which, who: str) -> Script[Settled]:
    """Note that a message needs no answer."""
    found = yield from read_one(inbound_id, which)
    if found is None or not (yield from _see_to(found, "", None, which, who)):
        return Settled.ALREADY
    yield from note(which.now, who, "message left", inbound_id)
    return Settled.DONE


def _see_to(found: Unread, template: str, outbox_id: str | None, which: Which, who: str) -> Script[bool]:
    place = {"id": found.id, "survey": found.survey, "question": found.question, "contact": found.contact_id}
    said = {"template": template, "outbox": outbox_id, "by": who, "at": which.now}
    noted = yield Run(_SEEN_TO, {**which.params, **place, **said})
    return noted.count > 0
