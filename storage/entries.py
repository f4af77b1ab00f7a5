"""Responses that are given page by page: who holds one, its state, and what each posted page leaves.

An entry is a response without an address: whoever holds its secret goes on with it, or who entered it for somebody.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from storage.decided import ANSWER, SHOWN, told
from storage.events import record
from storage.script import Fetch, Many, Run, Script
from storage.turns import AnswerRow, ConversationState

RESUME_MS: Final = 7 * 24 * 3600 * 1000
"""How long after the last page somebody can go on, with the browser's secret or by a code."""
TRY_MS: Final = 10 * 60 * 1000
"""How long a wrong code counts."""
TRIES: Final = 100
"""Wrong codes for one survey within that time, from everybody: a guess finds one code in a hundred thousand million."""
BEGUN_A_MINUTE: Final = 600
"""Begun on the web, for one survey: ten a second is more than any poster brings."""

# SQLite has one writer anyway.
_ONE_CODE_AT_A_TIME: Final = Fetch("SELECT pg_advisory_xact_lock(5248334)")
_FIND = """
    SELECT e.id, e.response_id, e.survey, e.version, e.state, e.entered_by, r.source, r.channel, r.respondent_id,
        e.updated_at
    FROM entry e JOIN response r ON r.id = e.response_id"""
_RESPONSE = """
    INSERT INTO response (id, respondent_id, survey, version, source, channel, campaign, started_at, assisted, test)
    VALUES (:response_id, :respondent_id, :survey, :version, :source, :channel, :campaign, :at, :assisted, :test)"""
_ENTRY = """
    INSERT INTO entry (id, response_id, secret_hash, survey, version, state, entered_by, made_at, updated_at)
    VALUES (:id, :response_id, :secret_hash, :survey, :version, :state, :entered_by, :at, :at)
    ON CONFLICT (secret_hash) DO NOTHING"""


class EntryRow(Struct, frozen=True, gc=False):
    """One entry as it stands. `state` is the core's, as JSON text; `entered_by` is empty for a resident's own.

    `updated_at` is when its last page came (epoch milliseconds UTC).
    """

    id: str
    response_id: str
    survey: str
    version: str
    state: str
    entered_by: str
    source: str
    channel: str
    respondent_id: str
    updated_at: int


class NewEntry(Struct, frozen=True, gc=False):
    """An entry that begins, with its response. `secret_hash` is the SHA-256 of what its holder keeps."""

    id: str
    response_id: str
    respondent_id: str
    secret_hash: str
    survey: str
    version: str
    state: str
    entered_by: str
    source: str
    channel: str
    campaign: str
    at: int
    assisted: bool
    test: bool

    @property
    def row(self) -> EntryRow:
        """How it stands once it has begun."""
        same = {name: getattr(self, name) for name in EntryRow.__struct_fields__ if name != "updated_at"}
        return EntryRow(**same, updated_at=self.at)


class Holder(Struct, frozen=True, gc=False):
    """Whose entry is meant: a browser's by the hash of its secret, or one that `entered_by` is filling in, by its id.

    `since` is when its last page must have come at the earliest (epoch milliseconds UTC).
    """

    survey: str = ""
    secret_hash: str = ""
    id: str = ""
    entered_by: str = ""
    since: int = 0


def find(holder: Holder, *, and_hold: bool = False) -> Script[EntryRow | None]:
    """Find an entry; `and_hold` lets no other page of it through before this transaction ends."""
    found = yield Fetch(
        f"""{_FIND} WHERE (e.id = :id OR (:id = '' AND e.secret_hash = :secret_hash AND e.survey = :survey))
            AND e.entered_by = :entered_by AND e.updated_at >= :since{" FOR UPDATE OF e" if and_hold else ""}""",
        asdict(holder),
    )
    return EntryRow(*found.first) if found.first else None


def begin(new: NewEntry) -> Script[bool]:
    """Begin an entry, its response and its respondent; False, and nothing changed, where its secret has one already."""
    fields = asdict(new)
    yield Run("INSERT INTO respondent (id, made_at) VALUES (:respondent_id, :at)", fields)
    yield Run(_RESPONSE, fields)
    begun = yield Run(_ENTRY, fields)
    if begun.count == 1:
        return True
    yield Run("DELETE FROM response WHERE id = :response_id", fields)
    yield Run("DELETE FROM respondent WHERE id = :respondent_id", fields)
    return False


