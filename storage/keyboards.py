"""Which earlier messages to a contact may still show buttons on the resident's phone. Only reads."""

from msgspec import Struct

from storage.script import Fetch, Script


class Earlier(Struct, frozen=True):
    """A message that the provider took before another, under its own id. `shows_buttons`: it had some, untapped."""

    provider_id: str
    shows_buttons: bool


def earlier(contact_id: str, outbox_id: str, most: int) -> Script[list[Earlier]]:
    """Find what went out to a contact before this message, newest first.

    A message whose button was tapped shows none: a tap takes them away by itself.
    """
    found = yield Fetch(
        """
        SELECT before.provider_id, before.options <> '' AND NOT EXISTS (
            SELECT 1 FROM inbound tap
            WHERE tap.contact_id = before.contact_id AND tap.kind = 'choice' AND tap.reply_to = before.provider_id)
        FROM outbox sent
        JOIN outbox before ON before.contact_id = sent.contact_id
            AND (before.made_at, before.position, before.id) < (sent.made_at, sent.position, sent.id)
        WHERE sent.id = :id AND sent.contact_id = :contact
            AND before.state = 'accepted' AND before.provider_id IS NOT NULL
        ORDER BY before.made_at DESC, before.position DESC, before.id DESC LIMIT :most
        """,
        {"id": outbox_id, "contact": contact_id, "most": most},
    )
    return [Earlier(provider_id, bool(shows_buttons)) for provider_id, shows_buttons in found.rows]
