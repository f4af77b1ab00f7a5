"""What the tests of backup, restore and ledger do to files and databases."""

import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from storage.database import open_database
from storage.keys import KeyRing
from storage.script import Database, Fetch, Row, Script
from tests.conftest import SECRET
from tests.storage.deciding import MARY, NOON, make_intake, message

NewUrl = Callable[[str], Awaitable[str]]
"""Gives the address of an empty database on `sqlite` or `postgres`."""
Say = Callable[..., Coroutine[None, None, None]]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Database, Say]]:
    """Open a database, and give the way to text it: `await say("Hello", "SM1", MARY)`."""
    database = await open_database(url)
    intake = make_intake(database, await KeyRing.open(database, SECRET))

    async def say(text: str, event_id: str, address: str = MARY, at: int = NOON) -> None:
        await intake.take(replace(message(text, event_id, address), received_at=at))

    try:
        yield database, say
    finally:
        await intake.close()
        await database.close()


async def rows(database: Database, sql: str, **params: object) -> list[Row]:
    def script() -> Script[list[Row]]:
        return list((yield Fetch(sql, params)).rows)

    return await database.read(script)


def rewrite(archive: Path, to: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Copy a backup, each file of it as `change(name, content)` gives it; None leaves it out."""
    with zipfile.ZipFile(archive) as there, zipfile.ZipFile(to, "w") as new:
        for name in there.namelist():
            content = change(name, there.read(name))
            if content is not None:
                new.writestr(name, content)
    return to


async def empty_of_contacts(url: str) -> bool:
    database = await open_database(url)
    try:
        return await rows(database, "SELECT id FROM contact") == []
    finally:
        await database.close()
