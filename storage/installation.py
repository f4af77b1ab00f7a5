"""What a database is and what was done with it, by name: a demo's own, when it was last backed up, what it awaits."""

from storage.script import Fetch, Run, Script


def is_demo() -> Script[bool]:
    """Say whether a demo made this database: only there do trial responses appear in exports."""
    found = yield Fetch("SELECT value FROM installation WHERE name = 'purpose'")
    return found.first is not None and found.first[0] == "demo"


def mark_demo() -> Script[None]:
    """Mark the database as a demo's. A database that has taken in a real text is never marked."""
    yield Run(
        """INSERT INTO installation (name, value) SELECT 'purpose', 'demo'
           WHERE NOT EXISTS (SELECT 1 FROM inbound WHERE NOT test)
           ON CONFLICT (name) DO NOTHING"""
    )


def note_down(name: str, value: str) -> Script[None]:
    """Keep a value under a name, in the place of an older one."""
    yield Run(
        """INSERT INTO installation (name, value) VALUES (:name, :value)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        {"name": name, "value": value},
    )


def noted(name: str) -> Script[str | None]:
    """Give what is kept under a name. Only reads."""
    found = yield Fetch("SELECT value FROM installation WHERE name = :name", {"name": name})
    return str(found.first[0]) if found.first else None


def kept_or(name: str, value: str) -> Script[str]:
    """Give what is kept under a name; the first time, that is `value`."""
    yield Run(
        "INSERT INTO installation (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
        {"name": name, "value": value},
    )
    kept = yield from noted(name)
    assert kept is not None
    return kept


def try_to_write(*, in_doubt: bool) -> Script[None]:
    """Change nothing: take the writer's turn and, if writing is in doubt, write what stands there already."""
    if in_doubt:
        yield Run("UPDATE alembic_version SET version_num = version_num")
    else:
        yield Fetch("SELECT 1")


def named_or(new_name: str) -> Script[str]:
    """Give the database's own name, by which its suppression ledger knows it; the first time, it is `new_name`."""
    return (yield from kept_or("identity", new_name))
