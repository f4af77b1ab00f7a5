"""What a database is, by name: a demo's own, for one, whose trial rows are its real ones."""

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
