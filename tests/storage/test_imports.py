"""An import is one transaction: whatever fails in it, on either engine, nothing of it is there."""

from pathlib import Path

import pytest

from bot.analysis.importing.applying import apply
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.importing.scene import FIRST, NOW, SECOND, Importer, csv_text, importer
from tests.storage.failing import FailingDatabase, Torn

TABLES = ("respondent", "response", "answer", "imported", "import_batch", "event", "audit")
CHANGED = (*FIRST[:2], "agree", *FIRST[3:])


@pytest.fixture
async def form(database: Database, keys: KeyRing, tmp_path: Path) -> Importer:
    return await importer(database, keys, tmp_path)


async def everything(form: Importer) -> list[list[tuple[object, ...]]]:
    return [sorted(await form.all(f"SELECT * FROM {table}"), key=repr) for table in TABLES]


async def test_whichever_statement_fails_nothing_is_left_and_the_next_try_is_whole(form: Importer) -> None:
    await form.rows(FIRST)
    before = await everything(form)
    tried = 0
    for number in range(1, 40):  # some more than there are
        checked = await form.look(csv_text([CHANGED, SECOND]))
        failing = FailingDatabase(form.database, number, Torn())
        try:
            await apply(failing, checked, "tester", lambda: NOW)
        except Torn:
            tried += 1
            assert await everything(form) == before
        else:
            break
    assert tried >= 12  # a lock, a look, the batch, new and changed rows, the audit, the events
    counts = [len(rows) for rows in await everything(form)]
    assert counts == [2, 2, 6 + 2 + 5, 2, 2, 2 + 3, 2]
