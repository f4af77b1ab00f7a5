"""Remove everything an address ever gave. What stays names nobody: counters, provider ids, and HMACs in the ledgers."""

from typing import Final

from storage.events import MINUTE_MS, EventType, Happened, withdrawing
from storage.script import Fetch, Run, Script

IMPORTED: Final = "import:"
"""What stands before the survey where an entry names an imported response instead of an address."""

# What came from an address; and from pages that its person has joined to it by LINK: those have no address.
HAS = """
    SELECT response_id, respondent_id FROM conversation WHERE contact_id = :contact
    UNION SELECT r.id, r.respondent_id FROM contact c JOIN respondent p ON p.person_id = c.person_id
    JOIN response r ON r.respondent_id = p.id JOIN entry e ON e.response_id = r.id WHERE c.id = :contact"""
_PAGES = """
    UPDATE inbound SET response_id = NULL, filed = 'erased', question = '', text = ''
    WHERE response_id IN (SELECT :responses*text) AND provider = 'web'"""
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
_REMEMBER_IMPORTED = "INSERT INTO erasure (address_hmac, channel, at) VALUES (:response, :channel, :at)"
_RESPONDENTS = """
    DELETE FROM respondent WHERE id IN (SELECT :respondents*text)
        AND NOT EXISTS (SELECT 1 FROM response WHERE respondent_id = respondent.id)
        AND NOT EXISTS (SELECT 1 FROM conversation WHERE respondent_id = respondent.id)"""


def erase_contact(contact_id: str, at: int) -> Script[list[Happened]]:
    """Erase one contact: its answers, responses, conversations, respondents, every word it wrote and every word to it.

    Messages that are waiting to go out are cancelled. Opt-in and opt-out entries stay: they hold an HMAC, no address.
    So does, for a while, an entry that says it was erased. Returns what the caller is to record when all is done.
    """
    contact = {"contact": contact_id}
    yield Fetch("SELECT id FROM contact WHERE id = :contact FOR UPDATE", contact)
    has = (yield Fetch(HAS, contact)).rows
    yield Run(_RECEIPTS, contact)
    yield Run(_EARLY_RECEIPTS, contact)
    yield Run(_INBOUND, contact)
    yield Run(_OUTBOX, contact | {"at": at})
    yield Run(_REMEMBER, contact | {"at": at})
    yield Run("DELETE FROM contact WHERE id = :contact", contact)  # and, by cascade, its conversations and aliases
    responses = [row[0] for row in has]
    yield Run(_PAGES, {"responses": responses})
    happened = yield from withdrawing(responses, at)
    yield Run(  # and, by cascade, their answers
        "DELETE FROM response WHERE id IN (SELECT :responses*text)", {"responses": responses}
    )
    yield Run(_RESPONDENTS, {"respondents": sorted({row[1] for row in has})})
    return happened


def erase_imported(response_id: str, survey: str, at: int) -> Script[list[Happened]]:
    """Erase a response that came in from a file, or keep one out that is not there: a later file does not bring it in.

    For a while an entry says so by the response's id, which is a keyed HMAC. Returns what the caller is to record.
    """
    response = {"response": response_id}
    found = yield Fetch("SELECT respondent_id FROM response WHERE id = :response FOR UPDATE", response)
    yield Run(_REMEMBER_IMPORTED, response | {"channel": f"{IMPORTED}{survey}", "at": at})
    if found.first is None:
        return [Happened(EventType.WITHDRAWN, response_id, at, survey, revision=at // MINUTE_MS + 1)]
    happened = yield from withdrawing([response_id], at)
    yield Run("DELETE FROM response WHERE id = :response", response)  # and, by cascade, answers and `imported`
    yield Run(_RESPONDENTS, {"respondents": [found.first[0]]})
    return happened
