"""Staff, their sessions and one-time links, and the audit log. Only the SHA-256 of any secret is kept here."""

from dataclasses import dataclass, field

from storage.script import Fetch, Run, Script

# What a secret is for. A session that began with a link may set a password without giving the old one.
SESSION = "session"
LINK_SESSION = "session by link"
HALF_SESSION = "code"  # after a right password: it opens nothing but the page that asks for the code
SIGN_IN = "sign_in"
SESSIONS = (SESSION, LINK_SESSION)

ATTEMPT = "sign-in attempt"
REFUSED_SIGN_IN = "sign-in refused"
REFUSED = "refused"
WRONG_PIN = "wrong volunteer PIN"
SIGNED_IN = "signed in"
SIGNED_OUT = "signed out"
TERMINAL = "terminal"
"""Who did it, where the server's own terminal did."""

# SQLite has one writer anyway.
_ONE_TRY_AT_A_TIME = Fetch("SELECT pg_advisory_xact_lock(5248335)")
_NAMED = "SELECT id, name, role, password_hash, totp_at FROM staff WHERE name = :name AND disabled_at IS NULL"
_HELD = """
    SELECT staff.id, staff.name, staff.role, staff.password_hash, staff.totp_at, purpose
    FROM staff_session JOIN staff ON staff.id = staff_session.staff_id
    WHERE secret_hash = :hash AND purpose IN (SELECT :purposes*text) AND ended_at IS NULL AND expires_at > :at
        AND staff.disabled_at IS NULL"""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone who may sign in. `password_hash` is empty for a person who uses one-time links alone.

    `codes_since` is when they had shown that their app makes the right one-time codes, None without codes.
    """

    id: str
    name: str
    role: str
    password_hash: str = field(default="", repr=False)
    codes_since: int | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A session, whole or half, or a one-time link: the SHA-256 of its secret, its purpose, and when it holds."""

    secret_hash: str
    purpose: str
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Held:
    """Whose a secret is, and what it is for."""

    member: StaffMember
    purpose: str


def add_staff(member: StaffMember, at: int, who: str = TERMINAL) -> Script[bool]:
    """Add a member of staff, or let one in again who was shut out; False when the name is taken.

    Whoever is let in again sets their one-time codes up anew. `who` adds them, for the audit log.
    """
    added = yield Run(
        "INSERT INTO staff (id, name, role, password_hash, made_at)"
        " VALUES (:id, :name, :role, :password_hash, :at) ON CONFLICT (name) DO UPDATE SET"
        " role = excluded.role, password_hash = excluded.password_hash, disabled_at = NULL,"
        " totp = NULL, totp_key_id = NULL, totp_step = NULL, totp_at = NULL"
        " WHERE staff.disabled_at IS NOT NULL",
        {"id": member.id, "name": member.name, "role": member.role, "password_hash": member.password_hash, "at": at},
    )
    if added.count == 1:
        yield from note(at, who, "staff added", f"{member.name}, {member.role}")
    return added.count == 1


def staff_named(name: str) -> Script[StaffMember | None]:
    """Find a member of staff who may still sign in."""
    found = yield Fetch(_NAMED, {"name": name})
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


def keep_sign_in(staff_id: str, link: Secret, who: str = TERMINAL) -> Script[None]:
    """Keep a new one-time link, which only the server's own terminal makes."""
    yield from keep_secret(staff_id, link)
    found = yield Fetch("SELECT name FROM staff WHERE id = :id", {"id": staff_id})
    if found.first is not None:
        yield from note(link.made_at, who, "sign-in link made", found.first[0])


def holder(secret_hash: str, purposes: tuple[str, ...], at: int) -> Script[Held | None]:
    """Say whose this secret is, if it still holds and serves one of these purposes."""
    found = yield Fetch(_HELD, {"hash": secret_hash, "purposes": list(purposes), "at": at})
    return Held(StaffMember(*found.first[:5]), found.first[5]) if found.first else None


def ended_session(secret_hash: str) -> Script[str | None]:
    """Say whose session this was, if it was ended before its time: whoever still comes with it may have stolen it."""
    found = yield Fetch(
        "SELECT name FROM staff_session JOIN staff ON staff.id = staff_session.staff_id"
        " WHERE secret_hash = :hash AND ended_at IS NOT NULL AND purpose IN (SELECT :purposes*text)",
        {"hash": secret_hash, "purposes": list(SESSIONS)},
    )
    return found.first[0] if found.first else None


def use_up(secret_hash: str, purpose: str, session: Secret, way: str) -> Script[StaffMember | None]:
    """Turn a one-time link or a half session into a whole one, once: of two that race, one finds it already used.

    `way` says by what, for the audit log.
    """
    held = yield from holder(secret_hash, (purpose,), session.made_at)
    if held is None or not (yield from end_session(secret_hash, session.made_at)):
        return None
    yield from open_session(held.member, session, way)
    return held.member


def open_session(member: StaffMember, session: Secret, way: str) -> Script[None]:
    """Begin a session. `way` says by what, for the audit log."""
    yield from keep_secret(member.id, session)
    yield from note(session.made_at, member.name, SIGNED_IN, way)


def sign_out(member: StaffMember, secret_hash: str, at: int) -> Script[None]:
    """End a member's own session."""
    if (yield from end_session(secret_hash, at)):
        yield from note(at, member.name, SIGNED_OUT)


def end_session(secret_hash: str, at: int) -> Script[bool]:
    """End a session or a link; False when it had ended."""
    ended = yield Run(
        "UPDATE staff_session SET ended_at = :at WHERE secret_hash = :hash AND ended_at IS NULL",
        {"at": at, "hash": secret_hash},
    )
    return ended.count == 1


def end_every_session(staff_id: str, at: int) -> Script[None]:
    """Revoke every session and unused link of one person, as after a lost phone."""
    yield Run(
        "UPDATE staff_session SET ended_at = :at WHERE staff_id = :staff AND ended_at IS NULL",
        {"at": at, "staff": staff_id},
    )


def count_attempt(who: str, at: int, since: int, per_name: int, overall: int) -> Script[bool]:
    """Count one try at signing in, before it is judged. False, and nothing kept, when there were too many since.

    `who` is a digest of the name as typed: people type passwords into the wrong box. However many come at once, they
    are counted one after another.
    """
    yield _ONE_TRY_AT_A_TIME
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
