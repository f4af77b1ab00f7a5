"""Which translated sentences somebody has read, and what they put in place of the bot's own."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from storage.script import Fetch, Many, Script

Stamp: TypeAlias = tuple[int, int]
"""How much has been read and when last: what tells a running process to read it again."""


Sentence: TypeAlias = tuple[str, str]
"""A translated sentence: its language, and the mark of it beside its English."""

Reader: TypeAlias = tuple[str, int]
"""Who has read a sentence, and when."""


class Reviews(Struct, frozen=True):
    """What stands: the marks of the sentences that were read, by language, and the corrections, by language and key."""

    marks: Mapping[str, frozenset[str]] = {}
    corrections: Mapping[str, Mapping[str, str]] = {}


_OF_RESIDENTS = {True: "", False: "AND test = false"}


def stamp() -> Script[Stamp]:
    """Say how much there is."""
    read = yield Fetch("SELECT COUNT(*), COALESCE(MAX(at), 0) FROM review")
    corrected = yield Fetch("SELECT COUNT(*), COALESCE(MAX(at), 0) FROM correction")
    assert read.first is not None
    assert corrected.first is not None
    return (read.first[0] + corrected.first[0], max(read.first[1], corrected.first[1]))


def read() -> Script[Reviews]:
    """Read all of it."""
    marks: dict[str, set[str]] = {}
    for language, mark in (yield Fetch("SELECT language, hash FROM review")).rows:
        marks.setdefault(language, set()).add(mark)
    corrections: dict[str, dict[str, str]] = {}
    for language, key, text in (yield Fetch("SELECT language, english, text FROM correction")).rows:
        corrections.setdefault(language, {})[key] = text
    return Reviews({language: frozenset(found) for language, found in marks.items()}, corrections)


def readers() -> Script[dict[Sentence, Reader]]:
    """Say who has read which sentence, and when."""
    found = yield Fetch("SELECT language, hash, by, at FROM review")
    return {(language, mark): (by, at) for language, mark, by, at in found.rows}


def spoken(survey: str, include_test: bool, before: int) -> Script[dict[str, int]]:
    """Count a survey's responses by language, of those that began before a time (epoch milliseconds UTC)."""
    found = yield Fetch(
        f"""SELECT language, COUNT(*) FROM response WHERE survey = :survey AND started_at < :before
            {_OF_RESIDENTS[include_test]} GROUP BY language""",  # noqa: S608 - texts of ours alone
        {"survey": survey, "before": before},
    )
    return dict(found.rows)


def wishes(survey: str, include_test: bool) -> Script[dict[str, int]]:
    """Count by language how often residents would have liked one that a survey does not have, the most wished first."""
    found = yield Fetch(
        f"""SELECT language, COUNT(*) FROM language_wish WHERE survey = :survey {_OF_RESIDENTS[include_test]}
            GROUP BY language ORDER BY COUNT(*) DESC, language""",  # noqa: S608 - texts of ours alone
        {"survey": survey},
    )
    return dict(found.rows)


def accept(language: str, marks: Sequence[str], corrections: Mapping[str, str], by: str, at: int) -> Script[None]:
    """Note who has read these sentences, and when; and keep what they put in place of the bot's own."""
    yield Many(
        """INSERT INTO review (language, hash, by, at) VALUES (:language, :hash, :by, :at)
           ON CONFLICT (language, hash) DO UPDATE SET by = excluded.by, at = excluded.at""",
        [{"language": language, "hash": mark, "by": by, "at": at} for mark in sorted(marks)],
    )
    yield Many(
        """INSERT INTO correction (language, english, text, by, at) VALUES (:language, :english, :text, :by, :at)
           ON CONFLICT (language, english) DO UPDATE SET text = excluded.text, by = excluded.by, at = excluded.at""",
        [
            {"language": language, "english": key, "text": text, "by": by, "at": at}
            for key, text in sorted(corrections.items())
        ],
    )
