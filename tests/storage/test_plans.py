"""The hot path asks only what an index answers, so that a turn costs the same with a million answers stored."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import pytest

from storage.erasure import erase_contact
from storage.keys import KeyRing
from storage.script import Database, Script
from storage.sql import for_sqlite
from tests.storage.deciding import MARY, NOON, make_intake, message, rows

T = TypeVar("T")

# A handful of rows for ever, a list that we bring ourselves, and no table at all.
SMALL = ("SCAN data_key", "SCAN json_each", "SCAN CONSTANT ROW")


class Recording:
    """A database that remembers every statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_postgres = database.is_postgres
        self.stream = database.stream
        self.check = database.check
        self.close = database.close
        self.asked: set[str] = set()

    async def run(self, script: Callable[[], Script[T]]) -> T:
        return await self._database.run(lambda: self._recorded(script()))

    async def read(self, script: Callable[[], Script[T]]) -> T:
        return await self._database.read(lambda: self._recorded(script()))

    def _recorded(self, script: Script[T]) -> Script[T]:
        try:
            statement = next(script)
            while True:
                self.asked.add(statement.sql)
                statement = script.send((yield statement))
        except StopIteration as end:
            result: T = end.value
            return result


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, ids=["sqlite"])
async def test_no_statement_of_a_turn_or_an_erasure_reads_a_whole_table(
    database: Database, keys: KeyRing, database_url: str
) -> None:
    recording = Recording(database)
    intake = make_intake(recording, keys, recalled={"hello": ("words",)})
    texts = ["Hello", "More", "JOIN", "STOP", "START", "RECALL", "DELETE"]
    for number, text in enumerate([*texts, "Hello"]):
        await intake.take(message(text, f"SM{number}", MARY))
        await intake.take(message(text, f"SM{number}", MARY))
    await intake.rerun_unhandled(10, NOON)
    ((contact_id,),) = await rows(database, "SELECT id FROM contact")
    await recording.run(lambda: erase_contact(contact_id, NOON))
    assert len(recording.asked) > 30
    connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    whole = [
        (detail, sql)
        for sql in recording.asked
        for *_, detail in connection.execute(
            f"EXPLAIN QUERY PLAN {for_sqlite(sql).text}", ["[]"] * for_sqlite(sql).text.count("?")
        )
        if detail.startswith("SCAN") and not detail.startswith(SMALL)
    ]
    connection.close()
    assert whole == []
