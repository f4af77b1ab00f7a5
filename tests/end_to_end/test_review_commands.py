"""Translations at the server's terminal: a sheet goes out, and what was read of it stands in the audit log."""

import shutil
from pathlib import Path

from bench.serving import environment
from tests.end_to_end.commands import audited, run


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
    ((who, *what),) = await audited(url)
    assert what == ["translation accepted", f"pl: {sentences} sentences read by A. Nowak, 0 corrected"]
    assert who.startswith("terminal ")
