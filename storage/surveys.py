"""Published surveys: their versions as JSON text, which one is current, and when one was closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storage.script import Fetch, Rows, Run, Script

Stamp: TypeAlias = tuple[str, str, int | None]
"""A survey, its current version, and when it was closed: what tells a running process to read again."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version. `definition` is JSON text; `is_current` marks the one that new residents get."""

    survey: str
    version: str
    hash: str
    definition: str
    published_at: int
    closed_at: int | None
    is_current: bool


Objection: TypeAlias = Callable[[Sequence[VersionRow]], None]
"""Looks at the current version of every other survey that nobody has closed, and raises to stop a publication."""

# One publisher at a time, over all surveys: this row is in every database, while a new survey has none yet to lock.
# What is read after it holds until the commit. SQLite has one writer anyway.
ALONE = Fetch("SELECT version_num FROM alembic_version FOR UPDATE")
_VERSIONS = """SELECT d.survey, d.version, d.hash, d.definition, d.published_at, s.closed_at, s.current_version
               FROM survey_definition d JOIN survey s ON s.id = d.survey"""


def stamps() -> Script[tuple[Stamp, ...]]:
    """Read what can change of every survey."""
    found = yield Fetch("SELECT id, current_version, closed_at FROM survey ORDER BY id")
    return tuple((row[0], row[1], row[2]) for row in found.rows)


def every_version() -> Script[list[VersionRow]]:
    """Read every version of every survey, oldest first."""
    found = yield Fetch(f"{_VERSIONS} ORDER BY s.first_published_at, d.survey, d.ordinal")
    return _versions(found)


def publish(
    survey: str, version: str, hash: str, definition: str, at: int, object_to: Objection | None = None
) -> Script[VersionRow | None]:
    """Keep a version and make it the current one. A version that is there already is never changed: it is returned.

    Publishing re-opens a survey that was closed by hand. Raises what `object_to` raises, and then changes nothing; no
    other survey is published between its look and the commit.
    """
    yield ALONE
    if object_to is not None:
        others = yield Fetch(
            f"""{_VERSIONS}
                WHERE s.id <> :survey AND d.version = s.current_version AND s.closed_at IS NULL ORDER BY s.id""",
            {"survey": survey},
        )
        object_to(_versions(others))
    there = yield Fetch(
        "SELECT hash, definition, published_at FROM survey_definition WHERE survey = :survey AND version = :version",
        {"survey": survey, "version": version},
    )
    if there.first is not None and there.first[0] != hash:
        kept_hash, kept_definition, published_at = there.first
        return VersionRow(survey, version, kept_hash, kept_definition, published_at, None, is_current=False)
    yield Run(
        """INSERT INTO survey (id, current_version, first_published_at) VALUES (:survey, :version, :at)
           ON CONFLICT (id) DO UPDATE SET current_version = excluded.current_version, closed_at = NULL""",
        {"survey": survey, "version": version, "at": at},
    )
    if there.first is None:
        yield Run(
            """INSERT INTO survey_definition (survey, version, hash, definition, published_at, ordinal)
               SELECT :survey, :version, :hash, :definition, :at, COUNT(*) + 1
               FROM survey_definition WHERE survey = :survey""",
            {"survey": survey, "version": version, "hash": hash, "definition": definition, "at": at},
        )
    return None


def _versions(found: Rows) -> list[VersionRow]:
    return [
        VersionRow(survey, version, hash, definition, published_at, closed_at, is_current=version == current)
        for survey, version, hash, definition, published_at, closed_at, current in found.rows
    ]


def close(survey: str, at: int) -> Script[bool]:
    """Close a survey; say whether it was open."""
    changed = yield Run(
        "UPDATE survey SET closed_at = :at WHERE id = :survey AND closed_at IS NULL", {"survey": survey, "at": at}
    )
    return changed.count == 1
