"""Where events are forwarded to, as an operator sees and changes it. Every change stands in the audit log.

A destination's signing secret is kept encrypted, bound to its row. How far it has come is `storage.delivering`'s.
"""

from enum import StrEnum

from msgspec import Struct

from storage.errors import UnknownKey
from storage.installation import is_demo
from storage.keys import CURRENT_KEYS, KeyRing
from storage.script import Fetch, Row, Run, Script
from storage.staff import note

MOST_COUNTED = 100_000
"""So many waiting events are counted one by one; more are said to be at least so many."""
SLICE = 2_000
"""So many events are set to go again in one transaction: a resident's turn waits meanwhile."""

COLUMNS = """id, name, survey, kind, target, text, state, seq, failing_since, failures, next_at, problem, delivered_at,
    previous_until, made_at, made_by"""


class Kind(StrEnum):
    """What a destination is."""

    WEBHOOK = "webhook"
    FOLDER = "folder"


class State(StrEnum):
    """Whether it is sent to."""

    RUNNING = "running"
    PAUSED = "paused"


class Text(StrEnum):
    """How residents' own words go there."""

    MASKED = "masked"
    RAW = "raw"


class Letter(StrEnum):
    """What became of an event that a destination has not taken: it waits, or it is dead until it is sent again."""

    WAITING = "waiting"
    DEAD = "dead"


class Destination(Struct, frozen=True, kw_only=True):
    """Where one survey's events go. Times are epoch milliseconds UTC. Everything up to `seq` is settled.

    Nothing has arrived since `failing_since`, though it was tried `failures` times; `problem` says why. The secret
    before this one signs too until `previous_until`.
    """

    id: str
    name: str
    survey: str
    kind: Kind
    target: str
    text: Text
    state: State
    seq: int = 0
    failing_since: int | None = None
    failures: int = 0
    next_at: int | None = None
    problem: str = ""
    delivered_at: int | None = None
    previous_until: int | None = None
    made_at: int
    made_by: str

    def __repr__(self) -> str:
        """Name it, never its address: that may hold a key."""
        return f"Destination({self.name})"

    @property
    def has_given_up(self) -> bool:
        """Whether Earshot itself has paused it, because nothing arrived: somebody must see to it."""
        return self.state is State.PAUSED and self.failing_since is not None

    @property
    def shown_target(self) -> str:
        """The address without what stands behind a question mark: keys often do."""
        return self.target.partition("?")[0]


class Retrying(Struct, frozen=True):
    """Events that a receiver refused, each tried again by itself: how many, and of the next one why and when."""

    count: int
    problem: str
    next_at: int


class Standing(Struct, frozen=True):
    """How a destination stands. `ahead` events wait, the oldest since `oldest_at`; `dead` ones wait for a person.

    Those that are `refused` are among the ones ahead.
    """

    destination: Destination
    ahead: int
    oldest_at: int | None
    dead: int
    refused: Retrying | None

    @property
    def needs_somebody(self) -> bool:
        """Whether somebody must look at it."""
        return self.destination.has_given_up or self.dead > 0

    @property
    def retried_at(self) -> int | None:
        """When what was refused is tried again, epoch milliseconds UTC; None where that is nothing, or it is paused."""
        if self.refused is None or self.destination.state is State.PAUSED:
            return None
        return max(self.refused.next_at, self.destination.next_at or 0)


class SealedSecrets(Struct, frozen=True):
    """What signs, as it is kept."""

    secret: bytes
    previous: bytes | None
    key_id: int
    previous_until: int | None

    def __repr__(self) -> str:
        """Show nothing."""
        return "SealedSecrets()"


def destination_of(row: Row) -> Destination:
    """Make a destination of a row of COLUMNS."""
    id_, name, survey, kind, target, text, state, seq, since, failures, next_at, problem, *rest = row
    delivered_at, previous_until, made_at, made_by = rest
    return Destination(
        id=id_,
        name=name,
        survey=survey,
        kind=Kind(kind),
        target=target,
        text=Text(text),
        state=State(state),
        seq=seq,
        failing_since=since,
        failures=failures,
        next_at=next_at,
        problem=problem,
        delivered_at=delivered_at,
        previous_until=previous_until,
        made_at=made_at,
        made_by=made_by,
    )


def every() -> Script[list[Destination]]:
    """List the destinations by name."""
    found = yield Fetch(f"SELECT {COLUMNS} FROM destination ORDER BY name")  # noqa: S608 - our own names
    return [destination_of(row) for row in found.rows]


