"""Staff, their sessions and one-time links, and the audit log. Only the SHA-256 of any secret is kept here."""

from dataclasses import dataclass

from storage.script import Fetch, Run, Script

SESSION = "session"
SIGN_IN = "sign_in"
ATTEMPT = "sign-in attempt"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone who may sign in. `password_hash` is empty for a person who uses one-time links alone."""

    id: str
    name: str
    role: str
    password_hash: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A session or a one-time link: the SHA-256 of its secret, whose it is, and from when to when it holds."""

    secret_hash: str
    purpose: str
    made_at: int
    expires_at: int


def add_staff(member: StaffMember, at: int) -> Script[bool]:
    """Add a member of staff, or let one in again who was shut out; False when the name is taken."""
    added = yield Run(
        "INSERT INTO staff (id, name, role, password_hash, made_at)"
        " VALUES (:id, :name, :role, :password_hash, :at) ON CONFLICT (name) DO UPDATE SET"
        " role = excluded.role, password_hash = excluded.password_hash, disabled_at = NULL"
        " WHERE staff.disabled_at IS NOT NULL",
        {"id": member.id, "name": member.name, "role": member.role, "password_hash": member.password_hash, "at": at},
    )
    return added.count == 1


def staff_named(name: str) -> Script[StaffMember | None]:
    """Find a member of staff who may still sign in."""
    found = yield Fetch(
        "SELECT id, name, role, password_hash FROM staff WHERE name = :name AND disabled_at IS NULL", {"name": name}
    )
    return StaffMember(*found.first) if found.first else None


def disable_staff(staff_id: str, at: int) -> Script[bool]:
    """Shut a member of staff out: `holder` believes no session or link of theirs. False when already done."""
    disabled = yield Run(
        "UPDATE staff SET disabled_at = :at WHERE id = :id AND disabled_at IS NULL", {"id": staff_id, "at": at}
    )
    return disabled.count == 1


def keep_secret(staff_id: str, secret: Secret) -> Script[None]:
    """Keep a new session or one-time link, and drop those that ran out a week before."""
    yield Run(
        "DELETE FROM staff_session WHERE expires_at < :before", {"before": secret.made_at - 7 * 24 * 60 * 60 * 1000}
    )
    yield Run(
        "INSERT INTO staff_session (secret_hash, staff_id, purpose, made_at, expires_at)"
        " VALUES (:hash, :staff, :purpose, :made, :expires)",
        {
            "hash": secret.secret_hash,
            "staff": staff_id,
            "purpose": secret.purpose,
            "made": secret.made_at,
            "expires": secret.expires_at,
        },
    )


def holder(secret_hash: str, purpose: str, at: int) -> Script[StaffMember | None]:
    """Say whose this secret is, if it still holds."""
    found = yield Fetch(
        "SELECT staff.id, staff.name, staff.role FROM staff_session JOIN staff ON staff.id = staff_session.staff_id"
        " WHERE secret_hash = :hash AND purpose = :purpose AND ended_at IS NULL AND expires_at > :at"
        " AND staff.disabled_at IS NULL",
        {"hash": secret_hash, "purpose": purpose, "at": at},
    )
    return StaffMember(*found.first) if found.first else None


def use_sign_in(link_hash: str, session: Secret) -> Script[StaffMember | None]:
    """Turn a one-time link into a session, once: of two that race, one finds the link already used."""
    member = yield from holder(link_hash, SIGN_IN, session.made_at)
    if member is None:
        return None
    used = yield Run(
        "UPDATE staff_session SET ended_at = :at WHERE secret_hash = :hash AND ended_at IS NULL",
        {"at": session.made_at, "hash": link_hash},
    )
    if used.count != 1:
        return None
    yield from keep_secret(member.id, session)
    yield from note(session.made_at, member.name, "signed in", "by one-time link")
    return member


def open_session(member: StaffMember, session: Secret) -> Script[None]:
    """Begin a session after a right password."""
    yield from keep_secret(member.id, session)
    yield from note(session.made_at, member.name, "signed in", "by password")


def end_session(secret_hash: str, at: int) -> Script[None]:
    """Sign out."""
    yield Run(
        "UPDATE staff_session SET ended_at = :at WHERE secret_hash = :hash AND ended_at IS NULL",
        {"at": at, "hash": secret_hash},
    )


def end_every_session(staff_id: str, at: int) -> Script[None]:
    """Revoke every session and unused link of one person, as after a lost phone."""
    yield Run(
        "UPDATE staff_session SET ended_at = :at WHERE staff_id = :staff AND ended_at IS NULL",
        {"at": at, "staff": staff_id},
    )


def count_attempt(who: str, at: int, since: int, per_name: int, overall: int) -> Script[bool]:
    """Count one try at signing in, before it is judged. False, and nothing kept, when there were too many since.

    `who` is a digest of the name as typed: people type passwords into the wrong box.
    """
    tries = yield Fetch(
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN who = :who THEN 1 ELSE 0 END), 0) FROM audit"
        " WHERE action = :action AND at > :since",
        {"who": who, "action": ATTEMPT, "since": since},
    )
    assert tries.first is not None
    if tries.first[0] >= overall or tries.first[1] >= per_name:
        return False
    yield from note(at, who, ATTEMPT)
    return True


def note_once(at: int, who: str, action: str, detail: str, since: int) -> Script[None]:
    """Write a line of the audit log, unless the same one stands there since a moment."""
    stands = yield Fetch(
        "SELECT 1 FROM audit WHERE at >= :since AND who = :who AND action = :action AND detail = :detail LIMIT 1",
        {"since": since, "who": who, "action": action, "detail": detail},
    )
    if stands.first is None:
        yield from note(at, who, action, detail)


def note(at: int, who: str, action: str, detail: str = "") -> Script[None]:
    """Write one line of the audit log: who did what. Never a resident's words or address."""
    yield Run(
        "INSERT INTO audit (at, who, action, detail) VALUES (:at, :who, :action, :detail)",
        {"at": at, "who": who, "action": action, "detail": detail},
    )


def roles() -> Script[dict[str, int]]:
    """Count who may sign in, by role."""
    found = yield Fetch("SELECT role, COUNT(*) FROM staff WHERE disabled_at IS NULL GROUP BY role")
    return dict(found.rows)
