"""Long work that a page begins and then looks in on: how far it is, what came of it, and for how long that is kept.

All of it is in this process: a restart ends it, and leaves nothing. Each person has one task of a kind; a new one takes
the place of the last.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import structlog

from bot.web.private_folder import PrivateFolder, sweep

log = structlog.get_logger()

KEPT_SECONDS: Final = 30 * 60
"""How long a task is kept after the last time that something was done with it."""
PATIENCE_SECONDS: Final = 1.0
_EVERY: Final = 100
_REST_SECONDS: Final = 0.001


class Dropped(Exception):
    """The work goes on for nobody: whoever wanted it gave it up, or the service stops."""


class Task:
    """One piece of work. `who` is the id of a member of staff and `name` what they are called."""

    def __init__(self, who: str, name: str, survey: str, folder: PrivateFolder) -> None:
        self.id = uuid4().hex
        self.who = who
        self.name = name
        self.survey = survey
        self.folder = folder
        self.rows = 0
        """How many rows are done."""
        self.is_working = False
        self.is_dropped = False
        self.touched_at = 0

    def hear(self, rows: int) -> None:
        """Hear how many rows are done, in the thread that does them. Raises Dropped."""
        self.rows = rows
        if self.is_dropped:
            raise Dropped
        if rows % _EVERY == 0:
            time.sleep(_REST_SECONDS)  # residents' texts go first


TaskT = TypeVar("TaskT", bound=Task)


class Tasks(Generic[TaskT]):
    """The tasks of one kind. `clock` gives epoch milliseconds UTC.

    Whoever begins one waits `patience` seconds for it: what is short needs no page that says how far it is.
    """

    def __init__(self, clock: Callable[[], int], patience: float = PATIENCE_SECONDS) -> None:
        sweep()
        self._clock = clock
        self._patience = patience
        self._kept: dict[str, TaskT] = {}
        self._running: set[asyncio.Task[None]] = set()

    def find(self, id_: str) -> TaskT | None:
        """Find a task by its id, if it is still kept."""
        self._let_go()
        return self._kept.get(id_)

    def of(self, who: str) -> TaskT | None:
        """Find somebody's task."""
        self._let_go()
        return next((each for each in self._kept.values() if each.who == who), None)

    def at_work(self) -> TaskT | None:
        """Find the task that is worked on now."""
        self._let_go()
        return next((each for each in self._kept.values() if each.is_working), None)

    def keep(self, task: TaskT) -> None:
        """Keep a task, in place of the last of the same person."""
        last = self.of(task.who)
        if last is not None:
            self.drop(last)
        self._touch(task)
        self._kept[task.id] = task

    def drop(self, task: TaskT) -> None:
        """Give a task up. Its files go now, or as soon as nothing reads them."""
        self._kept.pop(task.id, None)
        task.is_dropped = True
        if not task.is_working:
            task.folder.remove()

    async def begin(self, task: TaskT, work: Coroutine[Any, Any, None], failed: Callable[[], None]) -> None:
        """Do a task's work beside everything else. `failed` hears of a bug, which is logged by its kind alone."""
        task.is_working, task.rows = True, 0
        running = asyncio.create_task(self._do(task, work, failed))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        await asyncio.wait({running}, timeout=self._patience)

    async def _do(self, task: TaskT, work: Coroutine[Any, Any, None], failed: Callable[[], None]) -> None:
        try:
            await work
        except Dropped:
            pass
        except asyncio.CancelledError:
            task.is_dropped = True  # a thread cannot be stopped from outside: it stops at its next row
            raise
        except Exception as problem:
            log.error("task failed", task=type(task).__name__, problem=type(problem).__name__)
            failed()
        finally:
            task.is_working = False
            self._touch(task)
            if task.is_dropped:
                task.folder.remove()

    def _touch(self, task: TaskT) -> None:
        task.touched_at = self._clock()
        # Its files must go even if nobody ever asks again.
        asyncio.get_running_loop().call_later(KEPT_SECONDS + 1, self._let_go)

    def _let_go(self) -> None:
        now = self._clock()
        for task in list(self._kept.values()):
            if not task.is_working and now - task.touched_at > KEPT_SECONDS * 1000:
                self.drop(task)
