"""What the database says of itself: its revision, whether a commit survives a power cut, what waits in it."""

from dataclasses import dataclass

from storage.script import Database, Fetch, Script


@dataclass(frozen=True, slots=True)
class Durability:
    """One of the engine's settings on which it depends that a commit survives a power cut."""

    name: str
    value: str
    wanted: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Whether it is set so."""
        return self.value in self.wanted


# SQLite's names for synchronous are numbers: FULL is 2, EXTRA is 3. PostgreSQL's fsync is the server's own.
_SQLITE = (("journal_mode", ("wal",)), ("synchronous", ("2", "3")))
_POSTGRES = (
    ("fsync", ("on",)),
    ("full_page_writes", ("on",)),
    ("synchronous_commit", ("on", "local", "remote_write", "remote_apply")),
)


async def durability(database: Database) -> list[Durability]:
    """Read what the connection that writes is set to."""
    asked = _POSTGRES if database.is_postgres else _SQLITE
    word = "SHOW" if database.is_postgres else "PRAGMA"

    def script() -> Script[list[Durability]]:
        found = []
        for name, wanted in asked:
            value = (yield Fetch(f"{word} {name}")).first
            found.append(Durability(name, str(value[0]) if value else "", wanted))
        return found

    return await database.run(script)


def revision() -> Script[str]:
    """Give the revision of the tables."""
    found = yield Fetch("SELECT version_num FROM alembic_version")
    return str(found.first[0]) if found.first else ""


def has_keys() -> Script[bool]:
    """Say whether the keys for addresses have been made."""
    return (yield Fetch("SELECT 1 FROM data_key LIMIT 1")).first is not None


def unhandled_before(at: int) -> Script[int]:
    """Count the texts that came before a moment and that no turn could handle."""
    found = yield Fetch(
        "SELECT COUNT(*) FROM inbound WHERE filed = 'unhandled' AND received_at < :at AND NOT test", {"at": at}
    )
    return int(found.first[0]) if found.first else 0
