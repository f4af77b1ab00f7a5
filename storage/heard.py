"""How far each sender's incoming messages have been heard, for reconciling with the provider after an outage."""

from collections.abc import Sequence

from storage.script import Fetch, Run, Script


def begin_hearing(our_address: str, since: int) -> Script[int]:
    """Say until when this sender is heard; the first time, note that listening begins at `since`."""
    # Without tokens but since long ago: the pace fills up by itself at the first claim.
    yield Run(
        """
        INSERT INTO sender (our_address, tokens, tokens_at, heard_until) VALUES (:our_address, 0, 0, :since)
        ON CONFLICT (our_address) DO UPDATE SET heard_until = COALESCE(sender.heard_until, excluded.heard_until)
        """,
        {"our_address": our_address, "since": since},
    )
    found = yield Fetch("SELECT heard_until FROM sender WHERE our_address = :our_address", {"our_address": our_address})
    assert found.first is not None
    return int(found.first[0])


def advance(our_address: str, until: int) -> Script[None]:
    """Note that everything until then is taken in; never goes back."""
    yield Run(
        "UPDATE sender SET heard_until = :until WHERE our_address = :our_address AND heard_until < :until",
        {"our_address": our_address, "until": until},
    )


def known_events(provider: str, account: str, event_ids: Sequence[str]) -> Script[set[str]]:
    """Say which of these messages need not be taken in again, erased ones included. Only reads.

    One that was kept without its contact is not among them: nothing else would ever run it again.
    """
    found = yield Fetch(
        """
        SELECT event_id FROM inbound
        WHERE provider = :provider AND account = :account AND event_id IN (SELECT :event_ids*text)
            AND NOT (filed = 'unhandled' AND contact_id IS NULL)
        """,
        {"provider": provider, "account": account, "event_ids": list(event_ids)},
    )
    return {row[0] for row in found.rows}
