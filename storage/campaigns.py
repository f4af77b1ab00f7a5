"""Campaigns: who is invited to which survey, where, by which word; and what came of it, in counts."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from storage.script import Fetch, Row, Run, Script

Stamp: TypeAlias = tuple[str, str, int]
"""A campaign, its state, and when that last changed: what tells a running process to read again."""

_LIST = """SELECT id, survey, name, keyword, partner, place, languages, channels, target, starts_on, ends_on, state,
    made_at, made_by, changed_at, test FROM campaign"""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign. `id` is what the export calls it, `keyword` the word that residents text.

    `languages` are codes, `channels` names of channels. `target` is the number of responses hoped for. Days are ISO
    8601 in London, empty for none. `state` is draft, running, paused or ended, as somebody last set it; `made_by` is
    the staff name of who made it, or `terminal`. `test` marks one of a demo.
    """

    id: str
    survey: str
    name: str
    keyword: str
    partner: str
    place: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    target: int | None
    starts_on: str
    ends_on: str
    state: str
    made_at: int
    made_by: str
    changed_at: int
    test: bool


def add(row: CampaignRow) -> Script[bool]:
    """Keep a new campaign; False, and nothing changed, where its keyword or id is another's."""
    added = yield Run(
        """INSERT INTO campaign (id, survey, name, keyword, partner, place, languages, channels, target, starts_on,
               ends_on, state, made_at, made_by, changed_at, test)
           VALUES (:id, :survey, :name, :keyword, :partner, :place, :languages, :channels, :target, :starts_on,
               :ends_on, :state, :made_at, :made_by, :changed_at, :test)
           ON CONFLICT DO NOTHING""",
        _params(row),
    )
    return added.count == 1


def every() -> Script[list[CampaignRow]]:
    """Read every campaign, the newest first."""
    found = yield Fetch(f"{_LIST} ORDER BY made_at DESC, id")
    return [_row(row) for row in found.rows]


def of_survey(survey: str) -> Script[list[CampaignRow]]:
    """Read the campaigns of one survey, the newest first."""
    found = yield Fetch(f"{_LIST} WHERE survey = :survey ORDER BY made_at DESC, id", {"survey": survey})
    return [_row(row) for row in found.rows]


def named(id_or_keyword: str) -> Script[CampaignRow | None]:
    """Find a campaign by its id, or by its keyword in any case."""
    found = yield Fetch(f"{_LIST} WHERE id = :id OR keyword = :keyword", _either(id_or_keyword))
    return _row(found.first) if found.first else None


def held(id_or_keyword: str) -> Script[CampaignRow | None]:
    """Find a campaign as `named` does, and let nobody else change it before this transaction ends."""
    found = yield Fetch(f"{_LIST} WHERE id = :id OR keyword = :keyword FOR UPDATE", _either(id_or_keyword))
    return _row(found.first) if found.first else None


def change_state(id: str, state: str, at: int) -> Script[bool]:
    """Set a campaign's state; False where there is no such campaign, or it has ended already."""
    changed = yield Run(
        "UPDATE campaign SET state = :state, changed_at = :at WHERE id = :id AND state <> 'ended'",
        {"id": id, "state": state, "at": at},
    )
    return changed.count == 1


def amend(row: CampaignRow) -> Script[None]:
    """Keep what may change of a campaign: its place, languages, channels, target and last day."""
    yield Run(
        """UPDATE campaign SET place = :place, languages = :languages, channels = :channels, target = :target,
               ends_on = :ends_on, changed_at = :changed_at WHERE id = :id""",
        _params(row),
    )


def stamp() -> Script[tuple[Stamp, ...]]:
    """Read what can change of every campaign."""
    found = yield Fetch("SELECT id, state, changed_at FROM campaign ORDER BY id")
    return tuple((row[0], row[1], row[2]) for row in found.rows)


def _either(id_or_keyword: str) -> dict[str, str]:
    return {"id": id_or_keyword, "keyword": id_or_keyword.upper()}


def _params(row: CampaignRow) -> dict[str, Any]:
    listed = {"languages": " ".join(row.languages), "channels": " ".join(row.channels)}
    return {name: getattr(row, name) for name in row.__slots__} | listed


def _row(row: Row) -> CampaignRow:
    id_, survey, name, keyword, partner, place, languages, channels, target, starts_on, ends_on, *rest = row
    state, made_at, made_by, changed_at, test = rest
    return CampaignRow(
        id_,
        survey,
        name,
        keyword,
        partner,
        place,
        tuple(languages.split()),
        tuple(channels.split()),
        target,
        starts_on,
        ends_on,
        state,
        made_at,
        made_by,
        changed_at,
        bool(test),
    )
