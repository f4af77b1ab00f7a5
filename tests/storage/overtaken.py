"""A real database in which somebody else is quicker: just before a statement of ours, another script runs."""

from collections.abc import Callable
from typing import TypeVar

from storage.script import Database, Script

T = TypeVar("T")


class OvertakenDatabase:
    """Passes everything on to a real database, and runs `other` once, before the first statement with these words."""

    def __init__(self, database: Database, words: str, other: Callable[[], Script[object]]) -> None:
        self._database = database
        self._words = words
        self._other = other
        self._is_overtaken = False
        self.is_postgres = database.is_postgres
        self.read = database.read
        self.stream = database.stream
        self.check = database.check
        self.close = database.close

    async def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script; the other one is seen by it as if it had been committed meanwhile."""
        return await self._database.run(lambda: self._overtaken(script()))

    def _overtaken(self, script: Script[T]) -> Script[T]:
        try:
            statement = next(script)
            while True:
                if self._words in statement.sql and not self._is_overtaken:
                    self._is_overtaken = True
                    yield from self._other()
                statement = script.send((yield statement))
        except StopIteration as end:
            result: T = end.value
            return result
