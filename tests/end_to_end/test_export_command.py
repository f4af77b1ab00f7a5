"""The export command with every format: what it writes, and what it tells."""

from pathlib import Path

import pytest

from bench.serving import environment
from bot.analysis.export import Format
from tests.end_to_end.commands import SURVEY, run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("format", [Format.CONSULT, Format.SAV])
async def test_the_shipped_survey_can_be_written_for_people_outside_the_team(
    published: str, tmp_path: Path, format: Format
) -> None:
    out = tmp_path / "answers"
    asked = ("export", "--survey", SURVEY, "--format", format, "--out", out, "--primary-only", "--shareable")
    done = await run(*asked, settings=environment(published), folder=tmp_path)
    assert (done.code, done.err) == (0, ""), "progress is for a terminal alone"
    told = done.out.splitlines()
    assert told[0].startswith("Wrote 0 rows of ")
    assert told[1].startswith("Shareable: times are cut to days")
    assert out.exists()


async def test_a_shareable_export_of_raw_text_is_refused(published: str, tmp_path: Path) -> None:
    asked = ("export", "--survey", SURVEY, "--format", "csv", "--out", "RAW.csv", "--text", "raw", "--shareable")
    done = await run(*asked, settings=environment(published), folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err == "earshot: A shareable export is always masked. Leave out --text raw, or --shareable.\n"
