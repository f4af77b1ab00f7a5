"""The rows of `inbound`: kept before a turn is decided where others could take the same message in, else with it."""

from typing import Any

from msgspec.structs import asdict

from storage.turns import Arrived, Decided

UNHANDLED = "unhandled"
"""Where a message stands until its turn is decided, and after a turn that failed."""

HINT_FIELD = "language_hint"
"""Where the other fields of a message hold what the app says of its reader's language."""

_KEPT = """id, provider, account, event_id, channel, kind, text, choice_id, reply_to, media, fields, our_address,
        arrival, provider_at, received_at, test"""
_GIVEN = """:id, :provider, :account, :event_id, :channel, :kind, :text, :choice_id, :reply_to, :media, :fields,
        :our_address, :arrival, :provider_at, :received_at, :test"""

KEEP = f"INSERT INTO inbound ({_KEPT}, filed) VALUES ({_GIVEN}, '{UNHANDLED}') ON CONFLICT DO NOTHING"  # noqa: S608
"""Keep a message as it came, once, whoever else tries. Its row is `as_row`."""

KEEP_FILED = f"""
    INSERT INTO inbound ({_KEPT}, contact_id, filed, survey, response_id, question)
    VALUES ({_GIVEN}, :contact_id, :filed, :survey, :response_id, :question)"""  # noqa: S608
"""Keep a message with what its turn gave. Its row is `as_filed`."""

FILE = """
    UPDATE inbound SET contact_id = :contact_id, filed = :filed, survey = :survey, response_id = :response_id,
        question = :question
    WHERE id = :id"""
"""Write what its turn gave beside a message that is kept. Its row is `as_filed`."""

WIPE = "UPDATE inbound SET text = '', choice_id = '', reply_to = '', media = '', fields = '' WHERE id = :id"
"""Take the words out of a message that is kept, when its turn removed everything."""

PUT_OFF = "UPDATE inbound SET contact_id = :contact WHERE id = :id"
"""Name the sender of a message whose turn failed, so that it can be run again."""

_WORDS = {"text": "", "choice_id": "", "reply_to": "", "media": "", "fields": ""}


def as_row(arrived: Arrived) -> dict[str, Any]:
    """Lay a message out as it came."""
    return asdict(arrived)


def as_filed(arrived: Arrived, contact_id: str, decided: Decided) -> dict[str, Any]:
    """Lay a message out with what its turn gave; one that removed everything keeps its provider id alone."""
    row = asdict(arrived)
    row["survey"] = decided.survey
    if decided.erase:
        return row | _WORDS | {"contact_id": None, "response_id": None, "filed": "erased", "question": ""}
    row["contact_id"] = contact_id
    row["filed"] = decided.filed
    row["response_id"] = decided.response_id
    row["question"] = decided.question
    return row
