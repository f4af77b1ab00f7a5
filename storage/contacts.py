"""Small questions about contacts, by the keyed HMAC of their address."""

from storage.script import Fetch, Script


def newest_response(address_hmac: str) -> Script[tuple[str, str] | None]:
    """Return survey and id of the response that the address is in, or None when it has none."""
    found = yield Fetch(
        """SELECT v.survey, v.response_id FROM contact c JOIN conversation v ON v.id = c.current_conversation_id
           WHERE c.address_hmac = :hmac""",
        {"hmac": address_hmac},
    )
    return (found.first[0], found.first[1]) if found.first is not None else None
