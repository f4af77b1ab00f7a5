"""Marking what belongs together, and the report by mode, from the terminal alone."""

import re
import shutil
from pathlib import Path

from bench.serving import environment
from storage.database import open_database
from tests.analysis.modes.town import fill
from tests.end_to_end.commands import run


async def test_marks_and_a_report_are_made_from_the_terminal(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    database = await open_database(f"sqlite:///{tmp_path / 'earshot.db'}")
    await fill(database)
    await database.close()
    settings = environment(f"sqlite:///{tmp_path / 'earshot.db'}")
    marked = await run("quality-marks", "--survey", "stoke", settings=settings, folder=tmp_path)
    assert (marked.code, marked.err) == (0, "")
    assert "Looked over 229 responses." in marked.out
    assert re.search(r"similar_text +0 ", marked.out)
    report = ("mode-report", "--survey", "stoke", "--out", "report.md")
    made = await run(*report, "--publishable", settings=settings, folder=tmp_path)
    assert (made.code, made.err) == (0, "")
    assert made.out.splitlines()[1].startswith("For publication: small counts are hidden")
    assert "All others" in (tmp_path / "report.md").read_text("utf-8")
    refused = await run(*report, "--out", "report.pdf", settings=settings, folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "earshot: --out: end the name report.pdf in .html, .md or .csv.\n"
