"""An import from end to end: looking the file over against the database, and writing it in one transaction."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from bot.analysis.columns import read_published
from bot.analysis.importing.binding import WEB
from bot.analysis.importing.checking import Checked, Progress, check, refuse_if_wrong, refuse_to_take_back
from bot.analysis.importing.import_map import read_map
from bot.analysis.importing.problems import ImportRefused
from bot.analysis.importing.spool import Spool
from storage import imports
from storage.imports import Batch, ImportOvertaken, Incoming
from storage.installation import is_demo
from storage.keys import KeyRing
from storage.script import Database


async def look_over(
    database: Database,
    keys: KeyRing,
    path: Path,
    map_path: Path,
    survey: str,
    now: int,
    progress: Progress = lambda _: None,
) -> Checked:
    """Look a file over in a worker thread; nothing is written. `now` is epoch milliseconds UTC.

    `progress` is called in that thread; what it raises ends the work. Raises ImportRefused, UnknownSurvey.
    """
    read = await asyncio.to_thread(read_map, map_path)
    published = await database.read(partial(read_published, survey))
    before = await database.read(partial(imports.before, survey, read.source))
    at = datetime.fromtimestamp(now / 1000, UTC)
    checked = await asyncio.to_thread(check, path, map_path, read, published, before, keys, now=at, progress=progress)
    if checked.report.changed and not checked.report.problems:
        await _find_taken_back(database, checked)
    return checked


async def _find_taken_back(database: Database, checked: Checked) -> None:
    """Add rows whose own times tell nothing, but whose content is what they held before it was changed."""
    report, ids = checked.report, list(checked.report.taken_back)
    told, known = set(ids), checked.before.rows
    for part in checked.rows:
        changed = [
            row
            for row in part
            if not row.respondent_id
            and row.external_id not in told
            and not known[row.external_id].is_handed_in_by(row.completed_at)
        ]
        if changed:
            ids += await database.read(partial(imports.taken_back, changed))
    report.taken_back = ids


async def apply(
    database: Database,
    checked: Checked,
    by: str,
    now: Callable[[], int],
    *,
    takes_back: bool = False,
    batch_id: str = "",
    progress: Progress = lambda _: None,
) -> None:
    """Write what is new or has changed: when this returns, all of it is on disk; when it raises, none of it is.

    A file that brings nothing leaves no trace. Newer answers go back to older ones only where it `takes_back`.
    `batch_id` is a random id by which the import is known afterwards;
    `progress` hears of the rows as they are written, in whichever thread writes. Raises ImportRefused where the file
    has problems, or where something of its source was imported or removed since it was looked over.
    """
    refuse_if_wrong(checked)
    if not takes_back:
        refuse_to_take_back(checked)
    report = checked.report
    if not report.added and not report.changed:
        return
    batch = Batch(
        id=batch_id or uuid4().hex,
        survey=report.survey,
        source=report.source,
        channel=WEB,
        file_name=report.file,
        file_hash=checked.file_hash,
        map_hash=checked.map_hash,
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        at=now(),
        by=by,
        test=await database.read(is_demo),
    )
    rows = _Counted(checked.rows, progress)
    try:
        await database.run(lambda: imports.apply(batch, rows, checked.before.stamp))
    except ImportOvertaken:
        raise ImportRefused(
            f"{report.file}: other answers from {report.source} were imported or removed meanwhile, so nothing was "
            "written. Run it again."
        ) from None


class _Counted:
    """Rows in slices, as often as they are asked for, with word of how many there were so far."""

    def __init__(self, rows: Spool, progress: Progress) -> None:
        self._rows = rows
        self._progress = progress

    def __iter__(self) -> Iterator[Sequence[Incoming]]:
        done = 0
        for part in self._rows:
            yield part
            done += len(part)
            self._progress(done)
