"""How long each class of data is kept, and letting go of what is older. Nothing goes unless it is asked to."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import assert_never

from bot.core.survey import SurveyDefinition
from bot.core.window import closed_by_hand, closed_on, london_day, moment
from storage import surveys
from storage.entries import RESUME_MS
from storage.errors import UnknownKey
from storage.forgetting import forget_contacts
from storage.keys import KeyRing
from storage.retention import Due, Horizon, Id, Kept, clear, count, due, find
from storage.script import Database
from storage.scrubbing import delete_securely, scrub
from storage.staff import note

DAY_MS = 24 * 60 * 60 * 1000
QUIET_DAYS = 7
"""A contact that wrote in the last week stays: a provider may still deliver its message again, or its receipts."""
_FOUND_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How many days each class is kept. A survey closes at its `closes`, or when it is closed by hand.

    `contacts_after_close`: addresses and conversations, once every survey they took part in is closed.
    `silent`: the same, and words too, where a survey never closes: since the last text.
    `voice_notes`: voice notes, since they were fetched; each carries its date, so that a change holds for later ones.
    `words_after_close`: raw texts in and out; those that belong to no survey, since they came.
    `receipts`: delivery reports and the provider's ids. `sessions_after_end`: staff sign-ins, and tries at them.
    `answers_after_close`: responses and their answers; None keeps them until the council decides.
    """

    contacts_after_close: int = 30
    silent: int = 400
    voice_notes: int = 30
    words_after_close: int = 90
    receipts: int = 90
    sessions_after_end: int = 30
    audit: int = 6 * 365 + 2
    answers_after_close: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            days = getattr(self, field.name)
            if days is not None and days < 0:
                raise ValueError(f"{field.name} is {days} days; give 0 or more.")


@dataclass(frozen=True, slots=True)
class RetentionLine:
    """One class: how many went, or would go. `older_than` is epoch milliseconds UTC; None where nothing is dated."""

    kept: Kept
    what: str
    count: int
    older_than: int | None

    def __str__(self) -> str:
        """Write the line for a terminal."""
        if self.older_than is None:
            return f"{self.count:>9,}  {self.what}: kept until the council decides"
        return f"{self.count:>9,}  {self.what}, before {london_day(moment(self.older_than)):%d %B %Y}"


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What went, or in a dry run would go, by class; and what a person has to do beside it."""

    lines: tuple[RetentionLine, ...]
    applied: bool
    advice: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many rows in all."""
        return sum(line.count for line in self.lines)

    def __str__(self) -> str:
        """Write the report for a terminal."""
        head = "Let go:" if self.applied else "Would let go (a dry run: nothing has changed):"
        return "\n".join([head, *map(str, self.lines), *self.advice])


async def retention(
    database: Database, keys: KeyRing, policy: RetentionPolicy, now: int, *, apply: bool, who: str = "retention"
) -> RetentionReport:
    """Count what is older than the policy lets be kept and, with `apply`, let it go. Safe to cut short and run again.

    With `apply` it goes in slices that hold up no writer for long; the audit log gets the counts, under `who`.
    `now` is epoch milliseconds UTC.
    """
    closed = await _closed_surveys(database, now)
    horizon = _horizon(policy, closed, now)
    if apply:
        await keys.reload(database)
        await delete_securely(database)
    lines = []
    for each in due(horizon):
        number = await (_let_go(database, keys, each) if apply else database.read(lambda each=each: count(each)))  # type: ignore[misc]
        lines.append(RetentionLine(each.kept, _WHAT[each.kept], number, _older_than(each.kept, policy, now)))
    report = RetentionReport(tuple(lines), applied=apply)
    if not apply or not report.total:
        return report
    detail = ", ".join(f"{line.kept} {line.count}" for line in lines if line.count)
    await database.run(lambda: note(now, who, "retention", detail))
    return RetentionReport(report.lines, applied=True, advice=await _advice(database))


async def _closed_surveys(database: Database, now: int) -> Mapping[str, int]:
    """Say when each survey that is over closed: at its own date or by hand, whichever was first."""
    closed = {}
    for row in await database.read(surveys.every_version):
        if not row.is_current:
            continue
        at = closed_on(SurveyDefinition.from_json(row.definition), closed_by_hand(row.closed_at))
        if at is not None and at.timestamp() * 1000 <= now:
            closed[row.survey] = int(at.timestamp() * 1000)
    return closed


