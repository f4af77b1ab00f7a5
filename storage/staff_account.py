"""What a member of staff has beside a name: a password, one-time codes, open sessions; and the list of everyone.

Every change is in the audit log under whoever made it.
"""

from dataclasses import dataclass, field

from storage.errors import UnknownKey
from storage.keys import CURRENT_KEYS, KeyRing
from storage.script import Fetch, Run, Script
from storage.staff import (
    SESSIONS,
    SIGN_IN,
    SIGNED_IN,
    StaffMember,
    disable_staff,
    end_every_session,
    end_session,
    note,
)
from storage.volunteers import end_all_by

_ADMINS = "SELECT id FROM staff WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE"
_EVERYONE = """
    SELECT s.id, s.name, s.role, s.password_hash, s.totp_at, s.disabled_at,
        (SELECT COUNT(*) FROM staff_session h WHERE h.staff_id = s.id AND h.ended_at IS NULL AND h.expires_at > :at
            AND h.purpose IN (SELECT :purposes*text)),
        (SELECT MAX(a.at) FROM audit a WHERE a.who = s.name AND a.action = :signed_in)
    FROM staff s ORDER BY CASE WHEN s.disabled_at IS NULL THEN 0 ELSE 1 END, s.name"""


@dataclass(frozen=True, slots=True)
class SealedCodes:
    """The secret of a member's one-time codes as it is kept, and the last step that was used."""

    secret: bytes = field(repr=False)
    key_id: int
    step: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that holds. Times are epoch milliseconds UTC."""

    secret_hash: str
    purpose: str
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One member of staff as the list shows them. `sessions` holds how many are open; times are as above."""

    member: StaffMember
    disabled_at: int | None
    sessions: int
    signed_in_at: int | None


def sealed_codes(staff_id: str) -> Script[SealedCodes | None]:
    """Read a member's one-time codes; None where there are none."""
    found = yield Fetch(
        "SELECT totp, totp_key_id, totp_step FROM staff WHERE id = :id AND totp_at IS NOT NULL", {"id": staff_id}
    )
    if found.first is None:
        return None
    secret, key_id, step = found.first
    return SealedCodes(bytes(secret), key_id, step)


def use_step(staff_id: str, step: int) -> Script[bool]:
    """Use a step's code up; False when it or a later one was used already (RFC 6238, 5.2)."""
    used = yield Run(
        "UPDATE staff SET totp_step = :step WHERE id = :id AND totp_step < :step AND totp_at IS NOT NULL",
        {"id": staff_id, "step": step},
    )
    return used.count == 1


def keep_codes(member: StaffMember, secret: bytes, keys: KeyRing, step: int, at: int) -> Script[None]:
    """Keep new one-time codes, of which `step` is used. Raises UnknownKey: `keys` must be reloaded."""
    if tuple(row[0] for row in (yield Fetch(CURRENT_KEYS)).rows) != keys.ids:
        raise UnknownKey("Another process has made new keys.")
    yield Run(
        "UPDATE staff SET totp = :secret, totp_key_id = :key, totp_step = :step, totp_at = :at WHERE id = :id",
        {
            "id": member.id,
            "secret": keys.seal_codes(secret, member.id),
            "key": keys.current_key_id,
            "step": step,
            "at": at,
        },
    )
    yield from note(at, member.name, "one-time codes set up")


def forget_codes(member: StaffMember, at: int, who: str) -> Script[None]:
    """Forget a member's one-time codes and end all they hold, as after a lost phone."""
    yield Run(
        "UPDATE staff SET totp = NULL, totp_key_id = NULL, totp_step = NULL, totp_at = NULL WHERE id = :id",
        {"id": member.id},
    )
    yield from _end_all(member, at, who)
    yield from note(at, who, "one-time codes forgotten", member.name)


def set_password(member: StaffMember, password_hash: str, kept_session: str, at: int) -> Script[None]:
    """Give a member a new password, and end what they hold elsewhere: all but the session of this hash."""
    yield Run("UPDATE staff SET password_hash = :hash WHERE id = :id", {"hash": password_hash, "id": member.id})
    yield Run(
        "UPDATE staff_session SET ended_at = :at WHERE staff_id = :id AND secret_hash <> :kept AND ended_at IS NULL",
        {"at": at, "id": member.id, "kept": kept_session},
    )
    yield from note(at, member.name, "password set")


def open_sessions(staff_id: str, at: int) -> Script[list[OpenSession]]:
    """List a member's open sessions, the newest first."""
    found = yield Fetch(
        "SELECT secret_hash, purpose, made_at, expires_at FROM staff_session WHERE staff_id = :id AND ended_at IS NULL"
        " AND expires_at > :at AND purpose IN (SELECT :purposes*text) ORDER BY made_at DESC, secret_hash",
        {"id": staff_id, "at": at, "purposes": list(SESSIONS)},
    )
    return [OpenSession(*row) for row in found.rows]


def end_own_session(member: StaffMember, secret_hash: str, at: int) -> Script[bool]:
    """End one of a member's own sessions; False where it is not theirs, or has ended."""
    theirs = yield Fetch(
        "SELECT 1 FROM staff_session WHERE secret_hash = :hash AND staff_id = :id AND purpose <> :link",
        {"hash": secret_hash, "id": member.id, "link": SIGN_IN},
    )
    if theirs.first is None or not (yield from end_session(secret_hash, at)):
        return False
    yield from note(at, member.name, "session ended", member.name)
    return True


def end_sessions(member: StaffMember, at: int, who: str) -> Script[None]:
    """End all that a member holds, and the volunteer links that they made. `who` does it."""
    yield from _end_all(member, at, who)
    yield from note(at, who, "every session ended", member.name)


def everyone(at: int) -> Script[list[Listed]]:
    """List the staff, those who may not sign in any more last."""
    found = yield Fetch(_EVERYONE, {"at": at, "purposes": list(SESSIONS), "signed_in": SIGNED_IN})
    return [Listed(StaffMember(*row[:5]), *row[5:]) for row in found.rows]


def shut_out(member: StaffMember, at: int, who: str, *, may_be_last_admin: bool) -> Script[bool]:
    """Shut a member of staff out for good; False for the last admin, unless that may be, and when it is done already.

    The admins' rows are locked: of two who shut each other out at once, one stays.
    """
    admins = [row[0] for row in (yield Fetch(_ADMINS)).rows]
    if admins == [member.id] and not may_be_last_admin:
        return False
    if not (yield from disable_staff(member.id, at)):
        return False
    yield from _end_all(member, at, who)
    yield from note(at, who, "staff shut out", member.name)
    return True


def _end_all(member: StaffMember, at: int, who: str) -> Script[None]:
    """End their sessions, and every link that a volunteer has of them: whoever had the phone may have made one."""
    yield from end_every_session(member.id, at)
    yield from end_all_by(member.name, at, who)
