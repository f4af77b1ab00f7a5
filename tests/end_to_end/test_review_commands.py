"""Translations at the server's terminal: a sheet goes out, and what was read of it stands in the audit log."""

import shutil
from pathlib import Path

from bench.serving import environment
from storage.database import open_database
from storage.script import Fetch, Row, Script
from tests.end_to_end.commands import run


def audit() -> Script[list[Row]]:
    found = yield Fetch("SELECT who, action, detail FROM audit ORDER BY id")
    return list(found.rows)


async def test_what_somebody_has_read_is_accepted_and_audited(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    url = f"sqlite:///{tmp_path / 'earshot.db'}"

    async def review(*arguments: str) -> str:
        done = await run("review", *arguments, settings=environment(url), folder=tmp_path)
        assert (done.code, done.err) == (0, "")
        return done.out

    sentences, _, _ = (await review("export", "pl", "--out", "pl.csv")).partition(" ")
    assert f"pl: {sentences} sentences read, 0 of them corrected." in await review(
        "accept", "pl.csv", "--by", "A. Nowak"
    )
    assert "pl: reviewed" in await review("list")
    database = await open_database(url)
    told = await database.read(audit)
    await database.close()
    assert told == [("terminal", "translation accepted", f"pl: {sentences} sentences read by A. Nowak, 0 corrected")]
