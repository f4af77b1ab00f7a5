"""A database that looks, after every transaction, whether those who follow the events were told all that it did."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from storage.script import Database, Fetch, Row, Script

T = TypeVar("T")

_SHOWN = """
    SELECT r.id, r.revision, r.language, r.language_source, r.last_answer_at, r.completed_at,
        CASE WHEN r.completed_at IS NOT NULL THEN 'complete' WHEN r.stopped_at IS NOT NULL THEN 'stopped'
            ELSE 'partial' END, r.late, (SELECT MAX(a.id) FROM answer a WHERE a.response_id = r.id),
        r.source, r.channel, r.campaign, r.started_at, r.version, r.assisted
    FROM response r"""
_EVENTS = """
    SELECT subject, revision, type, language, language_source, last_answer_at, completed_at, status, late,
        answers_until
    FROM event WHERE seq > :seq ORDER BY seq"""


class Followed:
    """Passes everything on to a real database, and checks every transaction's events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_postgres = database.is_postgres
        self.read = database.read
        self.stream = database.stream
        self.check = database.check
        self.close = database.close
        self.told: list[str] = []
        self._seq: int | None = None
        self._before: dict[str, Row] = {}

    async def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script. Raises AssertionError where it did something to a response that no event tells."""
        if self._seq is None:
            self._before, _, self._seq = await self._database.read(self._look)
        try:
            return await self._database.run(script)
        finally:
            await self._check()

    async def _check(self) -> None:
        now, events, self._seq = await self._database.read(self._look)
        told = {row[0]: row[1:] for row in events}
        assert len(told) == len(events), "a transaction tells one thing of a response"
        for response in self._before.keys() | now.keys():
            before, after, event = self._before.get(response), now.get(response), told.get(response)
            _check_one(before, after, event)
        self.told += [str(row[2]) for row in events]
        self._before = now

    def _look(self) -> Script[tuple[dict[str, Row], list[Row], int]]:
        shown = {row[0]: row[1:] for row in (yield Fetch(_SHOWN)).rows}
        events = list((yield Fetch(_EVENTS, {"seq": self._seq or 0})).rows)
        newest = yield Fetch("SELECT COALESCE(MAX(seq), 0) FROM event")
        assert newest.first is not None
        return shown, events, newest.first[0]


def _check_one(before: Row | None, after: Row | None, event: Row | None) -> None:
    if before == after:
        assert event is None, f"nothing shows, and {event and event[1]} was told"
        return
    assert event is not None, f"{before} became {after}, and nobody was told"
    revision, type, *shown = event
    assert revision == (before[0] if before else 0) + 1
    if after is None:
        assert type == "response.withdrawn"
        return
    language, source, last, completed, status, late, until, *_ = after[1:]
    assert (after[0], language, source, last, completed, status, late) == (revision, *shown[:6])
    assert shown[6] >= (until or 0), "an answer that was given is told later"
    assert type == _most_telling(before, after)


def _most_telling(before: Row | None, after: Row) -> str:
    was, status = before[5] if before else None, after[5]
    if status != was and status in ("complete", "stopped"):
        return {"complete": "response.completed", "stopped": "response.stopped"}[status]
    return "response.updated" if before else "response.started"


def summed_up(told: list[str]) -> Mapping[str, int]:
    """Count what was told."""
    return {type: told.count(type) for type in dict.fromkeys(told)}
