"""One import that a page has in hand: the file, its map, and the work on it. What is written was looked over before."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from bot.analysis.importing.applying import apply, look_over
from bot.analysis.importing.checking import Checked
from bot.analysis.importing.problems import ImportRefused
from bot.analysis.importing.proposing import Proposed, propose
from bot.analysis.importing.report import Report
from bot.service.counting import counted
from bot.web.accounts import Clock, Visit
from bot.web.private_folder import PrivateFolder
from bot.web.tasks import Task, Tasks
from storage.keys import KeyRing
from storage.script import Database
from storage.staff import note

_FAILED: Final = (
    "It failed here, and nothing was written. It has been noted. Try again; if it fails again, tell whoever runs the "
    "server"
)


class Stage(StrEnum):
    """How far an import is. `SETTLING` needs somebody: the map, or what stops it."""

    LOOKING = "looking"
    SETTLING = "settling"
    READY = "ready"
    WRITING = "writing"
    WRITTEN = "written"


class Import(Task):
    """One file on its way in. `problems` are all that stop it; `report` says what it would bring, or has brought."""

    def __init__(self, visit: Visit, survey: str, folder: PrivateFolder, path: Path, map_text: str) -> None:
        super().__init__(visit.member.id, visit.member.name, survey, folder)
        self.path = path
        self.map_text = map_text
        self.stage = Stage.LOOKING
        self.proposal: Proposed | None = None
        self.checked: Checked | None = None
        self.report: Report | None = None
        self.problems: Sequence[str] = ()
        self.takes_back = False
        """Whether somebody said that older answers may take the place of newer ones."""

    @property
    def seal(self) -> str:
        """What tells this look at this file with this map from every other."""
        return f"{self.checked.file_hash[:32]}{self.checked.map_hash[:32]}" if self.checked is not None else ""

    @property
    def brings(self) -> int:
        """How many rows are to be written."""
        return self.report.added + self.report.changed if self.report is not None else 0

    def count(self, rows: int) -> None:
        """Hear how many rows are written. This cannot be given up half-way."""
        self.rows = rows


class ImportWork:
    """Looks files over and writes them, beside everything else. `clock` gives epoch milliseconds UTC."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock, patience: float) -> None:
        self.tasks: Tasks[Import] = Tasks(clock, patience)
        self._database = database
        self._keys = keys
        self._clock = clock

    async def look(self, task: Import) -> None:
        """Begin to look a file over; without a map, to propose one."""
        task.stage, task.problems, task.checked, task.report = Stage.LOOKING, (), None, None
        await self.tasks.begin(task, self._looking(task), partial(_fail, task))

    async def _looking(self, task: Import) -> None:
        try:
            if task.map_text:
                await self._check(task)
            else:
                task.proposal = await propose(self._database, task.path, task.survey)
                task.map_text = task.proposal.text
        except ImportRefused as refused:
            task.problems = refused.problems or (str(refused),)
        said = "a map was proposed"
        if task.report is not None:
            said = f"{task.report.source}, {counted(task.report.rows, 'row')}, {counted(len(task.problems), 'problem')}"
        elif task.problems:
            said = "it could not be read"
        await self._database.run(
            partial(note, self._clock(), task.name, "import looked over", f"{task.survey}: {said}")
        )
        task.stage = Stage.READY if task.checked is not None else Stage.SETTLING

    async def _check(self, task: Import) -> None:
        map_path = task.folder.keep_text("map.toml", task.map_text)
        checked = await look_over(
            self._database, self._keys, task.path, map_path, task.survey, self._clock(), task.hear
        )
        task.report, task.problems = checked.report, checked.report.problems
        if not task.problems:
            task.checked = checked

    async def write(self, task: Import) -> None:
        """Begin to write what was looked over."""
        task.stage = Stage.WRITING
        await self.tasks.begin(task, self._writing(task), partial(_fail, task))

    async def _writing(self, task: Import) -> None:
        assert task.checked is not None
        try:
            await apply(
                self._database,
                task.checked,
                task.name,
                self._clock,
                takes_back=task.takes_back,
                batch_id=task.id,
                progress=task.count,
            )
        except ImportRefused as refused:
            task.problems, task.stage = refused.problems or (str(refused),), Stage.SETTLING
        else:
            task.stage = Stage.WRITTEN
            task.folder.remove()  # the answers are where they belong: no second copy stays
        task.checked = None


def _fail(task: Import) -> None:
    task.stage, task.checked = Stage.SETTLING, None
    task.problems = (_FAILED,)