def named(name: str) -> Script[Destination | None]:
    """Find a destination."""
    found = yield Fetch(f"SELECT {COLUMNS} FROM destination WHERE name = :name", {"name": name})  # noqa: S608
    return destination_of(found.first) if found.first else None


def standings() -> Script[list[Standing]]:
    """Say how every destination stands, by name. Only reads."""
    with_trials = yield from is_demo()
    found = []
    for each in (yield from every()):
        found.append((yield from _standing(each, with_trials)))
    return found


def _standing(destination: Destination, with_trials: bool) -> Script[Standing]:
    about = {
        "id": destination.id,
        "survey": destination.survey,
        "seq": destination.seq,
        "trials": with_trials,
        "most": MOST_COUNTED,
    }
    letters = yield Fetch(
        "SELECT state, COUNT(*), MIN(seq) FROM delivery WHERE destination_id = :id GROUP BY state", about
    )
    by_state = {state: (count, first) for state, count, first in letters.rows}
    waiting, first_waiting = by_state.get(Letter.WAITING, (0, None))
    ahead = yield Fetch(
        """SELECT COUNT(*), MIN(seq) FROM (SELECT seq FROM event WHERE seq > :seq AND survey = :survey
           AND (:trials OR NOT test) ORDER BY seq LIMIT :most) ahead""",
        about,
    )
    assert ahead.first is not None
    firsts = [seq for seq in (first_waiting, ahead.first[1]) if seq is not None]
    oldest = (yield Fetch("SELECT at FROM event WHERE seq = :seq", {"seq": min(firsts)})).first if firsts else None
    dead, _ = by_state.get(Letter.DEAD, (0, None))
    refused = yield from _refused(destination.id)
    return Standing(destination, waiting + ahead.first[0], oldest[0] if oldest else None, dead, refused)


def _refused(destination_id: str) -> Script[Retrying | None]:
    # What waits behind a refused one was not tried itself.
    found = yield Fetch(
        """SELECT COUNT(*) OVER (), problem, next_at FROM delivery
           WHERE destination_id = :id AND state = 'waiting' AND attempts > 0 ORDER BY next_at LIMIT 1""",
        {"id": destination_id},
    )
    return Retrying(*found.first) if found.first else None


def survey_is_there(survey: str) -> Script[bool]:
    """Say whether a survey was ever published."""
    return (yield Fetch("SELECT 1 FROM survey WHERE id = :id", {"id": survey})).first is not None


def add(destination: Destination, secret: bytes | None, keys: KeyRing) -> Script[bool]:
    """Add one; False where the name is taken. `secret` signs what goes to a webhook.

    Raises UnknownKey: `keys` must be reloaded.
    """
    sealed = None if secret is None else (yield from _sealed(secret, destination.id, keys))
    added = yield Run(
        """INSERT INTO destination (id, name, survey, kind, target, text, state, seq, secret, key_id, made_at, made_by)
           VALUES (:id, :name, :survey, :kind, :target, :text, :state, :seq, :secret, :key, :at, :who)
           ON CONFLICT (name) DO NOTHING""",
        {
            "id": destination.id,
            "name": destination.name,
            "survey": destination.survey,
            "kind": destination.kind.value,
            "target": destination.target,
            "text": destination.text.value,
            "state": destination.state.value,
            "seq": destination.seq,
            "secret": sealed,
            "key": None if sealed is None else keys.current_key_id,
            "at": destination.made_at,
            "who": destination.made_by,
        },
    )
    if added.count == 1:
        what = f"{destination.name}, {destination.survey}, {destination.text.value} text, {destination.shown_target}"
        yield from note(destination.made_at, destination.made_by, "forwarding added", what)
    return added.count == 1


def remove(destination: Destination, at: int, who: str) -> Script[bool]:
    """Remove one, with what waits for it; False when it is gone already."""
    removed = yield Run("DELETE FROM destination WHERE id = :id", {"id": destination.id})
    if removed.count:
        yield from note(at, who, "forwarding removed", destination.name)
    return bool(removed.count)


def pause(destination: Destination, at: int, who: str) -> Script[bool]:
    """Send it nothing until it is resumed; False when that is so already."""
    paused = yield Run(
        """UPDATE destination SET state = 'paused', failing_since = NULL, failures = 0, next_at = NULL, problem = ''
           WHERE id = :id AND (state = 'running' OR failing_since IS NOT NULL)""",
        {"id": destination.id},
    )
    if paused.count:
        yield from note(at, who, "forwarding paused", destination.name)
    return bool(paused.count)


