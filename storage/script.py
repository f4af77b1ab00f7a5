"""A script is one transaction written once for both engines: a generator that yields statements and is sent rows.

    def close_survey(survey: str, at: int) -> Script[bool]:
        '''Close it; say whether it was open.'''
        changed = yield Run("UPDATE survey SET closed_at = :at WHERE id = :id AND closed_at IS NULL", {...})
        return changed.count == 1

SQL is plain text with `:name` parameters. `:names*text` and `:ids*bigint` are lists, to be used as
`IN (SELECT :names*text)` (SQLite reads them with json_each, PostgreSQL with unnest). `FOR UPDATE`,
`FOR UPDATE SKIP LOCKED` and `FOR SHARE` at the end of a statement are dropped on SQLite, which has one writer,
and so is `pg_advisory_xact_lock`.
A script may be run again from its start when the engine asks for it, so it does nothing but yield and compute.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

T = TypeVar("T")
Params: TypeAlias = Mapping[str, Any]
Row: TypeAlias = tuple[Any, ...]


class Fetch(Struct, frozen=True, gc=False):
    """Read rows. The script is sent `Rows` with `rows` filled, in the order of the select list."""

    sql: str
    params: Params = field(default_factory=dict)


class Run(Struct, frozen=True, gc=False):
    """Change rows. The script is sent `Rows` with `count` filled (and `rows`, for a RETURNING clause)."""

    sql: str
    params: Params = field(default_factory=dict)


class Many(Struct, frozen=True, gc=False):
    """Run one statement for each set of parameters. Nothing comes back."""

    sql: str
    rows: Sequence[Params]


class Rows(Struct, frozen=True, gc=False):
    """What a statement gave."""

    rows: Sequence[Row] = ()
    count: int = 0

    @property
    def first(self) -> Row | None:
        """The first row, if there is one."""
        return self.rows[0] if self.rows else None


Statement: TypeAlias = Fetch | Run | Many
Script: TypeAlias = Generator[Statement, Rows, T]


class Database(Protocol):
    """One database, on either engine. Opening it applies the migrations.

    `run` is one writing transaction: when it returns, what the script did is on disk; when it raises, none of it is.
    `read` is one consistent reading transaction on a connection of its own, which never blocks a writer.
    """

    is_postgres: bool

    async def run(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in one writing transaction."""
        ...

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only fetches."""
        ...

    def stream(self, sql: str, params: Params | None = None) -> AbstractContextManager[Iterator[Sequence[Row]]]:
        """Read a large result in slices of some thousand rows, in constant memory, blocking (for a worker thread)."""
        ...

    async def check(self) -> None:
        """Raise Unavailable where nothing can be written just now. Writes, and changes nothing, only if in doubt."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        ...
