"""Remove everything an address ever gave. What stays names nobody: counters, provider ids, and HMACs in the ledgers."""

from storage.script import Fetch, Run, Script

_HAS = """
    SELECT response_id, respondent_id FROM conversation WHERE contact_id = :contact"""
# Provider ids stay, so that a message the provider delivers again is still a repeat.
_INBOUND = """
    UPDATE inbound SET contact_id = NULL, response_id = NULL, filed = 'erased', question = '', text = '',
        choice_id = '', reply_to = '', media = '', fields = ''
    WHERE contact_id = :contact"""
_RECEIPTS = """
    UPDATE receipt SET fields = '' WHERE outbox_id IN (SELECT id FROM outbox WHERE contact_id = :contact)"""
_EARLY_RECEIPTS = """
    UPDATE receipt SET fields = ''
    WHERE provider IN (SELECT provider FROM inbound WHERE contact_id = :contact)
        AND provider_id IN (SELECT provider_id FROM outbox WHERE contact_id = :contact)"""
_OUTBOX = """
    UPDATE outbox SET contact_id = NULL, text = '', options = '', problem = '',
        settled_at = CASE WHEN state IN ('queued', 'sending', 'unknown', 'replied') THEN :at ELSE settled_at END,
        state = CASE WHEN state IN ('queued', 'sending', 'unknown', 'replied') THEN 'cancelled' ELSE state END
    WHERE contact_id = :contact"""
# A restored backup would bring them back, and only this knows that they had gone (`storage.ledger`).
_REMEMBER = """
    INSERT INTO erasure (address_hmac, channel, at)
    SELECT address_hmac, channel, CAST(:at AS BIGINT) FROM contact WHERE id = :contact
    UNION SELECT a.address_hmac, c.channel, CAST(:at AS BIGINT)
    FROM contact_alias a JOIN contact c ON c.id = a.contact_id
    WHERE a.contact_id = :contact"""
_RESPONDENTS = """
    DELETE FROM respondent WHERE id IN (SELECT :respondents*text)
        AND NOT EXISTS (SELECT 1 FROM response WHERE respondent_id = respondent.id)
        AND NOT EXISTS (SELECT 1 FROM conversation WHERE respondent_id = respondent.id)"""


def erase_contact(contact_id: str, at: int) -> Script[None]:
    """Erase one contact: its answers, responses, conversations, respondents, every word it wrote and every word to it.

    Messages that are waiting to go out are cancelled. Opt-in and opt-out entries stay: they hold an HMAC, no address.
    So does, for a while, an entry that says it was erased.
    """
    contact = {"contact": contact_id}
    yield Fetch("SELECT id FROM contact WHERE id = :contact FOR UPDATE", contact)
    has = (yield Fetch(_HAS, contact)).rows
    yield Run(_RECEIPTS, contact)
    yield Run(_EARLY_RECEIPTS, contact)
    yield Run(_INBOUND, contact)
    yield Run(_OUTBOX, contact | {"at": at})
    yield Run(_REMEMBER, contact | {"at": at})
    yield Run("DELETE FROM contact WHERE id = :contact", contact)  # and, by cascade, its conversations and aliases
    yield Run(  # and, by cascade, their answers
        "DELETE FROM response WHERE id IN (SELECT :responses*text)", {"responses": [row[0] for row in has]}
    )
    yield Run(_RESPONDENTS, {"respondents": sorted({row[1] for row in has})})
