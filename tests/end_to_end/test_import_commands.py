"""Web answers from the terminal alone: a proposed map, a dry run, and rows in the export like any others."""

import shutil
from pathlib import Path

from bench.serving import environment
from bench.walk import SHIPPED
from tests.end_to_end.commands import SURVEY, audited, exported, run

SAMPLE = SHIPPED.parent / "samples" / "stoke-jadu-export.csv"


async def test_a_forms_answers_are_mapped_tried_written_and_one_is_removed(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    settings = environment(url)
    await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)

    proposed = await run("web-map", SAMPLE, "--survey", SURVEY, settings=settings, folder=tmp_path)
    assert (proposed.code, proposed.err) == (0, "")
    (tmp_path / "map.toml").write_text(proposed.out, encoding="utf-8")

    take_in = ("web-import", SAMPLE, "--survey", SURVEY, "--map", "map.toml")
    tried = await run(*take_in, settings=settings, folder=tmp_path)
    assert (tried.code, tried.err) == (0, "")
    assert "40 rows: 40 new, 0 changed, 0 unchanged" in tried.out
    assert tried.out.endswith("Nothing was written. Run it again with --apply to write it.\n")
    assert await exported(url, tmp_path) == []

    written = await run(*take_in, "--apply", settings=settings, folder=tmp_path)
    assert (written.code, written.err) == (0, "")
    assert written.out.endswith("Written: 40 new responses, 0 changed.\n")
    rows = await exported(url, tmp_path)
    assert len(rows) == 40
    assert {(row["source"], row["language_source"], row["status"]) for row in rows} == {("web", "imported", "complete")}

    again = await run(*take_in, "--apply", settings=settings, folder=tmp_path)
    assert again.out.endswith("It brings nothing new, so nothing was written.\n")

    forget = ("web-forget", "COH-10427", "--survey", SURVEY, "--source", "stoke-jadu-export")
    assert (await run(*forget, settings=settings, folder=tmp_path)).code == 0
    assert all(who.startswith("terminal ") for who, *_ in await audited(url)), "and whose"
    gone = await run(*forget, settings=settings, folder=tmp_path)
    assert (gone.code, gone.out) == (1, "")
    assert "No answers of survey" in gone.err
    row = b"COH-10431,29/09/2025 20:49,3,English,A resident of Stoke-on-Trent,"
    (tmp_path / "newer.csv").write_bytes(SAMPLE.read_bytes().replace(row + b"Agree", row + b"Strongly agree"))
    newer = ("web-import", "newer.csv", *take_in[2:], "--apply")
    assert (await run(*newer, settings=settings, folder=tmp_path)).out.endswith("0 new responses, 1 changed.\n")
    assert len(await exported(url, tmp_path)) == 39

    older = await run(*take_in, "--apply", settings=settings, folder=tmp_path)
    assert (older.code, "older ones: COH-10431." in older.out, "--apply --take-back" in older.err) == (1, True, True)
    back = await run(*take_in, "--apply", "--take-back", settings=settings, folder=tmp_path)
    assert back.out.endswith("0 new responses, 1 changed.\n")


async def test_a_file_that_does_not_fit_is_refused_in_one_line_with_everything_listed(
    migrated: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    settings = environment(f"sqlite:///{tmp_path / 'earshot.db'}")
    await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)
    text = SAMPLE.read_text(encoding="utf-8").replace("Age group", "Age").replace("Strongly disagree", "Against it")
    (tmp_path / "answers.csv").write_text(text, encoding="utf-8")
    map_ = SAMPLE.with_name("stoke-jadu.toml")
    take_in = ("web-import", "answers.csv", "--survey", SURVEY, "--map", map_, "--apply")
    refused = await run(*take_in, settings=settings, folder=tmp_path)
    assert refused.code == 1
    assert refused.err == "earshot: answers.csv cannot be imported: 3 problems, listed above.\n"
    assert "the file has no column “Age group” for age_band" in refused.out
    assert "the map does not know column “Age”" in refused.out
    assert "“Against it” is no choice of vision_agree" in refused.out
    (tmp_path / "answers.csv").write_bytes(b"")
    empty = await run(*take_in, settings=settings, folder=tmp_path)
    assert (empty.code, empty.out, empty.err) == (1, "", "earshot: answers.csv is empty. Export it again.\n")
