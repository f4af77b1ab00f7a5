"""What was exported can be imported again, and exported again: the same rows, byte for byte, but for their ids."""

import csv
import shutil
from pathlib import Path

from bot.analysis.columns import FIXED
from bot.analysis.export import Format, export
from bot.analysis.importing.applying import apply, look_over
from bot.analysis.importing.proposing import text
from bot.cli.importing import SAMPLE, SAMPLE_MAP
from storage import surveys
from storage.database import open_database
from storage.keys import KeyRing
from storage.script import Database
from tests.analysis.importing.scene import NOW
from tests.conftest import SECRET
from tests.playing import shipped

SURVEY = shipped()
USED = {"response_id", "language", "started_at", "completed_at"}


def map_of(path: Path) -> str:
    """Write the map of an export of ours: its own columns, codes for labels."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        headings = next(csv.reader(file))
    names = [name for name in headings if name not in FIXED and "/" not in name and not name.endswith("__state")]
    ignored = [name for name in headings if name not in names and name not in USED]
    lines = [
        'source = "earshot"',
        'id = "response_id"',
        'started_at = "started_at"',
        'submitted_at = "completed_at"',
        'separator = " "',
        f"ignore = [{', '.join(map(text, ignored))}]",
        "[language]",
        'column = "language"',
        *(f"[questions.{name}]\ncolumn = {text(name)}" for name in names),
    ]
    return "\n".join(lines)


async def moved(database: Database, path: Path, map_path: Path, folder: Path) -> list[list[str]]:
    """Import a file into an empty database, and read its export."""
    definition = SURVEY.to_json()
    await database.run(lambda: surveys.publish(SURVEY.id, SURVEY.version, SURVEY.hash, definition, NOW))
    keys = await KeyRing.open(database, SECRET)
    checked = await look_over(database, keys, path, map_path, SURVEY.id, NOW)
    await apply(database, checked, "tester", lambda: NOW)
    out = folder / "out.csv"
    await export(
        database, SURVEY.id, Format.CSV, out, raw=False, labels=None, include_test=False, who="tester", now=NOW
    )
    with out.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


async def test_export_import_export_gives_the_same_rows(migrated: Path, tmp_path: Path) -> None:
    rows: list[list[list[str]]] = []
    path, map_path = SAMPLE, SAMPLE_MAP
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(migrated, folder / "earshot.db")
        database = await open_database(f"sqlite:///{folder / 'earshot.db'}")
        rows.append(await moved(database, path, map_path, folder))
        await database.close()
        path, map_path = folder / "out.csv", folder / "map.toml"
        map_path.write_text(map_of(path), encoding="utf-8")
    first, second = ([row[1:] for row in each] for each in rows)
    assert len(first) == 41
    assert second == first
