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


@pytest.mark.parametrize("ending", ["html", "csv", "json"])
async def test_a_codebook_is_not_said_to_be_rows_of_answers(published: str, tmp_path: Path, ending: str) -> None:
    asked = ("export", "--survey", SURVEY, "--format", "codebook", "--out", f"codes.{ending}")
    done = await run(*asked, settings=environment(published), folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Wrote what each column and code of {SURVEY} means to codes.{ending}.\n"
