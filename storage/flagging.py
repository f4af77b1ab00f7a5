"""Keep, with a turn, that its message speaks of danger. What a person does about it is in `storage.safeguarding`."""

from storage.script import Run, Script

FLAG = """
    INSERT INTO flag (id, flagged_at, calmed, alert_at, test) VALUES (:id, :at, :calmed, :at, :test)
    ON CONFLICT (id) DO NOTHING"""
"""Keep that a message is to be read; once, however often it is run."""
CALMED = "UPDATE contact SET calmed_at = :at WHERE id = :id"
"""Keep when somebody was told where to find help."""
_SPOKEN = """
    INSERT INTO flag (id, flagged_at, alert_at, test)
    SELECT id, CAST(:at AS BIGINT), CAST(:at AS BIGINT), test FROM inbound WHERE id = :id
    ON CONFLICT (id) DO NOTHING"""


def flag_spoken(message_id: str, now: int) -> Script[None]:
    """Flag a voice note for what a person has written down of it."""
    yield Run(_SPOKEN, {"id": message_id, "at": now})
