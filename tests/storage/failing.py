"""A real database behind which the n-th statement fails, or the commit does, as a disk or a network may."""

from collections.abc import Callable
from typing import TypeVar

from storage.script import Database, Rows, Script, Statement

T = TypeVar("T")


class Torn(Exception):
    """The failure that was asked for."""


class FailingDatabase:
    """Passes everything on to a real database, and raises at the statement numbered `fail_at`, counted over all runs.

    Once only, unless `for_ever`: then every statement from there on fails.
    """

    def __init__(self, database: Database, fail_at: int, error: Exception, for_ever: bool = False) -> None:
        self._database = database
        self._fail_at = fail_at
        self._error = error
        self._for_ever = for_ever
        self.is_postgres = database.is_postgres
        self.stream = database.stream
        self.check = database.check
        self.close = database.close
        self.yielded = 0

    @property
    def has_failed(self) -> bool:
        """Whether the failure has happened."""
        return self.yielded >= self._fail_at

    async def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script, whose statements are counted."""
        return await self._database.run(lambda: self._counted(script()))

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Read as the real one does."""
        return await self._database.read(script)

    def _counted(self, script: Script[T]) -> Script[T]:
        try:
            statement: Statement = next(script)
            while True:
                rows: Rows = yield statement
                self._count()  # after the statement: what it did must be undone
                statement = script.send(rows)
        except StopIteration as end:
            result: T = end.value
            return result

    def _count(self) -> None:
        self.yielded += 1
        if self.yielded == self._fail_at or (self._for_ever and self.yielded > self._fail_at):
            raise self._error
