"""Fills a database with residents who have answered: a few are played through the real inbox, then copied.

The copies have ids, message ids and look-up keys of their own, and lie in the past; their replies are settled. Their
addresses are bytes that nothing decrypts. Twelve answers a resident, each with its inbound and its reply.
"""

import asyncio
import random
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from bench.serving import SECRET, environment
from bench.walk import shipped, walk
from bench.wire import ACCOUNT, NUMBER
from bot.cli.channels import sms_channel
from bot.cli.compose import now, service_of, wording
from bot.settings import load
from channels.base import Inbound, Kind
from storage import surveys
from storage.database import open_database
from storage.ids import TimeOrderedIds
from storage.keys import KeyRing
from storage.script import Database, Fetch, Many, Script
from storage.tables import answer, contact, conversation, inbound, outbox, respondent, response

PLAYED = 8
AT_ONCE = 500
_APART_MS = 500
_COPIED = (respondent, contact, response, conversation, inbound, answer, outbox)
_IDS = {"id", "respondent_id", "contact_id", "response_id", "conversation_id", "current_conversation_id", "inbound_id"}
_TIMES = {"at", "not_before", "lease_until"}
_IDS_OF = {t: [c.name for c in t.columns if c.name in _IDS and not (t is answer and c.name == "id")] for t in _COPIED}
_TIMES_OF = {t: [c.name for c in t.columns if c.name in _TIMES or c.name.endswith("_at")] for t in _COPIED}

Rows = dict[str, list[dict[str, Any]]]


async def seed(url: str, answers: int) -> int:
    """Bring a new database to at least so many stored answers, the shipped survey published; say how many there are."""
    database = await open_database(url)
    try:
        keys = await KeyRing.open(database, SECRET)
        definition = shipped()
        await database.run(
            lambda: surveys.publish(definition.id, definition.version, definition.hash, definition.to_json(), 0)
        )
        played = [await _play(database, keys, n) for n in range(PLAYED)]
        each = len(played[0]["answer"])
        copies = max(0, -(-answers // each) - PLAYED)
        new_id = TimeOrderedIds()
        for first in range(0, copies, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, copies))
            batch = [_copy(played[n % PLAYED], (copies - n) * _APART_MS, new_id) for n in numbers]
            await database.run(lambda batch=batch: _write(batch))  # type: ignore[misc]
        return (copies + PLAYED) * each
    finally:
        await database.close()


async def _play(database: Database, keys: KeyRing, number: int) -> Rows:
    """Let one resident answer everything; return the rows that this left."""
    channel = sms_channel(load(**{k.lower(): v for k, v in environment("").items() if k != "PATH"}))
    address = f"+4477009009{number:02d}"
    async with service_of(database, keys, {"sms": channel}, wording()) as service:
        for step in walk(random.Random(number)):
            await service.inbox.handle(
                Inbound(
                    channel="sms",
                    provider="twilio",
                    account=ACCOUNT,
                    event_id=f"SM{uuid.uuid4().hex}",
                    kind=Kind.TEXT,
                    address=address,
                    our_address=NUMBER,
                    text=step.text,
                    at=now(),
                )
            )
    return await database.read(_newest_resident)


def _newest_resident() -> Script[Rows]:
    found = yield Fetch("SELECT id FROM contact ORDER BY made_at DESC, id DESC LIMIT 1")
    assert found.first is not None
    of_contact = {"contact": found.first[0]}
    response_ids = "SELECT response_id FROM conversation WHERE contact_id = :contact"
    where = {
        respondent: "id IN (SELECT respondent_id FROM conversation WHERE contact_id = :contact)",
        contact: "id = :contact",
        response: f"id IN ({response_ids})",
        answer: f"response_id IN ({response_ids})",
    }
    rows: Rows = {}
    for table in _COPIED:
        names = [column.name for column in table.columns if not (table is answer and column.name == "id")]
        of_resident = where.get(table, "contact_id = :contact")
        found = yield Fetch(f"SELECT {', '.join(names)} FROM {table.name} WHERE {of_resident}", of_contact)  # noqa: S608
        rows[table.name] = [dict(zip(names, row, strict=True)) for row in found.rows]
    return rows


def _copy(played: Rows, back_ms: int, new_id: Callable[[], str]) -> Rows:
    """Copy one resident into the past, under new ids."""
    ids: dict[Any, str] = {}
    for table in _COPIED:
        if table is not answer:
            is_random = table in (respondent, response)
            ids |= {row["id"]: uuid.uuid4().hex if is_random else new_id() for row in played[table.name]}
    copied: Rows = {}
    for table in _COPIED:
        rows = [_renamed(table, row, ids, back_ms) for row in played[table.name]]
        for row in rows:
            if table is contact:
                row["address_hmac"] = uuid.uuid4().hex + uuid.uuid4().hex
            elif table is inbound:
                row["event_id"] = f"SM{uuid.uuid4().hex}"
            elif table is outbox:
                row |= {"state": "superseded", "settled_at": row["made_at"]}
        copied[table.name] = rows
    return copied


def _renamed(table: sa.Table, row: dict[str, Any], ids: dict[Any, str], back_ms: int) -> dict[str, Any]:
    copied = dict(row)
    for name in _IDS_OF[table]:
        copied[name] = ids.get(row[name], row[name])
    for name in _TIMES_OF[table]:
        if row[name] is not None:
            copied[name] = row[name] - back_ms
    return copied


def _write(batch: Sequence[Rows]) -> Script[None]:
    for table in _COPIED:
        rows = [row for resident in batch for row in resident[table.name]]
        yield Many(_insert(table, rows[0]), rows)


def _insert(table: sa.Table, row: dict[str, Any]) -> str:
    marks = ", ".join(f":{name}" for name in row)
    return f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - names of our own tables


if __name__ == "__main__":
    print(f"{asyncio.run(seed(sys.argv[1], int(sys.argv[2]))):,} answers in {sys.argv[1]}")
