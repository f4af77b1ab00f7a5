"""Live totals: how many began and completed, by channel, language, place and day, and where people went no further.

Of one campaign or of a whole survey. Sums alone are read here, never a word or an address. What people say of
themselves, and their languages as a page shows them, count up to the end of yesterday: else who looks before and after
one answer would know it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from bot.analysis.columns import read_published
from bot.analysis.hiding import hide_small
from bot.analysis.reconciliation import COUNTED_SQL
from bot.analysis.rows import CODE_SQL, Selection
from bot.core.expressions import references
from bot.core.survey import Question, QuestionType, Role
from bot.core.window import LONDON, london_day, moment
from storage.answers import given
from storage.script import Fetch, Script

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Total:
    """Responses of one kind: how many were begun, and how many of these are complete."""

    name: str
    started: int
    completed: int


@dataclass(frozen=True, slots=True)
class Reached:
    """One question: its answers by how they ended, and how many answered it (in any way) last and went no further."""

    name: str
    answered: int
    skipped: int
    refused: int
    unparsed: int
    left: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The answers to one about-you question by code, small counts hidden (None)."""

    question: Question
    counts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Tally:
    """What has come in. `last_at` is when somebody was last heard (epoch milliseconds UTC), None for never.

    `left_before` began and answered nothing. `by_campaign` has the empty name for those whom no campaign brought.
    `by_language_before` are those who began before today.
    """

    all: Total
    by_channel: Sequence[Total]
    by_language: Sequence[Total]
    by_language_before: Sequence[Total]
    by_campaign: Sequence[Total]
    by_day: Sequence[tuple[date, int]]
    questions: Sequence[Reached]
    left_before: int
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Activity:
    """How one campaign goes. `last_at` is when somebody was last heard, epoch milliseconds UTC."""

    started: int
    completed: int
    last_at: int | None


NOTHING_YET = Activity(0, 0, None)


def activities(include_test: bool) -> Script[dict[str, Activity]]:
    """Give how every campaign goes that brought somebody, by its id."""
    found = yield Fetch(
        f"SELECT r.campaign, {_SUMS}, MAX({_HEARD}) FROM response r"  # noqa: S608 - texts of ours alone
        " WHERE r.campaign <> '' AND (:test OR NOT r.test) GROUP BY r.campaign",
        {"test": include_test},
    )
    return {campaign: Activity(started, completed, last) for campaign, started, completed, last in found.rows}


def tally(survey: str, campaign: str | None, *, include_test: bool, now: int) -> Script[Tally]:
    """Count a survey's responses, or those of one campaign by its id (`now`: epoch milliseconds UTC).

    Raises UnknownSurvey.
    """
    published = yield from read_published(survey)
    which = _Which(Selection(published, now, include_test), campaign)
    channels = yield from _totals(which, "r.channel")
    languages = yield from _totals(which, "r.language")
    languages_before = yield from _totals(which, "r.language", began_before=today_began(now))
    campaigns = yield from _totals(which, "r.campaign")
    heard = yield Fetch(f"SELECT MAX({_HEARD}) FROM response r WHERE {which.where}", which.params)  # noqa: S608 - ours
    by_day = yield from _days(which)
    left = yield from _left(which)
    asked = [each.question for each in published.variables if each.question.is_asked]
    return Tally(
        all=Total("", sum(each.started for each in channels), sum(each.completed for each in channels)),
        by_channel=channels,
        by_language=languages,
        by_language_before=languages_before,
        by_campaign=campaigns,
        by_day=by_day,
        questions=(yield from _reached(which, asked, left)),
        left_before=left.get("", 0),
        last_at=heard.first[0] if heard.first else None,
    )


def breakdowns(survey: str, campaign: str | None, *, include_test: bool, now: int) -> Script[list[Breakdown]]:
    """Count the answers to the about-you questions that have one choice, in choice-list order, small counts hidden.

    As they stood at the end of yesterday; a question that nobody had answered is left out. Raises UnknownSurvey.
    """
    counted = yield from about_you(survey, campaign, include_test=include_test, now=now)
    return [Breakdown(question, hide_small(counts)) for question, counts in counted if any(counts.values())]