def may_begin(survey: str, at: int) -> Script[bool]:
    """Say whether another may begin on the web: whoever presses Start without end would fill the database."""
    begun = yield Fetch(
        "SELECT COUNT(*) FROM response WHERE survey = :survey AND started_at > :since AND source = 'web'",
        {"survey": survey, "since": at - 60_000},
    )
    return begun.first is None or begun.first[0] < BEGUN_A_MINUTE


def write(
    state: ConversationState, answers: Iterable[AnswerRow], at: int, inbound_id: str | None = None
) -> Script[None]:
    """Write what one page left. `state.conversation_id` is the entry's id; `inbound_id` its words, if flagged."""
    yield Run(
        "UPDATE entry SET state = :state, updated_at = :at WHERE id = :conversation_id", asdict(state) | {"at": at}
    )
    yield Run(SHOWN, asdict(state) | {"at": at})
    rows: list[dict[str, Any]] = [asdict(answer) | {"inbound_id": inbound_id} for answer in answers]
    if rows:
        yield Many(ANSWER, rows)
    yield from record(told(state, at), raises=False)


def words(response_id: str, questions: Sequence[str]) -> Script[dict[str, str]]:
    """Read the newest words of these questions, where they are answered."""
    if not questions:
        return {}
    found = yield Fetch(
        """SELECT question, state, said FROM answer
           WHERE response_id = :response AND question IN (SELECT :questions*text) ORDER BY revision""",
        {"response": response_id, "questions": list(questions)},
    )
    newest = {question: (state, said) for question, state, said in found.rows}
    return {question: said or "" for question, (state, said) in newest.items() if state == "answered"}


def give_code(entry_id: str, code_hmac: str, at: int) -> Script[None]:
    """Keep a new code by which this entry can be gone on with, in place of the one before."""
    yield Run(
        "UPDATE entry SET resume_hmac = :hmac, updated_at = :at WHERE id = :id",
        {"hmac": code_hmac, "at": at, "id": entry_id},
    )


def has_code(holder: Holder, code_hmacs: Sequence[str]) -> Script[bool]:
    """Say whether a code was given out for the holder's entry, and not used yet."""
    entry = yield from find(holder)
    if entry is None:
        return False
    found = yield Fetch(
        "SELECT 1 FROM entry WHERE id = :id AND resume_hmac IN (SELECT :hmacs*text)",
        {"id": entry.id, "hmacs": list(code_hmacs)},
    )
    return found.first is not None


def take_over(survey: str, code_hmacs: Sequence[str], secret_hash: str, since: int) -> Script[bool]:
    """Hand the entry that a code leads to over to another browser, and use the code up; False where it leads nowhere.

    The browser before has it no longer: one entry is in one hand. `secret_hash` is of a secret that belongs to this
    code and page alone: where it has its entry already, the page came twice.
    """
    other = Holder(survey, secret_hash, since=since)
    if (yield from find(other)) is not None:
        return True
    moved = yield Run(
        """UPDATE entry SET secret_hash = :secret_hash, resume_hmac = NULL
           WHERE resume_hmac IN (SELECT :hmacs*text) AND survey = :survey AND entered_by = ''
               AND updated_at >= :since""",
        {"secret_hash": secret_hash, "survey": survey, "since": since, "hmacs": list(code_hmacs)},
    )
    return moved.count == 1 or (yield from find(other)) is not None  # it came twice at once


def may_try(whose: str, at: int) -> Script[bool]:
    """Say whether another code may be looked at: `whose` is the HMAC under which wrong ones are counted.

    Nobody else's is looked at until this transaction ends: of many at once no more than TRIES are wrong.
    """
    yield _ONE_CODE_AT_A_TIME
    yield Run("DELETE FROM link_try WHERE expires_at <= :now", {"now": at})
    tried = yield Fetch("SELECT COUNT(*) FROM link_try WHERE address_hmac = :whose", {"whose": whose})
    return tried.first is None or tried.first[0] < TRIES


def count_try(whose: str, at: int) -> Script[None]:
    """Count a wrong code."""
    yield Run(
        "INSERT INTO link_try (address_hmac, expires_at) VALUES (:whose, :until)",
        {"whose": whose, "until": at + TRY_MS},
    )
