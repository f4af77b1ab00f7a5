"""How many people there are, loaded from the terminal alone."""

import shutil
from pathlib import Path

from bench.serving import environment
from bench.walk import SHIPPED
from tests.end_to_end.commands import SURVEY, run

EXAMPLE = SHIPPED.parent / "population-stoke-census-2021.csv"


async def test_the_example_is_loaded_and_a_wrong_file_is_refused_in_one_line(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "earshot.db")
    settings = environment(f"sqlite:///{tmp_path / 'earshot.db'}")
    load = ("population", "import", EXAMPLE, "--survey", SURVEY)
    unpublished = await run(*load, settings=settings, folder=tmp_path)
    assert (unpublished.code, unpublished.out) == (1, "")
    assert "There is no published survey" in unpublished.err
    await run("survey", "publish", SHIPPED, settings=settings, folder=tmp_path)
    done = await run(*load, settings=settings, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == "ethnic_group: 5 kinds, 258,369 people\nreligion: 6 kinds, 242,426 people\n"
    (tmp_path / "people.csv").write_text("question,code,people\nreligion,jedi,7\n", encoding="utf-8")
    wrong = await run("population", "import", "people.csv", "--survey", SURVEY, settings=settings, folder=tmp_path)
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err == ("earshot: people.csv: nothing was loaded: line 2: question 'religion' has no choice 'jedi'.\n")