def about_you(
    survey: str, campaign: str | None, *, include_test: bool, now: int
) -> Script[list[tuple[Question, dict[str, int]]]]:
    """Count the answers to the about-you questions, nothing hidden: for `hide_small`, never for a page.

    They are counted as they stood at the end of yesterday.
    Those that lean on another about-you answer ("which Asian group?") are left out: two tables tell what one hides.
    """
    published = yield from read_published(survey)
    which = _Which(Selection(published, now, include_test), campaign)
    about = _about_people(each.question for each in published.variables)
    asked = [
        each
        for each in published.variables
        if each.question.name in about
        and each.question.type is QuestionType.SELECT_ONE
        and not _leans_on(each.question, about)
    ]
    found = yield Fetch(
        f"""SELECT a.question, {CODE_SQL}, COUNT(*) FROM answer a JOIN response r ON r.id = a.response_id
 WHERE {which.where} AND a.state = 'answered' AND a.question IN (SELECT :questions*text) AND a.answered_at < :today
 AND NOT EXISTS (SELECT 1 FROM answer n WHERE n.response_id = a.response_id AND n.question = a.question
 AND n.answered_at < :today AND (n.revision, n.item) > (a.revision, a.item)) GROUP BY 1, 2""",  # noqa: S608 - ours
        {**which.params, "questions": [each.question.name for each in asked], "today": today_began(now)},
    )
    counts = {(question, code): number for question, code, number in found.rows}
    return [(each.question, {code: counts.get((each.question.name, code), 0) for code in each.codes}) for each in asked]


_SUMS = "COUNT(*), COUNT(r.completed_at)"
_HEARD = "COALESCE(r.last_inbound_at, r.last_answer_at, r.started_at)"


@dataclass(frozen=True, slots=True)
class _Which:
    """Which responses: of a survey, or of one of its campaigns."""

    selection: Selection
    campaign: str | None

    @property
    def where(self) -> str:
        return self.selection.where() + (" AND r.campaign = :campaign" if self.campaign is not None else "")

    @property
    def params(self) -> dict[str, object]:
        return {**self.selection.params, "campaign": self.campaign}


def _about_people(questions: Iterable[Question]) -> frozenset[str]:
    return frozenset(each.name for each in questions if each.role is Role.DEMOGRAPHIC)


def _leans_on(question: Question, about: frozenset[str]) -> bool:
    """Say whether an about-you answer decides who is asked this, or what they may choose.

    Then its numbers are those of that answer in other words, and would tell what is hidden there.
    """
    return bool(about & (references(question.relevant or "''") | references(question.choice_filter or "''")))


def today_began(now: int) -> int:
    """Say when today began in London, in epoch milliseconds UTC."""
    return int(datetime.combine(london_day(moment(now)), time(), LONDON).timestamp() * 1000)


def _totals(which: _Which, column: str, began_before: int | None = None) -> Script[list[Total]]:
    """Count by a column, the most first."""
    where = which.where if began_before is None else f"{which.where} AND r.started_at < :before"
    found = yield Fetch(
        f"SELECT {column}, {_SUMS} FROM response r WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1",  # noqa: S608 - ours
        {**which.params, "before": began_before},
    )
    return [Total(*row) for row in found.rows]


def _days(which: _Which) -> Script[list[tuple[date, int]]]:
    """Count those who began on each day of London that had any. Both engines divide whole numbers down."""
    found = yield Fetch(
        f"SELECT r.started_at / {HOUR_MS}, COUNT(*) FROM response r WHERE {which.where} GROUP BY 1",  # noqa: S608
        which.params,
    )
    days: dict[date, int] = {}
    for hour, number in found.rows:
        day = london_day(datetime.fromtimestamp(hour * HOUR_MS / 1000, UTC))
        days[day] = days.get(day, 0) + number
    return sorted(days.items())


def _left(which: _Which) -> Script[dict[str, int]]:
    """Count the unfinished by the question they reacted to last; those who reacted to none have an empty name."""
    found = yield Fetch(
        f"""SELECT COALESCE(a.question, ''), COUNT(*) FROM response r
 LEFT JOIN answer a ON a.id = (SELECT MAX(n.id) FROM answer n WHERE n.response_id = r.id AND {given("n")})
 WHERE {which.where} AND r.completed_at IS NULL GROUP BY 1""",  # noqa: S608 - texts of ours alone
        which.params,
    )
    return dict(found.rows)


def _reached(which: _Which, questions: Sequence[Question], left: Mapping[str, int]) -> Script[list[Reached]]:
    """Count how each question ended; one that leans on an about-you answer is left to the question before it."""
    found = yield Fetch(
        f"""SELECT a.question, a.state, COUNT(*) FROM answer a JOIN response r ON r.id = a.response_id
 WHERE {which.where} AND {COUNTED_SQL} GROUP BY 1, 2""",  # noqa: S608 - texts of ours alone
        which.params,
    )
    became = {(question, state): number for question, state, number in found.rows}
    about = _about_people(questions)
    reached: list[Reached] = []
    for each in questions:
        if reached and _leans_on(each, about):
            reached[-1] = replace(reached[-1], left=reached[-1].left + left.get(each.name, 0))
            continue
        answered, skipped, refused, unparsed = (
            became.get((each.name, state), 0) for state in ("answered", "skipped", "refused", "unparsed")
        )
        reached.append(Reached(each.name, answered, skipped, refused, unparsed, left.get(each.name, 0)))
    return reached
