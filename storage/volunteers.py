"""Links by which volunteers enter answers for one campaign, and nothing else: who made them, and when they end."""

# ruff: noqa: S608 - what is put into SQL here is this module's own text

from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from storage.script import Fetch, Run, Script
from storage.staff import note

TRIES: Final = 5
"""Wrong PINs, and the link ends."""

_COLUMNS = "l.secret_hash, l.campaign_id, l.name, l.pin_hash, l.tries, l.made_by, l.made_at, l.expires_at, l.ended_at"


class VolunteerLink(Struct, frozen=True, gc=False):
    """One link: SHA-256 of its secret, argon2 of its PIN. `name` is what its maker calls it."""

    secret_hash: str
    campaign_id: str
    name: str
    pin_hash: str
    tries: int
    made_by: str
    made_at: int
    expires_at: int
    ended_at: int | None = None

    @property
    def called(self) -> str:
        """How its holder stands in the audit log and beside what they entered."""
        return f"volunteer {self.name} ({self.secret_hash[:8]})"

    def holds(self, at: int) -> bool:
        """Say whether it can be used at a moment."""
        return self.ended_at is None and at < self.expires_at


def add(link: VolunteerLink) -> Script[None]:
    """Keep a new link."""
    yield Run(
        """INSERT INTO volunteer_link (secret_hash, campaign_id, name, pin_hash, made_by, made_at, expires_at)
           VALUES (:secret_hash, :campaign_id, :name, :pin_hash, :made_by, :made_at, :expires_at)""",
        asdict(link),
    )
    yield from note(link.made_at, link.made_by, "made a volunteer link", f"{link.campaign_id} {link.called}")


def of_campaign(campaign_id: str, at: int) -> Script[list[VolunteerLink]]:
    """Read a campaign's links that can be used now or that wrong PINs have ended, the newest first."""
    found = yield Fetch(
        f"""SELECT {_COLUMNS} FROM volunteer_link l WHERE l.campaign_id = :campaign AND l.expires_at > :at
            AND (l.ended_at IS NULL OR l.tries >= :most) ORDER BY l.made_at DESC, l.secret_hash""",
        {"campaign": campaign_id, "at": at, "most": TRIES},
    )
    return [VolunteerLink(*row) for row in found.rows]


def named(secret_hash: str) -> Script[VolunteerLink | None]:
    """Find a link, whether it can be used or not."""
    found = yield Fetch(f"SELECT {_COLUMNS} FROM volunteer_link l WHERE l.secret_hash = :hash", {"hash": secret_hash})
    return VolunteerLink(*found.first) if found.first else None


def count_try(secret_hash: str, at: int) -> Script[VolunteerLink | None]:
    """Count one PIN before it is judged; None where the link cannot be used. The link has its tries with this one."""
    counted = yield Run(
        """UPDATE volunteer_link SET tries = tries + 1
           WHERE secret_hash = :hash AND ended_at IS NULL AND expires_at > :at AND tries < :most""",
        {"hash": secret_hash, "at": at, "most": TRIES},
    )
    return (yield from named(secret_hash)) if counted.count == 1 else None


def end(secret_hash: str, campaign_id: str, at: int, who: str) -> Script[bool]:
    """End a link of a campaign at once; False where there is none to end."""
    ended = yield Run(
        """UPDATE volunteer_link SET ended_at = :at
           WHERE secret_hash = :hash AND campaign_id = :campaign AND ended_at IS NULL""",
        {"hash": secret_hash, "campaign": campaign_id, "at": at},
    )
    if ended.count == 1:
        yield from note(at, who, "ended a volunteer link", f"{campaign_id} {secret_hash[:8]}")
    return ended.count == 1


def end_all_by(name: str, at: int, who: str) -> Script[None]:
    """End every link that a member of staff made and that still holds: nobody answers for it any more."""
    ended = yield Run(
        """UPDATE volunteer_link SET ended_at = :at
           WHERE made_by = :name AND ended_at IS NULL AND expires_at > :at RETURNING campaign_id, secret_hash""",
        {"name": name, "at": at},
    )
    for campaign_id, secret_hash in ended.rows:
        yield from note(at, who, "ended a volunteer link", f"{campaign_id} {secret_hash[:8]}")


def let_in(visit_hash: str, link: VolunteerLink, at: int) -> Script[None]:
    """Let a browser in whose PIN was right, until the link ends; wrong tries before it no longer count."""
    yield Run("UPDATE volunteer_link SET tries = 0 WHERE secret_hash = :hash", {"hash": link.secret_hash})
    yield Run(
        """INSERT INTO volunteer_visit (secret_hash, link_hash, made_at, expires_at)
           VALUES (:visit, :link, :at, :until)""",
        {"visit": visit_hash, "link": link.secret_hash, "at": at, "until": link.expires_at},
    )
    yield from note(at, link.called, "came in by a volunteer link", link.campaign_id)


def visitor(visit_hash: str, link_hash: str, at: int) -> Script[VolunteerLink | None]:
    """Find the link that a browser came in by, if it can still be used."""
    found = yield Fetch(
        f"""SELECT {_COLUMNS} FROM volunteer_visit v JOIN volunteer_link l ON l.secret_hash = v.link_hash
            WHERE v.secret_hash = :visit AND v.link_hash = :link AND v.expires_at > :at
                AND l.ended_at IS NULL AND l.expires_at > :at""",
        {"visit": visit_hash, "link": link_hash, "at": at},
    )
    return VolunteerLink(*found.first) if found.first else None