def resume(destination: Destination, at: int, who: str) -> Script[None]:
    """Send to it again, from where it stopped, at once: also where it runs and waits for its next try."""
    yield Run(
        """UPDATE destination SET state = 'running', failing_since = NULL, failures = 0, next_at = NULL, problem = ''
           WHERE id = :id""",
        {"id": destination.id},
    )
    yield from note(at, who, "forwarding resumed", destination.name)


def replay(destination: Destination, first: int, last: int) -> Script[list[int]]:
    """Let a slice of events that are settled go again; give their numbers, none at the end.

    What waits already goes at once. Events that the destination has not come to go anyway, and are left out.
    """
    found = yield Fetch(
        """SELECT seq FROM event WHERE survey = :survey AND seq >= :first AND seq <= :last AND (:trials OR NOT test)
           AND seq <= (SELECT seq FROM destination WHERE id = :id) ORDER BY seq LIMIT :slice""",
        {
            "survey": destination.survey,
            "first": first,
            "last": last,
            "trials": (yield from is_demo()),
            "id": destination.id,
            "slice": SLICE,
        },
    )
    seqs = [row[0] for row in found.rows]
    yield Run(
        """INSERT INTO delivery (destination_id, seq, subject, state)
           SELECT :id, seq, subject, 'waiting' FROM event WHERE seq IN (SELECT :seqs*bigint)
           ON CONFLICT (destination_id, seq)
           DO UPDATE SET state = 'waiting', attempts = 0, next_at = NULL, problem = ''""",
        {"id": destination.id, "seqs": seqs},
    )
    return seqs


def replay_letters(destination: Destination, letter: Letter, at: int, who: str) -> Script[int]:
    """Let what was refused go again at once, or what is dead, with all its tries before it; give how many."""
    revived = yield Run(
        """UPDATE delivery SET state = 'waiting', attempts = 0, next_at = NULL, problem = ''
           WHERE destination_id = :id AND state = :letter AND attempts > 0""",
        {"id": destination.id, "letter": letter.value},
    )
    what = "dead" if letter is Letter.DEAD else "refused"
    yield from note(at, who, "forwarding replayed", f"{destination.name}, {revived.count} {what}")
    return revived.count


def secrets(destination_id: str) -> Script[SealedSecrets | None]:
    """Read what signs; None for a folder, or where it was removed."""
    found = yield Fetch(
        """SELECT secret, previous_secret, key_id, previous_until FROM destination
           WHERE id = :id AND secret IS NOT NULL""",
        {"id": destination_id},
    )
    if found.first is None:
        return None
    secret, previous, key_id, until = found.first
    return SealedSecrets(bytes(secret), None if previous is None else bytes(previous), key_id, until)


def change_secret(
    destination: Destination, secret: bytes, keys: KeyRing, until: int, at: int, who: str
) -> Script[None]:
    """Sign with another secret, and until a moment with the one before it too. Raises UnknownKey as `add` does.

    Where that moment is now, the one before is not kept.
    """
    sealed = yield from _sealed(secret, destination.id, keys)
    there = yield from secrets(destination.id)
    assert there is not None, "only a webhook has a secret"
    before = None
    if until > at:
        before = keys.seal_signing(keys.unseal_signing(there.secret, destination.id, there.key_id), destination.id)
    yield Run(
        """UPDATE destination SET secret = :secret, previous_secret = :before, previous_until = :until, key_id = :key
           WHERE id = :id""",
        {
            "id": destination.id,
            "secret": sealed,
            "before": before,
            "until": until if before else None,
            "key": keys.current_key_id,
        },
    )
    yield from note(at, who, "forwarding secret changed", destination.name)


def forget_old_secrets(now: int) -> Script[None]:
    """Forget the secrets before, once they sign no more. `now` is epoch milliseconds UTC."""
    yield Run(
        """UPDATE destination SET previous_secret = NULL, previous_until = NULL
           WHERE previous_secret IS NOT NULL AND previous_until <= :now""",
        {"now": now},
    )


def _sealed(secret: bytes, destination_id: str, keys: KeyRing) -> Script[bytes]:
    if tuple(row[0] for row in (yield Fetch(CURRENT_KEYS)).rows) != keys.ids:
        raise UnknownKey("Another process has made new keys.")
    return keys.seal_signing(secret, destination_id)