def _horizon(policy: RetentionPolicy, closed: Mapping[str, int], now: int) -> Horizon:
    def before(days: int) -> int:
        return now - days * DAY_MS

    def over(days: int | None) -> list[str]:
        return [survey for survey, at in closed.items() if days is not None and at <= before(days)]

    return Horizon(
        now=now,
        contacts_closed=over(policy.contacts_after_close),
        contacts_before=before(policy.silent),
        voice_notes_until=now,
        quiet_before=before(QUIET_DAYS),
        words_closed=over(policy.words_after_close),
        words_unattached_before=before(policy.words_after_close),
        words_before=before(policy.silent),
        receipts_before=before(policy.receipts),
        sessions_before=before(policy.sessions_after_end),
        audit_before=before(policy.audit),
        answers_closed=over(policy.answers_after_close),
        links_until=now,
        page_secrets_before=now - RESUME_MS,
    )


_WHAT: Mapping[Kept, str] = {
    Kept.ANSWERS: "responses with their answers, of surveys closed",
    Kept.CONTACTS: "contacts with their conversations, of surveys closed",
    Kept.VOICE_NOTES: "voice notes whose date has passed",
    Kept.WORDS_IN: "texts from residents that lose their words, of surveys closed",
    Kept.WORDS_OUT: "texts to residents that lose their words, of surveys closed",
    Kept.RECEIPTS: "delivery reports received",
    Kept.DELIVERY: "sent texts that lose the provider's id, settled",
    Kept.REPEATS: "texts without a contact that lose the provider's id, received",
    Kept.OPT_INS: "opt-ins that no longer say whose, of surveys closed",
    Kept.OPT_OUTS: "opt-outs taken back that no longer say whose, noted",
    Kept.SESSIONS: "staff sessions and sign-in links that ended",
    Kept.ATTEMPTS: "tries at signing in",
    Kept.AUDIT: "lines of the audit log",
    Kept.FLAGS: "what came of messages that spoke of danger, settled",
    Kept.LINK_CODES: "codes to join addresses that can no longer be used",
    Kept.LINK_TRIES: "wrong codes that no longer count",
    Kept.VOLUNTEER_LINKS: "volunteers' links that ended",
    Kept.PAGE_SECRETS: "answers on pages that nobody can go on with any more, last touched",
}


def _older_than(kept: Kept, policy: RetentionPolicy, now: int) -> int | None:
    days: int | None
    match kept:
        case Kept.ANSWERS:
            days = policy.answers_after_close
        case Kept.CONTACTS | Kept.OPT_INS:
            days = policy.contacts_after_close
        case Kept.VOICE_NOTES | Kept.LINK_CODES | Kept.LINK_TRIES:
            days = 0
        case Kept.WORDS_IN | Kept.WORDS_OUT:
            days = policy.words_after_close
        case Kept.RECEIPTS | Kept.DELIVERY | Kept.REPEATS:
            days = policy.receipts
        case Kept.OPT_OUTS:
            days = policy.silent
        case Kept.SESSIONS | Kept.ATTEMPTS | Kept.VOLUNTEER_LINKS:
            days = policy.sessions_after_end
        case Kept.AUDIT | Kept.FLAGS:
            days = policy.audit
        case Kept.PAGE_SECRETS:
            days = RESUME_MS // DAY_MS
        case _:
            assert_never(kept)
    return None if days is None else now - days * DAY_MS


async def _let_go(database: Database, keys: KeyRing, each: Due) -> int:
    """Let one class go, slice by slice; say how many rows went."""
    gone = 0
    after = each.first
    while found := await database.read(lambda after=after: find(each, after, _FOUND_AT_ONCE)):  # type: ignore[misc]
        for start in range(0, len(found), each.slice):
            gone += await _let_slice_go(database, keys, each, found[start : start + each.slice])
        after = found[-1]
    return gone


async def _let_slice_go(database: Database, keys: KeyRing, each: Due, ids: list[Id]) -> int:
    if each.kept is not Kept.CONTACTS:
        return await database.run(lambda: clear(each, ids))
    try:
        return await database.run(lambda: forget_contacts(each, ids, keys))
    except UnknownKey:  # another process has made new keys meanwhile
        await keys.reload(database)
        return await database.run(lambda: forget_contacts(each, ids, keys))


async def _advice(database: Database) -> tuple[str, ...]:
    backups = "Backups made before today still hold what has gone: remove them when their own time is over."
    if database.is_postgres:
        return ("Run VACUUM (PostgreSQL keeps old row versions until then), and let old WAL archives go.", backups)
    log = "" if await scrub(database) else "The write-ahead log was in use; stop long exports and run this again. "
    return (f"{log}When the server is stopped, VACUUM the SQLite file once, so that no old page is left.", backups)
